//! The log: standard error only, as text for people or JSON for machines. `RUST_LOG` filters it.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// What is heard when `RUST_LOG` is unset: our own words, and the warnings of libraries.
const DEFAULT_FILTER: &str = "info,sqlx=warn,hyper=warn,tower_http=warn,rsipstack=warn";

/// Starts the log, once per process.
pub fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}
