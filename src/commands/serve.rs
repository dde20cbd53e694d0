//! `switchroom serve`.

use super::Failure;
use crate::config::Config;
use crate::database::Opened;

pub async fn run(config: Config) -> Result<(), Failure> {
    if config.redis_url.is_some() {
        return Err(Failure::Usage(
            "redis-url: this version runs on one node only; leave it unset".to_owned(),
        ));
    }
    let opened = Opened::for_serving(&config).await?;
    tokio::signal::ctrl_c().await.map_err(anyhow::Error::from)?;
    opened.close().await;
    Ok(())
}
