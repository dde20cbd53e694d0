//! The generic CTI protocol of Zammad, which many PBXs can send: form or JSON with `event`, `from`, `to`, `direction`,
//! `callId`, `user`, `queue`, `answeringNumber`, `cause`. The path is the only secret it knows.

use switchroom_core::ConnectionId;

use super::{HookRequest, ParseError, Parsed, Reply, fields::Fields, sipgate};

pub(super) fn parse(request: &HookRequest<'_>, connection: ConnectionId) -> Result<Parsed, ParseError> {
    let fields = Fields::read(request)?;
    let call_id = fields.text("callId").or_else(|| fields.text("call_id"));
    let mut parsed = sipgate::cti(request, connection, &fields, call_id)?;
    // Senders read the answer as JSON and may look for `action` in it.
    parsed.reply = Reply::Json("{}");
    Ok(parsed)
}
