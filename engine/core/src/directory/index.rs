//! The index from number to owners.
//!
//! One table maps a number to the head of its owner or, where it has several, to a list of them. Readers take no lock and
//! never wait; writers take turns. A contact that changes gets another head, and then each of its entries is turned to
//! that one: what an entry leads to is complete at every moment. A reader that follows an entry which has just been
//! turned away finds a head that does not fit the number, sees that the entry has changed, and looks again.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use arc_swap::{ArcSwap, ArcSwapOption};

use super::{
    ContactRef,
    context::{self, CallerContext, Quality},
    heads::{Head, Owner},
    ids::Ids,
    slots::Slots,
    table::{Entry, Table, ends_alike},
};
use crate::number::{self, E164, PartyNumber};

/// A value with this bit is the number of a list, not of a head.
pub(super) const LIST: u32 = 1 << 31;
/// The longest list of other owners an answer carries.
pub(super) const MAX_OTHERS: usize = 50;

/// The heads of the owners of a shared number.
pub(super) struct List {
    pub number: E164,
    pub owners: Box<[u32]>,
}

/// The contacts of one tenant.
pub struct TenantDirectory {
    pub(super) table: ArcSwap<Table>,
    pub(super) lists: Slots<ArcSwapOption<List>>,
    pub(super) heads: Slots<Head>,
    pub(super) contacts: AtomicUsize,
    writer: Mutex<Writer>,
}

/// What only writers need.
#[derive(Default)]
pub(super) struct Writer {
    pub ids: Ids,
    /// Heads that are nobody's. The one that was given up first is used first.
    pub free: VecDeque<u32>,
    pub next_head: u32,
    pub free_lists: VecDeque<u32>,
    pub next_list: u32,
    /// Numbers with an owner.
    pub numbers: usize,
    /// A first load is under way.
    pub loading: bool,
}

/// What a number leads to.
enum Found {
    Nobody,
    One(Owner),
    /// In no order.
    Several(Vec<Owner>),
}

/// The reader came between two states; the next look will find the new one.
struct Moved;

impl Default for TenantDirectory {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for TenantDirectory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TenantDirectory").field("contacts", &self.len()).finish_non_exhaustive()
    }
}

impl TenantDirectory {
    pub fn new() -> Self {
        Self {
            table: ArcSwap::from_pointee(Table::with_slots(0)),
            lists: Slots::default(),
            heads: Slots::default(),
            contacts: AtomicUsize::new(0),
            writer: Mutex::new(Writer::default()),
        }
    }

    /// Number of contacts.
    pub fn len(&self) -> usize {
        self.contacts.load(Ordering::Relaxed)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A poisoned lock means that a writer panicked; what it left is consistent entry by entry, so go on.
    pub(super) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who owns a number; of several, the one that comes first.
    pub fn owner(&self, number: E164) -> Option<Owner> {
        match self.found(number) {
            Found::Nobody => None,
            Found::One(owner) => Some(owner),
            Found::Several(owners) => owners.into_iter().min_by_key(|owner| owner.rank(number)),
        }
    }

    /// Who owns a number, best first.
    pub fn owners(&self, number: E164) -> Vec<Owner> {
        let mut owners = match self.found(number) {
            Found::Nobody => Vec::new(),
            Found::One(owner) => vec![owner],
            Found::Several(owners) => owners,
        };
        if owners.len() > 1 {
            owners.sort_by_cached_key(|owner| owner.rank(number));
        }
        owners
    }

    /// Who is calling. An extension is looked up among colleagues by [`CallerContext::of_colleague`], not here.
    pub fn context(&self, number: &PartyNumber) -> CallerContext {
        match number {
            PartyNumber::E164(e164) => self.context_of(*e164),
            PartyNumber::Extension(digits) => CallerContext::unknown(
                Quality::Extension,
                Some(digits.to_string()),
                "an extension that no colleague has",
            ),
            PartyNumber::Anonymous => {
                CallerContext::unknown(Quality::Anonymous, None, "the caller withheld the number")
            }
            PartyNumber::Invalid(_) => {
                CallerContext::unknown(Quality::Invalid, None, "not a telephone number")
            }
        }
    }

    fn context_of(&self, number: E164) -> CallerContext {
        let owners = self.owners(number);
        if let Some((first, others)) = owners.split_first() {
            first.touch();
            return context::known(number, first, others);
        }
        let possible = self.possible_owners(number);
        if possible.is_empty() {
            return CallerContext::unknown(Quality::Exact, Some(number.text()), "no contact has this number");
        }
        context::possible(number, &possible)
    }

    fn found(&self, number: E164) -> Found {
        // Each further round needs a writer that has changed this very number in between.
        loop {
            if let Ok(found) = self.search(&self.table.load(), number) {
                return found;
            }
        }
    }

    #[inline]
    fn search(&self, table: &Arc<Table>, number: E164) -> Result<Found, Moved> {
        let mut found = Found::Nobody;
        for entry in table.of(number) {
            if entry.value & LIST != 0 {
                match self.owners_of(entry.value & !LIST, number)? {
                    Some(owners) => return Ok(Found::Several(owners)),
                    None => self.same(table, entry)?,
                }
                continue;
            }
            let Some(head) = self.heads.get(entry.value) else { continue };
            match head.read() {
                // An entry of one of a contact's numbers may lead to it by another of like print; where that one has
                // several owners its list is further on.
                Ok(owner) if owner.owns(number) => {
                    if !owner.has_more_numbers() {
                        return Ok(Found::One(owner));
                    }
                    found = Found::One(owner);
                }
                read => {
                    let seen = read.map_or_else(|word| word, |owner| owner.word());
                    self.same(table, entry)?;
                    if head.word() != seen {
                        return Err(Moved);
                    }
                }
            }
        }
        Ok(found)
    }

    /// An entry led to what is not the number's. That is so for good if the entry is still there, in the table that is
    /// still the one in use.
    fn same(&self, table: &Arc<Table>, entry: Entry) -> Result<(), Moved> {
        let current = Arc::ptr_eq(table, &self.table.load());
        if current && table.still(entry) { Ok(()) } else { Err(Moved) }
    }

    /// The owners on a list, none where it is another number's.
    fn owners_of(&self, list: u32, number: E164) -> Result<Option<Vec<Owner>>, Moved> {
        let Some(place) = self.lists.get(list) else { return Ok(None) };
        let list = place.load();
        let Some(known) = list.as_ref().filter(|list| list.number == number) else { return Ok(None) };
        let mut owners = Vec::with_capacity(known.owners.len());
        for head in &known.owners {
            match self.heads.get(*head).map(Head::read) {
                Some(Ok(owner)) if owner.owns(number) => owners.push(owner),
                // Heads leave a list before they are used for somebody else.
                _ if place.load().as_ref().is_some_and(|now| Arc::ptr_eq(now, known)) => {}
                _ => return Err(Moved),
            }
        }
        Ok(Some(owners))
    }

    /// Owners of numbers that end like this one in at least seven national digits, best first.
    fn possible_owners(&self, number: E164) -> Vec<(E164, Owner)> {
        if national_length(number) < 7 {
            return Vec::new();
        }
        let alike = |known: E164| known != number && ends_alike(known, number) && national_length(known) >= 7;
        let mut owners: Vec<(E164, Owner)> = Vec::new();
        for Entry { value, .. } in self.table.load().alike(number) {
            if value & LIST == 0 {
                let Some(Ok(owner)) = self.heads.get(value).map(Head::read) else { continue };
                if let Some(known) = owner
                    .numbers()
                    .filter(|known| alike(*known))
                    .min_by_key(|known| (!owner.primary(*known), *known))
                {
                    owners.push((known, owner));
                }
                continue;
            }
            let Some(list) = self.lists.get(value & !LIST).and_then(|list| list.load_full()) else {
                continue;
            };
            if alike(list.number) {
                let of_list = list.owners.iter().filter_map(|head| self.heads.get(*head)?.read().ok());
                owners.extend(
                    of_list.filter(|owner| owner.owns(list.number)).map(|owner| (list.number, owner)),
                );
            }
        }
        owners.sort_by_cached_key(|(known, owner)| (owner.rank(*known), *known));
        let mut seen: Vec<ContactRef> = Vec::new();
        owners.retain(|(_, owner)| {
            let fresh = !seen.contains(&owner.reference());
            seen.push(owner.reference());
            fresh
        });
        owners
    }
}

fn national_length(number: E164) -> usize {
    let digits = number.digits().checked_ilog10().map_or(0, |log| log as usize + 1);
    // Of a number no country has, the shortest calling code is the careful guess that still lets it match itself.
    digits - number::calling_code_length(number).max(1)
}
