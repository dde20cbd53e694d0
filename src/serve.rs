//! `switchroom serve`: puts the rooms together, says when it is ready, and takes everything apart again in order.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use switchroom_api::{ApiConfig, AppState, RateLimits};
use switchroom_engine::{NoSink, Sealer};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::commands::Failure;
use crate::config::{self, Config, Demo};
use crate::database::Opened;
use crate::secrets::Secrets;
use crate::{console, demo, http};

/// How long requests that run may take to finish when the server stops.
const DRAIN: Duration = Duration::from_millis(2500);

/// Runs the command.
pub async fn run(config: Config) -> Result<(), Failure> {
    if config.redis_url.is_some() {
        return Err(Failure::Usage(
            "redis-url: this version runs on one node only; leave it unset".to_owned(),
        ));
    }
    // First of all, so that a signal during a long start is not the end of the process with Postgres left running.
    let stop = stop_signal()?;
    // Before Postgres: the commonest mistake shall be known at once.
    let listener = TcpListener::bind(config.http)
        .await
        .with_context(|| format!("cannot listen on {} for HTTP", config.http))?;
    let address = config::reachable(listener.local_addr().context("cannot tell the address of HTTP")?);
    let opened = Opened::for_serving(&config).await?;
    let served = serve(&config, &opened, listener, address, stop).await;
    opened.close().await;
    served
}

async fn serve(
    config: &Config,
    opened: &Opened,
    listener: TcpListener,
    address: SocketAddr,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let data = opened.data().context("the data directory is not locked")?.path().to_owned();
    let metrics = switchroom_api::metrics::install().context("cannot collect metrics")?;
    let sealer = Arc::new(sealer(&data)?);
    let public_url = config.public_url_at(address);
    let api = ApiConfig {
        public_url: public_url.clone(),
        rate_limits: rate_limits(config),
        quarantine: config.quarantine_s,
        asyncapi: serde_json::json!({"asyncapi":"x"}),
    };
    let state =
        AppState::new(opened.db.clone(), None, Arc::new(NoSink), sealer.clone(), api, metrics.clone())
            .context("cannot start the API")?;
    let demo = match config.demo {
        Demo::Off => None,
        Demo::Quiet | Demo::Play => Some(
            demo::make(&opened.db, &data, config.demo_agents, &sealer, &state.passwords)
                .await
                .context("cannot make the demo")?,
        ),
    };
    tokio::spawn(switchroom_api::metrics::upkeep_forever(metrics));
    tokio::spawn(switchroom_api::prune_forever(opened.db.clone()));

    let router = switchroom_api::router(state, Router::new().fallback(console::serve));
    let http = tokio::spawn(http::serve(listener, router, stop.clone(), DRAIN));

    if let Some(demo) = &demo {
        demo.write(&data, &public_url)?;
    }
    if !stop.is_cancelled() {
        announce(address)?;
    }
    http.await.context("the HTTP server panicked")?;
    Ok(())
}

/// The one line on standard output.
fn announce(http: SocketAddr) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "ready http=http://{http} sip=off")
        .and_then(|()| stdout.flush())
        .context("cannot write the ready line")?;
    Ok(())
}

fn sealer(data: &std::path::Path) -> Result<Sealer, Failure> {
    let secrets = Secrets::open(data).map_err(anyhow::Error::from)?;
    let keys = secrets.keys.into_iter().map(|(name, key)| (name, key.to_vec()));
    Ok(Sealer::from_keys(secrets.current, keys).context("cannot use the keys in secrets.json")?)
}

fn rate_limits(config: &Config) -> Option<RateLimits> {
    match config.rate_limit {
        config::RateLimit::Off => None,
        config::RateLimit::PerToken { per_second, burst } => {
            Some(RateLimits { per_second, burst, ..RateLimits::default() })
        }
    }
}

/// Cancelled by SIGTERM and SIGINT.
fn stop_signal() -> Result<CancellationToken, Failure> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
            _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
        }
        token.cancel();
    });
    Ok(stop)
}
