//! The crash scenario: steady load from every door, faults at random instants, and the comparison at the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use tokio_util::task::TaskTracker;

use crate::agent::{Agent, Agents, Desk};
use crate::deliver::Providers;
use crate::fault::{Clock, Fault, SmallDisk};
use crate::ledger::Ledger;
use crate::log::Mirror;
use crate::options::Options;
use crate::report::{Report, Row, bar};
use crate::sip::Phone;
use crate::story::{Cast, Plot};
use crate::support::Folder;
use crate::verify::{self, Face, Wrong};
use crate::world::World;

/// How long providers and agents may take to bring home what they have begun.
const HOMECOMING: Duration = Duration::from_secs(120);
/// Short times of the house, so that presence settles within the run.
const FLAGS: [&str; 4] = ["--offer-timeout-ms", "1000", "--ring-timeout-ms", "5000"];
/// Calls that are left ringing or talking, for the comparison of what is live.
const LEFT_OPEN: u32 = 20;

pub async fn play(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let mut plan = vec![Fault::Server; options.server as usize];
    plan.extend(vec![Fault::Postgres; options.postgres as usize]);
    plan.extend(vec![Fault::Both; options.both as usize]);
    plan.shuffle(&mut StdRng::seed_from_u64(options.seed));
    let world = World::start(&FLAGS, Vec::new()).await?;
    run("crash", world, &plan, false, options, report).await
}

/// The faults beside kills, each on a house of its own.
pub async fn starve(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let world = World::start(&FLAGS, Vec::new()).await?;
    let plan = [Fault::PostgresRestarted, Fault::RolesShutOut, Fault::ConnectionsTaken].repeat(2);
    run("Postgres away", world, &plan, false, options, report).await?;

    let folder = Arc::new(Folder::new());
    match SmallDisk::mount(&folder.data(), 400) {
        Ok(disk) => {
            // The folder outlives the mount, or it could not be removed.
            let world = World::start_in(folder.clone(), &FLAGS, Vec::new()).await?;
            let done = run("disk full", world, &[Fault::DiskFull; 3], false, options, report).await;
            drop(disk);
            done?;
        }
        Err(why) => report.skipped("disk full", &why),
    }

    let folder = Arc::new(Folder::new());
    match Clock::environment(folder.path()) {
        Ok(environment) => {
            let world = World::start_in(folder, &FLAGS, environment).await?;
            let plan = [120, -120, 5_400, -5_400].map(Fault::ClockStepped);
            run("clock stepped", world, &plan, true, options, report).await
        }
        Err(why) => {
            report.skipped("clock stepped", &why);
            Ok(())
        }
    }
}

async fn run(
    name: &str,
    world: Arc<World>,
    plan: &[Fault],
    off_time: bool,
    options: &Options,
    report: &mut Report,
) -> anyhow::Result<()> {
    let began = Instant::now();
    let ledger = Arc::new(Ledger::default());
    let agents = agents_of(&world);
    let cast = Cast {
        extensions: agents.iter().map(|agent| agent.extension.clone()).collect(),
        lines: lines_of(&world)?,
    };
    let mut providers = Providers::new(&world, ledger.clone(), cast, options.seed)?;
    providers.off_time.store(off_time, Ordering::Relaxed);
    providers.phone = Some(Phone::open(world.sip, sip_connection(&world).await?, ledger.clone()).await?);
    let providers = Arc::new(providers);
    let desk =
        Arc::new(Desk { ledger: ledger.clone(), seed: options.seed, share: 25, filing: TaskTracker::new() });
    let agents = Agents::sign_in(&world, agents, Some(desk.clone()), options.seed);

    let telling = tokio::spawn(providers.clone().keep_telling(options.rate, Plot::Any));
    let mut random = StdRng::seed_from_u64(options.seed ^ 1);
    let (mut mirror, mut counted, mut wrong) = (Mirror::default(), BTreeMap::new(), Wrong::default());
    let bar = bar(name, plan.len() as u64);
    for fault in plan {
        bar.set_message(format!("{}; {} calls told", fault.name(), providers.told()));
        let longest = if options.quick { 1_500 } else { 4_000 };
        tokio::time::sleep(Duration::from_millis(random.random_range(300..longest))).await;
        let acknowledged = ledger.fresh();
        let took = fault.strike(&world).await.with_context(|| fault.name())?;
        report.recovered(&fault.name(), took);
        mirror.catch_up(&world).await?;
        verify::acknowledged_is_kept(&mirror, &mut counted, acknowledged, &mut wrong);
        bar.inc(1);
    }
    bar.set_message("bringing it home");
    telling.abort();
    for _ in 0..LEFT_OPEN {
        providers.begin(Plot::Open);
    }
    providers.finish(HOMECOMING).await?;
    desk.filing.close();
    tokio::time::timeout(HOMECOMING, desk.filing.wait()).await.context("tickets are still being filed")?;
    agents.resync(HOMECOMING).await?;
    let screens = agents.sign_out().await;
    settle(&world, &mut mirror).await?;

    bar.set_message("comparing");
    let before = Face::look(&world).await?;
    let took = Fault::Server.strike(&world).await?;
    report.recovered(&Fault::Server.name(), took);
    let after = Face::look(&world).await?;
    mirror.catch_up(&world).await?;
    verify::calls(&world, &ledger, &mirror, &mut wrong).await?;
    let tickets = verify::tickets(&world, &ledger, &mut wrong).await?;
    verify::tables(&world, &mirror, &mut wrong).await?;
    let pops = verify::screens(&screens, &ledger, &mirror, &mut wrong);
    verify::faces(&before, &after, &world, &mut mirror, &mut wrong).await?;
    verify::server_log(&world, &mut wrong)?;
    world.stop().await?;
    bar.finish_and_clear();

    let mut lines = wrong.into_lines();
    lines.extend(ledger.complaints());
    lines.append(&mut mirror.wrong);
    report.scenario(Row {
        name: name.to_owned(),
        took: began.elapsed(),
        load: format!(
            "{} calls, {} events acknowledged ({} requests), {tickets} tickets, {pops} pops, {} log entries",
            providers.told(),
            ledger.acknowledged.load(Ordering::Relaxed),
            ledger.requests.load(Ordering::Relaxed),
            mirror.len(),
        ),
        wrong: lines,
    });
    Ok(())
}

/// Waits until the log stands still: presence follows sockets and offers with a delay.
pub async fn settle(world: &World, mirror: &mut Mirror) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let before = mirror.len();
        mirror.catch_up(world).await?;
        if mirror.len() == before {
            return Ok(());
        }
        anyhow::ensure!(Instant::now() < deadline, "the log does not come to rest");
    }
}

fn agents_of(world: &World) -> Vec<Agent> {
    let users = world.demo["users"].as_object().into_iter().flatten();
    users
        .filter_map(|(_, user)| {
            Some(Agent {
                user: user["id"].as_str()?.to_owned(),
                token: user["token"].as_str()?.to_owned(),
                extension: user["extension"].as_str()?.to_owned(),
            })
        })
        .collect()
}

pub fn lines_of(world: &World) -> anyhow::Result<Vec<String>> {
    let numbers = world.demo["numbers"].as_array().context("numbers")?;
    Ok(numbers.iter().filter_map(|number| number.as_str()).map(str::to_owned).collect())
}

/// The tenant's own connection for SIP, which `demo.json` does not name.
async fn sip_connection(world: &World) -> anyhow::Result<String> {
    let connections = world.list("/api/v1/connections").await?;
    let sip =
        connections.iter().find(|connection| connection["kind"] == "sip").context("a SIP connection")?;
    Ok(sip["id"].as_str().context("id")?.to_owned())
}
