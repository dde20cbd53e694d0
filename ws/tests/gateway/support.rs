//! A gateway on a port, an engine in memory, people to sign in, and clients.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::SocketAddr,
    sync::{Arc, LazyLock, Mutex},
    time::{Duration, Instant},
};

use axum::http::Extensions;
use chrono::DateTime;
use futures::{FutureExt, SinkExt, StreamExt, future::BoxFuture};
use serde_json::{Value, json};
use switchroom_core::{
    CallId, ConnectionId, Direction, EndCause, EndReason, EventId, FactKind, Grants, Role, TenantId,
    TicketId, UserId,
    agent::{AgentView, Chosen, Presence, PresenceView},
    call::{CallSnapshot, CallState, Report},
    directory::{CallerContext, Quality},
    frame::{Audience, Frame, frames_of},
    log::{CallEvent, Cursor, EventData, EventType, LogEvent},
    wallboard::{CallFigures, Series, Wallboard},
};
use switchroom_engine::{FrameSink, NotDurable, ResumeError, Resumed, SubmitError};
use switchroom_ws::{Authenticate, Gateway, Hub, Identity, Refusal, Settings, Switchboard, TicketAccess};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    sync::watch,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error as WireError, Message, client::IntoClientRequest, http::HeaderValue},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub const TENANT: TenantId = TenantId(Uuid::from_u128(0xA));
pub const RIVAL: TenantId = TenantId(Uuid::from_u128(0xB));
pub const ANN: UserId = UserId(Uuid::from_u128(0xA1));
pub const BOB: UserId = UserId(Uuid::from_u128(0xA2));
pub const SAM: UserId = UserId(Uuid::from_u128(0xA9));
pub const RITA: UserId = UserId(Uuid::from_u128(0xB1));
/// Long enough for a loaded machine; nothing waits for it unless something is broken.
pub const SOON: Duration = Duration::from_secs(10);

static DOCUMENT: LazyLock<Value> = LazyLock::new(switchroom_ws::asyncapi);

pub fn settings() -> Settings {
    Settings {
        heartbeat: Duration::from_secs(60),
        commit_notice: Duration::from_millis(50),
        close_wait: Duration::from_secs(2),
        origins: vec!["https://phones.example".into()],
        ..Settings::default()
    }
}

// --- the engine ------------------------------------------------------------------------------------------------------

#[derive(Default)]
struct Tenant {
    log: Vec<LogEvent>,
    pending: Vec<LogEvent>,
    pops: BTreeMap<UserId, Vec<Frame>>,
    revision: u64,
}

/// A log in memory. `decide` is what a shard does, `commit` what the appender does.
pub struct Board {
    pub hub: Arc<Hub>,
    started: Instant,
    tenants: Mutex<HashMap<TenantId, Tenant>>,
    changed: watch::Sender<()>,
    /// Cursors before this one are too old.
    pub oldest: Mutex<Cursor>,
    /// How often the log cannot be read.
    pub away: Mutex<u32>,
    /// What sockets and agents did, in order.
    pub heard: Mutex<Vec<String>>,
    pub presence_refused: Mutex<Option<SubmitError>>,
    /// How many there are on the board.
    pub crowd: Mutex<u128>,
}

impl Board {
    fn new(hub: Arc<Hub>) -> Self {
        Self {
            hub,
            started: Instant::now(),
            tenants: Mutex::default(),
            changed: watch::Sender::new(()),
            oldest: Mutex::new(Cursor(0)),
            away: Mutex::new(0),
            heard: Mutex::default(),
            presence_refused: Mutex::default(),
            crowd: Mutex::new(1),
        }
    }

    pub fn decide(&self, tenant: TenantId, event: LogEvent) -> Vec<Frame> {
        let frames = frames_of(&event);
        self.tenants.lock().unwrap().entry(tenant).or_default().pending.push(event);
        self.hub.deliver(tenant, &frames);
        frames
    }

    pub fn commit(&self, tenant: TenantId) -> Cursor {
        let cursor = {
            let mut tenants = self.tenants.lock().unwrap();
            let tenant = tenants.entry(tenant).or_default();
            let pending = std::mem::take(&mut tenant.pending);
            tenant.log.extend(pending);
            Cursor(tenant.log.len() as i64)
        };
        self.hub.committed(tenant, cursor, Instant::now());
        self.changed.send_replace(());
        cursor
    }

    /// Only the first `count` of what waits become durable.
    pub fn commit_some(&self, tenant: TenantId, count: usize) {
        let cursor = {
            let mut tenants = self.tenants.lock().unwrap();
            let tenant = tenants.entry(tenant).or_default();
            let written: Vec<_> = tenant.pending.drain(..count).collect();
            tenant.log.extend(written);
            Cursor(tenant.log.len() as i64)
        };
        // Whether the last frame is covered is left open, as by a batch before its own.
        self.hub.committed(tenant, cursor, self.started);
        self.changed.send_replace(());
    }

    pub fn cursor_text(&self, tenant: TenantId) -> String {
        self.cursor(tenant).to_string()
    }

    /// Decided and durable.
    pub fn happen(&self, tenant: TenantId, event: LogEvent) -> Cursor {
        self.decide(tenant, event);
        self.commit(tenant)
    }

    pub fn open_pop(&self, tenant: TenantId, event: &LogEvent) {
        let mut tenants = self.tenants.lock().unwrap();
        for frame in frames_of(event).into_iter().filter(Frame::wants_push_time) {
            if let Audience::User(user) = frame.to {
                tenants.entry(tenant).or_default().pops.entry(user).or_default().push(frame);
            }
        }
    }

    /// The board changes: revision + 1, and more calls are talking.
    pub fn turn_board(&self, tenant: TenantId) {
        let before = self.wallboard(tenant);
        self.tenants.lock().unwrap().entry(tenant).or_default().revision += 1;
        let after = self.wallboard(tenant);
        self.hub.wallboard(tenant, &after, &after.delta(&before).unwrap());
    }

    pub async fn heard(&self, what: &str) {
        let found = async {
            while !self.heard.lock().unwrap().iter().any(|other| other == what) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(SOON, found).await.unwrap_or_else(|_| panic!("{what}: {:?}", self.heard.lock().unwrap()));
    }

    fn note(&self, what: String) {
        self.heard.lock().unwrap().push(what);
    }
}

impl Switchboard for Board {
    fn cursor(&self, tenant: TenantId) -> Cursor {
        Cursor(self.tenants.lock().unwrap().get(&tenant).map_or(0, |tenant| tenant.log.len() as i64))
    }

    fn settled(&self, tenant: TenantId) -> BoxFuture<'_, Result<(), NotDurable>> {
        async move {
            let mut changed = self.changed.subscribe();
            let decided = |tenant: &Tenant| tenant.log.len() + tenant.pending.len();
            let goal = self.tenants.lock().unwrap().get(&tenant).map_or(0, decided);
            while self.tenants.lock().unwrap().get(&tenant).is_some_and(|tenant| tenant.log.len() < goal) {
                changed.changed().await.unwrap();
            }
            Ok(())
        }
        .boxed()
    }

    fn frames_after(
        &self,
        tenant: TenantId,
        user: UserId,
        cursor: Cursor,
        limit: usize,
    ) -> BoxFuture<'_, Result<Resumed, ResumeError>> {
        async move {
            tokio::task::yield_now().await;
            {
                let mut away = self.away.lock().unwrap();
                if *away > 0 {
                    *away -= 1;
                    let fault = switchroom_store::StoreError::Unavailable(sqlx::Error::PoolClosed);
                    return Err(ResumeError::Unavailable(fault));
                }
            }
            let tenants = self.tenants.lock().unwrap();
            let log = tenants.get(&tenant).map_or(&[][..], |tenant| &tenant.log);
            let end = log.len() as i64;
            if cursor < *self.oldest.lock().unwrap() || cursor.0 > end {
                return Err(ResumeError::TooOld);
            }
            let mut frames = Vec::new();
            let mut next = None;
            for (place, event) in log.iter().enumerate().skip(cursor.0 as usize) {
                if frames.len() >= limit {
                    next = Some(Cursor(place as i64));
                    break;
                }
                frames.extend(frames_of(event).into_iter().filter(|frame| frame.to == Audience::User(user)));
            }
            Ok(Resumed { frames, next, end: Cursor(end) })
        }
        .boxed()
    }

    fn open_pops(&self, tenant: TenantId, user: UserId) -> Vec<Frame> {
        let tenants = self.tenants.lock().unwrap();
        tenants.get(&tenant).and_then(|tenant| tenant.pops.get(&user)).cloned().unwrap_or_default()
    }

    fn wallboard(&self, tenant: TenantId) -> Arc<Wallboard> {
        let revision = self.tenants.lock().unwrap().get(&tenant).map_or(0, |tenant| tenant.revision);
        Arc::new(Wallboard {
            cursor: Cursor(0),
            revision,
            at: DateTime::UNIX_EPOCH,
            queues: Vec::new(),
            agents: (0..*self.crowd.lock().unwrap())
                .map(|n| AgentView {
                    user_id: UserId(Uuid::from_u128(ANN.0.as_u128() + n)),
                    email: "ann@example".into(),
                    name: "Ann".into(),
                    extension: Some("201".into()),
                    presence: Presence::Available,
                    reason: None,
                    since: Some(DateTime::UNIX_EPOCH),
                    call_ids: Vec::new(),
                })
                .collect(),
            calls: CallFigures { talking: revision, ..CallFigures::default() },
            figures: Vec::new(),
            series: Series::default(),
        })
    }

    fn choose_presence(
        &self,
        _: TenantId,
        user: UserId,
        choice: Chosen,
        reason: Option<String>,
    ) -> BoxFuture<'_, Result<PresenceView, SubmitError>> {
        if let Some(refusal) = *self.presence_refused.lock().unwrap() {
            return std::future::ready(Err(refusal)).boxed();
        }
        self.note(format!("{user} chose {} because {reason:?}", choice.as_str()));
        let view =
            PresenceView { user_id: user, presence: choice.into(), reason, since: DateTime::UNIX_EPOCH };
        std::future::ready(Ok(view)).boxed()
    }

    fn socket_opened(&self, _: TenantId, user: UserId) {
        self.note(format!("{user} opened"));
    }

    fn last_socket_lost(&self, _: TenantId, user: UserId) {
        self.note(format!("{user} lost"));
    }
}

/// An entry about call `n`.
pub fn call_event(n: u64, key: &str, state: CallState) -> CallEvent {
    let at = DateTime::from_timestamp(1_760_000_000, 0).unwrap();
    let connection_id = ConnectionId(Uuid::from_u128(0xC));
    let provider_call_id = format!("pbx-{n}");
    let ended = state == CallState::Ended;
    CallEvent {
        call: CallSnapshot {
            id: CallId::derive(connection_id, &provider_call_id),
            connection_id,
            provider_call_id,
            direction: Direction::Inbound,
            state,
            end_reason: ended.then_some(EndReason::Missed),
            from: Some("+33612345678".into()),
            to: Some("+33199000001".into()),
            number_id: None,
            bot_id: None,
            queue: None,
            agent_id: None,
            contact: None,
            started_at: at,
            answered_at: None,
            ended_at: ended.then_some(at),
        },
        report: Report {
            kind: if ended { FactKind::Ended(EndCause::NoAnswer) } else { FactKind::Ringing },
            key: key.to_owned(),
            at,
            told: true,
            sequence: None,
            direction: None,
            from: None,
            to: None,
            agents: Vec::new(),
            queue: None,
        },
        before: None,
        pops: Vec::new(),
        withdrawn: Vec::new(),
        told: Vec::new(),
        caller: Some(CallerContext::unknown(Quality::Exact, Some("+33612345678".into()), "nobody's number")),
        received_at_us: 1_760_000_000_000_000,
        heard_at: at,
    }
}

pub fn entry(type_: EventType, data: CallEvent) -> LogEvent {
    LogEvent {
        event_id: EventId::of_call(data.call.id, &data.report.key),
        type_,
        call_id: Some(data.call.id),
        provider_event_id: None,
        at: data.report.at,
        provider_at: None,
        effective: true,
        addressees: Vec::new(),
        data: EventData::Call(Box::new(data)),
    }
}

/// Call `n` rings for these users.
pub fn ring(n: u64, users: &[UserId]) -> LogEvent {
    let mut data = call_event(n, "ring", CallState::Ringing);
    data.pops = users.to_vec();
    entry(EventType::Ringing, data)
}

/// Call `n` is answered, and taken from these users' screens.
pub fn withdraw(n: u64, users: &[UserId]) -> LogEvent {
    let mut data = call_event(n, "answer", CallState::Answered);
    data.withdrawn = users.to_vec();
    entry(EventType::Answered, data)
}

/// Call `n` ends, and these users are told.
pub fn end(n: u64, users: &[UserId]) -> LogEvent {
    let mut data = call_event(n, "end", CallState::Ended);
    data.told = users.to_vec();
    entry(EventType::Ended, data)
}

// --- people ----------------------------------------------------------------------------------------------------------

#[derive(Default)]
pub struct People {
    tokens: Mutex<HashMap<String, Result<Identity, Refusal>>>,
    tickets: Mutex<HashMap<String, Identity>>,
    pub visible: Mutex<HashSet<(TenantId, TicketId)>>,
}

impl People {
    pub fn token(&self, token: &str, identity: Result<Identity, Refusal>) {
        self.tokens.lock().unwrap().insert(token.into(), identity);
    }

    pub fn ticket_for(&self, ticket: &str, identity: Identity) {
        self.tickets.lock().unwrap().insert(ticket.into(), identity);
    }
}

impl Authenticate for People {
    fn bearer<'a>(
        &'a self,
        token: &'a str,
        _: Option<&'a str>,
        _: &'a Extensions,
    ) -> BoxFuture<'a, Result<Identity, Refusal>> {
        let found = self.tokens.lock().unwrap().get(token).cloned().unwrap_or(Err(Refusal::Unauthorized));
        std::future::ready(found).boxed()
    }

    fn ticket<'a>(&'a self, ticket: &'a str, _: &'a Extensions) -> BoxFuture<'a, Result<Identity, Refusal>> {
        let found = self.tickets.lock().unwrap().remove(ticket).ok_or(Refusal::Unauthorized);
        std::future::ready(found).boxed()
    }
}

impl TicketAccess for People {
    fn may_see<'a>(&'a self, who: &'a Identity, ticket: TicketId) -> BoxFuture<'a, Result<bool, Refusal>> {
        let seen = self.visible.lock().unwrap().contains(&(who.tenant, ticket));
        std::future::ready(Ok(seen)).boxed()
    }
}

pub fn agent(user: UserId) -> Identity {
    Identity {
        user,
        email: "ann@example".into(),
        name: "Ann".into(),
        tenant: TENANT,
        tenant_slug: "demo".into(),
        tenant_name: "Demo".into(),
        sign_in: Uuid::new_v4(),
        expires: None,
        grants: Grants::of_role(Role::Agent),
    }
}

pub fn supervisor() -> Identity {
    Identity { user: SAM, grants: Grants::of_role(Role::Supervisor), ..agent(SAM) }
}

// --- the house -------------------------------------------------------------------------------------------------------

/// A gateway on a port.
pub struct Door {
    pub people: Arc<People>,
    pub address: SocketAddr,
    pub shutdown: CancellationToken,
    pub gateway: Gateway,
}

/// A gateway in front of an engine in memory.
pub struct House {
    pub board: Arc<Board>,
    pub door: Door,
}

impl std::ops::Deref for House {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

impl House {
    pub async fn new() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let hub = Hub::new(settings.commit_notice);
        let board = Arc::new(Board::new(hub.clone()));
        let door = Door::open(hub, board.clone(), settings).await;
        for (token, who) in [("ann", agent(ANN)), ("bob", agent(BOB)), ("sam", supervisor())] {
            door.people.token(token, Ok(who));
        }
        door.people.token("rita", Ok(Identity { tenant: RIVAL, ..agent(RITA) }));
        Self { board, door }
    }
}

impl Door {
    pub async fn open(hub: Arc<Hub>, board: Arc<dyn Switchboard>, settings: Settings) -> Self {
        let people = Arc::new(People::default());
        let shutdown = CancellationToken::new();
        let gateway = Gateway::start(hub, board, people.clone(), people.clone(), settings, shutdown.clone());
        let socket = TcpSocket::new_v4().unwrap();
        // Small, so that a client that does not read is felt soon.
        socket.set_send_buffer_size(16 * 1024).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(64).unwrap();
        let address = listener.local_addr().unwrap();
        let router = gateway.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { people, address, shutdown, gateway }
    }

    /// A client that has read its `hello`.
    pub async fn client(&self, token: &str) -> Client {
        let mut client = self.silent_client(token).await;
        client.expect("hello").await;
        client
    }

    /// A client that has read nothing yet.
    pub async fn silent_client(&self, token: &str) -> Client {
        let headers = [
            ("sec-websocket-protocol", "switchroom.v1".to_owned()),
            ("authorization", format!("Bearer {token}")),
        ];
        self.connect(&headers).await.unwrap()
    }

    /// Opens a socket with these headers, or answers the status it was refused with.
    pub async fn connect(&self, headers: &[(&'static str, String)]) -> Result<Client, u16> {
        let mut request = format!("ws://{}/ws", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, HeaderValue::from_str(value).unwrap());
        }
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        let stream = socket.connect(self.address).await.unwrap();
        match client_async(request, stream).await {
            Ok((socket, response)) => {
                assert_eq!(response.headers()["sec-websocket-protocol"], "switchroom.v1");
                assert!(!response.headers().contains_key("sec-websocket-extensions"));
                Ok(Client { socket })
            }
            Err(WireError::Http(response)) => Err(response.status().as_u16()),
            Err(fault) => panic!("{fault}"),
        }
    }

    /// Sends a request as it is; answers status, headers (lower case) and body.
    pub async fn request(&self, head: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(SOON, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), head.to_lowercase(), body.to_owned())
    }

    /// A socket of Ann's that is opened by hand and has its hello behind it.
    pub async fn raw(&self) -> Raw {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "GET /ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: switchroom.v1\r\n\
             Authorization: Bearer ann\r\n\r\n",
            self.address
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(timeout(SOON, stream.read_u8()).await.unwrap().unwrap());
        }
        let answer = String::from_utf8(answer).unwrap().to_lowercase();
        assert!(answer.starts_with("http/1.1 101"), "{answer}");
        assert!(answer.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{answer}");
        let mut raw = Raw { stream };
        let (first, payload) = raw.frame().await.unwrap();
        assert_eq!(first, 0x81);
        assert!(String::from_utf8(payload).unwrap().starts_with(r#"{"type":"hello""#));
        raw
    }
}

// --- clients ---------------------------------------------------------------------------------------------------------

pub struct Client {
    pub socket: WebSocketStream<TcpStream>,
}

impl Client {
    /// The next frame, held against the document; `Err` = closed with this code.
    pub async fn next(&mut self) -> Result<Value, u16> {
        loop {
            match timeout(SOON, self.socket.next()).await.expect("a frame or a close") {
                Some(Ok(Message::Text(text))) => {
                    let value: Value = serde_json::from_str(&text).unwrap();
                    let message = format!("server_{}", value["type"].as_str().unwrap());
                    super::schema::check(&DOCUMENT, &message, &value).unwrap();
                    return Ok(value);
                }
                Some(Ok(Message::Close(Some(close)))) => {
                    let code = close.code.into();
                    // The client answers the close, and the server ends the connection.
                    let rest = timeout(SOON, async { while let Some(Ok(_)) = self.socket.next().await {} });
                    rest.await.expect("the connection ends");
                    return Err(code);
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next frame, which is of this type; its data.
    pub async fn expect(&mut self, type_: &str) -> Value {
        let mut frame =
            self.next().await.unwrap_or_else(|code| panic!("{type_} expected, closed with {code}"));
        assert_eq!(frame["type"], type_, "{frame}");
        frame["data"].take()
    }

    /// The next frames, whole.
    pub async fn take(&mut self, count: usize) -> Vec<Value> {
        let mut frames = Vec::new();
        while frames.len() < count {
            frames.push(self.next().await.unwrap());
        }
        frames
    }

    /// Everything up to a frame of this type, which is the last.
    pub async fn until(&mut self, type_: &str) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            let frame =
                self.next().await.unwrap_or_else(|code| panic!("{type_} expected, closed with {code}"));
            let last = frame["type"] == type_;
            frames.push(frame);
            if last {
                return frames;
            }
        }
    }

    pub async fn error(&mut self, code: &str) {
        let data = self.expect("error").await;
        assert_eq!(data["code"], code, "{data}");
    }

    /// Nothing comes that was caused before this call: an unknown message is answered next.
    pub async fn quiet(&mut self) {
        self.say(json!({"type": "are you there"})).await;
        self.error("unknown_type").await;
    }

    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }

    pub async fn say(&mut self, message: Value) {
        self.text(&message.to_string()).await;
    }

    pub async fn text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }
}

/// A socket whose frames are made by hand.
pub struct Raw {
    pub stream: TcpStream,
}

impl Raw {
    /// A frame with this first byte, masked.
    pub async fn send(&mut self, first: u8, payload: &[u8]) {
        let mut frame = vec![first];
        match payload.len() {
            length @ 0..126 => frame.push(0x80 | length as u8),
            length @ 126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend((length as u16).to_be_bytes());
            }
            length => {
                frame.push(0x80 | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        let mask = [7, 77, 177, 17];
        frame.extend(mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        // The server may have hung up upon the first half; the close code tells.
        let _ = self.stream.write_all(&frame).await;
    }

    /// The next frame of the server: first byte and payload. `None` = end of the connection.
    pub async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let read = async {
            let first = self.stream.read_u8().await.ok()?;
            let length = match self.stream.read_u8().await.ok()? {
                126 => usize::from(self.stream.read_u16().await.ok()?),
                127 => self.stream.read_u64().await.ok()? as usize,
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            self.stream.read_exact(&mut payload).await.ok()?;
            Some((first, payload))
        };
        timeout(SOON, read).await.expect("a frame or the end")
    }

    /// The code the server closes with; what comes before is skipped.
    pub async fn closed(&mut self) -> u16 {
        loop {
            let (first, payload) = self.frame().await.expect("a close frame before the end");
            if first == 0x88 {
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    }
}
