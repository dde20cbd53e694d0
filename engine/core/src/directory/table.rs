//! Open addressing from number to owner, the entries lying in the table itself, so that whose a number is costs one read
//! of memory that could not be foreseen.
//!
//! Where a number's entries lie depends on its last seven digits only. So one walk from there meets its owners or, when
//! it has none, the numbers that end alike.
//!
//! The table is cut into segments of some thousand entries. A full one makes way for a larger copy of itself, and one
//! after the other is cut in two as the contacts get more (linear hashing, Litwin 1980): whatever the table's size, to
//! make room is a matter of one or two segments.

use std::sync::Arc;

use super::{
    ContactRef,
    body::keys,
    entry::{Entry, Word},
    ids,
};
use crate::number::E164;

/// Numbers that end in the same seven digits lie together.
const ENDING: u64 = 10_000_000;
/// Contacts for which a segment is meant; one may hold more.
const SEGMENT: usize = if cfg!(test) { 3 } else { 8_192 };
/// In percent: how full a segment is when it is new. The difference to [`FULL`] is what a copy buys.
const NEW: usize = 76;
/// Entries taken or given up, in percent; more make long walks.
const FULL: usize = 88;

/// The last seven digits of a number; of a contact without one something as random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ending(pub u32);

impl Ending {
    pub fn of(number: E164) -> Self {
        Self::of_key(number.digits())
    }

    fn of_key(key: u64) -> Self {
        Self((key % ENDING) as u32)
    }

    /// Of the entry that a contact has for this number, 0 standing for none.
    pub fn of_entry(key: u64, contact: ContactRef) -> Self {
        Self::of_key(if key == 0 { ids::hash(contact) } else { key })
    }

    /// Of the first of these packed numbers, if any.
    pub fn of_first(phones: &[u64], contact: ContactRef) -> Self {
        Self::of_entry(keys(phones).next().unwrap_or(0), contact)
    }

    fn hash(self) -> u64 {
        // Fibonacci hashing: the numbers of a block, one after the other, are spread evenly.
        (u64::from(self.0) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// Entries of a group. A walk begins with a group's first.
const GROUP: usize = 4;

/// Two cache lines that lie side by side, which the processor fetches together.
#[derive(Default)]
#[repr(align(128))]
struct Group([Entry; GROUP]);

const _: () = assert!(size_of::<Group>() == 128);

type Segment = Arc<[Group]>;

/// What readers see. The entries change; which there are does not, then there is another table.
#[derive(Clone)]
pub(super) struct Table {
    /// At least one, each with at least one free entry.
    segments: Vec<Segment>,
}

impl Default for Table {
    fn default() -> Self {
        Self { segments: vec![empty(groups(0))] }
    }
}

impl Table {
    /// For a load of that many numbers.
    pub fn expecting(numbers: usize) -> Self {
        let segments = (numbers / SEGMENT).max(1).next_power_of_two();
        Self { segments: (0..segments).map(|_| empty(groups(numbers / segments))).collect() }
    }

    pub fn segments(&self) -> usize {
        self.segments.len()
    }

    pub fn segment(&self, ending: Ending) -> usize {
        // Not the bits that tell the place within the segment, nor the lowest, which know only the ending's lowest.
        let hash = (ending.hash() >> 24) as usize;
        let all = self.segments.len().next_power_of_two();
        let at = hash & (all - 1);
        // Its segment has not been cut yet.
        if at < self.segments.len() { at } else { at - all / 2 }
    }

    /// The groups in the order in which the entries of the ending fill them.
    #[inline]
    fn groups(&self, ending: Ending) -> impl Iterator<Item = &Group> {
        let segment = &self.segments[self.segment(ending)];
        let (before, from) = segment.split_at(place(ending, segment.len()));
        from.iter().chain(before)
    }

    /// The entries where those of the ending are, each once; what is behind the first free one is no business of its.
    pub fn walk(&self, ending: Ending) -> impl Iterator<Item = &Entry> {
        self.groups(ending).flat_map(|group| &group.0)
    }

    /// Reads the entry where the ending's walk begins, to have it at hand.
    pub fn touch(&self, ending: Ending) -> u64 {
        self.walk(ending).next().map_or(0, |entry| entry.word().digits())
    }

    /// The first entry of the number.
    #[inline]
    pub fn first(&self, number: E164) -> Option<(&Entry, Word)> {
        let ending = Ending::of(number);
        let segment = &self.segments[self.segment(ending)];
        let start = place(ending, segment.len());
        // Two groups are asked for at once: where many numbers end alike their entries fill the first, and memory would
        // be waited for once more.
        if let Some(pair) = segment.get(start..start + 2)
            && let Some(found) = first_in(pair, number)
        {
            return found;
        }
        self.groups(ending).find_map(|group| first_in(std::slice::from_ref(group), number)).flatten()
    }

    /// Every entry.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.segments.iter().flat_map(entries)
    }

    pub fn bytes(&self) -> usize {
        let entries: usize = self.segments.iter().map(|segment| size_of_val(&**segment)).sum();
        entries + self.segments.capacity() * size_of::<Segment>()
    }
}

/// The number's first entry among those of at most eight groups, or that there is none (an entry is free before it); None
/// where the walk goes on.
#[inline]
fn first_in(groups: &[Group], number: E164) -> Option<Option<(&Entry, Word)>> {
    // The first that is the number's or free, without a branch that depends on which it is: the processor would guess
    // wrong every other time, and learn of it only when the memory has answered.
    let mut ends = 0_u32;
    for (at, entry) in groups.iter().flat_map(|group| &group.0).enumerate() {
        let word = entry.word();
        ends |= u32::from((word.digits() == number.digits()) | word.is_free()) << at;
    }
    if ends == 0 {
        return None;
    }
    let at = ends.trailing_zeros() as usize;
    let entry = &groups[at / GROUP].0[at % GROUP];
    // It may have changed since: then it is the number's no more, and whoever asks looks again.
    let word = entry.word();
    Some((word.digits() == number.digits()).then_some((entry, word)))
}

/// With which group the walk of an ending begins.
fn place(ending: Ending, groups: usize) -> usize {
    // The high half of the product spreads the hash over any number of groups.
    ((u128::from(ending.hash()) * groups as u128) >> 64) as usize
}

/// Groups of a new segment for that many entries.
fn groups(entries: usize) -> usize {
    (entries * 100 / NEW + 8).div_ceil(GROUP)
}

fn empty(groups: usize) -> Segment {
    (0..groups).map(|_| Group::default()).collect()
}

fn entries(segment: &Segment) -> impl Iterator<Item = &Entry> {
    segment.iter().flat_map(|group| &group.0)
}

/// For the writer, who makes a table out of another.
impl Table {
    /// Whether a segment of which so many entries are taken or given up has room for one more.
    pub fn has_room(&self, segment: usize, used: usize) -> bool {
        (used + 1) * 100 <= self.segments[segment].len() * GROUP * FULL
    }

    /// Whether the segment has so much room that a copy is worth it. None where there is no such segment.
    pub fn is_wide(&self, segment: usize) -> Option<bool> {
        let segment = self.segments.get(segment)?;
        Some(groups(taken(segment).count()) * 100 < segment.len() * 97)
    }

    /// Whether so many entries ask for another segment.
    pub fn wants_segment(&self, entries: usize) -> bool {
        entries > self.segments.len() * SEGMENT
    }

    /// Another copy of the segment, without what was given up; `generous`: with room for twice as many. Answers with how
    /// many entries are taken.
    pub fn copy(&mut self, segment: usize, generous: bool) -> usize {
        let whole = Arc::clone(&self.segments[segment]);
        self.fill(segment, taken(&whole).collect(), generous)
    }

    /// Cuts the segment in two whose turn it is. Answers with which it was, and with how many entries are taken in it and
    /// in the last one, which is the other half.
    pub fn cut(&mut self, generous: bool) -> (usize, [usize; 2]) {
        let last = self.segments.len();
        let at = last - (1 << last.ilog2());
        let whole = Arc::clone(&self.segments[at]);
        self.segments.push(Arc::clone(&whole));
        let (stay, go) = taken(&whole).partition(|entry| self.segment(ending(entry)) == at);
        (at, [self.fill(at, stay, generous), self.fill(last, go, generous)])
    }

    /// Makes these entries the segment's, as copies.
    fn fill(&mut self, segment: usize, entries: Vec<&Entry>, generous: bool) -> usize {
        let groups = groups(entries.len() * if generous { 2 } else { 1 });
        let slots = groups * GROUP;
        let mut places: Vec<Option<&Entry>> = vec![None; slots];
        for entry in &entries {
            let start = place(ending(entry), groups) * GROUP;
            if let Some(at) = (start..slots).chain(0..start).find(|at| places[*at].is_none()) {
                places[at] = Some(entry);
            }
        }
        let copy = |at: usize| places[at].map_or_else(Entry::default, Entry::copy);
        let group = |first: usize| Group(std::array::from_fn(|at| copy(first * GROUP + at)));
        self.segments[segment] = (0..groups).map(group).collect();
        entries.len()
    }
}

fn taken(segment: &Segment) -> impl Iterator<Item = &Entry> {
    entries(segment).filter(|entry| entry.word().is_taken())
}

fn ending(entry: &Entry) -> Ending {
    let word = entry.word();
    Ending::of_entry(word.digits(), entry.reference(word))
}
