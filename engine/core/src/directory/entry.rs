//! An entry of the table: whose a number is, and behind it the body with all that is shown.
//!
//! Entries are read without locks while one writer changes them. From its taking to its giving up an entry is one
//! contact's for one number. What changes meanwhile is the body, which is exchanged as a whole, and two flags. A reader
//! that came while the entry was given up, or even taken again, sees so by the version, and that it was nobody's for a
//! moment: nobody waits for a writer.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicU64, Ordering, fence},
};

use arc_swap::ArcSwap;
use uuid::Uuid;

use super::{
    ContactKind, ContactRef,
    body::{Body, Owner},
};

/// The body of an entry that is nobody's.
static NO_BODY: LazyLock<Arc<Body>> = LazyLock::new(Arc::default);

/// The first eight bytes of an entry: number (50 bits), kind, flags, version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(u64);

impl Word {
    const NUMBER: u64 = (1 << 50) - 1;
    const KIND_SHIFT: u32 = 50;
    /// Further on is another entry of this number.
    pub const SHARED: u64 = 1 << 52;
    /// The one entry by which its contact is found. That of a contact without numbers has 0 for its number.
    pub const FIRST: u64 = 1 << 53;
    const FLAGS: u64 = Self::SHARED | Self::FIRST;
    const VERSION_SHIFT: u32 = 54;
    /// Versions go from 1 on, so that only an entry that has never been taken is all zero.
    const VERSIONS: u64 = (1 << 10) - 1;

    /// Never taken: a walk ends here.
    pub fn is_free(self) -> bool {
        self.0 == 0
    }

    pub fn is_taken(self) -> bool {
        self.0 & (Self::NUMBER | Self::FIRST) != 0
    }

    /// 0 where there is none.
    pub fn digits(self) -> u64 {
        self.0 & Self::NUMBER
    }

    pub fn has(self, flag: u64) -> bool {
        self.0 & flag != 0
    }

    fn kind(self) -> ContactKind {
        ContactKind::ALL[(self.0 >> Self::KIND_SHIFT) as usize & 3]
    }

    fn version(self) -> u64 {
        self.0 >> Self::VERSION_SHIFT
    }

    /// Of an entry that nobody has.
    fn given_up(version: u64) -> Self {
        Self(version << Self::VERSION_SHIFT)
    }
}

/// Half a cache line, so that it never lies in two.
#[repr(align(32))]
pub(super) struct Entry {
    word: AtomicU64,
    high: AtomicU64,
    low: AtomicU64,
    body: ArcSwap<Body>,
}

const _: () = assert!(size_of::<Entry>() == 32);

impl Default for Entry {
    fn default() -> Self {
        Self {
            word: AtomicU64::new(0),
            high: AtomicU64::new(0),
            low: AtomicU64::new(0),
            body: ArcSwap::new(Arc::clone(&NO_BODY)),
        }
    }
}

impl Entry {
    /// Acquire: what an entry says was written before its word.
    pub fn word(&self) -> Word {
        Word(self.word.load(Ordering::Acquire))
    }

    /// Whose it is, if it has been so ever since its word was seen.
    #[inline]
    pub fn owner(&self, seen: Word) -> Option<Owner> {
        let (reference, body) = (self.reference(seen), self.body.load());
        self.is_still(seen).then(|| Owner::new(reference, seen.digits(), body))
    }

    /// As [`Entry::owner`], without the body.
    #[inline]
    pub fn owner_reference(&self, seen: Word) -> Option<ContactRef> {
        let reference = self.reference(seen);
        self.is_still(seen).then_some(reference)
    }

    /// Whether what has been read of the entry since is of one piece.
    #[inline]
    fn is_still(&self, seen: Word) -> bool {
        fence(Ordering::Acquire);
        (self.word.load(Ordering::Relaxed) ^ seen.0) & !Word::FLAGS == 0
    }

    /// As [`Entry::owner_reference`], for the writer.
    pub fn reference(&self, seen: Word) -> ContactRef {
        let (high, low) = (self.high.load(Ordering::Relaxed), self.low.load(Ordering::Relaxed));
        ContactRef { kind: seen.kind(), id: Uuid::from_u64_pair(high, low) }
    }

    /// The entry was nobody's.
    pub fn take(&self, contact: ContactRef, digits: u64, flags: u64, body: Arc<Body>) {
        let (high, low) = contact.id.as_u64_pair();
        self.high.store(high, Ordering::Relaxed);
        self.low.store(low, Ordering::Relaxed);
        self.body.store(body);
        let kind = (contact.kind as u64) << Word::KIND_SHIFT;
        let version = self.word().version().max(1);
        self.word.store(Word::given_up(version).0 | digits | kind | flags, Ordering::Release);
    }

    pub fn give_up(&self) {
        let version = self.word().version() % Word::VERSIONS + 1;
        self.word.store(Word::given_up(version).0, Ordering::Release);
        // Whoever sees something of the next contact sees the version too.
        fence(Ordering::Release);
        self.body.store(Arc::clone(&NO_BODY));
    }

    pub fn exchange(&self, body: Arc<Body>) {
        self.body.store(body);
    }

    pub fn flag(&self, flag: u64, on: bool) {
        let word = self.word().0;
        self.word.store(if on { word | flag } else { word & !flag }, Ordering::Release);
    }

    /// For another segment.
    pub fn copy(&self) -> Self {
        let copy = |from: &AtomicU64| AtomicU64::new(from.load(Ordering::Relaxed));
        Self {
            word: copy(&self.word),
            high: copy(&self.high),
            low: copy(&self.low),
            body: ArcSwap::new(self.body.load_full()),
        }
    }
}
