//! The life of an incoming call: 100, the line, the fact that it rings (and with it the pop), 180, the ringing, the fact
//! that it ended, the final answer once that is durable.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rsipstack::{
    sip::Header,
    transaction::{make_tag, transaction::Transaction},
};
use switchroom_bridge_core::{Message, address, ending, identity, refuse};
use switchroom_core::{CallFact, Direction, EndCause, FactKind};
use switchroom_engine::SubmitError;
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    DialledLine,
    answering::{self, Outcome},
    dispatch::{self, Door},
    leg::{self, Answers, CallerLeg},
    seats::Seat,
};

/// An end that the engine will not take now is told again, so that no call rings for ever in its books.
const END_RETRY: Duration = Duration::from_millis(500);
const END_RETRIES: u32 = 240;

/// What an INVITE says, as far as it is needed until its call has ended.
pub(crate) struct Invitation {
    line: DialledLine,
    call_id: String,
    caller: String,
    /// CSeq number and tag of the caller: one INVITE is one ringing and one end, however often its datagrams arrive.
    key: String,
    received_at_us: i64,
    answers: Answers,
}

impl Invitation {
    pub(crate) fn of(
        message: &Message<'_>,
        line: DialledLine,
        source: SocketAddr,
        received_at_us: i64,
    ) -> Self {
        let header = |name| message.header(name).unwrap_or_default();
        let from = header("from");
        let call_id = header("call-id");
        let cseq = message.sequence().unwrap_or_default();
        let mut identity = Vec::with_capacity(8);
        for (index, via) in message.all("via").enumerate() {
            identity.push(Header::Via(if index == 0 {
                refuse::stamped(via, source).into()
            } else {
                via.into()
            }));
        }
        identity.push(Header::From(dispatch::from_of(message).into()));
        identity.push(Header::To(format!("{};tag={}", header("to"), make_tag()).into()));
        identity.push(Header::CallId(call_id.into()));
        identity.push(Header::CSeq(format!("{cseq} INVITE").into()));
        let route = message.all("record-route").map(|route| Header::RecordRoute(route.into())).collect();
        Self {
            call_id: call_id.to_owned(),
            caller: identity::caller(message.all("p-asserted-identity"), from, message.all("privacy")),
            key: format!("{cseq}\u{1f}{}", address::tag(from).unwrap_or_default()),
            received_at_us,
            answers: Answers { identity, route },
            line,
        }
    }

    fn fact(&self, kind: FactKind, word: &str, received_at_us: i64) -> CallFact {
        CallFact {
            connection: self.line.connection,
            provider_call_id: self.call_id.clone(),
            kind,
            key: format!("{word}\u{1f}{}", self.key),
            provider_event_id: None,
            at: None,
            sequence: None,
            direction: Some(Direction::Inbound),
            from: Some(self.caller.clone()),
            to: Some(self.line.number.clone()),
            agents: Vec::new(),
            queue: None,
            received_at_us,
        }
    }
}

pub(crate) async fn take(
    door: Arc<Door>,
    mut transaction: Transaction,
    mut invitation: Invitation,
    transaction_seat: Seat,
    ringing_seat: Seat,
    start: OwnedSemaphorePermit,
) {
    let answers = std::mem::take(&mut invitation.answers);
    if let Err(error) = transaction.respond(answers.trying()).await {
        tracing::debug!(%error, "100 not sent");
    }
    let line = &invitation.line;
    let mut caller = CallerLeg::open(transaction, answers, door.address, &line.number, transaction_seat);
    let ringing = invitation.fact(FactKind::Ringing, "ringing", invitation.received_at_us);
    let submitted = door.calls.submit(line.tenant, ringing).await;
    drop(start);
    match submitted {
        Ok(submitted) => {
            tracing::debug!(call = %submitted.call_id, popped = submitted.addressees.len(), "SIP call rings");
            caller.ring();
            let outcome =
                answering::answer(line, &mut caller, door.settings.ring_timeout, &door.stopping).await;
            end(&door, caller, outcome, &invitation).await;
        }
        Err(SubmitError::Overloaded { retry_after }) => {
            let seconds = retry_after.as_secs().max(1);
            caller.finish(503, vec![leg::retry_after(seconds)], "overloaded");
        }
        Err(SubmitError::ShuttingDown) => caller.finish(503, vec![leg::retry_after(2)], "stopping"),
        // The line went with its tenant.
        Err(SubmitError::UnknownTenant) => caller.finish(404, Vec::new(), "unknown_number"),
    }
    drop(ringing_seat);
}

/// Records the end, waits for its commit and answers; without the commit the answer is 503.
async fn end(door: &Arc<Door>, caller: CallerLeg, outcome: Outcome, invitation: &Invitation) {
    let (status, headers, cause, reason) = match outcome {
        Outcome::Redirected(address) => {
            let contact = if address.starts_with('<') { address } else { format!("<{address}>") };
            (302, vec![Header::Contact(contact.as_str().into())], ending::of_status(302), "redirected")
        }
        Outcome::Unanswered => (480, Vec::new(), ending::of_status(480), "unanswered"),
        Outcome::GaveUp(stated) => {
            (487, Vec::new(), stated.unwrap_or(EndCause::CallerGaveUp), "caller_gave_up")
        }
        Outcome::Stopped => (503, vec![leg::retry_after(2)], EndCause::NoAnswer, "stopping"),
    };
    let deadline = tokio::time::Instant::now() + door.settings.commit_wait;
    let fact = invitation.fact(FactKind::Ended(cause), "ended", dispatch::now_us());
    let durable = tokio::time::timeout_at(deadline, async {
        loop {
            match door.calls.submit(invitation.line.tenant, fact.clone()).await {
                Ok(submitted) => return submitted.durable.await.is_ok(),
                Err(SubmitError::Overloaded { .. }) => {
                    tokio::time::sleep(END_RETRY.min(Duration::from_millis(100))).await
                }
                Err(SubmitError::ShuttingDown | SubmitError::UnknownTenant) => return false,
            }
        }
    })
    .await;
    if durable == Ok(true) {
        return caller.finish(status, headers, reason);
    }
    tracing::warn!("the end of a SIP call was not durable in time");
    caller.finish(503, vec![leg::retry_after(2)], "not_durable");
    // Told again until it is taken: the same fact, so a second time does nothing.
    let (door, tenant) = (door.clone(), invitation.line.tenant);
    tokio::spawn(async move {
        for _ in 0..END_RETRIES {
            match door.calls.submit(tenant, fact.clone()).await {
                Err(SubmitError::Overloaded { .. }) => tokio::time::sleep(END_RETRY).await,
                Ok(_) | Err(SubmitError::ShuttingDown | SubmitError::UnknownTenant) => return,
            }
        }
    });
}
