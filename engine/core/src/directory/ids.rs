//! From contact to head, for writers: open addressing over the heads' numbers, the ids being in the heads themselves. The
//! bits of an entry that the number of a head does not need hold a print of the id, so that few heads are looked at.

use super::{ContactKind, ContactRef};

const FREE: u32 = 0;
/// Was in use; a walk goes on behind it.
const GONE: u32 = 1;
/// Head 0 is entry 2.
const OFFSET: u32 = 2;

#[derive(Default)]
pub(super) struct Ids {
    entries: Vec<u32>,
    /// Entries that are not free.
    used: usize,
    /// Bits of an entry that hold the head.
    bits: u32,
}

impl Ids {
    /// Room for `contacts` and a part of them more, as `slack` (sixteenths) says; heads are below `heads`.
    pub fn sized(contacts: usize, slack: usize, heads: u32) -> Self {
        let bits = (32 - (heads.max(64) + OFFSET).leading_zeros()).min(31);
        Self { entries: vec![FREE; contacts + contacts * slack / 16 + 16], used: 0, bits }
    }

    /// Whether one more fits, `head` being its head.
    pub fn has_room_for(&self, head: u32) -> bool {
        (self.used + 1) * 25 < self.entries.len() * 23 && u64::from(head + OFFSET) < 1 << self.bits
    }

    fn walk(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let length = self.entries.len();
        let start = ((u128::from(hash) * length as u128) >> 64) as usize;
        (start..length).chain(0..start)
    }

    fn head(&self, entry: u32) -> u32 {
        (entry & ((1 << self.bits) - 1)).wrapping_sub(OFFSET)
    }

    fn entry(&self, hash: u64, head: u32) -> u32 {
        // The place is taken from the upper bits.
        (hash as u32) << self.bits | (head + OFFSET)
    }

    fn place(&self, contact: ContactRef, of: impl Fn(u32) -> Option<ContactRef>) -> Option<usize> {
        let hash = hash(contact);
        let print = (hash as u32) << self.bits;
        for at in self.walk(hash) {
            let entry = self.entries[at];
            if entry == FREE {
                return None;
            }
            if entry != GONE
                && entry & !((1 << self.bits) - 1) == print
                && of(self.head(entry)) == Some(contact)
            {
                return Some(at);
            }
        }
        None
    }

    /// `of` tells whose a head is.
    pub fn find(&self, contact: ContactRef, of: impl Fn(u32) -> Option<ContactRef>) -> Option<u32> {
        Some(self.head(self.entries[self.place(contact, of)?]))
    }

    /// The contact is not there yet, and there is room.
    pub fn insert(&mut self, contact: ContactRef, head: u32) {
        let hash = hash(contact);
        if let Some(at) = self.walk(hash).find(|at| self.entries[*at] <= GONE) {
            self.used += usize::from(self.entries[at] == FREE);
            self.entries[at] = self.entry(hash, head);
        }
    }

    /// The contact has another head now.
    pub fn moved(&mut self, contact: ContactRef, to: u32, of: impl Fn(u32) -> Option<ContactRef>) {
        if let Some(at) = self.place(contact, of) {
            self.entries[at] = self.entry(hash(contact), to);
        }
    }

    pub fn remove(&mut self, contact: ContactRef, of: impl Fn(u32) -> Option<ContactRef>) {
        if let Some(at) = self.place(contact, of) {
            self.entries[at] = GONE;
        }
    }

    pub fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<u32>()
    }
}

/// Ids are made by time (UUIDv7), so their bits need mixing.
fn hash(contact: ContactRef) -> u64 {
    let bits = contact.id.as_u128();
    let kind = match contact.kind {
        ContactKind::OrganizationContact => 1_u64,
        ContactKind::Organization => 2,
        ContactKind::Individual => 3,
        ContactKind::EmailContact => 4,
    };
    let mut mixed =
        (bits as u64) ^ ((bits >> 64) as u64).rotate_left(32) ^ kind.wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ (mixed >> 32)
}
