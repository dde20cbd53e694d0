//! Mutations without coverage, for the tests: small changes of seeds, spliced and repeated, from a fixed seed.

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % bound.max(1) as u64).unwrap_or(0)
    }
}

/// What breaks parsers: ends of things, numbers at their limits, octets that are no text.
const SPICE: [&[u8]; 24] = [
    b"\0",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b" ",
    b"\t",
    b"\"",
    b"'",
    b"%",
    b"%00",
    b"&",
    b"=",
    b";",
    b":",
    b",",
    b"<",
    b"\\u0000",
    b"-1",
    b"18446744073709551616",
    b"{",
    b"[",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x98\x80",
];

/// A changed copy of one of the seeds.
pub fn mutated(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut octets = seeds.get(dice.below(seeds.len())).cloned().unwrap_or_default();
    for _ in 0..=dice.below(4) {
        let at = dice.below(octets.len() + 1);
        let end = (at + dice.below(16)).min(octets.len());
        match dice.below(8) {
            0 if at < octets.len() => octets[at] ^= 1 << dice.below(8),
            1 if at < octets.len() => octets[at] = dice.roll() as u8,
            2 => {
                octets.drain(at..end);
            }
            3 => octets.truncate(at),
            4 => {
                let spice = SPICE[dice.below(SPICE.len())];
                octets.splice(at..end.min(at + dice.below(2)), spice.iter().copied());
            }
            5 => {
                let piece: Vec<u8> = octets[at..end].to_vec();
                let times = 1 + dice.below(40);
                octets.splice(at..at, piece.iter().copied().cycle().take(piece.len() * times));
            }
            6 => {
                let other = &seeds[dice.below(seeds.len())];
                let from = dice.below(other.len() + 1);
                octets.truncate(at);
                octets.extend_from_slice(&other[from..]);
            }
            _ => octets.insert(at, dice.roll() as u8),
        }
        octets.truncate(70_000);
    }
    octets
}
