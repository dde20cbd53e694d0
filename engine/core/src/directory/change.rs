//! Changing the index, one writer at a time. Readers look on ([`super::index`]): every step leaves each number that has
//! an owner before and after findable.

use std::sync::{Arc, atomic::Ordering};

use super::{
    Contact, ContactPhone, ContactRef,
    heads::Owner,
    ids::Ids,
    index::{LIST, List, TenantDirectory, Writer},
    table::{Entry, NOBODY, Table, print},
};
use crate::{Timestamp, number::E164};

impl TenantDirectory {
    /// Adds the contact or replaces what was known of it.
    pub fn put(&self, contact: Contact) {
        self.store(contact, false);
    }

    /// As [`TenantDirectory::put`], but the contact keeps the numbers it has: for a load that brings them one by one.
    pub fn put_more(&self, contact: Contact) {
        self.store(contact, true);
    }

    /// Until [`TenantDirectory::end_load`] room is made generously, so that a load of any length rebuilds seldom.
    pub fn begin_load(&self) {
        self.writer().loading = true;
    }

    /// Gives back what room is left over.
    pub fn end_load(&self) {
        let mut writer = self.writer();
        writer.loading = false;
        self.rebuild_table(&mut writer, 0);
        self.rebuild_ids(&mut writer);
    }

    fn store(&self, mut contact: Contact, keep: bool) {
        let mut writer = self.writer();
        let writer = &mut *writer;
        let reference = contact.reference;
        let old = self.head_of(writer, reference);
        let before = old.and_then(|head| self.heads.get(head)?.read().ok());
        if let Some(before) = before.as_ref().filter(|_| keep) {
            let known = before.numbers().map(|e164| ContactPhone { e164, primary: before.primary(e164) });
            contact.phones.splice(0..0, known);
        }
        // Now, because a rebuild takes the heads as they are. A number may need a second entry, see `own`.
        if !self.table.load().has_room_for(2 * contact.phones.len()) {
            self.rebuild_table(writer, 2 * contact.phones.len());
        }
        if !writer.ids.has_room_for(writer.next_head) {
            self.rebuild_ids(writer);
        }
        let table = self.table.load_full();
        let fresh = writer.free.pop_front().unwrap_or_else(|| {
            writer.next_head += 1;
            writer.next_head - 1
        });
        let head = self.heads.make(fresh);
        head.write(contact, before.as_ref());
        // Nobody else writes, so it can be read.
        let Ok(now) = head.read() else { return };
        let (Some(old), Some(before)) = (old, before) else {
            writer.ids.insert(reference, fresh);
            self.contacts.fetch_add(1, Ordering::Relaxed);
            for number in now.numbers() {
                self.own(writer, &table, number, fresh);
            }
            return;
        };
        for number in now.numbers() {
            if before.owns(number) {
                self.turn(&table, number, old, (fresh, &now));
            } else {
                self.own(writer, &table, number, fresh);
            }
        }
        for number in before.numbers().filter(|number| !now.owns(*number)) {
            self.disown(writer, &table, number, old);
        }
        writer.ids.moved(reference, fresh, |head| self.reference(head));
        self.give_up(writer, old);
    }

    pub fn remove(&self, reference: ContactRef) {
        let mut writer = self.writer();
        let writer = &mut *writer;
        let Some(head) = self.head_of(writer, reference) else { return };
        let Some(Ok(owner)) = self.heads.get(head).map(|head| head.read()) else { return };
        let table = self.table.load_full();
        for number in owner.numbers() {
            self.disown(writer, &table, number, head);
        }
        writer.ids.remove(reference, |head| self.reference(head));
        self.give_up(writer, head);
        self.contacts.fetch_sub(1, Ordering::Relaxed);
    }

    /// A call with this contact began at the given time: of several owners the last one spoken to comes first.
    pub fn contacted(&self, reference: ContactRef, at: Timestamp) {
        let writer = self.writer();
        if let Some(head) = self.head_of(&writer, reference)
            && let Some(Ok(owner)) = self.heads.get(head).map(|head| head.read())
        {
            owner.contacted(at.timestamp_micros());
        }
    }

    pub(super) fn head_of(&self, writer: &Writer, reference: ContactRef) -> Option<u32> {
        writer.ids.find(reference, |head| self.reference(head))
    }

    fn reference(&self, head: u32) -> Option<ContactRef> {
        self.heads.get(head)?.reference()
    }

    /// No entry leads to the head any more.
    fn give_up(&self, writer: &mut Writer, head: u32) {
        self.heads.make(head).clear();
        writer.free.push_back(head);
    }

    /// The list of a number that has one.
    fn list_of(&self, entries: &[Entry], number: E164) -> Option<(Entry, Arc<List>)> {
        entries.iter().filter(|entry| entry.value & LIST != 0).find_map(|entry| {
            let list = self.lists.get(entry.value & !LIST)?.load_full()?;
            (list.number == number).then_some((*entry, list))
        })
    }

    fn set_list(&self, list: u32, number: E164, owners: Vec<u32>) {
        self.lists.make(list).store(Some(Arc::new(List { number, owners: owners.into() })));
    }

    /// The head has a number that its contact did not have.
    fn own(&self, writer: &mut Writer, table: &Table, number: E164, head: u32) {
        let entries: Vec<Entry> = table.of(number).collect();
        if let Some((entry, list)) = self.list_of(&entries, number) {
            if !list.owners.contains(&head) {
                let owners = list.owners.iter().copied().chain([head]).collect();
                self.set_list(entry.value & !LIST, number, owners);
            }
            return;
        }
        let other =
            entries.iter().filter(|entry| entry.value & LIST == 0 && entry.value != head).find_map(|entry| {
                Some((*entry, self.heads.get(entry.value)?.read().ok().filter(|owner| owner.owns(number))?))
            });
        let Some((entry, owner)) = other else {
            // Of two numbers with like prints one entry may do for both.
            if !entries.iter().any(|entry| entry.value == head) {
                table.insert(number, head);
            }
            writer.numbers += 1;
            return;
        };
        let list = writer.free_lists.pop_front().unwrap_or_else(|| {
            writer.next_list += 1;
            writer.next_list - 1
        });
        self.set_list(list, number, vec![entry.value, head]);
        if has_twin(&owner, number) {
            // The entry may be that of the owner's other number.
            table.insert(number, list | LIST);
            return;
        }
        table.replace(entry, list | LIST);
        for twin in entries.iter().filter(|twin| **twin != entry && twin.value == entry.value) {
            table.replace(*twin, NOBODY);
        }
    }

    /// The contact keeps the number, which leads to its new head from now on.
    fn turn(&self, table: &Table, number: E164, from: u32, to: (u32, &Owner)) {
        let entries: Vec<Entry> = table.of(number).collect();
        let list = self.list_of(&entries, number);
        if let Some((entry, list)) = &list {
            let owners = list.owners.iter().map(|owner| if *owner == from { to.0 } else { *owner }).collect();
            self.set_list(entry.value & !LIST, number, owners);
        }
        // Beside a list, an entry of the contact's own is that of another of its numbers, or of none any more.
        let used = list.is_none() || has_twin(to.1, number);
        for entry in entries.into_iter().filter(|entry| entry.value == from) {
            table.replace(entry, if used { to.0 } else { NOBODY });
        }
    }

    /// The number is no longer the contact's. Those it keeps have been turned away from the head before.
    fn disown(&self, writer: &mut Writer, table: &Table, number: E164, head: u32) {
        let entries: Vec<Entry> = table.of(number).collect();
        let list = self.list_of(&entries, number);
        for entry in entries.into_iter().filter(|entry| entry.value == head) {
            table.replace(entry, NOBODY);
        }
        let left: Vec<u32> = match &list {
            Some((_, list)) => list.owners.iter().copied().filter(|owner| *owner != head).collect(),
            None => Vec::new(),
        };
        match list {
            Some((entry, _)) if left.is_empty() => {
                table.replace(entry, NOBODY);
                self.free_list(writer, entry.value & !LIST);
            }
            Some((entry, _)) => return self.set_list(entry.value & !LIST, number, left),
            None => {}
        }
        writer.numbers = writer.numbers.saturating_sub(1);
    }

    fn free_list(&self, writer: &mut Writer, list: u32) {
        self.lists.make(list).store(None);
        writer.free_lists.push_back(list);
    }

    /// Another table, with room for that many more entries and without what is no longer in use. Readers use the old
    /// one until the other is complete.
    fn rebuild_table(&self, writer: &mut Writer, more: usize) {
        let room = (writer.numbers + more) * 4;
        let table = Table::with_slots(if writer.loading { room } else { room / 3 } + 2 * more + 32);
        let mut lone = Vec::new();
        for list in 0..writer.next_list {
            let Some(known) = self.lists.get(list).and_then(|list| list.load_full()) else { continue };
            if known.owners.len() > 1 {
                table.insert(known.number, list | LIST);
            } else {
                lone.push(list);
            }
        }
        let enter = |number: E164, head: u32| {
            let entries: Vec<Entry> = table.of(number).collect();
            if self.list_of(&entries, number).is_none() && !entries.iter().any(|entry| entry.value == head) {
                table.insert(number, head);
            }
        };
        for at in 0..writer.next_head {
            let Some(head) = self.heads.get(at) else { continue };
            match head.only_number() {
                Ok(number) => number.into_iter().for_each(|number| enter(number, at)),
                Err(owner) => owner.numbers().for_each(|number| enter(number, at)),
            }
        }
        self.table.store(Arc::new(table));
        for list in lone {
            self.free_list(writer, list);
        }
    }

    fn rebuild_ids(&self, writer: &mut Writer) {
        let slack = if writer.loading { 16 } else { 3 };
        let mut ids = Ids::sized(self.len() + 1, slack, writer.next_head * 5 / 4);
        for head in 0..writer.next_head {
            if let Some(reference) = self.reference(head) {
                ids.insert(reference, head);
            }
        }
        writer.ids = ids;
    }

    /// Contacts that share a number with another: those whose last contact time decides anything.
    pub fn sharing(&self) -> Vec<ContactRef> {
        let writer = self.writer();
        let mut heads: Vec<u32> = (0..writer.next_list)
            .filter_map(|list| self.lists.get(list)?.load_full())
            .filter(|list| list.owners.len() > 1)
            .flat_map(|list| list.owners.to_vec())
            .collect();
        heads.sort_unstable();
        heads.dedup();
        heads.into_iter().filter_map(|head| self.reference(head)).collect()
    }

    /// A contact as it is kept, for tests and tools.
    pub fn contact(&self, reference: ContactRef) -> Option<Contact> {
        let head = self.head_of(&self.writer(), reference)?;
        self.heads.get(head)?.read().ok().as_ref().map(Owner::contact)
    }

    /// Bytes of keys and references (table, lists, heads, ids, numbers beyond the first), without names, e-mails and the
    /// rest of the bodies. And how many numbers there are.
    pub fn memory(&self) -> (usize, usize) {
        let writer = self.writer();
        let heads = (0..writer.next_head).filter_map(|head| self.heads.get(head));
        let lists = (0..writer.next_list).filter_map(|list| self.lists.get(list)?.load_full());
        let bytes = self.table.load().bytes()
            + self.heads.bytes()
            + heads.map(|head| head.more_bytes()).sum::<usize>()
            + self.lists.bytes()
            + lists.map(|list| size_of::<List>() + size_of_val(&*list.owners)).sum::<usize>()
            + writer.ids.bytes()
            + (writer.free.capacity() + writer.free_lists.capacity()) * size_of::<u32>();
        (bytes, writer.numbers)
    }
}

/// Whether the contact has another number of like print, to which an entry may belong as well.
fn has_twin(owner: &Owner, number: E164) -> bool {
    owner.has_more_numbers() && owner.numbers().any(|other| other != number && print(other) == print(number))
}

#[cfg(test)]
mod tests {
    //! Prints are poor in unit tests (see `table`), so different numbers share one all the time.

    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::directory::ContactKind;

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
        fn numbers_of_like_print_do_not_get_in_each_others_way(steps in proptest::collection::vec(step(), 1..60)) {
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
                            directory.put_more(contact);
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
                        directory.begin_load();
                        directory.end_load();
                    }
                }
                check(&directory, &model);
            }
        }
    }
}
