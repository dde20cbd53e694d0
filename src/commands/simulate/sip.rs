//! A carrier's end of SIP over UDP: INVITE, what comes back, CANCEL or patience, ACK. Messages are built and read by
//! `rsip`, whose parser and printer are others than the server's.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use rand::RngExt as _;
use rsip::prelude::{HeadersExt as _, ToTypedHeader as _, UntypedHeader as _};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Caller, Report, seconds_between};

/// RFC 3261 T1 and 64·T1.
const T1: Duration = Duration::from_millis(500);
const GIVE_UP: Duration = Duration::from_secs(32);
/// Longer than any ring timeout one would set.
const PATIENCE: Duration = Duration::from_secs(120);

/// One socket for all calls; answers find their call by Call-ID.
#[derive(Clone)]
pub struct Phone {
    shared: Arc<Shared>,
}

struct Shared {
    socket: UdpSocket,
    local: SocketAddr,
    target: SocketAddr,
    calls: Mutex<HashMap<String, mpsc::UnboundedSender<rsip::Response>>>,
    report: Report,
}

impl Phone {
    pub async fn open(target: SocketAddr, report: Report) -> anyhow::Result<Self> {
        let any = if target.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any).await.context("cannot open a UDP socket")?;
        socket.connect(target).await.with_context(|| format!("cannot send to {target}"))?;
        let local = socket.local_addr()?;
        let shared = Arc::new(Shared { socket, local, target, calls: Mutex::default(), report });
        tokio::spawn(receive(Arc::downgrade(&shared)));
        Ok(Self { shared })
    }

    /// One call, to its end.
    pub async fn call(self, caller: Caller) {
        let call_id = format!("{}@switchroom-simulate", uuid::Uuid::new_v4().simple());
        let (sender, answers) = mpsc::unbounded_channel();
        self.shared.calls.lock().unwrap_or_else(PoisonError::into_inner).insert(call_id.clone(), sender);
        let patient = rand::rng().random_range(0..10) == 0;
        let call = Call {
            phone: &self.shared,
            branch: format!("z9hG4bK{}", uuid::Uuid::new_v4().simple()),
            tag: uuid::Uuid::new_v4().simple().to_string()[..10].to_owned(),
            call_id: call_id.clone(),
            caller,
        };
        if let Err(why) = call.play(answers, patient).await {
            self.shared.report.refused(why);
        }
        self.shared.calls.lock().unwrap_or_else(PoisonError::into_inner).remove(&call_id);
    }
}

async fn receive(shared: std::sync::Weak<Shared>) {
    let mut buffer = vec![0_u8; 65_535];
    loop {
        // The phone is gone when no call holds it any more.
        let Some(shared) = shared.upgrade() else { return };
        let received =
            tokio::time::timeout(Duration::from_millis(500), shared.socket.recv(&mut buffer)).await;
        let Ok(Ok(length)) = received else { continue };
        let Ok(response) = rsip::Response::try_from(&buffer[..length]) else { continue };
        let Ok(call_id) = response.call_id_header().map(|id| id.value().to_owned()) else { continue };
        let calls = shared.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(call) = calls.get(&call_id) {
            let _ = call.send(response);
        }
    }
}

type Answers = mpsc::UnboundedReceiver<rsip::Response>;

struct Call<'a> {
    phone: &'a Shared,
    branch: String,
    tag: String,
    call_id: String,
    caller: Caller,
}

impl Call<'_> {
    /// An error is why the call was refused.
    async fn play(
        &self,
        mut answers: mpsc::UnboundedReceiver<rsip::Response>,
        patient: bool,
    ) -> Result<(), String> {
        self.phone.report.sent();
        let begun = Instant::now();
        let invite = self.request(rsip::Method::Invite, None)?;
        // Ringing, or a final answer at once.
        let first = self.exchange(&invite, &mut answers, |answer| status(answer) >= 180).await?;
        let mut last = first;
        if status(&last) < 200 {
            self.phone.report.acknowledged(begun.elapsed());
            last = if patient {
                self.wait(&mut answers, PATIENCE).await?
            } else {
                match self.wait(&mut answers, seconds_between(1.0..5.0)).await {
                    // It was answered, redirected or ended while we listened to it ring.
                    Ok(end) => end,
                    Err(_) => self.hang_up(&mut answers).await?,
                }
            };
        } else if status(&last) < 400 {
            self.phone.report.acknowledged(begun.elapsed());
        }
        self.acknowledge(&last).await?;
        match status(&last) {
            // Redirected, nobody there, hung up: the ways in which a call is meant to end.
            300..=399 | 480 | 486 | 487 | 603 => Ok(()),
            other => Err(format!("SIP {other}")),
        }
    }

    /// CANCEL; answers how the INVITE then ended. The two answers may come in either order.
    async fn hang_up(&self, answers: &mut Answers) -> Result<rsip::Response, String> {
        self.phone.report.sent();
        let begun = Instant::now();
        let cancel = self.request(rsip::Method::Cancel, None)?;
        let mut end = None;
        let taken = self
            .exchange(&cancel, answers, |answer| {
                if is_final_of_invite(answer) {
                    end = Some(answer.clone());
                }
                method(answer) == rsip::Method::Cancel && status(answer) >= 200
            })
            .await
            .map_err(|why| format!("CANCEL: {why}"))?;
        match status(&taken) {
            200 => self.phone.report.acknowledged(begun.elapsed()),
            // The call had ended just before.
            481 if end.is_some() => self.phone.report.acknowledged(begun.elapsed()),
            other => return Err(format!("CANCEL: SIP {other}")),
        }
        match end {
            Some(end) => Ok(end),
            None => self.wait(answers, GIVE_UP).await,
        }
    }

    /// Sends, again and again with growing pauses, until an answer is enough.
    async fn exchange(
        &self,
        message: &[u8],
        answers: &mut Answers,
        mut enough: impl FnMut(&rsip::Response) -> bool,
    ) -> Result<rsip::Response, String> {
        let deadline = Instant::now() + GIVE_UP;
        let (mut pause, mut heard) = (T1, false);
        loop {
            if !heard {
                self.send(message).await?;
            }
            let until = if heard { deadline } else { (Instant::now() + pause).min(deadline) };
            while let Ok(Some(answer)) = tokio::time::timeout_at(until, answers.recv()).await {
                if enough(&answer) {
                    return Ok(answer);
                }
                // A 100: from here on the server has it (RFC 3261 §17.1.1.2).
                if status(&answer) == 100 && !heard {
                    heard = true;
                    break;
                }
            }
            if Instant::now() >= deadline {
                return Err("no answer in time".to_owned());
            }
            pause = (pause * 2).min(Duration::from_secs(4));
        }
    }

    /// The final answer to the INVITE.
    async fn wait(&self, answers: &mut Answers, limit: Duration) -> Result<rsip::Response, String> {
        let until = Instant::now() + limit;
        loop {
            match tokio::time::timeout_at(until, answers.recv()).await {
                Ok(Some(answer)) if is_final_of_invite(&answer) => return Ok(answer),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return Err("no answer in time".to_owned()),
            }
        }
    }

    async fn acknowledge(&self, answer: &rsip::Response) -> Result<(), String> {
        let to = answer.to_header().map_err(|_| "an answer without To".to_owned())?.value().to_owned();
        let ack = self.request(rsip::Method::Ack, Some(to))?;
        self.send(&ack).await
    }

    async fn send(&self, message: &[u8]) -> Result<(), String> {
        self.phone.socket.send(message).await.map(|_| ()).map_err(|_| "nobody listens there".to_owned())
    }

    /// INVITE, or the CANCEL or ACK of it.
    fn request(&self, method: rsip::Method, to: Option<String>) -> Result<Vec<u8>, String> {
        let (local, target) = (self.phone.local, self.phone.target);
        let uri = rsip::Uri {
            scheme: Some(rsip::Scheme::Sip),
            auth: Some((self.caller.line.clone(), Option::<String>::None).into()),
            host_with_port: target.into(),
            ..Default::default()
        };
        let from = if self.caller.from == "anonymous" {
            format!("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag={}", self.tag)
        } else {
            format!("<sip:{}@{local}>;tag={}", self.caller.from, self.tag)
        };
        let mut headers = rsip::Headers::default();
        headers.push(
            rsip::headers::Via::new(format!("SIP/2.0/UDP {local};branch={};rport", self.branch)).into(),
        );
        headers.push(rsip::headers::MaxForwards::default().into());
        headers.push(rsip::headers::From::new(from).into());
        headers.push(rsip::headers::To::new(to.unwrap_or_else(|| format!("<{uri}>"))).into());
        headers.push(rsip::headers::CallId::new(self.call_id.clone()).into());
        headers.push(rsip::typed::CSeq { seq: 1, method }.into());
        headers.push(rsip::headers::Contact::new(format!("<sip:{local}>")).into());
        headers.push(rsip::headers::UserAgent::new("Switchroom simulate").into());
        headers.push(rsip::headers::ContentLength::default().into());
        let request = rsip::Request { method, uri, version: rsip::Version::V2, headers, body: Vec::new() };
        Ok(rsip::SipMessage::from(request).to_string().into_bytes())
    }
}

fn is_final_of_invite(answer: &rsip::Response) -> bool {
    status(answer) >= 200 && method(answer) == rsip::Method::Invite
}

fn status(response: &rsip::Response) -> u16 {
    u16::from(response.status_code.clone())
}

fn method(response: &rsip::Response) -> rsip::Method {
    response
        .cseq_header()
        .ok()
        .and_then(|cseq| cseq.typed().ok())
        .map_or(rsip::Method::Invite, |cseq| cseq.method)
}
