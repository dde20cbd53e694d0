//! Chance, from a seed: the same on every machine and release (SplitMix64, Steele, Lea and Flood 2014).

use chrono::TimeDelta;

#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        // Neighbouring seeds begin far apart.
        let mut rng = Self(seed);
        let start = rng.next();
        Self(start ^ seed.rotate_left(32))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// True so many times in a thousand.
    pub fn permille(&mut self, chance: u64) -> bool {
        self.below(1_000) < chance
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    /// A length between the two, in nanoseconds as clocks have them: finer than what a database keeps.
    pub fn between(&mut self, least_ms: i64, most_ms: i64) -> TimeDelta {
        let span = (most_ms - least_ms).max(0).unsigned_abs() * 1_000_000 + 1;
        TimeDelta::nanoseconds(least_ms * 1_000_000 + i64::try_from(self.below(span)).unwrap_or(0))
    }
}
