//! The world: what happens when, and what must hold after each thing that happened.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use chrono::{DateTime, TimeDelta};
use switchroom_core::{
    CallId, EventId, Timestamp,
    agent::{Chosen, Link, Presence},
    fact::CallFact,
    log::Cursor,
    tenant::Input,
};

use crate::{
    centre::{AGENTS, Centre, user},
    checker::Checker,
    client::Client,
    process::{Down, Effect, Notice, Process},
    rng::Rng,
    store::{Store, Written},
    story::Story,
};

/// How hard the world is, drawn anew for every seed.
struct Weather {
    /// In a thousand: of messages lost and doubled, of sockets broken, of commits that fail.
    loss: u64,
    double: u64,
    breaks: u64,
    store: u64,
    /// In ten thousand: of a crash at each step.
    crash: u64,
    /// Things that happen before it clears.
    until: u64,
    /// Deliveries that come days late.
    late: bool,
}

enum Happening {
    NewCall,
    /// The provider sends an event first.
    Emit(CallFact),
    /// A delivery reaches the program, if it lives.
    Arrive(u64),
    Retry(usize),
    /// The provider hears that a delivery was taken.
    Heard(u64),
    Deadline,
    Commit,
    Settle(Written),
    Notice(Notice),
    Found(CallId),
    Read {
        socket: u64,
        after: Cursor,
    },
    Down {
        socket: u64,
        down: Down,
    },
    Resume {
        socket: u64,
        after: Cursor,
    },
    /// The wire of a client breaks; the program notices later.
    Break(usize),
    Noticed(u64),
    Connect(usize),
    Choose(usize),
    Turn,
    Start,
}

/// An event of a provider, sent until it is taken.
struct Sending {
    fact: CallFact,
    event: EventId,
    tries: u32,
    taken: bool,
}

pub struct Sim {
    rng: Rng,
    weather: Weather,
    pub steps: u64,
    now: Timestamp,
    /// By time, then in the order of planning. The number tells the life of the program it belongs to; 0 = the world's.
    plan: BTreeMap<(Timestamp, u64), (u64, Happening)>,
    planned: u64,
    centre: Centre,
    store: Store,
    checker: Checker,
    process: Option<Process>,
    life: u64,
    armed: Option<Timestamp>,
    sendings: Vec<Sending>,
    deliveries: Vec<usize>,
    calls: u64,
    clients: Vec<Client>,
    sockets: u64,
    /// When the last frame of each socket arrives: a wire keeps the order.
    wires: BTreeMap<u64, Timestamp>,
    trace: Option<String>,
    clear: bool,
}

impl Sim {
    pub fn new(seed: u64, trace: bool) -> Self {
        let mut rng = Rng::new(seed);
        let weather = Weather {
            loss: *rng.pick(&[0, 50, 200]),
            double: *rng.pick(&[0, 100, 300]),
            breaks: *rng.pick(&[0, 20, 60]),
            store: *rng.pick(&[0, 50, 200]),
            crash: *rng.pick(&[0, 20, 100, 300]),
            until: 200 + rng.below(500),
            late: rng.permille(300),
        };
        let centre = Centre::new(&mut rng);
        let now = DateTime::from_timestamp(1_780_000_000, 0).expect("a time of our century")
            + rng.between(0, 86_400_000);
        let mut sim = Self {
            rng,
            weather,
            steps: 0,
            now,
            plan: BTreeMap::new(),
            planned: 0,
            centre,
            store: Store::default(),
            checker: Checker::default(),
            process: None,
            life: 0,
            armed: None,
            sendings: Vec::new(),
            deliveries: Vec::new(),
            calls: 0,
            clients: (1..=AGENTS).map(|n| Client::new(user(n))).collect(),
            sockets: 0,
            wires: BTreeMap::new(),
            trace: trace.then(String::new),
            clear: false,
        };
        sim.at(TimeDelta::zero(), Happening::Start);
        for client in 0..sim.clients.len() {
            let (soon, later) = (sim.rng.between(0, 5_000), sim.rng.between(100, 20_000));
            sim.at(soon, Happening::Connect(client));
            sim.at(later, Happening::Choose(client));
        }
        for _ in 0..2 + sim.rng.below(12) {
            let start = sim.rng.between(0, 240_000);
            sim.at(start, Happening::NewCall);
        }
        for _ in 0..sim.rng.below(4) {
            let when = sim.rng.between(0, 300_000);
            sim.at(when, Happening::Turn);
        }
        sim
    }

    /// Runs until nothing is left to happen; panics where something does not hold.
    pub fn run(&mut self) {
        self.happen_all();
        self.check_end();
        // Everybody goes home.
        for client in 0..self.clients.len() {
            self.at(TimeDelta::zero(), Happening::Break(client));
        }
        self.clients.iter_mut().for_each(|client| client.since = None);
        self.happen_all();
        let process = self.process.as_ref().expect("the program lives");
        for change in process.live.presences() {
            assert_eq!(change.presence, Presence::Offline, "{} went home", change.user_id);
        }
    }

    fn happen_all(&mut self) {
        while let Some(((at, _), (life, happening))) = self.plan.pop_first() {
            if life != 0 && life != self.life {
                continue;
            }
            self.steps += 1;
            assert!(self.steps < 60_000, "it never comes to rest");
            self.clear = self.steps > self.weather.until;
            self.now = self.now.max(at);
            self.happen(happening);
            self.follow_up();
            self.check();
            let crash = !self.clear && self.rng.below(10_000) < self.weather.crash;
            if crash && self.process.is_some() {
                self.crash();
            }
        }
    }

    pub fn trace(&self) -> &str {
        self.trace.as_deref().unwrap_or_default()
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            let _ = writeln!(trace, "{:5} {} {}", self.steps, self.now.format("%d %H:%M:%S%.6f"), what());
        }
    }

    /// Plans something of the world.
    fn at(&mut self, wait: TimeDelta, happening: Happening) {
        self.planned += 1;
        self.plan.insert((self.now + wait, self.planned), (0, happening));
    }

    /// Plans something that dies with the program.
    fn inside(&mut self, wait: TimeDelta, happening: Happening) {
        self.planned += 1;
        self.plan.insert((self.now + wait, self.planned), (self.life, happening));
    }

    fn unlucky(&mut self, chance: u64) -> bool {
        !self.clear && self.rng.permille(chance)
    }

    fn happen(&mut self, happening: Happening) {
        let (now, centre) = (self.now, &self.centre);
        match happening {
            Happening::NewCall => self.new_call(),
            Happening::Emit(fact) => self.emit(fact),
            Happening::Arrive(delivery) => self.arrive(delivery),
            Happening::Retry(sending) => {
                if !self.sendings[sending].taken {
                    self.send(sending);
                }
            }
            Happening::Heard(delivery) => self.heard(delivery),
            Happening::Deadline => {
                self.armed = None;
                if let Some(process) = &mut self.process {
                    process.input(now, Input::DeadlinePassed, centre);
                }
            }
            Happening::Commit => self.commit(),
            Happening::Settle(written) => {
                if let Some(process) = &mut self.process {
                    process.settle(now, &written);
                }
            }
            Happening::Notice(notice) => {
                if let Some(process) = &mut self.process {
                    process.hear(now, notice, centre);
                }
            }
            Happening::Found(call) => {
                if let Some(process) = &mut self.process {
                    process.found(now, call, self.store.kept(call, true), centre);
                }
            }
            Happening::Read { socket, after } => self.read(socket, after),
            Happening::Down { socket, down } => self.down(socket, &down),
            Happening::Resume { socket, after } => {
                if let Some(process) = &mut self.process {
                    process.resume(socket, after);
                }
            }
            Happening::Break(client) => {
                if let Some(socket) = self.clients[client].socket {
                    self.break_socket(client, socket);
                }
            }
            Happening::Noticed(socket) => {
                if let Some(process) = &mut self.process {
                    process.socket_lost(now, socket, centre);
                }
            }
            Happening::Connect(client) => self.connect(client),
            Happening::Choose(client) => self.choose(client),
            Happening::Turn => {
                let (first, second) = (1 + self.rng.below(5), 1 + self.rng.below(5));
                self.centre.connect_lines(first.into(), second.into());
                self.centre.rename_caller(if first % 2 == 0 { "Léa Martin" } else { "Léa Durand" });
            }
            Happening::Start => self.start(),
        }
    }

    // --- providers ---------------------------------------------------------------------------------------------------

    fn new_call(&mut self) {
        self.calls += 1;
        let story = Story::of(&mut self.rng, self.calls, self.now);
        for (at, fact) in story.events {
            let mut wait = at - self.now;
            if self.weather.late && self.rng.permille(30) {
                wait += self.rng.between(170_000_000, 300_000_000);
            }
            self.at(wait, Happening::Emit(fact));
        }
    }

    fn emit(&mut self, fact: CallFact) {
        let call = CallId::derive(fact.connection, &fact.provider_call_id);
        let event = EventId::of_call(call, &fact.key);
        self.sendings.push(Sending { fact, event, tries: 0, taken: false });
        let sending = self.sendings.len() - 1;
        self.send(sending);
        if self.weather.late && self.rng.permille(30) {
            let (delivery, late) = (self.delivery(sending), self.rng.between(170_000_000, 300_000_000));
            self.at(late, Happening::Arrive(delivery));
        }
    }

    fn delivery(&mut self, sending: usize) -> u64 {
        self.deliveries.push(sending);
        self.deliveries.len() as u64 - 1
    }

    fn send(&mut self, sending: usize) {
        self.sendings[sending].tries += 1;
        let tries = self.sendings[sending].tries;
        let copies = if self.unlucky(self.weather.double) { 2 } else { 1 };
        for _ in 0..copies {
            if self.unlucky(self.weather.loss) {
                continue;
            }
            let delivery = self.delivery(sending);
            let slow = self.unlucky(100);
            let wait = self.rng.between(1, if slow { 15_000 } else { 400 });
            self.at(wait, Happening::Arrive(delivery));
        }
        let again = TimeDelta::milliseconds(5_500) * (1 << tries.min(4));
        self.at(again, Happening::Retry(sending));
    }

    fn arrive(&mut self, delivery: u64) {
        let sending = &self.sendings[self.deliveries[delivery as usize]];
        let fact = CallFact { received_at_us: self.now.timestamp_micros(), ..sending.fact.clone() };
        let (key, id) = (fact.key.clone(), fact.provider_call_id.clone());
        if let Some(process) = &mut self.process {
            let taken = process.submit(self.now, fact, delivery, &self.centre);
            self.note(|| format!("{id} {key} arrives (#{delivery}){}", if taken { "" } else { ": no room" }));
        }
    }

    fn heard(&mut self, delivery: u64) {
        let sending = self.deliveries[delivery as usize];
        self.sendings[sending].taken = true;
    }

    // --- the program and its store -----------------------------------------------------------------------------------

    fn start(&mut self) {
        self.life += 1;
        self.armed = None;
        let (live, board) = self.store.restore(self.now);
        self.checker.compare(&live, self.now);
        self.process = Some(Process::start(self.now, live, board, self.store.end(), &self.centre));
        self.note(|| "the program starts".to_owned());
    }

    fn crash(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        // What was sent to the database may still come through.
        if !process.writing.is_empty() && !process.committed && self.rng.permille(500) {
            let writing = std::mem::take(&mut process.writing);
            self.write(&writing, &process);
        }
        self.life += 1;
        self.note(|| "CRASH".to_owned());
        for client in 0..self.clients.len() {
            if self.clients[client].socket.take().is_some() {
                let soon = self.rng.between(100, 15_000);
                self.at(soon, Happening::Connect(client));
            }
        }
        let down = self.rng.between(100, 20_000);
        self.at(down, Happening::Start);
    }

    fn write(&mut self, batch: &[crate::process::Entry], process: &Process) -> Written {
        let (written, entries) = self.store.commit(self.now, batch, &process.returned);
        for (seq, event) in &entries {
            self.note(|| {
                format!(
                    "log {seq}: {:?} {} {:?} to {:?}: {:?}",
                    event.type_, event.event_id, event.call_id, event.addressees, event.data
                )
            });
            self.checker.take(*seq, event);
        }
        written
    }

    fn commit(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        if self.unlucky(self.weather.store) {
            // It fails before anything came of it, or its answer is lost and what came of it is found out later.
            let again = self.rng.between(20, 8_000);
            if self.rng.permille(500) {
                let written = self.write(&process.writing, &process);
                process.committed = true;
                self.inside(again, Happening::Settle(written));
            } else {
                self.inside(again, Happening::Commit);
            }
        } else {
            let written = self.write(&process.writing, &process);
            process.committed = true;
            let answer = self.rng.between(0, 3);
            self.inside(answer, Happening::Settle(written));
        }
        self.process = Some(process);
    }

    /// Plans what the program asked for.
    fn follow_up(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        for effect in std::mem::take(&mut process.out) {
            match effect {
                Effect::Send { socket, down } => self.put_on_wire(socket, down),
                Effect::Ack(delivery) => {
                    let sending = &self.sendings[self.deliveries[delivery as usize]];
                    let fact = &sending.fact;
                    assert!(
                        self.store.holds(sending.event),
                        "{} {} is acknowledged and not in the log",
                        fact.provider_call_id,
                        fact.key
                    );
                    if !self.unlucky(self.weather.loss) {
                        let wait = self.rng.between(1, 400);
                        self.at(wait, Happening::Heard(delivery));
                    }
                }
                Effect::Notice(notice) => self.inside(TimeDelta::zero(), Happening::Notice(notice)),
                Effect::Load(call) => {
                    let wait = self.rng.between(1, 3_000);
                    self.inside(wait, Happening::Found(call));
                }
                Effect::Read { socket, after } => {
                    let wait = self.rng.between(1, 50);
                    self.inside(wait, Happening::Read { socket, after });
                }
            }
        }
        if process.begin() {
            let stall = self.unlucky(self.weather.store / 5);
            let wait = self.rng.between(1, if stall { 40_000 } else { 20 });
            self.inside(wait, Happening::Commit);
        }
        if let Some(at) = process.live.next_deadline()
            && self.armed.is_none_or(|armed| at < armed)
        {
            self.armed = Some(at);
            let wait = (at - self.now).max(TimeDelta::zero());
            let late = self.rng.between(0, 30);
            self.inside(wait + late, Happening::Deadline);
        }
        self.process = Some(process);
    }

    // --- sockets -----------------------------------------------------------------------------------------------------

    fn put_on_wire(&mut self, socket: u64, down: Down) {
        if let Down::Hello(cursor) | Down::Committed(cursor) | Down::Resynced(cursor) = &down {
            assert!(*cursor <= self.store.end(), "a cursor that is sent is durable");
        }
        let arrives = self.now + self.rng.between(0, 80);
        let last = self.wires.entry(socket).or_insert(arrives);
        *last = (*last).max(arrives);
        let wait = *last - self.now;
        self.at(wait, Happening::Down { socket, down });
    }

    fn down(&mut self, socket: u64, down: &Down) {
        let Some(at) = self.clients.iter().position(|client| client.socket == Some(socket)) else { return };
        self.note(|| match down {
            Down::Frame(frame) => format!("agent {} hears {} {}", at + 1, frame.type_, frame.source),
            other => format!("agent {} hears {other:?}", at + 1),
        });
        if let Some(after) = self.clients[at].hear(down) {
            let wait = self.rng.between(0, 80);
            self.inside(wait, Happening::Resume { socket, after });
        }
        if self.unlucky(self.weather.breaks) {
            self.break_socket(at, socket);
        }
    }

    fn break_socket(&mut self, client: usize, socket: u64) {
        self.clients[client].socket = None;
        let noticed = self.rng.between(0, 20_000);
        self.inside(noticed, Happening::Noticed(socket));
        if self.clients[client].since.is_some() {
            let again = self.rng.between(50, 15_000);
            self.at(again, Happening::Connect(client));
        }
    }

    fn connect(&mut self, client: usize) {
        if self.clients[client].socket.is_some() {
            return;
        }
        let user = self.clients[client].user;
        let Some(process) = &mut self.process else {
            let again = self.rng.between(500, 5_000);
            return self.at(again, Happening::Connect(client));
        };
        self.sockets += 1;
        self.clients[client].connected(self.sockets);
        process.socket_opened(self.now, self.sockets, user, &self.centre);
        self.note(|| format!("agent {} connects", client + 1));
    }

    fn read(&mut self, socket: u64, after: Cursor) {
        let Some(process) = &mut self.process else { return };
        let Some(client) = self.clients.iter().find(|client| client.socket == Some(socket)) else {
            return process.socket_lost(self.now, socket, &self.centre);
        };
        process.page_read(socket, self.store.page(client.user, after));
    }

    fn choose(&mut self, client: usize) {
        let user = self.clients[client].user;
        let choice = *self.rng.pick(&[Chosen::Available, Chosen::Available, Chosen::Break, Chosen::Offline]);
        let reason = self.rng.permille(300).then(|| "lunch".to_owned());
        if let Some(process) = &mut self.process {
            process.input(self.now, Input::ChoosePresence { user, choice, reason }, &self.centre);
            self.note(|| format!("agent {} chooses {}", client + 1, choice.as_str()));
        }
        if !self.clear {
            let wait = self.rng.between(1_000, 120_000);
            self.at(wait, Happening::Choose(client));
        }
    }

    // --- what must hold ----------------------------------------------------------------------------------------------

    fn check(&self) {
        let Some(process) = &self.process else { return };
        process.live.check_invariants();
        let due = process.live.next_deadline().is_some_and(|at| at <= self.now);
        if !due {
            for change in process.live.presences() {
                let over = |link: &Link| match link {
                    Link::Reserved { until } | Link::Ringing { until } => *until <= self.now,
                    Link::OnCall => false,
                };
                assert!(!change.calls.values().any(over), "a ring of {} outlives its lease", change.user_id);
            }
        }
        if due || !process.is_idle() || !process.out.is_empty() {
            return;
        }
        // Nothing is on its way between program, log and sockets.
        let waiting = self.plan.values().any(|(_, what)| {
            matches!(
                what,
                Happening::Commit
                    | Happening::Settle(_)
                    | Happening::Notice(_)
                    | Happening::Found(_)
                    | Happening::Read { .. }
                    | Happening::Down { .. }
                    | Happening::Resume { .. }
            )
        });
        if waiting {
            return;
        }
        self.checker.replayed.check_invariants();
        self.checker.compare(&process.live, self.now);
        let board = process.board.render(self.now, 1, &self.centre.roster);
        let anew = self.store.board(self.now).render(self.now, 1, &self.centre.roster);
        assert_eq!(board.calls, self.checker.figures(), "the board's calls");
        assert_eq!(board.calls, anew.calls, "the board and the board of a restart");
        assert_eq!(board.agents, anew.agents, "the board's agents and those of a restart");
        assert_eq!(board.figures, anew.figures, "the board's figures and those of a restart");
        assert_eq!(board.series, anew.series, "the board's series and that of a restart");
        for client in self.clients.iter().filter(|client| client.socket.is_some() && client.resynced) {
            let open: BTreeSet<CallId> =
                process.live.open_pops(client.user).iter().filter_map(|event| event.call_id).collect();
            assert_eq!(client.screen(), open, "the screen of {} shows its open pops", client.user);
        }
    }

    fn check_end(&self) {
        let process = self.process.as_ref().expect("the program lives");
        assert!(process.is_idle(), "everything is written");
        assert_eq!(process.live.live_calls(), 0, "no call rings for ever");
        for change in process.live.presences() {
            let free = matches!(change.presence, Presence::Offline | Presence::Available | Presence::Break);
            assert!(free, "{} is stuck as {:?}", change.user_id, change.presence);
        }
        for sending in &self.sendings {
            assert!(sending.taken, "{} was never acknowledged", sending.fact.key);
            let call = CallId::derive(sending.fact.connection, &sending.fact.provider_call_id);
            let last = self.store.log().iter().rev().find(|(_, event)| event.call_id == Some(call));
            assert!(last.is_some() && self.store.call(call).is_some(), "{call} is kept");
        }
        for client in &self.clients {
            assert!(client.socket.is_some() && client.resynced, "everybody is connected again");
            let since = client.since.unwrap_or_default();
            let mine = self.checker.pops.iter().filter(|(seq, to, _)| *seq > since.0 && *to == client.user);
            for (seq, _, pop) in mine {
                assert!(client.popped.contains(pop), "{} never saw the pop of entry {seq}", client.user);
            }
        }
    }
}
