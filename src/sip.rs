//! What the SIP door asks of the engine: whose line was dialled, and to take what happened on it.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use switchroom_bridge::{Calls, DialledLine};
use switchroom_core::TenantId;
use switchroom_core::fact::CallFact;
use switchroom_engine::{Engine, SubmitError, Submitted};

/// The engine as the door sees it.
pub struct SipCalls(pub Engine);

impl Calls for SipCalls {
    fn line(&self, dialled: &str) -> Option<DialledLine> {
        let registry = self.0.registry();
        let line = registry.line_for_dialled(dialled)?;
        let connection = registry.sip_connection(line.tenant)?;
        let forward_to = line.user_id.and_then(|user| {
            let roster = registry.tenant(line.tenant)?.roster();
            roster
                .member(user)
                .filter(|member| member.active)
                .and_then(|member| member.sip_uri.as_deref().map(str::to_owned))
        });
        Some(DialledLine {
            tenant: line.tenant,
            connection: connection.id,
            number: line.number.to_string(),
            forward_to,
        })
    }

    fn submit(&self, tenant: TenantId, fact: CallFact) -> BoxFuture<'_, Result<Submitted, SubmitError>> {
        self.0.submit(tenant, fact).boxed()
    }
}
