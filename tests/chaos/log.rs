//! The house's log as it is read from outside, page by page: numbers without a hole, nothing twice, and what follows from
//! it by folding it with the rules of `core`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use serde_json::Value;
use switchroom_core::log::{EventData, EventType, LogEvent};
use switchroom_core::tenant::TenantLive;
use switchroom_core::wallboard::WallboardFold;
use switchroom_core::{CallId, EventId};
use uuid::Uuid;

use crate::ledger::Name;
use crate::world::World;

/// What was read so far.
#[derive(Default)]
pub struct Mirror {
    /// The cursor of the last entry.
    cursor: Option<String>,
    ids: Vec<Uuid>,
    unique: BTreeSet<Uuid>,
    /// Entries of each call by type.
    pub entries: BTreeMap<Name, BTreeMap<String, usize>>,
    /// Each call as its last entry says it stands.
    pub calls: BTreeMap<Name, Value>,
    /// Who was shown which calls.
    pub pops: BTreeMap<String, BTreeSet<String>>,
    pub wrong: Vec<String>,
}

impl Mirror {
    /// Reads on to the end.
    pub async fn catch_up(&mut self, world: &World) -> anyhow::Result<()> {
        loop {
            let after = self.cursor.as_deref().unwrap_or("0");
            let page = world.ask(&format!("/api/v1/events?after={after}&limit=200")).await?;
            let page = page.context("GET /events")?;
            for item in page["items"].as_array().context("items")? {
                self.take(item)?;
            }
            if page["next_cursor"].is_null() {
                return Ok(());
            }
        }
    }

    fn take(&mut self, item: &Value) -> anyhow::Result<()> {
        let seq = item["seq"].as_i64().context("seq")?;
        let expected = i64::try_from(self.ids.len())? + 1;
        if seq != expected {
            bail!("the log has a hole: {seq} where {expected} was due");
        }
        let id: Uuid = item["event_id"].as_str().context("event_id")?.parse()?;
        let type_ = item["type"].as_str().context("type")?;
        self.ids.push(id);
        // Entries of agents that follow from one event are told apart by their ids too.
        if !self.unique.insert(id) {
            self.wrong.push(format!("doubled: entry {id} ({type_}) is in the log twice"));
        }
        self.cursor = Some(item["cursor"].as_str().context("cursor")?.to_owned());
        let data = &item["data"];
        if item["call_id"].is_null() || type_ == "presence" {
            return Ok(());
        }
        let call = &data["call"];
        let text = |name: &str| call[name].as_str().unwrap_or_default().to_owned();
        let name = (text("connection_id"), text("provider_call_id"));
        *self.entries.entry(name.clone()).or_default().entry(type_.to_owned()).or_default() += 1;
        for user in data["pops"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.pops.entry(user.to_owned()).or_default().insert(text("id"));
        }
        self.calls.insert(name, call.clone());
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Reads everything again from the first entry, sees that history is what it was, and folds it.
    pub async fn replay(&mut self, world: &World, now: DateTime<Utc>) -> anyhow::Result<Replayed> {
        let mut replayed =
            Replayed { live: TenantLive::default(), board: WallboardFold::new(now), entries: 0 };
        let mut after = "0".to_owned();
        loop {
            let page = world.ask(&format!("/api/v1/events?after={after}&limit=200")).await?;
            let page = page.context("GET /events")?;
            for item in page["items"].as_array().context("items")? {
                let id: Uuid = item["event_id"].as_str().context("event_id")?.parse()?;
                if self.ids.get(replayed.entries) != Some(&id) {
                    self.wrong.push(format!("rewritten: entry {} is another now", replayed.entries + 1));
                }
                replayed.entries += 1;
                let event = Arc::new(entry(item)?);
                replayed.live.apply(&event);
                replayed.board.apply(now, &event);
                item["cursor"].as_str().context("cursor")?.clone_into(&mut after);
            }
            if page["next_cursor"].is_null() {
                break;
            }
        }
        if replayed.entries != self.ids.len() {
            self.wrong.push(format!(
                "lost: {} entries were read, {} are left",
                self.ids.len(),
                replayed.entries
            ));
        }
        Ok(replayed)
    }
}

/// The fold of the whole log.
pub struct Replayed {
    pub live: TenantLive,
    pub board: WallboardFold,
    pub entries: usize,
}

fn entry(item: &Value) -> anyhow::Result<LogEvent> {
    let type_ = EventType::parse(item["type"].as_str().context("type")?).context("a known type")?;
    Ok(LogEvent {
        event_id: EventId(item["event_id"].as_str().context("event_id")?.parse()?),
        type_,
        call_id: item["call_id"].as_str().map(str::parse).transpose()?.map(CallId),
        provider_event_id: None,
        at: item["at"].as_str().context("at")?.parse()?,
        provider_at: None,
        effective: true,
        addressees: Vec::new(),
        data: EventData::from_json(type_, &item["data"].to_string())?,
    })
}
