//! What every handler can reach.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use switchroom_engine::seal::Sealer;
use switchroom_store::Database;

use crate::auth::{Passwords, Sessions, Tickets, limits::Limits};

/// Cheap to clone: handles only.
#[derive(Clone)]
pub struct AppState {
    pub db: Database,
    pub sessions: Arc<Sessions>,
    pub passwords: Arc<Passwords>,
    pub tickets: Arc<Tickets>,
    pub sealer: Arc<Sealer>,
    pub limits: Arc<Limits>,
    pub config: Arc<ApiConfig>,
    pub metrics: PrometheusHandle,
}

/// What the operator set.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Without a slash at the end: `https://calls.example`. Hook URLs and links start with it; when it is https,
    /// cookies are `__Host-` cookies.
    pub public_url: String,
    /// None = off.
    pub rate_limits: Option<RateLimits>,
    /// The document of the socket protocol, as `ws` generates it.
    pub asyncapi: serde_json::Value,
}

impl ApiConfig {
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests of one token, sustained.
    pub per_second: u32,
    /// Requests of one token at once.
    pub burst: u32,
    /// Sign-ins from one address.
    pub sign_in_per_minute: u32,
}

impl Default for RateLimits {
    /// Contract §1, `--rate-limit`.
    fn default() -> Self {
        Self { per_second: 200, burst: 1000, sign_in_per_minute: 10 }
    }
}
