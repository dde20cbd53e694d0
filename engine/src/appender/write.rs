//! One batch, one transaction: at once where all of it is new, in steps where something of it was here before.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::Utc;
use switchroom_core::{
    CallId, EventId, TenantId, UserId,
    agent::PresenceChange,
    append::{Candidate, Judging, Verdict},
    log::EventData,
};
use switchroom_store::{
    StoreError,
    log::{self, Adopted, CallRow, Numbered, Plain},
};
use tracing::{debug, info};

use super::{Appender, Attempt, Entry, Failure, Written};

impl Appender {
    pub(super) async fn write(
        &mut self,
        entries: &[Entry],
        attempt: &mut Attempt,
    ) -> Result<Written, Failure> {
        let returned =
            |entry: &Entry| entry.fact.as_ref().is_some_and(|(call, _, _)| self.returned.contains_key(call));
        if !entries.iter().any(returned) {
            match self.write_at_once(entries, attempt).await {
                Ok(written) => return Ok(written),
                Err(failure @ StoreError::Unavailable(_)) => return Err(failure.into()),
                // Nothing of it was written. The steps find out why, and say so if it was more than a repetition.
                Err(failure) => debug!(%failure, "a batch is written in steps"),
            }
            *attempt = Attempt::default();
        }
        self.write_in_steps(entries, attempt).await
    }

    /// Supposes that everything is new and the logs end where memory says.
    async fn write_at_once(
        &mut self,
        entries: &[Entry],
        attempt: &mut Attempt,
    ) -> Result<Written, StoreError> {
        let mut ends: BTreeMap<TenantId, (i64, i64)> = BTreeMap::new();
        let mut claims: Vec<(TenantId, EventId, CallId)> = Vec::with_capacity(entries.len());
        let mut numbered: Vec<Numbered<'_>> = Vec::with_capacity(entries.len() * 2);
        let mut calls: BTreeMap<CallId, CallRow<'_>> = BTreeMap::new();
        let mut agents: BTreeMap<(TenantId, UserId), &PresenceChange> = BTreeMap::new();
        for entry in entries {
            let tenant = entry.tenant;
            for event in &entry.events {
                match (&event.data, event.call_id) {
                    (EventData::Presence(change), _) => {
                        agents.insert((tenant, change.user_id), change);
                    }
                    (EventData::Call(data), Some(call)) => {
                        claims.push((tenant, event.event_id, call));
                        if let Some(memory) = entry.memories.get(&call) {
                            calls.insert(call, CallRow { tenant, call: &data.call, memory });
                        }
                    }
                    (EventData::Call(_), None) => {}
                }
                let (_, end) = ends.entry(tenant).or_insert_with(|| {
                    let end = self.tenants.get_or_make(tenant).end().0;
                    (end, end)
                });
                *end += 1;
                numbered.push(Numbered { tenant, seq: *end, event });
            }
        }
        let verdicts = vec![Verdict::Stands; entries.len()];
        let written = Written {
            verdicts: verdicts.clone(),
            ends: ends.iter().map(|(tenant, (_, end))| (*tenant, *end)).collect(),
        };
        if numbered.is_empty() {
            return Ok(written);
        }
        let opened: Vec<CallId> = entries.iter().filter_map(|entry| entry.candidate().opens()).collect();
        let ends: Vec<(TenantId, i64, i64)> =
            ends.into_iter().map(|(tenant, (before, after))| (tenant, before, after)).collect();
        let calls: Vec<CallRow<'_>> = calls.into_values().collect();
        let agents: Vec<_> = agents.into_iter().map(|((tenant, _), change)| (tenant, change)).collect();
        let batch = Plain {
            epoch: self.epoch,
            ends: &ends,
            claims: &claims,
            opened: &opened,
            entries: &numbered,
            calls: &calls,
            presences: &agents,
        };
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.db.log().acquire().await?,
        };
        // The statement commits by itself: from here on a lost connection leaves the outcome unknown.
        *attempt = Attempt { committing: true, verdicts, ends: written.ends.clone() };
        log::append_plain(&mut connection, Utc::now(), &batch).await?;
        self.connection = Some(connection);
        Ok(written)
    }

    /// In steps: finds out what of the batch is new.
    async fn write_in_steps(&self, entries: &[Entry], attempt: &mut Attempt) -> Result<Written, Failure> {
        let mut tx = self.db.log().begin().await?;

        // Which events are new, which calls were taken for new and are not.
        let batch: Vec<Candidate<'_>> = entries.iter().map(Entry::candidate).collect();
        let opened: Vec<CallId> = batch.iter().filter_map(Candidate::opens).collect();
        let recorded =
            if opened.is_empty() { BTreeSet::new() } else { log::recorded_calls(&mut tx, &opened).await? };
        let judging = Judging::open(batch, &recorded, &self.returned);
        let claims = judging.claims();
        let claimed = if claims.is_empty() { BTreeSet::new() } else { log::claim(&mut tx, &claims).await? };
        let judged = judging.close(claimed);

        // Their numbers.
        let mut counts: BTreeMap<TenantId, i64> = BTreeMap::new();
        for (tenant, _) in &judged.events {
            *counts.entry(*tenant).or_default() += 1;
        }
        let ends = self.numbers(&mut tx, &counts).await?;
        let mut next: HashMap<TenantId, i64> = ends
            .iter()
            .map(|(tenant, end)| (*tenant, end - counts.get(tenant).copied().unwrap_or(0) + 1))
            .collect();
        let numbered: Vec<Numbered<'_>> = judged
            .events
            .iter()
            .filter_map(|(tenant, event)| {
                let seq = next.get_mut(tenant)?;
                *seq += 1;
                Some(Numbered { tenant: *tenant, seq: *seq - 1, event })
            })
            .collect();

        if !numbered.is_empty() {
            log::append(&mut tx, Utc::now(), &numbered).await?;
        }
        if !judged.calls.is_empty() {
            let rows: Vec<CallRow<'_>> = judged
                .calls
                .values()
                .map(|(tenant, call, memory)| CallRow { tenant: *tenant, call, memory })
                .collect();
            log::project_calls(&mut tx, &rows).await?;
        }
        if !judged.agents.is_empty() {
            let rows: Vec<_> = judged.agents.iter().map(|((tenant, _), change)| (*tenant, *change)).collect();
            log::project_presence(&mut tx, &rows).await?;
        }
        // From here on a lost connection leaves the outcome unknown.
        *attempt = Attempt { committing: true, verdicts: judged.verdicts.clone(), ends: ends.clone() };
        tx.commit().await?;
        Ok(Written { verdicts: judged.verdicts, ends })
    }

    /// The last number of each tenant, taking over the logs of tenants that are new.
    async fn numbers(
        &self,
        tx: &mut sqlx::PgConnection,
        counts: &BTreeMap<TenantId, i64>,
    ) -> Result<BTreeMap<TenantId, i64>, Failure> {
        let wanted: Vec<(TenantId, i64)> = counts.iter().map(|(tenant, count)| (*tenant, *count)).collect();
        if wanted.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut ends: BTreeMap<TenantId, i64> =
            log::take_numbers(tx, self.epoch, &wanted).await?.into_iter().collect();
        let missing: Vec<(TenantId, i64)> =
            wanted.iter().filter(|(tenant, _)| !ends.contains_key(tenant)).copied().collect();
        for (tenant, count) in missing {
            match log::adopt(tx, self.epoch, tenant).await? {
                Adopted::Ours(_) => info!(%tenant, "the log of a new tenant is ours"),
                Adopted::Overtaken => return Err(Failure::Overtaken),
                Adopted::Absent => return Err(Failure::Absent(tenant)),
            }
            ends.extend(log::take_numbers(tx, self.epoch, &[(tenant, count)]).await?);
        }
        Ok(ends)
    }
}
