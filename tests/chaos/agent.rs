//! Agents' screens, as the contract (§4) tells clients to behave: frames are provisional until a cursor covers them,
//! seen ids are dropped, a lost socket is opened again and resumed from the last durable cursor. Some file tickets.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::task::TaskTracker;

use crate::ledger::Ledger;
use crate::world::World;

/// What one agent has on the screen, and how it came there.
#[derive(Debug, Default)]
pub struct Screen {
    /// Counts connections; what was sent in an older one was not sent again yet.
    epoch: u64,
    cursor: Option<String>,
    resuming: bool,
    /// Ids of frames, with the connection that last sent them.
    seen: HashMap<String, u64>,
    provisional: BTreeSet<String>,
    pub pops: BTreeMap<String, Pop>,
    /// The last round (see [`Agents::resync`]) whose resume is through.
    round: u64,
    pub too_old: u32,
}

#[derive(Debug)]
pub struct Pop {
    pub ids: Vec<String>,
    epoch: u64,
    over: bool,
}

#[derive(Clone, Debug)]
pub struct Agent {
    pub user: String,
    pub token: String,
    pub extension: String,
}

pub struct Agents {
    pub screens: Vec<(Agent, Arc<Mutex<Screen>>)>,
    round: watch::Sender<u64>,
    tasks: TaskTracker,
}

/// Files tickets for some of the pops.
pub struct Desk {
    pub ledger: Arc<Ledger>,
    pub seed: u64,
    /// Of a hundred pops.
    pub share: u64,
    pub filing: TaskTracker,
}

impl Agents {
    pub fn sign_in(world: &Arc<World>, agents: Vec<Agent>, desk: Option<Arc<Desk>>, seed: u64) -> Self {
        Self::open(world, agents, desk, seed, None)
    }

    /// One agent who was away since this cursor.
    pub fn return_at(world: &Arc<World>, agent: Agent, cursor: String) -> Self {
        Self::open(world, vec![agent], None, 0, Some(cursor))
    }

    fn open(
        world: &Arc<World>,
        agents: Vec<Agent>,
        desk: Option<Arc<Desk>>,
        seed: u64,
        cursor: Option<String>,
    ) -> Self {
        let (round, _) = watch::channel(0);
        let tasks = TaskTracker::new();
        let mut screens = Vec::new();
        for (at, agent) in agents.into_iter().enumerate() {
            let screen = Arc::new(Mutex::new(Screen { cursor: cursor.clone(), ..Screen::default() }));
            let client = Client {
                world: world.clone(),
                agent: agent.clone(),
                screen: screen.clone(),
                desk: desk.clone(),
                random: StdRng::seed_from_u64(seed.wrapping_add(at as u64)),
                doubtful: Vec::new(),
            };
            tasks.spawn(client.run(round.subscribe()));
            screens.push((agent, screen));
        }
        tasks.close();
        Self { screens, round, tasks }
    }

    /// Every socket is opened once more and resumed to its end.
    pub async fn resync(&self, limit: Duration) -> anyhow::Result<()> {
        let round = *self.round.borrow() + 1;
        self.round.send_replace(round);
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            let behind =
                self.screens.iter().filter(|(_, screen)| screen.lock().unwrap().round < round).count();
            if behind == 0 {
                return Ok(());
            }
            if tokio::time::Instant::now() > deadline {
                anyhow::bail!("{behind} agents did not get to the end of their resume within {limit:?}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Everybody leaves.
    pub async fn sign_out(self) -> Vec<(Agent, Arc<Mutex<Screen>>)> {
        drop(self.round);
        self.tasks.wait().await;
        self.screens
    }
}

struct Client {
    world: Arc<World>,
    agent: Agent,
    screen: Arc<Mutex<Screen>>,
    desk: Option<Arc<Desk>>,
    random: StdRng,
    doubtful: Vec<String>,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Client {
    /// Until the last [`Agents`] is gone.
    async fn run(mut self, mut round: watch::Receiver<u64>) {
        let mut failures = 0;
        while round.has_changed().is_ok() {
            let now = *round.borrow_and_update();
            let Ok(mut socket) = self.connect().await else {
                failures += 1;
                // As browsers do: growing and scattered, so that a house that comes back is not overrun.
                let most = 50 * 2_u64.pow(failures.min(5));
                tokio::time::sleep(Duration::from_millis(self.random.random_range(most / 2..=most))).await;
                continue;
            };
            failures = 0;
            loop {
                tokio::select! {
                    changed = round.changed() => {
                        let _ = socket.close(None).await;
                        if changed.is_err() {
                            return;
                        }
                        break;
                    }
                    message = socket.next() => match message {
                        Some(Ok(Message::Text(text))) => {
                            let frame: Value = serde_json::from_str(&text).expect("JSON");
                            if let Some(answer) = self.take(&frame, now)
                                && socket.send(Message::text(answer.to_string())).await.is_err()
                            {
                                break;
                            }
                            self.ask_about_doubtful();
                        }
                        Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                        Some(Ok(_)) => {}
                    },
                }
            }
        }
    }

    async fn connect(&self) -> anyhow::Result<Socket> {
        let mut request = self.world.url("/ws").replace("http://", "ws://").into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {}", self.agent.token).parse()?);
        headers.insert("sec-websocket-protocol", "switchroom.v1".parse()?);
        Ok(tokio::time::timeout(Duration::from_secs(10), connect_async(request)).await??.0)
    }

    /// Takes a frame; answers what is to be said.
    fn take(&mut self, frame: &Value, round: u64) -> Option<Value> {
        let mut screen = self.screen.lock().unwrap();
        let data = &frame["data"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match frame["type"].as_str().unwrap_or_default() {
            "hello" => {
                screen.epoch += 1;
                screen.resuming = true;
                let cursor = screen.cursor.get_or_insert_with(|| text(&data["cursor"])).clone();
                return Some(json!({ "type": "resume", "cursor": cursor }));
            }
            "ping" => return Some(json!({ "type": "pong" })),
            "committed" if !screen.resuming => {
                screen.cursor = Some(text(&data["cursor"]));
                screen.provisional.clear();
            }
            "resynced" => {
                screen.cursor = Some(text(&data["cursor"]));
                screen.resuming = false;
                screen.round = round;
                self.doubtful = screen.resynced();
            }
            "error" if data["code"] == "cursor_too_old" => {
                // Everything is loaded anew, from here.
                *screen =
                    Screen { epoch: screen.epoch, too_old: screen.too_old + 1, round, ..Screen::default() };
            }
            type_ => {
                let id = frame["event_id"].as_str()?;
                let epoch = screen.epoch;
                let known = screen.seen.insert(id.to_owned(), epoch).is_some();
                let call = text(if data["call"].is_null() { &data["call_id"] } else { &data["call"]["id"] });
                if let Some(pop) = screen.pops.get_mut(&call) {
                    pop.epoch = epoch;
                    pop.over |= type_ == "call_ended" || type_ == "pop_withdrawn";
                }
                if known {
                    return None;
                }
                screen.provisional.insert(id.to_owned());
                if type_ == "screen_pop" {
                    let pop = Pop { ids: Vec::new(), epoch, over: false };
                    screen.pops.entry(call.clone()).or_insert(pop).ids.push(id.to_owned());
                    drop(screen);
                    self.perhaps_file(&call, &data["ticket_draft"]);
                }
            }
        }
        None
    }

    /// What is on the screen, and live, and was not spoken of since the last connection was lost: is it still so?
    fn ask_about_doubtful(&mut self) {
        for call in std::mem::take(&mut self.doubtful) {
            let (world, screen) = (self.world.clone(), self.screen.clone());
            tokio::spawn(async move {
                if let Ok(None) = world.ask(&format!("/api/v1/calls/{call}")).await {
                    screen.lock().unwrap().pops.remove(&call);
                }
            });
        }
    }

    fn perhaps_file(&mut self, call: &str, draft: &Value) {
        let Some(desk) = self.desk.clone() else { return };
        if self.random.random_range(0..100) >= desk.share {
            return;
        }
        let pause = Duration::from_millis(self.random.random_range(0..1_500));
        let title = format!("chaos {:x} {call} {}", desk.seed, self.agent.extension);
        let mut body = draft.clone();
        body["title"] = title.as_str().into();
        desk.ledger.begin_ticket(&title, call);
        let (world, token) = (self.world.clone(), self.agent.token.clone());
        desk.filing.clone().spawn(async move {
            tokio::time::sleep(pause).await;
            if let Some(id) = file(&world, &token, &title, &body).await {
                desk.ledger.filed_ticket(&title, &id);
            }
        });
    }
}

impl Screen {
    /// Drops what was provisional and not sent again; answers which calls are to be asked about.
    fn resynced(&mut self) -> Vec<String> {
        let epoch = self.epoch;
        for id in std::mem::take(&mut self.provisional) {
            if self.seen.get(&id).is_some_and(|sent| *sent != epoch) {
                // So that it is shown when its provider tells it again.
                self.seen.remove(&id);
                self.pops.retain(|_, pop| {
                    pop.ids.retain(|shown| *shown != id);
                    !pop.ids.is_empty()
                });
            }
        }
        let doubtful = self.pops.iter().filter(|(_, pop)| !pop.over && pop.epoch != epoch);
        doubtful.map(|(call, _)| call.clone()).collect()
    }
}

/// Until it is filed. A refusal is final for its key, so what is tried after one is another request, as by an agent who
/// presses the button again.
async fn file(world: &World, token: &str, title: &str, body: &Value) -> Option<String> {
    let mut refusals = 0;
    loop {
        let request = world.client.post(world.url("/api/v1/tickets")).bearer_auth(token);
        let answer = request.header("idempotency-key", format!("{title} {refusals}")).json(body).send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => {
                if let Ok(ticket) = answer.json::<Value>().await {
                    return ticket["id"].as_str().map(str::to_owned);
                }
            }
            Ok(answer) if answer.status() == 409 || answer.status().is_server_error() => {}
            Ok(_) => refusals += 1,
            Err(_) => {}
        }
        if refusals > 30 {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}
