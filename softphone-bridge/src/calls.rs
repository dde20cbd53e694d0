//! What the SIP door asks of the engine: whose line was dialled, and to take a fact. Two questions behind a trait, so
//! that the door's tests can make the engine slow, full or broken at will.

use futures::future::BoxFuture;
use switchroom_core::{CallFact, ConnectionId, TenantId};
use switchroom_engine::{SubmitError, Submitted};

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
