//! A SIP message, as a datagram and as a stream: our own examination, then the stack's parsers for what it lets
//! through, which is the order in which the bridge asks them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use switchroom_bridge::transacted;
use switchroom_bridge_core::{
    Examined, Message, Refused, Transport, examine, frame_length,
    identity::{caller, dialled},
};

const SOURCE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 5060);

pub fn run(octets: &[u8]) {
    taken(octets, Transport::Datagram);
    let mut rest = octets;
    // As the stream's reader does: one frame after the other, until one cannot be delimited.
    while let Some(Ok(length)) = frame_length(rest) {
        let Some(frame) = rest.get(..length) else { break };
        assert!(length > 0, "a frame of nothing would be read for ever");
        taken(frame, Transport::Stream);
        rest = &rest[length..];
    }
}

fn taken(octets: &[u8], transport: Transport) {
    match examine(octets, transport) {
        Examined::Ignore => {}
        Examined::Refuse(message, why) => refused(&message, &why),
        Examined::Request(message) => {
            let from = message.header("from").expect("a sound request has From");
            let who = caller(message.all("p-asserted-identity"), from, message.all("privacy"));
            assert!(!who.is_empty(), "a caller has a name or is anonymous");
            let _ = dialled(message.uri);
            for why in [Refused::Untrusted, Refused::Overloaded(2), Refused::TooLarge] {
                refused(&message, &why);
            }
            stack(&message);
        }
    }
}

/// A refusal is one message that ends where it says, whatever the request held.
fn refused(message: &Message<'_>, why: &Refused) {
    let Some(answer) = why.response(message, SOURCE, "tag") else { return };
    assert!(answer.starts_with(b"SIP/2.0 "), "an answer is an answer");
    let text = String::from_utf8(answer).expect("an answer is text");
    assert_eq!(text.matches("\r\n\r\n").count(), 1, "one answer: {text}");
    assert!(text.ends_with("\r\n\r\n"), "without a body: {text}");
    let bare = text.replace("\r\n", "");
    assert!(!bare.contains(['\r', '\n']), "no line of the request's making: {text}");
}

/// What the stack makes of it: the key of its transaction, from headers that it parses itself.
fn stack(message: &Message<'_>) {
    if let Some(hop) = message.hop() {
        let _ = hop.reply_to(SOURCE);
    }
    let _ = (message.is_within_dialog(), message.sequence(), message.body_is_understood());
    if let Some((request, key)) = transacted(message, SOURCE) {
        let again = transacted(message, SOURCE).map(|(_, key)| key);
        assert_eq!(again, Some(key), "a repetition belongs to the same transaction");
        assert!(!request.to_string().is_empty());
    }
}
