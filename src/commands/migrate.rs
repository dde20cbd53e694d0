//! `switchroom migrate`: brings the schema up to date, then exits.

use super::Failure;
use crate::config::Config;
use crate::database::Opened;

/// Runs the command.
pub async fn run(config: &Config) -> Result<(), Failure> {
    let opened = Opened::for_command(config, "migrate").await?;
    // Beside a running server there is nothing to do: it has migrated before it answered.
    opened.close().await;
    eprintln!("the schema is up to date");
    Ok(())
}
