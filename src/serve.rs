//! `switchroom serve`: puts the rooms together, says when it is ready, and takes everything apart again in order.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use switchroom_api::auth::{Passwords, Proxies};
use switchroom_api::{ApiConfig, AppState, Document, Mailer, RateLimits, listener};
use switchroom_bridge::{Bridge, BridgeSettings};
use switchroom_core::tenant as live;
use switchroom_engine::egress::Guard;
use switchroom_engine::webhooks::{Courier, Waking};
use switchroom_engine::{Engine, EngineSettings, Sealer};
use switchroom_ws as ws;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::commands::Failure;
use crate::config::{self, Config, Demo, SipAddress};
use crate::database::Opened;
use crate::gateway::{SignIn, TicketSight};
use crate::secrets::Secrets;
use crate::{console, demo, welcome};

// The whole stop has ten seconds; Postgres needs up to four of them (see `postgres::server`).
/// How long requests that run may take to finish.
const DRAIN: Duration = Duration::from_millis(2500);
/// How long sockets, SIP calls and requests may take to end, together.
const DOORS_CLOSE: Duration = Duration::from_millis(3500);
/// How long the engine may take to write what it has decided, and the API what was read.
const ENGINE_STOPS: Duration = Duration::from_millis(1500);

/// Runs the command.
pub async fn run(config: Config) -> Result<(), Failure> {
    if config.redis_url.is_some() {
        return Err(Failure::Usage(
            "redis-url: this version runs on one node only; leave it unset".to_owned(),
        ));
    }
    let mailer = mailer(&config)?;
    // First of all, so that a signal during a long start is not the end of the process with Postgres left running.
    let stop = stop_signal()?;
    // Before Postgres: the commonest mistake shall be known at once.
    let listener = TcpListener::bind(config.http)
        .await
        .with_context(|| format!("cannot listen on {} for HTTP", config.http))?;
    let address = config::reachable(listener.local_addr().context("cannot tell the address of HTTP")?);
    let opened = Opened::for_serving(&config).await?;
    let served = serve(&config, &opened, listener, address, mailer, stop).await;
    opened.close().await;
    served
}

async fn serve(
    config: &Config,
    opened: &Opened,
    listener: TcpListener,
    address: SocketAddr,
    mailer: Option<Mailer>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let data = opened.data().context("the data directory is not locked")?.path().to_owned();
    let db = opened.db.clone();
    let metrics = switchroom_api::metrics::install().context("cannot collect metrics")?;
    let sealer = Arc::new(sealer(&data)?);
    let passwords = Passwords::new().context("cannot hash passwords")?;
    let public_url = config.public_url_at(address);

    // Before the engine starts, so that it finds everything in its first reading.
    let demo = match config.demo {
        Demo::Off => None,
        Demo::Quiet | Demo::Play => Some(
            demo::make(&db, &data, config.demo_agents, &sealer, &passwords)
                .await
                .context("cannot make the demo")?,
        ),
    };
    if let Some(demo) = &demo {
        demo.write(&data, &public_url)?;
    }

    let sockets = ws::Settings {
        origins: vec![origin(&public_url).to_owned()],
        heartbeat: config.heartbeat_ms,
        ..ws::Settings::default()
    };
    let hub = ws::Hub::new(sockets.commit_notice);
    let wake = Arc::new(Notify::new());
    let sink = Arc::new(Waking::new(hub.clone(), wake.clone()));
    let engine = Engine::start(db.clone(), engine_settings(config), sink, sealer.clone())
        .await
        .context("cannot start the engine")?;
    let api = ApiConfig {
        public_url: public_url.clone(),
        rate_limits: rate_limits(config),
        quarantine: config.quarantine_s,
        mailer,
        issuers: if config.private_issuers { Guard::anywhere() } else { Guard::default() },
        webhooks: guard(config),
        asyncapi: Document::from(&ws::asyncapi()),
    };
    let courier =
        Courier::start(db.clone(), sealer.clone(), guard(config), wake).context("cannot send events out")?;
    let state = AppState::new(db.clone(), Some(engine.clone()), hub.clone(), sealer, api, metrics.clone())
        .context("cannot start the API")?;
    let sign_in = SignIn { db: db.clone(), sessions: state.sessions.clone(), tickets: state.tickets.clone() };
    let gateway = ws::Gateway::start(
        hub,
        Arc::new(engine.clone()),
        Arc::new(sign_in),
        Arc::new(TicketSight(db.clone())),
        sockets,
        stop.clone(),
    );
    let bridge = match config.sip {
        SipAddress::Off => None,
        SipAddress::At(listen) => {
            let mut settings = BridgeSettings::new(listen);
            settings.trust = config.sip_trust.clone();
            settings.ring_timeout = config.ring_timeout_ms;
            let started = Bridge::start(Arc::new(engine.clone()), settings).await;
            Some(started.map_err(anyhow::Error::from)?)
        }
    };
    switchroom_api::housekeeping::at_start(&db).await.context("cannot tidy up after the process before")?;
    tokio::spawn(switchroom_api::metrics::upkeep_forever(metrics));
    tokio::spawn(switchroom_api::housekeeping::run_forever(db.clone(), config.audit_months.0));

    let beside =
        Router::new().merge(gateway.router()).merge(welcome::router(state.clone())).fallback(console::serve);
    let reads = state.reads.clone();
    let hooks = Some(switchroom_api::HookDoor::new(state.clone()));
    let trusted = config.trusted_proxy.clone();
    let proxies = Proxies::trusting(move |address| trusted.includes(address));
    let doors = listener::Doors { router: switchroom_api::router(state, beside), hooks, proxies };
    let http = tokio::spawn(listener::serve(listener, doors, stop.clone(), DRAIN));

    if !stop.is_cancelled() {
        announce(address, bridge.as_ref().map(Bridge::address))?;
        if let (Some(demo), Demo::Play) = (&demo, config.demo) {
            tokio::spawn(demo.player(address)?.play(stop.clone()));
        }
    }
    let overtaken = tokio::select! {
        () = stop.cancelled() => false,
        () = engine.overtaken() => true,
    };
    // Where another process has the log, every socket here waits for news that will not come.
    stop.cancel();

    // What is under way outward is sent again at the next start.
    courier.stop().await;
    // The doors first, then what stands behind them, then the log.
    let doors = async {
        let sip = async {
            if let Some(bridge) = &bridge {
                bridge.stop().await;
            }
        };
        tokio::join!(sip, gateway.drained(), http)
    };
    if tokio::time::timeout(DOORS_CLOSE, doors).await.is_err() {
        tracing::warn!("not everything that was connected could be ended in good order");
    }
    // What was decided, and what was read of people, is stored before the end; side by side, since time is short.
    let engine_stops = async {
        if tokio::time::timeout(ENGINE_STOPS, engine.stop()).await.is_err() {
            tracing::warn!("the last events could not be written; their senders will send them again");
        }
    };
    let reads_written = async {
        if tokio::time::timeout(ENGINE_STOPS, reads.close()).await.is_err() {
            tracing::warn!("the last lines of the audit log of reads could not be written");
        }
    };
    tokio::join!(engine_stops, reads_written);
    if overtaken { Err(Failure::Overtaken) } else { Ok(()) }
}

/// The one line on standard output.
fn announce(http: SocketAddr, sip: Option<SocketAddr>) -> Result<(), Failure> {
    let sip = sip.map_or_else(|| "off".to_owned(), |sip| config::reachable(sip).to_string());
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "ready http=http://{http} sip={sip}")
        .and_then(|()| stdout.flush())
        .context("cannot write the ready line")?;
    Ok(())
}

fn engine_settings(config: &Config) -> EngineSettings {
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    EngineSettings {
        live: live::Settings {
            ring_timeout_ms: ms(config.ring_timeout_ms),
            offer_timeout_ms: ms(config.offer_timeout_ms),
            wrap_up_ms: ms(config.wrap_up_ms),
            socket_grace_ms: ms(config.socket_grace_ms),
            call_stale_ms: ms(config.call_stale_ms),
        },
        webhook_tolerance: config.webhook_tolerance_s,
        ..EngineSettings::default()
    }
}

/// Scheme and host of a URL: what browsers send as Origin.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    url[host..].find('/').map_or(url, |slash| &url[..host + slash])
}

fn sealer(data: &std::path::Path) -> Result<Sealer, Failure> {
    let secrets = Secrets::open(data).map_err(anyhow::Error::from)?;
    let keys = secrets.keys.into_iter().map(|(name, key)| (name, key.to_vec()));
    Ok(Sealer::from_keys(secrets.current, keys).context("cannot use the keys in secrets.json")?)
}

/// Where events may be sent: the internet, and what the operator allows beside it.
fn guard(config: &Config) -> Guard {
    let allowed = config.webhook_allow.clone();
    if allowed == std::iter::empty().collect() {
        return Guard::default();
    }
    Guard::allowing(move |address| allowed.includes(address))
}

/// The way out for mail, where there is one.
fn mailer(config: &Config) -> Result<Option<Mailer>, Failure> {
    match (&config.smtp_url, &config.mail_from) {
        (None, _) => Ok(None),
        (Some(_), None) => {
            Err(Failure::Usage("mail-from: is needed with smtp-url, to say who sends the mail".to_owned()))
        }
        (Some(url), Some(from)) => {
            Ok(Some(Mailer::new(url, from).map_err(|error| Failure::Usage(error.to_string()))?))
        }
    }
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

#[cfg(test)]
mod tests {
    use super::{mailer, origin};
    use crate::config::{Config, Flags};

    #[tokio::test]
    async fn mail_needs_a_server_and_a_sender() {
        let given = |smtp_url: Option<&str>, mail_from: Option<&str>| {
            let flags = Flags {
                smtp_url: smtp_url.map(Into::into),
                mail_from: mail_from.map(Into::into),
                ..Flags::default()
            };
            mailer(&Config::load(&flags).unwrap())
        };
        assert!(given(None, None).unwrap().is_none());
        assert!(given(None, Some("a@b.example")).unwrap().is_none());
        assert!(given(Some("smtp://u:hunter2@mail.example"), Some("a@b.example")).unwrap().is_some());
        for (url, from, named) in [
            ("smtp://u:hunter2@mail.example", None, "mail-from"),
            ("smtp://u:hunter2@mail.example", Some("nobody"), "mail-from"),
            ("http://u:hunter2@mail.example", Some("a@b.example"), "smtp-url"),
        ] {
            let fault = format!("{:?}", given(Some(url), from).unwrap_err());
            assert!(fault.contains(named) && !fault.contains("hunter2"), "{fault}");
        }
    }

    #[test]
    fn an_origin_is_scheme_and_host() {
        for (url, expected) in [
            ("https://calls.example.com", "https://calls.example.com"),
            ("https://calls.example.com:8443/switchroom/x", "https://calls.example.com:8443"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ] {
            assert_eq!(origin(url), expected);
        }
    }
}
