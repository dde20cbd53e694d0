//! Number → who it is, beside what it costs at least (a read of memory that depends on the one before, over 1 GiB) and
//! what others do: Postgres by a prepared, indexed query, Redis, and a search in JSON text.
//!
//! Every look-up of ours begins only when the one before has ended, as in the engine, where a call waits for it: without
//! that the processor would work on several at once, and the figure would be of something else.

mod peers;
mod texts;

use std::{fs, hint::black_box};

use anyhow::ensure;
use switchroom_bench::{
    Seeded, directory,
    figures::{Figure, Target, against, alone},
    number,
    program::Program,
};
use switchroom_core::{
    directory::TenantDirectory,
    number::{E164, PartyNumber, Region, normalise},
};

use peers::{Postgres, Redis};

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MILLION: u64 = 1_000_000;
const REPEATS: usize = 5;
/// Look-ups of one measurement.
const ROUNDS: usize = 1_000_000;

fn main() -> anyhow::Result<()> {
    let short = std::env::args().any(|flag| flag == "--short");
    let limit = Chase::new();
    eprintln!("the index of 1 M and of 10 M numbers");
    let small = Asked::new(MILLION)?;
    let large = Asked::new(10 * MILLION)?;
    let region: Region = "FR".parse()?;
    let common = texts::checked(&small.directory, MILLION, texts::common, region)?;
    let odd = texts::checked(&small.directory, MILLION, texts::odd, region)?;
    let mixed = texts::checked(&small.directory, MILLION, texts::mixed, region)?;
    eprintln!("the peers, with 1 M numbers each");
    let program = Program::start(&["--sip", "off"])?;
    let postgres = Postgres::fill(&program, MILLION)?;
    let mut redis = Redis::fill(MILLION)?;

    let mut figures = Figures::default();
    for repeat in 1..=REPEATS {
        eprintln!("repeat {repeat} of {REPEATS}");
        figures.limit.push(limit.measure());
        figures.reference.push(small.references());
        figures.reference_10m.push(large.references());
        figures.common.push(small.texts(&common, region));
        figures.odd.push(small.texts(&odd, region));
        figures.mixed.push(small.texts(&mixed, region));
        figures.context.push(small.contexts());
        figures.context_10m.push(large.contexts());
        figures.redis.push(redis.measure(if short { 5_000 } else { 20_000 })?);
        figures.postgres.push(postgres.indexed(if short { 1 } else { 3 })?);
        figures.ilike.push(postgres.ilike(if short { 1 } else { 3 })?);
    }
    figures.tell(&small, &large);
    Ok(())
}

#[derive(Default)]
struct Figures {
    limit: Figure,
    reference: Figure,
    reference_10m: Figure,
    common: Figure,
    odd: Figure,
    mixed: Figure,
    context: Figure,
    context_10m: Figure,
    redis: Figure,
    postgres: Figure,
    ilike: Figure,
}

impl Figures {
    fn tell(&self, small: &Asked, large: &Asked) {
        let limit = ("one dependent read over 1 GiB", &self.limit);
        let row = |what: &str, ours: &Figure, peer: (&str, &Figure), target| {
            println!("{}", against(what, "ns", ours, peer, target));
        };
        let met = Target::AtMost(1.5);
        row("lookup: number → contact reference, 1 M numbers", &self.reference, limit, met);
        row("lookup: number → contact reference, 10 M numbers", &self.reference_10m, limit, met);
        row("lookup: number → whole caller context, 1 M", &self.context, limit, Target::None);
        row("lookup: number → whole caller context, 10 M", &self.context_10m, limit, Target::None);
        let alone = |what: &str, unit: &str, ours: &Figure, target| {
            println!("{}", alone(what, unit, ours, target));
        };
        let text = "lookup: raw text → contact reference, 1 M";
        alone(&format!("{text}, common shapes"), "ns", &self.common, Target::AtMost(250.0));
        alone(&format!("{text}, shapes for the library"), "ns", &self.odd, Target::AtMost(1_500.0));
        alone(&format!("{text}, mixed with 18 % of sip: and tel:"), "ns", &self.mixed, Target::None);
        let bytes = "lookup: bytes a number for keys and references";
        alone(&format!("{bytes}, 1 M"), "B", &small.bytes(), Target::AtMost(48.0));
        alone(&format!("{bytes}, 10 M"), "B", &large.bytes(), Target::AtMost(48.0));
        let peer = "lookup: number → contact reference, 1 M, beside";
        for (name, figure) in [
            ("Redis HGET, Unix socket, one in flight", &self.redis),
            ("Postgres, prepared, btree, Unix socket", &self.postgres),
            ("Postgres, ILIKE '%digits%' over JSON text", &self.ilike),
        ] {
            row(&format!("{peer} {name}"), &self.reference, (name, figure), Target::None);
        }
    }
}

/// One long cycle of reads over 1 GiB, a cache line each, in an order that cannot be foreseen.
struct Chase(Vec<Line>);

#[derive(Clone)]
#[repr(align(64))]
struct Line(usize);

impl Chase {
    fn new() -> Self {
        // Sattolo's shuffle makes one cycle.
        let mut lines: Vec<Line> = (0..(1 << 30) / size_of::<Line>()).map(Line).collect();
        let mut random = Seeded(1);
        for at in (1..lines.len()).rev() {
            lines.swap(at, random.below(at as u64) as usize);
        }
        Self(lines)
    }

    fn measure(&self) -> f64 {
        let mut at = 0;
        let took = nanoseconds(2 * ROUNDS, |_| at = self.0[at].0);
        black_box(at);
        took
    }
}

/// Nanoseconds a round, of the processor's time: what others do meanwhile is not counted.
fn nanoseconds(rounds: usize, round: impl FnMut(usize)) -> f64 {
    let began = processor_time();
    (0..rounds).for_each(round);
    (processor_time() - began) as f64 / rounds as f64
}

/// Nanoseconds that this thread has run. The kernel's account is a few milliseconds behind at most.
fn processor_time() -> u64 {
    let account = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    account.split(' ').next().and_then(|field| field.parse().ok()).expect("Linux keeps this account")
}

/// A directory, and numbers of it in random order.
struct Asked {
    directory: TenantDirectory,
    numbers: Vec<E164>,
}

impl Asked {
    fn new(count: u64) -> anyhow::Result<Self> {
        let directory = directory(count);
        let mut random = Seeded(2);
        let wanted: Vec<u64> = (0..ROUNDS).map(|_| random.below(count)).collect();
        for n in &wanted {
            let found = directory.owner(number(*n)).map(|owner| owner.id.as_u128());
            ensure!(found == Some(u128::from(*n) + 1), "number {n} leads to {found:?}");
        }
        Ok(Self { directory, numbers: wanted.into_iter().map(number).collect() })
    }

    /// Which number is asked for next depends on the answer before, by nothing.
    fn references(&self) -> f64 {
        let (mut shift, nothing) = (0, black_box(0));
        nanoseconds(ROUNDS, |round| {
            if let Some(owner) = self.directory.owner(self.numbers[round + shift]) {
                shift = owner.id.as_u64_pair().1 as usize & nothing;
                black_box(owner);
            }
        })
    }

    fn texts(&self, texts: &[String], region: Region) -> f64 {
        let (mut shift, nothing) = (0, black_box(0));
        nanoseconds(texts.len(), |round| {
            // The next text comes into the cache meanwhile, as one that was just received would be there.
            black_box(texts.get(round + 1).and_then(|text| text.bytes().next()));
            if let PartyNumber::E164(number) = normalise(&texts[round + shift], region)
                && let Some(owner) = self.directory.owner(number)
            {
                shift = owner.id.as_u64_pair().1 as usize & nothing;
                black_box(owner);
            }
        })
    }

    fn contexts(&self) -> f64 {
        let (mut shift, nothing) = (0, black_box(0));
        nanoseconds(ROUNDS, |round| {
            let context = self.directory.context(&PartyNumber::E164(self.numbers[round + shift]));
            shift = context.contact.map_or(0, |contact| contact.id.as_u64_pair().1 as usize) & nothing;
            black_box(context);
        })
    }

    fn bytes(&self) -> Figure {
        let (bytes, numbers) = self.directory.memory();
        Figure::new(vec![bytes as f64 / numbers as f64])
    }
}
