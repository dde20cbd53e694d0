//! What of a batch of decisions is written to the log: the rules of the appender, without its database.
//!
//! A decision is made in memory, and memory forgets (calls that ended long ago). So three things can come of one when
//! it meets the log: it stands; its event was recorded before; or its call was recorded before and memory did not
//! know, and then the decision goes back to be made again.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use crate::{
    CallId, EventId, TenantId, UserId,
    agent::PresenceChange,
    call::CallSnapshot,
    log::{EventData, LogEvent},
    planted::{self, Bug},
    tenant::CallMemory,
};

/// One decision on its way to the log.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    pub tenant: TenantId,
    pub events: &'a [Arc<LogEvent>],
    /// The calls of its events as they stand with it.
    pub memories: &'a BTreeMap<CallId, CallMemory>,
    /// Of a fact from outside, which can be decided again: its call.
    pub call: Option<CallId>,
    /// How often the call had been found again when this was decided.
    pub incarnation: u32,
}

impl Candidate<'_> {
    /// The call that this decision took for new.
    pub fn opens(&self) -> Option<CallId> {
        self.events.iter().find_map(|event| match &event.data {
            EventData::Call(data) if data.before.is_none() => Some(data.call.id),
            EventData::Call(_) | EventData::Presence(_) => None,
        })
    }
}

/// What was found about a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Stands,
    /// Its call event was recorded before. What followed from it for agents still stands.
    Repeated,
    /// Its call was recorded before, and memory did not know. The same.
    Forgotten,
}

/// A batch that is being judged: `open`, then the claims go to the log, then [`Judging::close`].
#[derive(Debug)]
pub struct Judging<'a> {
    batch: Vec<Candidate<'a>>,
    verdicts: Vec<Verdict>,
    back: BTreeSet<CallId>,
}

/// What is written, and what was found.
#[derive(Debug)]
pub struct Judged<'a> {
    pub verdicts: Vec<Verdict>,
    /// In the order of their numbers.
    pub events: Vec<(TenantId, &'a Arc<LogEvent>)>,
    /// Calls as the last of their events leaves them.
    pub calls: BTreeMap<CallId, (TenantId, &'a CallSnapshot, &'a CallMemory)>,
    pub agents: BTreeMap<(TenantId, UserId), &'a PresenceChange>,
}

impl<'a> Judging<'a> {
    /// `recorded`: which of the calls that the batch takes for new are in the log already. `returned`: calls whose
    /// decisions go back, up to this incarnation.
    pub fn open(
        batch: Vec<Candidate<'a>>,
        recorded: &BTreeSet<CallId>,
        returned: &HashMap<CallId, u32>,
    ) -> Self {
        let mut returned = returned.clone();
        let mut verdicts = Vec::with_capacity(batch.len());
        let mut back = BTreeSet::new();
        for entry in &batch {
            if let Some(call) = entry.opens().filter(|call| recorded.contains(call)) {
                returned.insert(call, entry.incarnation);
            }
            let goes_back =
                entry.call.filter(|call| returned.get(call).is_some_and(|until| entry.incarnation <= *until));
            back.extend(goes_back);
            verdicts.push(if goes_back.is_some() { Verdict::Forgotten } else { Verdict::Stands });
        }
        Self { batch, verdicts, back }
    }

    /// The events to be claimed.
    pub fn claims(&self) -> Vec<(TenantId, EventId, CallId)> {
        self.batch
            .iter()
            .flat_map(|entry| entry.events.iter().map(move |event| (entry.tenant, event)))
            .filter_map(|(tenant, event)| event.call_id.map(|call| (tenant, event.event_id, call)))
            .filter(|(_, _, call)| !self.back.contains(call))
            .collect()
    }

    /// `claimed`: which of the claims are new. An event that stands is taken out of it, so that the second of two in
    /// one batch is a repetition.
    pub fn close(self, mut claimed: BTreeSet<(TenantId, EventId)>) -> Judged<'a> {
        let mut judged = Judged {
            verdicts: self.verdicts,
            events: Vec::new(),
            calls: BTreeMap::new(),
            agents: BTreeMap::new(),
        };
        for (entry, verdict) in self.batch.iter().zip(&mut judged.verdicts) {
            for event in entry.events {
                match (&event.data, event.call_id) {
                    (EventData::Presence(change), _) => {
                        judged.agents.insert((entry.tenant, change.user_id), change);
                    }
                    (EventData::Call(_), _) if *verdict == Verdict::Forgotten => continue,
                    (EventData::Call(data), Some(call)) => {
                        if !claimed.remove(&(entry.tenant, event.event_id)) && !planted::is(Bug::WrittenTwice)
                        {
                            *verdict = Verdict::Repeated;
                            continue;
                        }
                        if let Some(memory) = entry.memories.get(&call) {
                            judged.calls.insert(call, (entry.tenant, &data.call, memory));
                        }
                    }
                    (EventData::Call(_), None) => {}
                }
                judged.events.push((entry.tenant, event));
            }
        }
        judged
    }
}
