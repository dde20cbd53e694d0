//! The index from number to owners.
//!
//! One table maps a number to the slot of its owner's record or, where it has several, to a list of them. Records are
//! replaced as a whole. Readers take no lock and never wait; writers take turns. A reader that meets a change under
//! way may follow an entry to a record that has just lost the number: so whatever it finds it holds against the
//! record itself, and looks again where the two disagree.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};

use arc_swap::ArcSwap;
use uuid::Uuid;

use super::{
    Contact, ContactKind, ContactPhone, ContactRef,
    context::{self, CallerContext, Quality},
    slots::Slots,
    table::{NOBODY, Table},
};
use crate::{
    Timestamp,
    number::{self, E164, PartyNumber},
};

/// An entry with this bit is the number of a list, not of a record.
const LIST: u32 = 1 << 31;
/// The longest list of other owners an answer carries.
pub(super) const MAX_OTHERS: usize = 50;
/// In a packed phone: set on the contact's primary number.
const PRIMARY: u64 = 1 << 63;
const NEVER: i64 = i64::MIN;

/// A contact as it is kept.
pub(super) struct Record {
    pub reference: ContactRef,
    pub name: Arc<str>,
    pub organization: Option<(Uuid, Arc<str>)>,
    pub gender: Option<Arc<str>>,
    pub email: Option<Arc<str>>,
    pub active: bool,
    /// Unix microseconds; moves on with every call, without a new record.
    last_contacted_us: AtomicI64,
    /// The first number lies in the record, where it costs no further read of memory; most contacts have one.
    first_phone: u64,
    more_phones: Box<[u64]>,
}

impl Record {
    /// Packed, the first first. A contact without any has 0 there, which is no number.
    fn phones(&self) -> impl Iterator<Item = u64> {
        std::iter::once(self.first_phone).chain(self.more_phones.iter().copied())
    }

    fn owns(&self, number: E164) -> bool {
        self.phones().any(|phone| phone & !PRIMARY == number.digits())
    }

    /// Asks for the memory of all texts at once, before they are cloned one after the other: each clone counts a
    /// reference, and such a write lets no later read begin before it is done.
    fn touch(&self) {
        let first = |text: &Arc<str>| text.as_bytes().first().copied().unwrap_or(0);
        let seen = first(&self.name)
            ^ self.email.as_ref().map_or(0, first)
            ^ self.organization.as_ref().map_or(0, |(_, name)| first(name));
        std::hint::black_box(seen);
    }

    pub fn last_contacted_us(&self) -> i64 {
        self.last_contacted_us.load(Ordering::Relaxed)
    }

    pub fn primary(&self, number: E164) -> bool {
        self.phones().any(|phone| phone == number.digits() | PRIMARY)
    }

    fn numbers(&self) -> impl Iterator<Item = E164> {
        self.phones().filter_map(|phone| E164::from_digits(phone & !PRIMARY).ok())
    }

    /// Kind first; then active, primary, most recently contacted, lowest id.
    fn rank(&self, number: E164) -> impl Ord + use<> {
        (
            self.reference.kind,
            !self.active,
            !self.primary(number),
            std::cmp::Reverse(self.last_contacted_us.load(Ordering::Relaxed)),
            self.reference.id,
        )
    }
}

/// One generation of the table, with the lists its entries name.
struct Entries {
    table: Table,
    lists: Slots<Box<[u32]>>,
}

impl Entries {
    fn with_room_for(numbers: usize) -> Self {
        Self { table: Table::with_room_for(numbers), lists: Slots::default() }
    }
}

/// The contacts of one tenant.
pub struct TenantDirectory {
    entries: ArcSwap<Entries>,
    records: Slots<Record>,
    contacts: AtomicUsize,
    writer: Mutex<Writer>,
}

/// What only writers need.
#[derive(Default)]
struct Writer {
    ids: Ids,
    /// Slots of removed contacts, to be used again.
    free: Vec<u32>,
    next_record: u32,
    next_list: u32,
    /// Numbers with an owner.
    numbers: usize,
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
            entries: ArcSwap::from_pointee(Entries::with_room_for(0)),
            records: Slots::default(),
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

    /// Bytes of keys and references (table, lists, slots, ids, the numbers within the records), without names,
    /// e-mails and the rest of the records. And how many numbers there are.
    pub fn memory(&self) -> (usize, usize) {
        let writer = self.writer();
        let entries = self.entries.load();
        let mut phones = 0;
        for record in 0..writer.next_record {
            phones += self
                .records
                .get(record)
                .map_or(0, |record| (1 + record.more_phones.len()) * size_of::<u64>());
        }
        let bytes = entries.table.bytes()
            + entries.lists.bytes()
            + self.records.bytes()
            + writer.ids.bytes()
            + writer.free.capacity() * size_of::<u32>()
            + phones;
        (bytes, writer.numbers)
    }

    /// A poisoned lock means that a writer panicked; what it left is consistent entry by entry, so go on.
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the contact or replaces what was known of it.
    pub fn put(&self, contact: Contact) {
        self.store(contact, false);
    }

    /// As [`TenantDirectory::put`], but the contact keeps the numbers it has: for a load that brings them one by one.
    pub fn put_more(&self, contact: Contact) {
        self.store(contact, true);
    }

    fn store(&self, mut contact: Contact, keep: bool) {
        let mut writer = self.writer();
        let writer = &mut *writer;
        let slot = writer.ids.find(contact.reference, |slot| self.records.get(slot));
        let before = slot.and_then(|slot| self.records.get(slot));
        if let Some(before) = before.as_ref().filter(|_| keep) {
            let known = before.numbers().map(|e164| ContactPhone { e164, primary: before.primary(e164) });
            contact.phones.splice(0..0, known);
        }
        let record = Arc::new(record_of(contact, before.as_deref()));
        let slot = match slot {
            Some(slot) => slot,
            None => {
                let slot = writer.free.pop().unwrap_or_else(|| {
                    writer.next_record += 1;
                    writer.next_record - 1
                });
                writer.ids.insert(record.reference, slot, |slot| self.records.get(slot));
                self.contacts.fetch_add(1, Ordering::Relaxed);
                slot
            }
        };
        // The record first: from here on readers no longer accept what it does not own, and entries follow.
        self.records.set(slot, Some(Arc::clone(&record)));
        if let Some(before) = &before {
            for number in before.numbers().filter(|number| !record.owns(*number)) {
                self.disown(writer, number, slot);
            }
        }
        for number in
            record.numbers().filter(|number| !before.as_ref().is_some_and(|before| before.owns(*number)))
        {
            self.own(writer, number, slot);
        }
    }

    pub fn remove(&self, reference: ContactRef) {
        let mut writer = self.writer();
        let writer = &mut *writer;
        let Some(slot) = writer.ids.find(reference, |slot| self.records.get(slot)) else { return };
        let Some(record) = self.records.get(slot) else { return };
        writer.ids.remove(reference, |slot| self.records.get(slot));
        self.records.set(slot, None);
        for number in record.numbers() {
            self.disown(writer, number, slot);
        }
        writer.free.push(slot);
        self.contacts.fetch_sub(1, Ordering::Relaxed);
    }

    /// A call with this contact began at the given time: of several owners the last one spoken to comes first.
    pub fn contacted(&self, reference: ContactRef, at: Timestamp) {
        let writer = self.writer();
        if let Some(slot) = writer.ids.find(reference, |slot| self.records.get(slot))
            && let Some(record) = self.records.get(slot)
        {
            record.last_contacted_us.fetch_max(at.timestamp_micros(), Ordering::Relaxed);
        }
    }

    /// Contacts that share a number with another: those whose last contact time decides anything.
    pub fn sharing(&self) -> Vec<ContactRef> {
        let entries = self.entries.load_full();
        let mut slots: Vec<u32> = entries
            .table
            .entries()
            .filter(|(_, value)| value & LIST != 0)
            .filter_map(|(_, value)| entries.lists.get(value & !LIST))
            .filter(|list| list.len() > 1)
            .flat_map(|list| list.to_vec())
            .collect();
        slots.sort_unstable();
        slots.dedup();
        slots.into_iter().filter_map(|slot| Some(self.records.get(slot)?.reference)).collect()
    }

    fn own(&self, writer: &mut Writer, number: E164, slot: u32) {
        let mut entries = self.entries.load_full();
        match entries.table.get(number) {
            None => {
                if entries.table.is_full() {
                    entries = self.rebuild(writer);
                }
                entries.table.set(number, slot);
                writer.numbers += 1;
            }
            Some(value) if value & LIST == 0 => {
                if value != slot {
                    let list = writer.next_list;
                    writer.next_list += 1;
                    entries.lists.set(list, Some(Arc::new(Box::from([value, slot]))));
                    entries.table.set(number, list | LIST);
                }
            }
            Some(value) => {
                let list = entries.lists.get(value & !LIST);
                let mut owners = list.map_or_else(Vec::new, |list| list.to_vec());
                if !owners.contains(&slot) {
                    owners.push(slot);
                    entries.lists.set(value & !LIST, Some(Arc::new(owners.into())));
                }
            }
        }
    }

    fn disown(&self, writer: &mut Writer, number: E164, slot: u32) {
        let entries = self.entries.load();
        match entries.table.get(number) {
            Some(value) if value == slot => {
                entries.table.set(number, NOBODY);
                writer.numbers = writer.numbers.saturating_sub(1);
            }
            Some(value) if value & LIST != 0 => {
                let owners = entries.lists.get(value & !LIST);
                let left: Box<[u32]> = owners
                    .iter()
                    .flat_map(|list| list.iter())
                    .copied()
                    .filter(|owner| *owner != slot)
                    .collect();
                if left.is_empty() {
                    // The list stays allotted until the next rebuild; a number that many shared is rare.
                    entries.table.set(number, NOBODY);
                    writer.numbers = writer.numbers.saturating_sub(1);
                }
                entries.lists.set(value & !LIST, Some(Arc::new(left)));
            }
            Some(_) | None => {}
        }
    }

    /// A larger table without the numbers that have no owner any more. Readers use the old one until it is there.
    fn rebuild(&self, writer: &mut Writer) -> Arc<Entries> {
        let old = self.entries.load_full();
        // Half as much again: at four fifths full that wastes at most half of what is used.
        let fresh = Entries::with_room_for(writer.numbers * 3 / 2 + 32);
        let mut lists = 0;
        for (number, value) in old.table.entries() {
            if value & LIST == 0 {
                fresh.table.set(number, value);
                continue;
            }
            let owners = old.lists.get(value & !LIST);
            match owners.as_deref().map(|owners| &**owners) {
                None | Some([]) => {}
                Some([only]) => fresh.table.set(number, *only),
                Some(_) => {
                    fresh.lists.set(lists, owners);
                    fresh.table.set(number, lists | LIST);
                    lists += 1;
                }
            }
        }
        writer.next_list = lists;
        let fresh = Arc::new(fresh);
        self.entries.store(Arc::clone(&fresh));
        fresh
    }

    /// The owners of a number, best first.
    fn owners(&self, number: E164) -> Vec<Arc<Record>> {
        // A few rounds are plenty: each needs a writer to change this very number in between.
        for _ in 0..8 {
            let entries = self.entries.load();
            let Some(value) = entries.table.get(number) else { return Vec::new() };
            let mut owners = self.records_of(&entries, value, number);
            if owners.len() > 1 {
                owners.sort_by_cached_key(|record| record.rank(number));
            }
            if !owners.is_empty() {
                return owners;
            }
        }
        Vec::new()
    }

    /// The answer for the common number that one contact has.
    fn only_owner(&self, number: E164) -> Option<CallerContext> {
        let slot = self.entries.load().table.get(number).filter(|value| value & LIST == 0)?;
        self.records.with(slot, |record| {
            record.touch();
            record.owns(number).then(|| context::known(number, record, &[]))
        })?
    }

    fn records_of(&self, entries: &Entries, value: u32, number: E164) -> Vec<Arc<Record>> {
        let record = |slot: u32| self.records.get(slot).filter(|record| record.owns(number));
        if value & LIST == 0 {
            return record(value).into_iter().collect();
        }
        entries
            .lists
            .get(value & !LIST)
            .iter()
            .flat_map(|list| list.iter())
            .filter_map(|slot| record(*slot))
            .collect()
    }

    /// Owners of numbers that end like this one in at least seven national digits, best first.
    fn possible_owners(&self, number: E164) -> Vec<(E164, Arc<Record>)> {
        if national_length(number) < 7 {
            return Vec::new();
        }
        let entries = self.entries.load();
        let mut owners: Vec<(E164, Arc<Record>)> = Vec::new();
        for (known, value) in entries.table.alike(number).filter(|(known, _)| national_length(*known) >= 7) {
            owners.extend(self.records_of(&entries, value, known).into_iter().map(|record| (known, record)));
        }
        owners.sort_by_cached_key(|(known, record)| (record.rank(*known), *known));
        let mut seen: Vec<ContactRef> = Vec::new();
        owners.retain(|(_, record)| {
            let fresh = !seen.contains(&record.reference);
            seen.push(record.reference);
            fresh
        });
        owners
    }

    /// Who is calling. An extension is looked up among colleagues by [`CallerContext::of_colleague`], not here.
    pub fn context(&self, number: &PartyNumber) -> CallerContext {
        match number {
            PartyNumber::E164(e164) => {
                if let Some(context) = self.only_owner(*e164) {
                    return context;
                }
                let owners = self.owners(*e164);
                match owners.split_first() {
                    Some((first, others)) => context::known(*e164, first, others),
                    None => {
                        let possible = self.possible_owners(*e164);
                        if possible.is_empty() {
                            CallerContext::unknown(
                                Quality::Exact,
                                Some(e164.to_string()),
                                "no contact has this number",
                            )
                        } else {
                            context::possible(*e164, &possible)
                        }
                    }
                }
            }
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

    /// A contact as it is kept, for tests and tools.
    pub fn contact(&self, reference: ContactRef) -> Option<Contact> {
        let writer = self.writer();
        let slot = writer.ids.find(reference, |slot| self.records.get(slot))?;
        let record = self.records.get(slot)?;
        let last = record.last_contacted_us.load(Ordering::Relaxed);
        Some(Contact {
            reference,
            name: Arc::clone(&record.name),
            organization: record.organization.clone(),
            gender: record.gender.clone(),
            email: record.email.clone(),
            active: record.active,
            last_contacted_at: Timestamp::from_timestamp_micros(last).filter(|_| last != NEVER),
            phones: record
                .numbers()
                .map(|e164| ContactPhone { e164, primary: record.primary(e164) })
                .collect(),
        })
    }
}

fn national_length(number: E164) -> usize {
    let digits = number.digits().checked_ilog10().map_or(0, |log| log as usize + 1);
    // Of a number no country has, the shortest calling code is the careful guess that still lets it match itself.
    digits - number::calling_code_length(number).max(1)
}

fn record_of(contact: Contact, before: Option<&Record>) -> Record {
    let given = contact.last_contacted_at.map_or(NEVER, |at| at.timestamp_micros());
    // A call of this minute may be known here before the database row that tells of it is read.
    let known = before.map_or(NEVER, |before| before.last_contacted_us.load(Ordering::Relaxed));
    let mut phones: Vec<u64> = Vec::with_capacity(contact.phones.len());
    for phone in &contact.phones {
        let packed = phone.e164.digits() | if phone.primary { PRIMARY } else { 0 };
        match phones.iter_mut().find(|known| **known & !PRIMARY == phone.e164.digits()) {
            Some(known) => *known |= packed,
            None => phones.push(packed),
        }
    }
    Record {
        reference: contact.reference,
        name: contact.name,
        organization: contact.organization,
        gender: contact.gender,
        email: contact.email,
        active: contact.active,
        last_contacted_us: AtomicI64::new(given.max(known)),
        first_phone: phones.first().copied().unwrap_or(0),
        more_phones: phones.get(1..).unwrap_or_default().into(),
    }
}

/// From contact to record slot, for writers: open addressing over the slots, the ids being in the records themselves.
#[derive(Default)]
struct Ids {
    slots: Vec<u32>,
    used: usize,
}

const FREE: u32 = u32::MAX;
const GONE: u32 = u32::MAX - 1;

impl Ids {
    fn walk(&self, reference: ContactRef) -> impl Iterator<Item = usize> + use<> {
        let length = self.slots.len();
        let start = ((u128::from(hash(reference)) * length as u128) >> 64) as usize;
        (0..length).map(move |step| if start + step < length { start + step } else { start + step - length })
    }

    fn find(&self, reference: ContactRef, record: impl Fn(u32) -> Option<Arc<Record>>) -> Option<u32> {
        let at = self.place(reference, record)?;
        Some(self.slots[at])
    }

    fn place(&self, reference: ContactRef, record: impl Fn(u32) -> Option<Arc<Record>>) -> Option<usize> {
        for at in self.walk(reference) {
            match self.slots[at] {
                FREE => return None,
                GONE => {}
                slot if record(slot).is_some_and(|record| record.reference == reference) => return Some(at),
                _ => {}
            }
        }
        None
    }

    /// The contact is not there yet.
    fn insert(&mut self, reference: ContactRef, slot: u32, record: impl Fn(u32) -> Option<Arc<Record>>) {
        if (self.used + 1) * 5 > self.slots.len() * 4 {
            let kept: Vec<u32> = self.slots.iter().copied().filter(|slot| *slot < GONE).collect();
            self.slots = vec![FREE; kept.len() * 15 / 8 + 32];
            self.used = 0;
            for slot in kept {
                if let Some(record) = record(slot) {
                    self.take(record.reference, slot);
                }
            }
        }
        self.take(reference, slot);
    }

    fn take(&mut self, reference: ContactRef, slot: u32) {
        if let Some(at) = self.walk(reference).find(|at| self.slots[*at] == FREE) {
            self.slots[at] = slot;
            self.used += 1;
        }
    }

    fn remove(&mut self, reference: ContactRef, record: impl Fn(u32) -> Option<Arc<Record>>) {
        if let Some(at) = self.place(reference, record) {
            self.slots[at] = GONE;
        }
    }

    fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<u32>()
    }
}

/// Ids are made by time (UUIDv7), so their bits need mixing.
fn hash(reference: ContactRef) -> u64 {
    let bits = reference.id.as_u128();
    let kind = match reference.kind {
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
