//! The index from number to owners.

use std::{collections::BTreeMap, sync::RwLock};

use super::{CallerContext, Contact, ContactRef, Quality};
use crate::number::PartyNumber;

/// The contacts of one tenant.
#[derive(Default)]
pub struct TenantDirectory {
    contacts: RwLock<BTreeMap<ContactRef, Contact>>,
}

impl TenantDirectory {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the contact or replaces what was known of it.
    pub fn put(&self, contact: Contact) {
        if let Ok(mut contacts) = self.contacts.write() {
            contacts.insert(contact.reference, contact);
        }
    }

    pub fn remove(&self, reference: ContactRef) {
        if let Ok(mut contacts) = self.contacts.write() {
            contacts.remove(&reference);
        }
    }

    /// Number of contacts.
    pub fn len(&self) -> usize {
        self.contacts.read().map_or(0, |contacts| contacts.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn context(&self, number: &PartyNumber) -> CallerContext {
        let (quality, reason) = match number {
            PartyNumber::E164(_) => (Quality::Exact, "no contact has this number"),
            PartyNumber::Extension(_) => (Quality::Extension, "an extension"),
            PartyNumber::Anonymous => (Quality::Anonymous, "the caller withheld the number"),
            PartyNumber::Invalid(_) => (Quality::Invalid, "not a telephone number"),
        };
        let shown = match number {
            PartyNumber::E164(_) | PartyNumber::Extension(_) => number.display(),
            PartyNumber::Anonymous | PartyNumber::Invalid(_) => None,
        };
        CallerContext::unknown(quality, shown, reason)
    }
}
