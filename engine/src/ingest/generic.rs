//! Our own format (contract §3), signed with the Standard Webhooks headers: anything that can sign and post JSON can
//! feed the engine with it.

use serde_json::Value;
use switchroom_core::{AgentHint, ConnectionId, Direction, EndCause, EndReason, FactKind};

use super::{
    HookRequest, ParseError, Parsed, Refusal,
    fields::{Draft, json, json_text, number, time},
    signature,
};

pub(super) fn verify(request: &HookRequest<'_>, secret: &[u8], tolerance_s: i64) -> Result<(), Refusal> {
    if secret.is_empty() {
        return Err(Refusal::NoKey);
    }
    let header = |name| request.headers.get(name).ok_or(Refusal::MissingSignature);
    let (id, timestamp, signatures) =
        (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
    let signed_at = signature::unix_seconds(timestamp)?;
    let expected =
        signature::hmac_sha256(secret, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", request.body]);
    // Several while a secret is being rotated; versions other than v1 are other algorithms.
    let authentic = signatures
        .split_ascii_whitespace()
        .filter_map(|one| one.strip_prefix("v1,"))
        .any(|one| signature::is_base64_of(&expected, one));
    if !authentic || id.is_empty() {
        return Err(Refusal::BadSignature);
    }
    signature::within_window(signed_at, request.now_s, tolerance_s)
}

pub(super) fn parse(request: &HookRequest<'_>, connection: ConnectionId) -> Result<Parsed, ParseError> {
    let body = json(request.body)?;
    if !body.is_object() {
        return Err(ParseError::Malformed("JSON object"));
    }
    let required = |name: &'static str| json_text(&body, name)?.ok_or(ParseError::Missing(name));
    let kind = match required("type")? {
        "ringing" => FactKind::Ringing,
        "answered" => FactKind::Answered,
        "held" => FactKind::Held,
        "resumed" => FactKind::Resumed,
        "transferred" => FactKind::Transferred,
        "ended" => FactKind::Ended(match json_text(&body, "reason")? {
            None => EndCause::Unstated,
            Some(word) => EndCause::Stated(EndReason::parse(word).ok_or(ParseError::Invalid("reason"))?),
        }),
        _ => return Err(ParseError::Invalid("type")),
    };
    let mut draft = Draft::new(request, connection, required("call_id")?, kind);
    draft.at = Some(time(required("at")?).ok_or(ParseError::Invalid("at"))?);
    draft.from = Some(number(required("from")?));
    draft.to = Some(number(required("to")?));
    draft.direction = match json_text(&body, "direction")? {
        None => None,
        Some("inbound") => Some(Direction::Inbound),
        Some("outbound") => Some(Direction::Outbound),
        Some(_) => return Err(ParseError::Invalid("direction")),
    };
    draft.agents = agents(body.get("agent"))?;
    draft.queue =
        json_text(&body, "queue")?.map(str::trim).filter(|queue| !queue.is_empty()).map(str::to_owned);
    draft.event_id = request.headers.get("webhook-id").map(str::to_owned);
    draft.finish().map(Parsed::fact)
}

/// One object, or a list of them where several agents are rung.
fn agents(value: Option<&Value>) -> Result<Vec<AgentHint>, ParseError> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(agent).collect(),
        Some(one) => agent(one).map(|hint| vec![hint]),
    }
}

fn agent(value: &Value) -> Result<AgentHint, ParseError> {
    const FIELD: ParseError = ParseError::Invalid("agent");
    let object = value.as_object().ok_or(FIELD)?;
    let text = |name: &str| match object.get(name) {
        Some(Value::String(text)) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        // Extensions are digits, and many a script writes them as a number.
        Some(Value::Number(number)) if number.is_u64() => Some(number.to_string()),
        _ => None,
    };
    if let Some(extension) = text("extension") {
        return Ok(AgentHint::Extension(extension));
    }
    if let Some(email) = text("email") {
        return Ok(AgentHint::Email(email));
    }
    if let Some(id) = text("user_id") {
        return id.parse().map(AgentHint::UserId).map_err(|_| FIELD);
    }
    text("name").map(AgentHint::Any).ok_or(FIELD)
}
