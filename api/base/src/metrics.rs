//! The Prometheus recorder: names, help texts and buckets of what dashboards rely on.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// From 5 µs to 10 s: a lookup takes less than one microsecond, a pop tens, an append milliseconds.
const SECONDS: &[f64] = &[
    0.000_000_25,
    0.000_000_5,
    0.000_001,
    0.000_002_5,
    0.000_005,
    0.000_01,
    0.000_025,
    0.000_05,
    0.000_1,
    0.000_25,
    0.000_5,
    0.001,
    0.002_5,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
];

/// Makes the recorder the process's own. Once per process; the handle renders.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = builder()?.install_recorder()?;
    describe();
    Ok(handle)
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)
}

/// A recorder that nobody records to, for tests that run many servers in one process.
#[cfg(feature = "testing")]
pub fn detached() -> PrometheusHandle {
    builder().expect("constant buckets").build_recorder().handle()
}

/// Histograms collect samples until they are drained; this drains them whether or not anybody scrapes.
pub async fn upkeep_forever(handle: PrometheusHandle) {
    let mut interval = tokio::time::interval(std::time::Duration::from_secs(5));
    loop {
        interval.tick().await;
        handle.run_upkeep();
    }
}

fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_counter!("switchroom_hook_requests_total", "Webhook requests by connection, outcome and reason");
    describe_histogram!(
        "switchroom_receive_to_pop_seconds",
        Unit::Seconds,
        "From the receipt of a call event to its frame on the session's queue"
    );
    describe_histogram!("switchroom_lookup_seconds", Unit::Seconds, "Caller context from the index");
    describe_histogram!("switchroom_append_seconds", Unit::Seconds, "One group commit of the log");
    describe_gauge!("switchroom_live_calls", "Calls that have not ended");
    describe_gauge!("switchroom_sockets", "Open WebSockets");
    describe_counter!("switchroom_http_requests_total", "API requests by method, route and status");
    describe_histogram!("switchroom_http_request_seconds", Unit::Seconds, "API requests by route");
}
