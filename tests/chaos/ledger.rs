//! What was promised: every event that the house acknowledged, every ticket it said it filed. Nothing here knows how the
//! house keeps them.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::story::End;

/// A call by what its provider calls it: connection and call id.
pub type Name = (String, String);

#[derive(Default)]
pub struct Ledger {
    calls: Mutex<BTreeMap<Name, Promised>>,
    /// Acknowledged since [`Ledger::fresh`] was last asked.
    fresh: Mutex<Vec<(Name, &'static str)>>,
    tickets: Mutex<BTreeMap<String, Filed>>,
    complaints: Mutex<Vec<String>>,
    pub requests: AtomicU64,
    pub acknowledged: AtomicU64,
}

/// A call that was told.
#[derive(Clone, Debug, Default)]
pub struct Promised {
    pub kind: &'static str,
    /// How it must stand; `None` = it was left open.
    pub end: Option<End>,
    /// Events acknowledged, by type; each counts once however often it was sent.
    pub acknowledged: BTreeMap<&'static str, usize>,
    /// Who must have seen it pop, where that is certain.
    pub rang: Option<String>,
}

/// A ticket that an agent filed, by its title.
#[derive(Clone, Debug)]
pub struct Filed {
    pub call_id: String,
    /// The id that the house answered; `None` while it has not.
    pub id: Option<String>,
}

impl Ledger {
    pub fn begin(&self, name: &Name, promised: Promised) {
        self.calls.lock().unwrap().insert(name.clone(), promised);
    }

    pub fn acknowledge(&self, name: &Name, word: &'static str) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        let mut calls = self.calls.lock().unwrap();
        *calls.get_mut(name).expect("a call that was begun").acknowledged.entry(word).or_default() += 1;
        self.fresh.lock().unwrap().push((name.clone(), word));
    }

    /// What was acknowledged since the last time.
    pub fn fresh(&self) -> Vec<(Name, &'static str)> {
        std::mem::take(&mut *self.fresh.lock().unwrap())
    }

    pub fn calls(&self) -> BTreeMap<Name, Promised> {
        self.calls.lock().unwrap().clone()
    }

    pub fn begin_ticket(&self, title: &str, call_id: &str) {
        let filed = Filed { call_id: call_id.to_owned(), id: None };
        self.tickets.lock().unwrap().insert(title.to_owned(), filed);
    }

    pub fn filed_ticket(&self, title: &str, id: &str) {
        self.tickets.lock().unwrap().get_mut(title).expect("a ticket that was begun").id =
            Some(id.to_owned());
    }

    pub fn tickets(&self) -> BTreeMap<String, Filed> {
        self.tickets.lock().unwrap().clone()
    }

    /// Something that must not happen, whatever the fault.
    pub fn complain(&self, what: String) {
        let mut complaints = self.complaints.lock().unwrap();
        if complaints.len() < 50 {
            complaints.push(what);
        }
    }

    pub fn complaints(&self) -> Vec<String> {
        self.complaints.lock().unwrap().clone()
    }
}
