//! Agents' WebSocket connections, held cheaply: raw sockets, frames looked at where they lie.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::fd::AsFd,
    time::{Duration, Instant},
};

use anyhow::bail;
use rustix::{
    buffer::spare_capacity,
    event::{
        Timespec,
        epoll::{self, EventData, EventFlags},
    },
};

use crate::relay::CALL_ID_LENGTH;

const POP: &[u8] = br#"{"type":"screen_pop""#;
const PING: &[u8] = br#"{"type":"ping""#;
const ID: &[u8] = br#""provider_call_id":"b-"#;
/// `{"type":"pong"}` as a masked text frame; a mask of zeros changes nothing.
const PONG: &[u8] = b"\x81\x8f\0\0\0\0{\"type\":\"pong\"}";

/// Whose sockets they are.
pub enum Door<'a> {
    /// The program's: each signs in with its token.
    Program { tokens: &'a [String] },
    /// A relay's: so many, each says its place.
    Relay { count: usize },
}

/// Open connections, by the agents' places.
pub struct Sockets {
    streams: Vec<Socket>,
    scratch: Vec<u8>,
}

struct Socket {
    stream: TcpStream,
    /// The beginning of a frame whose end has not come.
    rest: Vec<u8>,
}

impl Sockets {
    pub fn open(address: SocketAddr, door: &Door<'_>) -> anyhow::Result<Self> {
        let count = match door {
            Door::Program { tokens } => tokens.len(),
            Door::Relay { count } => *count,
        };
        let mut streams = Vec::with_capacity(count);
        for place in 0..count {
            let head = match door {
                Door::Program { tokens } => format!(
                    "GET /ws HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                     sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                     sec-websocket-protocol: switchroom.v1\r\nauthorization: Bearer {}\r\n\r\n",
                    tokens[place]
                ),
                Door::Relay { .. } => format!("GET /ws/{place:05} HTTP/1.1\r\n\r\n"),
            };
            let mut stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.write_all(head.as_bytes())?;
            let rest = upgraded(&mut stream)?;
            stream.set_nonblocking(true)?;
            streams.push(Socket { stream, rest });
        }
        Ok(Self { streams, scratch: vec![0; 64 * 1024] })
    }

    pub fn len(&self) -> usize {
        self.streams.len()
    }

    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Its places in the epoll begin with `first`.
    pub(super) fn watch(&self, epoll: impl AsFd, first: u64) -> anyhow::Result<()> {
        for (place, socket) in (first..).zip(&self.streams) {
            epoll::add(&epoll, &socket.stream, EventData::new_u64(place), EventFlags::IN)?;
        }
        Ok(())
    }

    /// Says a text on every socket. At most 125 bytes.
    pub fn say(&mut self, text: &str) -> anyhow::Result<()> {
        let mut frame = vec![0x81, 0x80 | u8::try_from(text.len())?, 0, 0, 0, 0];
        frame.extend_from_slice(text.as_bytes());
        self.streams.iter_mut().try_for_each(|socket| Ok(socket.stream.write_all(&frame)?))
    }

    /// Reads what has come so far, and shows the server that somebody is there.
    pub fn drain(&mut self) -> anyhow::Result<()> {
        let mut frames = Vec::new();
        for place in 0..self.streams.len() {
            self.read(place, &mut frames)?;
            self.streams[place].stream.write_all(PONG)?;
        }
        Ok(())
    }

    /// Reads and answers for so long, as idle agents do. Answers how many frames came.
    pub fn idle(&mut self, time: Duration) -> anyhow::Result<usize> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        self.watch(&epoll, 0)?;
        let end = Instant::now() + time;
        let mut count = 0;
        let mut events = Vec::with_capacity(1024);
        while wait(&epoll, &mut events, end)? {
            for event in events.drain(..) {
                self.frames(usize::try_from(event.data.u64())?, |_, _| count += 1)?;
            }
        }
        Ok(count)
    }

    /// Waits until every socket of all groups has had a frame that is wanted: one of which `which` tells a number. A
    /// socket that gets the same number twice makes the figure void; another number is of a later tick. Answers the
    /// instant of the last socket's first.
    pub fn all_hear(
        groups: &mut [Self],
        patience: Duration,
        mut which: impl FnMut(&[u8]) -> Option<u64>,
    ) -> anyhow::Result<Instant> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for (at, group) in groups.iter().enumerate() {
            group.watch(&epoll, (at as u64) << 32)?;
        }
        let mut heard: Vec<Vec<Option<u64>>> = groups.iter().map(|group| vec![None; group.len()]).collect();
        let mut left: usize = groups.iter().map(Self::len).sum();
        let mut last = Instant::now();
        let end = last + patience;
        let mut events = Vec::with_capacity(1024);
        while left > 0 && wait(&epoll, &mut events, end)? {
            for event in events.drain(..) {
                let (group, place) = (event.data.u64() >> 32, event.data.u64() & u64::from(u32::MAX));
                let (group, place) = (usize::try_from(group)?, usize::try_from(place)?);
                let before = heard[group][place];
                let (mut latest, mut twice) = (before, false);
                groups[group].frames(place, |frame, _| {
                    if let Some(number) = which(frame) {
                        twice |= latest.replace(number) == Some(number);
                    }
                })?;
                if twice {
                    bail!("void: a socket was told twice");
                }
                heard[group][place] = latest;
                if before.is_some() || latest.is_none() {
                    continue;
                }
                left -= 1;
                last = Instant::now();
            }
        }
        if left > 0 {
            bail!("void: {left} sockets were not told");
        }
        Ok(last)
    }

    /// Reads a socket once: of each frame the number of the call where it is a pop, and its length on the wire.
    pub(super) fn read(&mut self, place: usize, frames: &mut Vec<(Option<u64>, u64)>) -> anyhow::Result<()> {
        self.frames(place, |payload, bytes| {
            frames.push((payload.starts_with(POP).then(|| call_number(payload)).flatten(), bytes));
        })
    }

    fn frames(&mut self, place: usize, mut look: impl FnMut(&[u8], u64)) -> anyhow::Result<()> {
        let socket = &mut self.streams[place];
        let read = match socket.stream.read(&mut self.scratch) {
            Ok(0) => bail!("the server closed the socket of agent {place}"),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        // A whole wallboard comes in many reads: its beginning is not moved for each.
        let mut joined = std::mem::take(&mut socket.rest);
        let mut bytes = if joined.is_empty() {
            &self.scratch[..read]
        } else {
            joined.extend_from_slice(&self.scratch[..read]);
            &joined[..]
        };
        let mut pinged = false;
        while let Some((head, length)) = head(bytes) {
            let Some(payload) = bytes.get(head..head + length) else { break };
            match bytes[0] & 0x0f {
                0x8 => bail!("agent {place} was sent a close: {:?}", payload.get(..2)),
                _ => pinged |= payload.starts_with(PING),
            }
            look(payload, (head + length) as u64);
            bytes = &bytes[head + length..];
        }
        socket.rest = if bytes.len() == joined.len() { joined } else { bytes.to_vec() };
        if pinged {
            socket.stream.write_all(PONG)?;
        }
        Ok(())
    }
}

/// The answer to the handshake; what came behind it is the beginning of the frames.
fn upgraded(stream: &mut TcpStream) -> anyhow::Result<Vec<u8>> {
    let mut read = Vec::new();
    let mut scratch = [0; 2048];
    loop {
        let got = stream.read(&mut scratch)?;
        read.extend_from_slice(&scratch[..got]);
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            if !read.starts_with(b"HTTP/1.1 101") {
                bail!("no WebSocket: {}", String::from_utf8_lossy(&read));
            }
            return Ok(read.split_off(end + 4));
        }
        if got == 0 {
            bail!("the server closed a socket instead of opening it");
        }
    }
}

/// Lengths of head and payload of the frame that begins here (from a server: never masked).
fn head(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes.get(1)? & 0x7f {
        126 => Some((4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)))),
        127 => Some((10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?)),
        short => Some((2, usize::from(short))),
    }
}

fn call_number(payload: &[u8]) -> Option<u64> {
    let at = payload.windows(ID.len()).position(|part| part == ID)? + ID.len();
    std::str::from_utf8(payload.get(at..at + CALL_ID_LENGTH - 2)?).ok()?.parse().ok()
}

/// Waits for events until the end; false when it has come.
fn wait(epoll: impl AsFd, events: &mut Vec<epoll::Event>, end: Instant) -> anyhow::Result<bool> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Ok(false);
    }
    let left = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
    epoll::wait(epoll, spare_capacity(events), Some(&left))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_and_numbers() {
        assert_eq!(head(&[0x81, 5]), Some((2, 5)));
        assert_eq!(head(&[0x81, 126, 1, 0]), Some((4, 256)));
        assert_eq!(head(&[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]), Some((10, 65_536)));
        assert_eq!(head(&[0x81, 126, 1]), None);
        let pop = br#"{"type":"screen_pop","data":{"call":{"provider_call_id":"b-00000000000042","#;
        assert_eq!(call_number(pop), Some(42));
    }
}
