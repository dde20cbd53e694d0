//! `switchroom password-link`: a one-time link by which somebody chooses a new password. For servers that send no
//! mail, and for who cannot read theirs.

use anyhow::Context as _;
use chrono::{TimeDelta, Utc};
use switchroom_api::auth::token;
use switchroom_store::{audit, password_links, users};

use super::Failure;
use crate::config::Config;
use crate::database::Opened;
use crate::welcome;

/// How long the link is good.
const LINK_HOURS: i64 = 24;

/// The words of the command.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whose password: their e-mail address
    #[arg(long, value_name = "EMAIL")]
    user: String,
}

/// Runs the command.
pub async fn run(config: &Config, words: Args) -> Result<(), Failure> {
    let opened = Opened::for_command(config, "password-link").await?;
    let result = store(&opened, words.user.trim()).await;
    opened.close().await;
    println!("{}", welcome::link(&config.public_url_at(config.http), &result?));
    Ok(())
}

async fn store(opened: &Opened, email: &str) -> Result<String, Failure> {
    let mut tx = opened.db.platform().begin().await.context("cannot reach the database")?;
    let user = users::by_email(&mut tx, email).await.context("cannot look for the user")?;
    let (user, _) = user.with_context(|| format!("there is no user `{email}`"))?;
    let token = token::generate(token::LINK);
    let until = Utc::now() + TimeDelta::hours(LINK_HOURS);
    password_links::create(&mut tx, &token::hash(&token), user, until)
        .await
        .context("cannot make the link")?;
    let subject = user.to_string();
    let entry =
        audit::Entry { action: "password_link.created", subject: Some(&subject), ..Default::default() };
    audit::record(&mut tx, &entry).await.context("cannot write the audit log")?;
    tx.commit().await.context("cannot make the link")?;
    Ok(token)
}
