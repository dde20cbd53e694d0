//! The database, modelled: what is committed stays whatever dies, and is read back as the real one gives it (JSON for
//! what is decided, microseconds for times). It judges a batch by the appender's own rules.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use chrono::SubsecRound;
use switchroom_core::{
    CallId, EventId, Timestamp, UserId,
    agent::PresenceChange,
    append::{Candidate, Judging, Verdict},
    call::{CallSnapshot, CallState},
    frame::{Audience, frames_of},
    log::{Cursor, EventData, LogEvent},
    tenant::{CallMemory, REMEMBER_ENDED, TenantLive},
    wallboard::WallboardFold,
};

use crate::process::{Entry, Page};

/// Entries of the log per page of a resume: few, so that resumes have several.
const PAGE: usize = 3;

#[derive(Default)]
pub struct Store {
    log: Vec<(i64, Arc<LogEvent>)>,
    last_seq: i64,
    claims: BTreeMap<EventId, CallId>,
    calls: BTreeMap<CallId, Row>,
    agents: BTreeMap<UserId, PresenceChange>,
}

struct Row {
    call: CallSnapshot,
    memory: String,
    updated_at: Timestamp,
}

/// What a committed batch did.
pub struct Written {
    pub verdicts: Vec<Verdict>,
    pub end: Cursor,
}

/// A call as it is loaded to go on with.
pub struct Kept {
    pub memory: CallMemory,
    pub seen: Vec<EventId>,
    pub pops: Vec<Arc<LogEvent>>,
}

impl Store {
    /// All of the batch or nothing; the entries that were written are the answer's second half.
    pub fn commit(
        &mut self,
        now: Timestamp,
        batch: &[Entry],
        returned: &HashMap<CallId, u32>,
    ) -> (Written, Vec<(i64, Arc<LogEvent>)>) {
        let batch: Vec<Candidate<'_>> = batch.iter().map(Entry::candidate).collect();
        let opened = batch.iter().filter_map(Candidate::opens);
        let recorded = opened.filter(|call| self.calls.contains_key(call)).collect();
        let judging = Judging::open(batch, &recorded, returned);
        let mut claimed = BTreeSet::new();
        for (tenant, event, call) in judging.claims() {
            if let std::collections::btree_map::Entry::Vacant(free) = self.claims.entry(event) {
                free.insert(call);
                claimed.insert((tenant, event));
            }
        }
        let judged = judging.close(claimed);
        let mut written = Vec::new();
        self.last_seq += judged.events.len() as i64;
        let first = self.last_seq - judged.events.len() as i64 + 1;
        for (seq, (_, event)) in (first..).zip(&judged.events) {
            let kept = read_back(event);
            let user_frames = |event: &LogEvent| {
                let mut frames = frames_of(event);
                frames.retain(|frame| matches!(frame.to, Audience::User(_)));
                frames
            };
            assert_eq!(user_frames(event), user_frames(&kept), "frames live are frames resumed, ids and all");
            written.push((seq, Arc::new(kept)));
        }
        for (id, (_, call, memory)) in &judged.calls {
            let memory = serde_json::to_string(memory).expect("a memory can be kept");
            self.calls.insert(*id, Row { call: (*call).clone(), memory, updated_at: now });
        }
        for ((_, user), change) in &judged.agents {
            let mut change = (*change).clone();
            change.since = change.since.trunc_subsecs(6);
            change.until = change.until.map(|until| until.trunc_subsecs(6));
            self.agents.insert(*user, change);
        }
        self.log.extend(written.iter().cloned());
        (Written { verdicts: judged.verdicts, end: Cursor(self.last_seq) }, written)
    }

    pub fn end(&self) -> Cursor {
        Cursor(self.last_seq)
    }

    pub fn log(&self) -> &[(i64, Arc<LogEvent>)] {
        &self.log
    }

    pub fn holds(&self, event: EventId) -> bool {
        self.claims.contains_key(&event) && self.log.iter().any(|(_, kept)| kept.event_id == event)
    }

    pub fn call(&self, call: CallId) -> Option<&CallSnapshot> {
        self.calls.get(&call).map(|row| &row.call)
    }

    /// The user's entries behind a cursor (see `Engine::frames_after`).
    pub fn page(&self, user: UserId, after: Cursor) -> Page {
        let mut events: Vec<&(i64, Arc<LogEvent>)> = self
            .log
            .iter()
            .filter(|(seq, event)| *seq > after.0 && event.addressees.contains(&user))
            .take(PAGE + 1)
            .collect();
        let more = events.len() > PAGE;
        events.truncate(PAGE);
        Page {
            next: events.last().filter(|_| more).map(|(seq, _)| Cursor(*seq)),
            frames: events
                .iter()
                .flat_map(|(_, event)| frames_of(event))
                .filter(|frame| frame.to == Audience::User(user))
                .collect(),
            end: self.end(),
        }
    }

    /// One call, whenever it was (see `store::log::kept_call`).
    pub fn kept(&self, call: CallId, with_pops: bool) -> Option<Kept> {
        let row = self.calls.get(&call)?;
        let of_call = |event: &&(i64, Arc<LogEvent>)| event.1.call_id == Some(call);
        let popped = |event: &LogEvent| matches!(&event.data, EventData::Call(data) if !data.pops.is_empty());
        Some(Kept {
            memory: serde_json::from_str(&row.memory).expect("a memory reads back"),
            seen: self.claims.iter().filter(|(_, of)| **of == call).map(|(event, _)| *event).collect(),
            pops: self
                .log
                .iter()
                .filter(of_call)
                .filter(|(_, event)| with_pops && popped(event))
                .map(|(_, event)| event.clone())
                .collect(),
        })
    }

    /// What a start brings back (see `engine/src/restore.rs`).
    pub fn restore(&self, now: Timestamp) -> (TenantLive, WallboardFold) {
        let mut live = TenantLive::default();
        let mut kept: Vec<Kept> = self
            .calls
            .iter()
            .filter(|(_, row)| row.call.state != CallState::Ended || row.updated_at >= now - REMEMBER_ENDED)
            .filter_map(|(id, row)| self.kept(*id, row.call.state != CallState::Ended))
            .collect();
        kept.sort_by_key(|call| call.memory.heard_at);
        for call in kept {
            live.restore_call(call.memory, call.seen, call.pops);
        }
        for change in self.agents.values() {
            live.restore_presence(change);
        }
        (live, self.board(now))
    }

    /// The board as it follows from how every call stands.
    pub fn board(&self, now: Timestamp) -> WallboardFold {
        let mut board = WallboardFold::new(now);
        let since = WallboardFold::reaches_back_to(now);
        for (id, row) in &self.calls {
            if row.call.started_at >= since || row.call.state != CallState::Ended {
                board.restore_call(*id, &row.call.outline());
            }
        }
        for change in self.agents.values() {
            board.restore_presence(change.clone());
        }
        board.reach(self.end());
        board
    }
}

/// An entry as it comes back from the database.
fn read_back(event: &LogEvent) -> LogEvent {
    let json = event.data.to_json().expect("an entry can be written");
    LogEvent {
        at: event.at.trunc_subsecs(6),
        provider_at: event.provider_at.map(|at| at.trunc_subsecs(6)),
        data: EventData::from_json(event.type_, &json).expect("an entry reads back"),
        ..event.clone()
    }
}
