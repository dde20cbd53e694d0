//! What bad senders do. An attack runs on a thread and a runtime of its own, at the lowest priority: on one machine with
//! the server it stands for senders elsewhere, whose CPU time is not the server's.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{io::AsyncWriteExt as _, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{Connection, Door};

/// A kind of overload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// Connections that never say anything.
    Silent(usize),
    /// Connections that send the head of a request, an octet at a time.
    SlowHeads(usize),
    /// Connections that send bodies an octet at a time, to the hooks' door and to the API.
    SlowBodies(usize),
    /// Requests with heads of a megabyte, on so many connections, again and again.
    HugeHeads(usize),
    /// So many events of one call, on 32 connections.
    OneCall(usize),
    /// So many senders, each of which reports calls as fast as they are answered, and obeys no Retry-After.
    Flood(usize),
    /// So many connections a second that end in a reset: at once, within a request, behind the upgrade to a WebSocket.
    Resets(usize),
}

/// What an attack got to see.
#[derive(Debug, Default)]
pub struct Seen {
    /// Answers by status; 0 stands for connections that ended without one.
    pub statuses: BTreeMap<u16, usize>,
    /// 429 and 503 without Retry-After.
    pub without_retry_after: usize,
    /// The calls whose events were acknowledged.
    pub acknowledged: HashSet<String>,
}

impl Seen {
    fn note(&mut self, reply: &anyhow::Result<super::Reply>) -> bool {
        let Ok(reply) = reply else {
            *self.statuses.entry(0).or_default() += 1;
            return false;
        };
        *self.statuses.entry(reply.status).or_default() += 1;
        if matches!(reply.status, 429 | 503) && reply.retry_after.is_none() {
            self.without_retry_after += 1;
        }
        reply.kept
    }

    fn add(&mut self, other: Self) {
        for (status, times) in other.statuses {
            *self.statuses.entry(status).or_default() += times;
        }
        self.without_retry_after += other.without_retry_after;
        self.acknowledged.extend(other.acknowledged);
    }

    pub fn of(&self, status: u16) -> usize {
        self.statuses.get(&status).copied().unwrap_or_default()
    }
}

/// An attack that runs.
pub struct Running {
    stop: CancellationToken,
    thread: std::thread::JoinHandle<Seen>,
}

impl Running {
    /// Ends the attack; answers what it saw.
    pub fn stop(self) -> Seen {
        self.stop.cancel();
        self.wait()
    }

    /// Waits for an attack that ends by itself.
    pub fn wait(self) -> Seen {
        self.thread.join().expect("an attack does not panic")
    }
}

impl Attack {
    /// Begins. `name` is the beginning of the ids of its calls.
    pub fn start(self, door: &Door, name: &str) -> Running {
        let (door, name, stop) = (door.clone(), name.to_owned(), CancellationToken::new());
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            // Only this thread, as Linux counts priorities. Where it is refused, the attack is unfair, not wrong.
            let _ = rustix::process::nice(19);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(self.run(door, name, stopped))
        });
        Running { stop, thread }
    }

    async fn run(self, door: Door, name: String, stop: CancellationToken) -> Seen {
        let count = match self {
            Self::OneCall(_) => 32,
            Self::Resets(_) => 4,
            Self::Silent(n)
            | Self::SlowHeads(n)
            | Self::SlowBodies(n)
            | Self::HugeHeads(n)
            | Self::Flood(n) => n,
        };
        let next = Arc::new(AtomicUsize::new(0));
        let mut senders = JoinSet::new();
        for at in 0..count {
            let sender = Sender {
                attack: self,
                at,
                door: door.clone(),
                name: name.clone(),
                next: Arc::clone(&next),
                seen: Seen::default(),
            };
            senders.spawn(sender.send(stop.clone()));
        }
        let mut seen = Seen::default();
        while let Some(one) = senders.join_next().await {
            seen.add(one.expect("a sender does not panic"));
        }
        seen
    }
}

struct Sender {
    attack: Attack,
    at: usize,
    door: Door,
    name: String,
    next: Arc<AtomicUsize>,
    seen: Seen,
}

impl Sender {
    /// Goes on until told to stop, or until all is sent.
    async fn send(mut self, stop: CancellationToken) -> Seen {
        while !stop.is_cancelled() {
            let round = stop.run_until_cancelled(self.connection()).await;
            match round {
                Some(Ok(true)) | None => break,
                Some(Ok(false)) => {}
                // Refused or reset; try again, not in a circle.
                Some(Err(_)) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        self.seen
    }

    /// What one connection does; true when all is sent.
    async fn connection(&mut self) -> anyhow::Result<bool> {
        let mut connection = Connection::open(&self.door.address).await?;
        match self.attack {
            Attack::Silent(_) => {
                let reply = connection.answer().await;
                self.seen.note(&reply);
            }
            Attack::SlowHeads(_) => {
                let head = format!("GET /healthz HTTP/1.1\r\nhost: bench\r\nx: {}", "x".repeat(10_000));
                self.trickle(&mut connection, head.as_bytes()).await;
            }
            Attack::SlowBodies(_) => {
                let (path, more) = if self.at.is_multiple_of(2) {
                    (self.door.path.as_str(), String::new())
                } else {
                    ("/api/v1/individuals", format!("authorization: Bearer {}\r\n", self.door.token))
                };
                let head = format!(
                    "POST {path} HTTP/1.1\r\nhost: bench\r\n{more}content-type: application/json\r\ncontent-length: 60000\r\n\r\n"
                );
                connection.stream.write_all(head.as_bytes()).await?;
                self.trickle(&mut connection, &[b' '; 60_000]).await;
            }
            Attack::HugeHeads(_) => {
                connection.stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: bench\r\n").await?;
                let line = format!("x-filler: {}\r\n", "x".repeat(1000));
                for _ in 0..1000 {
                    // The server may have had enough before all is written.
                    if connection.stream.write_all(line.as_bytes()).await.is_err() {
                        break;
                    }
                }
                let reply = connection.answer().await;
                self.seen.note(&reply);
            }
            Attack::OneCall(events) => loop {
                let event = self.next.fetch_add(1, Ordering::Relaxed);
                if event >= events {
                    return Ok(true);
                }
                let kind = ["ringing", "answered", "held", "resumed"][event % 4];
                let at = u32::try_from(event)?;
                let request = self.door.request(&format!("{}-one", self.name), kind, at, None);
                if !self.ask(&mut connection, &request, "one").await {
                    return Ok(false);
                }
            },
            Attack::Flood(_) => loop {
                let call = self.next.fetch_add(1, Ordering::Relaxed).to_string();
                let request = self.door.request(&format!("{}-{call}", self.name), "ringing", 0, None);
                if !self.ask(&mut connection, &request, &call).await {
                    return Ok(false);
                }
            },
            Attack::Resets(rate) => {
                let turn = self.next.fetch_add(1, Ordering::Relaxed);
                match turn % 3 {
                    0 => {}
                    1 => {
                        let request = self.door.request(&format!("{}-{turn}", self.name), "ringing", 0, None);
                        connection.stream.write_all(&request[..request.len() - 20]).await?;
                    }
                    _ => {
                        let upgrade = format!(
                            "GET /ws HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: switchroom.v1\r\n\r\n",
                            self.door.token
                        );
                        let reply = connection.ask(upgrade.as_bytes()).await;
                        self.seen.note(&reply);
                    }
                }
                // Closing discards what is unsent and tells the peer so: a reset.
                socket2::SockRef::from(&connection.stream).set_linger(Some(Duration::ZERO))?;
                drop(connection);
                tokio::time::sleep(Duration::from_secs_f64(4.0 / rate as f64)).await;
            }
        }
        Ok(false)
    }

    /// An event; false when the connection is of no more use.
    async fn ask(&mut self, connection: &mut Connection, request: &[u8], call: &str) -> bool {
        let reply = connection.ask(request).await;
        if reply.as_ref().is_ok_and(|reply| (200..300).contains(&reply.status)) {
            self.seen.acknowledged.insert(format!("{}-{call}", self.name));
        }
        self.seen.note(&reply)
    }

    /// An octet every tenth of a second, until the server answers or ends it.
    async fn trickle(&mut self, connection: &mut Connection, octets: &[u8]) {
        for octet in octets {
            if connection.stream.write_all(&[*octet]).await.is_err() {
                break;
            }
            let quiet = tokio::time::timeout(Duration::from_millis(100), connection.stream.readable()).await;
            if quiet.is_ok() {
                break;
            }
        }
        let reply = connection.answer().await;
        self.seen.note(&reply);
    }
}
