//! What is kept of a contact behind the entries of its numbers, and what an answer carries of it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use arc_swap::Guard;
use uuid::Uuid;

use super::{Contact, ContactPhone, ContactRef};
use crate::{Timestamp, number::E164};

/// In a packed number: the contact's primary one.
const PRIMARY: u64 = 1 << 50;
const NUMBER: u64 = PRIMARY - 1;
const NEVER: i64 = i64::MIN;

/// What is shown of a contact, and what only writers and tie-breaks need. All entries of a contact lead to the same.
#[derive(Default)]
pub(super) struct Body {
    pub name: Arc<str>,
    pub organization: Option<(Uuid, Arc<str>)>,
    pub gender: Option<Arc<str>>,
    pub email: Option<Arc<str>>,
    active: bool,
    /// Of a contact with one number, which is in its entry: whether it is the primary one.
    primary: bool,
    /// Unix microseconds; moves on with every call, without a new body.
    last_contacted_us: AtomicI64,
    /// Packed numbers, the first first, where there are several.
    phones: Box<[u64]>,
}

impl Body {
    /// Of a contact with these numbers, [`packed`].
    fn new(contact: Contact, phones: &[u64]) -> Self {
        let given = contact.last_contacted_at.map_or(NEVER, |at| at.timestamp_micros());
        let mut body = Self {
            name: contact.name,
            organization: contact.organization,
            gender: contact.gender,
            email: contact.email,
            active: contact.active,
            primary: false,
            last_contacted_us: AtomicI64::new(given),
            phones: Box::default(),
        };
        body.number(phones);
        body
    }

    fn number(&mut self, phones: &[u64]) {
        self.primary = phones.first().is_some_and(|first| first & PRIMARY != 0);
        self.phones = if phones.len() > 1 { phones.into() } else { Box::default() };
    }

    /// Bytes of the list of numbers.
    pub fn list_bytes(&self) -> usize {
        size_of_val(&*self.phones)
    }
}

/// A contact as the entries of its numbers will lead to it, made before the writer's turn begins.
pub(super) struct Prepared {
    pub reference: ContactRef,
    /// Packed, the first first.
    pub phones: Vec<u64>,
    pub body: Arc<Body>,
}

impl Prepared {
    pub fn new(contact: Contact) -> Self {
        let (reference, phones) = (contact.reference, packed(&contact.phones));
        Self { reference, body: Arc::new(Body::new(contact, &phones)), phones }
    }

    /// It keeps these numbers, and its own come behind them.
    pub fn keep(&mut self, before: Vec<u64>) {
        let more = std::mem::replace(&mut self.phones, before);
        for phone in more {
            add(&mut self.phones, phone);
        }
        let phones = &self.phones;
        // Nobody else has it yet.
        if let Some(body) = Arc::get_mut(&mut self.body) {
            body.number(phones);
        }
    }

    /// A call of this minute may be known here before the database row that tells of it is read.
    pub fn contacted(&mut self, at_us: i64) {
        self.body.last_contacted_us.fetch_max(at_us, Ordering::Relaxed);
    }
}

/// Each number once, primary where any mention of it says so.
fn packed(phones: &[ContactPhone]) -> Vec<u64> {
    let mut packed: Vec<u64> = Vec::with_capacity(phones.len());
    for phone in phones {
        add(&mut packed, phone.e164.digits() | if phone.primary { PRIMARY } else { 0 });
    }
    packed
}

fn add(packed: &mut Vec<u64>, one: u64) {
    match packed.iter_mut().find(|known| **known & NUMBER == one & NUMBER) {
        Some(known) => *known |= one,
        None => packed.push(one),
    }
}

/// The number as the entries have it; 0 alone for a contact that has none.
pub(super) fn keys(packed: &[u64]) -> impl Iterator<Item = u64> {
    let packed = if packed.is_empty() { &[0] } else { packed };
    packed.iter().map(|phone| phone & NUMBER)
}

/// Who owns a number: the contact, and at hand all that is shown of it (which is not looked at before it is asked for).
pub struct Owner {
    reference: ContactRef,
    /// The number of the entry that led here, 0 for none.
    digits: u64,
    body: Guard<Arc<Body>>,
}

impl Owner {
    #[inline]
    pub(super) fn new(reference: ContactRef, digits: u64, body: Guard<Arc<Body>>) -> Self {
        Self { reference, digits, body }
    }

    pub fn reference(&self) -> ContactRef {
        self.reference
    }

    pub fn name(&self) -> &Arc<str> {
        &self.body.name
    }

    pub fn active(&self) -> bool {
        self.body.active
    }

    pub(super) fn body(&self) -> &Body {
        &self.body
    }

    /// Packed, the first first.
    pub(super) fn phones(&self) -> Vec<u64> {
        match &*self.body.phones {
            [] if self.digits == 0 => Vec::new(),
            [] => vec![self.digits | if self.body.primary { PRIMARY } else { 0 }],
            several => several.to_vec(),
        }
    }

    /// Whether the number is the contact's primary one.
    pub(super) fn primary(&self, number: E164) -> bool {
        match &*self.body.phones {
            [] => self.digits == number.digits() && self.body.primary,
            several => several.contains(&(number.digits() | PRIMARY)),
        }
    }

    pub(super) fn contact(&self) -> Contact {
        let (body, last) = (self.body(), self.last_contacted_us());
        let phone = |packed: u64| {
            let e164 = E164::from_digits(packed & NUMBER).ok()?;
            Some(ContactPhone { e164, primary: packed & PRIMARY != 0 })
        };
        Contact {
            reference: self.reference,
            name: Arc::clone(&body.name),
            organization: body.organization.clone(),
            gender: body.gender.clone(),
            email: body.email.clone(),
            active: self.active(),
            last_contacted_at: Timestamp::from_timestamp_micros(last).filter(|_| last != NEVER),
            phones: self.phones().into_iter().filter_map(phone).collect(),
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
