//! The caller's leg of a call: one server INVITE transaction. The stack drives it in a task of its own, since its steps
//! must not be dropped half-way; we send it responses and hear what the caller does.

use std::net::SocketAddr;

use rsipstack::{
    sip::{Header, Headers, Method, Request, Response, SipMessage, StatusCode, Version},
    transaction::{
        TransactionState,
        transaction::{Transaction, TransactionEvent, TransactionEventSender},
    },
};
use switchroom_bridge_core::{USER_AGENT, ending};
use switchroom_core::EndCause;
use tokio::sync::mpsc;

use crate::{dispatch, seats::Seat};

/// What all answers to one INVITE have in common.
#[derive(Default)]
pub(crate) struct Answers {
    /// Via, From, To with our tag, Call-ID, CSeq.
    pub identity: Vec<Header>,
    /// Record-Route.
    pub route: Vec<Header>,
}

impl Answers {
    /// 100, which stops the caller's repetitions.
    pub(crate) fn trying(&self) -> Response {
        self.response(StatusCode::Trying, Vec::new())
    }

    fn response(&self, status: StatusCode, more: Vec<Header>) -> Response {
        let mut headers = Vec::with_capacity(self.identity.len() + more.len() + 2);
        headers.extend_from_slice(&self.identity);
        headers.extend(more);
        headers.push(Header::UserAgent(USER_AGENT.into()));
        headers.push(Header::ContentLength(0_u32.into()));
        let headers = Headers::from(headers);
        Response { status_code: status, wire_reason: None, version: Version::V2, headers, body: Vec::new() }
    }
}

pub(crate) struct CallerLeg {
    answers: Answers,
    responses: TransactionEventSender,
    /// The caller gave up, with the cause its CANCEL states.
    gave_up: mpsc::Receiver<Option<EndCause>>,
    contact: String,
}

impl CallerLeg {
    /// Takes the transaction over, and its seat until nothing of it can arrive any more. `local` is the address under
    /// which the caller reached us.
    pub(crate) fn open(
        mut transaction: Transaction,
        answers: Answers,
        local: SocketAddr,
        number: &str,
        seat: Seat,
    ) -> Self {
        let responses = transaction.tu_sender.clone();
        let transport = if transaction.connection.as_ref().is_some_and(|one| one.is_reliable()) {
            ";transport=tcp"
        } else {
            ""
        };
        let contact = format!("<sip:{number}@{local}{transport}>");
        let (sender, gave_up) = mpsc::channel(1);
        tokio::spawn(async move {
            let mut acknowledged = false;
            while let Some(message) = transaction.receive().await {
                let SipMessage::Request(request) = message else { continue };
                if request.method == Method::Cancel {
                    // The stack has answered it 200. A second one says nothing new.
                    let _ = sender.try_send(ending::of_reason(reasons(&request)));
                }
                acknowledged |= transaction.state == TransactionState::Confirmed;
            }
            let (endpoint, key) = (transaction.endpoint_inner.clone(), transaction.key.clone());
            drop(transaction);
            if acknowledged {
                // It was kept for repetitions as long as RFC 3261 asks (timer I); the stack would go on for another
                // half a minute.
                endpoint.finished_transactions.remove(&key);
            }
            drop(seat);
        });
        Self { answers, responses, gave_up, contact }
    }

    /// Returns once the caller has given up; never, if the transaction ends otherwise.
    pub(crate) async fn caller_gave_up(&mut self) -> Option<EndCause> {
        match self.gave_up.recv().await {
            Some(cause) => cause,
            None => std::future::pending().await,
        }
    }

    /// 180, which makes the caller hear ringing.
    pub(crate) fn ring(&self) {
        // A response that opens a dialog, if an early one, names where to and keeps the route (RFC 3261 §12.1.1).
        let mut more = self.answers.route.clone();
        more.push(Header::Contact(self.contact.as_str().into()));
        self.send(self.answers.response(StatusCode::Ringing, more));
    }

    /// The final response: the last thing this leg says.
    pub(crate) fn finish(self, status: u16, headers: Vec<Header>, reason: &'static str) {
        dispatch::count("INVITE", status, reason);
        self.send(self.answers.response(StatusCode::from(status), headers));
    }

    fn send(&self, response: Response) {
        // Closed = the transaction is over, and nobody waits for this.
        let _ = self.responses.send(TransactionEvent::Respond(response));
    }
}

fn reasons(request: &Request) -> impl Iterator<Item = &str> {
    request.headers.iter().filter_map(|header| match header {
        Header::Reason(reason) => Some(reason.value()),
        _ => None,
    })
}

pub(crate) fn retry_after(seconds: u64) -> Header {
    Header::Other("Retry-After".to_owned(), seconds.to_string())
}
