//! Changing the index, one writer at a time. Readers look on ([`super::index`]): every step leaves each number that has
//! an owner before and after findable.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
};

use super::{
    Contact, ContactRef,
    body::{Body, Owner, Prepared, keys},
    entry::Word,
    ids::Ids,
    index::{TenantDirectory, Writer},
    table::{Ending, Table},
};
use crate::Timestamp;

impl TenantDirectory {
    /// Adds the contact or replaces what was known of it.
    pub fn put(&self, contact: Contact) {
        let contact = Prepared::new(contact);
        self.store(&mut self.writer(), contact, false);
    }

    /// Adds contacts; one that is known already keeps the numbers it has, for a load may bring them one by one. Some dozen
    /// at once: then memory is asked for all of them before the first is waited for.
    pub fn put_more(&self, contacts: Vec<Contact>) {
        let contacts: Vec<Prepared> = contacts.into_iter().map(Prepared::new).collect();
        let mut writer = self.writer();
        self.touch(&writer, &contacts);
        for contact in contacts {
            self.store(&mut writer, contact, true);
        }
    }

    /// Reads where the contacts will be sought and entered. None of these reads depends on another, so the memory's answers
    /// overlap; each contact on its own would wait for three of them in turn.
    fn touch(&self, writer: &Writer, contacts: &[Prepared]) {
        let table = self.table.load();
        let mut seen = 0;
        for contact in contacts {
            seen ^= writer.ids.touch(contact.reference);
            for key in keys(&contact.phones) {
                seen ^= table.touch(Ending::of_entry(key, contact.reference));
            }
        }
        std::hint::black_box(seen);
    }

    /// Until [`TenantDirectory::end_load`] room is made generously, at once for as many numbers as are expected.
    pub fn begin_load(&self, expected: usize) {
        let mut writer = self.writer();
        writer.loading = true;
        if self.is_empty() {
            let table = Table::expecting(expected);
            writer.used = vec![0; table.segments()];
            writer.ids = Ids::sized(expected);
            self.publish(&mut writer, table);
        }
    }

    /// Gives back what room is left over, segment by segment: other writers have their turn between two.
    pub fn end_load(&self) {
        self.writer().loading = false;
        let mut at = 0;
        while let Some(()) = self.narrow(at) {
            at += 1;
        }
        let mut writer = self.writer();
        self.rebuild_ids(&mut writer);
    }

    /// None where there is no such segment.
    fn narrow(&self, segment: usize) -> Option<()> {
        let mut writer = self.writer();
        let mut table = Table::clone(&self.table.load());
        if table.is_wide(segment)? {
            writer.used[segment] = table.copy(segment, false);
            self.publish(&mut writer, table);
        }
        Some(())
    }

    fn store(&self, writer: &mut Writer, mut contact: Prepared, keep: bool) {
        // Now, because the contact's own entries are not to be among those it is made of.
        if !writer.ids.has_room() {
            self.rebuild_ids(writer);
        }
        let before = self.known(writer, contact.reference).map(|before| {
            contact.contacted(before.last_contacted_us());
            before.phones()
        });
        if let Some(before) = before.as_ref().filter(|_| keep) {
            contact.keep(before.clone());
        }
        let Prepared { reference, phones, body } = contact;
        for (at, key) in keys(&phones).enumerate() {
            self.enter(writer, reference, key, at == 0, &body);
        }
        let first = Ending::of_first(&phones, reference);
        let Some(before) = before else {
            writer.ids.insert(reference, first);
            self.contacts.fetch_add(1, Ordering::Relaxed);
            return;
        };
        for key in keys(&before).filter(|key| keys(&phones).all(|kept| kept != *key)) {
            self.leave(writer, reference, key);
        }
        let first_before = Ending::of_first(&before, reference);
        if first != first_before {
            writer.ids.remove(reference, first_before);
            writer.ids.insert(reference, first);
        }
    }

    pub fn remove(&self, reference: ContactRef) {
        let mut writer = self.writer();
        let writer = &mut *writer;
        let Some(phones) = self.known(writer, reference).map(|owner| owner.phones()) else { return };
        for key in keys(&phones) {
            self.leave(writer, reference, key);
        }
        writer.ids.remove(reference, Ending::of_first(&phones, reference));
        self.contacts.fetch_sub(1, Ordering::Relaxed);
    }

    /// A call with this contact began at the given time: of several owners the last one spoken to comes first.
    pub fn contacted(&self, reference: ContactRef, at: Timestamp) {
        let writer = self.writer();
        if let Some(owner) = self.known(&writer, reference) {
            owner.contacted(at.timestamp_micros());
        }
    }

    /// The contact as it is, by its first number or by none.
    fn known(&self, writer: &Writer, contact: ContactRef) -> Option<Owner> {
        let table = self.table.load();
        writer.ids.find(contact, |ending| {
            let entries = table.walk(ending).map(|entry| (entry, entry.word()));
            entries
                .take_while(|(_, word)| !word.is_free())
                .find(|(entry, word)| word.has(Word::FIRST) && entry.reference(*word) == contact)
                .and_then(|(entry, word)| entry.owner(word))
        })
    }

    /// The contact has the number (0: has none), and this body from now on.
    fn enter(&self, writer: &mut Writer, contact: ContactRef, key: u64, first: bool, body: &Arc<Body>) {
        let ending = Ending::of_entry(key, contact);
        let table = self.with_room(writer, ending);
        let (mut room, mut shared, mut alone) = (None, false, None);
        for entry in table.walk(ending) {
            let word = entry.word();
            if !word.is_taken() {
                room = room.or(Some((entry, word)));
                if word.is_free() {
                    break;
                }
            } else if word.digits() == key {
                if entry.reference(word) == contact {
                    entry.exchange(Arc::clone(body));
                    entry.flag(Word::FIRST, first);
                    return;
                }
                shared |= key != 0;
                if shared && !word.has(Word::SHARED) {
                    alone = Some(entry);
                }
            }
        }
        let Some((room, word)) = room else { return };
        writer.used[table.segment(ending)] += usize::from(word.is_free());
        writer.taken += 1;
        writer.numbers += usize::from(key != 0 && !shared);
        let flags = if first { Word::FIRST } else { 0 } | if shared { Word::SHARED } else { 0 };
        room.take(contact, key, flags, Arc::clone(body));
        if let Some(other) = alone {
            other.flag(Word::SHARED, true);
        }
    }

    /// The number (0: having none) is no longer the contact's.
    fn leave(&self, writer: &mut Writer, contact: ContactRef, key: u64) {
        let table = self.table.load();
        let (mut own, mut others, mut other) = (None, 0, None);
        for entry in table.walk(Ending::of_entry(key, contact)) {
            let word = entry.word();
            if word.is_free() {
                break;
            }
            if !word.is_taken() || word.digits() != key {
                continue;
            }
            if entry.reference(word) == contact {
                own = Some(entry);
            } else {
                others += 1;
                other = Some(entry);
            }
        }
        let Some(own) = own else { return };
        writer.taken -= 1;
        // Release: who finds the entry given up finds it counted.
        self.given_up.fetch_add(1, Ordering::Release);
        own.give_up();
        if key == 0 {
            return;
        }
        match other {
            None => writer.numbers -= 1,
            Some(other) if others == 1 => other.flag(Word::SHARED, false),
            Some(_) => {}
        }
    }

    /// The table with room for another entry of that ending.
    fn with_room(&self, writer: &mut Writer, ending: Ending) -> Arc<Table> {
        let table = self.table.load_full();
        let at = table.segment(ending);
        if table.has_room(at, writer.used[at]) {
            return table;
        }
        let mut next = Table::clone(&table);
        drop(table);
        if next.wants_segment(writer.taken) {
            let (cut, [one, other]) = next.cut(writer.loading);
            writer.used[cut] = one;
            writer.used.push(other);
        }
        let at = next.segment(ending);
        if !next.has_room(at, writer.used[at]) {
            writer.used[at] = next.copy(at, writer.loading);
        }
        self.publish(writer, next)
    }

    fn publish(&self, writer: &mut Writer, table: Table) -> Arc<Table> {
        let table = Arc::new(table);
        writer.left.push(self.table.swap(Arc::clone(&table)));
        // Who lets go of a table last frees what it alone led to: not a reader, who would wait for it.
        writer.left.retain(|left| Arc::strong_count(left) > 1);
        table
    }

    fn rebuild_ids(&self, writer: &mut Writer) {
        let mut ids = Ids::sized(if writer.loading { 2 } else { 1 } * self.len() + 1);
        for entry in self.table.load().entries() {
            let word = entry.word();
            if word.has(Word::FIRST) {
                let contact = entry.reference(word);
                ids.insert(contact, Ending::of_entry(word.digits(), contact));
            }
        }
        writer.ids = ids;
    }

    /// Contacts that share a number with another: those whose last contact time decides anything.
    pub fn sharing(&self) -> Vec<ContactRef> {
        let table = self.table.load();
        let shared = table.entries().filter(|entry| entry.word().has(Word::SHARED));
        let sharing: BTreeSet<ContactRef> =
            shared.filter_map(|entry| entry.owner(entry.word())).map(|owner| owner.reference()).collect();
        sharing.into_iter().collect()
    }

    /// A contact as it is kept, for tests and tools.
    pub fn contact(&self, reference: ContactRef) -> Option<Contact> {
        self.known(&self.writer(), reference).as_ref().map(Owner::contact)
    }

    /// Bytes of keys and references (table, ids, lists of numbers), without names, e-mails and the rest of the bodies.
    /// And how many numbers there are.
    pub fn memory(&self) -> (usize, usize) {
        let writer = self.writer();
        let table = self.table.load();
        let first = table.entries().filter(|entry| entry.word().has(Word::FIRST));
        let lists = first.filter_map(|entry| Some(entry.owner(entry.word())?.body().list_bytes()));
        let bytes = table.bytes()
            + lists.sum::<usize>()
            + writer.ids.bytes()
            + writer.used.capacity() * size_of::<usize>();
        (bytes, writer.numbers)
    }
}

#[cfg(test)]
mod tests {
    //! Segments are tiny in unit tests (see `table`), so they are copied and cut all the time.

    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{
        directory::{ContactKind, ContactPhone},
        number::E164,
    };

    fn reference(id: u128) -> ContactRef {
        ContactRef { kind: ContactKind::ALL[id as usize % 4], id: Uuid::from_u128(id) }
    }

    /// Numbers that begin with the same digits, and numbers that end with the same.
    fn number() -> impl Strategy<Value = E164> {
        (1_u64..4, 0_u64..6)
            .prop_map(|(area, line)| E164::from_digits(330_000_000 + area * 20_000_000 + line).unwrap())
    }

    #[derive(Clone, Debug)]
    enum Step {
        Put(u128, Vec<E164>, bool),
        Remove(u128),
        Rebuild,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            8 => (0_u128..6, proptest::collection::vec(number(), 0..5), any::<bool>()).prop_map(|(id, numbers, more)| Step::Put(id, numbers, more)),
            2 => (0_u128..6).prop_map(Step::Remove),
            1 => Just(Step::Rebuild),
        ]
    }

    fn check(directory: &TenantDirectory, model: &BTreeMap<u128, Vec<E164>>) {
        let mut owned = BTreeSet::new();
        for area in 1..4 {
            for line in 0..6 {
                let number = E164::from_digits(330_000_000 + area * 20_000_000 + line).unwrap();
                let expected: BTreeSet<ContactRef> = model
                    .iter()
                    .filter(|(_, numbers)| numbers.contains(&number))
                    .map(|(id, _)| reference(*id))
                    .collect();
                let found: Vec<ContactRef> = directory.owners(number).iter().map(Owner::reference).collect();
                assert_eq!(found.len(), expected.len(), "each owner once: {number:?} {found:?}");
                assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected, "{number:?}");
                if !expected.is_empty() {
                    owned.insert(number);
                }
            }
        }
        assert_eq!(directory.memory().1, owned.len());
        assert_eq!(directory.len(), model.len());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn numbers_that_begin_or_end_alike_do_not_get_in_each_others_way(steps in proptest::collection::vec(step(), 1..60)) {
            let directory = TenantDirectory::new();
            let mut model: BTreeMap<u128, Vec<E164>> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Put(id, numbers, more) => {
                        let contact = Contact {
                            reference: reference(id),
                            name: "x".into(),
                            organization: None,
                            gender: None,
                            email: None,
                            active: true,
                            last_contacted_at: None,
                            phones: numbers.iter().map(|e164| ContactPhone { e164: *e164, primary: false }).collect(),
                        };
                        let known = model.entry(id).or_default();
                        if more {
                            directory.put_more(vec![contact]);
                            known.extend(numbers);
                        } else {
                            directory.put(contact);
                            *known = numbers;
                        }
                    }
                    Step::Remove(id) => {
                        directory.remove(reference(id));
                        model.remove(&id);
                    }
                    Step::Rebuild => {
                        directory.begin_load(3);
                        directory.end_load();
                    }
                }
                check(&directory, &model);
            }
        }
    }
}
