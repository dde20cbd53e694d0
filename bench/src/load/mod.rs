//! An open-loop load generator: one thread, one epoll, requests made and signed beforehand. A request is due at an
//! instant of the plan whatever became of those before it, and its latencies are counted from that instant, so a slow
//! server cannot slow the asking and look faster than it is.
//!
//! Agents' WebSocket connections are read raw in the same thread: a frame costs a read and a look at its head.

mod client;
mod sockets;

use client::answer_of;
pub use client::{post, raise_open_files};
pub use sockets::{Door, Sockets};

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rustix::{
    buffer::spare_capacity,
    event::{
        Timespec,
        epoll::{self, EventData, EventFlags},
    },
    time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime},
};

use crate::figures::percentile;

/// What has not come by then is lost.
const PATIENCE: Duration = Duration::from_secs(10);
/// Places of senders in the epoll begin here; below are the agents'.
const SENDERS: u64 = 1 << 32;
const CLOCK: u64 = u64::MAX;

/// Requests to send, in order, and whom each is to reach.
pub struct Plan {
    pub requests: Vec<Box<[u8]>>,
    /// The agent's place of each; empty where no pop is awaited.
    pub agents: Vec<usize>,
    /// The number in the id of the first request's call.
    pub first: u64,
    /// Between one request and the next; zero = as fast as they are taken.
    pub gap: Duration,
    /// Nothing more is sent after so long.
    pub until: Duration,
    /// What an answer is.
    pub answer: Answer,
}

/// What comes back on the connection of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An HTTP answer of the 200s.
    Http,
    /// The same bytes.
    Echo,
}

/// What became of a plan.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Microseconds from the instant a request was due to its pop at the agent.
    pub pops: Vec<f64>,
    /// The same to its answer.
    pub answers: Vec<f64>,
    pub sent: usize,
    pub refused: usize,
    pub lost: usize,
    pub misrouted: usize,
    pub doubled: usize,
    /// Bytes of pops and of whatever else agents were sent.
    pub pop_bytes: u64,
    pub all_bytes: u64,
    /// From the first request to the last answer or pop.
    pub took: Duration,
}

impl Outcome {
    /// Requests a second, each with its answer and its pop.
    pub fn rate(&self) -> f64 {
        self.sent as f64 / self.took.as_secs_f64()
    }

    pub fn pop(&self, percent: f64) -> f64 {
        percentile(&self.pops, percent)
    }

    pub fn answer(&self, percent: f64) -> f64 {
        percentile(&self.answers, percent)
    }

    /// Figures of a run that lost, misrouted or doubled anything mean nothing.
    pub fn valid(&self, what: &str) -> anyhow::Result<()> {
        if self.lost + self.misrouted + self.doubled + self.refused > 0 {
            bail!(
                "{what}: void: {} sent, {} refused, {} lost, {} misrouted, {} doubled",
                self.sent,
                self.refused,
                self.lost,
                self.misrouted,
                self.doubled
            );
        }
        Ok(())
    }
}

/// Connections that carry requests, kept alive between them.
pub struct Senders {
    streams: Vec<Sender>,
    idle: Vec<usize>,
}

struct Sender {
    stream: TcpStream,
    request: usize,
    read: Vec<u8>,
}

impl Senders {
    pub fn connect(address: SocketAddr, count: usize) -> anyhow::Result<Self> {
        let mut streams = Vec::with_capacity(count);
        for _ in 0..count {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            streams.push(Sender { stream, request: usize::MAX, read: Vec::with_capacity(1024) });
        }
        Ok(Self { streams, idle: (0..count).rev().collect() })
    }
}

/// The requests of a plan on their way.
struct Run<'a> {
    plan: &'a Plan,
    clock: OwnedFd,
    /// The instant that the clock is set to.
    armed: Option<Instant>,
    began: Instant,
    next: usize,
    answered: usize,
    popped: Vec<bool>,
    pops: usize,
    last: Instant,
    outcome: Outcome,
}

/// Carries out a plan. `sockets` are the agents' connections, if any.
pub fn run(plan: &Plan, senders: &mut Senders, mut sockets: Option<&mut Sockets>) -> anyhow::Result<Outcome> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for (place, sender) in senders.streams.iter().enumerate() {
        epoll::add(&epoll, &sender.stream, EventData::new_u64(SENDERS + place as u64), EventFlags::IN)?;
    }
    if let Some(sockets) = &mut sockets {
        sockets.watch(&epoll, 0)?;
        sockets.drain()?;
    }
    // Waiting on epoll ends with whole milliseconds; a timer in it does not.
    let clock = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    epoll::add(&epoll, &clock, EventData::new_u64(CLOCK), EventFlags::IN)?;
    // Sleeping until an instant is otherwise rounded up by 50 µs.
    let _ = rustix::thread::set_current_timer_slack(Some(std::num::NonZeroU64::MIN));
    let began = Instant::now();
    let mut run = Run {
        plan,
        clock,
        armed: None,
        began,
        next: 0,
        answered: 0,
        popped: vec![false; plan.requests.len()],
        pops: 0,
        last: began,
        outcome: Outcome::default(),
    };
    run.turn(&epoll, senders, sockets)?;
    Ok(run.finish())
}

impl Run<'_> {
    fn turn(
        &mut self,
        epoll: &OwnedFd,
        senders: &mut Senders,
        mut sockets: Option<&mut Sockets>,
    ) -> anyhow::Result<()> {
        let mut events = Vec::with_capacity(512);
        let mut frames = Vec::new();
        loop {
            let now = Instant::now();
            self.send(now, senders)?;
            if self.is_done(now) || now > self.last.max(self.began) + PATIENCE {
                return Ok(());
            }
            if self.has_more(now) && !senders.idle.is_empty() {
                self.wake_at(self.due(self.next), now)?;
            }
            match epoll::wait(epoll, spare_capacity(&mut events), Some(&timespec(PATIENCE))) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in events.drain(..) {
                let place = event.data.u64();
                if place == CLOCK {
                    self.armed = None;
                    // Reading takes the ringing back. It cannot fail otherwise than by having been read.
                    let _ = rustix::io::read(&self.clock, &mut [0; 8]);
                } else if place >= SENDERS {
                    self.hear(usize::try_from(place - SENDERS)?, senders)?;
                } else if let Some(sockets) = &mut sockets {
                    let agent = usize::try_from(place)?;
                    sockets.read(agent, &mut frames)?;
                    let now = Instant::now();
                    for (id, bytes) in frames.drain(..) {
                        self.frame(agent, id, bytes, now);
                    }
                }
            }
        }
    }

    fn wake_at(&mut self, due: Instant, now: Instant) -> anyhow::Result<()> {
        if self.armed == Some(due) {
            return Ok(());
        }
        // A wait of zero would stop the clock.
        let wait = due.saturating_duration_since(now).max(Duration::from_nanos(1));
        let once = Itimerspec { it_interval: timespec(Duration::ZERO), it_value: timespec(wait) };
        timerfd_settime(&self.clock, TimerfdTimerFlags::empty(), &once)?;
        self.armed = Some(due);
        Ok(())
    }

    fn due(&self, request: usize) -> Instant {
        self.began + self.plan.gap * u32::try_from(request).unwrap_or(u32::MAX)
    }

    fn has_more(&self, now: Instant) -> bool {
        self.next < self.plan.requests.len() && now < self.began + self.plan.until
    }

    fn is_done(&self, now: Instant) -> bool {
        let awaits = if self.plan.agents.is_empty() { 0 } else { self.next };
        !self.has_more(now) && self.answered == self.next && self.pops >= awaits
    }

    fn send(&mut self, now: Instant, senders: &mut Senders) -> anyhow::Result<()> {
        while self.has_more(now) && self.due(self.next) <= now {
            let Some(place) = senders.idle.pop() else { return Ok(()) };
            let sender = &mut senders.streams[place];
            sender.request = self.next;
            sender.read.clear();
            // A request is small and its connection idle: the kernel takes it whole.
            sender.stream.write_all(&self.plan.requests[self.next]).context("a request cannot be sent")?;
            self.next += 1;
        }
        Ok(())
    }

    fn hear(&mut self, place: usize, senders: &mut Senders) -> anyhow::Result<()> {
        let sender = &mut senders.streams[place];
        let mut scratch = [0; 4096];
        match sender.stream.read(&mut scratch) {
            Ok(0) => bail!("the server closed a connection between requests"),
            Ok(read) => sender.read.extend_from_slice(&scratch[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let good = match self.plan.answer {
            Answer::Echo if sender.read.len() < self.plan.requests[sender.request].len() => return Ok(()),
            Answer::Echo => true,
            Answer::Http => match answer_of(&sender.read) {
                Some(status) => (200..300).contains(&status),
                None => return Ok(()),
            },
        };
        self.last = Instant::now();
        self.answered += 1;
        if good {
            self.outcome.answers.push(micros(self.last.saturating_duration_since(self.due(sender.request))));
        } else {
            self.outcome.refused += 1;
        }
        senders.idle.push(place);
        Ok(())
    }

    /// A frame came to an agent; `id` is the call's where it is a pop.
    fn frame(&mut self, agent: usize, id: Option<u64>, bytes: u64, now: Instant) {
        self.outcome.all_bytes += bytes;
        let Some(id) = id else { return };
        let request = id.checked_sub(self.plan.first).and_then(|request| usize::try_from(request).ok());
        let Some(request) = request.filter(|request| *request < self.plan.agents.len()) else {
            // Of a plan before this one, whose calls all had their pops.
            self.outcome.doubled += 1;
            return;
        };
        if self.plan.agents[request] != agent {
            self.outcome.misrouted += 1;
        } else if std::mem::replace(&mut self.popped[request], true) {
            self.outcome.doubled += 1;
        } else {
            self.pops += 1;
            self.last = now;
            self.outcome.pop_bytes += bytes;
            self.outcome.pops.push(micros(now.saturating_duration_since(self.due(request))));
        }
    }

    fn finish(mut self) -> Outcome {
        let awaits = if self.plan.agents.is_empty() { 0 } else { self.next };
        self.outcome.sent = self.next;
        self.outcome.lost = (self.next - self.answered) + (awaits - self.pops.min(awaits));
        self.outcome.took = self.last - self.began;
        self.outcome
    }
}

fn timespec(time: Duration) -> Timespec {
    Timespec { tv_sec: time.as_secs() as i64, tv_nsec: i64::from(time.subsec_nanos()) }
}

fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e3
}
