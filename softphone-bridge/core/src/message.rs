//! Reading a request just far enough to judge it: start line, header lines with folding and compact names undone, and
//! the checks of RFC 3261 that decide whether it is one unambiguous message (§7, §8.2, §18.3, §20).

use std::borrow::Cow;

use crate::refuse::Refused;

/// Where a request's bytes ended: a datagram ends by itself, a stream by Content-Length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Datagram,
    Stream,
}

/// The methods that are taken at all. REGISTER, SUBSCRIBE, MESSAGE and the like are not: there is nobody behind this
/// door who could be told who sent them.
const METHODS: [&str; 5] = ["INVITE", "ACK", "CANCEL", "BYE", "OPTIONS"];

/// Header names with a compact form (RFC 3261 §7.3.3) that matter here.
const COMPACT: [(&str, &str); 8] = [
    ("v", "via"),
    ("f", "from"),
    ("t", "to"),
    ("i", "call-id"),
    ("m", "contact"),
    ("l", "content-length"),
    ("c", "content-type"),
    ("k", "supported"),
];

/// No request of a telephone is half as long; each header costs memory in every copy.
const HEADERS_LIMIT: usize = 200;

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
    /// Long names in lower case, unfolded values, in order.
    pub headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub body: &'a [u8],
}

impl Message<'_> {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_ref())
    }

    pub fn is_ack(&self) -> bool {
        self.method == "ACK"
    }
}

/// How long the first message in a stream's buffer is, head and body. None = its head is not complete yet.
pub fn frame_length(buffer: &[u8]) -> Option<Result<usize, Refused>> {
    let head = find(buffer, b"\r\n\r\n")?;
    let Ok(text) = std::str::from_utf8(&buffer[..head]) else {
        return Some(Err(Refused::Malformed("header is not UTF-8")));
    };
    let mut lines = text.split("\r\n");
    lines.next();
    let headers = unfold(lines);
    let mut lengths =
        headers.iter().filter(|(name, _)| name == "content-length").map(|(_, value)| value.as_ref());
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
    let text = std::str::from_utf8(head).map_err(|broken| {
        // The lines before the broken one tell whom to answer.
        let sound = std::str::from_utf8(&head[..broken.valid_up_to()]).unwrap_or_default();
        let mut lines = sound.split("\r\n");
        start_line(lines.next().unwrap_or_default(), message);
        message.headers = unfold(lines);
        Refused::Malformed("header is not UTF-8")
    })?;
    let mut lines = text.split("\r\n");
    let start = lines.next().unwrap_or_default();
    let version = start_line(start, message);
    message.headers = unfold(lines);
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
    if text.contains('\0') {
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
    if call_id.len() > 255 || call_id.contains(char::is_whitespace) {
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
    if !address_is_sound(from) || tag(from).is_none_or(str::is_empty) {
        return Err(Refused::Malformed("From"));
    }
    if !address_is_sound(to) {
        return Err(Refused::Malformed("To"));
    }
    if !message.all("via").all(via_is_sound) {
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
    if !METHODS.contains(&message.method) {
        return Err(Refused::Method);
    }
    uri_is_sound(message.uri)?;
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

/// Header lines with continuations joined and names in their long form.
fn unfold<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
    let mut headers: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::with_capacity(16);
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
        let name = name.to_ascii_lowercase();
        let name = COMPACT
            .iter()
            .find(|(short, _)| *short == name)
            .map_or(Cow::Owned(name), |(_, long)| Cow::Borrowed(*long));
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
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// The Request-URI (§8.2.2.1, §19.1.1): a scheme we know, no header part, no brackets.
fn uri_is_sound(uri: &str) -> Result<(), Refused> {
    let (scheme, rest) = uri.split_once(':').ok_or(Refused::Malformed("Request-URI"))?;
    if scheme.is_empty() || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) {
        return Err(Refused::Malformed("Request-URI"));
    }
    let known = ["sip", "sips", "tel"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    if !known {
        return Err(Refused::UriScheme);
    }
    let sound = !rest.is_empty()
        && !rest.contains(['<', '>', '"', '?'])
        && rest.bytes().all(|b| b > b' ' && b != 0x7f);
    if sound { Ok(()) } else { Err(Refused::Malformed("Request-URI")) }
}

/// `name-addr` or `addr-spec` with parameters: quotes and brackets close, and there is a URI.
fn address_is_sound(value: &str) -> bool {
    let Some(rest) = after_display_name(value) else { return false };
    match rest.strip_prefix('<') {
        Some(inside) => match inside.split_once('>') {
            Some((uri, parameters)) => {
                uri.contains(':')
                    && (parameters.trim().is_empty() || parameters.trim_start().starts_with(';'))
            }
            None => false,
        },
        None => rest.split(';').next().is_some_and(|uri| uri.contains(':') && !uri.contains([' ', '<', '>'])),
    }
}

/// What follows the display name; None if its quote never closes.
pub(crate) fn after_display_name(value: &str) -> Option<&str> {
    let value = value.trim();
    if let Some(quoted) = value.strip_prefix('"') {
        let mut escaped = false;
        for (at, c) in quoted.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return Some(quoted[at + 1..].trim_start()),
                _ => {}
            }
        }
        return None;
    }
    // An unquoted display name is words before the bracket.
    match value.find('<') {
        Some(at) if value[..at].bytes().all(|b| is_token(b) || b == b' ' || b == b'\t' || b >= 0x80) => {
            Some(&value[at..])
        }
        _ => Some(value),
    }
}

/// The `tag` parameter of From or To.
pub fn tag(value: &str) -> Option<&str> {
    let rest = after_display_name(value)?;
    let parameters = match rest.strip_prefix('<') {
        Some(inside) => inside.split_once('>')?.1,
        None => rest.split_once(';')?.1,
    };
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("tag").then_some(value.trim())
    })
}

fn via_is_sound(value: &str) -> bool {
    value.split(',').all(|one| {
        let mut parts = one.trim().splitn(2, [' ', '\t']);
        let protocol = parts.next().unwrap_or_default().to_ascii_uppercase();
        let sent_by = parts.next().unwrap_or_default().trim().split(';').next().unwrap_or_default().trim();
        protocol.starts_with("SIP/2.0/") && !sent_by.is_empty() && !sent_by.contains(char::is_whitespace)
    })
}
