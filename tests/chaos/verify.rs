//! The comparison: what was promised, with what the API says, with what the tables hold, with what the log folds to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use chrono::Utc;
use serde_json::{Value, json};
use sqlx::Row as _;
use switchroom_core::roster::Roster;

use crate::agent::{Agent, Screen};
use crate::ledger::{Ledger, Name, Promised};
use crate::log::Mirror;
use crate::world::World;

/// How many of one kind of fault are spelled out.
const SHOWN: usize = 5;

/// Collects what is wrong, a few of each kind in full.
#[derive(Default)]
pub struct Wrong {
    counts: BTreeMap<&'static str, usize>,
    shown: Vec<String>,
}

impl Wrong {
    pub fn note(&mut self, kind: &'static str, what: impl FnOnce() -> String) {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        if *count <= SHOWN {
            self.shown.push(format!("{kind}: {}", what()));
        }
    }

    pub fn into_lines(self) -> Vec<String> {
        let more = self.counts.iter().filter(|(_, count)| **count > SHOWN);
        let more: Vec<String> = more.map(|(kind, count)| format!("{kind}: {count} in all")).collect();
        self.shown.into_iter().chain(more).collect()
    }
}

/// After a restart: everything acknowledged before it is in the log. Cheap, as only what is new is read.
pub fn acknowledged_is_kept(
    mirror: &Mirror,
    counted: &mut BTreeMap<(Name, &'static str), usize>,
    acknowledged: Vec<(Name, &'static str)>,
    wrong: &mut Wrong,
) {
    for (name, word) in acknowledged {
        let count = counted.entry((name.clone(), word)).or_default();
        *count += 1;
        let kept = mirror.entries.get(&name).and_then(|types| types.get(word)).copied().unwrap_or(0);
        if kept < *count {
            wrong.note("lost", || format!("{} {word}: {count} acknowledged, {kept} kept", name.1));
        }
    }
}

/// Every call as promised: in the log, in the API, once, and in the right end state.
pub async fn calls(world: &World, ledger: &Ledger, mirror: &Mirror, wrong: &mut Wrong) -> anyhow::Result<()> {
    let promised = ledger.calls();
    let mut shown: BTreeMap<Name, Value> = BTreeMap::new();
    for call in world.list("/api/v1/calls").await? {
        let text = |name: &str| call[name].as_str().unwrap_or_default().to_owned();
        let name = (text("connection_id"), text("provider_call_id"));
        if !promised.contains_key(&name) {
            wrong.note("made up", || format!("call {} that nobody told of", name.1));
        }
        if shown.insert(name.clone(), call).is_some() {
            wrong.note("doubled", || format!("call {}", name.1));
        }
    }
    for (name, call) in &promised {
        match shown.get(name) {
            Some(shown) => one_call(world, name, call, shown, mirror, wrong),
            None if call.acknowledged.is_empty() => {}
            None => wrong.note("lost", || format!("call {}", name.1)),
        }
        if mirror.calls.contains_key(name) != shown.contains_key(name) {
            wrong.note("log and list differ", || name.1.clone());
        }
    }
    Ok(())
}

fn one_call(world: &World, name: &Name, call: &Promised, shown: &Value, mirror: &Mirror, wrong: &mut Wrong) {
    let none = BTreeMap::new();
    let entries = mirror.entries.get(name).unwrap_or(&none);
    let count = |word: &str| entries.get(word).copied().unwrap_or(0);
    if call.kind == "sip" {
        // One ring; the end by its own process and, where that died, by the next one.
        if count("ringing") != 1 || count("ended") == 0 || count("ended") > 2 {
            wrong.note("lost or doubled", || format!("{}: {entries:?}", name.1));
        }
        if (shown["state"].as_str(), shown["end_reason"].as_str()) != (Some("ended"), Some("missed")) {
            wrong.note("wrong end", || format!("{}: {} {}", name.1, shown["state"], shown["end_reason"]));
        }
    }
    for (word, acknowledged) in &call.acknowledged {
        if call.kind != "sip" && count(word) != *acknowledged {
            let kind = if count(word) < *acknowledged { "lost" } else { "doubled" };
            wrong
                .note(kind, || format!("{} {word}: {acknowledged} told, {} in the log", name.1, count(word)));
        }
    }
    if let Some(last) = mirror.calls.get(name) {
        for field in ["id", "state", "end_reason", "from", "to", "agent_id", "started_at", "ended_at"] {
            if last[field] != shown[field] {
                wrong.note("log and list differ", || {
                    format!("{} {field}: {} and {}", name.1, last[field], shown[field])
                });
            }
        }
    }
    // The list names the contact too; the log holds who it was.
    if let Some(last) = mirror.calls.get(name)
        && ["kind", "id"].iter().any(|field| last["contact"][field] != shown["contact"][field])
    {
        wrong.note("log and list differ", || format!("{} contact: {}", name.1, shown["contact"]));
    }
    let Some(end) = &call.end else { return };
    let agent = end.answered_by.as_deref().and_then(|extension| user_of(world, extension));
    let expected = json!({
        "state": "ended", "end_reason": end.reason, "from": end.from, "to": end.to, "agent_id": agent,
        "queue": end.queue, "direction": "inbound",
    });
    for (field, value) in expected.as_object().into_iter().flatten() {
        if shown[field] != *value {
            wrong.note("wrong end", || format!("{} {field}: {} instead of {value}", name.1, shown[field]));
        }
    }
    if end.answered_by.is_some() == shown["answered_at"].is_null() || shown["ended_at"].is_null() {
        wrong.note("wrong end", || format!("{}: {shown}", name.1));
    }
}

fn user_of(world: &World, extension: &str) -> Option<String> {
    let users = world.demo["users"].as_object()?;
    let user = users.values().find(|user| user["extension"] == extension)?;
    user["id"].as_str().map(str::to_owned)
}

/// Each ticket that was filed is there once, linked once, to the call it was filed from.
pub async fn tickets(world: &World, ledger: &Ledger, wrong: &mut Wrong) -> anyhow::Result<usize> {
    let mut shown: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for ticket in world.list("/api/v1/tickets").await? {
        shown.entry(ticket["title"].as_str().unwrap_or_default().to_owned()).or_default().push(ticket);
    }
    let filed = ledger.tickets();
    for (title, promised) in &filed {
        let found = shown.get(title).map_or(&[][..], Vec::as_slice);
        match (&promised.id, found) {
            (Some(id), [ticket]) if ticket["id"] == **id => {
                if ticket["call_ids"] != json!([promised.call_id]) {
                    wrong.note("wrong link", || format!("{title}: {}", ticket["call_ids"]));
                }
            }
            // Refused for good: its call was never stored.
            (None, []) => {}
            (Some(_), []) => wrong.note("lost", || format!("ticket {title}")),
            (_, found) if found.len() > 1 => wrong.note("doubled", || format!("ticket {title}")),
            (id, _) => wrong.note("wrong ticket", || format!("{title}: answered {id:?}")),
        }
    }
    Ok(filed.values().filter(|filed| filed.id.is_some()).count())
}

/// What the program says about itself: no panic, and nothing that it decided and could not write.
pub fn server_log(world: &World, wrong: &mut Wrong) -> anyhow::Result<()> {
    let log = std::fs::read(world.folder.path().join("server.log"))?;
    for line in String::from_utf8_lossy(&log).lines() {
        if line.contains("panicked at") || line.contains("cannot be written and is dropped") {
            wrong.note("server log", || line.to_owned());
        }
    }
    Ok(())
}

/// What no list shows: the tables, past the program.
pub async fn tables(world: &World, mirror: &Mirror, wrong: &mut Wrong) -> anyhow::Result<()> {
    let mut database = world.database().await?;
    let tenant: uuid::Uuid = world.text("/tenant/id").parse()?;
    let row = sqlx::query(
        "SELECT (SELECT last_seq FROM tenant_log WHERE tenant_id = $1) AS last_seq,
                (SELECT count(*) FROM call_events WHERE tenant_id = $1) AS entries,
                (SELECT coalesce(max(seq), 0) FROM call_events WHERE tenant_id = $1) AS greatest,
                (SELECT count(*) FROM call_events WHERE tenant_id = $1 AND call_id IS NOT NULL AND type <> 'presence') AS told,
                (SELECT count(*) FROM event_claims WHERE tenant_id = $1) AS claims,
                (SELECT count(*) FROM calls WHERE tenant_id = $1) AS calls,
                (SELECT count(*) FROM (SELECT 1 FROM calls WHERE tenant_id = $1
                   GROUP BY connection_id, provider_call_id HAVING count(*) > 1) twice) AS calls_twice,
                (SELECT count(*) FROM (SELECT 1 FROM call_tickets WHERE tenant_id = $1
                   GROUP BY call_id, ticket_id HAVING count(*) > 1) twice) AS links_twice,
                (SELECT count(*) FROM (SELECT 1 FROM contact_phones p JOIN individuals i ON i.id = p.individual_id
                   WHERE i.tenant_id = $1 AND i.provenance = 'auto_ticket' AND i.deleted_at IS NULL
                   GROUP BY p.e164 HAVING count(*) > 1) twice) AS contacts_twice",
    )
    .bind(tenant)
    .fetch_one(&mut database)
    .await
    .context("counting the tables")?;
    let count = |name: &str| row.try_get::<i64, _>(name);
    let entries = i64::try_from(mirror.len())?;
    for (name, expected) in [
        ("entries", entries),
        ("greatest", entries),
        ("last_seq", entries),
        ("claims", count("told")?),
        ("calls", i64::try_from(mirror.calls.len())?),
        ("calls_twice", 0),
        ("links_twice", 0),
        ("contacts_twice", 0),
    ] {
        let found = count(name)?;
        if found != expected {
            wrong.note("tables", || format!("{name}: {found} instead of {expected}"));
        }
    }
    Ok(())
}

/// What the screens had in the end, with what the log says they were to be shown.
pub fn screens(
    screens: &[(Agent, Arc<Mutex<Screen>>)],
    ledger: &Ledger,
    mirror: &Mirror,
    wrong: &mut Wrong,
) -> usize {
    let none = BTreeSet::new();
    let over: BTreeSet<&str> = mirror
        .calls
        .values()
        .filter(|call| call["state"] == "ended")
        .filter_map(|call| call["id"].as_str())
        .collect();
    let mut shown = 0;
    for (agent, screen) in screens {
        let screen = screen.lock().unwrap();
        let promised = mirror.pops.get(&agent.user).unwrap_or(&none);
        shown += screen.pops.len();
        for call in promised.iter().filter(|call| !screen.pops.contains_key(*call)) {
            wrong.note("lost pop", || format!("extension {}: call {call}", agent.extension));
        }
        for (call, pop) in &screen.pops {
            // A pop that a crash undid, of a call that is over since: the screen showed what rang. One that is not over, or
            // not there at all, would be waited for in vain.
            if !promised.contains(call) && !over.contains(call.as_str()) {
                wrong.note("ghost pop", || format!("extension {}: call {call}", agent.extension));
            }
            if pop.ids.len() != 1 {
                wrong.note("doubled pop", || format!("extension {}: {:?}", agent.extension, pop.ids));
            }
        }
    }
    // Where it is certain who must have seen it, the log is not asked.
    let by_extension: BTreeMap<&str, &Mutex<Screen>> =
        screens.iter().map(|(agent, screen)| (agent.extension.as_str(), &**screen)).collect();
    for (name, call) in ledger.calls() {
        let Some(screen) = call.rang.as_deref().and_then(|extension| by_extension.get(extension)) else {
            continue;
        };
        let id = mirror.calls.get(&name).and_then(|call| call["id"].as_str()).unwrap_or_default();
        if call.acknowledged.contains_key("ringing") && !screen.lock().unwrap().pops.contains_key(id) {
            wrong.note("lost pop", || format!("{} rang and was not shown", name.1));
        }
    }
    shown
}

/// What the house shows of this moment.
#[derive(Debug, PartialEq)]
pub struct Face {
    pub agents: BTreeMap<String, Value>,
    pub calls: BTreeMap<String, Value>,
    pub queues: Value,
    pub counts: Value,
    pub figures: Value,
}

impl Face {
    pub async fn look(world: &World) -> anyhow::Result<Self> {
        let by = |items: Vec<Value>, id: &str| {
            items.into_iter().map(|item| (item[id].as_str().unwrap_or_default().to_owned(), item)).collect()
        };
        let board = world.ask("/api/v1/wallboard").await?.context("wallboard")?;
        let live = world.list("/api/v1/calls").await?.into_iter().filter(|call| call["state"] != "ended");
        Ok(Self {
            agents: by(world.list("/api/v1/agents").await?, "user_id"),
            calls: by(live.collect(), "id"),
            queues: board["queues"].clone(),
            counts: board["calls"].clone(),
            figures: board["figures"].clone(),
        })
    }
}

/// Live = restored = replayed: the face before and after a kill, and what the whole log folds to.
pub async fn faces(
    before: &Face,
    after: &Face,
    world: &World,
    mirror: &mut Mirror,
    wrong: &mut Wrong,
) -> anyhow::Result<()> {
    if before != after {
        for (what, a, b) in [
            ("queues", &before.queues, &after.queues),
            ("calls", &before.counts, &after.counts),
            ("figures", &before.figures, &after.figures),
        ] {
            if a != b {
                wrong.note("live is not restored", || format!("{what}: {a} and {b}"));
            }
        }
        for (what, a, b) in
            [("agents", &before.agents, &after.agents), ("calls", &before.calls, &after.calls)]
        {
            for id in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                if a.get(id) != b.get(id) {
                    wrong.note("live is not restored", || {
                        format!("{what} {id}: {:?} and {:?}", a.get(id), b.get(id))
                    });
                }
            }
        }
    }
    let now = Utc::now();
    let replayed = mirror.replay(world, now).await?;
    let board = replayed.board.render(now, 0, &Roster::default());
    let folded = [
        ("queues", read_back(&board.queues)?, &after.queues),
        ("calls", read_back(&board.calls)?, &after.counts),
        ("figures", read_back(&board.figures)?, &after.figures),
    ];
    for (what, folded, shown) in folded {
        if folded != *shown {
            wrong.note("live is not replayed", || format!("{what}: folded {folded}, shown {shown}"));
        }
    }
    if replayed.live.live_calls() != after.calls.len() {
        wrong.note("live is not replayed", || {
            format!("{} live calls folded, {} shown", replayed.live.live_calls(), after.calls.len())
        });
    }
    for presence in replayed.live.presences() {
        let shown = after.agents.get(&presence.user_id.to_string());
        let folded = serde_json::to_value(presence.view())?;
        let same = shown.is_some_and(|shown| {
            ["presence", "reason", "since"].iter().all(|field| shown[*field] == folded[*field])
        });
        if !same {
            wrong.note("live is not replayed", || format!("agent: folded {folded}, shown {shown:?}"));
        }
    }
    Ok(())
}

/// As it comes out of an answer: the last digit of a fraction may differ from what went in.
fn read_back(value: &impl serde::Serialize) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(&serde_json::to_string(value)?)?)
}
