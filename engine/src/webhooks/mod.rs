//! Events leave the house: each endpoint is told what it asked for, in the order of the log, at least once.
//!
//! What is sent is the log, read behind the endpoint's place in it; the place moves in the transaction that notes the
//! attempt. So a crash at any moment sends again at most what was sent last, under the same id. Nothing here is in the
//! path of a pop or an append: a commit wakes the courier, and the courier reads.

mod letter;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::Utc;
use serde_json::json;
use switchroom_core::{
    TenantId, TicketId,
    frame::Frame,
    log::{Cursor, EventType},
    outward::{asked_wait_ms, event_name, hears, retry_after_ms},
    wallboard::{Wallboard, WallboardDelta},
};
use switchroom_store::{
    Database, StoreError, TenantTx, audit,
    log::{self, LogRow},
    webhooks::{self as store, Attempt, Due, Endpoint, Outcome, Progress},
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

pub use letter::{Secret, sign};

use crate::{
    FrameSink, Sealer,
    egress::{Clients, Guard},
};
use letter::Letter;

/// Endpoints that are told at once, and of one tenant: its slow receivers leave places for the others'.
const AT_ONCE: usize = 64;
const AT_ONCE_OF_A_TENANT: i64 = 8;
/// How long an endpoint is held by whoever tells it: longer than one stays with it and one answer takes.
const HOLD_S: f64 = 60.0;
const STAY: Duration = Duration::from_secs(30);
/// The status that ends it.
const GONE: i32 = 410;
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// Entries of the log that are read at once.
const PAGE: u32 = 100;
/// How long a stop waits for endpoints to be given back.
const GIVE_BACK: Duration = Duration::from_secs(1);
/// How often due retries are looked for; a commit wakes the courier besides, but not more often than [`PAUSE`] allows.
const LOOK: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(50);

/// Wakes the courier when something was committed, and passes everything on.
pub struct Waking {
    inner: Arc<dyn FrameSink>,
    wake: Arc<Notify>,
}

impl Waking {
    pub fn new(inner: Arc<dyn FrameSink>, wake: Arc<Notify>) -> Self {
        Self { inner, wake }
    }
}

impl FrameSink for Waking {
    fn deliver(&self, tenant: TenantId, frames: &[Frame]) {
        self.inner.deliver(tenant, frames);
    }

    fn committed(&self, tenant: TenantId, cursor: Cursor, until: std::time::Instant) {
        self.inner.committed(tenant, cursor, until);
        self.wake.notify_one();
    }

    fn wallboard(&self, tenant: TenantId, board: &Arc<Wallboard>, delta: &WallboardDelta) {
        self.inner.wallboard(tenant, board, delta);
    }

    fn ticket_updated(&self, tenant: TenantId, ticket: TicketId) {
        self.inner.ticket_updated(tenant, ticket);
    }

    fn session_ended(&self, session: Uuid) {
        self.inner.session_ended(session);
    }
}

/// The running courier.
pub struct Courier {
    stop: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Courier {
    /// Starts it. The client cannot be made where TLS has no certificates to trust.
    pub fn start(
        db: Database,
        sealer: Arc<Sealer>,
        guard: Guard,
        wake: Arc<Notify>,
    ) -> Result<Self, reqwest::Error> {
        let clients = guard.clients(|| {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .timeout(ANSWER)
                .connect_timeout(Duration::from_secs(5))
                .pool_idle_timeout(Duration::from_secs(30))
                .user_agent(concat!("Switchroom/", env!("CARGO_PKG_VERSION")))
        })?;
        let stop = CancellationToken::new();
        let round = Arc::new(Round { db, sealer, guard, clients, wake, stop: stop.clone() });
        let task = Mutex::new(Some(tokio::spawn(round.run())));
        Ok(Self { stop, task })
    }

    /// Stops it. What is under way is not waited for long: it is sent again at the next start.
    pub async fn stop(&self) {
        self.stop.cancel();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && task.await.is_err()
        {
            tracing::error!("the courier panicked");
        }
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Round {
    db: Database,
    sealer: Arc<Sealer>,
    guard: Guard,
    clients: Clients,
    wake: Arc<Notify>,
    stop: CancellationToken,
}

impl Round {
    async fn run(self: Arc<Self>) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let tasks = TaskTracker::new();
        loop {
            tokio::select! {
                () = self.stop.cancelled() => break,
                // Elapsed or woken: either way there may be something.
                _ = timeout(LOOK, self.wake.notified()) => {}
            }
            if let Err(error) = self.take(&places, &tasks).await {
                tracing::warn!(%error, "endpoints that are due cannot be looked for");
            }
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
        tasks.close();
        if timeout(GIVE_BACK, tasks.wait()).await.is_err() {
            tracing::debug!("deliveries under way are given up and sent again at the next start");
        }
    }

    /// Begins to tell whoever is due, as many as there are places.
    async fn take(self: &Arc<Self>, places: &Arc<Semaphore>, tasks: &TaskTracker) -> Result<(), StoreError> {
        let free = places.available_permits();
        if free == 0 {
            return Ok(());
        }
        let mut connection = self.db.platform().acquire().await?;
        let due =
            store::claim(&mut connection, i64::try_from(free).unwrap_or(1), AT_ONCE_OF_A_TENANT, HOLD_S)
                .await?;
        drop(connection);
        for due in due {
            let Ok(place) = Arc::clone(places).try_acquire_owned() else { break };
            tasks.spawn(Arc::clone(self).tell(due, place));
        }
        Ok(())
    }

    async fn tell(self: Arc<Self>, due: Due, place: OwnedSemaphorePermit) {
        let told = async {
            let until = Instant::now() + STAY;
            self.replay(due, until).await?;
            self.go_on(due, until).await
        };
        // What is under way when the process stops is left, and sent again by the next one, which need not wait for it.
        let told = tokio::select! {
            () = self.stop.cancelled() => Ok(()),
            told = told => told,
        };
        let given_back = async {
            let mut tx = self.db.tenant(due.tenant).await?;
            store::give_back(&mut tx, due.endpoint).await?;
            tx.commit().await
        };
        if let Err(error) = told.and(given_back.await) {
            tracing::warn!(%error, endpoint = %due.endpoint, "an endpoint cannot be told now");
        }
        drop(place);
        // What was committed while it was held.
        self.wake.notify_one();
    }

    /// Dead letters that somebody wants tried once more.
    async fn replay(&self, due: Due, until: Instant) -> Result<(), StoreError> {
        while Instant::now() < until {
            let mut tx = self.db.tenant(due.tenant).await?;
            let Some(endpoint) = store::get(&mut tx, due.endpoint).await?.filter(|one| one.is_active) else {
                break;
            };
            let Some((letter, seq)) = store::first_replay(&mut tx, due.endpoint).await? else { break };
            let row = log::page(&mut tx, Cursor(seq - 1), 1).await?.pop().filter(|row| row.seq == seq);
            drop(tx);
            let attempt = match &row {
                Some(row) => Some(self.attempt(due, &endpoint, row, 1).await.0),
                // The log does not reach so far back any more.
                None => None,
            };
            let mut tx = self.db.tenant(due.tenant).await?;
            let delivered = attempt.as_ref().is_some_and(|attempt| attempt.outcome == Outcome::Delivered);
            let is_gone = attempt.as_ref().is_some_and(|attempt| attempt.status == Some(GONE));
            if let Some(attempt) = attempt {
                store::note(&mut tx, due.endpoint, &attempt).await?;
            }
            store::settle_replay(&mut tx, letter, delivered).await?;
            if is_gone {
                switch_off(&mut tx, due).await?;
            }
            tx.commit().await?;
            if !delivered {
                break;
            }
        }
        Ok(())
    }

    /// What is in the log behind the endpoint's place.
    async fn go_on(&self, due: Due, until: Instant) -> Result<(), StoreError> {
        loop {
            let mut tx = self.db.tenant(due.tenant).await?;
            let Some(endpoint) = store::get(&mut tx, due.endpoint).await?.filter(|one| one.is_active) else {
                return Ok(());
            };
            // It may be here for its dead letters only.
            if endpoint.failed > 0 && !store::is_due(&mut tx, due.endpoint).await? {
                return Ok(());
            }
            let rows = log::page(&mut tx, Cursor(endpoint.seq), PAGE).await?;
            drop(tx);
            if rows.is_empty() {
                return Ok(());
            }
            let (mut at, mut passed) = (endpoint.seq, endpoint.seq);
            let mut failed = endpoint.failed;
            for row in &rows {
                let name = match EventType::parse(&row.type_) {
                    Some(kind) => event_name(kind),
                    None => &row.type_,
                };
                if !row.effective || !hears(&endpoint.events, name) {
                    passed = row.seq;
                    continue;
                }
                let (mut attempt, asked_ms) = self.attempt(due, &endpoint, row, failed + 1).await;
                if attempt.status == Some(GONE) {
                    // It keeps its place: switched on again it hears of this first.
                    let mut tx = self.db.tenant(due.tenant).await?;
                    store::note(&mut tx, due.endpoint, &attempt).await?;
                    switch_off(&mut tx, due).await?;
                    return tx.commit().await;
                }
                let progress = self.judge(&mut attempt, row.seq, asked_ms);
                let mut tx = self.db.tenant(due.tenant).await?;
                store::note(&mut tx, due.endpoint, &attempt).await?;
                // Set back meanwhile: from there, then, the next time.
                let moved = store::advance(&mut tx, due.endpoint, at, progress).await?;
                tx.commit().await?;
                match progress {
                    Progress::UpTo(seq) if moved && Instant::now() < until => {
                        (at, passed, failed) = (seq, seq, 0)
                    }
                    _ => return Ok(()),
                }
            }
            if passed > at {
                let mut tx = self.db.tenant(due.tenant).await?;
                let moved = store::advance(&mut tx, due.endpoint, at, Progress::UpTo(passed)).await?;
                tx.commit().await?;
                if !moved || Instant::now() >= until {
                    return Ok(());
                }
            }
        }
    }

    /// Where the endpoint is after the attempt; one that failed too often is the last. Not before the receiver wants it.
    fn judge(&self, attempt: &mut Attempt, seq: i64, asked_ms: u64) -> Progress {
        if attempt.outcome == Outcome::Delivered {
            return Progress::UpTo(seq);
        }
        let failed = u32::try_from(attempt.number).unwrap_or(u32::MAX);
        match retry_after_ms(failed, rand::random::<f64>()) {
            Some(after_ms) => Progress::Again {
                failed: attempt.number,
                after_ms: i64::try_from(after_ms.max(asked_ms)).unwrap_or(i64::MAX),
            },
            None => {
                attempt.outcome = Outcome::Dead;
                Progress::UpTo(seq)
            }
        }
    }

    /// Sends one entry, once; and how long its receiver asks to be left alone, in ms.
    async fn attempt(&self, due: Due, endpoint: &Endpoint, row: &LogRow, number: i32) -> (Attempt, u64) {
        let began = Instant::now();
        let letter = Letter::of(row);
        let sent = self.send(endpoint, &letter).await;
        let asked_ms = sent.as_ref().map_or(0, |(_, asked_ms)| *asked_ms);
        let (status, fault) = match sent.map(|(status, _)| status) {
            Ok(status) if (200..300).contains(&status) => (Some(status), None),
            Ok(status) => (Some(status), Some(format!("answered {status}"))),
            Err(fault) => (None, Some(fault)),
        };
        let outcome = if fault.is_none() { Outcome::Delivered } else { Outcome::Failed };
        metrics::counter!("switchroom_webhook_deliveries_total", "outcome" => outcome.name()).increment(1);
        if let Some(fault) = &fault {
            tracing::debug!(endpoint = %due.endpoint, seq = row.seq, number, fault, "an endpoint was not told");
        }
        let attempt = Attempt {
            seq: row.seq,
            event: row.event_id.0,
            kind: letter.kind.clone(),
            number,
            outcome,
            status,
            fault,
            duration_ms: i32::try_from(began.elapsed().as_millis()).unwrap_or(i32::MAX),
        };
        (attempt, asked_ms)
    }

    async fn send(&self, endpoint: &Endpoint, letter: &Letter) -> Result<(i32, u64), String> {
        // Checked again: what is allowed may have changed since the URL was written.
        let url = self.guard.check(&endpoint.url).map_err(|bad| format!("the URL {bad}"))?;
        let open = |sealed: &store::Sealed| {
            self.sealer.open(&sealed.key_id, &sealed.secret).ok().map(|text| Secret::read(&text))
        };
        let secrets: Vec<Secret> =
            std::iter::once(&endpoint.secret).chain(&endpoint.old_secret).filter_map(open).collect();
        if secrets.is_empty() {
            return Err("the secret cannot be opened".to_owned());
        }
        let timestamp = letter::unix_now();
        let id = letter.id.to_string();
        let signature = sign(&secrets, &id, timestamp, letter.body.as_bytes());
        let answer = self
            .clients
            .to(&url)
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signature)
            .body(letter.body.clone())
            .send()
            .await
            .map_err(|error| said(&error))?;
        let status = i32::from(answer.status().as_u16());
        // RFC 6585 §4, RFC 9110 §15.6.4.
        let asked = answer.headers().get("retry-after").filter(|_| matches!(status, 429 | 503));
        let asked_ms = asked.and_then(|text| asked_wait_ms(text.to_str().ok()?, Utc::now())).unwrap_or(0);
        Ok((status, asked_ms))
    }
}

/// The receiver has said that it is gone for good (RFC 9110 §15.5.11): whoever looks after it shall see why it is silent.
async fn switch_off(tx: &mut TenantTx, due: Due) -> Result<(), StoreError> {
    if !store::switch_off(tx, due.endpoint).await? {
        return Ok(());
    }
    let subject = due.endpoint.to_string();
    let entry = audit::Entry {
        tenant: Some(due.tenant),
        action: "webhook_endpoint.gone",
        subject: Some(&subject),
        detail: Some(json!({"status": GONE})),
        ..audit::Entry::default()
    };
    audit::record(tx, &entry).await?;
    tracing::info!(endpoint = %due.endpoint, "an endpoint answered 410 and is switched off");
    Ok(())
}

/// What is told of a failure: the innermost reason, which names no URL.
fn said(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    if error.is_connect() { format!("no connection: {inner}") } else { format!("failed: {inner}") }
}
