//! What a client may put on a WebSocket after the handshake: frames, read by the library as the gateway sets it, and
//! the messages in them, read by the gateway. Whole and in pieces it is the same.

use std::io::{self, Read, Write};

use switchroom_ws::{incoming, settings};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{Role, WebSocket},
};

/// A wire that brings what it was given, so many octets at a time, and takes everything.
struct Wire<'a> {
    octets: &'a [u8],
    piece: usize,
    sent: usize,
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.piece.min(buffer.len()).min(self.octets.len());
        buffer[..length].copy_from_slice(&self.octets[..length]);
        self.octets = &self.octets[length..];
        Ok(length)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.sent += buffer.len();
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub fn run(octets: &[u8]) {
    let whole = heard(octets, usize::MAX);
    assert_eq!(whole, heard(octets, 1), "how it arrives makes no difference");
    // And the text by itself, without frames around it.
    if let Ok(text) = std::str::from_utf8(octets) {
        let _ = incoming::read(text);
    }
}

/// The messages, and the error that ended them, in words.
fn heard(octets: &[u8], piece: usize) -> Vec<String> {
    let wire = Wire { octets, piece, sent: 0 };
    let mut socket = WebSocket::from_raw_socket(wire, Role::Server, Some(settings::wire()));
    let mut all = Vec::new();
    loop {
        match socket.read() {
            Ok(message) => {
                assert!(message.len() <= settings::MAX_MESSAGE, "nothing longer than 64 KiB");
                if let Message::Text(text) = &message {
                    all.push(format!("{:?}", incoming::read(text)));
                }
                all.push(format!("{message:?}"));
            }
            Err(error) => {
                all.push(format!("{error:?}"));
                // Answers are to what was asked, not more.
                let sent = socket.get_ref().sent;
                assert!(sent <= 2 * octets.len() + 200, "{sent} octets in answer to {}", octets.len());
                return all;
            }
        }
    }
}
