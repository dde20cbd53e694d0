//! What is kept of a contact: a head of 32 bytes that says whose number it is, and behind it the body with all that is
//! shown.
//!
//! Heads are read without locks. One is only ever written while no entry leads to it; so a reader meets a head that is
//! being written, or has another contact by now, only when its entry was taken away in the meantime. The version in the
//! head tells it so, and it looks again at the entry: nobody waits for a writer.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicI64, AtomicU64, Ordering, fence},
};

use arc_swap::{ArcSwap, Guard};
use uuid::Uuid;

use super::{Contact, ContactKind, ContactPhone, ContactRef};
use crate::{Timestamp, number::E164};

/// In a packed number: the contact's primary one.
const PRIMARY: u64 = 1 << 50;
const NUMBER: u64 = PRIMARY - 1;
const NEVER: i64 = i64::MIN;

/// What is shown of a contact, and what only writers and tie-breaks need.
pub(super) struct Body {
    pub name: Arc<str>,
    pub organization: Option<(Uuid, Arc<str>)>,
    pub gender: Option<Arc<str>>,
    pub email: Option<Arc<str>>,
    /// Unix microseconds; moves on with every call, without a new body.
    last_contacted_us: AtomicI64,
    /// Packed numbers but the first, which is in the head.
    more_phones: Box<[u64]>,
}

/// The body of a head that is nobody's.
static NO_BODY: LazyLock<Arc<Body>> = LazyLock::new(|| {
    Arc::new(Body {
        name: Arc::from(""),
        organization: None,
        gender: None,
        email: None,
        last_contacted_us: AtomicI64::new(NEVER),
        more_phones: Box::default(),
    })
});

/// The first eight bytes of a head: first number (50 bits) and whether it is the primary one, kind, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(u64);

impl Word {
    const KIND_SHIFT: u32 = 51;
    const ACTIVE: u64 = 1 << 53;
    /// There are more numbers in the body.
    const MORE: u64 = 1 << 54;
    /// Somebody's.
    const LIVE: u64 = 1 << 55;
    /// Odd while the head is being written.
    const VERSION: u64 = 1 << 56;

    fn number(self) -> u64 {
        self.0 & NUMBER
    }

    pub fn kind(self) -> ContactKind {
        ContactKind::ALL[(self.0 >> Self::KIND_SHIFT) as usize & 3]
    }

    pub fn active(self) -> bool {
        self.0 & Self::ACTIVE != 0
    }

    pub fn has_more_numbers(self) -> bool {
        self.0 & Self::MORE != 0
    }

    fn is_live(self) -> bool {
        self.0 & Self::LIVE != 0 && self.0 & Self::VERSION == 0
    }
}

/// Half a cache line, so that it never lies in two.
#[repr(align(32))]
pub(super) struct Head {
    word: AtomicU64,
    high: AtomicU64,
    low: AtomicU64,
    body: ArcSwap<Body>,
}

const _: () = assert!(size_of::<Head>() == 32);

impl Default for Head {
    fn default() -> Self {
        Self {
            word: AtomicU64::new(0),
            high: AtomicU64::new(0),
            low: AtomicU64::new(0),
            body: ArcSwap::new(Arc::clone(&NO_BODY)),
        }
    }
}

impl Head {
    pub fn word(&self) -> Word {
        Word(self.word.load(Ordering::Acquire))
    }

    /// Whose it is, and the body where it is; none where it is nobody's or being written.
    pub fn read(&self) -> Result<Owner, Word> {
        let word = self.word();
        if !word.is_live() {
            return Err(word);
        }
        let high = self.high.load(Ordering::Relaxed);
        let low = self.low.load(Ordering::Relaxed);
        let body = self.body.load();
        fence(Ordering::Acquire);
        if self.word.load(Ordering::Relaxed) != word.0 {
            return Err(word);
        }
        let id = Uuid::from_u64_pair(high, low);
        Ok(Owner { reference: ContactRef { kind: word.kind(), id }, word, body })
    }

    /// As [`Head::read`], for the writer, who needs no more than whose it is.
    pub fn reference(&self) -> Option<ContactRef> {
        let word = self.word();
        let id = Uuid::from_u64_pair(self.high.load(Ordering::Relaxed), self.low.load(Ordering::Relaxed));
        word.is_live().then(|| ContactRef { kind: word.kind(), id })
    }

    /// The number of a contact that has one or none; of one with several, all that is known. For the writer.
    pub fn only_number(&self) -> Result<Option<E164>, Owner> {
        let word = self.word();
        if word.has_more_numbers()
            && let Ok(owner) = self.read()
        {
            return Err(owner);
        }
        Ok(E164::from_digits(word.number()).ok())
    }

    /// Bytes of the numbers beyond the first.
    pub fn more_bytes(&self) -> usize {
        if self.word().has_more_numbers() { size_of_val(&*self.body.load().more_phones) } else { 0 }
    }

    /// No entry leads here.
    pub fn write(&self, contact: Contact, before: Option<&Owner>) {
        let phones = packed(&contact.phones);
        let (high, low) = contact.reference.id.as_u64_pair();
        let flag = |on: bool, bit: u64| if on { bit } else { 0 };
        let word = phones.first().copied().unwrap_or(0)
            | (contact.reference.kind as u64) << Word::KIND_SHIFT
            | flag(contact.active, Word::ACTIVE)
            | flag(phones.len() > 1, Word::MORE)
            | Word::LIVE;
        self.set(word, high, low, Arc::new(Body::new(contact, &phones, before)));
    }

    /// No entry leads here any more.
    pub fn clear(&self) {
        self.set(0, 0, 0, Arc::clone(&NO_BODY));
    }

    fn set(&self, word: u64, high: u64, low: u64, body: Arc<Body>) {
        let version = self.word.load(Ordering::Relaxed) & !(Word::VERSION - 1);
        let writing = version.wrapping_add(Word::VERSION);
        // Release: who sees this sees that the entries are gone.
        self.word.store(writing, Ordering::Release);
        fence(Ordering::Release);
        self.high.store(high, Ordering::Relaxed);
        self.low.store(low, Ordering::Relaxed);
        self.body.store(body);
        self.word.store(writing.wrapping_add(Word::VERSION) | word, Ordering::Release);
    }
}

/// Each number once, primary where any mention of it says so.
fn packed(phones: &[ContactPhone]) -> Vec<u64> {
    let mut packed: Vec<u64> = Vec::with_capacity(phones.len());
    for phone in phones {
        let one = phone.e164.digits() | if phone.primary { PRIMARY } else { 0 };
        match packed.iter_mut().find(|known| **known & NUMBER == phone.e164.digits()) {
            Some(known) => *known |= one,
            None => packed.push(one),
        }
    }
    packed
}

impl Body {
    fn new(contact: Contact, phones: &[u64], before: Option<&Owner>) -> Self {
        let given = contact.last_contacted_at.map_or(NEVER, |at| at.timestamp_micros());
        // A call of this minute may be known here before the database row that tells of it is read.
        let known = before.map_or(NEVER, Owner::last_contacted_us);
        Self {
            name: contact.name,
            organization: contact.organization,
            gender: contact.gender,
            email: contact.email,
            last_contacted_us: AtomicI64::new(given.max(known)),
            more_phones: phones.get(1..).unwrap_or_default().into(),
        }
    }
}

/// Who owns a number: the contact, and at hand all that is shown of it (which is not looked at before it is asked for).
pub struct Owner {
    reference: ContactRef,
    word: Word,
    body: Guard<Arc<Body>>,
}

impl Owner {
    pub fn reference(&self) -> ContactRef {
        self.reference
    }

    pub fn name(&self) -> &Arc<str> {
        &self.body.name
    }

    pub fn active(&self) -> bool {
        self.word.active()
    }

    pub(super) fn body(&self) -> &Body {
        &self.body
    }

    pub(super) fn has_more_numbers(&self) -> bool {
        self.word.has_more_numbers()
    }

    /// Packed, the first first. A contact without any has 0 there, which is no number.
    fn phones(&self) -> impl Iterator<Item = u64> {
        let first = self.word.0 & (NUMBER | PRIMARY);
        // The body of the common contact with one number stays unread.
        let more: &[u64] = if self.has_more_numbers() { &self.body.more_phones } else { &[] };
        std::iter::once(first).chain(more.iter().copied())
    }

    pub(super) fn owns(&self, number: E164) -> bool {
        self.word.number() == number.digits() || self.phones().any(|phone| phone & NUMBER == number.digits())
    }

    pub(super) fn primary(&self, number: E164) -> bool {
        self.phones().any(|phone| phone == number.digits() | PRIMARY)
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = E164> {
        self.phones().filter_map(|phone| E164::from_digits(phone & NUMBER).ok())
    }

    pub(super) fn word(&self) -> Word {
        self.word
    }

    pub(super) fn contact(&self) -> Contact {
        let (body, last) = (self.body(), self.last_contacted_us());
        Contact {
            reference: self.reference,
            name: Arc::clone(&body.name),
            organization: body.organization.clone(),
            gender: body.gender.clone(),
            email: body.email.clone(),
            active: self.active(),
            last_contacted_at: Timestamp::from_timestamp_micros(last).filter(|_| last != NEVER),
            phones: self.numbers().map(|e164| ContactPhone { e164, primary: self.primary(e164) }).collect(),
        }
    }

    pub(super) fn last_contacted_us(&self) -> i64 {
        self.body.last_contacted_us.load(Ordering::Relaxed)
    }

    pub(super) fn contacted(&self, at_us: i64) {
        self.body.last_contacted_us.fetch_max(at_us, Ordering::Relaxed);
    }

    /// Kind first; then active, primary, most recently contacted, lowest id.
    pub(super) fn rank(&self, number: E164) -> impl Ord + use<> {
        (
            self.reference.kind,
            !self.active(),
            !self.primary(number),
            std::cmp::Reverse(self.last_contacted_us()),
            self.reference.id,
        )
    }

    /// Asks for the memory of all texts at once, before they are cloned one after the other: each clone counts a
    /// reference, and such a write lets no later read begin before it is done.
    pub(super) fn touch(&self) {
        let first = |text: &Arc<str>| text.as_bytes().first().copied().unwrap_or(0);
        let body = self.body();
        let seen = first(&body.name)
            ^ body.email.as_ref().map_or(0, first)
            ^ body.organization.as_ref().map_or(0, |(_, name)| first(name));
        std::hint::black_box(seen);
    }
}
