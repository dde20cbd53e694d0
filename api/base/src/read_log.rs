//! Reads and look-ups of personal data on their way into the audit log: taken from the request, written in batches
//! beside it, so that looking something up does not wait for a write.
//!
//! Nothing that was taken is lost while the process lives: the queue is bounded and full means that readers wait; a batch
//! that cannot be written is tried again until it can. A clean stop ends the queue and writes what is in it
//! ([`ReadLog::close`]); a crash loses at most what was read in its last moments, never a change.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use serde_json::{Map, Value, json};
use switchroom_core::{TenantId, reads};
use switchroom_store::{
    Database, StoreError,
    audit::{self, Read},
    origin::{self, Origin},
};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::Instant,
};
use uuid::Uuid;

/// Reads that wait to be written; beyond it whoever reads waits too.
const WAITING: usize = 4096;
/// Written at once.
const BATCH: usize = 500;
/// Gathered so long, so that reads cost a few commits a second and not one each: the disk is the calls'.
const GATHER: Duration = Duration::from_millis(200);
/// Between attempts while the database does not take them.
const PAUSE: Duration = Duration::from_millis(250);
/// How long somebody who wants to see the log waits for what was read before.
const PATIENCE: Duration = Duration::from_secs(1);

enum Item {
    Read(Box<Read>),
    /// Everything before it is written.
    Mark(oneshot::Sender<()>),
}

/// Cheap to share.
pub struct ReadLog {
    items: Mutex<Option<mpsc::Sender<Item>>>,
    task: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl ReadLog {
    /// Starts the writer; needs a runtime.
    pub fn start(db: Database) -> Self {
        let (items, queue) = mpsc::channel(WAITING);
        let task = tokio::spawn(write_forever(db, queue));
        Self { items: Mutex::new(Some(items)), task: Mutex::new(Some(task)) }
    }

    /// Takes one read of the request that is being carried out.
    pub async fn note(&self, tenant: Option<TenantId>, action: &str, subject: Option<String>, detail: Value) {
        let origin = origin::current().unwrap_or_default();
        self.take(tenant, action, subject, detail, origin).await;
    }

    pub(crate) async fn take(
        &self,
        tenant: Option<TenantId>,
        action: &str,
        subject: Option<String>,
        detail: Value,
        origin: Arc<Origin>,
    ) {
        let read = Read {
            id: Uuid::now_v7(),
            at: Utc::now(),
            tenant,
            action: action.to_owned(),
            subject,
            detail,
            origin,
        };
        self.send(Item::Read(Box::new(read))).await;
    }

    /// Returns when everything read before is in the log, or after a second.
    pub async fn settled(&self) {
        let (mark, written) = oneshot::channel();
        let wait = async {
            self.send(Item::Mark(mark)).await;
            let _ = written.await;
        };
        let _ = tokio::time::timeout(PATIENCE, wait).await;
    }

    /// Writes what is left and ends; reads that come later are not taken.
    pub async fn close(&self) {
        self.items.lock().await.take();
        if let Some(task) = self.task.lock().await.take() {
            let _ = task.await;
        }
    }

    async fn send(&self, item: Item) {
        let items = self.items.lock().await.clone();
        let Some(items) = items else {
            tracing::warn!("something was read after the audit log was closed");
            return;
        };
        // Fails only where the writer is gone, which ends with the runtime.
        let _ = items.send(item).await;
    }
}

/// Takes what is there, and what comes within a moment; false when nothing comes any more.
async fn gather(queue: &mut mpsc::Receiver<Item>, items: &mut Vec<Item>) -> bool {
    if queue.recv_many(items, BATCH).await == 0 {
        return false;
    }
    let until = Instant::now() + GATHER;
    let waited_for = |items: &[Item]| items.iter().any(|item| matches!(item, Item::Mark(_)));
    while items.len() < BATCH && !waited_for(items) {
        match tokio::time::timeout_at(until, queue.recv_many(items, BATCH - items.len())).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => break,
        }
    }
    true
}

async fn write_forever(db: Database, mut queue: mpsc::Receiver<Item>) {
    let mut items = Vec::with_capacity(BATCH);
    while gather(&mut queue, &mut items).await {
        let mut reads = Vec::with_capacity(items.len());
        let mut marks = Vec::new();
        for item in items.drain(..) {
            match item {
                Item::Read(read) => reads.push(*read),
                Item::Mark(mark) => marks.push(mark),
            }
        }
        let mut told = false;
        while let Err(error) = write(&db, &reads).await {
            if !told {
                tracing::warn!(%error, reads = reads.len(), "the audit log of reads has to wait");
                told = true;
            }
            if !matches!(error, StoreError::Unavailable(_)) && reads.len() > 1 {
                // One of them cannot be stored; it shall not hold the others up.
                one_by_one(&db, &mut reads).await;
                break;
            }
            if !matches!(error, StoreError::Unavailable(_)) {
                tracing::error!(%error, "a line of the audit log cannot be stored");
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        for mark in marks {
            let _ = mark.send(());
        }
    }
}

async fn one_by_one(db: &Database, reads: &mut Vec<Read>) {
    for read in reads.drain(..) {
        loop {
            match write(db, std::slice::from_ref(&read)).await {
                Ok(()) => break,
                Err(StoreError::Unavailable(_)) => tokio::time::sleep(PAUSE).await,
                Err(error) => {
                    tracing::error!(%error, action = read.action, "a line of the audit log cannot be stored");
                    break;
                }
            }
        }
    }
}

async fn write(db: &Database, reads: &[Read]) -> Result<(), StoreError> {
    if reads.is_empty() {
        return Ok(());
    }
    let mut connection = db.platform().acquire().await?;
    audit::record_reads(&mut connection, reads).await
}

/// What a list was asked for: its filters, numbers masked.
pub(crate) fn asked(query: &str) -> Value {
    let filter: Map<String, Value> = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, value)| {
            !value.is_empty() && !matches!(&**name, "cursor" | "limit" | "count" | "sort")
        })
        .take(20)
        .map(|(name, value)| {
            let shown = reads::shown(&name, &value.replace('\0', ""));
            (name.chars().filter(|c| *c != '\0').take(60).collect(), Value::String(shown))
        })
        .collect();
    if filter.is_empty() { json!({}) } else { json!({"filter": filter}) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_noted_with_what_it_was_asked_for() {
        assert_eq!(asked("limit=5&cursor=x&q="), json!({}));
        assert_eq!(
            asked("q=L%C3%A9a&phone=%2B33612345678&limit=5"),
            json!({"filter": {"q": "Léa", "phone": "+336******78"}})
        );
    }
}
