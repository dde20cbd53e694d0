//! A carrier's end of SIP over UDP, by hand: INVITE (some datagrams twice), ringing, CANCEL, the final answer. SIP has
//! no retry beyond its transactions: what the house acknowledges is the call that it gave a final answer to.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::ledger::{Ledger, Promised};

/// RFC 3261 T1.
const T1: Duration = Duration::from_millis(500);
/// A carrier that is less patient than 64 times T1, but more than the house, which answers after 5 s at the latest.
const GIVE_UP: Duration = Duration::from_secs(8);

#[derive(Clone)]
pub struct Phone {
    shared: Arc<Shared>,
}

struct Shared {
    socket: UdpSocket,
    local: SocketAddr,
    house: SocketAddr,
    connection: String,
    ledger: Arc<Ledger>,
    calls: Mutex<HashMap<String, mpsc::UnboundedSender<Answer>>>,
}

struct Answer {
    status: u16,
    method: String,
    to: String,
}

impl Phone {
    /// `connection`: the id of the tenant's own SIP connection.
    pub async fn open(house: SocketAddr, connection: String, ledger: Arc<Ledger>) -> anyhow::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let local = socket.local_addr()?;
        let shared = Arc::new(Shared { socket, local, house, connection, ledger, calls: Mutex::default() });
        let weak = Arc::downgrade(&shared);
        tokio::spawn(async move {
            let mut datagram = vec![0_u8; 65_535];
            while let Some(shared) = weak.upgrade() {
                let received = shared.socket.recv(&mut datagram);
                let Ok(Ok(length)) = tokio::time::timeout(Duration::from_millis(500), received).await else {
                    continue;
                };
                let text = String::from_utf8_lossy(&datagram[..length]).into_owned();
                if let Some((call, answer)) = read(&text)
                    && let Some(line) = shared.calls.lock().unwrap().get(&call)
                {
                    let _ = line.send(answer);
                }
            }
        });
        Ok(Self { shared })
    }

    /// One call, to its end.
    pub async fn call(self, seed: u64, number: u64, line: String) {
        let mut random = StdRng::seed_from_u64(seed ^ number.rotate_left(17));
        let call = format!("chaos-{seed:x}-sip-{number}");
        let (sender, mut answers) = mpsc::unbounded_channel();
        self.shared.calls.lock().unwrap().insert(call.clone(), sender);
        let name = (self.shared.connection.clone(), call.clone());
        self.shared.ledger.begin(&name, Promised { kind: "sip", ..Promised::default() });
        let twice = random.random_range(0..10) == 0;
        let patience = Duration::from_millis(random.random_range(200..2_500));
        if let Some(480 | 487) = self.play(&call, &line, twice, patience, &mut answers).await {
            self.shared.ledger.acknowledge(&name, "ringing");
            self.shared.ledger.acknowledge(&name, "ended");
        }
        self.shared.calls.lock().unwrap().remove(&call);
    }

    /// Answers the final status, where there was one.
    async fn play(
        &self,
        call: &str,
        line: &str,
        twice: bool,
        patience: Duration,
        answers: &mut mpsc::UnboundedReceiver<Answer>,
    ) -> Option<u16> {
        let invite = self.request("INVITE", call, line, None);
        let first = self.exchange(&invite, twice, answers, |answer| answer.status >= 180).await?;
        let mut end = Some(first).filter(|answer| answer.status >= 200);
        if end.is_none() {
            let hang_up = Instant::now() + patience;
            while let Ok(Some(answer)) = timeout_at(hang_up, answers.recv()).await {
                if answer.status >= 200 && answer.method == "INVITE" {
                    end = Some(answer);
                    break;
                }
            }
        }
        if end.is_none() {
            let cancel = self.request("CANCEL", call, line, None);
            let taken = self.exchange(&cancel, false, answers, |answer| {
                answer.status >= 200 && (answer.method == "CANCEL" || answer.method == "INVITE")
            });
            let taken = taken.await?;
            if taken.method == "INVITE" {
                end = Some(taken);
            } else if taken.status == 200 {
                let deadline = Instant::now() + GIVE_UP;
                while let Ok(Some(answer)) = timeout_at(deadline, answers.recv()).await {
                    if answer.status >= 200 && answer.method == "INVITE" {
                        end = Some(answer);
                        break;
                    }
                }
            }
        }
        let end = end?;
        let ack = self.request("ACK", call, line, Some(&end.to));
        let _ = self.shared.socket.send_to(ack.as_bytes(), self.shared.house).await;
        Some(end.status)
    }

    /// Sends with growing pauses until an answer is enough; `None` when nobody answers.
    async fn exchange(
        &self,
        message: &str,
        twice: bool,
        answers: &mut mpsc::UnboundedReceiver<Answer>,
        enough: impl Fn(&Answer) -> bool,
    ) -> Option<Answer> {
        let deadline = Instant::now() + GIVE_UP;
        let (mut pause, mut heard) = (T1, false);
        while Instant::now() < deadline {
            if !heard {
                for _ in 0..if twice { 2 } else { 1 } {
                    // A house that is down is one that does not answer.
                    let _ = self.shared.socket.send_to(message.as_bytes(), self.shared.house).await;
                }
            }
            let until = if heard { deadline } else { (Instant::now() + pause).min(deadline) };
            while let Ok(Some(answer)) = timeout_at(until, answers.recv()).await {
                if enough(&answer) {
                    return Some(answer);
                }
                heard |= answer.status == 100;
                if heard {
                    break;
                }
            }
            pause = (pause * 2).min(Duration::from_secs(4));
        }
        None
    }

    fn request(&self, method: &str, call: &str, line: &str, to: Option<&str>) -> String {
        let (local, house) = (self.shared.local, self.shared.house);
        let to = to.map_or_else(|| format!("<sip:{line}@{house}>"), str::to_owned);
        format!(
            "{method} sip:{line}@{house} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK{call};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:+33639980101@{local}>;tag={call}\r\nTo: {to}\r\nCall-ID: {call}\r\n\
             CSeq: 1 {method}\r\nContact: <sip:caller@{local}>\r\nContent-Length: 0\r\n\r\n"
        )
    }
}

/// Call-ID and what matters of an answer.
fn read(text: &str) -> Option<(String, Answer)> {
    let mut lines = text.split("\r\n");
    let status = lines.next()?.strip_prefix("SIP/2.0 ")?.split(' ').next()?.parse().ok()?;
    let mut headers = HashMap::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        headers.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
    }
    let method = headers.get("cseq")?.split_whitespace().nth(1)?.to_owned();
    Some((headers.get("call-id")?.clone(), Answer { status, method, to: headers.remove("to")? }))
}
