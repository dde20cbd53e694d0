//! Telnyx Call Control v2 webhooks.
//!
//! Authenticity: Ed25519 over `timestamp|raw body`, in `telnyx-signature-ed25519` (base64) and `telnyx-timestamp`.
//! Telnyx promises neither order nor single delivery; `data.id` names the event and `occurred_at` its moment.
//!
//! Legs share a `call_session_id`, which is the call. A leg towards an agent's SIP endpoint that was not answered ends
//! nothing; see the Twilio module for the same rule.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use serde_json::Value;
use switchroom_core::{AgentHint, ConnectionId, Direction, EndCause, FactKind};

use super::{
    HookRequest, ParseError, Parsed, Refusal,
    fields::{Draft, endpoint_user, json, json_text, number, time},
    signature,
};

pub(super) fn verify(
    request: &HookRequest<'_>,
    public_key: &[u8; 32],
    tolerance_s: i64,
) -> Result<(), Refusal> {
    let header = |name| request.headers.get(name).ok_or(Refusal::MissingSignature);
    let (given, timestamp) = (header("telnyx-signature-ed25519")?, header("telnyx-timestamp")?);
    let signed_at = signature::unix_seconds(timestamp)?;
    let given = signature::BASE64.decode(given).map_err(|_| Refusal::BadSignature)?;
    let mut message = Vec::with_capacity(timestamp.len() + 1 + request.body.len());
    message.extend_from_slice(timestamp.as_bytes());
    message.push(b'|');
    message.extend_from_slice(request.body);
    UnparsedPublicKey::new(&ED25519, public_key)
        .verify(&message, &given)
        .map_err(|_| Refusal::BadSignature)?;
    signature::within_window(signed_at, request.now_s, tolerance_s)
}

pub(super) fn parse(request: &HookRequest<'_>, connection: ConnectionId) -> Result<Parsed, ParseError> {
    let body = json(request.body)?;
    let data = body.get("data").filter(|data| data.is_object()).ok_or(ParseError::Missing("data"))?;
    let event_type = json_text(data, "event_type")?.ok_or(ParseError::Missing("event_type"))?;
    let empty = Value::Null;
    let payload = data.get("payload").unwrap_or(&empty);
    let to_agent = payload.get("to").and_then(Value::as_str).and_then(endpoint_user);
    let outgoing = payload.get("direction").and_then(Value::as_str) == Some("outgoing");
    let agent_leg = outgoing && to_agent.is_some();
    let kind = match event_type {
        "call.initiated" | "call.enqueued" => FactKind::Ringing,
        "call.answered" | "call.bridged" => FactKind::Answered,
        "call.hold" => FactKind::Held,
        "call.unhold" => FactKind::Resumed,
        "call.refer.completed" => FactKind::Transferred,
        "call.hangup" => match end_cause(payload.get("hangup_cause").and_then(Value::as_str)) {
            cause if agent_leg && cause != EndCause::Completed => return Ok(Parsed::ignored()),
            cause => FactKind::Ended(cause),
        },
        _ => return Ok(Parsed::ignored()),
    };
    if !payload.is_object() {
        return Err(ParseError::Missing("payload"));
    }
    let session = json_text(payload, "call_session_id")?.ok_or(ParseError::Missing("call_session_id"))?;
    let mut draft = Draft::new(request, connection, session, kind);
    draft.event_id =
        Some(json_text(data, "id")?.filter(|id| !id.is_empty()).ok_or(ParseError::Missing("id"))?.to_owned());
    draft.word = event_type.to_owned();
    draft.at = match json_text(data, "occurred_at")? {
        Some(text) => Some(time(text).ok_or(ParseError::Invalid("occurred_at"))?),
        None => None,
    };
    draft.direction = match json_text(payload, "direction")? {
        _ if agent_leg => None,
        Some("incoming" | "inbound") => Some(Direction::Inbound),
        Some("outgoing" | "outbound") => Some(Direction::Outbound),
        _ => None,
    };
    let (from, to) = (json_text(payload, "from")?, json_text(payload, "to")?);
    draft.from = from.map(number);
    draft.to = to.filter(|_| !agent_leg).map(number);
    draft.queue = json_text(payload, "queue")?.map(str::to_owned);
    let caller = from.filter(|_| outgoing).and_then(endpoint_user);
    draft.agents = to_agent.or(caller).map(|user| AgentHint::Any(user.to_owned())).into_iter().collect();
    draft.finish().map(Parsed::fact)
}

fn end_cause(word: Option<&str>) -> EndCause {
    match word {
        Some("normal_clearing" | "time_limit") => EndCause::Completed,
        Some("originator_cancel") => EndCause::CallerGaveUp,
        Some("timeout" | "no_answer" | "no_user_response") => EndCause::NoAnswer,
        Some("user_busy" | "busy") => EndCause::Busy,
        Some("call_rejected") => EndCause::Rejected,
        Some("answered_elsewhere" | "lose_race") => EndCause::Forwarded,
        Some(
            "not_found"
            | "unallocated_number"
            | "invalid_number_format"
            | "normal_temporary_failure"
            | "network_out_of_order"
            | "destination_out_of_order"
            | "service_unavailable"
            | "unspecified",
        ) => EndCause::Failed,
        _ => EndCause::Unstated,
    }
}
