//! After the commit: whoever waits is told, and what turned out otherwise goes back to its shard.

use std::{collections::BTreeMap, sync::Arc};

use switchroom_core::{
    TenantId,
    call::CallState,
    directory::RecentCall,
    log::{Cursor, EventData, LogEvent},
};

use tokio::time::Instant;

use super::{Appender, Entry, Verdict, Written, shard_of};
use crate::shard::Notice;

impl Appender {
    /// The batch is durable: tells everybody.
    pub(super) fn settle(&mut self, entries: Vec<Entry>, written: &Written) {
        let mut by_tenant: BTreeMap<TenantId, (Option<Instant>, Vec<&Arc<LogEvent>>)> = BTreeMap::new();
        for (entry, verdict) in entries.iter().zip(&written.verdicts) {
            let (until, events) = by_tenant.entry(entry.tenant).or_default();
            // A decision is queued right behind the delivery of its frames, in the tenant's order.
            *until = Some(entry.queued_at);
            events.extend(
                entry.events.iter().filter(|event| *verdict == Verdict::Stands || event.call_id.is_none()),
            );
        }
        for (tenant, end) in &written.ends {
            let Some((Some(until), events)) = by_tenant.remove(tenant) else { continue };
            self.tenants.commit(*tenant, &events, Cursor(*end), until);
            for event in &events {
                self.remember_call(*tenant, event);
            }
        }
        for (entry, verdict) in entries.into_iter().zip(&written.verdicts) {
            self.append_seconds.record(entry.queued_at.elapsed().as_secs_f64());
            match verdict {
                Verdict::Stands => {}
                Verdict::Repeated => {
                    for event in entry.events.iter().filter(|event| event.call_id.is_some()) {
                        self.tell(
                            entry.tenant,
                            Notice::Repeated { tenant: entry.tenant, event: Arc::clone(event) },
                        );
                    }
                }
                Verdict::Forgotten => {
                    self.send_back(entry, |entry| Notice::Forgotten { entry });
                    continue;
                }
            }
            if let Some((call, _, ticket)) = &entry.fact {
                self.waits.durable(*call, ticket);
            }
            if let Some(mark) = &entry.mark {
                mark.durable();
            }
        }
    }

    /// An ended call leads its contact's recent calls.
    fn remember_call(&self, tenant: TenantId, event: &LogEvent) {
        let EventData::Call(data) = &event.data else { return };
        let call = &data.call;
        let Some(contact) = call.contact.filter(|_| call.state == CallState::Ended) else { return };
        if self.summaries.get(tenant, self.summaries.survivor(tenant, contact)).is_none() {
            return;
        }
        let recent = RecentCall {
            id: call.id,
            direction: call.direction,
            state: call.state.as_str().to_owned(),
            end_reason: call.end_reason,
            from: call.from.clone(),
            to: call.to.clone(),
            agent_id: call.agent_id,
            started_at: call.started_at,
            answered_at: call.answered_at,
            ended_at: call.ended_at,
        };
        let summaries = self.summaries.clone();
        tokio::spawn(async move { summaries.call_changed(tenant, contact, recent).await });
    }

    /// Back to its shard, and so does everything that was decided from the same memory of the call.
    pub(super) fn send_back(&mut self, entry: Entry, notice: fn(Box<Entry>) -> Notice) {
        if let Some((call, _, _)) = &entry.fact {
            let last = self.returned.entry(*call).or_default();
            *last = (*last).max(entry.incarnation);
        }
        self.tell(entry.tenant, notice(Box::new(entry)));
    }

    fn tell(&self, tenant: TenantId, notice: Notice) {
        if let Some(shard) = self.shards.get(shard_of(tenant, self.shards.len())) {
            // A shard that is gone has stopped for good, and what it would do is done again after the restart.
            let _ = shard.send(notice);
        }
    }
}
