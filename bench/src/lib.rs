//! Benchmarks. Each measures a limit or a peer in the same run as ours, so that the figure is a ratio and a slow or busy
//! machine does not change what it says. Results that were kept are in RESULTS.md.
//!
//! This library holds what the benches share: reproducible directories and numbers, the program under load, signed events,
//! and how figures are told.

pub mod figures;
pub mod hook;
pub mod load;
pub mod overload;
pub mod postgres;
pub mod process;
pub mod program;
pub mod relay;

use switchroom_core::{
    directory::{Contact, ContactKind, ContactPhone, ContactRef, TenantDirectory},
    number::E164,
};
use uuid::Uuid;

/// A small generator of our own, so that a seed gives the same numbers on every machine and release.
/// (SplitMix64, Steele, Lea and Flood 2014.)
#[derive(Clone, Debug)]
pub struct Seeded(pub u64);

impl Seeded {
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next_u64() % bound
    }
}

/// A seed that is different each time, for names of folders and calls.
pub fn random() -> u64 {
    Uuid::new_v4().as_u64_pair().0
}

/// The `n`th number of a numbering plan spread over five countries, subscribers being spread over each country's numbers.
pub fn number(n: u64) -> E164 {
    let subscriber = n / 5 * SPREAD;
    let digits = match n % 5 {
        0 => 33_600_000_000 + subscriber % 100_000_000,
        1 => 4_915_100_000_000 + (subscriber + 12_345_678) % 100_000_000,
        2 => 447_900_000_000 + (subscriber + 34_567_890) % 100_000_000,
        3 => 34_600_000_000 + (subscriber + 56_789_012) % 100_000_000,
        _ => 14_150_000_000 + (subscriber + 7_890_123) % 10_000_000,
    };
    E164::from_digits(digits).expect("a number of the plan is E.164")
}

/// Without a factor in common with powers of ten, so that no two subscribers meet.
pub const SPREAD: u64 = 61_803_399;

/// A directory of `count` numbers: 70 % individuals, 20 % organization contacts, 10 % organizations.
pub fn directory(count: u64) -> TenantDirectory {
    let directory = TenantDirectory::new();
    directory.begin_load(count as usize);
    for n in 0..count {
        let kind = match n % 10 {
            0..=6 => ContactKind::Individual,
            7 | 8 => ContactKind::OrganizationContact,
            _ => ContactKind::Organization,
        };
        let id = Uuid::from_u128(u128::from(n) + 1);
        directory.put(Contact {
            reference: ContactRef { kind, id },
            name: format!("Caller {n}").into(),
            organization: (kind == ContactKind::OrganizationContact).then(|| (id, "Example GmbH".into())),
            gender: None,
            email: Some(format!("caller{n}@customer.example").into()),
            active: true,
            last_contacted_at: None,
            phones: vec![ContactPhone { e164: number(n), primary: true }],
        });
    }
    directory.end_load();
    directory
}
