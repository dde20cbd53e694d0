//! From contact to the ending of its first number, for writers: open addressing over four bytes a contact. Eight bits of
//! an entry are a print of the id; whether it is the contact's is said by the table's entries of that ending.

use super::{ContactKind, ContactRef, table::Ending};

const FREE: u32 = 0;
/// Was in use; a walk goes on behind it.
const GONE: u32 = 1;
/// Ending 0 is entry 2; so ten million endings need 24 bits.
const OFFSET: u32 = 2;
const ENDING_BITS: u32 = 24;

#[derive(Default)]
pub(super) struct Ids {
    entries: Vec<u32>,
    /// Entries that are not free.
    used: usize,
}

impl Ids {
    /// Room for that many contacts, and an eighth more.
    pub fn sized(contacts: usize) -> Self {
        Self { entries: vec![FREE; contacts * 25 / 23 * 9 / 8 + 16], used: 0 }
    }

    /// Whether one more leaves walks short.
    pub fn has_room(&self) -> bool {
        (self.used + 1) * 25 < self.entries.len() * 23
    }

    fn walk(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let (start, length) = (self.start(hash), self.entries.len());
        (start..length).chain(0..start)
    }

    fn start(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.entries.len() as u128) >> 64) as usize
    }

    /// Reads the entry where a contact is looked for first, to have it at hand.
    pub fn touch(&self, contact: ContactRef) -> u64 {
        self.entries.get(self.start(hash(contact))).copied().map_or(0, u64::from)
    }

    /// The first answer for an ending at which the contact may be.
    pub fn find<T>(&self, contact: ContactRef, at: impl Fn(Ending) -> Option<T>) -> Option<T> {
        let hash = hash(contact);
        for place in self.walk(hash) {
            let entry = self.entries[place];
            if entry == FREE {
                break;
            }
            if entry > GONE
                && entry >> ENDING_BITS == print(hash)
                && let Some(found) = at(Ending((entry & ((1 << ENDING_BITS) - 1)) - OFFSET))
            {
                return Some(found);
            }
        }
        None
    }

    /// The contact is not there yet, and there is room.
    pub fn insert(&mut self, contact: ContactRef, ending: Ending) {
        let hash = hash(contact);
        if let Some(at) = self.walk(hash).find(|at| self.entries[*at] <= GONE) {
            self.used += usize::from(self.entries[at] == FREE);
            self.entries[at] = entry(hash, ending);
        }
    }

    /// Of entries that are alike, for contacts whose walks meet, the nearest one goes: each walk still finds as many as
    /// it has to.
    pub fn remove(&mut self, contact: ContactRef, ending: Ending) {
        let hash = hash(contact);
        let known = entry(hash, ending);
        let mut walk = self.walk(hash).take_while(|at| self.entries[*at] != FREE);
        if let Some(at) = walk.find(|at| self.entries[*at] == known) {
            self.entries[at] = GONE;
        }
    }

    pub fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<u32>()
    }
}

fn print(hash: u64) -> u32 {
    // The place is taken from the upper bits.
    u32::from(hash as u8)
}

fn entry(hash: u64, ending: Ending) -> u32 {
    print(hash) << ENDING_BITS | (ending.0 + OFFSET)
}

/// Ids are made by time (UUIDv7), so their bits need mixing.
pub(super) fn hash(contact: ContactRef) -> u64 {
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
