//! Waiting for durability: every decision that is on its way to the log has a ticket, and a call knows the last one of
//! its own. The log is written in order, so the last ticket answers for all before it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;
use switchroom_core::CallId;
use tokio::sync::Notify;

use crate::NotDurable;

const PENDING: u8 = 0;
const DURABLE: u8 = 1;
const LOST: u8 = 2;

/// One decision on its way.
#[derive(Debug, Default)]
pub(crate) struct Ticket {
    state: AtomicU8,
    settled: Notify,
}

impl Ticket {
    fn settle(&self, state: u8) {
        // The first word stands: a ticket is settled once.
        if self.state.compare_exchange(PENDING, state, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.settled.notify_waiters();
        }
    }

    /// What it stands for is durable.
    pub(crate) fn durable(&self) {
        self.settle(DURABLE);
    }

    /// What it stands for will never be durable.
    pub(crate) fn lost(&self) {
        self.settle(LOST);
    }

    pub(crate) async fn wait(&self) -> Result<(), NotDurable> {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            // Registered before looking, so that a settling in between is not missed.
            settled.as_mut().enable();
            match self.state.load(Ordering::Acquire) {
                DURABLE => return Ok(()),
                LOST => return Err(NotDurable),
                _ => settled.await,
            }
        }
    }
}

/// The last ticket of each call that is on its way.
#[derive(Clone, Default)]
pub(crate) struct Waits {
    calls: Arc<DashMap<CallId, Arc<Ticket>>>,
}

impl Waits {
    /// A ticket for the next decision about the call.
    pub(crate) fn issue(&self, call: CallId) -> Arc<Ticket> {
        let ticket = Arc::new(Ticket::default());
        self.calls.insert(call, Arc::clone(&ticket));
        ticket
    }

    pub(crate) fn durable(&self, call: CallId, ticket: &Arc<Ticket>) {
        self.forget(call, ticket);
        ticket.settle(DURABLE);
    }

    pub(crate) fn lost(&self, call: CallId, ticket: &Arc<Ticket>) {
        self.forget(call, ticket);
        ticket.settle(LOST);
    }

    fn forget(&self, call: CallId, ticket: &Arc<Ticket>) {
        self.calls.remove_if(&call, |_, last| Arc::ptr_eq(last, ticket));
    }

    /// Ends when nothing of the call is on its way, or with the limit.
    pub(crate) async fn wait(&self, call: CallId, limit: Duration) -> Result<(), NotDurable> {
        let last = self.calls.get(&call).map(|ticket| Arc::clone(&ticket));
        match last {
            Some(ticket) => wait_for(&ticket, limit).await,
            None => Ok(()),
        }
    }

    pub(crate) fn last(&self, call: CallId) -> Option<Arc<Ticket>> {
        self.calls.get(&call).map(|ticket| Arc::clone(&ticket))
    }
}

pub(crate) async fn wait_for(ticket: &Ticket, limit: Duration) -> Result<(), NotDurable> {
    tokio::time::timeout(limit, ticket.wait()).await.unwrap_or(Err(NotDurable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_end_with_the_last_ticket_of_the_call() {
        let waits = Waits::default();
        let call = CallId(uuid::Uuid::from_u128(1));
        let second = Duration::from_millis(50);
        assert_eq!(waits.wait(call, second).await, Ok(()), "nothing is on its way");
        let first = waits.issue(call);
        let last = waits.issue(call);
        waits.durable(call, &first);
        assert_eq!(wait_for(&first, second).await, Ok(()));
        assert_eq!(waits.wait(call, second).await, Err(NotDurable), "the last one is still on its way");
        let waiting = tokio::spawn({
            let waits = waits.clone();
            async move { waits.wait(call, Duration::from_secs(5)).await }
        });
        tokio::task::yield_now().await;
        waits.durable(call, &last);
        assert_eq!(waiting.await.unwrap(), Ok(()));
        assert!(waits.last(call).is_none(), "nothing is kept of what is settled");
        let lost = waits.issue(call);
        waits.lost(call, &lost);
        assert_eq!(wait_for(&lost, second).await, Err(NotDurable));
    }
}
