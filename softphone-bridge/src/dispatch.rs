//! The way of every message: judged as octets, then given to the stack, which knows whether it belongs to a transaction;
//! new transactions come back and go to whoever answers them.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use rsipstack::{
    sip::{Header, Method, SipMessage, StatusCode, prelude::HeadersExt},
    transaction::{
        TransactionReceiver,
        endpoint::EndpointInnerRef,
        key::{TransactionKey, TransactionRole},
        transaction::Transaction,
    },
    transport::{SipAddr, SipConnection},
};
use switchroom_bridge_core::{Examined, Message, Refused, Transport, examine};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{BridgeSettings, Calls, invite, leg};

/// Transactions kept at once, unanswered and answered ones; beyond, new INVITEs are refused without keeping anything.
const TRANSACTIONS_LIMIT: usize = 50_000;

/// Seconds after which a refused caller may try again.
const RETRY_AFTER_S: u32 = 2;

/// Carries the moment of arrival, and the Request-URI as it was written, through the stack (which prints a `tel:` URI
/// in another form than it read). Taken off foreign messages, never sent.
const ARRIVAL: &str = "X-Switchroom-Arrival";

/// What all parts of the door share.
pub(crate) struct Door {
    pub calls: Arc<dyn Calls>,
    pub settings: BridgeSettings,
    pub address: SocketAddr,
    pub endpoint: EndpointInnerRef,
    /// The work that a stop waits for.
    pub tasks: TaskTracker,
    pub stopping: CancellationToken,
    pub ringing: Arc<Semaphore>,
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
        let ringing = Arc::new(Semaphore::new(settings.ringing_limit));
        let seed = uuid::Uuid::new_v4().as_u128() as u64;
        Self {
            calls,
            settings,
            address,
            endpoint,
            tasks,
            stopping: CancellationToken::new(),
            ringing,
            tag_seed: seed,
        }
    }

    pub(crate) fn trusts(&self, source: IpAddr) -> bool {
        self.settings.trust.includes(source)
    }

    /// Takes one message in. What comes back is to be sent to where it came from.
    pub(crate) async fn take(
        &self,
        bytes: &[u8],
        transport: Transport,
        source: SocketAddr,
        connection: impl FnOnce() -> SipConnection,
    ) -> Option<Vec<u8>> {
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
        let kind = match transport {
            Transport::Datagram => rsipstack::sip::Transport::Udp,
            Transport::Stream => rsipstack::sip::Transport::Tcp,
        };
        let parsed = SipMessage::try_from(bytes)
            .map_err(|_| ())
            .and_then(|parsed| SipConnection::update_msg_received(parsed, source, kind).map_err(|_| ()));
        let Ok(SipMessage::Request(mut request)) = parsed else {
            return self.refuse(&message, &Refused::Malformed("not understood"), source);
        };
        let Ok(key) = TransactionKey::from_request(&request, TransactionRole::Server) else {
            return self.refuse(&message, &Refused::Malformed("not understood"), source);
        };
        if request.method == Method::Invite && self.is_full() && !self.is_known(&key) {
            return self.refuse(&message, &Refused::Overloaded(RETRY_AFTER_S), source);
        }
        request
            .headers
            .retain(|header| !matches!(header, Header::Other(name, _) if name.eq_ignore_ascii_case(ARRIVAL)));
        request.headers.push(Header::Other(ARRIVAL.to_owned(), format!("{received_at_us} {}", message.uri)));
        let from = SipAddr { r#type: Some(kind), addr: source.into() };
        if let Err(error) = self.endpoint.on_received_message(request.into(), connection(), &from).await {
            tracing::debug!(%source, %error, "SIP message not taken by its transaction");
        }
        None
    }

    pub(crate) fn refuse(&self, message: &Message<'_>, why: &Refused, source: SocketAddr) -> Option<Vec<u8>> {
        count(message.method, why.status(), why.word());
        tracing::debug!(%source, method = message.method, status = why.status(), %why, "SIP request refused");
        why.response(message, source, &self.stateless_tag(message))
    }

    fn is_full(&self) -> bool {
        self.stopping.is_cancelled()
            || self.ringing.available_permits() == 0
            || self.endpoint.transactions.len() >= TRANSACTIONS_LIMIT
    }

    /// A retransmission of what is being answered, or was.
    fn is_known(&self, key: &TransactionKey) -> bool {
        self.endpoint.transactions.get(key).is_some()
            || self.endpoint.finished_transactions.get(key).is_some()
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

/// Hands new transactions to whoever answers them.
pub(crate) async fn run(door: Arc<Door>, mut incoming: TransactionReceiver, until: CancellationToken) {
    loop {
        let transaction = tokio::select! {
            transaction = incoming.recv() => transaction,
            () = until.cancelled() => return,
        };
        let Some(transaction) = transaction else { return };
        match transaction.original.method {
            Method::Invite => {
                let tasks = door.tasks.clone();
                tasks.spawn(invite::take(door.clone(), transaction));
            }
            Method::Options => answer(transaction, StatusCode::OK, leg::capabilities()),
            // No dialog is ever established here; CANCEL and ACK of unknown transactions end inside the stack.
            _ => answer(transaction, StatusCode::CallTransactionDoesNotExist, Vec::new()),
        }
    }
}

fn answer(mut transaction: Transaction, status: StatusCode, headers: Vec<Header>) {
    tokio::spawn(async move {
        count(&transaction.original.method.to_string(), status.code(), "answered");
        if let Err(error) = transaction.reply_with(status, headers, None).await {
            tracing::debug!(%error, "SIP answer not sent");
        }
    });
}

/// When the message was here, in Unix microseconds, and the Request-URI as it was written.
pub(crate) fn arrival(request: &rsipstack::sip::Request) -> (i64, String) {
    let stamped = request.headers.iter().find_map(|header| match header {
        Header::Other(name, value) if name == ARRIVAL => value.split_once(' '),
        _ => None,
    });
    match stamped.and_then(|(at, uri)| Some((at.parse().ok()?, uri.to_owned()))) {
        Some(arrival) => arrival,
        None => (now_us(), request.uri.to_string()),
    }
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

/// The To header's tag: a request within a dialog.
pub(crate) fn is_within_dialog(request: &rsipstack::sip::Request) -> bool {
    request.to_header().is_ok_and(|to| to.tag().ok().flatten().is_some())
}
