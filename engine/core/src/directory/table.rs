//! Open addressing from number to a 32-bit value, read without locks while one writer changes it.
//!
//! A number's place depends on its last seven digits only. So one walk from there finds the number itself, or, when
//! nobody has it, the numbers that end alike: the same table answers the exact and the possible match.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::number::E164;

/// Marks a slot as taken, so that no key is all zero.
const TAKEN: u64 = 1 << 63;
/// Value of a number that has no owner any more; its slot stays until the table is rebuilt.
pub(super) const NOBODY: u32 = u32::MAX;
/// Numbers that end in the same seven digits lie together.
const ENDING: u64 = 10_000_000;

/// Twelve bytes: the key in halves, so that it needs no padding, and the value.
#[derive(Default)]
struct Slot {
    high: AtomicU32,
    low: AtomicU32,
    value: AtomicU32,
}

impl Slot {
    /// The number, once the slot is taken. A key is written once and never changes within one table.
    fn number(&self) -> Option<u64> {
        // Acquire on the half that is written last: whoever sees it sees the rest.
        match self.high.load(Ordering::Acquire) {
            0 => None,
            high => Some((u64::from(high) << 32 | u64::from(self.low.load(Ordering::Relaxed))) & !TAKEN),
        }
    }
}

pub(super) struct Table {
    slots: Box<[Slot]>,
    /// Slots taken, by numbers with an owner or without. Only the writer reads it.
    taken: AtomicU32,
}

impl Table {
    /// Room for `numbers` before the table is full.
    pub fn with_room_for(numbers: usize) -> Self {
        let size = (numbers * 5 / 4 + 16).min(u32::MAX as usize);
        Self { slots: (0..size).map(|_| Slot::default()).collect(), taken: AtomicU32::new(0) }
    }

    /// Whether one more number would make walks too long.
    pub fn is_full(&self) -> bool {
        (self.taken.load(Ordering::Relaxed) as usize + 1) * 5 > self.slots.len() * 4
    }

    /// The slots from a number's place on, up to the first free one.
    fn walk(&self, number: u64) -> impl Iterator<Item = (&Slot, u64)> {
        let hash = (number % ENDING + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // The high half of the product spreads the hash over any table size.
        let start = ((u128::from(hash) * self.slots.len() as u128) >> 64) as usize;
        let (before, after) = self.slots.split_at(start);
        after.iter().chain(before).map_while(|slot| Some((slot, slot.number()?)))
    }

    pub fn get(&self, number: E164) -> Option<u32> {
        self.walk(number.digits())
            .find(|(_, known)| *known == number.digits())
            .map(|(slot, _)| slot.value.load(Ordering::Acquire))
            .filter(|value| *value != NOBODY)
    }

    /// Numbers that end in the same seven digits and have an owner, other than the number itself.
    pub fn alike(&self, number: E164) -> impl Iterator<Item = (E164, u32)> {
        let digits = number.digits();
        self.walk(digits).filter_map(move |(slot, known)| {
            let value = slot.value.load(Ordering::Acquire);
            (known != digits && known % ENDING == digits % ENDING && value != NOBODY)
                .then(|| Some((E164::from_digits(known).ok()?, value)))
                .flatten()
        })
    }

    /// Sets the value of a number. The writer makes sure that the table is not full.
    pub fn set(&self, number: E164, value: u32) {
        let digits = number.digits();
        let mut taken = 0;
        for (slot, known) in self.walk(digits) {
            if known == digits {
                slot.value.store(value, Ordering::Release);
                return;
            }
            taken += 1;
        }
        if value == NOBODY {
            return;
        }
        let hash = (digits % ENDING + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let start = ((u128::from(hash) * self.slots.len() as u128) >> 64) as usize;
        let slot = &self.slots[(start + taken) % self.slots.len()];
        let key = digits | TAKEN;
        slot.value.store(value, Ordering::Relaxed);
        slot.low.store(key as u32, Ordering::Relaxed);
        slot.high.store((key >> 32) as u32, Ordering::Release);
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    /// Every number that has an owner.
    pub fn entries(&self) -> impl Iterator<Item = (E164, u32)> {
        self.slots.iter().filter_map(|slot| {
            let number = E164::from_digits(slot.number()?).ok()?;
            let value = slot.value.load(Ordering::Acquire);
            (value != NOBODY).then_some((number, value))
        })
    }

    pub fn bytes(&self) -> usize {
        self.slots.len() * size_of::<Slot>()
    }
}
