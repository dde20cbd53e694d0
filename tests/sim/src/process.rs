//! The program around the core, modelled: the shard that decides, the queue to the log, the sockets. It follows
//! `engine/src/shard.rs`, `appender.rs` and `ws/src/session.rs`; what it decides, it decides by the core.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use switchroom_core::{
    CallId, Timestamp, UserId,
    append::{Candidate, Verdict},
    fact::CallFact,
    frame::{Audience, Frame, SCREEN_POP, frames_of, withdrawals},
    log::{Cursor, EventData, LogEvent},
    tenant::{CallMemory, Decision, Input, Outcome, TenantLive},
    wallboard::WallboardFold,
};

use crate::{
    centre::{Centre, TENANT},
    store::{Kept, Written},
};

/// Decisions that may wait for the log; few, so that it is full at times.
const QUEUE: usize = 24;

/// One decision on its way to the log.
#[derive(Clone)]
pub struct Entry {
    pub events: Vec<Arc<LogEvent>>,
    memories: BTreeMap<CallId, CallMemory>,
    fact: Option<(CallId, CallFact, u64)>,
    incarnation: u32,
    mark: Option<u64>,
}

impl Entry {
    pub fn candidate(&self) -> Candidate<'_> {
        Candidate {
            tenant: TENANT,
            events: &self.events,
            memories: &self.memories,
            call: self.fact.as_ref().map(|(call, _, _)| *call),
            incarnation: self.incarnation,
        }
    }
}

/// A page of the log for one user.
pub struct Page {
    pub frames: Vec<Frame>,
    pub next: Option<Cursor>,
    pub end: Cursor,
}

/// What goes down a socket.
#[derive(Clone, Debug)]
pub enum Down {
    Hello(Cursor),
    Frame(Frame),
    Committed(Cursor),
    Resynced(Cursor),
}

/// What the appender tells the shard.
#[derive(Clone)]
pub enum Notice {
    Repeated(Arc<LogEvent>),
    Forgotten(Box<Entry>),
}

/// What the world does upon a step.
pub enum Effect {
    Send {
        socket: u64,
        down: Down,
    },
    /// The provider gets its 2xx for this delivery.
    Ack(u64),
    Notice(Notice),
    /// A call's memory is to be loaded.
    Load(CallId),
    /// A resume reads its next page.
    Read {
        socket: u64,
        after: Cursor,
    },
}

#[derive(Default)]
struct Redo {
    incarnation: u32,
    loading: bool,
    facts: Vec<(CallFact, u64)>,
}

struct Socket {
    user: UserId,
    told: Cursor,
    resuming: Option<Resuming>,
}

#[derive(Default)]
struct Resuming {
    overtaken: bool,
    second: bool,
}

pub struct Process {
    pub live: TenantLive,
    pub board: WallboardFold,
    end: Cursor,
    queue: VecDeque<Entry>,
    /// The batch whose transaction runs.
    pub writing: Vec<Entry>,
    /// It came through, and the process does not know yet.
    pub committed: bool,
    pub returned: HashMap<CallId, u32>,
    redo: HashMap<CallId, Redo>,
    tickets: u64,
    last_ticket: BTreeMap<CallId, u64>,
    /// Who waits for which ticket, until when.
    waiting: Vec<(u64, u64, Timestamp)>,
    marks: BTreeMap<u64, (u64, Cursor)>,
    sockets: BTreeMap<u64, Socket>,
    pub out: Vec<Effect>,
}

impl Process {
    pub fn start(
        now: Timestamp,
        live: TenantLive,
        board: WallboardFold,
        end: Cursor,
        centre: &Centre,
    ) -> Self {
        let mut process = Self {
            live,
            board,
            end,
            queue: VecDeque::new(),
            writing: Vec::new(),
            committed: false,
            returned: HashMap::new(),
            redo: HashMap::new(),
            tickets: 0,
            last_ticket: BTreeMap::new(),
            waiting: Vec::new(),
            marks: BTreeMap::new(),
            sockets: BTreeMap::new(),
            out: Vec::new(),
        };
        process.live.resume(now, &centre.settings);
        process
    }

    /// Whether everything decided is written and told.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty()
            && self.writing.is_empty()
            && self.redo.values().all(|redo| redo.facts.is_empty() && !redo.loading)
            && self.sockets.values().all(|socket| socket.resuming.is_none())
    }

    // --- the shard ---------------------------------------------------------------------------------------------------

    /// Takes a delivery of a fact. False where there is no room.
    pub fn submit(&mut self, now: Timestamp, fact: CallFact, delivery: u64, centre: &Centre) -> bool {
        if self.queue.len() >= QUEUE {
            return false;
        }
        let again = fact.clone();
        let decision = self.decide(now, Input::Fact(fact), centre);
        let call = decision.call_id.expect("a fact is about a call");
        let ticket = if decision.outcome == Outcome::Repetition {
            self.last_ticket.get(&call).copied()
        } else {
            Some(self.issue(call))
        };
        match ticket {
            Some(ticket) => {
                let patience = chrono::TimeDelta::seconds(5);
                self.waiting.push((ticket, delivery, now + patience));
            }
            None => self.out.push(Effect::Ack(delivery)),
        }
        self.enqueue(decision, ticket.map(|ticket| (call, again, ticket)));
        true
    }

    pub fn input(&mut self, now: Timestamp, input: Input, centre: &Centre) {
        let decision = self.decide(now, input, centre);
        self.enqueue(decision, None);
    }

    fn issue(&mut self, call: CallId) -> u64 {
        self.tickets += 1;
        self.last_ticket.insert(call, self.tickets);
        self.tickets
    }

    fn decide(&mut self, now: Timestamp, input: Input, centre: &Centre) -> Decision {
        let connection = match &input {
            Input::Fact(fact) => Some(fact.connection),
            _ => None,
        };
        let decision = self.live.handle(now, input, &centre.world(connection));
        self.deliver_all(&decision);
        decision
    }

    fn deliver_all(&mut self, decision: &Decision) {
        let frames: Vec<Frame> = decision.events.iter().flat_map(|event| frames_of(event)).collect();
        self.deliver(frames);
    }

    fn deliver(&mut self, frames: Vec<Frame>) {
        for frame in frames {
            let Audience::User(user) = frame.to else { continue };
            for (id, socket) in self.sockets.iter_mut().filter(|(_, socket)| socket.user == user) {
                if let Some(resuming) = &mut socket.resuming {
                    resuming.overtaken = true;
                }
                self.out.push(Effect::Send { socket: *id, down: Down::Frame(frame.clone()) });
            }
        }
    }

    fn enqueue(&mut self, decision: Decision, fact: Option<(CallId, CallFact, u64)>) {
        if decision.events.is_empty() {
            return;
        }
        let memories = decision
            .events
            .iter()
            .filter_map(|event| event.call_id)
            .filter_map(|call| self.live.call(call).map(|live| (call, live.memory())))
            .collect();
        let incarnation =
            fact.as_ref().and_then(|(call, _, _)| self.redo.get(call)).map_or(0, |redo| redo.incarnation);
        self.queue.push_back(Entry { events: decision.events, memories, fact, incarnation, mark: None });
    }

    pub fn hear(&mut self, now: Timestamp, notice: Notice, centre: &Centre) {
        match notice {
            Notice::Repeated(event) => {
                self.live.retract(&event);
                self.withdraw(&event);
            }
            Notice::Forgotten(entry) => self.forgotten(now, *entry, centre),
        }
    }

    fn withdraw(&mut self, event: &LogEvent) {
        if let EventData::Call(data) = &event.data
            && !data.pops.is_empty()
        {
            self.deliver(withdrawals(event, &data.pops, "repeated"));
        }
    }

    fn forgotten(&mut self, now: Timestamp, entry: Entry, centre: &Centre) {
        for event in &entry.events {
            self.withdraw(event);
        }
        let Some((call, fact, ticket)) = entry.fact else { return };
        let redo = self.redo.entry(call).or_default();
        redo.facts.push((fact, ticket));
        if entry.incarnation < redo.incarnation && !redo.loading {
            return self.decide_again(now, call, centre);
        }
        if !std::mem::replace(&mut redo.loading, true) {
            self.out.push(Effect::Load(call));
        }
    }

    /// A call's memory is loaded.
    pub fn found(&mut self, now: Timestamp, call: CallId, kept: Option<Kept>, centre: &Centre) {
        let mut decision = Decision {
            events: Vec::new(),
            outcome: Outcome::Accepted,
            call_id: None,
            missing_summary: None,
            next_deadline: None,
        };
        self.live.discard_call(now, call, &centre.world(None), &mut decision);
        if let Some(kept) = kept {
            self.live.restore_call(kept.memory, kept.seen, kept.pops);
            self.live.arm(call, &centre.settings);
        }
        self.deliver_all(&decision);
        self.enqueue(decision, None);
        let redo = self.redo.entry(call).or_default();
        redo.loading = false;
        redo.incarnation += 1;
        self.decide_again(now, call, centre);
    }

    fn decide_again(&mut self, now: Timestamp, call: CallId, centre: &Centre) {
        let facts = self.redo.get_mut(&call).map(|redo| std::mem::take(&mut redo.facts)).unwrap_or_default();
        for (fact, ticket) in facts {
            let decision = self.decide(now, Input::Fact(fact.clone()), centre);
            if decision.events.is_empty() {
                // A repetition of what is recorded.
                self.durable(now, call, ticket);
            } else {
                self.enqueue(decision, Some((call, fact, ticket)));
            }
        }
    }

    // --- the appender ------------------------------------------------------------------------------------------------

    /// Begins a transaction where there is something to write and none runs.
    pub fn begin(&mut self) -> bool {
        if self.writing.is_empty() && !self.queue.is_empty() {
            self.writing = self.queue.drain(..).collect();
            return true;
        }
        false
    }

    /// The transaction came through, and we know.
    pub fn settle(&mut self, now: Timestamp, written: &Written) {
        let entries = std::mem::take(&mut self.writing);
        self.committed = false;
        assert_eq!(entries.len(), written.verdicts.len());
        for (entry, verdict) in entries.iter().zip(&written.verdicts) {
            for event in &entry.events {
                if *verdict == Verdict::Stands || event.call_id.is_none() {
                    self.board.apply(now, event);
                }
            }
        }
        self.board.reach(written.end);
        self.end = self.end.max(written.end);
        for (id, socket) in &mut self.sockets {
            if socket.resuming.is_none() && socket.told < written.end {
                socket.told = written.end;
                self.out.push(Effect::Send { socket: *id, down: Down::Committed(written.end) });
            }
        }
        for (entry, verdict) in entries.into_iter().zip(&written.verdicts) {
            match verdict {
                Verdict::Stands => {}
                Verdict::Repeated => {
                    for event in entry.events.iter().filter(|event| event.call_id.is_some()) {
                        self.out.push(Effect::Notice(Notice::Repeated(Arc::clone(event))));
                    }
                }
                Verdict::Forgotten => {
                    if let Some((call, _, _)) = &entry.fact {
                        let last = self.returned.entry(*call).or_default();
                        *last = (*last).max(entry.incarnation);
                    }
                    self.out.push(Effect::Notice(Notice::Forgotten(Box::new(entry))));
                    continue;
                }
            }
            if let Some((call, _, ticket)) = entry.fact {
                self.durable(now, call, ticket);
            }
            if let Some((socket, after)) = entry.mark.and_then(|mark| self.marks.remove(&mark)) {
                self.out.push(Effect::Read { socket, after });
            }
        }
    }

    fn durable(&mut self, now: Timestamp, call: CallId, ticket: u64) {
        if self.last_ticket.get(&call) == Some(&ticket) {
            self.last_ticket.remove(&call);
        }
        let out = &mut self.out;
        self.waiting.retain(|(held, delivery, until)| {
            if *held == ticket && *until >= now {
                out.push(Effect::Ack(*delivery));
            }
            *held != ticket
        });
    }

    // --- the sockets -------------------------------------------------------------------------------------------------

    pub fn socket_opened(&mut self, now: Timestamp, id: u64, user: UserId, centre: &Centre) {
        self.sockets.insert(id, Socket { user, told: self.end, resuming: None });
        self.out.push(Effect::Send { socket: id, down: Down::Hello(self.end) });
        for event in self.live.open_pops(user) {
            for frame in frames_of(&event) {
                if frame.type_ == SCREEN_POP && frame.to == Audience::User(user) {
                    self.out.push(Effect::Send { socket: id, down: Down::Frame(frame) });
                }
            }
        }
        self.input(now, Input::SocketOpened { user }, centre);
    }

    pub fn socket_lost(&mut self, now: Timestamp, id: u64, centre: &Centre) {
        let Some(socket) = self.sockets.remove(&id) else { return };
        if !self.sockets.values().any(|other| other.user == socket.user) {
            self.input(now, Input::LastSocketLost { user: socket.user }, centre);
        }
    }

    pub fn resume(&mut self, id: u64, after: Cursor) {
        let Some(socket) = self.sockets.get_mut(&id) else { return };
        socket.resuming = Some(Resuming::default());
        self.mark(id, after);
    }

    /// What is decided so far is to be written before the page is read.
    fn mark(&mut self, id: u64, after: Cursor) {
        self.tickets += 1;
        let mark = self.tickets;
        self.marks.insert(mark, (id, after));
        self.queue.push_back(Entry {
            events: Vec::new(),
            memories: BTreeMap::new(),
            fact: None,
            incarnation: 0,
            mark: Some(mark),
        });
    }

    pub fn page_read(&mut self, id: u64, page: Page) {
        let Some(socket) = self.sockets.get_mut(&id) else { return };
        let Some(mut resuming) = socket.resuming.take() else { return };
        for frame in page.frames {
            self.out.push(Effect::Send { socket: id, down: Down::Frame(frame) });
        }
        if let Some(next) = page.next {
            socket.resuming = Some(resuming);
            self.out.push(Effect::Read { socket: id, after: next });
        } else if resuming.overtaken && !resuming.second {
            resuming.second = true;
            socket.resuming = Some(resuming);
            self.mark(id, page.end);
        } else {
            self.out.push(Effect::Send { socket: id, down: Down::Resynced(page.end) });
            socket.told = socket.told.max(page.end);
            if self.end > socket.told {
                socket.told = self.end;
                self.out.push(Effect::Send { socket: id, down: Down::Committed(self.end) });
            }
        }
    }
}
