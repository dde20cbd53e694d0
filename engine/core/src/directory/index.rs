//! The index from number to owners.
//!
//! Each owner of a number has an entry for it in the table, and an entry holds all that says whose it is. Readers take no
//! lock and never wait; writers take turns. A reader that has found nobody while some entry was given up looks again:
//! the number may have gone to somebody whose entry lies where it had already been.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwap;

use super::{
    ContactRef,
    body::Owner,
    context::{self, CallerContext, Quality},
    entry::Word,
    ids::Ids,
    table::{Ending, Table},
};
use crate::number::{self, E164, PartyNumber};

/// The longest list of other owners an answer carries.
pub(super) const MAX_OTHERS: usize = 50;

/// The contacts of one tenant.
pub struct TenantDirectory {
    pub(super) table: ArcSwap<Table>,
    /// How many entries have been given up. Counted before it is to be seen in the entry.
    pub(super) given_up: AtomicU64,
    pub(super) contacts: AtomicUsize,
    writer: Mutex<Writer>,
}

/// What only writers need.
#[derive(Default)]
pub(super) struct Writer {
    pub ids: Ids,
    /// Of each segment, the entries taken or given up.
    pub used: Vec<usize>,
    /// Entries taken in all.
    pub taken: usize,
    /// Numbers with an owner.
    pub numbers: usize,
    /// Tables that some reader may still look at.
    pub left: Vec<Arc<Table>>,
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
            table: ArcSwap::from_pointee(Table::default()),
            given_up: AtomicU64::new(0),
            contacts: AtomicUsize::new(0),
            writer: Mutex::new(Writer { used: vec![0], ..Writer::default() }),
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

    /// Which contact owns a number, where nothing of it is shown; of several, the one that comes first.
    pub fn owner(&self, number: E164) -> Option<ContactRef> {
        let table = self.table.load();
        match table.first(number) {
            Some((entry, word)) if !word.has(Word::SHARED) => entry.owner_reference(word),
            _ => None,
        }
        .or_else(|| self.owners(number).first().map(Owner::reference))
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
            // Who went and came back while they were gathered may have been met twice.
            each_once(&mut owners, |owner| owner);
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

    #[inline]
    fn found(&self, number: E164) -> Found {
        loop {
            let given_up = self.given_up.load(Ordering::Acquire);
            let found = search(&self.table.load(), number);
            // Each further round needs a writer that has given up an entry in between.
            if !matches!(found, Found::Nobody) || self.given_up.load(Ordering::Acquire) == given_up {
                return found;
            }
        }
    }

    /// Owners of numbers that end like this one in at least seven national digits, best first.
    fn possible_owners(&self, number: E164) -> Vec<(E164, Owner)> {
        if national_length(number) < 7 {
            return Vec::new();
        }
        let ending = Ending::of(number);
        let mut owners: Vec<(E164, Owner)> = Vec::new();
        for entry in self.table.load().walk(ending) {
            let word = entry.word();
            if word.is_free() {
                break;
            }
            let Ok(known) = E164::from_digits(word.digits()) else { continue };
            if known != number && Ending::of(known) == ending && national_length(known) >= 7 {
                owners.extend(entry.owner(word).map(|owner| (known, owner)));
            }
        }
        owners.sort_by_cached_key(|(known, owner)| (owner.rank(*known), *known));
        each_once(&mut owners, |(_, owner)| owner);
        owners
    }
}

#[inline]
fn search(table: &Table, number: E164) -> Found {
    match table.first(number) {
        None => return Found::Nobody,
        Some((entry, word)) if !word.has(Word::SHARED) => {
            if let Some(owner) = entry.owner(word) {
                return Found::One(owner);
            }
        }
        Some(_) => {}
    }
    let mut several = Vec::new();
    for entry in table.walk(Ending::of(number)) {
        let word = entry.word();
        if word.is_free() {
            break;
        }
        if word.digits() == number.digits()
            && let Some(owner) = entry.owner(word)
        {
            several.push(owner);
        }
    }
    match (several.len(), several.pop()) {
        (1, Some(owner)) => Found::One(owner),
        (_, Some(owner)) => {
            several.push(owner);
            Found::Several(several)
        }
        (_, None) => Found::Nobody,
    }
}

/// Of several of one contact the first stays.
fn each_once<T>(owners: &mut Vec<T>, owner: impl Fn(&T) -> &Owner) {
    let mut seen: BTreeSet<ContactRef> = BTreeSet::new();
    owners.retain(|one| seen.insert(owner(one).reference()));
}

fn national_length(number: E164) -> usize {
    let digits = number.digits().checked_ilog10().map_or(0, |log| log as usize + 1);
    // Of a number no country has, the shortest calling code is the careful guess that still lets it match itself.
    digits - number::calling_code_length(number).max(1)
}
