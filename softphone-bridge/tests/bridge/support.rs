//! A stand-in engine, and a telephone that is nothing but a socket.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use switchroom_bridge::{Bridge, BridgeSettings, Calls, DialledLine};
use switchroom_core::{CallFact, CallId, ConnectionId, FactKind, TenantId};
use switchroom_engine::{NotDurable, SubmitError, Submitted};
use tokio::net::UdpSocket;
use uuid::Uuid;

pub const LINE: &str = "+33199000001";
/// A line whose agent has a telephone of its own.
pub const REDIRECTED: &str = "+33199000002";
pub const AGENT_PHONE: &str = "sip:agent2@192.0.2.10:5062";

#[derive(Default)]
pub struct Fake {
    pub facts: Mutex<Vec<CallFact>>,
    pub overloaded: AtomicBool,
    /// The tenant of every line is suspended.
    pub suspended: AtomicBool,
    pub never_durable: AtomicBool,
    pub commit_ms: AtomicU64,
    /// Calls that the process before left open.
    pub open: Vec<(TenantId, ConnectionId, String)>,
}

impl Fake {
    pub fn facts(&self) -> Vec<CallFact> {
        self.facts.lock().unwrap().clone()
    }

    pub fn kinds(&self) -> Vec<FactKind> {
        self.facts().iter().map(|fact| fact.kind).collect()
    }
}

impl Calls for Fake {
    fn open(&self) -> Vec<(TenantId, ConnectionId, String)> {
        self.open.clone()
    }

    fn line(&self, dialled: &str) -> Option<DialledLine> {
        let national = dialled.strip_prefix('0').filter(|rest| !rest.starts_with('0'));
        let number = match (dialled.strip_prefix("00"), national, dialled.starts_with('+')) {
            (Some(rest), ..) => format!("+{rest}"),
            (None, Some(rest), _) => format!("+33{rest}"),
            (.., true) => dialled.to_owned(),
            _ => format!("+{dialled}"),
        };
        [LINE, REDIRECTED].contains(&number.as_str()).then(|| DialledLine {
            tenant: TenantId(Uuid::from_u128(1)),
            connection: ConnectionId(Uuid::from_u128(2)),
            forward_to: (number == REDIRECTED).then(|| AGENT_PHONE.to_owned()),
            suspended: self.suspended.load(Ordering::SeqCst),
            number,
        })
    }

    fn submit(&self, _: TenantId, fact: CallFact) -> BoxFuture<'_, Result<Submitted, SubmitError>> {
        async move {
            if self.overloaded.load(Ordering::SeqCst) {
                return Err(SubmitError::Overloaded { retry_after: Duration::from_secs(3) });
            }
            let call_id = CallId::derive(fact.connection, &fact.provider_call_id);
            let repetition = {
                let mut facts = self.facts.lock().unwrap();
                let known = facts
                    .iter()
                    .any(|one| one.key == fact.key && one.provider_call_id == fact.provider_call_id);
                if !known {
                    facts.push(fact);
                }
                known
            };
            let delay = Duration::from_millis(self.commit_ms.load(Ordering::SeqCst));
            let never = self.never_durable.load(Ordering::SeqCst);
            Ok(Submitted {
                call_id,
                repetition,
                addressees: Vec::new(),
                pushed_at_us: 0,
                durable: async move {
                    tokio::time::sleep(delay).await;
                    if never { Err(NotDurable) } else { Ok(()) }
                }
                .boxed(),
            })
        }
        .boxed()
    }
}

pub struct House {
    pub fake: Arc<Fake>,
    pub bridge: Bridge,
}

pub async fn house(change: impl FnOnce(&mut BridgeSettings)) -> House {
    let mut settings = BridgeSettings::new("127.0.0.1:0".parse().unwrap());
    settings.ring_timeout = Duration::from_millis(400);
    settings.commit_wait = Duration::from_millis(600);
    change(&mut settings);
    let fake = Arc::new(Fake::default());
    let bridge = Bridge::start(fake.clone(), settings).await.unwrap();
    House { fake, bridge }
}

/// One message as text.
#[derive(Clone)]
pub struct Wire {
    pub start: String,
    pub headers: Vec<(String, String)>,
}

impl Wire {
    pub fn request(method: &str, uri: &str, via: &str, call_id: &str) -> Self {
        let headers = [
            ("Via", via),
            ("Max-Forwards", "70"),
            ("From", "\"Anne\" <sip:+33612345678@carrier.example>;tag=a1"),
            ("To", &format!("<{uri}>")),
            ("Call-ID", call_id),
            ("CSeq", &format!("1 {method}")),
            ("Contact", "<sip:caller@127.0.0.1>"),
            ("Content-Length", "0"),
        ];
        Self {
            start: format!("{method} {uri} SIP/2.0"),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }
    }

    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.add(name, value)
    }

    pub fn add(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    pub fn text(&self) -> String {
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("{}\r\n{headers}\r\n", self.start)
    }
}

/// A response as it came.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl Answer {
    pub fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let status = text
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .unwrap_or_else(|| panic!("no status: {text}"));
        Self { status, text }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.trim().eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

pub struct Phone {
    socket: UdpSocket,
    pub via: String,
    pub call_id: String,
}

impl Phone {
    pub async fn new(house: &House) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(house.bridge.address()).await.unwrap();
        let address = socket.local_addr().unwrap();
        let unique = Uuid::new_v4().simple().to_string();
        Self {
            via: format!("SIP/2.0/UDP {address};branch=z9hG4bK{unique};rport"),
            call_id: format!("{unique}@test"),
            socket,
        }
    }

    pub fn request(&self, method: &str, uri: &str) -> Wire {
        Wire::request(method, uri, &self.via, &self.call_id)
    }

    pub fn invite(&self, number: &str) -> Wire {
        self.request("INVITE", &format!("sip:{number}@127.0.0.1"))
    }

    pub async fn send(&self, wire: &Wire) {
        self.send_bytes(wire.text().as_bytes()).await;
    }

    pub async fn send_bytes(&self, bytes: &[u8]) {
        self.socket.send(bytes).await.unwrap();
    }

    pub async fn answer(&self) -> Answer {
        self.answer_within(Duration::from_secs(10)).await.expect("no answer")
    }

    pub async fn answer_within(&self, limit: Duration) -> Option<Answer> {
        let mut buffer = vec![0; 65_535];
        let length = tokio::time::timeout(limit, self.socket.recv(&mut buffer)).await.ok()?.unwrap();
        Some(Answer::parse(&buffer[..length]))
    }

    /// Waits for this status, over provisional answers and retransmissions of others.
    pub async fn expect(&self, status: u16) -> Answer {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        let mut seen = Vec::new();
        while tokio::time::Instant::now() < deadline {
            let Some(answer) = self.answer_within(Duration::from_secs(10)).await else { break };
            if answer.status == status {
                return answer;
            }
            seen.push(answer.status);
        }
        panic!("no {status}; seen {seen:?}");
    }

    /// The ACK of a final answer that is no 2xx.
    pub async fn ack(&self, invite: &Wire, answer: &Answer) {
        let mut ack = invite.clone().set("CSeq", "1 ACK").set("To", answer.header("To").unwrap());
        ack.start = invite.start.replacen("INVITE", "ACK", 1);
        self.send(&ack).await;
    }
}
