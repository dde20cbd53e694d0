//! Many sockets: what one costs in memory, what a thousand cost while nothing happens, and how long a tick of the
//! wallboard takes to reach everybody, against a bare relay that broadcasts the same bytes.
//!
//!   bench-sockets [--short]

mod listeners;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use listeners::Listeners;
use switchroom_bench::{
    figures::{Figure, Target, against, alone},
    hook::Signer,
    load::{Door, Sockets, raise_open_files},
    process,
    program::Program,
    relay::{self, Kind, Peer},
};

const FEW: usize = 1_000;
const MANY: usize = 10_000;
/// Longer than a heartbeat, so that every socket has one.
const IDLE: Duration = Duration::from_secs(16);
/// So many sign in before the others are looked after again.
const AT_ONCE: usize = 500;
/// The board is shown at most four times a second.
const BETWEEN: Duration = Duration::from_millis(300);
/// To be told of a tick, and to be shown the whole of the board: of ten thousand who take calls it is over a megabyte.
const SOON: Duration = Duration::from_secs(10);
const FIRST_BOARD: Duration = Duration::from_secs(60);
const BOARD: &[u8] = br#"{"type":"wallboard""#;

fn main() -> anyhow::Result<()> {
    raise_open_files()?;
    if relay::was_a_peer()? || listeners::was_them()? {
        return Ok(());
    }
    match std::env::args().nth(1).as_deref() {
        Some("--short") => bench(1, 4),
        None => bench(5, 10),
        Some(_) => bail!("usage: bench-sockets [--short]"),
    }
}

/// `ticks` of each size in each of the repeats.
fn bench(repeats: usize, ticks: usize) -> anyhow::Result<()> {
    let began = Instant::now();
    let (mut memory, mut idle) = (Figure::default(), Figure::default());
    let mut boards: [Board; 2] = Default::default();
    for _ in 0..repeats {
        let ours = Ours::start()?;
        eprintln!("{:?}: started", began.elapsed());
        let empty = process::resident(ours.program.pid())?;
        let mut few = ours.open(0..FEW)?;
        // The sign-ins themselves are not the idling.
        few.idle(Duration::from_secs(1))?;
        let before = process::cpu(ours.program.pid())?;
        let heard = few.idle(IDLE)?;
        let used = process::cpu(ours.program.pid())? - before;
        if heard < FEW {
            bail!("void: {heard} heartbeats came to {FEW} sockets");
        }
        idle.push(used.as_secs_f64() / IDLE.as_secs_f64() * 100.0);
        let mut all = vec![few];
        for from in (FEW..MANY).step_by(AT_ONCE) {
            all.push(ours.open(from..(from + AT_ONCE).min(MANY))?);
            drain(&mut all)?;
        }
        std::thread::sleep(Duration::from_secs(1));
        drain(&mut all)?;
        let full = process::resident(ours.program.pid())?;
        memory.push(full.saturating_sub(empty) as f64 / MANY as f64 / 1024.0);
        eprintln!("{:?}: {MANY} sockets are open, {} KiB each", began.elapsed(), memory.median());

        watch(&mut all[0])?;
        boards[0].measure(&ours, &mut all[..1], ticks)?;
        for next in 1..all.len() {
            drain(&mut all)?;
            watch(&mut all[next])?;
        }
        boards[1].measure(&ours, &mut all, ticks)?;
        eprintln!("{:?}: boards are shown", began.elapsed());
    }
    println!(
        "{}",
        alone("memory of a signed-in idle socket, 10,000 agents", "KiB", &memory, Target::AtMost(6.0))
    );
    println!("{}", alone("1,000 signed-in idle agents", "% of a core", &idle, Target::AtMost(5.0)));
    for (board, count) in boards.iter().zip(["1,000", "10,000"]) {
        let relay = |figure| ("bare relay, same bytes", figure);
        let what = format!("a tick of the wallboard is with {count} supervisors");
        println!("{}", against(&what, "ms", &board.ours, relay(&board.relay), Target::AtMost(1.2)));
        let what = format!("CPU of a tick to {count} supervisors");
        println!("{}", against(&what, "ms", &board.ours_cpu, relay(&board.relay_cpu), Target::None));
    }
    Ok(())
}

struct Ours {
    program: Program,
    address: SocketAddr,
    tokens: Vec<String>,
    signer: Signer,
    hook: String,
}

impl Ours {
    fn start() -> anyhow::Result<Self> {
        let program = Program::start(&["--demo-agents", &MANY.to_string()])?;
        // The demo's load agents take calls; for the board they must be allowed to see it.
        let (socket, port) = program.postgres_socket()?;
        let promote = "UPDATE memberships SET role = 'supervisor' WHERE user_id IN \
                       (SELECT id FROM users WHERE email LIKE 'load%@demo.example')";
        let psql = Command::new("psql")
            .args(["-h", &socket, "-p", &port, "-U", "postgres", "-d", "switchroom", "-qc", promote])
            .output()
            .context("psql does not start; dev/setup bench installs it")?;
        if !psql.status.success() {
            bail!("{}", String::from_utf8_lossy(&psql.stderr));
        }
        let demo = program.demo()?;
        let text =
            |at: &str| demo.pointer(at).and_then(|value| value.as_str()).context("demo.json lacks something");
        let tokens = demo["load_agents"]
            .as_array()
            .context("no load agents")?
            .iter()
            .filter_map(|agent| agent["token"].as_str().map(str::to_owned))
            .collect();
        let hook = text("/connections/generic/hook_url")?;
        let hook = hook.find("/hooks/").map_or("/", |at| &hook[at..]).to_owned();
        let signer = Signer::new(text("/connections/generic/secret")?)?;
        Ok(Self { address: program.http_address().parse()?, program, tokens, signer, hook })
    }

    fn open(&self, which: std::ops::Range<usize>) -> anyhow::Result<Sockets> {
        Sockets::open(self.address, &Door::Program { tokens: &self.tokens[which] })
    }

    /// A call that nobody is named for changes the board and nothing else.
    fn change_the_board(&self) -> anyhow::Result<()> {
        let now = Utc::now();
        let body = format!(
            r#"{{"call_id":"tick-{}","type":"ringing","at":"{}","from":"+33612345678","to":"+33199000001"}}"#,
            now.timestamp_micros(),
            now.format("%Y-%m-%dT%H:%M:%S%.6fZ")
        );
        let (id, at) = (format!("msg_{}", now.timestamp_micros()), now.timestamp());
        let signature = self.signer.sign(&id, at, &body);
        let mut stream = TcpStream::connect(self.address)?;
        write!(
            stream,
            "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nwebhook-id: {id}\r\nconnection: close\r\n\
             webhook-timestamp: {at}\r\nwebhook-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
            self.hook,
            self.address,
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if !answer.starts_with("HTTP/1.1 20") {
            bail!("an event was refused: {answer}");
        }
        Ok(())
    }
}

/// Ticks to one number of supervisors: until the last one has it.
#[derive(Default)]
struct Board {
    ours: Figure,
    relay: Figure,
    ours_cpu: Figure,
    relay_cpu: Figure,
}

impl Board {
    fn measure(&mut self, ours: &Ours, sockets: &mut [Sockets], ticks: usize) -> anyhow::Result<()> {
        std::thread::sleep(Duration::from_millis(1_500));
        drain(sockets)?;
        // One to learn the length of a tick and to warm up.
        let (_, length) = tick(ours, sockets)?;
        let peer = Peer::start(Kind::Relay, length)?;
        let count = sockets.iter().map(Sockets::len).sum();
        let mut listeners = Listeners::start(peer.address, count)?;
        listeners.broadcast()?;
        let (mut bare, mut full) = (Vec::new(), Vec::new());
        let (mut bare_cpu, mut full_cpu) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..ticks {
            std::thread::sleep(BETWEEN);
            let before = process::cpu_exact(peer.pid())?;
            bare.push(listeners.broadcast()?);
            bare_cpu += process::cpu_exact(peer.pid())? - before;
            std::thread::sleep(BETWEEN);
            let before = process::cpu(ours.program.pid())?;
            full.push(tick(ours, sockets)?.0);
            full_cpu += process::cpu(ours.program.pid())? - before;
        }
        self.relay.push(Figure::new(bare).median());
        self.ours.push(Figure::new(full).median());
        self.relay_cpu.push(bare_cpu.as_secs_f64() * 1e3 / ticks as f64);
        self.ours_cpu.push(full_cpu.as_secs_f64() * 1e3 / ticks as f64);
        Ok(())
    }
}

/// Those that are open are to be heard of while others are looked after.
fn drain(all: &mut [Sockets]) -> anyhow::Result<()> {
    all.iter_mut().try_for_each(Sockets::drain)
}

/// Every socket asks for the board, and gets the whole of it.
fn watch(sockets: &mut Sockets) -> anyhow::Result<()> {
    let began = Instant::now();
    sockets.say(r#"{"type":"subscribe","topics":["wallboard"]}"#)?;
    let count = sockets.len();
    let shown = Sockets::all_hear(std::slice::from_mut(sockets), FIRST_BOARD, board)?;
    eprintln!("{count} sockets were shown the board within {:?}", shown - began);
    Ok(())
}

/// The revision, of a frame of the wallboard.
fn board(frame: &[u8]) -> Option<u64> {
    frame.starts_with(BOARD).then(|| revision(frame)).flatten()
}

/// Milliseconds from the instant in the frame to the last supervisor, and the frame's length.
fn tick(ours: &Ours, sockets: &mut [Sockets]) -> anyhow::Result<(f64, usize)> {
    let (clock, wall) = (Instant::now(), Utc::now());
    ours.change_the_board()?;
    let mut drawn = None;
    let mut length = 0;
    let last = Sockets::all_hear(sockets, SOON, |frame| {
        let revision = board(frame)?;
        if drawn.is_none() {
            drawn = at(frame);
            length = frame.len() + 4;
        }
        Some(revision)
    })?;
    let drawn = drawn.context("a board without its time")?;
    let last = wall + chrono::TimeDelta::from_std(last - clock)?;
    Ok(((last - drawn).num_microseconds().unwrap_or(0) as f64 / 1e3, length))
}

/// The board's number, which the frame of a tick has behind that of the one it builds upon.
fn revision(frame: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(frame).ok()?;
    let digits = text.split_once(r#""revision":"#)?.1;
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The `at` of a frame's envelope.
fn at(frame: &[u8]) -> Option<DateTime<Utc>> {
    let text = std::str::from_utf8(frame.get(..120)?).ok()?;
    let from = text.find(r#""at":""#)? + 6;
    let to = from + text[from..].find('"')?;
    Some(DateTime::parse_from_rfc3339(&text[from..to]).ok()?.to_utc())
}
