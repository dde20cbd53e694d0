//! SIP calls: INVITE → 180 → CANCEL → 487, with look-up, pop and durable log. CPU for each call against a bare answerer on
//! the same library, time to the 180 against Kamailio answering 180 and 200 with transactions, the same rate for all in
//! the same run; calls a second on this machine; memory for each held call and over many calls.
//!
//! The load generator is this program, on the same cores.

mod load;
mod peers;

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, ensure};
use load::{Outcome, Plan, Then};
use switchroom_bench::{
    figures::{self, Figure, Target, percentile},
    postgres::Socket,
    process,
    program::Program,
};

/// The rate at which all three are compared.
const COMMON_RATE: f64 = 2_000.0;
/// What the program has to reach.
const HIGH_RATE: f64 = 3_500.0;
/// One address may have four fifths of the 5,000 calls that may ring at once.
const HELD: usize = 3_900;
const GIVE_UP: Then = Then::GiveUp(Duration::from_millis(20));

struct Scope {
    repeats: usize,
    common: Duration,
    high: Duration,
    /// Calls after which memory is looked at again, once it was at a fifth of them.
    many: usize,
}

const FULL: Scope =
    Scope { repeats: 5, common: Duration::from_secs(10), high: Duration::from_secs(20), many: 1_000_000 };
const SHORT: Scope =
    Scope { repeats: 5, common: Duration::from_secs(4), high: Duration::from_secs(5), many: 60_000 };

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--answer"] => {
            tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(peers::answer())
        }
        ["--short"] => measure(&SHORT),
        ["--memory"] => memory(FULL.many),
        [] => measure(&FULL),
        _ => anyhow::bail!("usage: bench-sip [--short | --memory]"),
    }
}

/// What one repeat says of one server.
struct Run {
    outcome: Outcome,
    cpu_us_per_call: f64,
}

fn plan(target: SocketAddr, line: &str, rate: f64, seconds: Duration, then: Then) -> Plan {
    let calls = (rate * seconds.as_secs_f64()) as usize;
    Plan { target, line: line.to_owned(), rate, calls, then }
}

fn load(plan: Plan, pid: u32) -> anyhow::Result<Run> {
    let before = process::cpu_of_tree(pid)?;
    let outcome = load::run(plan, |_| ())?;
    let cpu = process::cpu_of_tree(pid)? - before;
    let cpu_us_per_call = cpu.as_secs_f64() * 1e6 / outcome.placed as f64;
    Ok(Run { outcome, cpu_us_per_call })
}

#[derive(Default)]
struct Figures {
    ours_cpu: Figure,
    postgres_cpu: Figure,
    bare_cpu: Figure,
    ours_p50: Figure,
    bare_p50: Figure,
    kamailio_p50: Figure,
    ours_p99: Figure,
    kamailio_p99: Figure,
    kamailio_cpu: Figure,
    rate: Figure,
    failed: Figure,
    held: Figure,
}

fn measure(scope: &Scope) -> anyhow::Result<()> {
    let mut figures = Figures::default();
    let bare = peers::bare()?;
    let kamailio = peers::kamailio()?;
    for repeat in 1..=scope.repeats {
        eprintln!("repeat {repeat} of {}", scope.repeats);
        one_repeat(scope, &mut figures, &bare, &kamailio)?;
    }
    let ends = OtherEnds::measure(scope, &bare)?;
    drop((bare, kamailio));

    let peer = ("bare answerer, same library", &figures.bare_cpu);
    let what = "SIP: CPU for each call at 2,000 calls/s (INVITE, 180, CANCEL, 487, with look-up and log)";
    println!("{}", figures::against(what, "µs", &figures.ours_cpu, peer, Target::AtMost(1.5)));
    println!("{}", figures::alone("SIP: Postgres' CPU beside it", "µs", &figures.postgres_cpu, Target::None));
    println!(
        "{}",
        figures::alone("SIP: Kamailio's CPU for 180 and 200", "µs", &figures.kamailio_cpu, Target::None)
    );
    let peer = ("Kamailio, 180 and 200 with transactions", &figures.kamailio_p50);
    let what = "SIP: INVITE → 180 at 2,000 calls/s, p50";
    println!("{}", figures::against(what, "µs", &figures.ours_p50, peer, Target::AtMost(2.0)));
    let peer = ("bare answerer, same library", &figures.bare_p50);
    println!("{}", figures::against(what, "µs", &figures.ours_p50, peer, Target::None));
    let peer = ("Kamailio, 180 and 200 with transactions", &figures.kamailio_p99);
    let what = "SIP: INVITE → 180 at 2,000 calls/s, p99";
    println!("{}", figures::against(what, "µs", &figures.ours_p99, peer, Target::None));
    ends.print();
    let what = "SIP: calls/s ended as planned when 3,500 are placed";
    println!("{}", figures::alone(what, "", &figures.rate, Target::AtLeast(0.999 * HIGH_RATE)));
    println!("{}", figures::alone("SIP: of these failed", "%", &figures.failed, Target::AtMost(0.1)));
    let what = format!("SIP: memory for each of {HELD} ringing calls");
    println!("{}", figures::alone(&what, "KiB", &figures.held, Target::AtMost(6.0)));
    memory(scope.many)
}

/// Whether memory stays what it is over many calls.
fn memory(calls: usize) -> anyhow::Result<()> {
    let flat = over_many_calls(calls)?;
    let calls = figures::short(calls as f64);
    let what = format!("SIP: resident memory after {calls} calls over after a fifth of them");
    println!("{}", figures::alone(&what, "", &flat, Target::AtMost(1.1)));
    Ok(())
}

fn one_repeat(
    scope: &Scope,
    figures: &mut Figures,
    bare: &peers::Peer,
    kamailio: &peers::Peer,
) -> anyhow::Result<()> {
    // New each time: what it has ever held stays in its heap and would hide what calls need.
    let program = Program::start(&[])?;
    let (target, line) = door(&program)?;
    load::run(plan(target, &line, 500.0, Duration::from_millis(500), GIVE_UP), |_| ())?;
    figures.held.push(held(&program, target, &line)?);

    let ours = plan(target, &line, COMMON_RATE, scope.common, GIVE_UP);
    let postgres = program.postgres()?;
    let postgres_before = process::cpu_of_tree(postgres)?;
    let before = process::cpu(program.pid())?;
    let outcome = load::run(ours, |_| ())?;
    sound("switchroom", &outcome)?;
    let per_call = |time: Duration| time.as_secs_f64() * 1e6 / outcome.placed as f64;
    figures.ours_cpu.push(per_call(process::cpu(program.pid())? - before));
    figures.postgres_cpu.push(per_call(process::cpu_of_tree(postgres)? - postgres_before));
    figures.ours_p50.push(percentile(&outcome.ringing_us, 50.0));
    figures.ours_p99.push(percentile(&outcome.ringing_us, 99.0));

    let run = load(plan(bare.address, "bare", COMMON_RATE, scope.common, GIVE_UP), bare.pid())?;
    sound("bare answerer", &run.outcome)?;
    figures.bare_cpu.push(run.cpu_us_per_call);
    figures.bare_p50.push(percentile(&run.outcome.ringing_us, 50.0));

    let answered = plan(kamailio.address, "kamailio", COMMON_RATE, scope.common, Then::Answered);
    let run = load(answered, kamailio.pid())?;
    sound("Kamailio", &run.outcome)?;
    figures.kamailio_cpu.push(run.cpu_us_per_call);
    figures.kamailio_p50.push(percentile(&run.outcome.ringing_us, 50.0));
    figures.kamailio_p99.push(percentile(&run.outcome.ringing_us, 99.0));

    let outcome = load::run(plan(target, &line, HIGH_RATE, scope.high, GIVE_UP), |_| ())?;
    eprintln!(
        "3,500/s: {:.0}/s ended, {} failed, {} repeated, {:?}",
        outcome.rate(),
        outcome.failed,
        outcome.repeated,
        outcome.statuses
    );
    // The last calls end a little after the last one was placed.
    figures.rate.push(outcome.ended as f64 / scope.high.as_secs_f64());
    figures.failed.push(outcome.failed_share() * 100.0);
    Ok(())
}

/// Calls that end as 302 and as 480.
#[derive(Default)]
struct OtherEnds {
    /// CPU a call, ours and the bare answerer's.
    sent_on: [Figure; 2],
    missed: [Figure; 2],
}

impl OtherEnds {
    fn measure(scope: &Scope, bare: &peers::Peer) -> anyhow::Result<Self> {
        let mut ends = Self::default();
        let rings = peers::RINGS.as_millis().to_string();
        let program = Program::start(&["--ring-timeout-ms", &rings])?;
        let (target, line) = door(&program)?;
        for _ in 0..scope.repeats {
            one_end(
                &program,
                (target, &line),
                (bare, peers::KEEPS_RINGING),
                Then::Waits,
                scope,
                &mut ends.missed,
            )?;
        }
        let line = with_a_phone(&program)?;
        for _ in 0..scope.repeats {
            one_end(
                &program,
                (target, &line),
                (bare, peers::SENDS_ON),
                Then::SentOn,
                scope,
                &mut ends.sent_on,
            )?;
        }
        Ok(ends)
    }

    fn print(&self) {
        for (what, [ours, bare]) in [("302", &self.sent_on), ("480", &self.missed)] {
            let what = format!(
                "SIP: CPU for each call at 1,000 calls/s (INVITE, 180, {what}, with look-up and log)"
            );
            let peer = ("bare answerer, same library", bare);
            println!("{}", figures::against(&what, "µs", ours, peer, Target::AtMost(1.5)));
        }
    }
}

fn one_end(
    program: &Program,
    (target, line): (SocketAddr, &str),
    (bare, user): (&peers::Peer, &str),
    then: Then,
    scope: &Scope,
    [ours, theirs]: &mut [Figure; 2],
) -> anyhow::Result<()> {
    let before = process::cpu(program.pid())?;
    let outcome = load::run(plan(target, line, COMMON_RATE / 2.0, scope.common, then), |_| ())?;
    sound("switchroom", &outcome)?;
    let cpu = process::cpu(program.pid())? - before;
    ours.push(cpu.as_secs_f64() * 1e6 / outcome.placed as f64);
    let run = load(plan(bare.address, user, COMMON_RATE / 2.0, scope.common, then), bare.pid())?;
    sound("bare answerer", &run.outcome)?;
    theirs.push(run.cpu_us_per_call);
    Ok(())
}

/// A line that rings an agent who has a telephone of their own.
fn with_a_phone(program: &Program) -> anyhow::Result<String> {
    let demo = program.demo()?;
    let line = demo["numbers"][3].as_str().context("demo.json names no lines")?.to_owned();
    let agent = demo["users"]["agent1@demo.example"]["id"].as_str().context("no agent")?;
    Socket::of(program)?.sql(&format!(
        "UPDATE memberships SET sip_uri = 'sip:201@127.0.0.1:9' WHERE user_id = '{agent}';
         UPDATE phone_numbers SET user_id = NULL WHERE user_id = '{agent}';
         UPDATE phone_numbers SET user_id = '{agent}' WHERE number = '{line}'"
    ))?;
    // Until the program has heard of it.
    std::thread::sleep(Duration::from_secs(1));
    Ok(line)
}

/// A run in which a percent of the calls fails says nothing of those that did not.
fn sound(who: &str, outcome: &Outcome) -> anyhow::Result<()> {
    eprintln!(
        "{who}: {} placed, {} failed, {} repeated, p50 {:.0} µs",
        outcome.placed,
        outcome.failed,
        outcome.repeated,
        percentile(&outcome.ringing_us, 50.0)
    );
    ensure!(
        outcome.failed_share() < 0.01,
        "void: {who} failed {} calls: {:?}",
        outcome.failed,
        outcome.statuses
    );
    Ok(())
}

/// Where to call, and a number that rings.
fn door(program: &Program) -> anyhow::Result<(SocketAddr, String)> {
    let demo = program.demo()?;
    // One that is nobody's, so that every agent would be told.
    let line = demo["numbers"][3].as_str().context("demo.json names no lines")?.to_owned();
    Ok((program.sip.parse()?, line))
}

/// KiB for each call that rings.
fn held(program: &Program, target: SocketAddr, line: &str) -> anyhow::Result<f64> {
    let before = process::resident(program.pid())?;
    let mut most = before;
    let hold = Duration::from_secs(4);
    let plan = Plan { target, line: line.to_owned(), rate: 1_300.0, calls: HELD, then: Then::GiveUp(hold) };
    let mut placed_at = None;
    let outcome = load::run(plan, |placed| {
        // All of them ring, and none has ended.
        if placed == HELD
            && *placed_at.get_or_insert_with(std::time::Instant::now) > std::time::Instant::now() - hold / 8
        {
            most = most.max(process::resident(program.pid()).unwrap_or(0));
        }
    })?;
    ensure!(outcome.failed == 0, "void: {} of the held calls failed: {:?}", outcome.failed, outcome.statuses);
    Ok((most - before) as f64 / 1024.0 / HELD as f64)
}

/// Resident memory at the end over what it was after a fifth of the calls.
fn over_many_calls(calls: usize) -> anyhow::Result<Figure> {
    let program = Program::start(&[])?;
    let (target, line) = door(&program)?;
    let mut early = None;
    let plan = Plan { target, line, rate: COMMON_RATE, calls, then: GIVE_UP };
    let outcome = load::run(plan, |placed| {
        if placed >= calls / 5 && early.is_none() {
            early = process::resident(program.pid()).ok();
        }
    })?;
    let late = process::resident(program.pid())?;
    let early = early.context("the memory was not seen in time")?;
    eprintln!(
        "{} calls, {} failed, {} repeated: {} MiB after a fifth, {} MiB at the end",
        outcome.placed,
        outcome.failed,
        outcome.repeated,
        early >> 20,
        late >> 20
    );
    ensure!(outcome.failed_share() < 0.001, "void: {} calls failed: {:?}", outcome.failed, outcome.statuses);
    Ok(Figure::new(vec![late as f64 / early as f64]))
}
