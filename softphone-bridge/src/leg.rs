//! The caller's leg of a call: one server INVITE transaction. The stack drives it in a task of its own, since its steps
//! must not be dropped half-way; we send it responses and hear what the caller does.

use std::net::SocketAddr;

use rsipstack::{
    sip::{Header, Method, Request, Response, SipMessage, StatusCode, prelude::HeadersExt},
    transaction::{
        endpoint::EndpointInnerRef,
        make_tag,
        transaction::{Transaction, TransactionEvent, TransactionEventSender},
    },
};
use switchroom_bridge_core::{ALLOW, ending};
use switchroom_core::EndCause;
use tokio::sync::mpsc;

use crate::dispatch;

pub(crate) struct CallerLeg {
    endpoint: EndpointInnerRef,
    /// The INVITE, with the tag that all our responses bear.
    invite: Request,
    responses: TransactionEventSender,
    /// The caller gave up, with the cause its CANCEL states.
    gave_up: mpsc::Receiver<Option<EndCause>>,
    contact: String,
}

impl CallerLeg {
    /// Takes the transaction over. `local` is the address under which the caller reached us.
    pub(crate) fn open(mut transaction: Transaction, local: SocketAddr, number: &str) -> Self {
        let mut invite = transaction.original.clone();
        if let Ok(to) = transaction.original.to_header() {
            let tagged = to.clone().with_tag(make_tag());
            invite.headers.unique_push(tagged.into());
        }
        let endpoint = transaction.endpoint_inner.clone();
        let responses = transaction.tu_sender.clone();
        let transport = if transaction.connection.as_ref().is_some_and(|one| one.is_reliable()) {
            ";transport=tcp"
        } else {
            ""
        };
        let contact = format!("<sip:{number}@{local}{transport}>");
        let (sender, gave_up) = mpsc::channel(1);
        tokio::spawn(async move {
            while let Some(message) = transaction.receive().await {
                let SipMessage::Request(request) = message else { continue };
                if request.method == Method::Cancel {
                    // The stack has answered it 200. A second one says nothing new.
                    let _ = sender.try_send(ending::of_reason(reasons(&request)));
                }
            }
        });
        Self { endpoint, invite, responses, gave_up, contact }
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
        let mut response = self.response(StatusCode::Ringing);
        // A response that opens a dialog, if an early one, names where to and keeps the route (RFC 3261 §12.1.1).
        response.headers.push(Header::Contact(self.contact.as_str().into()));
        let route = self.invite.headers.iter().filter(|header| matches!(header, Header::RecordRoute(_)));
        response.headers.extend(route.cloned().collect::<Vec<_>>());
        self.send(response);
    }

    /// The final response: the last thing this leg says.
    pub(crate) fn finish(self, status: u16, headers: Vec<Header>, reason: &'static str) {
        dispatch::count("INVITE", status, reason);
        let mut response = self.response(StatusCode::from(status));
        response.headers.extend(headers);
        self.send(response);
    }

    fn response(&self, status: StatusCode) -> Response {
        self.endpoint.make_response(&self.invite, status, None)
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

/// What OPTIONS is told (RFC 3261 §11.2).
pub(crate) fn capabilities() -> Vec<Header> {
    vec![Header::Allow(ALLOW.into()), Header::Accept("application/sdp".into()), Header::Supported("".into())]
}

pub(crate) fn retry_after(seconds: u64) -> Header {
    Header::Other("Retry-After".to_owned(), seconds.to_string())
}

/// All values of the headers that say who is calling.
pub(crate) fn caller(request: &Request) -> String {
    let asserted = request.headers.iter().filter_map(|header| match header {
        Header::PAssertedIdentity(identity) => Some(identity.value()),
        _ => None,
    });
    let privacy = request.headers.iter().filter_map(|header| match header {
        Header::Privacy(privacy) => Some(privacy.value()),
        _ => None,
    });
    let from = request.from_header().map(|from| from.value()).unwrap_or_default();
    switchroom_bridge_core::identity::caller(asserted, from, privacy)
}
