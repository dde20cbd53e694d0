//! What every handler can reach.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use metrics_exporter_prometheus::PrometheusHandle;
use switchroom_core::{CallId, TenantId, UserId};
use switchroom_engine::{Engine, FrameSink, Sealer, egress::Guard};
use switchroom_store::Database;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{
    admission::Admission,
    auth::{Passwords, Sessions, Tickets, limits::Limits, oidc::Issuers},
    document::Document,
    mail::Mailer,
    problem::Problem,
    read_log::ReadLog,
};

/// How much may go on beside the answers.
pub const BESIDE: usize = 64;

/// Cheap to clone: handles only.
#[derive(Clone)]
pub struct AppState {
    pub db: Database,
    /// None where only kept nouns are served (tests of them); see [`AppState::engine`].
    pub engine: Option<Engine>,
    /// The gateway's hub: hears of tickets that changed and of sign-ins that ended.
    pub sink: Arc<dyn FrameSink>,
    pub sessions: Arc<Sessions>,
    pub passwords: Arc<Passwords>,
    pub tickets: Arc<Tickets>,
    pub sealer: Arc<Sealer>,
    /// Identity providers of tenants, as far as they were asked.
    pub issuers: Arc<Issuers>,
    pub limits: Arc<Limits>,
    /// Reads of personal data, on their way into the audit log.
    pub reads: Arc<ReadLog>,
    pub admission: Arc<Admission>,
    /// Places for work that goes on after its answer was given; bounded, so that a flood does not pile up.
    pub beside: Arc<Semaphore>,
    pub config: Arc<ApiConfig>,
    pub metrics: PrometheusHandle,
}

impl AppState {
    /// Everything the API keeps for itself is made here; the rest is handed in. Needs a runtime.
    pub fn new(
        db: Database,
        engine: Option<Engine>,
        sink: Arc<dyn FrameSink>,
        sealer: Arc<Sealer>,
        config: ApiConfig,
        metrics: PrometheusHandle,
    ) -> Result<Self, CannotStart> {
        Ok(Self {
            sessions: Arc::new(Sessions::new(db.clone())),
            passwords: Arc::new(Passwords::new()?),
            tickets: Arc::new(Tickets::default()),
            issuers: Arc::new(Issuers::new(config.issuers.clone())?),
            limits: Arc::new(Limits::new(config.rate_limits)),
            reads: Arc::new(ReadLog::start(db.clone())),
            admission: Arc::default(),
            beside: Arc::new(Semaphore::new(BESIDE)),
            config: Arc::new(config),
            db,
            engine,
            sink,
            sealer,
            metrics,
        })
    }

    /// A session or token is over: nobody believes it any more, and its sockets close (4401).
    pub fn sign_in_ended(&self, sign_in: Uuid) {
        self.sessions.forget(sign_in);
        self.tickets.revoke(sign_in);
        self.sink.session_ended(sign_in);
    }

    /// As [`AppState::sign_in_ended`] for several of one person.
    pub fn sign_ins_ended(&self, user: UserId, sign_ins: impl IntoIterator<Item = Uuid>) {
        self.sessions.forget_user(user);
        for sign_in in sign_ins {
            self.tickets.revoke(sign_in);
            self.sink.session_ended(sign_in);
        }
    }

    /// As [`AppState::sign_in_ended`] for all of a tenant.
    pub fn tenant_suspended(&self, tenant: TenantId, sign_ins: impl IntoIterator<Item = Uuid>) {
        self.sessions.forget_tenant(tenant);
        for sign_in in sign_ins {
            self.tickets.revoke(sign_in);
            self.sink.session_ended(sign_in);
        }
    }

    /// The engine, or 503 where none runs.
    pub fn engine(&self) -> Result<&Engine, Problem> {
        self.engine.as_ref().ok_or_else(|| Problem::unavailable(1))
    }

    /// Returns once what was committed before is known to the engine (directory, doors, people), so that a client
    /// finds its own change at once. Call it after every commit of something the engine holds in memory.
    pub async fn refreshed(&self) {
        if let Some(engine) = &self.engine {
            engine.refreshed().await;
        }
    }

    /// Waits until nothing of a live call is waiting to be stored; 503 when that takes more than 5 seconds.
    pub async fn wait_durable(&self, call: CallId) -> Result<(), Problem> {
        let Some(engine) = &self.engine else { return Ok(()) };
        engine.wait_durable(call).await.map_err(|_| {
            Problem::unavailable(1).detail("The call is live and its events are not stored yet. Try again.")
        })
    }

    /// What each person who takes calls is doing; empty where no engine runs.
    pub fn presences(&self, tenant: TenantId) -> BTreeMap<Uuid, String> {
        let agents = self.engine.as_ref().map(|engine| engine.agents(tenant)).unwrap_or_default();
        agents.into_iter().map(|agent| (agent.user_id.0, agent.presence.as_str().to_owned())).collect()
    }
}

/// What the API needs cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CannotStart {
    #[error(transparent)]
    Passwords(#[from] crate::auth::HashFailed),
    #[error("identity providers cannot be asked: {0}")]
    Outbound(#[from] crate::outbound::Outbound),
}

/// What the operator set.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Without a slash at the end: `https://calls.example`. Hook URLs and links start with it; when it is https,
    /// cookies are `__Host-` cookies.
    pub public_url: String,
    /// None = off.
    pub rate_limits: Option<RateLimits>,
    /// How long a released line stays reserved.
    pub quarantine: Duration,
    /// None = no mail: links are shown to the admin who asks for them.
    pub mailer: Option<Mailer>,
    /// Where identity providers may stand.
    pub issuers: Guard,
    /// Where events may be sent.
    pub webhooks: Guard,
    /// The document of the socket protocol, as `ws` generates it.
    pub asyncapi: Document,
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
