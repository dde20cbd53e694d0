//! What the SIP door asks of the engine: whose line was dialled, and to take a fact. Two questions behind a trait, so
//! that the door's tests can make the engine slow, full or broken at will.

use futures::future::BoxFuture;
use switchroom_core::{CallFact, ConnectionId, EndCause, FactKind, TenantId, number_plan::Endpoint};
use switchroom_engine::{Engine, SubmitError, Submitted};

use crate::dispatch;

/// A line of the inventory, as the door needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialledLine {
    pub tenant: TenantId,
    /// The tenant's built-in `sip` connection.
    pub connection: ConnectionId,
    /// E.164.
    pub number: String,
    /// The SIP address of the agent or bot connected to it, if there is one on file.
    pub forward_to: Option<String>,
    /// Its tenant is suspended: no new call is taken.
    pub suspended: bool,
}

pub trait Calls: Send + Sync + 'static {
    /// From memory: E.164 with or without plus, 00…, or national in the region of the tenant that owns it.
    fn line(&self, dialled: &str) -> Option<DialledLine>;

    fn submit(&self, tenant: TenantId, fact: CallFact) -> BoxFuture<'_, Result<Submitted, SubmitError>>;

    /// Calls that came in here and have not ended, with the SIP Call-ID as `provider_call_id`.
    fn open(&self) -> Vec<(TenantId, ConnectionId, String)>;
}

/// Ends the calls that rang when the process before died: their transactions died with it, so nobody else will. They
/// rang and were not answered, hence `missed`.
pub(crate) async fn end_orphans(calls: &dyn Calls, orphans: Vec<(TenantId, ConnectionId, String)>) {
    for (tenant, connection, provider_call_id) in orphans {
        let fact = CallFact {
            connection,
            provider_call_id,
            kind: FactKind::Ended(EndCause::NoAnswer),
            key: "ended\u{1f}orphaned".to_owned(),
            provider_event_id: None,
            at: None,
            sequence: None,
            direction: None,
            from: None,
            to: None,
            agents: Vec::new(),
            queue: None,
            received_at_us: dispatch::now_us(),
        };
        if let Err(error) = calls.submit(tenant, fact).await {
            // The core's own limit on silent calls ends it later.
            tracing::warn!(%tenant, %error, "a call of the process before could not be ended");
        }
    }
}

impl Calls for Engine {
    fn line(&self, dialled: &str) -> Option<DialledLine> {
        let registry = self.registry();
        let line = registry.line_for_dialled(dialled)?;
        let Some(connection) = registry.sip_connection(line.tenant) else {
            tracing::warn!(tenant = %line.tenant, "a call for a tenant without a SIP connection");
            return None;
        };
        let forward_to = line.endpoint.and_then(|endpoint| match endpoint {
            Endpoint::User(user) => {
                let roster = registry.tenant(line.tenant)?.roster();
                roster.member(user).filter(|member| member.active)?.sip_uri.as_deref().map(str::to_owned)
            }
            Endpoint::Bot(bot) => registry.bot_address(bot),
        });
        Some(DialledLine {
            tenant: line.tenant,
            connection: connection.id,
            number: line.number.to_string(),
            forward_to,
            suspended: self.is_suspended(line.tenant),
        })
    }

    fn submit(&self, tenant: TenantId, fact: CallFact) -> BoxFuture<'_, Result<Submitted, SubmitError>> {
        Box::pin(Engine::submit(self, tenant, fact))
    }

    fn open(&self) -> Vec<(TenantId, ConnectionId, String)> {
        let open = self.open_sip_calls();
        open.into_iter().map(|(tenant, call)| (tenant, call.connection_id, call.provider_call_id)).collect()
    }
}
