//! The limit that the program is measured against: a bare relay and a bare echo, one thread, one epoll each, in a
//! process of their own. The relay does what cannot be left out of turning a POST into bytes on an agent's open
//! connection, and nothing else: it reads the request, takes the agent and the call from fixed places in it, writes
//! as many bytes as a pop has, and answers a fixed 200. No HTTP library, no check, no memory, no log.

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, ChildStdin, Command, Stdio},
};

use anyhow::{Context as _, bail};
use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, EventData, EventFlags},
};

/// What a peer process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Relay,
    Echo,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Echo => "echo",
        }
    }
}

/// The first argument of a bench that is started to be a peer.
const ROLE: &str = "be-a-peer";

/// Where the request of a relay holds what it looks for: the body begins with `{"call_id":"` and its id of a fixed
/// length, and ends with the agent's place in five digits and `"}}`.
pub const CALL_ID_AT: usize = 12;
pub const CALL_ID_LENGTH: usize = 16;
const AGENT_FROM_END: usize = 8;
const AGENT_DIGITS: usize = 5;
/// The extension of the first load agent.
pub const FIRST_EXTENSION: usize = 10_001;

/// A running relay or echo. Dropping it ends it.
pub struct Peer {
    pub address: SocketAddr,
    child: Child,
    _stdin: Option<ChildStdin>,
}

impl Peer {
    /// Starts this very program once more, as a peer. `pop` is the number of bytes a relay writes to an agent.
    pub fn start(kind: Kind, pop: usize) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([ROLE, kind.word(), &pop.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no standard output")?).read_line(&mut line)?;
        let address = line.trim().parse().context("the peer told no address")?;
        let stdin = child.stdin.take();
        Ok(Self { address, child, _stdin: stdin })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// To be called first in `main`: true where this process was started to be a peer, and has been one.
pub fn was_a_peer() -> anyhow::Result<bool> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [role, kind, pop] = &arguments[..] else { return Ok(false) };
    if role != ROLE {
        return Ok(false);
    }
    // The parent holds the other end; when it is gone there is nobody to serve.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    match kind.as_str() {
        "relay" => Relay::new(listener, pop.parse()?)?.run()?,
        "echo" => echo(&listener)?,
        _ => bail!("no such peer: {kind}"),
    }
    Ok(true)
}

/// Connections by their place; the listener's is 0.
struct Relay {
    epoll: std::os::fd::OwnedFd,
    listener: TcpListener,
    connections: Vec<Option<Connection>>,
    /// Which connection each agent is at.
    agents: Vec<usize>,
    frame: Frame,
}

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

const LISTENER: u64 = u64::MAX;

impl Relay {
    fn new(listener: TcpListener, pop: usize) -> anyhow::Result<Self> {
        listener.set_nonblocking(true)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        Ok(Self {
            epoll,
            listener,
            connections: Vec::new(),
            agents: Vec::new(),
            frame: Frame::of_length(pop),
        })
    }

    fn run(mut self) -> anyhow::Result<()> {
        let mut events = Vec::with_capacity(256);
        let mut scratch = vec![0; 64 * 1024];
        loop {
            epoll::wait(&self.epoll, spare_capacity(&mut events), None)?;
            for event in events.drain(..) {
                match event.data.u64() {
                    LISTENER => self.accept()?,
                    place => self.readable(usize::try_from(place)?, &mut scratch)?,
                }
            }
        }
    }

    fn accept(&mut self) -> anyhow::Result<()> {
        while let Ok((stream, _)) = self.listener.accept() {
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let place = self.connections.len() as u64;
            epoll::add(&self.epoll, &stream, EventData::new_u64(place), EventFlags::IN)?;
            self.connections.push(Some(Connection { stream, read: Vec::new() }));
        }
        Ok(())
    }

    fn readable(&mut self, place: usize, scratch: &mut [u8]) -> anyhow::Result<()> {
        let Some(connection) = &mut self.connections[place] else { return Ok(()) };
        match connection.stream.read(scratch) {
            Ok(0) => self.connections[place] = None,
            Ok(read) => {
                connection.read.extend_from_slice(&scratch[..read]);
                self.requests(place)?;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.connections[place] = None,
        }
        Ok(())
    }

    fn requests(&mut self, place: usize) -> anyhow::Result<()> {
        loop {
            let Some(connection) = &mut self.connections[place] else { return Ok(()) };
            match connection.read.first() {
                Some(b'G' | b'P') => {}
                // What an agent sends after its handshake means nothing here.
                Some(_) => connection.read.clear(),
                None => return Ok(()),
            }
            let Some(head) = end_of_head(&connection.read) else { return Ok(()) };
            if connection.read[0] == b'G' {
                let agent = number(&connection.read["GET /ws/".len()..][..AGENT_DIGITS]);
                connection.read.clear();
                connection.stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")?;
                if self.agents.len() <= agent {
                    self.agents.resize(agent + 1, usize::MAX);
                }
                self.agents[agent] = place;
                continue;
            }
            let end = head + content_length(&connection.read[..head]);
            if connection.read.len() < end {
                return Ok(());
            }
            let everybody = connection.read.starts_with(b"POST /all");
            let body = &connection.read[head..end];
            let agent = number(&body[body.len() - AGENT_FROM_END..][..AGENT_DIGITS]);
            self.frame.name(&body[CALL_ID_AT..][..CALL_ID_LENGTH]);
            connection.read.drain(..end);
            if everybody {
                for at in self.agents.clone() {
                    self.write(at)?;
                }
            } else {
                self.write(self.agents[agent - FIRST_EXTENSION])?;
            }
            if let Some(connection) = &mut self.connections[place] {
                connection.stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
            }
        }
    }

    fn write(&mut self, place: usize) -> anyhow::Result<()> {
        if let Some(Some(agent)) = self.connections.get_mut(place) {
            agent.stream.write_all(&self.frame.bytes)?;
        }
        Ok(())
    }
}

/// A WebSocket text frame of a set length with a place for the call's id.
struct Frame {
    bytes: Vec<u8>,
    id_at: usize,
}

impl Frame {
    fn of_length(length: usize) -> Self {
        let text =
            format!(r#"{{"type":"screen_pop","data":{{"provider_call_id":"{:CALL_ID_LENGTH$}","at":""#, ' ');
        let head = if length > 127 { 4 } else { 2 };
        let payload = length.saturating_sub(head).max(text.len() + 3);
        let mut bytes = vec![0x81];
        match u16::try_from(payload) {
            Ok(short) if payload < 126 => bytes.push(short as u8),
            Ok(long) => {
                bytes.push(126);
                bytes.extend_from_slice(&long.to_be_bytes());
            }
            Err(_) => {
                bytes.push(127);
                bytes.extend_from_slice(&(payload as u64).to_be_bytes());
            }
        }
        let id_at = bytes.len() + text.find(' ').unwrap_or_default();
        bytes.extend_from_slice(text.as_bytes());
        bytes.resize(bytes.len() + payload - text.len() - 3, b'.');
        bytes.extend_from_slice(b"\"}}");
        Self { bytes, id_at }
    }

    fn name(&mut self, id: &[u8]) {
        self.bytes[self.id_at..self.id_at + id.len()].copy_from_slice(id);
    }
}

fn end_of_head(read: &[u8]) -> Option<usize> {
    read.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// The last header of our requests is the length.
fn content_length(head: &[u8]) -> usize {
    let digits = &head[..head.len() - 4];
    let from = digits.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
    number(&digits[from..])
}

fn number(digits: &[u8]) -> usize {
    digits.iter().fold(0, |sum, digit| sum * 10 + usize::from(digit.wrapping_sub(b'0') % 10))
}

/// Sends back what comes.
fn echo(listener: &TcpListener) -> anyhow::Result<()> {
    listener.set_nonblocking(true)?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut streams: Vec<Option<TcpStream>> = Vec::new();
    let mut events = Vec::with_capacity(256);
    let mut scratch = vec![0; 64 * 1024];
    loop {
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        for event in events.drain(..) {
            if event.data.u64() == LISTENER {
                while let Ok((stream, _)) = listener.accept() {
                    stream.set_nonblocking(true)?;
                    stream.set_nodelay(true)?;
                    epoll::add(&epoll, &stream, EventData::new_u64(streams.len() as u64), EventFlags::IN)?;
                    streams.push(Some(stream));
                }
                continue;
            }
            let place = usize::try_from(event.data.u64())?;
            let Some(stream) = &mut streams[place] else { continue };
            match stream.read(&mut scratch) {
                Ok(0) => streams[place] = None,
                Ok(read) => stream.write_all(&scratch[..read])?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => streams[place] = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_its_length_and_its_name() {
        for length in [130, 1_000, 70_000] {
            let mut frame = Frame::of_length(length);
            assert!(frame.bytes.len().abs_diff(length) <= 6, "{}", frame.bytes.len());
            frame.name(b"b-00000000000042");
            let text = String::from_utf8_lossy(&frame.bytes);
            assert!(text.contains(r#""provider_call_id":"b-00000000000042""#), "{text}");
        }
    }

    #[test]
    fn a_request_is_read_where_it_says() {
        let head = b"POST /one HTTP/1.1\r\nhost: x\r\ncontent-length: 123\r\n\r\n";
        assert_eq!(end_of_head(head), Some(head.len()));
        assert_eq!(content_length(head), 123);
    }
}
