//! Webhook → pop: from the instant an event is due to the frame at the agent it names, with signature, duplicate
//! check, look-up and durable log, against a bare relay of the same bytes and a raw TCP echo in the same run.
//!
//!   bench-hooks [--short]
//!   bench-hooks --load RATE SECONDS    the program alone at a rate (0 = as fast as taken), for profilers

mod commits;
mod events;
mod signins;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use events::Events;
use serde_json::json;
use signins::SignIns;
use switchroom_bench::{
    figures::{Figure, Target, against, alone},
    load::{self, Answer, Door, Outcome, Plan, Senders, Sockets, raise_open_files},
    process,
    program::Program,
    relay::{self, Kind, Peer},
};

const AGENTS: usize = 1_000;
const CALLERS: u64 = 200;
const RATES: [u32; 3] = [500, 2_000, 5_000];
/// Events a second beside sign-ins.
const BESIDE_SIGN_INS: u32 = 200;
/// Requests under way at most: fewer than the program takes from one connection at once (api/base/src/admission.rs).
const SENDERS: usize = 240;

fn main() -> anyhow::Result<()> {
    if relay::was_a_peer()? {
        return Ok(());
    }
    raise_open_files()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["--load", rate, seconds] => profile(rate.parse()?, seconds.parse()?),
        ["--short"] => bench(&Lengths { repeats: 5, steady: secs(2), most: secs(2), commits: 2 }),
        [] => bench(&Lengths { repeats: 5, steady: secs(6), most: secs(4), commits: 5 }),
        _ => anyhow::bail!("usage: bench-hooks [--short] | --load RATE SECONDS"),
    }
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

struct Lengths {
    repeats: usize,
    /// Of a run at a rate.
    steady: Duration,
    /// Of a run as fast as it goes.
    most: Duration,
    /// Seconds for Postgres's own commits.
    commits: u32,
}

/// The program with its agents at their sockets.
struct Ours {
    program: Program,
    events: Events,
    address: SocketAddr,
    sockets: Sockets,
}

impl Ours {
    fn start() -> anyhow::Result<Self> {
        let program = Program::start(&["--demo-agents", &AGENTS.to_string()])?;
        let demo = program.demo()?;
        let text = |at: &str| demo.pointer(at).and_then(|value| value.as_str()).map(str::to_owned);
        let owner = text("/users/owner@demo.example/token").context("no token of the owner")?;
        for n in 0..CALLERS {
            let body = json!({"full_name": format!("Caller Number {n}"), "phones": [events::caller(n)],
                              "email": format!("caller{n}@customer.example")});
            load::post(program.http_address(), "/api/v1/individuals", &owner, &body)?;
        }
        let tokens: Vec<String> = demo["load_agents"]
            .as_array()
            .context("no load agents")?
            .iter()
            .filter_map(|agent| agent["token"].as_str().map(str::to_owned))
            .collect();
        let address: SocketAddr = program.http_address().parse()?;
        let events = Events::new(
            &text("/connections/generic/secret").context("no secret")?,
            &text("/connections/generic/hook_url").context("no hook")?,
            program.http_address(),
            AGENTS,
            CALLERS,
        )?;
        let sockets = Sockets::open(address, &Door::Program { tokens: &tokens })?;
        Ok(Self { program, events, address, sockets })
    }

    /// Runs a plan and, unmeasured, ends its calls.
    fn run(&mut self, plan: &Plan) -> anyhow::Result<Account> {
        let (ours, postgres) = (self.program.pid(), self.program.postgres()?);
        // Connections that wait for longer than a request may take are closed, and the peers take their time.
        let mut senders = Senders::connect(self.address, SENDERS)?;
        let account =
            Account::of(ours, Some(postgres), || load::run(plan, &mut senders, Some(&mut self.sockets)))?;
        account.outcome.valid("the program")?;
        let ended = self.events.ended(plan, account.outcome.sent);
        load::run(&ended, &mut senders, Some(&mut self.sockets))?.valid("ends of calls")?;
        Ok(account)
    }
}

/// What a run did and used.
struct Account {
    outcome: Outcome,
    /// CPU microseconds a request.
    cpu: f64,
    postgres_cpu: f64,
}

impl Account {
    fn of(
        pid: u32,
        postgres: Option<u32>,
        run: impl FnOnce() -> anyhow::Result<Outcome>,
    ) -> anyhow::Result<Self> {
        let of_postgres = || postgres.map_or(Ok(Duration::ZERO), process::cpu_of_tree);
        // Threads of the program come and go; a peer has one, and little to account for.
        let of_itself = || if postgres.is_some() { process::cpu(pid) } else { process::cpu_exact(pid) };
        let before = (of_itself()?, of_postgres()?);
        let outcome = run()?;
        let after = (of_itself()?, of_postgres()?);
        let each = |time: Duration| time.as_secs_f64() * 1e6 / outcome.sent.max(1) as f64;
        // A backend that ended meanwhile may be missing.
        let (cpu, postgres_cpu) = (after.0 - before.0, after.1.saturating_sub(before.1));
        Ok(Self { cpu: each(cpu), postgres_cpu: each(postgres_cpu), outcome })
    }
}

/// A relay or echo with what talks to it.
struct Limit {
    peer: Peer,
    senders: Senders,
    sockets: Option<Sockets>,
}

impl Limit {
    fn start(kind: Kind, pop: usize) -> anyhow::Result<Self> {
        let peer = Peer::start(kind, pop)?;
        let sockets = match kind {
            Kind::Relay => Some(Sockets::open(peer.address, &Door::Relay { count: AGENTS })?),
            Kind::Echo => None,
        };
        let senders = Senders::connect(peer.address, SENDERS)?;
        Ok(Self { peer, senders, sockets })
    }

    fn run(&mut self, plan: &Plan) -> anyhow::Result<Account> {
        let (senders, sockets) = (&mut self.senders, self.sockets.as_mut());
        let account = Account::of(self.peer.pid(), None, || load::run(plan, senders, sockets))?;
        account.outcome.valid("a peer")?;
        Ok(account)
    }
}

/// The figures of one rate.
#[derive(Default)]
struct Steady {
    relay: [Figure; 4],
    ours: [Figure; 4],
    echo_p99: Figure,
    postgres: Figure,
    answers: [Figure; 2],
}

impl Steady {
    fn take(into: &mut [Figure; 4], account: &Account) {
        let outcome = &account.outcome;
        for (figure, value) in
            into.iter_mut().zip([outcome.pop(50.0), outcome.pop(90.0), outcome.pop(99.0), account.cpu])
        {
            figure.push(value);
        }
    }
}

fn bench(lengths: &Lengths) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut ours = Ours::start()?;
    eprintln!("{:?}: {} agents are connected", began.elapsed(), ours.sockets.len());
    // Warms both sides up, and tells how long a pop is.
    let warm = ours.events.ringing(2_000, Duration::from_millis(1), secs(10), Answer::Http);
    let warm = ours.run(&warm)?;
    let pop = warm.outcome.pop_bytes as usize / warm.outcome.pops.len().max(1);
    let more = warm.outcome.all_bytes as usize / warm.outcome.pops.len().max(1) - pop;
    eprintln!("a pop is {pop} bytes on the wire, and {more} more an event are other frames");
    let mut relay = Limit::start(Kind::Relay, pop)?;
    let mut echo = Limit::start(Kind::Echo, 0)?;

    let mut steady: Vec<Steady> = RATES.iter().map(|_| Steady::default()).collect();
    let (mut relay_most, mut ours_most, mut postgres_commits) =
        (Figure::default(), Figure::default(), Figure::default());
    let mut beside = BesideSignIns::default();
    for repeat in 0..lengths.repeats {
        for (rate, figures) in RATES.into_iter().zip(&mut steady) {
            let gap = secs(1) / rate;
            let count = (lengths.steady.as_secs_f64() * f64::from(rate)) as usize;
            let mut plan = |answer| ours.events.ringing(count, gap, secs(60), answer);
            let (bare, raw, full) = (plan(Answer::Http), plan(Answer::Echo), plan(Answer::Http));
            let bare = relay.run(&bare)?;
            let raw = echo.run(&raw)?;
            let full = ours.run(&full)?;
            Steady::take(&mut figures.relay, &bare);
            Steady::take(&mut figures.ours, &full);
            figures.echo_p99.push(raw.outcome.answer(99.0));
            figures.postgres.push(full.postgres_cpu);
            figures.answers[0].push(full.outcome.answer(50.0) / 1e3);
            figures.answers[1].push(full.outcome.answer(99.0) / 1e3);
            eprintln!(
                "{:?}: repeat {repeat}, {rate}/s: p50 {:.0} ({:.0}) µs, p99 {:.0} (echo {:.0}) µs, cpu {:.1} ({:.1}) µs, Postgres {:.0} µs",
                began.elapsed(),
                full.outcome.pop(50.0),
                bare.outcome.pop(50.0),
                full.outcome.pop(99.0),
                raw.outcome.answer(99.0),
                full.cpu,
                bare.cpu,
                full.postgres_cpu,
            );
        }
        let most = |events: &mut Events, most_a_second: usize| {
            let count = most_a_second * lengths.most.as_secs() as usize;
            events.ringing(count, Duration::ZERO, lengths.most, Answer::Http)
        };
        let bare = relay.run(&most(&mut ours.events, 80_000))?;
        let full = most(&mut ours.events, 40_000);
        let full = ours.run(&full)?;
        relay_most.push(bare.outcome.rate());
        ours_most.push(full.outcome.rate());
        beside.measure(&mut ours, lengths.steady)?;
        postgres_commits.push(commits::rate(&ours.program, lengths.commits)?);
        eprintln!(
            "{:?}: repeat {repeat}, most: {:.0}/s ({:.0}/s), cpu {:.1} µs, Postgres {:.0} µs",
            began.elapsed(),
            full.outcome.rate(),
            bare.outcome.rate(),
            full.cpu,
            full.postgres_cpu
        );
    }

    for (rate, at) in RATES.into_iter().zip(&steady) {
        let what = |what: &str| format!("webhook → pop at {rate}/s, 1,000 agents: {what}");
        let relay = |n: usize| ("bare epoll relay", &at.relay[n]);
        println!("{}", against(&what("p50"), "µs", &at.ours[0], relay(0), Target::AtMost(1.6)));
        println!("{}", against(&what("p90"), "µs", &at.ours[1], relay(1), Target::AtMost(2.0)));
        let echo = ("raw TCP echo", &at.echo_p99);
        println!("{}", against(&what("p99"), "µs", &at.ours[2], echo, Target::AtMost(2.0)));
        println!("{}", against(&what("CPU an event"), "µs", &at.ours[3], relay(3), Target::AtMost(2.5)));
        println!("{}", alone(&what("CPU of Postgres an event, beside it"), "µs", &at.postgres, Target::None));
        println!("{}", alone(&what("2xx after the commit, p50"), "ms", &at.answers[0], Target::None));
        println!("{}", alone(&what("2xx after the commit, p99"), "ms", &at.answers[1], Target::None));
    }
    let what = "webhook → pop, highest rate, every event durable";
    println!(
        "{}",
        against(what, "events/s", &ours_most, ("bare epoll relay", &relay_most), Target::AtLeast(0.4))
    );
    println!(
        "{}",
        alone("the same, against durable events asked for", "events/s", &ours_most, Target::AtLeast(5_000.0))
    );
    println!(
        "{}",
        against(
            "durable events against Postgres's own commits (pgbench -N, 8 clients, same cluster)",
            "/s",
            &ours_most,
            ("pgbench", &postgres_commits),
            Target::None
        )
    );
    beside.print();
    Ok(())
}

/// Pops alone and while people sign in.
#[derive(Default)]
struct BesideSignIns {
    alone: Figure,
    beside: Figure,
    signed_in: Figure,
}

impl BesideSignIns {
    fn measure(&mut self, ours: &mut Ours, length: Duration) -> anyhow::Result<()> {
        let gap = secs(1) / BESIDE_SIGN_INS;
        let count = (length.as_secs_f64() * f64::from(BESIDE_SIGN_INS)) as usize;
        let alone = ours.events.ringing(count, gap, secs(60), Answer::Http);
        let quiet = ours.run(&alone)?.outcome.pop(99.0);
        let beside = ours.events.ringing(count, gap, secs(60), Answer::Http);
        let sign_ins = SignIns::start(ours.program.http_address(), &ours.program.demo()?)?;
        let run = ours.run(&beside);
        let signed_in = sign_ins.stop()?;
        let busy = run?.outcome.pop(99.0);
        eprintln!("pop p99 {quiet:.0} µs, beside {signed_in:.0} sign-ins/s {busy:.0} µs");
        self.alone.push(quiet);
        self.beside.push(busy);
        self.signed_in.push(signed_in);
        Ok(())
    }

    fn print(&self) {
        let what = format!(
            "webhook → pop at {BESIDE_SIGN_INS}/s beside {} sign-ins/s (asked for): p99",
            signins::RATE
        );
        println!(
            "{}",
            against(&what, "µs", &self.beside, ("without them", &self.alone), Target::AtMost(1.1))
        );
        println!("{}", alone("the same: sign-ins answered", "/s", &self.signed_in, Target::None));
    }
}

fn profile(rate: u32, seconds: u64) -> anyhow::Result<()> {
    let mut ours = Ours::start()?;
    let gap = if rate == 0 { Duration::ZERO } else { secs(1) / rate };
    let count = if rate == 0 { 25_000 } else { rate as usize } * seconds as usize;
    let warm = ours.events.ringing(2_000, Duration::from_millis(1), secs(10), Answer::Http);
    ours.run(&warm)?;
    eprintln!("pid {}", ours.program.pid());
    let plan = ours.events.ringing(count, gap, secs(seconds), Answer::Http);
    let account = ours.run(&plan)?;
    let outcome = &account.outcome;
    println!(
        "{:.0}/s, pop p50 {:.0} p90 {:.0} p99 {:.0} µs, answer p50 {:.1} p99 {:.1} ms, cpu {:.1} µs, Postgres {:.1} µs, {} B a pop, {} B in all",
        outcome.rate(),
        outcome.pop(50.0),
        outcome.pop(90.0),
        outcome.pop(99.0),
        outcome.answer(50.0) / 1e3,
        outcome.answer(99.0) / 1e3,
        account.cpu,
        account.postgres_cpu,
        outcome.pop_bytes / outcome.pops.len().max(1) as u64,
        outcome.all_bytes / outcome.pops.len().max(1) as u64,
    );
    Ok(())
}
