//! Vonage Voice event webhooks.
//!
//! Authenticity: `Authorization: Bearer` with a JWT, HS256 by the account's signature secret; `iat` within the window,
//! `exp` if there is one, and `payload_hash` = hex SHA-256 of the raw body, without which the body would be unsigned.
//!
//! Legs share a `conversation_uuid`, which is the call; `uuid` is the leg. Numbers come without their plus.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;
use switchroom_core::{AgentHint, ConnectionId, Direction, EndCause, FactKind};

use super::{
    HookRequest, ParseError, Parsed, Refusal,
    fields::{Draft, endpoint_user, json, json_text, number, time, with_plus},
    signature,
};

#[derive(Deserialize)]
struct Claims {
    iat: Option<f64>,
    exp: Option<f64>,
    nbf: Option<f64>,
    payload_hash: Option<String>,
    api_key: Option<String>,
}

pub(super) fn verify(
    request: &HookRequest<'_>,
    signature_secret: &str,
    api_key: Option<&str>,
    tolerance_s: i64,
) -> Result<(), Refusal> {
    if signature_secret.is_empty() {
        return Err(Refusal::NoKey);
    }
    let authorization = request.headers.get("authorization").ok_or(Refusal::MissingSignature)?;
    let token = match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => return Err(Refusal::MissingSignature),
    };
    // The times are checked below against the request's own moment; the library would read the clock.
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let key = DecodingKey::from_secret(signature_secret.as_bytes());
    let claims =
        jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(|_| Refusal::BadSignature)?.claims;

    let stated = claims.payload_hash.ok_or(Refusal::MissingSignature)?.to_ascii_lowercase();
    if !signature::equal(signature::sha256_hex(request.body).as_bytes(), stated.as_bytes()) {
        return Err(Refusal::BodyMismatch);
    }
    // Float to integer conversion saturates, which is what a nonsensical time deserves.
    let issued_at = claims.iat.filter(|iat| iat.is_finite()).ok_or(Refusal::BadTimestamp)? as i64;
    signature::within_window(issued_at, request.now_s, tolerance_s)?;
    if claims.exp.is_some_and(|exp| (exp as i64) <= request.now_s) {
        return Err(Refusal::Expired);
    }
    if claims.nbf.is_some_and(|nbf| (nbf as i64) > request.now_s.saturating_add(tolerance_s)) {
        return Err(Refusal::StaleTimestamp);
    }
    match (api_key, claims.api_key) {
        (Some(ours), Some(theirs)) if !signature::equal(ours.as_bytes(), theirs.as_bytes()) => {
            Err(Refusal::WrongAccount)
        }
        (Some(_), None) => Err(Refusal::WrongAccount),
        _ => Ok(()),
    }
}

pub(super) fn parse(request: &HookRequest<'_>, connection: ConnectionId) -> Result<Parsed, ParseError> {
    let body = json(request.body)?;
    if !body.is_object() {
        return Err(ParseError::Malformed("JSON object"));
    }
    let to = json_text(&body, "to")?;
    let from = json_text(&body, "from")?;
    let direction = json_text(&body, "direction")?;
    let outbound = direction == Some("outbound");
    // An outbound leg towards an app user or a SIP endpoint rings an agent within somebody else's call.
    let target = named_endpoint(&body, "to_user", to);
    let agent_leg = outbound && target.is_some();
    let (conversation, kind, word) = if let Some(id) = json_text(&body, "conversation_uuid_from")? {
        (Some(id), FactKind::Transferred, "transfer")
    } else {
        let Some(status) = json_text(&body, "status")? else {
            return answer_request(request, connection, &body);
        };
        let kind = match status {
            "started" | "ringing" => FactKind::Ringing,
            "answered" => FactKind::Answered,
            "completed" => FactKind::Ended(EndCause::Completed),
            "busy" => FactKind::Ended(EndCause::Busy),
            "cancelled" | "canceled" => FactKind::Ended(EndCause::CallerGaveUp),
            "timeout" | "unanswered" => FactKind::Ended(EndCause::NoAnswer),
            "rejected" => FactKind::Ended(EndCause::Rejected),
            "failed" => FactKind::Ended(EndCause::Failed),
            // `machine`, `human`, `record`, `input`, `disconnected`, …: something about the call, not its course.
            _ => return Ok(Parsed::ignored()),
        };
        if agent_leg && matches!(kind, FactKind::Ended(cause) if cause != EndCause::Completed) {
            return Ok(Parsed::ignored());
        }
        (json_text(&body, "conversation_uuid")?, kind, status)
    };
    let conversation = conversation.ok_or(ParseError::Missing("conversation_uuid"))?;
    let mut draft = Draft::new(request, connection, conversation, kind);
    draft.word = word.to_owned();
    draft.leg = json_text(&body, "uuid")?.unwrap_or_default().to_owned();
    if let Some(stamp) = json_text(&body, "timestamp")? {
        draft.at = Some(time(stamp).ok_or(ParseError::Invalid("timestamp"))?);
        draft.stamp = stamp.to_owned();
    }
    draft.direction = match direction {
        _ if agent_leg => None,
        Some("inbound") => Some(Direction::Inbound),
        Some("outbound") => Some(Direction::Outbound),
        _ => None,
    };
    draft.from = from.map(|from| with_plus(&number(from)));
    draft.to = to.filter(|_| !agent_leg).map(|to| with_plus(&number(to)));
    let agent = target.or_else(|| if outbound { named_endpoint(&body, "from_user", from) } else { None });
    draft.agents = agent.map(|user| AgentHint::Any(user.to_owned())).into_iter().collect();
    draft.finish().map(Parsed::fact)
}

/// The request for a call's instructions (`answer_url`) has no status: it says that a call is here.
fn answer_request(
    request: &HookRequest<'_>,
    connection: ConnectionId,
    body: &Value,
) -> Result<Parsed, ParseError> {
    let text = |name| json_text(body, name);
    let (Some(conversation), Some(from), Some(to)) = (text("conversation_uuid")?, text("from")?, text("to")?)
    else {
        // In-app events (`type`) and recordings are no requests for instructions; they name what they are about.
        let known =
            ["conversation_uuid", "type", "recording_uuid"].iter().any(|name| body.get(name).is_some());
        return if known { Ok(Parsed::ignored()) } else { Err(ParseError::Missing("status")) };
    };
    let mut draft = Draft::new(request, connection, conversation, FactKind::Ringing);
    draft.word = "answer_url".to_owned();
    draft.leg = text("uuid")?.unwrap_or_default().to_owned();
    draft.direction = Some(Direction::Inbound);
    draft.from = Some(with_plus(&number(from)));
    draft.to = Some(with_plus(&number(to)));
    draft.finish().map(Parsed::fact)
}

fn named_endpoint<'a>(body: &'a Value, user_field: &'static str, number: Option<&'a str>) -> Option<&'a str> {
    body.get(user_field)
        .and_then(Value::as_str)
        .filter(|user| !user.is_empty())
        .or_else(|| endpoint_user(number?))
}
