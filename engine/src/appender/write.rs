//! One batch, one transaction: at once where all of it is new, in steps where something of it was here before.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use chrono::Utc;
use switchroom_core::{
    CallId, EventId, TenantId, UserId,
    agent::PresenceChange,
    call::CallSnapshot,
    log::{EventData, LogEvent},
    tenant::CallMemory,
};
use switchroom_store::{
    StoreError,
    log::{self, Adopted, CallRow, Numbered, Plain},
};
use tracing::{debug, info};

use super::{Appender, Attempt, Entry, Failure, Verdict, Written};

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
        let opened: Vec<CallId> = entries.iter().filter_map(Entry::opens).collect();
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
        let claims: Vec<(TenantId, EventId, CallId)> = entries
            .iter()
            .flat_map(|entry| entry.events.iter().map(move |event| (entry.tenant, event)))
            .filter_map(|(tenant, event)| event.call_id.map(|call| (tenant, event.event_id, call)))
            .collect();
        let opened: Vec<CallId> = entries.iter().filter_map(Entry::opens).collect();
        let known =
            if opened.is_empty() { BTreeSet::new() } else { log::recorded_calls(&mut tx, &opened).await? };
        let mut returned = self.returned.clone();
        let mut verdicts = Vec::with_capacity(entries.len());
        for entry in entries {
            if let Some(call) = entry.opens().filter(|call| known.contains(call)) {
                returned.insert(call, entry.incarnation);
            }
            let back = entry
                .fact
                .as_ref()
                .and_then(|(call, _, _)| returned.get(call))
                .is_some_and(|incarnation| entry.incarnation <= *incarnation);
            verdicts.push(if back { Verdict::Forgotten } else { Verdict::Stands });
        }
        let back: BTreeSet<CallId> = entries
            .iter()
            .zip(&verdicts)
            .filter(|(_, verdict)| **verdict == Verdict::Forgotten)
            .filter_map(|(entry, _)| entry.fact.as_ref().map(|(call, _, _)| *call))
            .collect();
        let claims: Vec<_> = claims.into_iter().filter(|(_, _, call)| !back.contains(call)).collect();
        let mut claimed =
            if claims.is_empty() { BTreeSet::new() } else { log::claim(&mut tx, &claims).await? };

        // What is written, in order. An event that stands is taken out of `claimed`, so that the second of two in one
        // batch is a repetition.
        let mut kept: Vec<(TenantId, &Arc<LogEvent>)> = Vec::new();
        let mut calls: BTreeMap<CallId, (TenantId, &CallSnapshot, &CallMemory)> = BTreeMap::new();
        let mut agents: BTreeMap<(TenantId, UserId), &PresenceChange> = BTreeMap::new();
        for (entry, verdict) in entries.iter().zip(&mut verdicts) {
            for event in &entry.events {
                match (&event.data, event.call_id) {
                    (EventData::Presence(change), _) => {
                        agents.insert((entry.tenant, change.user_id), change);
                    }
                    (EventData::Call(_), _) if *verdict == Verdict::Forgotten => continue,
                    (EventData::Call(data), Some(call)) => {
                        if !claimed.remove(&(entry.tenant, event.event_id)) {
                            *verdict = Verdict::Repeated;
                            continue;
                        }
                        if let Some(memory) = entry.memories.get(&call) {
                            calls.insert(call, (entry.tenant, &data.call, memory));
                        }
                    }
                    (EventData::Call(_), None) => {}
                }
                kept.push((entry.tenant, event));
            }
        }

        // Their numbers.
        let mut counts: BTreeMap<TenantId, i64> = BTreeMap::new();
        for (tenant, _) in &kept {
            *counts.entry(*tenant).or_default() += 1;
        }
        let ends = self.numbers(&mut tx, &counts).await?;
        let mut next: HashMap<TenantId, i64> = ends
            .iter()
            .map(|(tenant, end)| (*tenant, end - counts.get(tenant).copied().unwrap_or(0) + 1))
            .collect();
        let numbered: Vec<Numbered<'_>> = kept
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
        if !calls.is_empty() {
            let rows: Vec<CallRow<'_>> = calls
                .values()
                .map(|(tenant, call, memory)| CallRow { tenant: *tenant, call, memory })
                .collect();
            log::project_calls(&mut tx, &rows).await?;
        }
        if !agents.is_empty() {
            let rows: Vec<_> = agents.iter().map(|((tenant, _), change)| (*tenant, *change)).collect();
            log::project_presence(&mut tx, &rows).await?;
        }
        // From here on a lost connection leaves the outcome unknown.
        *attempt = Attempt { committing: true, verdicts: verdicts.clone(), ends: ends.clone() };
        tx.commit().await?;
        Ok(Written { verdicts, ends })
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
