//! Callers at a given rate over one UDP socket, from one thread, with a clock of microseconds. Open loop: calls are placed
//! when they are due, whatever the server does, and times are counted from when they were due.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    io,
    net::{SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::sockopt,
};

/// How a call goes on when it rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// CANCEL after this, then 487.
    GiveUp(Duration),
    /// Waits for 200 and acknowledges it.
    Answered,
    /// Waits until it is sent on: 302.
    SentOn,
    /// Waits for as long as it rings: 480.
    Waits,
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub target: SocketAddr,
    /// The user part of the Request-URI.
    pub line: String,
    /// Calls a second.
    pub rate: f64,
    pub calls: usize,
    pub then: Then,
}

#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub placed: usize,
    /// Ended as planned and acknowledged.
    pub ended: usize,
    pub failed: usize,
    /// Requests sent again since no answer came within half a second.
    pub repeated: usize,
    /// From when the INVITE was due to the 180, in microseconds.
    pub ringing_us: Vec<f64>,
    pub took: Duration,
    /// Why calls failed: status and how many.
    pub statuses: Vec<(u16, usize)>,
}

impl Outcome {
    pub fn failed_share(&self) -> f64 {
        self.failed as f64 / self.placed as f64
    }

    pub fn rate(&self) -> f64 {
        self.ended as f64 / self.took.as_secs_f64()
    }
}

/// RFC 3261 T1; repetitions come at this pace, without growing pauses.
const T1: Duration = Duration::from_millis(500);
/// A call that is not over so long after it was due has failed.
const PATIENCE: Duration = Duration::from_secs(12);
const BUFFER: usize = 8 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Calling,
    /// 100 has come.
    Proceeding,
    Ringing,
    Cancelling,
    Over,
}

struct Call {
    due: Instant,
    state: State,
    /// The CANCEL has its 200.
    cancelled: bool,
}

struct Load {
    plan: Plan,
    socket: UdpSocket,
    local: SocketAddr,
    /// Tells the calls of this run from those of another.
    run: u32,
    calls: Vec<Call>,
    hang_up: VecDeque<(Instant, usize)>,
    repeat: VecDeque<(Instant, usize)>,
    outcome: Outcome,
    open: usize,
    text: String,
}

/// Runs the plan to its end. `watch` is called about ten times a second with the number of calls placed so far.
pub fn run(plan: Plan, mut watch: impl FnMut(usize)) -> io::Result<Outcome> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    // The kernel gives what it allows.
    let _ = sockopt::set_socket_recv_buffer_size(&socket, BUFFER);
    socket.connect(plan.target)?;
    socket.set_nonblocking(true)?;
    let local = socket.local_addr()?;
    let count = plan.calls;
    let mut load = Load {
        plan,
        socket,
        local,
        run: switchroom_bench::random() as u32,
        calls: Vec::with_capacity(count),
        hang_up: VecDeque::new(),
        repeat: VecDeque::new(),
        outcome: Outcome::default(),
        open: 0,
        text: String::with_capacity(1024),
    };
    load.run(&mut watch)?;
    Ok(load.outcome)
}

impl Load {
    fn run(&mut self, watch: &mut impl FnMut(usize)) -> io::Result<()> {
        let begun = Instant::now();
        let gap = Duration::from_secs_f64(1.0 / self.plan.rate);
        let mut watched = begun;
        let mut last_end = begun;
        while self.calls.len() < self.plan.calls || self.open > 0 {
            let now = Instant::now();
            // A few at a time, so that answers are read in between.
            for _ in 0..32 {
                let due = begun + gap * u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
                if self.calls.len() == self.plan.calls || due > now {
                    break;
                }
                self.place(due)?;
            }
            if self.receive()? > 0 {
                last_end = Instant::now();
            }
            self.on_time()?;
            if watched.elapsed() > Duration::from_millis(100) {
                watched = Instant::now();
                watch(self.calls.len());
            }
            self.sleep(begun + gap * u32::try_from(self.calls.len()).unwrap_or(u32::MAX))?;
        }
        self.outcome.placed = self.calls.len();
        self.outcome.took = last_end - begun;
        Ok(())
    }

    /// Until something arrives or is to be done.
    fn sleep(&self, due: Instant) -> io::Result<()> {
        let due = (self.calls.len() < self.plan.calls).then_some(due);
        let hang_up = self.hang_up.front().map(|(at, _)| *at);
        let repeat = self.repeat.front().map(|(at, _)| *at);
        let Some(next) = [due, hang_up, repeat].into_iter().flatten().min() else { return Ok(()) };
        let wait = next.saturating_duration_since(Instant::now()).min(Duration::from_millis(100));
        if wait > Duration::ZERO {
            let wait = Timespec { tv_sec: 0, tv_nsec: wait.subsec_nanos().into() };
            match poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], Some(&wait)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn place(&mut self, due: Instant) -> io::Result<()> {
        let index = self.calls.len();
        self.calls.push(Call { due, state: State::Calling, cancelled: false });
        self.open += 1;
        self.send(index, "INVITE", None)?;
        self.repeat.push_back((Instant::now() + T1, index));
        Ok(())
    }

    fn send(&mut self, index: usize, method: &str, to: Option<&str>) -> io::Result<()> {
        let (line, target, local, run) = (&self.plan.line, self.plan.target, self.local, self.run);
        self.text.clear();
        // An ACK of a 200 is a request of its own; other ACKs and the CANCEL belong to the INVITE.
        let branch = if method == "ACK" && self.plan.then == Then::Answered { "a" } else { "i" };
        let _ = write!(
            self.text,
            "{method} sip:{line}@{target} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {local};branch=z9hG4bK{branch}.{run:x}.{index};rport\r\n\
             Max-Forwards: 70\r\n\
             From: <sip:+3363998{:04}@{local}>;tag=c{index}\r\n\
             To: {}\r\n\
             Call-ID: {run:x}.{index}@bench\r\n\
             CSeq: 1 {method}\r\n\
             Contact: <sip:caller@{local}>\r\n\
             Content-Length: 0\r\n\r\n",
            index % 10_000,
            to.unwrap_or(&format!("<sip:{line}@{target}>")),
        );
        match self.socket.send(self.text.as_bytes()) {
            // It is sent again in time.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
            sent => sent.map(|_| ()),
        }
    }

    /// How many calls ended meanwhile.
    fn receive(&mut self) -> io::Result<usize> {
        let mut buffer = [0_u8; 4096];
        let ended = self.outcome.ended;
        for _ in 0..64 {
            let length = match self.socket.recv(&mut buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
                Err(error) => return Err(error),
            };
            let now = Instant::now();
            if let Ok(text) = std::str::from_utf8(&buffer[..length]) {
                self.answered(text, now)?;
            }
        }
        Ok(self.outcome.ended - ended)
    }

    fn answered(&mut self, text: &str, now: Instant) -> io::Result<()> {
        let status: u16 = text.get(8..11).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        let (Some(call_id), Some(cseq)) = (header(text, "Call-ID: "), header(text, "CSeq: ")) else {
            return Ok(());
        };
        let index = call_id
            .strip_suffix("@bench")
            .and_then(|id| id.split_once('.'))
            .filter(|(run, _)| u32::from_str_radix(run, 16) == Ok(self.run))
            .and_then(|(_, index)| index.parse::<usize>().ok());
        let Some(index) = index.filter(|index| *index < self.calls.len()) else { return Ok(()) };
        let call = &mut self.calls[index];
        if cseq.ends_with("CANCEL") {
            call.cancelled = true;
            return Ok(());
        }
        match status {
            100 if call.state == State::Calling => call.state = State::Proceeding,
            101..=199 if matches!(call.state, State::Calling | State::Proceeding) => {
                call.state = State::Ringing;
                self.outcome.ringing_us.push((now - call.due).as_secs_f64() * 1e6);
                if let Then::GiveUp(after) = self.plan.then {
                    self.hang_up.push_back((now + after, index));
                }
            }
            200.. => {
                let expected = match self.plan.then {
                    Then::GiveUp(_) => 487,
                    Then::Answered => 200,
                    Then::SentOn => 302,
                    Then::Waits => 480,
                };
                let rang = matches!(call.state, State::Ringing | State::Cancelling);
                let first = call.state != State::Over;
                call.state = State::Over;
                let to = header(text, "To: ").map(str::to_owned);
                self.send(index, "ACK", to.as_deref())?;
                if first {
                    self.open -= 1;
                    if status == expected && rang {
                        self.outcome.ended += 1;
                    } else {
                        self.fail(status);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn fail(&mut self, status: u16) {
        self.outcome.failed += 1;
        match self.outcome.statuses.iter_mut().find(|(known, _)| *known == status) {
            Some((_, count)) => *count += 1,
            None => self.outcome.statuses.push((status, 1)),
        }
    }

    fn on_time(&mut self) -> io::Result<()> {
        let now = Instant::now();
        while let Some((_, index)) = self.hang_up.pop_front_if(|(at, _)| *at <= now) {
            if self.calls[index].state == State::Ringing {
                self.calls[index].state = State::Cancelling;
                self.send(index, "CANCEL", None)?;
                self.repeat.push_back((now + T1, index));
            }
        }
        while let Some((_, index)) = self.repeat.pop_front_if(|(at, _)| *at <= now) {
            let call = &self.calls[index];
            let (state, cancelled) = (call.state, call.cancelled);
            if state == State::Over {
                continue;
            }
            let held = match self.plan.then {
                Then::GiveUp(after) => after,
                _ => Duration::ZERO,
            };
            if now > call.due + held + PATIENCE {
                self.calls[index].state = State::Over;
                self.open -= 1;
                self.fail(0);
                continue;
            }
            match state {
                State::Calling => {
                    self.outcome.repeated += 1;
                    self.send(index, "INVITE", None)?;
                }
                State::Cancelling if !cancelled => {
                    self.outcome.repeated += 1;
                    self.send(index, "CANCEL", None)?;
                }
                _ => {}
            }
            // Once more, if only to see it fail.
            self.repeat.push_back((now + T1, index));
        }
        Ok(())
    }
}

/// The first value of a header, written as all the servers here write it.
fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let at = text.find(&format!("\r\n{name}"))? + 2 + name.len();
    text[at..].split("\r\n").next()
}
