//! Plivo voice callbacks (forms).
//!
//! Authenticity, V3: `X-Plivo-Signature-V3` (may list several, comma-separated) and `X-Plivo-Signature-V3-Nonce`:
//! base64(HMAC-SHA256(auth token, URL without query + `?` + sorted query [+ `.`] + sorted form names and values + `.` +
//! nonce)). V2 leaves the body unsigned and is not accepted. Plivo signs no timestamp; the nonce makes each signature
//! different, and a replayed event is a repetition.

use std::borrow::Cow;

use switchroom_core::{AgentHint, ConnectionId, Direction, EndCause, FactKind};

use super::{
    HookRequest, ParseError, Parsed, Refusal,
    fields::{Draft, Fields, endpoint_user, number, query_pairs, time, with_plus},
    signature,
};

pub(super) fn verify(request: &HookRequest<'_>, auth_token: &str) -> Result<(), Refusal> {
    if auth_token.is_empty() {
        return Err(Refusal::NoKey);
    }
    let header =
        |name| request.headers.get(name).filter(|value| !value.is_empty()).ok_or(Refusal::MissingSignature);
    let (given, nonce) = (header("x-plivo-signature-v3")?, header("x-plivo-signature-v3-nonce")?);
    let fields = Fields::from_form(request.body).map_err(|_| Refusal::BadSignature)?;
    let message = signed_text(request.url, &fields);
    let expected =
        signature::hmac_sha256(auth_token.as_bytes(), &[message.as_bytes(), b".", nonce.as_bytes()]);
    let mut authentic = false;
    for one in given.split(',') {
        authentic |= signature::is_base64_of(&expected, one);
    }
    if authentic { Ok(()) } else { Err(Refusal::BadSignature) }
}

fn signed_text(url: &str, fields: &Fields<'_>) -> String {
    let base = url.split(['?', '#']).next().unwrap_or_default();
    let mut query = query_pairs(url);
    query.sort();
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let query = query.join("&");
    let mut text = base.to_owned();
    let has_fields = fields.pairs().next().is_some();
    if has_fields || !query.is_empty() {
        text.push('?');
        text.push_str(&query);
    }
    if has_fields && !query.is_empty() {
        text.push('.');
    }
    for (name, values) in fields.pairs() {
        let mut values: Vec<&str> = values.iter().map(Cow::as_ref).collect();
        values.sort_unstable();
        for value in values {
            text.push_str(name);
            text.push_str(value);
        }
    }
    text
}

pub(super) fn parse(request: &HookRequest<'_>, connection: ConnectionId) -> Result<Parsed, ParseError> {
    let fields = Fields::from_form(request.body)?;
    let Some(call) = fields.text("CallUUID") else {
        // Messages and conferences have identifiers of their own.
        let other = fields.pairs().any(|(name, _)| name.ends_with("UUID"));
        return if other { Ok(Parsed::ignored()) } else { Err(ParseError::Missing("CallUUID")) };
    };
    // A `<Dial callbackUrl>` notice is about the B leg: it says which agent picked up, and its end is not the call's.
    if let Some(action) = fields.text("DialAction").or_else(|| fields.text("DialBLegStatus")) {
        let (kind, word) = match action {
            "answer" | "connected" => (FactKind::Answered, "dial-answer"),
            "ringing" => (FactKind::Ringing, "dial-ringing"),
            _ => return Ok(Parsed::ignored()),
        };
        let mut draft = Draft::new(request, connection, call, kind);
        draft.word = word.to_owned();
        draft.leg = fields.text("DialBLegUUID").unwrap_or_default().to_owned();
        draft.agents = agents(fields.text("DialBLegTo"));
        return draft.finish().map(Parsed::fact);
    }
    let Some(status) = fields.text("CallStatus").map(str::to_ascii_lowercase) else {
        return Ok(Parsed::ignored());
    };
    let hangup_cause = fields.text("HangupCause").or_else(|| fields.text("HangupCauseName"));
    let (kind, time_field) = match status.as_str() {
        "queued" | "initiated" | "ringing" | "early-media" => (FactKind::Ringing, "StartTime"),
        "in-progress" | "answered" => (FactKind::Answered, "AnswerTime"),
        "completed" => (FactKind::Ended(end_cause(hangup_cause).unwrap_or(EndCause::Completed)), "EndTime"),
        "busy" => (FactKind::Ended(EndCause::Busy), "EndTime"),
        "timeout" | "no-answer" => (FactKind::Ended(EndCause::NoAnswer), "EndTime"),
        "cancel" | "canceled" | "cancelled" => (FactKind::Ended(EndCause::CallerGaveUp), "EndTime"),
        "rejected" => (FactKind::Ended(EndCause::Rejected), "EndTime"),
        "failed" => (
            FactKind::Ended(match end_cause(hangup_cause) {
                None | Some(EndCause::Completed) => EndCause::Failed,
                Some(cause) => cause,
            }),
            "EndTime",
        ),
        "machine" | "voicemail" => (FactKind::Ended(EndCause::Voicemail), "EndTime"),
        _ => return Ok(Parsed::ignored()),
    };
    let mut draft = Draft::new(request, connection, call, kind);
    // `StartApp`, `Redirect`, … repeat the status of the moment; they are one event as far as the call goes.
    draft.word = match hangup_cause {
        Some(cause) if matches!(kind, FactKind::Ended(_)) => format!("{status}:{cause}"),
        _ => status,
    };
    let stamp = fields.text(time_field).or_else(|| fields.text("Timestamp"));
    draft.at = stamp.and_then(time);
    draft.stamp = stamp.unwrap_or_default().to_owned();
    draft.direction = match fields.text("Direction").map(str::to_ascii_lowercase).as_deref() {
        Some("inbound") => Some(Direction::Inbound),
        Some("outbound") => Some(Direction::Outbound),
        _ => None,
    };
    let (from, to) = (fields.get("From"), fields.get("To"));
    draft.from = from.map(|from| with_plus(&number(from)));
    draft.to = to.map(|to| with_plus(&number(to)));
    draft.agents = agents(to);
    if draft.agents.is_empty() && draft.direction == Some(Direction::Outbound) {
        draft.agents = agents(from);
    }
    draft.finish().map(Parsed::fact)
}

fn agents(target: Option<&str>) -> Vec<AgentHint> {
    target.and_then(endpoint_user).map(|user| AgentHint::Any(user.to_owned())).into_iter().collect()
}

/// Plivo's `HangupCause` (`USER_BUSY`) and its newer `HangupCauseName` (`Busy Line`).
fn end_cause(word: Option<&str>) -> Option<EndCause> {
    let word: String =
        word?.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    Some(match word.as_str() {
        "NORMAL_CLEARING"
        | "NORMAL_HANGUP"
        | "END_OF_XML_INSTRUCTIONS"
        | "API_REQUEST"
        | "SCHEDULED_HANGUP" => EndCause::Completed,
        "ORIGINATOR_CANCEL" | "CANCELLED" | "CANCELED" => EndCause::CallerGaveUp,
        "USER_BUSY" | "BUSY_LINE" | "BUSY" => EndCause::Busy,
        "NO_ANSWER"
        | "NO_USER_RESPONSE"
        | "ALLOTTED_TIMEOUT"
        | "PROGRESS_TIMEOUT"
        | "RING_TIMEOUT_REACHED" => EndCause::NoAnswer,
        "CALL_REJECTED" | "REJECTED" => EndCause::Rejected,
        "MACHINE_DETECTED" | "VOICEMAIL" => EndCause::Voicemail,
        "LOSE_RACE" | "PICKED_OFF" => EndCause::Forwarded,
        "UNALLOCATED_NUMBER"
        | "NO_ROUTE_DESTINATION"
        | "INVALID_NUMBER_FORMAT"
        | "NORMAL_TEMPORARY_FAILURE"
        | "NETWORK_OUT_OF_ORDER"
        | "DESTINATION_OUT_OF_ORDER"
        | "SWITCH_CONGESTION"
        | "RECOVERY_ON_TIMER_EXPIRE"
        | "INVALID_DESTINATION_NUMBER"
        | "DESTINATION_OUT_OF_SERVICE"
        | "NETWORK_CONGESTION" => EndCause::Failed,
        _ => return None,
    })
}
