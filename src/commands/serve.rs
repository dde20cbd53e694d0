//! `switchroom serve`.

use super::Failure;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::postgres;

pub async fn run(config: Config) -> Result<(), Failure> {
    if config.redis_url.is_some() {
        return Err(Failure::Usage(
            "redis-url: this version runs on one node only; leave it unset".to_owned(),
        ));
    }
    let data = DataDir::lock(&config.data_dir, "serve")?;
    let server = postgres::start(&data)?;
    tracing::info!(socket = ?server.socket(), "postgres");
    tokio::signal::ctrl_c().await.map_err(anyhow::Error::from)?;
    server.stop();
    Ok(())
}
