//! The resume scenario: many agents, a server that is killed again and again under load, and every agent's screen in the
//! end; then a history that was trimmed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::agent::{Agent, Agents};
use crate::crash::{lines_of, settle};
use crate::deliver::Providers;
use crate::fault::Fault;
use crate::ledger::Ledger;
use crate::log::Mirror;
use crate::options::Options;
use crate::report::{Report, Row, bar};
use crate::story::{Cast, Plot};
use crate::verify::{self, Wrong};
use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(120);

pub async fn play(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let began = Instant::now();
    let count = options.agents.to_string();
    let world = World::start(&["--sip", "off", "--demo-agents", &count], Vec::new()).await?;
    let ledger = Arc::new(Ledger::default());
    let agents = load_agents(&world)?;
    let cast = Cast {
        extensions: agents.iter().map(|agent| agent.extension.clone()).collect(),
        lines: lines_of(&world)?,
    };
    let mut providers = Providers::new(&world, ledger.clone(), cast, options.seed)?;
    providers.orderly = true;
    let providers = Arc::new(providers);
    let first = agents[0].clone();
    let agents = Agents::sign_in(&world, agents, None, options.seed);
    agents.resync(PATIENCE).await?;

    let telling = tokio::spawn(providers.clone().keep_telling(options.pops, Plot::Plain));
    let mut random = StdRng::seed_from_u64(options.seed ^ 2);
    let (mut mirror, mut counted, mut wrong) = (Mirror::default(), BTreeMap::new(), Wrong::default());
    let bar = bar("resume", options.restarts.into());
    for _ in 0..options.restarts {
        bar.set_message(format!("{} calls told", providers.told()));
        let longest = if options.quick { 2_000 } else { 5_000 };
        tokio::time::sleep(Duration::from_millis(random.random_range(500..longest))).await;
        let acknowledged = ledger.fresh();
        report.recovered("server killed, agents on it", Fault::Server.strike(&world).await?);
        mirror.catch_up(&world).await?;
        verify::acknowledged_is_kept(&mirror, &mut counted, acknowledged, &mut wrong);
        bar.inc(1);
    }
    bar.set_message("bringing it home");
    telling.abort();
    providers.finish(PATIENCE).await?;
    agents.resync(PATIENCE).await?;
    let screens = agents.sign_out().await;
    settle(&world, &mut mirror).await?;
    bar.set_message("comparing");
    verify::calls(&world, &ledger, &mirror, &mut wrong).await?;
    verify::tables(&world, &mirror, &mut wrong).await?;
    let pops = verify::screens(&screens, &ledger, &mirror, &mut wrong);
    trimmed(&world, &providers, first, &mut wrong).await?;
    verify::server_log(&world, &mut wrong)?;
    world.stop().await?;
    bar.finish_and_clear();

    let mut lines = wrong.into_lines();
    lines.extend(ledger.complaints());
    lines.append(&mut mirror.wrong);
    report.scenario(Row {
        name: "resume".to_owned(),
        took: began.elapsed(),
        load: format!(
            "{} agents, {} calls, {} events acknowledged, {pops} pops",
            options.agents,
            providers.told(),
            ledger.acknowledged.load(Ordering::Relaxed),
        ),
        wrong: lines,
    });
    Ok(())
}

/// Retention takes the older half of the log; an agent whose cursor lies in it is told so, and gets the open pops.
async fn trimmed(
    world: &Arc<World>,
    providers: &Arc<Providers>,
    agent: Agent,
    wrong: &mut Wrong,
) -> anyhow::Result<()> {
    // A call that is open, for this agent alone.
    let mut cast = providers.cast.clone();
    cast.extensions = vec![agent.extension.clone()];
    let mut one = Providers::new(world, providers.ledger.clone(), cast, !providers.seed)?;
    one.orderly = true;
    let one = Arc::new(one);
    one.begin(Plot::Open);
    one.finish(PATIENCE).await?;

    let mut database = world.database().await?;
    let tenant: uuid::Uuid = world.text("/tenant/id").parse()?;
    let cut: i64 = sqlx::query_scalar("SELECT last_seq / 2 FROM tenant_log WHERE tenant_id = $1")
        .bind(tenant)
        .fetch_one(&mut database)
        .await?;
    sqlx::query("DELETE FROM call_events WHERE tenant_id = $1 AND seq <= $2")
        .bind(tenant)
        .bind(cut)
        .execute(&mut database)
        .await?;
    let agents = Agents::return_at(world, agent, format!("v1.{}", cut / 2));
    agents.resync(PATIENCE).await?;
    let screens = agents.sign_out().await;
    let screen = screens[0].1.lock().unwrap();
    if screen.too_old == 0 {
        wrong.note("trimmed", || "a cursor before the history was not called too old".to_owned());
    }
    if screen.pops.len() != 1 {
        wrong.note("trimmed", || format!("{} open pops after the reload instead of 1", screen.pops.len()));
    }
    Ok(())
}

fn load_agents(world: &World) -> anyhow::Result<Vec<Agent>> {
    let agents = world.demo["load_agents"].as_array().context("load_agents")?;
    let text = |agent: &serde_json::Value, name: &str| agent[name].as_str().map(str::to_owned);
    agents
        .iter()
        .map(|agent| {
            let (user, token, extension) =
                (text(agent, "id"), text(agent, "token"), text(agent, "extension"));
            Some(Agent { user: user?, token: token?, extension: extension? })
        })
        .collect::<Option<_>>()
        .context("load_agents: id, token, extension")
}
