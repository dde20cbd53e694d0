//! How the server is, for the people who run it.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use axum::extract::State;
use serde::Serialize;
use switchroom_api_base::{reply::Json, state::AppState};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<AppState> {
    uptime();
    OpenApiRouter::new().routes(routes!(system_health))
}

/// One thing that has to work.
#[derive(Serialize, ToSchema)]
struct Check {
    /// `database`, `engine`, `change_feed` or `mail`.
    #[schema(example = "database")]
    name: &'static str,
    /// `ok`, `failing`, or `off` where it was never set up.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Something that may pile up.
#[derive(Serialize, ToSchema)]
struct QueueDepth {
    /// `decisions`: inputs the engine has not decided about; `webhooks`: events that endpoints have not been told of;
    /// `dead_letters`: events that no attempt brought there; `imports`: files being read.
    #[schema(example = "webhooks")]
    name: &'static str,
    #[schema(example = 0)]
    waiting: i64,
    /// How many may wait, where there is a bound.
    most: Option<i64>,
}

/// A figure of `/metrics`, over all of its labels, since the program started.
#[derive(Serialize, ToSchema)]
struct MetricFigure {
    #[schema(example = "switchroom_hook_requests_total")]
    name: &'static str,
    #[schema(example = 1024.0)]
    value: f64,
}

#[derive(Serialize, ToSchema)]
struct DatabaseHealth {
    /// Of Postgres.
    #[schema(example = "15.8")]
    version: String,
    /// How long it took to answer all this.
    #[schema(example = 3.5)]
    latency_ms: f64,
    /// Octets.
    size: i64,
    connections: i64,
    max_connections: i64,
}

#[derive(Serialize, ToSchema)]
struct SystemHealth {
    /// `ok`, or `failing` where a check is.
    #[schema(example = "ok")]
    status: &'static str,
    /// Of Switchroom.
    #[schema(example = "0.1.0")]
    version: &'static str,
    uptime_s: u64,
    checks: Vec<Check>,
    /// Null while it does not answer.
    database: Option<DatabaseHealth>,
    queues: Vec<QueueDepth>,
    figures: Vec<MetricFigure>,
    live_calls: usize,
    tenants: Option<i64>,
    suspended_tenants: Option<i64>,
    /// In the memory that callers are found in.
    contacts: usize,
}

/// What the screen shows of `/metrics`.
const FIGURES: [&str; 8] = [
    "switchroom_sockets",
    "switchroom_frames_sent_total",
    "switchroom_hook_requests_total",
    "switchroom_sip_requests_total",
    "switchroom_http_requests_total",
    "switchroom_webhook_deliveries_total",
    "switchroom_socket_overflows_total",
    "switchroom_feed_changes_total",
];

/// A figure summed over its labels; None where it was never counted.
fn figure(text: &str, name: &str) -> Option<f64> {
    let value = |line: &str| {
        let rest = line.strip_prefix(name)?;
        (rest.starts_with('{') || rest.starts_with(' '))
            .then(|| rest.rsplit(' ').next()?.parse::<f64>().ok())?
    };
    text.lines().filter_map(value).reduce(|sum, value| sum + value)
}

/// How the server is
///
/// Whether what it needs works, what waits, and the main figures of `/metrics`. For platform admins: the figures are of all
/// tenants together.
#[utoipa::path(get, path = "/api/v1/system-health", tag = "operations", operation_id = "get_system_health",
    responses((status = 200, description = "Also where something fails: `status` says so", body = SystemHealth)))]
async fn system_health(State(state): State<AppState>) -> Json<SystemHealth> {
    let began = Instant::now();
    let look = async {
        let mut connection = state.db.platform().acquire().await?;
        switchroom_store::health::look(&mut connection).await
    };
    let database = match tokio::time::timeout(Duration::from_secs(3), look).await {
        Ok(Ok(found)) => Some(found),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database does not say how it is");
            None
        }
        Err(_) => None,
    };
    let latency_ms = began.elapsed().as_secs_f64() * 1000.0;
    let engine = state.engine.as_ref();
    let works = |ok: bool| if ok { "ok" } else { "failing" };
    let checks = vec![
        Check { name: "database", status: works(database.is_some()) },
        Check { name: "engine", status: engine.map_or("off", |engine| works(!engine.is_overtaken())) },
        Check { name: "change_feed", status: engine.map_or("off", |engine| works(engine.is_fed())) },
        Check { name: "mail", status: if state.config.mailer.is_some() { "ok" } else { "off" } },
    ];
    let bounded = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let mut queues = Vec::new();
    if let Some(engine) = engine {
        let (waiting, most) = engine.waiting();
        queues.push(QueueDepth { name: "decisions", waiting: bounded(waiting), most: Some(bounded(most)) });
    }
    if let Some(database) = &database {
        let depths = [
            ("webhooks", database.webhooks_waiting),
            ("dead_letters", database.webhooks_dead),
            ("imports", database.imports_running),
        ];
        queues.extend(depths.map(|(name, waiting)| QueueDepth { name, waiting, most: None }));
    }
    let metrics = state.metrics.render();
    let figures = FIGURES
        .into_iter()
        .filter_map(|name| Some(MetricFigure { name, value: figure(&metrics, name)? }))
        .collect();
    Json(SystemHealth {
        status: works(checks.iter().all(|check| check.status != "failing")),
        version: env!("CARGO_PKG_VERSION"),
        uptime_s: uptime().as_secs(),
        checks,
        queues,
        figures,
        live_calls: engine.map_or(0, switchroom_engine::Engine::live_calls),
        tenants: database.as_ref().map(|database| database.tenants),
        suspended_tenants: database.as_ref().map(|database| database.suspended_tenants),
        contacts: engine.map_or(0, |engine| engine.registry().sizes().contacts),
        database: database.map(|database| DatabaseHealth {
            version: database.version,
            latency_ms,
            size: database.size,
            connections: database.connections,
            max_connections: database.max_connections,
        }),
    })
}

/// Since the routes were first made, which is where the program starts.
fn uptime() -> Duration {
    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
    STARTED.elapsed()
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn figures_are_summed_over_their_labels_and_names_are_whole() {
        let text =
            "# TYPE a_total counter\na_total{x=\"1 2\"} 3\na_total{x=\"2\"} 4\na_total_more 9\nb 1.5\n";
        assert_eq!(figure(text, "a_total"), Some(7.0));
        assert_eq!(figure(text, "b"), Some(1.5));
        assert_eq!(figure(text, "c"), None);
    }
}
