//! Open addressing from number to a 32-bit value, read without locks while one writer changes it.
//!
//! An entry is eight bytes: a print of the number and the value. Two numbers may have the same print, so whoever reads
//! holds what the value leads to against the number; that a table of full numbers would save this is no gain, because
//! the value is followed anyway, and it would be half as large again.
//!
//! A number's place depends on its last seven digits only, and so does half of its print. So one walk from there finds
//! the number itself, or, when nobody has it, the numbers that end alike.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::number::E164;

/// Value of an entry that is no longer in use; another may take its place.
pub(super) const NOBODY: u32 = u32::MAX;
/// Numbers that end in the same seven digits lie together.
const ENDING: u64 = 10_000_000;
/// In a print: taken, so that no entry is all zero.
const TAKEN: u32 = 1 << 31;
/// The part of a print that tells the ending.
const ENDING_PRINT: u32 = 0x7fff << 16;
/// Unit tests make prints so poor that different numbers share one all the time.
const KEPT: u32 = if cfg!(test) { TAKEN | 1 << 16 | 1 } else { u32::MAX };

/// Numbers with the same last seven digits.
pub(super) fn ends_alike(a: E164, b: E164) -> bool {
    a.digits() % ENDING == b.digits() % ENDING
}

fn hash(number: E164) -> u64 {
    (number.digits() % ENDING + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// What an entry keeps of a number.
pub(super) fn print(number: E164) -> u32 {
    // The place is taken from the upper bits.
    let ending = (hash(number) >> 12) as u32 & 0x7fff;
    let before = ((number.digits() / ENDING + 1).wrapping_mul(0xd6e8_feb8_6659_fd93) >> 48) as u32;
    (TAKEN | ending << 16 | before) & KEPT
}

/// An entry as it was when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    at: usize,
    pub value: u32,
}

pub(super) struct Table {
    slots: Box<[AtomicU64]>,
    /// Slots taken, by entries in use or not. Only the writer reads it.
    taken: AtomicU32,
}

impl Table {
    pub fn with_slots(slots: usize) -> Self {
        // A walk ends at a free slot, so there is always one.
        let slots = slots.clamp(16, u32::MAX as usize);
        Self { slots: (0..slots).map(|_| AtomicU64::new(0)).collect(), taken: AtomicU32::new(0) }
    }

    /// Whether that many more entries leave walks short.
    pub fn has_room_for(&self, more: usize) -> bool {
        (self.taken.load(Ordering::Relaxed) as usize + more) * 8 < self.slots.len() * 7
    }

    /// Where the number's entries begin.
    fn place(&self, number: E164) -> usize {
        // The high half of the product spreads the hash over any table size.
        ((u128::from(hash(number)) * self.slots.len() as u128) >> 64) as usize
    }

    fn walk(&self, number: E164, mask: u32) -> Walk<'_> {
        let wanted = print(number) & mask;
        Walk { slots: &self.slots, at: self.place(number), left: self.slots.len(), mask, wanted }
    }

    /// Entries in use that may be the number's.
    pub fn of(&self, number: E164) -> Walk<'_> {
        self.walk(number, u32::MAX)
    }

    /// Entries in use whose numbers may end in the same seven digits.
    pub fn alike(&self, number: E164) -> Walk<'_> {
        self.walk(number, ENDING_PRINT)
    }

    /// Whether the entry is still what it was.
    pub fn still(&self, entry: Entry) -> bool {
        self.slots[entry.at].load(Ordering::Acquire) as u32 == entry.value
    }

    /// A further entry. The writer has made sure of room.
    pub fn insert(&self, number: E164, value: u32) {
        let start = self.place(number);
        for at in (start..self.slots.len()).chain(0..start) {
            let slot = self.slots[at].load(Ordering::Relaxed);
            if slot != 0 && slot as u32 != NOBODY {
                continue;
            }
            if slot == 0 {
                self.taken.fetch_add(1, Ordering::Relaxed);
            }
            self.slots[at].store(u64::from(print(number)) << 32 | u64::from(value), Ordering::Release);
            return;
        }
    }

    /// Another value for an entry, or none with [`NOBODY`].
    pub fn replace(&self, entry: Entry, value: u32) {
        let print = self.slots[entry.at].load(Ordering::Relaxed) >> 32;
        self.slots[entry.at].store(print << 32 | u64::from(value), Ordering::Release);
    }

    pub fn bytes(&self) -> usize {
        size_of_val(&*self.slots)
    }
}

/// Over the slots from a number's place on, up to the first free one.
pub(super) struct Walk<'a> {
    slots: &'a [AtomicU64],
    at: usize,
    left: usize,
    /// The part of a print that must be as wanted.
    mask: u32,
    wanted: u32,
}

impl Iterator for Walk<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        while self.left > 0 {
            let at = self.at;
            // Acquire: what the value leads to was written before the entry.
            let slot = self.slots[at].load(Ordering::Acquire);
            if slot == 0 {
                break;
            }
            self.left -= 1;
            self.at = if at + 1 == self.slots.len() { 0 } else { at + 1 };
            let value = slot as u32;
            if (slot >> 32) as u32 & self.mask == self.wanted && value != NOBODY {
                return Some(Entry { at, value });
            }
        }
        None
    }
}
