//! What the SIP door asks of the engine: whose line was dialled, and to take a fact. Two questions behind a trait, so
//! that the door's tests can make the engine slow, full or broken at will.

use futures::future::BoxFuture;
use switchroom_core::{CallFact, ConnectionId, TenantId};
use switchroom_engine::{Engine, SubmitError, Submitted};

/// A line of the inventory, as the door needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialledLine {
    pub tenant: TenantId,
    /// The tenant's built-in `sip` connection.
    pub connection: ConnectionId,
    /// E.164.
    pub number: String,
    /// The SIP address of the agent connected to it, if there is one on file.
    pub forward_to: Option<String>,
}

pub trait Calls: Send + Sync + 'static {
    /// From memory: E.164 with or without plus, 00…, or national in the region of the tenant that owns it.
    fn line(&self, dialled: &str) -> Option<DialledLine>;

    fn submit(&self, tenant: TenantId, fact: CallFact) -> BoxFuture<'_, Result<Submitted, SubmitError>>;
}

impl Calls for Engine {
    fn line(&self, dialled: &str) -> Option<DialledLine> {
        let registry = self.registry();
        let line = registry.line_for_dialled(dialled)?;
        let Some(connection) = registry.sip_connection(line.tenant) else {
            tracing::warn!(tenant = %line.tenant, "a call for a tenant without a SIP connection");
            return None;
        };
        let forward_to = line.user_id.and_then(|user| {
            let tenant = registry.tenant(line.tenant)?;
            tenant.roster().member(user).filter(|member| member.active)?.sip_uri.as_deref().map(str::to_owned)
        });
        Some(DialledLine {
            tenant: line.tenant,
            connection: connection.id,
            number: line.number.to_string(),
            forward_to,
        })
    }

    fn submit(&self, tenant: TenantId, fact: CallFact) -> BoxFuture<'_, Result<Submitted, SubmitError>> {
        Box::pin(Engine::submit(self, tenant, fact))
    }
}
