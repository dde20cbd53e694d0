//! The life of an incoming call: 100, the line, the fact that it rings (and with it the pop), 180, the ringing, the fact
//! that it ended, the final answer once that is durable.

use std::{sync::Arc, time::Duration};

use rsipstack::{
    sip::{Header, Request, StatusCode, prelude::HeadersExt},
    transaction::transaction::Transaction,
};
use switchroom_bridge_core::{ending, identity};
use switchroom_core::{CallFact, Direction, EndCause, FactKind};
use switchroom_engine::SubmitError;

use crate::{
    DialledLine,
    answering::{self, Outcome},
    dispatch::{self, Door, arrival, is_within_dialog},
    leg::{self, CallerLeg},
};

/// An end that the engine will not take now is told again, so that no call rings for ever in its books.
const END_RETRY: Duration = Duration::from_millis(500);
const END_RETRIES: u32 = 240;

pub(crate) async fn take(door: Arc<Door>, mut transaction: Transaction) {
    if is_within_dialog(&transaction.original) {
        // A re-INVITE of a dialog that this server does not hold.
        return refuse(&door, transaction, 481, Vec::new(), "no_dialog");
    }
    if let Err(error) = transaction.send_trying().await {
        tracing::debug!(%error, "100 not sent");
    }
    let request = transaction.original.clone();
    let (received_at_us, uri) = arrival(&request);
    let dialled = identity::dialled(&uri);
    let Some(line) = dialled.as_deref().and_then(|dialled| door.calls.line(dialled)) else {
        return refuse(&door, transaction, 404, Vec::new(), "unknown_number");
    };
    let Ok(_ringing) = door.ringing.clone().try_acquire_owned() else {
        return refuse(&door, transaction, 503, vec![leg::retry_after(2)], "overloaded");
    };
    metrics::gauge!("switchroom_sip_ringing").increment(1);
    let mut caller = CallerLeg::open(transaction, door.address, &line.number);
    let facts = Facts { line: &line, request: &request, received_at_us };
    match door.calls.submit(line.tenant, facts.ringing()).await {
        Ok(submitted) => {
            tracing::info!(call = %submitted.call_id, popped = submitted.addressees.len(), "SIP call rings");
            caller.ring();
            let outcome =
                answering::answer(&line, &mut caller, door.settings.ring_timeout, &door.stopping).await;
            end(&door, caller, outcome, &facts).await;
        }
        Err(SubmitError::Overloaded { retry_after }) => {
            let seconds = retry_after.as_secs().max(1);
            caller.finish(503, vec![leg::retry_after(seconds)], "overloaded");
        }
        Err(SubmitError::ShuttingDown) => caller.finish(503, vec![leg::retry_after(2)], "stopping"),
        // The line went with its tenant.
        Err(SubmitError::UnknownTenant) => caller.finish(404, Vec::new(), "unknown_number"),
    }
    metrics::gauge!("switchroom_sip_ringing").decrement(1);
}

/// Records the end, waits for its commit and answers; without the commit the answer is 503.
async fn end(door: &Arc<Door>, caller: CallerLeg, outcome: Outcome, facts: &Facts<'_>) {
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
    let fact = facts.ended(cause);
    let durable = tokio::time::timeout_at(deadline, async {
        loop {
            match door.calls.submit(facts.line.tenant, fact.clone()).await {
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
    let (door, tenant) = (door.clone(), facts.line.tenant);
    tokio::spawn(async move {
        for _ in 0..END_RETRIES {
            match door.calls.submit(tenant, fact.clone()).await {
                Err(SubmitError::Overloaded { .. }) => tokio::time::sleep(END_RETRY).await,
                Ok(_) | Err(SubmitError::ShuttingDown | SubmitError::UnknownTenant) => return,
            }
        }
    });
}

/// A final answer that concerns no call of ours.
fn refuse(
    door: &Arc<Door>,
    mut transaction: Transaction,
    status: u16,
    headers: Vec<Header>,
    reason: &'static str,
) {
    dispatch::count("INVITE", status, reason);
    let _ = door;
    tokio::spawn(async move {
        if transaction.reply_with(StatusCode::from(status), headers, None).await.is_ok() {
            // Until the ACK is here, or nobody waits for it any more.
            while transaction.receive().await.is_some() {}
        }
    });
}

/// What this INVITE says, as facts.
struct Facts<'a> {
    line: &'a DialledLine,
    request: &'a Request,
    received_at_us: i64,
}

impl Facts<'_> {
    fn ringing(&self) -> CallFact {
        CallFact {
            connection: self.line.connection,
            provider_call_id: self
                .request
                .call_id_header()
                .map(|id| id.value().to_owned())
                .unwrap_or_default(),
            kind: FactKind::Ringing,
            key: self.key("ringing"),
            provider_event_id: None,
            at: None,
            sequence: None,
            direction: Some(Direction::Inbound),
            from: Some(leg::caller(self.request)),
            to: Some(self.line.number.clone()),
            agents: Vec::new(),
            queue: None,
            received_at_us: self.received_at_us,
        }
    }

    fn ended(&self, cause: EndCause) -> CallFact {
        CallFact {
            kind: FactKind::Ended(cause),
            key: self.key("ended"),
            received_at_us: dispatch::now_us(),
            ..self.ringing()
        }
    }

    /// One INVITE is one ringing and one end, however often its datagrams arrive.
    fn key(&self, word: &str) -> String {
        let cseq = self.request.cseq_header().and_then(|cseq| cseq.seq()).unwrap_or_default();
        let tag = self.request.from_header().ok().and_then(|from| from.tag().ok().flatten());
        format!("{word}\u{1f}{cseq}\u{1f}{}", tag.map(|tag| tag.to_string()).unwrap_or_default())
    }
}
