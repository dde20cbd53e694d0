//! A shard: the one task that decides for its tenants. It takes an input, lets the core decide, hands the frames to the
//! sink, and queues the decision for the log, in this order; it never waits for a socket or the database.
//!
//! Bounds: inputs wait in a bounded channel, and an input is only looked at once there is room for its decision in the
//! appender's queue. Where there is not, it is refused ([`SubmitError::Overloaded`]) and nothing of it happened.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use chrono::Utc;
use metrics::{Histogram, histogram};
use switchroom_core::{
    CallId, TenantId, Timestamp, UserId,
    agent::{Chosen, PresenceChange, PresenceView},
    directory::{CallerContext, ContactRef, Summary, TenantDirectory},
    fact::CallFact,
    frame::{Audience, Frame, enriched, frames_of, withdrawals},
    log::{EventData, LogEvent},
    number::PartyNumber,
    roster::Roster,
    tenant::{Callers, ConnectionView, Decision, Input, Outcome, Settings, World},
};
use switchroom_store::{Database, log::KeptCall};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};
use tracing::{error, warn};

use crate::{
    SubmitError,
    appender::Entry,
    live::{LiveTenant, Tenants},
    summaries::SummaryCache,
    wait::{Ticket, Waits},
};

/// When a refused caller may come again.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a shard is asked, from outside.
pub(crate) enum Order {
    Fact {
        tenant: TenantId,
        fact: CallFact,
        reply: oneshot::Sender<Result<Decided, SubmitError>>,
    },
    Choose {
        tenant: TenantId,
        user: UserId,
        choice: Chosen,
        reason: Option<String>,
        reply: oneshot::Sender<Result<PresenceView, SubmitError>>,
    },
}

/// What a shard is told from inside. Unbounded channels carry it, but what is in them is bounded elsewhere: by the
/// appender's queue, by the number of sockets.
pub(crate) enum Notice {
    SocketOpened {
        tenant: TenantId,
        user: UserId,
    },
    LastSocketLost {
        tenant: TenantId,
        user: UserId,
    },
    /// Somebody waits for what was decided so far.
    Mark {
        tenant: TenantId,
        mark: Arc<Ticket>,
    },
    /// The event had been recorded before (and forgotten in memory): nothing of it stands.
    Repeated {
        tenant: TenantId,
        event: Arc<LogEvent>,
    },
    /// The call had been recorded before (and forgotten in memory): it was taken for new and is not.
    Forgotten {
        entry: Box<Entry>,
    },
    /// It can never be written. What it made of its call must not stay in memory, or the fact told again would pass for
    /// a repetition of something that is stored.
    Refused {
        entry: Box<Entry>,
    },
    /// It was loaded.
    Found {
        tenant: TenantId,
        call: CallId,
        kept: Option<Box<KeptCall>>,
    },
    /// Come to an end once everything before this is done.
    Stop,
}

/// What came of a fact.
pub(crate) struct Decided {
    pub(crate) call: CallId,
    pub(crate) repetition: bool,
    pub(crate) addressees: Vec<UserId>,
    pub(crate) pushed_at_us: i64,
    /// None where nothing of the call is on its way.
    pub(crate) ticket: Option<Arc<Ticket>>,
}

/// What a shard works with.
pub(crate) struct Shard {
    pub(crate) db: Database,
    pub(crate) settings: Settings,
    pub(crate) tenants: Tenants,
    pub(crate) summaries: SummaryCache,
    pub(crate) waits: Waits,
    pub(crate) appender: mpsc::Sender<Entry>,
    /// To itself, for what it starts beside.
    pub(crate) notices: mpsc::UnboundedSender<Notice>,
    pub(crate) deadlines: Deadlines,
    pub(crate) redo: HashMap<CallId, Redo>,
    pub(crate) timings: Timings,
}

/// The histograms of each event, found once.
pub(crate) struct Timings {
    /// `switchroom_receive_to_pop_seconds`.
    pop: Histogram,
    /// `switchroom_lookup_seconds`.
    lookup: Histogram,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            pop: histogram!("switchroom_receive_to_pop_seconds"),
            lookup: histogram!("switchroom_lookup_seconds"),
        }
    }
}

/// Facts of a call that was taken for new, waiting for its memory; and how often that happened.
#[derive(Default)]
pub(crate) struct Redo {
    incarnation: u32,
    loading: bool,
    facts: Vec<(CallFact, Arc<Ticket>)>,
    /// Of facts that can never be written: lost, but not before memory is what is stored. Until then a repetition waits
    /// with them instead of passing for one of something stored.
    refused: Vec<Arc<Ticket>>,
}

/// When each tenant wants to be called.
#[derive(Default)]
pub(crate) struct Deadlines {
    by_time: BTreeSet<(Timestamp, TenantId)>,
    by_tenant: BTreeMap<TenantId, Timestamp>,
}

impl Deadlines {
    pub(crate) fn set(&mut self, tenant: TenantId, at: Option<Timestamp>) {
        if let Some(old) = self.by_tenant.remove(&tenant) {
            self.by_time.remove(&(old, tenant));
        }
        if let Some(at) = at {
            self.by_time.insert((at, tenant));
            self.by_tenant.insert(tenant, at);
        }
    }

    fn next(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(at, _)| *at)
    }

    fn due(&self, now: Timestamp) -> Option<TenantId> {
        self.by_time.first().filter(|(at, _)| *at <= now).map(|(_, tenant)| *tenant)
    }
}

impl Shard {
    /// Runs until stopped, or until nobody can ask any more.
    pub(crate) async fn run(
        mut self,
        mut orders: mpsc::Receiver<Order>,
        mut notices: mpsc::UnboundedReceiver<Notice>,
    ) {
        loop {
            let sleep = async {
                match self.deadlines.next() {
                    Some(at) => sleep_until(instant(at)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                notice = notices.recv() => match notice {
                    Some(Notice::Stop) | None => break,
                    Some(notice) => self.hear(notice).await,
                },
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => break,
                },
                () = sleep => self.deadline().await,
            }
        }
        // What was taken before the stop is finished; what comes after is refused.
        orders.close();
        while let Some(order) = orders.recv().await {
            self.obey(order);
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Fact { tenant, fact, reply } => {
                // Whoever asked may have gone; the fact is taken all the same.
                let _ = reply.send(self.fact(tenant, fact));
            }
            Order::Choose { tenant, user, choice, reason, reply } => {
                let _ = reply.send(self.choose(tenant, user, choice, reason));
            }
        }
    }

    fn fact(&mut self, id: TenantId, fact: CallFact) -> Result<Decided, SubmitError> {
        let tenant = self.tenants.get(id).ok_or(SubmitError::UnknownTenant)?;
        let permit = match self.appender.clone().try_reserve_owned() {
            Ok(permit) => permit,
            Err(mpsc::error::TrySendError::Full(_)) => {
                return Err(SubmitError::Overloaded { retry_after: RETRY_AFTER });
            }
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(SubmitError::ShuttingDown),
        };
        let received_at_us = fact.received_at_us;
        let again = fact.clone();
        let decision = self.decide(&tenant, Input::Fact(fact));
        let (pops, pushed_at_us) = self.push(&tenant, &decision);
        if !pops.is_empty() {
            #[allow(clippy::cast_precision_loss)]
            self.timings.pop.record((pushed_at_us - received_at_us).max(0) as f64 / 1e6);
            self.complete_caller(&tenant, &decision);
        }
        // A fact is always about a call; a decision without one would be a bug of the core.
        let call = decision.call_id.ok_or(SubmitError::UnknownTenant)?;
        let ticket = if decision.outcome == Outcome::Repetition {
            self.waits.last(call)
        } else {
            Some(self.waits.issue(call))
        };
        let repetition = decision.outcome == Outcome::Repetition;
        if let Some(entry) = self.entry(&tenant, decision, Some((call, again, ticket.clone()))) {
            permit.send(entry);
        }
        Ok(Decided { call, repetition, addressees: pops, pushed_at_us, ticket })
    }

    fn choose(
        &mut self,
        id: TenantId,
        user: UserId,
        choice: Chosen,
        reason: Option<String>,
    ) -> Result<PresenceView, SubmitError> {
        let tenant = self.tenants.get(id).ok_or(SubmitError::UnknownTenant)?;
        let permit = match self.appender.clone().try_reserve_owned() {
            Ok(permit) => permit,
            Err(mpsc::error::TrySendError::Full(_)) => {
                return Err(SubmitError::Overloaded { retry_after: RETRY_AFTER });
            }
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(SubmitError::ShuttingDown),
        };
        let decision = self.decide(&tenant, Input::ChoosePresence { user, choice, reason });
        self.push(&tenant, &decision);
        if let Some(entry) = self.entry(&tenant, decision, None) {
            permit.send(entry);
        }
        let state = tenant.state();
        Ok(state
            .presence(user)
            .map_or_else(|| PresenceChange::unknown(user, Utc::now()).view(), PresenceChange::view))
    }

    async fn hear(&mut self, notice: Notice) {
        match notice {
            Notice::SocketOpened { tenant, user } => self.inside(tenant, Input::SocketOpened { user }).await,
            Notice::LastSocketLost { tenant, user } => {
                self.inside(tenant, Input::LastSocketLost { user }).await
            }
            Notice::Mark { tenant, mark } => self.append(Entry::mark(tenant, mark)).await,
            Notice::Repeated { tenant, event } => self.repeated(tenant, &event),
            Notice::Forgotten { entry } => self.remember(*entry, true).await,
            Notice::Refused { entry } => self.remember(*entry, false).await,
            Notice::Found { tenant, call, kept } => self.found(tenant, call, kept).await,
            Notice::Stop => {}
        }
    }

    /// An input of our own. It cannot be refused, so it waits for room.
    async fn inside(&mut self, id: TenantId, input: Input) {
        let Some(tenant) = self.tenants.get(id) else { return };
        let decision = self.decide(&tenant, input);
        self.push(&tenant, &decision);
        if let Some(entry) = self.entry(&tenant, decision, None) {
            self.append(entry).await;
        }
    }

    async fn append(&self, entry: Entry) {
        if let Err(refused) = self.appender.send(entry).await {
            refused.0.lose(&self.waits);
        }
    }

    async fn deadline(&mut self) {
        let now = Utc::now();
        let Some(tenant) = self.deadlines.due(now) else { return };
        self.inside(tenant, Input::DeadlinePassed).await;
    }

    fn decide(&mut self, tenant: &LiveTenant, input: Input) -> Decision {
        let connection = match &input {
            Input::Fact(fact) => self.tenants.registry().connection(fact.connection),
            _ => None,
        };
        let kept = self.tenants.registry().tenant(tenant.id);
        let roster = kept.as_ref().map(|kept| kept.roster()).unwrap_or_default();
        let lines = self.tenants.registry().lines_of(tenant.id);
        let empty;
        let directory = match &kept {
            Some(kept) => kept.directory(),
            None => {
                empty = TenantDirectory::new();
                &empty
            }
        };
        let callers = Timed { directory, roster: &roster, lookup: &self.timings.lookup };
        let summaries = self.summaries.of(tenant.id);
        let world = World {
            callers: &callers,
            roster: &roster,
            lines: &lines,
            summaries: &summaries,
            settings: &self.settings,
            connection: connection.as_ref().map(|connection| ConnectionView {
                id: connection.id,
                region: connection.region,
                user_map: &connection.user_map,
            }),
        };
        let mut state = tenant.state();
        let before = state.live_calls();
        let decision = state.handle(Utc::now(), input, &world);
        self.tenants.count_calls(before, state.live_calls());
        drop(state);
        self.deadlines.set(tenant.id, decision.next_deadline);
        decision
    }

    /// Hands the frames over; answers who got a pop, and when.
    fn push(&self, tenant: &LiveTenant, decision: &Decision) -> (Vec<UserId>, i64) {
        let frames: Vec<Frame> = decision.events.iter().flat_map(|event| frames_of(event)).collect();
        if !frames.is_empty() {
            self.tenants.sink().deliver(tenant.id, &frames);
        }
        let pops = decision
            .events
            .iter()
            .filter_map(|event| match &event.data {
                EventData::Call(data) => Some(&data.pops),
                EventData::Presence(_) => None,
            })
            .flatten()
            .copied()
            .collect();
        (pops, Utc::now().timestamp_micros())
    }

    /// What goes to the log. None where nothing happened.
    fn entry(
        &self,
        tenant: &LiveTenant,
        decision: Decision,
        fact: Option<(CallId, CallFact, Option<Arc<Ticket>>)>,
    ) -> Option<Entry> {
        if decision.events.is_empty() {
            return None;
        }
        let state = tenant.state();
        let memories = decision
            .events
            .iter()
            .filter_map(|event| event.call_id)
            .filter_map(|call| state.call(call).map(|live| (call, live.memory())))
            .collect();
        drop(state);
        let incarnation =
            fact.as_ref().and_then(|(call, _, _)| self.redo.get(call)).map_or(0, |redo| redo.incarnation);
        Some(Entry {
            tenant: tenant.id,
            events: decision.events,
            memories,
            fact: fact.and_then(|(call, fact, ticket)| ticket.map(|ticket| (call, fact, ticket))),
            incarnation,
            mark: None,
            queued_at: Instant::now(),
        })
    }

    /// Looks up what the pop could not show, and tells it afterwards.
    fn complete_caller(&self, tenant: &LiveTenant, decision: &Decision) {
        let Some(contact) = decision.missing_summary else { return };
        let Some(event) = decision.events.first() else { return };
        complete_caller(&self.db, &self.tenants, &self.summaries, tenant.id, contact, event, None);
    }

    fn repeated(&mut self, id: TenantId, event: &Arc<LogEvent>) {
        let Some(tenant) = self.tenants.get(id) else { return };
        tenant.state().retract(event);
        self.withdraw(id, event);
    }

    fn withdraw(&self, tenant: TenantId, event: &LogEvent) {
        if let EventData::Call(data) = &event.data
            && !data.pops.is_empty()
        {
            let frames = withdrawals(event, &data.pops, "repeated");
            self.tenants.sink().deliver(tenant, &frames);
        }
    }

    /// Puts what is recorded of a call in the place of what memory holds; `again`: and decides the fact anew.
    async fn remember(&mut self, entry: Entry, again: bool) {
        let tenant = entry.tenant;
        for event in &entry.events {
            self.withdraw(tenant, event);
        }
        let Some((call, fact, ticket)) = entry.fact else { return };
        let redo = self.redo.entry(call).or_default();
        if again {
            redo.facts.push((fact, ticket));
        } else {
            redo.refused.push(ticket);
        }
        if entry.incarnation < redo.incarnation && !redo.loading {
            // It was on its way while the memory was found.
            self.decide_again(tenant, call).await;
            return;
        }
        if std::mem::replace(&mut redo.loading, true) {
            return;
        }
        let (db, notices) = (self.db.clone(), self.notices.clone());
        tokio::spawn(async move {
            let kept = loop {
                match load(&db, tenant, call).await {
                    Ok(kept) => break kept,
                    Err(failure) => {
                        warn!(%failure, "the memory of an older call cannot be read yet");
                        tokio::time::sleep(RETRY_AFTER).await;
                    }
                }
            };
            // A shard that is gone has nothing more to decide.
            let _ = notices.send(Notice::Found { tenant, call, kept: kept.map(Box::new) });
        });
    }

    async fn found(&mut self, id: TenantId, call: CallId, kept: Option<Box<KeptCall>>) {
        let Some(tenant) = self.tenants.get(id) else { return };
        let decision = self.take_back(&tenant, call, kept);
        self.deadlines.set(id, decision.next_deadline);
        self.push(&tenant, &decision);
        if let Some(entry) = self.entry(&tenant, decision, None) {
            self.append(entry).await;
        }
        if let Some(redo) = self.redo.get_mut(&call) {
            redo.loading = false;
            redo.incarnation += 1;
        }
        self.decide_again(id, call).await;
    }

    /// Puts the older memory in the place of what was taken for a new call.
    fn take_back(&self, tenant: &LiveTenant, call: CallId, kept: Option<Box<KeptCall>>) -> Decision {
        let roster = self.tenants.roster(tenant.id);
        let lines = self.tenants.registry().lines_of(tenant.id);
        let nobody = TenantDirectory::new();
        let world = World {
            callers: &nobody,
            roster: &roster,
            lines: &lines,
            summaries: &(),
            settings: &self.settings,
            connection: None,
        };
        let mut decision = Decision {
            events: Vec::new(),
            outcome: Outcome::Accepted,
            call_id: None,
            missing_summary: None,
            next_deadline: None,
        };
        let mut state = tenant.state();
        let before = state.live_calls();
        state.discard_call(Utc::now(), call, &world, &mut decision);
        if let Some(kept) = kept {
            state.restore_call(kept.memory, kept.seen, kept.pops.into_iter().map(Arc::new).collect());
            state.arm(call, &self.settings);
        }
        decision.next_deadline = state.next_deadline();
        self.tenants.count_calls(before, state.live_calls());
        decision
    }

    async fn decide_again(&mut self, id: TenantId, call: CallId) {
        let Some(tenant) = self.tenants.get(id) else { return };
        let facts = self.redo.get_mut(&call).map(|redo| std::mem::take(&mut redo.facts)).unwrap_or_default();
        for ticket in
            self.redo.get_mut(&call).map(|redo| std::mem::take(&mut redo.refused)).unwrap_or_default()
        {
            self.waits.lost(call, &ticket);
        }
        for (fact, ticket) in facts {
            let again = fact.clone();
            let decision = self.decide(&tenant, Input::Fact(fact));
            self.push(&tenant, &decision);
            match self.entry(&tenant, decision, Some((call, again, Some(Arc::clone(&ticket))))) {
                Some(entry) => self.append(entry).await,
                // A repetition of what is recorded.
                None => self.waits.durable(call, &ticket),
            }
        }
    }
}

async fn load(
    db: &Database,
    tenant: TenantId,
    call: CallId,
) -> Result<Option<KeptCall>, switchroom_store::StoreError> {
    let mut connection = db.log().acquire().await?;
    switchroom_store::log::kept_call(&mut connection, tenant, call).await
}

/// Looks up the caller's tickets and calls, and tells those who have the pop of them, or one of those.
pub(crate) fn complete_caller(
    db: &Database,
    tenants: &Tenants,
    summaries: &SummaryCache,
    tenant: TenantId,
    contact: ContactRef,
    event: &Arc<LogEvent>,
    only: Option<UserId>,
) {
    let (db, tenants, summaries, event) = (db.clone(), tenants.clone(), summaries.clone(), Arc::clone(event));
    tokio::spawn(async move {
        match summaries.fill(&db, tenant, contact).await {
            Ok(summary) => {
                if let Some(live) = tenants.get(tenant) {
                    let mut frames = completed(&live, &event, &summary);
                    frames.retain(|frame| only.is_none_or(|user| is_for(frame, user)));
                    tenants.sink().deliver(tenant, &frames);
                }
            }
            // The pop stands without; the next look at the caller tells more.
            Err(failure) => warn!(%failure, "a caller's tickets and calls cannot be read"),
        }
    });
}

/// The second frame of a pop, for each who has it; none where it would say nothing new.
pub(crate) fn completed(live: &LiveTenant, event: &LogEvent, summary: &Summary) -> Vec<Frame> {
    let EventData::Call(data) = &event.data else { return Vec::new() };
    let Some(mut caller) = data.caller.clone() else { return Vec::new() };
    // The call itself may be stored by now; it is no earlier one.
    let earlier = summary.recent_calls.iter().filter(|call| call.id != data.call.id).cloned().collect();
    if caller.open_tickets == summary.open_tickets && caller.recent_calls == earlier {
        return Vec::new();
    }
    caller.open_tickets.clone_from(&summary.open_tickets);
    caller.recent_calls = earlier;
    // The call as it stands by now, not as it stood when it rang.
    let call = live.state().snapshot(data.call.id);
    enriched(event, call.as_ref().unwrap_or(&data.call), &caller)
}

/// Whether a frame is for this user.
pub(crate) fn is_for(frame: &Frame, user: UserId) -> bool {
    frame.to == Audience::User(user)
}

/// A wall-clock time on the clock that tasks sleep by.
fn instant(at: Timestamp) -> Instant {
    let wait = (at - Utc::now()).to_std().unwrap_or(Duration::ZERO);
    Instant::now() + wait.min(Duration::from_secs(86_400))
}

/// The directory and the colleagues, timed.
struct Timed<'a> {
    directory: &'a TenantDirectory,
    roster: &'a Roster,
    lookup: &'a Histogram,
}

impl Callers for Timed<'_> {
    fn context(&self, number: &PartyNumber) -> CallerContext {
        let started = std::time::Instant::now();
        let context = CallerContext::look_up(self.directory, self.roster, number);
        self.lookup.record(started.elapsed().as_secs_f64());
        context
    }
}

/// Logged once, where a decision cannot be written for good.
pub(crate) fn give_up(entry: &Entry, failure: &dyn std::fmt::Display) {
    error!(tenant = %entry.tenant, %failure, "a decision cannot be written and is dropped");
}
