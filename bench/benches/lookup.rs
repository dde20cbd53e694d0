//! Number → caller context, beside its limits: one dependent read from memory over 1 GiB (what any index of this size
//! pays at least once) and a std HashMap from number to a boxed record.

use std::{collections::HashMap, hint::black_box};

use criterion::{Criterion, criterion_group, criterion_main};
use switchroom_bench::{Seeded, directory, number};
use switchroom_core::number::{PartyNumber, Region, normalise};

const NUMBERS: u64 = 1_000_000;
/// 1 GiB of 8-byte links.
const CHASE: usize = 1 << 27;

fn lookup(c: &mut Criterion) {
    let mut group = c.benchmark_group("lookup-1M");

    // Sattolo's shuffle makes one cycle, so that the chase visits everything and cannot be predicted.
    let mut next: Vec<u64> = (0..CHASE as u64).collect();
    let mut random = Seeded(1);
    for i in (1..CHASE).rev() {
        next.swap(i, random.below(i as u64) as usize);
    }
    let mut at = 0_usize;
    group.bench_function("limit: one dependent read over 1 GiB", |b| {
        b.iter(|| {
            at = next[at] as usize;
            black_box(at)
        });
    });
    drop(next);

    let ours = directory(NUMBERS);
    let (bytes, numbers) = ours.memory();
    eprintln!("index: {:.1} bytes a number for keys and references", bytes as f64 / numbers as f64);
    let mut random = Seeded(2);
    group.bench_function("ours: number to caller context", |b| {
        b.iter_batched(
            || PartyNumber::E164(number(random.below(NUMBERS))),
            |wanted| black_box(ours.context(&wanted)),
            criterion::BatchSize::SmallInput,
        );
    });

    let peer: HashMap<u64, Box<(u128, String)>> = (0..NUMBERS)
        .map(|n| {
            let digits = number(n).to_string()[1..].parse().expect("digits");
            (digits, Box::new((u128::from(n), format!("Caller {n}"))))
        })
        .collect();
    let mut random = Seeded(2);
    group.bench_function("peer: std HashMap to a cloned record", |b| {
        b.iter_batched(
            || number(random.below(NUMBERS)).to_string()[1..].parse::<u64>().expect("digits"),
            |wanted| black_box(peer.get(&wanted).cloned()),
            criterion::BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn normalising(c: &mut Criterion) {
    let region: Region = "FR".parse().expect("a region");
    let mut group = c.benchmark_group("normalise");
    for raw in
        ["+33639980001", "06 39 98 00 01", "0033 6 39 98 00 01", "sip:+33639980001@trunk.example;user=phone"]
    {
        group.bench_function(raw, |b| b.iter(|| black_box(normalise(black_box(raw), region))));
    }
    group.finish();
}

criterion_group!(benches, lookup, normalising);
criterion_main!(benches);
