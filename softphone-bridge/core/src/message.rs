//! Reading a request just far enough to judge it: start line, header lines with folding and compact names undone, and
//! the checks of RFC 3261 that decide whether it is one unambiguous message (§7, §8.2, §18.3, §20).

use std::borrow::Cow;

use crate::{
    address,
    refuse::Refused,
    via::{self, Via},
};

/// Where a request's bytes ended: a datagram ends by itself, a stream by Content-Length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Datagram,
    Stream,
}

/// The methods that are taken at all. REGISTER, SUBSCRIBE, MESSAGE and the like are not: there is nobody behind this
/// door who could be told who sent them.
const METHODS: [&str; 5] = ["INVITE", "ACK", "CANCEL", "BYE", "OPTIONS"];

/// The headers that matter here, with their compact forms (RFC 3261 §7.3.3).
const KNOWN: [(&str, &str); 17] = [
    ("v", "via"),
    ("f", "from"),
    ("t", "to"),
    ("i", "call-id"),
    ("", "cseq"),
    ("m", "contact"),
    ("l", "content-length"),
    ("c", "content-type"),
    ("e", "content-encoding"),
    ("", "content-disposition"),
    ("", "max-forwards"),
    ("", "require"),
    ("k", "supported"),
    ("", "record-route"),
    ("", "p-asserted-identity"),
    ("", "privacy"),
    ("", "reason"),
];

/// Octets of start line and headers together. The longest request that RFC 4475 calls valid has 3.4 KiB.
pub const HEAD_LIMIT: usize = 16 * 1024;
/// Header fields of one request. Each costs memory in every copy.
pub const HEADERS_LIMIT: usize = 200;
/// Octets of a Call-ID; it is the provider's id of the call in the log.
pub const CALL_ID_LIMIT: usize = 255;
/// Octets of a tag; the caller's is part of the key under which an event is known.
pub const TAG_LIMIT: usize = 255;

/// What is in the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Examined<'a> {
    /// One well-formed request of a method that is taken.
    Request(Message<'a>),
    /// Answer with this, statelessly, if the message can be answered at all; an ACK never is.
    Refuse(Message<'a>, Refused),
    /// A response, a keep-alive, or bytes without even a Via to answer to.
    Ignore,
}

/// A request taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message<'a> {
    pub method: &'a str,
    pub uri: &'a str,
    /// In order, with values unfolded. Names that matter here are in their long form and lower case, others as written.
    pub headers: Vec<(&'a str, Cow<'a, str>)>,
    pub body: &'a [u8],
}

impl Message<'_> {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value.as_ref())
    }

    /// The hop that the message came from. Requests that were found sound have one.
    pub fn hop(&self) -> Option<Via<'_>> {
        via::hops(self.header("via")?)?.into_iter().next()
    }

    /// A request within a dialog, as its To header says.
    pub fn is_within_dialog(&self) -> bool {
        self.header("to").and_then(address::tag).is_some()
    }

    /// The number of the CSeq.
    pub fn sequence(&self) -> Option<u32> {
        self.header("cseq")?.split([' ', '\t']).next()?.parse().ok()
    }

    /// Whether the body, if there is one, is of a kind that is looked at or may be ignored (RFC 3261 §8.2.3).
    pub fn body_is_understood(&self) -> bool {
        let optional = self.header("content-disposition").is_some_and(|value| {
            value.to_ascii_lowercase().split(';').any(|part| {
                part.split_once('=')
                    .is_some_and(|(name, value)| name.trim() == "handling" && value.trim() == "optional")
            })
        });
        let kind = self.header("content-type").unwrap_or("application/sdp");
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let plain =
            self.header("content-encoding").is_none_or(|value| value.eq_ignore_ascii_case("identity"));
        // Carriers wrap the session description together with what other networks said of the call.
        self.body.is_empty()
            || optional
            || (plain && (kind == "application/sdp" || kind.starts_with("multipart/")))
    }

    pub fn is_ack(&self) -> bool {
        self.method == "ACK"
    }
}

/// How long the first message in a stream's buffer is, head and body. None = its head is not complete yet. An error =
/// where the next message starts cannot be known.
pub fn frame_length(buffer: &[u8]) -> Option<Result<usize, Refused>> {
    let Some(head) = find(buffer, b"\r\n\r\n") else {
        return (buffer.len() > HEAD_LIMIT).then_some(Err(Refused::TooLarge));
    };
    if head > HEAD_LIMIT {
        return Some(Err(Refused::TooLarge));
    }
    let Ok(text) = std::str::from_utf8(&buffer[..head]) else {
        return Some(Err(Refused::Malformed("header is not UTF-8")));
    };
    let mut lines = text.split("\r\n");
    lines.next();
    let headers = unfold(lines);
    let mut lengths =
        headers.iter().filter(|(name, _)| *name == "content-length").map(|(_, value)| value.as_ref());
    Some(match (lengths.next().map(length), lengths.next()) {
        // Without it nobody knows where the next message starts (RFC 3261 §18.3).
        (None, _) => Err(Refused::Malformed("Content-Length is missing")),
        (Some(_), Some(_)) => Err(Refused::Malformed("Content-Length came twice")),
        (Some(Err(why)), None) => Err(why),
        (Some(Ok(length)), None) => Ok(head + 4 + length),
    })
}

/// Judges one message. `bytes` is a whole datagram, or one frame of a stream.
pub fn examine(bytes: &[u8], transport: Transport) -> Examined<'_> {
    if bytes.iter().all(u8::is_ascii_whitespace) || bytes.starts_with(b"SIP/") {
        return Examined::Ignore;
    }
    let mut message = Message::default();
    match read(bytes, transport, &mut message) {
        _ if message.header("via").is_none() => Examined::Ignore,
        Ok(()) => Examined::Request(message),
        Err(why) => Examined::Refuse(message, why),
    }
}

fn read<'a>(bytes: &'a [u8], transport: Transport, message: &mut Message<'a>) -> Result<(), Refused> {
    let (head, separator) = match find(bytes, b"\r\n\r\n") {
        Some(at) => (&bytes[..at], true),
        // Still read what is there: the sender is owed an answer.
        None => (bytes, false),
    };
    // Cut off where no sound request goes on, so that whoever sent it may still learn what is wrong.
    let too_large = head.len() > HEAD_LIMIT;
    let head = &head[..head.len().min(HEAD_LIMIT)];
    let text = std::str::from_utf8(head).map_err(|broken| {
        // The lines before the broken one tell whom to answer.
        let sound = std::str::from_utf8(&head[..broken.valid_up_to()]).unwrap_or_default();
        let mut lines = sound.split("\r\n");
        start_line(lines.next().unwrap_or_default(), message);
        message.headers = unfold(lines);
        if too_large { Refused::TooLarge } else { Refused::Malformed("header is not UTF-8") }
    })?;
    let mut lines = text.split("\r\n");
    let start = lines.next().unwrap_or_default();
    let version = start_line(start, message);
    message.headers = unfold(lines);
    if too_large {
        return Err(Refused::TooLarge);
    }
    if !separator {
        return Err(Refused::Malformed("header does not end"));
    }
    message.body = &bytes[head.len() + 4..];

    let version = version.ok_or(Refused::Malformed("start line"))?;
    if version != "SIP/2.0" {
        let digits = version.strip_prefix("SIP/").and_then(|rest| rest.split_once('.'));
        let other = digits.is_some_and(|(major, minor)| is_number(major) && is_number(minor));
        return Err(if other { Refused::Version } else { Refused::Malformed("start line") });
    }
    // Allowed in one place only, behind a backslash in a quoted display name (RFC 4475 §3.1.1.2), which goes nowhere.
    if text.match_indices('\0').any(|(at, _)| !text[..at].ends_with('\\')) {
        return Err(Refused::Malformed("U+0000"));
    }
    if message.headers.len() > HEADERS_LIMIT {
        return Err(Refused::Malformed("too many headers"));
    }
    if message.headers.iter().any(|(name, _)| name.is_empty() || !name.bytes().all(is_token)) {
        return Err(Refused::Malformed("header line"));
    }
    let once = |name, label| {
        let mut values = message.all(name);
        match (values.next(), values.next()) {
            (Some(value), None) if !value.is_empty() => Ok(value),
            (Some(_), Some(_)) => Err(Refused::Malformed(label)),
            _ => Err(Refused::Malformed(label)),
        }
    };
    let call_id = once("call-id", "Call-ID")?;
    let cseq = once("cseq", "CSeq")?;
    let from = once("from", "From")?;
    let to = once("to", "To")?;
    if call_id.len() > CALL_ID_LIMIT || call_id.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Refused::Malformed("Call-ID"));
    }
    let (number, method) = cseq.split_once([' ', '\t']).ok_or(Refused::Malformed("CSeq"))?;
    // RFC 3261 §8.1.1.5: less than 2**31.
    if !is_number(number) || number.parse::<u32>().map_or(true, |number| number >= 1 << 31) {
        return Err(Refused::Malformed("CSeq"));
    }
    if method.trim() != message.method {
        return Err(Refused::Malformed("CSeq names another method"));
    }
    // Without a tag it is a request of before 2002, which must be taken (§12.1.1).
    let tag_is_sound = |value| {
        address::tag(value)
            .is_none_or(|tag| !tag.is_empty() && tag.len() <= TAG_LIMIT && tag.bytes().all(is_token))
    };
    if !address::is_sound(from) || !tag_is_sound(from) {
        return Err(Refused::Malformed("From"));
    }
    if !address::is_sound(to) || !tag_is_sound(to) {
        return Err(Refused::Malformed("To"));
    }
    if !message.all("via").all(|value| via::hops(value).is_some()) {
        return Err(Refused::Malformed("Via"));
    }
    let mut lengths = message.all("content-length");
    match (lengths.next(), lengths.next()) {
        (None, _) if transport == Transport::Stream => {
            return Err(Refused::Malformed("Content-Length is missing"));
        }
        (None, _) => {}
        (Some(_), Some(_)) => return Err(Refused::Malformed("Content-Length came twice")),
        (Some(value), None) => {
            let length = length(value)?;
            if length > message.body.len() {
                return Err(Refused::Malformed("Content-Length is beyond the body"));
            }
            // Octets behind the body of a datagram are discarded (RFC 3261 §18.3).
            let body = message.body;
            drop(lengths);
            message.body = &body[..length];
        }
    }
    let uri = address::request_uri(message.uri);
    if !METHODS.contains(&message.method) {
        // A URI that is none is a malformed request whatever it asks for; a scheme of another method's is not our affair.
        return Err(uri.err().filter(|why| why.status() == 400).unwrap_or(Refused::Method));
    }
    uri?;
    if message.is_ack() {
        return Ok(());
    }
    let mut forwards = message.all("max-forwards");
    match (forwards.next(), forwards.next()) {
        (Some(_), Some(_)) => return Err(Refused::Malformed("Max-Forwards came twice")),
        (Some(hops), None) => {
            let hops =
                Some(hops.trim()).filter(|hops| is_number(hops)).and_then(|hops| hops.parse::<u32>().ok());
            match hops.ok_or(Refused::Malformed("Max-Forwards"))? {
                // An OPTIONS that may go no further is answered where it is (§11).
                0 if message.method != "OPTIONS" => return Err(Refused::TooManyHops),
                _ => {}
            }
        }
        // Senders of before 2002 leave it out.
        (None, _) => {}
    }
    // Nothing is required of us that we could do; CANCEL ignores it (§8.2.2.3).
    if message.method != "CANCEL" {
        let required: Vec<&str> = message
            .all("require")
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|tag| !tag.is_empty())
            .collect();
        if !required.is_empty() {
            return Err(Refused::Extension(required.join(", ")));
        }
    }
    Ok(())
}

/// Fills in method and URI; answers the version, if the line has the three parts.
fn start_line<'a>(line: &'a str, message: &mut Message<'a>) -> Option<&'a str> {
    let mut parts = line.split(' ');
    let (method, uri, version) = (parts.next()?, parts.next(), parts.next());
    if method.bytes().all(is_token) {
        message.method = method;
    }
    message.uri = uri.unwrap_or_default();
    (parts.next().is_none() && !message.method.is_empty() && !message.uri.is_empty())
        .then_some(version)
        .flatten()
}

/// Header lines with continuations joined and known names in their long form.
fn unfold<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(&'a str, Cow<'a, str>)> {
    let mut headers: Vec<(&'a str, Cow<'a, str>)> = Vec::with_capacity(16);
    for line in lines {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                let value = value.to_mut();
                value.push(' ');
                value.push_str(line.trim());
            }
            continue;
        }
        let (name, value) = match line.split_once(':') {
            Some((name, value)) => (name.trim_end_matches([' ', '\t']), value.trim()),
            // Kept nameless, so that the check of names finds it.
            None if line.is_empty() => continue,
            None => ("", line),
        };
        let known = KNOWN.iter().find(|(short, long)| {
            long.eq_ignore_ascii_case(name) || (name.len() == 1 && short.eq_ignore_ascii_case(name))
        });
        let name = known.map_or(name, |(_, long)| *long);
        headers.push((name, Cow::Borrowed(value)));
    }
    headers
}

fn length(value: &str) -> Result<usize, Refused> {
    let wrong = Refused::Malformed("Content-Length");
    if is_number(value.trim()) { value.trim().parse().map_err(|_| wrong) } else { Err(wrong) }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// RFC 3261 §25.1 `token`.
pub(crate) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
