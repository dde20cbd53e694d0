//! The way of every message: judged as octets; answered at once where no transaction is needed (RFC 3261 §8.2.7); else
//! given to the stack, which knows whether it belongs to a transaction, or made into a new call.
//!
//! What the stack gets is built here from what was judged, not from the octets again: it has the headers that a
//! transaction needs, in plain form, so that a request which is odd but valid is handled like any other.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use rsipstack::{
    sip::{Header, Method, Request, Uri, Version, headers::From},
    transaction::{
        endpoint::EndpointInnerRef,
        key::{TransactionKey, TransactionRole},
        transaction::Transaction,
    },
    transport::{SipAddr, SipConnection},
};
use switchroom_bridge_core::{
    ALLOW, Examined, Message, Refused, Transport, address, examine, identity, refuse, stateless,
};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    BridgeSettings, Calls,
    invite::{self, Invitation},
    seats::Seats,
};

/// INVITE transactions kept at once: ringing ones, and ended ones until no repetition of them can arrive any more.
const TRANSACTIONS_LIMIT: usize = 50_000;

/// Calls on their way from the socket to the engine and back. More wait where senders are served in turn (UDP) or
/// where they read no further (TCP), so that a burst of one sender is not in front of everybody in the engine's queue.
const STARTING_LIMIT: usize = 64;

/// Seconds after which a refused caller may try again.
pub(crate) const RETRY_AFTER_S: u32 = 2;

/// Added to a From of before 2002, which has no tag: the stack tells calls apart by it. Those callers find their answers
/// by Via, Call-ID and CSeq.
const NO_TAG: &str = ";tag=none";

/// What all parts of the door share.
pub(crate) struct Door {
    pub calls: Arc<dyn Calls>,
    pub settings: BridgeSettings,
    pub address: SocketAddr,
    pub endpoint: EndpointInnerRef,
    /// The work that a stop waits for.
    pub tasks: TaskTracker,
    pub stopping: CancellationToken,
    pub starting: Arc<Semaphore>,
    ringing: Arc<Seats>,
    transactions: Arc<Seats>,
    /// Makes the To tags of stateless answers equal for equal requests, and unguessable.
    tag_seed: u64,
}

impl Door {
    pub(crate) fn new(
        calls: Arc<dyn Calls>,
        settings: BridgeSettings,
        address: SocketAddr,
        endpoint: EndpointInnerRef,
        tasks: TaskTracker,
    ) -> Self {
        let ringing =
            Seats::new(settings.ringing_limit, usize::MAX, metrics::gauge!("switchroom_sip_ringing"));
        let transactions =
            Seats::new(TRANSACTIONS_LIMIT, usize::MAX, metrics::gauge!("switchroom_sip_transactions"));
        Self {
            calls,
            settings,
            address,
            endpoint,
            tasks,
            stopping: CancellationToken::new(),
            starting: Arc::new(Semaphore::new(STARTING_LIMIT)),
            ringing,
            transactions,
            tag_seed: uuid::Uuid::new_v4().as_u128() as u64,
        }
    }

    pub(crate) fn trusts(&self, source: IpAddr) -> bool {
        self.settings.trust.includes(source)
    }

    /// Takes one message in. What comes back is to be sent to where it says.
    pub(crate) async fn take(
        self: &Arc<Self>,
        bytes: &[u8],
        transport: Transport,
        source: SocketAddr,
        connection: impl FnOnce() -> SipConnection,
    ) -> Option<Reply> {
        let received_at_us = now_us();
        let message = match examine(bytes, transport) {
            Examined::Ignore => return None,
            // Whoever is not trusted learns nothing about the form either.
            Examined::Request(message) | Examined::Refuse(message, _) if !self.trusts(source.ip()) => {
                return self.refuse(&message, &Refused::Untrusted, source);
            }
            Examined::Refuse(message, why) => return self.refuse(&message, &why, source),
            Examined::Request(message) => message,
        };
        match message.method {
            "INVITE" => self.invited(&message, transport, source, connection, received_at_us).await,
            "OPTIONS" => {
                let capabilities = [("Allow", ALLOW), ("Accept", "application/sdp"), ("Supported", "")];
                self.answer(&message, source, 200, "OK", &capabilities, "answered")
            }
            // Dialogs are not established here.
            "BYE" => self.answer(&message, source, 481, NO_DIALOG, &[], "no_dialog"),
            _ => {
                let Some((request, _)) = transacted(&message, source) else {
                    return self.refuse(&message, &Refused::Malformed("not understood"), source);
                };
                self.hand_over(request, transport, source, connection()).await;
                None
            }
        }
    }

    async fn invited(
        self: &Arc<Self>,
        message: &Message<'_>,
        transport: Transport,
        source: SocketAddr,
        connection: impl FnOnce() -> SipConnection,
        received_at_us: i64,
    ) -> Option<Reply> {
        if message.is_within_dialog() {
            return self.answer(message, source, 481, NO_DIALOG, &[], "no_dialog");
        }
        let dialled = identity::dialled(message.uri);
        let Some(line) = dialled.as_deref().and_then(|dialled| self.calls.line(dialled)) else {
            return self.answer(message, source, 404, "Not Found", &[], "unknown_number");
        };
        if !message.body_is_understood() {
            let accept = [("Accept", "application/sdp")];
            return self.answer(message, source, 415, "Unsupported Media Type", &accept, "media_type");
        }
        let Some((request, key)) = transacted(message, source) else {
            return self.refuse(message, &Refused::Malformed("not understood"), source);
        };
        // A repetition of what is being answered, or was.
        if self.endpoint.transactions.contains_key(&key)
            || self.endpoint.finished_transactions.contains_key(&key)
        {
            self.hand_over(request, transport, source, connection()).await;
            return None;
        }
        if line.suspended {
            return self.answer(message, source, 403, "Tenant Suspended", &[], "tenant_suspended");
        }
        let overloaded = Refused::Overloaded(RETRY_AFTER_S);
        if self.stopping.is_cancelled() {
            return self.refuse(message, &overloaded, source);
        }
        let (Some(transaction_seat), Some(ringing_seat)) =
            (self.transactions.sit(source.ip()), self.ringing.sit(source.ip()))
        else {
            return self.refuse(message, &overloaded, source);
        };
        let Ok(start) = self.starting.clone().acquire_owned().await else {
            return self.refuse(message, &overloaded, source);
        };
        let mut transaction =
            Transaction::new_server(key, request, self.endpoint.clone(), Some(connection()));
        if transport == Transport::Datagram {
            transaction.destination = message.hop().map(|hop| datagram(hop.reply_to(source)));
        }
        let invitation = Invitation::of(message, line, source, received_at_us);
        let call = invite::take(self.clone(), transaction, invitation, transaction_seat, ringing_seat, start);
        self.tasks.spawn(call);
        None
    }

    async fn hand_over(
        &self,
        request: Request,
        transport: Transport,
        source: SocketAddr,
        connection: SipConnection,
    ) {
        let kind = match transport {
            Transport::Datagram => rsipstack::sip::Transport::Udp,
            Transport::Stream => rsipstack::sip::Transport::Tcp,
        };
        let from = SipAddr { r#type: Some(kind), addr: source.into() };
        if let Err(error) = self.endpoint.on_received_message(request.into(), connection, &from).await {
            tracing::debug!(%source, %error, "SIP message not taken by its transaction");
        }
    }

    fn answer(
        &self,
        message: &Message<'_>,
        source: SocketAddr,
        status: u16,
        phrase: &str,
        headers: &[(&str, &str)],
        reason: &'static str,
    ) -> Option<Reply> {
        count(message.method, status, reason);
        let tag = self.stateless_tag(message);
        let bytes = stateless(message, source, &tag, status, phrase, headers);
        Some(Reply { bytes, to: reply_to(message, source) })
    }

    pub(crate) fn refuse(&self, message: &Message<'_>, why: &Refused, source: SocketAddr) -> Option<Reply> {
        count(message.method, why.status(), why.word());
        tracing::debug!(%source, method = message.method, status = why.status(), %why, "SIP request refused");
        let bytes = why.response(message, source, &self.stateless_tag(message))?;
        Some(Reply { bytes, to: reply_to(message, source) })
    }

    /// What is refused without being looked at closely: told why, if it is a request that is owed an answer.
    pub(crate) fn refuse_whole(
        &self,
        bytes: &[u8],
        transport: Transport,
        source: SocketAddr,
        why: &Refused,
    ) -> Option<Reply> {
        match examine(bytes, transport) {
            Examined::Request(message) | Examined::Refuse(message, _) if self.trusts(source.ip()) => {
                self.refuse(&message, why, source)
            }
            _ => None,
        }
    }

    fn stateless_tag(&self, message: &Message<'_>) -> String {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.tag_seed.hash(&mut hasher);
        for name in ["via", "from", "call-id", "cseq"] {
            message.header(name).hash(&mut hasher);
        }
        format!("{:016x}", hasher.finish())
    }
}

/// An answer that leaves no trace here.
pub(crate) struct Reply {
    pub bytes: Vec<u8>,
    /// Where a datagram goes; on a connection it goes back.
    pub to: SocketAddr,
}

pub(crate) const NO_DIALOG: &str = "Call/Transaction Does Not Exist";

fn reply_to(message: &Message<'_>, source: SocketAddr) -> SocketAddr {
    message.hop().map_or(source, |hop| hop.reply_to(source))
}

pub(crate) fn datagram(to: SocketAddr) -> SipAddr {
    SipAddr { r#type: Some(rsipstack::sip::Transport::Udp), addr: to.into() }
}

/// The request as the stack gets it: what identifies and answers it, in plain form.
pub fn transacted(message: &Message<'_>, source: SocketAddr) -> Option<(Request, TransactionKey)> {
    let method = match message.method {
        "INVITE" => Method::Invite,
        "ACK" => Method::Ack,
        "CANCEL" => Method::Cancel,
        _ => return None,
    };
    let mut headers = Vec::with_capacity(8);
    for (index, via) in message.all("via").enumerate() {
        headers.push(Header::Via(if index == 0 { refuse::stamped(via, source).into() } else { via.into() }));
    }
    headers.push(Header::From(plain_from(message)));
    headers.push(Header::To(message.header("to")?.into()));
    headers.push(Header::CallId(message.header("call-id")?.into()));
    headers.push(Header::CSeq(format!("{} {}", message.sequence()?, message.method).into()));
    headers.extend(message.all("reason").map(|reason| Header::Reason(reason.into())));
    let request = Request {
        method,
        uri: Uri::default(),
        version: Version::V2,
        headers: headers.into(),
        body: Vec::new(),
    };
    let key = TransactionKey::from_request(&request, TransactionRole::Server).ok()?;
    Some((request, key))
}

/// The From that the stack can read: it wants the tag only, and knows fewer ways to write what stands before it.
fn plain_from(message: &Message<'_>) -> From {
    let from = From::new(from_of(message));
    if from.tag().is_ok_and(|tag| tag.is_some()) {
        return from;
    }
    let tag = message.header("from").and_then(address::tag).map(|tag| format!(";tag={tag}"));
    From::new(format!("<sip:caller@anonymous.invalid>{}", tag.as_deref().unwrap_or(NO_TAG)))
}

/// The From of what answers bear.
pub(crate) fn from_of(message: &Message<'_>) -> String {
    let from = message.header("from").unwrap_or_default();
    let tag = if address::tag(from).is_some() { "" } else { NO_TAG };
    format!("{from}{tag}")
}

pub(crate) fn now_us() -> i64 {
    chrono::Utc::now().timestamp_micros()
}

/// `switchroom_sip_requests_total{method,status,reason}`.
pub(crate) fn count(method: &str, status: u16, reason: &'static str) {
    // A method of the sender's own invention would make a series of its own.
    let method = ["INVITE", "ACK", "CANCEL", "BYE", "OPTIONS"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("other");
    metrics::counter!("switchroom_sip_requests_total",
        "method" => method, "status" => status.to_string(), "reason" => reason)
    .increment(1);
}
