//! sipgate.io push API (forms), and [`cti`], the reading it shares with Zammad's generic CTI, which copied its words.
//!
//! Authenticity: HTTPS and, when the connection has them, Basic credentials. sipgate sends follow-ups only if the
//! answer to `newCall` names where to (`onAnswer`, `onHangup`), so that answer is XML with this very URL in it; with
//! Basic configured the URL carries the credentials, or the follow-ups would arrive without them.
//!
//! A `callId` changes when the call is forwarded; `origCallId` stays and is the call.

use base64::Engine as _;
use switchroom_core::{AgentHint, ConnectionId, Direction, EndCause, FactKind};

use super::{
    HookRequest, ParseError, Parsed, Refusal, Reply,
    credentials::Basic,
    fields::{Draft, Fields, number, time, with_plus},
    signature,
};

pub(super) fn verify(request: &HookRequest<'_>, basic: Option<&Basic>) -> Result<(), Refusal> {
    let Some(expected) = basic else { return Ok(()) };
    let authorization = request.headers.get("authorization").ok_or(Refusal::MissingSignature)?;
    let given = match authorization.split_once(' ') {
        Some((scheme, given)) if scheme.eq_ignore_ascii_case("basic") => given.trim(),
        _ => return Err(Refusal::MissingSignature),
    };
    let given = signature::BASE64.decode(given).map_err(|_| Refusal::BadSignature)?;
    let expected = format!("{}:{}", expected.user, expected.password);
    if signature::equal(expected.as_bytes(), &given) { Ok(()) } else { Err(Refusal::BadSignature) }
}

pub(super) fn parse(
    request: &HookRequest<'_>,
    basic: Option<&Basic>,
    connection: ConnectionId,
) -> Result<Parsed, ParseError> {
    let fields = Fields::from_form(request.body)?;
    let mut parsed =
        cti(request, connection, &fields, fields.text("origCallId").or_else(|| fields.text("callId")))?;
    if fields.text("event") == Some("newCall") {
        let url = escape_attribute(&with_userinfo(request.url, basic));
        parsed.reply = Reply::Xml(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response onAnswer=\"{url}\" onHangup=\"{url}\"/>\n"
        ));
    }
    Ok(parsed)
}

/// `event` newCall, answer, hangup, as sipgate and Zammad's protocol both say it.
pub(super) fn cti(
    request: &HookRequest<'_>,
    connection: ConnectionId,
    fields: &Fields<'_>,
    call_id: Option<&str>,
) -> Result<Parsed, ParseError> {
    let event = fields.required("event")?;
    let kind = match event {
        "newCall" => FactKind::Ringing,
        "answer" => FactKind::Answered,
        "hangup" => FactKind::Ended(end_cause(fields.text("cause"))),
        "hold" => FactKind::Held,
        "unhold" | "resume" => FactKind::Resumed,
        "transfer" => FactKind::Transferred,
        // `dtmf` and whatever comes next.
        _ => return Ok(Parsed::ignored()),
    };
    let call_id = call_id.ok_or(ParseError::Missing("callId"))?;
    let (from, to) = (fields.get("from"), fields.get("to"));
    if kind == FactKind::Ringing && (from.is_none() || to.is_none()) {
        return Err(ParseError::Missing(if from.is_none() { "from" } else { "to" }));
    }
    let mut draft = Draft::new(request, connection, call_id, kind);
    // Two hang-ups that differ in their cause are two statements; which of them counts must not depend on which came
    // first, so both have to reach the call.
    draft.word = match fields.text("cause") {
        Some(cause) if event == "hangup" => format!("{event}:{cause}"),
        _ => event.to_owned(),
    };
    // A forwarded call rings again under another callId: another event, not the first one again.
    draft.leg = fields.text("callId").filter(|leg| *leg != call_id).unwrap_or_default().to_owned();
    let stamp = fields.text("timestamp").or_else(|| fields.text("time")).unwrap_or_default();
    draft.at = time(stamp);
    draft.stamp = stamp.to_owned();
    draft.direction = match fields.text("direction") {
        Some("in") => Some(Direction::Inbound),
        Some("out") => Some(Direction::Outbound),
        None => None,
        Some(_) => return Err(ParseError::Invalid("direction")),
    };
    draft.from = from.map(|from| with_plus(&number(from)));
    draft.to = to.map(|to| with_plus(&number(to)));
    draft.queue = fields.text("queue").map(str::to_owned);
    draft.agents = ["fullUserId", "userId", "user", "answeringNumber"]
        .into_iter()
        .flat_map(|name| fields.list(name))
        .map(|name| AgentHint::Any(name.to_owned()))
        .collect();
    draft.finish().map(Parsed::fact)
}

/// Words of sipgate and of Zammad's senders, which spell them in several ways.
fn end_cause(word: Option<&str>) -> EndCause {
    let Some(word) = word else { return EndCause::Unstated };
    let word: String =
        word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    match word.as_str() {
        "normalclearing" | "completed" | "normal" => EndCause::Completed,
        "cancel" | "cancelled" | "canceled" | "originatorcancel" => EndCause::CallerGaveUp,
        "noanswer" | "timeout" | "missed" | "nouserresponse" => EndCause::NoAnswer,
        "busy" | "userbusy" => EndCause::Busy,
        "rejected" | "callrejected" | "declined" | "decline" => EndCause::Rejected,
        "congestion" | "notfound" | "failed" | "unallocatednumber" | "invalidnumber" => EndCause::Failed,
        "voicemail" => EndCause::Voicemail,
        "forwarded" | "answeredelsewhere" | "transferred" => EndCause::Forwarded,
        _ => EndCause::Unstated,
    }
}

fn with_userinfo(url: &str, basic: Option<&Basic>) -> String {
    let (Some(basic), Some((scheme, rest))) = (basic, url.split_once("://")) else { return url.to_owned() };
    let encode = |text: &str| -> String {
        form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
    };
    format!("{scheme}://{}:{}@{rest}", encode(&basic.user), encode(&basic.password))
}

fn escape_attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follow_up_url_carries_the_credentials_and_stays_xml() {
        let basic = Basic { user: "me".into(), password: "p@ss word&".into() };
        let url = with_userinfo("https://pbx.example/hooks/K?a=1&b=2", Some(&basic));
        assert_eq!(url, "https://me:p%40ss%20word%26@pbx.example/hooks/K?a=1&b=2");
        assert_eq!(escape_attribute("a\"b<c>&d"), "a&quot;b&lt;c&gt;&amp;d");
    }
}
