//! Twilio voice status callbacks (forms) and signed JSON notices.
//!
//! Authenticity: `X-Twilio-Signature` = base64(HMAC-SHA1(auth token, URL + sorted name and value of every form field)),
//! over the URL with and without its port, since Twilio is not consistent there. A JSON body is covered by the query
//! parameter `bodySHA256`, which is part of the signed URL. Twilio signs no timestamp, so there is no replay window.
//!
//! Legs: `<Dial>` makes child legs with a `ParentCallSid`; they are legs of the parent's call (contract §3). A child
//! says who was rung and who answered. A child that was *not* answered ends nothing: the caller may be ringing at the
//! next agent already. Only the parent's end, or the end of an answered child, ends the call.

use std::borrow::Cow;

use switchroom_core::{AgentHint, ConnectionId, Direction, EndCause, FactKind};

use super::{
    HookRequest, MediaType, ParseError, Parsed, Refusal,
    fields::{Draft, Fields, endpoint_user, json, number, query_pairs, time},
    signature,
};

pub(super) fn verify(request: &HookRequest<'_>, auth_token: &str) -> Result<(), Refusal> {
    if auth_token.is_empty() {
        return Err(Refusal::NoKey);
    }
    let given = request.headers.get("x-twilio-signature").ok_or(Refusal::MissingSignature)?;
    let query = query_pairs(request.url);
    let body_hash =
        query.iter().find(|(name, _)| name == "bodySHA256").map(|(_, value)| value.to_ascii_lowercase());
    // Where the media type is not known (a recorded request), the hash in the URL tells a body that is not fields.
    let is_form = match request.media_type() {
        MediaType::Form => true,
        MediaType::Json => false,
        MediaType::Other => body_hash.is_none(),
    };
    let form = if is_form { request.body } else { b"" };
    // What cannot be decoded cannot have been signed.
    let fields = Fields::from_form(form).map_err(|_| Refusal::BadSignature)?;
    let mut signed_fields = String::new();
    for (name, values) in fields.pairs() {
        let mut values: Vec<&str> = values.iter().map(Cow::as_ref).collect();
        values.sort_unstable();
        values.dedup();
        for value in values {
            signed_fields.push_str(name);
            signed_fields.push_str(value);
        }
    }
    let mut authentic = false;
    for url in with_and_without_port(request.url) {
        let expected =
            signature::hmac_sha1(auth_token.as_bytes(), &[url.as_bytes(), signed_fields.as_bytes()]);
        authentic |= signature::is_base64_of(&expected, given);
    }
    if !authentic {
        return Err(Refusal::BadSignature);
    }
    if !is_form {
        let actual = signature::sha256_hex(request.body);
        let stated = body_hash.ok_or(Refusal::MissingSignature)?;
        if !signature::equal(actual.as_bytes(), stated.as_bytes()) {
            return Err(Refusal::BodyMismatch);
        }
    }
    Ok(())
}

/// The URL as it is, with the scheme's default port written out, and without any port.
fn with_and_without_port(url: &str) -> [Cow<'_, str>; 3] {
    let as_is = Cow::Borrowed(url);
    let Some((scheme, rest)) = url.split_once("://") else { return [as_is.clone(), as_is.clone(), as_is] };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let (userinfo, host) = match authority.rfind('@') {
        Some(at) => authority.split_at(at + 1),
        None => ("", authority),
    };
    // The colons of an IPv6 address are inside its brackets.
    let port_at = host.rfind(':').filter(|&at| host[at + 1..].bytes().all(|b| b.is_ascii_digit()));
    match port_at {
        Some(at) => {
            let bare = Cow::Owned(format!("{scheme}://{userinfo}{}{tail}", &host[..at]));
            [as_is.clone(), as_is, bare]
        }
        None => {
            let port = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
            let with = Cow::Owned(format!("{scheme}://{userinfo}{host}:{port}{tail}"));
            [as_is.clone(), with, as_is]
        }
    }
}

pub(super) fn parse(request: &HookRequest<'_>, connection: ConnectionId) -> Result<Parsed, ParseError> {
    if request.media_type() == MediaType::Json {
        // Event Streams and debugger notices: signed, and not about a call's course.
        json(request.body)?;
        return Ok(Parsed::ignored());
    }
    let fields = Fields::from_form(request.body)?;
    let (Some(call_sid), Some(status)) = (fields.text("CallSid"), fields.text("CallStatus")) else {
        // TaskRouter, recording and conference callbacks carry other fields; every one names its account.
        return match fields.text("AccountSid").or_else(|| fields.text("EventType")) {
            Some(_) => Ok(Parsed::ignored()),
            None => Err(ParseError::Missing("CallSid or CallStatus")),
        };
    };
    let status = status.to_ascii_lowercase();
    let parent = fields.text("ParentCallSid");
    let machine = fields.text("AnsweredBy").is_some_and(|by| by.starts_with("machine") || by == "fax");
    let kind = match status.as_str() {
        "queued" | "initiated" | "ringing" => FactKind::Ringing,
        "in-progress" | "answered" => FactKind::Answered,
        "completed" if machine => FactKind::Ended(EndCause::Voicemail),
        "completed" => FactKind::Ended(EndCause::Completed),
        "busy" => FactKind::Ended(EndCause::Busy),
        "no-answer" => FactKind::Ended(EndCause::NoAnswer),
        "canceled" | "cancelled" => FactKind::Ended(EndCause::CallerGaveUp),
        "failed" => FactKind::Ended(EndCause::Failed),
        _ => return Ok(Parsed::ignored()),
    };
    if parent.is_some() && matches!(kind, FactKind::Ended(cause) if cause != EndCause::Completed) {
        return Ok(Parsed::ignored());
    }
    let mut draft = Draft::new(request, connection, parent.unwrap_or(call_sid), kind);
    draft.word = status;
    draft.leg = call_sid.to_owned();
    draft.sequence = fields.text("SequenceNumber").and_then(|text| text.parse().ok());
    let timestamp = fields.text("Timestamp");
    draft.at = timestamp.and_then(time);
    draft.stamp = fields.text("SequenceNumber").or(timestamp).unwrap_or_default().to_owned();
    draft.queue = fields.text("QueueName").map(str::to_owned);
    let (from, to) = (fields.get("From"), fields.get("To"));
    draft.direction = match fields.text("Direction").map(str::to_ascii_lowercase).as_deref() {
        // A child leg is `outbound-dial` whatever the direction of the call it belongs to.
        _ if parent.is_some() => None,
        Some("inbound" | "trunking-originating") => Some(Direction::Inbound),
        Some(word) if word.starts_with("outbound") || word == "trunking-terminating" => {
            Some(Direction::Outbound)
        }
        _ => None,
    };
    draft.from = from.map(number);
    // A child's target is a person or a hunt number, never the line that was dialled.
    draft.to = to.filter(|_| parent.is_none()).map(number);
    let mut target = to.and_then(endpoint_user);
    if target.is_none() && draft.direction == Some(Direction::Outbound) {
        target = from.and_then(endpoint_user);
    }
    draft.agents = target.map(|user| AgentHint::Any(user.to_owned())).into_iter().collect();
    draft.finish().map(Parsed::fact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_come_and_go() {
        for (url, with, without) in [
            ("https://a.example/x?y=1", "https://a.example:443/x?y=1", "https://a.example/x?y=1"),
            ("http://a.example/x", "http://a.example:80/x", "http://a.example/x"),
            ("http://a.example:8080/x", "http://a.example:8080/x", "http://a.example/x"),
            ("https://u:p@a.example/x", "https://u:p@a.example:443/x", "https://u:p@a.example/x"),
            ("https://[2001:db8::1]/x", "https://[2001:db8::1]:443/x", "https://[2001:db8::1]/x"),
            ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x", "https://[2001:db8::1]/x"),
            ("nonsense", "nonsense", "nonsense"),
        ] {
            let forms = with_and_without_port(url);
            assert!(forms.iter().any(|form| form == with), "{url}: {forms:?}");
            assert!(forms.iter().any(|form| form == without), "{url}: {forms:?}");
        }
    }
}
