//! Who may do what beyond the API's own table, from outside and against reviewed snapshots: every message of the socket
//! and every topic for every role, with subjects of one's own tenant and of another; the doors beside the API; the
//! doors for calls.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use switchroom_core::Role;
use switchroom_core::permission::{Access, BESIDE, Endpoint, MESSAGES, Message};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message as Frame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

use crate::doors::{Event, signed, story};
use crate::support::{Folder, Server, run};

const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody of demo, or the platform admin.
#[derive(Clone)]
struct Asker {
    name: &'static str,
    /// None for the platform admin.
    role: Option<Role>,
    token: String,
    tenant: Option<&'static str>,
}

impl Asker {
    fn may(&self, access: Access) -> bool {
        match access {
            Access::Public | Access::SignedIn => true,
            Access::Permission(permission) => self.role.is_none_or(|role| role.grants(permission)),
        }
    }
}

fn token(tenant: &Value, role: Role) -> String {
    let mut users = tenant["users"].as_object().unwrap().values();
    users.find(|user| user["role"] == role.name()).unwrap()["token"].as_str().unwrap().to_owned()
}

/// Everybody who can have a socket: a member of each role, and the platform admin who acts in demo.
fn askers(demo: &Value) -> Vec<Asker> {
    let member =
        |role: Role| Asker { name: role.name(), role: Some(role), token: token(demo, role), tenant: None };
    let root = demo["platform_admin"]["token"].as_str().unwrap().to_owned();
    let root = Asker { name: "platform@demo", role: None, token: root, tenant: Some("demo") };
    Role::ALL.into_iter().map(member).chain([root]).collect()
}

async fn ask(
    server: &Server,
    token: &str,
    tenant: Option<&str>,
    method: Method,
    path: &str,
    body: Value,
) -> (u16, Value) {
    let request = reqwest::Client::new().request(method, server.url(path)).bearer_auth(token).json(&body);
    let request = if let Some(tenant) = tenant { request.header("x-tenant", tenant) } else { request };
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Where the log was when it was opened.
    cursor: String,
    /// The slug of the tenant it is in.
    tenant: String,
}

impl Socket {
    /// `Err` = the status it was refused with.
    async fn open(server: &Server, headers: &[(&'static str, String)]) -> Result<Self, u16> {
        let mut request = server.url("/ws").replace("http://", "ws://").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let (stream, _) = match connect_async(request).await {
            Ok(opened) => opened,
            Err(tungstenite::Error::Http(answer)) => return Err(answer.status().as_u16()),
            Err(fault) => panic!("{fault}"),
        };
        let mut socket = Self { stream, cursor: String::new(), tenant: String::new() };
        let hello = socket.next().await;
        assert_eq!(hello["type"], "hello", "{hello}");
        socket.cursor = hello["data"]["cursor"].as_str().unwrap().to_owned();
        socket.tenant = hello["data"]["tenant"]["slug"].as_str().unwrap().to_owned();
        Ok(socket)
    }

    async fn of(server: &Server, asker: &Asker) -> Self {
        Self::open(server, &credentials(Some(asker)))
            .await
            .unwrap_or_else(|status| panic!("{} {status}", asker.name))
    }

    async fn next(&mut self) -> Value {
        let look = async {
            loop {
                match self.stream.next().await.expect("the socket stays open").unwrap() {
                    Frame::Text(text) => return serde_json::from_str(&text).unwrap(),
                    Frame::Close(close) => panic!("closed: {close:?}"),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("a frame")
    }

    async fn say(&mut self, message: &Value) {
        self.stream.send(Frame::text(message.to_string())).await.unwrap();
    }

    /// What comes upon a message. What takes time is answered in order, so that the end of a resume said behind it is
    /// behind its answer too.
    async fn answers(&mut self, message: &Value) -> Vec<Value> {
        let resume = json!({"type": "resume", "cursor": self.cursor});
        self.say(message).await;
        self.say(&resume).await;
        let mut ends = if message["type"] == "resume" { 2 } else { 1 };
        let mut frames = Vec::new();
        while ends > 0 {
            let frame = self.next().await;
            ends -= i32::from(frame["type"] == "resynced");
            frames.push(frame);
        }
        frames
    }

    /// Everything up to a frame of this type.
    async fn until(&mut self, type_: &str) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            frames.push(self.next().await);
            if frames.last().is_some_and(|frame| frame["type"] == type_) {
                return frames;
            }
        }
    }
}

fn credentials(asker: Option<&Asker>) -> Vec<(&'static str, String)> {
    let mut headers = vec![("sec-websocket-protocol", "switchroom.v1".to_owned())];
    if let Some(asker) = asker {
        headers.push(("authorization", format!("Bearer {}", asker.token)));
        headers.extend(asker.tenant.map(|tenant| ("x-tenant", tenant.to_owned())));
    }
    headers
}

/// The tickets a topic can name.
struct Subjects {
    /// Filed by demo's owner, nobody's yet.
    tenants: String,
    /// Filed by the asker, where they may file one.
    own: String,
    rivals: String,
    rival_tenant: String,
}

/// Every way to say a message: what is special about it, and the message.
fn ways(message: &Message, cursor: &str, subjects: &Subjects) -> Vec<(&'static str, Value)> {
    let topics = |topics: &[&str]| json!({"type": message.kind, "topics": topics});
    match (message.kind, message.topic) {
        ("resume", None) => vec![("", json!({"type": "resume", "cursor": cursor}))],
        ("ack", None) => vec![("", json!({"type": "ack", "event_id": Uuid::from_u128(1)}))],
        ("pong", None) => vec![("", json!({"type": "pong"}))],
        ("presence", None) => vec![("", json!({"type": "presence", "state": "break"}))],
        ("unsubscribe", None) => vec![
            ("what nobody hears", topics(&["wallboard", "calls"])),
            ("the rival's ticket", topics(&[&format!("tickets:{}", subjects.rivals)])),
        ],
        ("subscribe", Some(plain @ ("wallboard" | "calls"))) => vec![
            ("", topics(&[plain])),
            ("of the rival, by its id", topics(&[&format!("{plain}:{}", subjects.rival_tenant)])),
        ],
        ("subscribe", Some("tickets")) => vec![
            ("the tenant's", topics(&[&format!("tickets:{}", subjects.tenants)])),
            ("one's own", topics(&[&format!("tickets:{}", subjects.own)])),
            ("the rival's", topics(&[&format!("tickets:{}", subjects.rivals)])),
            ("nobody's", topics(&[&format!("tickets:{}", Uuid::from_u128(0xdead))])),
        ],
        other => panic!("{other:?} is in the table of messages: say here how it is said, to whose subjects"),
    }
}

/// `in`, or the code of the error.
fn verdict(message: &Message, frames: &[Value]) -> String {
    if let Some(error) = frames.iter().find(|frame| frame["type"] == "error") {
        return error["data"]["code"].as_str().unwrap().to_owned();
    }
    let came = |type_: &str| frames.iter().any(|frame| frame["type"] == type_);
    let done = match (message.kind, message.topic) {
        ("presence", _) => {
            frames.iter().any(|frame| frame["type"] == "presence" && frame["data"]["presence"] == "break")
        }
        ("subscribe", Some("wallboard")) => came("wallboard"),
        _ => true,
    };
    if done { "in".to_owned() } else { format!("neither done nor refused: {frames:?}") }
}

async fn file_ticket(server: &Server, asker: &Asker) -> Option<String> {
    let body = json!({"title": "Who hears of it"});
    let (status, made) = ask(server, &asker.token, asker.tenant, Method::POST, "/api/v1/tickets", body).await;
    (status == 201).then(|| made["id"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_and_topic_for_every_role() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--rate-limit", "off"]);
    let demo = server.demo();
    let askers = askers(&demo);
    let (owner, rival) =
        (askers[0].clone(), Asker { token: token(&demo["rival"], Role::OrgOwner), ..askers[0].clone() });
    let tenants = file_ticket(&server, &owner).await.unwrap();
    let rivals = file_ticket(&server, &rival).await.unwrap();
    let rival_tenant = demo["rival"]["tenant"]["id"].as_str().unwrap();
    let mut sockets = Vec::new();
    for asker in &askers {
        let own = file_ticket(&server, asker).await.unwrap_or_else(|| tenants.clone());
        let subjects = Subjects {
            tenants: tenants.clone(),
            own,
            rivals: rivals.clone(),
            rival_tenant: rival_tenant.into(),
        };
        sockets.push((asker, subjects, Socket::of(&server, asker).await));
    }
    let mut table = String::from("message topic permission: subject |");
    for asker in &askers {
        let _ = write!(table, " {}", asker.name);
    }
    table.push('\n');
    let mut faults = Vec::new();
    for message in MESSAGES {
        let mut rows: Vec<(String, Vec<String>)> = Vec::new();
        for (asker, subjects, socket) in &mut sockets {
            for (place, (subject, said)) in
                ways(message, &socket.cursor.clone(), subjects).into_iter().enumerate()
            {
                let told = verdict(message, &socket.answers(&said).await);
                let foreign = ["the rival's", "nobody's"].contains(&subject);
                let expected = match subject {
                    _ if message.kind == "unsubscribe" => "in",
                    "of the rival, by its id" => "unknown_topic",
                    _ if !asker.may(message.access) => "forbidden",
                    _ if foreign => "not_found",
                    // No member, no presence.
                    "" if message.kind == "presence" && asker.role.is_none() => "not_found",
                    // A client's own tickets are all that a client sees.
                    "the tenant's" if asker.role == Some(Role::Client) => "not_found",
                    _ => "in",
                };
                if told != expected {
                    faults.push(format!("{} says {said}: {told}, not {expected}", asker.name));
                }
                if rows.len() <= place {
                    let topic = message.topic.map(|topic| format!(" {topic}")).unwrap_or_default();
                    let subject = if subject.is_empty() { String::new() } else { format!(": {subject}") };
                    rows.push((
                        format!("{}{topic} {}{subject}", message.kind, message.access.name()),
                        Vec::new(),
                    ));
                }
                rows[place].1.push(told);
            }
        }
        for (what, told) in rows {
            let _ = writeln!(table, "{what} | {}", told.join(" "));
        }
    }
    for (what, said) in [
        ("a topic that is none", json!({"type": "subscribe", "topics": ["secrets"]})),
        ("a message that is none", json!({"type": "shout"})),
    ] {
        let _ = write!(table, "{what} |");
        for (_, _, socket) in &mut sockets {
            let frames = socket.answers(&said).await;
            let error = frames.iter().find(|frame| frame["type"] == "error").unwrap();
            let _ = write!(table, " {}", error["data"]["code"].as_str().unwrap());
        }
        table.push('\n');
    }
    who_hears(&server, &demo, &rival, &mut sockets, &mut table, &mut faults).await;
    assert!(faults.is_empty(), "{faults:#?}\n{table}");
    insta::assert_snapshot!("messages", table);
    assert_eq!(server.terminate().0.code(), Some(0));
}

/// Something happens to the rival's ticket and calls, then to demo's: what reaches whom.
async fn who_hears(
    server: &Server,
    demo: &Value,
    rival: &Asker,
    sockets: &mut [(&Asker, Subjects, Socket)],
    table: &mut String,
    faults: &mut Vec<String>,
) {
    let (tenants, rivals) = (sockets[0].1.tenants.clone(), sockets[0].1.rivals.clone());
    let mut theirs = Socket::of(server, rival).await;
    theirs.answers(&json!({"type": "subscribe", "topics": ["calls", format!("tickets:{rivals}")]})).await;
    let owner = sockets[0].0.clone();
    for (asker, ticket, home) in [(rival, &rivals, &demo["rival"]), (&owner, &tenants, demo)] {
        let path = format!("/api/v1/tickets/{ticket}");
        let body = json!({"title": "Changed"});
        let (status, told) = ask(server, &asker.token, None, Method::PATCH, &path, body).await;
        assert_eq!(status, 200, "{told}");
        for body in story("generic", home["numbers"][2].as_str().unwrap()) {
            assert!(
                signed("generic", &home["connections"]["generic"], body).send().await.status().is_success()
            );
        }
    }
    // Whoever may, next door, hears it.
    theirs.until("ticket_updated").await;
    let _ = writeln!(table, "hears of | the tenant's ticket, its calls");
    let ours = demo["connections"]["generic"]["id"].clone();
    // The owner's ticket comes by the feed, in its own time; when it is here, it is with everybody.
    let mut of_owner = sockets[0].2.until("ticket_updated").await;
    for (place, (asker, _, socket)) in sockets.iter_mut().enumerate() {
        let mut heard = if place == 0 { std::mem::take(&mut of_owner) } else { Vec::new() };
        heard.extend(socket.answers(&json!({"type": "pong"})).await);
        let tickets: BTreeSet<&str> = heard
            .iter()
            .filter(|frame| frame["type"] == "ticket_updated")
            .filter_map(|frame| frame["data"]["ticket_id"].as_str())
            .collect();
        let calls: Vec<&Value> = heard.iter().filter_map(|frame| frame["data"].get("call")).collect();
        if tickets.contains(rivals.as_str()) || calls.iter().any(|call| call["connection_id"] != ours) {
            faults.push(format!("{} hears of the rival: {heard:?}", asker.name));
        }
        let word = |heard: bool| if heard { "yes" } else { "no" };
        let _ = writeln!(
            table,
            "  {} | {} {}",
            asker.name,
            word(tickets.contains(tenants.as_str())),
            word(!calls.is_empty())
        );
    }
}

#[test]
fn the_table_has_every_message_of_the_protocol() {
    let document = switchroom_ws::asyncapi();
    let said: BTreeSet<String> = document["components"]["messages"]
        .as_object()
        .unwrap()
        .keys()
        .filter_map(|name| name.strip_prefix("client_").map(str::to_owned))
        .collect();
    let in_table: BTreeSet<String> = MESSAGES.iter().map(|message| message.kind.to_owned()).collect();
    assert_eq!(said, in_table);
}

/// One of the doors beside the API, tried by somebody or by nobody: the status.
async fn knock(server: &Server, row: &Endpoint, link: &str, asker: Option<&Asker>) -> u16 {
    let dressed = |request: reqwest::RequestBuilder| match asker {
        Some(asker) => {
            let request = request.bearer_auth(&asker.token);
            if let Some(tenant) = asker.tenant { request.header("x-tenant", tenant) } else { request }
        }
        None => request,
    };
    let client = reqwest::Client::new();
    let request = match (row.method, row.path) {
        ("GET", "/ws") => {
            return match Socket::open(server, &credentials(asker)).await {
                Ok(_) => 101,
                Err(status) => status,
            };
        }
        ("GET", "/welcome/{token}") => client.get(server.url(link)),
        // With a password that is none: the link stays good for the next.
        ("POST", "/welcome/{token}") => client
            .post(server.url(link))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("password=short"),
        ("GET", "/{page}") => client.get(server.url("/tickets")),
        other => panic!("{other:?} is in the table of doors: say here how it is knocked at"),
    };
    dressed(request).send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doors_beside_the_api_and_those_for_calls() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--rate-limit", "off"]);
    let demo = server.demo();
    let mut all = askers(&demo);
    let root = Asker { name: "platform", tenant: None, ..all.last().unwrap().clone() };
    all.push(root);
    let rival = Asker { name: "rival's agent", token: token(&demo["rival"], Role::Agent), ..all[0].clone() };
    all.push(rival);
    let printed = run(&folder, &["password-link", "--user", "agent5@demo.example", "--data-dir", "data"]);
    let printed = String::from_utf8(printed.stdout).unwrap();
    let good = format!("/welcome/{}", printed.trim().split_once("/welcome/").unwrap().1);

    let mut table = String::from("method path access: how | out");
    for asker in &all {
        let _ = write!(table, ", {}", asker.name);
    }
    table.push('\n');
    let mut faults = Vec::new();
    for row in BESIDE {
        let links = if row.path.starts_with("/welcome/") {
            vec![(": a good link", good.as_str()), (": a link that is none", "/welcome/nonsense")]
        } else {
            vec![("", "")]
        };
        for (how, link) in links {
            let out = knock(&server, row, link, None).await;
            if row.access == Access::SignedIn && out != 401 {
                faults.push(format!("{} {} signed out: {out}", row.method, row.path));
            }
            let _ = write!(table, "{} {} {}{how} | {out}", row.method, row.path, row.access.name());
            for asker in &all {
                let status = knock(&server, row, link, Some(asker)).await;
                // What is public is the same for everybody: no sign-in adds to it or takes from it.
                if row.access == Access::Public && status != out {
                    faults
                        .push(format!("{} {} as {}: {status}, not {out}", row.method, row.path, asker.name));
                }
                let _ = write!(table, " {status}");
            }
            table.push('\n');
        }
    }
    // Only the platform admin is where X-Tenant says.
    let _ = write!(table, "GET /ws with X-Tenant: rival, is in | -");
    for asker in &all {
        let asker = Asker { tenant: Some("rival"), ..asker.clone() };
        let _ = write!(table, " {}", Socket::of(&server, &asker).await.tenant);
    }
    table.push('\n');
    for asker in &all {
        let (status, made) =
            ask(&server, &asker.token, asker.tenant, Method::POST, "/api/v1/ws-tickets", json!({})).await;
        let told = match made["ticket"].as_str() {
            Some(ticket) => {
                let headers = [("sec-websocket-protocol", format!("switchroom.v1, ticket.{ticket}"))];
                let first = Socket::open(&server, &headers).await;
                let again = Socket::open(&server, &headers).await.err();
                format!("in {}, again {}", first.ok().unwrap().tenant, again.unwrap())
            }
            None => status.to_string(),
        };
        let _ = writeln!(table, "a ticket for the socket, {} | {told}", asker.name);
    }
    hooks(&demo, &mut table).await;
    assert!(faults.is_empty(), "{faults:#?}\n{table}");
    insta::assert_snapshot!("beside", table);
    assert_eq!(server.terminate().0.code(), Some(0));
}

/// The door of each kind of connection: no sign-in opens it, and of signatures only its own.
async fn hooks(demo: &Value, table: &mut String) {
    let _ = writeln!(
        table,
        "POST /hooks/{{key}} | unsigned, with the owner's token, with the rival's signature, signed"
    );
    let owner = token(demo, Role::OrgOwner);
    for kind in ["generic", "twilio", "telnyx", "vonage", "plivo", "sipgate", "zammad"] {
        let door = &demo["connections"][kind];
        let [ringing, _] = story(kind, demo["numbers"][2].as_str().unwrap());
        let bare = |more: Option<(&'static str, String)>| {
            let Event { url, mut headers, body } = signed(kind, door, ringing.clone());
            headers.retain(|(name, _)| *name == "content-type");
            headers.extend(more);
            Event { url, headers, body }
        };
        let theirs =
            json!({"hook_url": door["hook_url"], "secret": demo["rival"]["connections"][kind]["secret"]});
        let _ = write!(table, "  {kind} |");
        for event in [
            bare(None),
            bare(Some(("authorization", format!("Bearer {owner}")))),
            signed(kind, &theirs, ringing.clone()),
            signed(kind, door, ringing.clone()),
        ] {
            let _ = write!(table, " {}", event.send().await.status().as_u16());
        }
        table.push('\n');
    }
}
