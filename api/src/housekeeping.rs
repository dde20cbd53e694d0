//! What has to be done now and then whoever asks: old idempotency keys and password links go, lines leave quarantine,
//! the log's coming months get their partitions and the audit log's old ones go. Each act may run on several nodes at once without harm.

use std::time::Duration;

use switchroom_store::{
    Database, StoreError, idempotency, identity_providers, imports, numbers, password_links, registrations,
    second_factors, webhooks,
};

const EVERY: Duration = Duration::from_secs(3600);

/// What the process before left, before the doors open: its requests that had not answered can be made again at once.
pub async fn at_start(db: &Database) -> Result<(), StoreError> {
    let mut connection = db.platform().acquire().await?;
    let abandoned = idempotency::abandon_all(&mut connection).await?;
    let broken_off = imports::give_up_running(&mut connection).await?;
    tracing::debug!(abandoned, broken_off, "requests of the process before are given up");
    Ok(())
}

/// Runs until it is dropped, first at once. The audit log keeps so many whole months before this one; None = all of them.
pub async fn run_forever(db: Database, audit_months: Option<u32>) {
    let mut hourly = tokio::time::interval(EVERY);
    loop {
        hourly.tick().await;
        if let Err(error) = once(&db, audit_months).await {
            tracing::warn!(%error, "housekeeping is put off for an hour");
        }
    }
}

async fn once(db: &Database, audit_months: Option<u32>) -> Result<(), StoreError> {
    let mut connection = db.platform().acquire().await?;
    let keys = idempotency::prune(&mut connection).await?;
    imports::prune(&mut connection).await?;
    registrations::prune(&mut connection).await?;
    webhooks::prune(&mut connection).await?;
    drop(connection);
    let lines = numbers::end_quarantines(db).await?;
    let mut connection = db.auth().acquire().await?;
    let links = password_links::prune(&mut connection).await?;
    second_factors::prune(&mut connection).await?;
    identity_providers::prune(&mut connection).await?;
    drop(connection);
    db.ensure_partitions().await?;
    if let Some(keep) = audit_months {
        let months = db.drop_audit_before(keep).await?;
        if months > 0 {
            tracing::info!(months, keep, "months of the audit log are past their time and gone");
        }
    }
    tracing::debug!(keys, lines, links, "housekeeping done");
    Ok(())
}
