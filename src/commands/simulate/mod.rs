//! `switchroom simulate`: plays real traffic against a running server, over the same doors as the world outside: SIP
//! from a telephone of its own, or webhooks signed as the provider signs them. What it needs to know (keys, secrets,
//! lines) it reads from the demo's `demo.json`.

mod hooks;
mod report;
mod sip;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use rand::RngExt as _;
use serde::Deserialize;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

pub use report::Report;

/// How often, how long, through which door.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Calls per second
    #[arg(long, default_value_t = 2.0, value_parser = rate)]
    rate: f64,
    /// Seconds during which new calls begin
    #[arg(long, default_value_t = 30)]
    duration: u64,
    /// The door
    #[arg(long, value_enum, default_value_t = Via::Sip)]
    via: Via,
    /// Another place to send to than the configured one: sip:HOST:PORT, or http://HOST:PORT
    #[arg(long, value_name = "URL")]
    to: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Via {
    Sip,
    Twilio,
    Generic,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= 10_000.0 => Ok(rate),
        _ => Err("calls per second, more than 0 and at most 10000".to_owned()),
    }
}

/// The part of `demo.json` that callers need.
#[derive(Clone, Debug, Deserialize)]
struct Demo {
    users: std::collections::BTreeMap<String, DemoUser>,
    connections: std::collections::BTreeMap<String, DemoConnection>,
    lines: Vec<DemoLine>,
}

#[derive(Clone, Debug, Deserialize)]
struct DemoUser {
    #[serde(default)]
    extension: Option<String>,
}

#[derive(Clone, Deserialize)]
struct DemoConnection {
    hook_url: String,
    secret: Option<String>,
}

impl std::fmt::Debug for DemoConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DemoConnection")
    }
}

#[derive(Clone, Debug, Deserialize)]
struct DemoLine {
    number: String,
    agent: Option<String>,
    queue: Option<String>,
}

/// Who calls which line.
#[derive(Clone, Debug)]
struct Caller {
    from: String,
    line: String,
    /// The extension of the agent behind the line.
    extension: Option<String>,
    queue: Option<String>,
}

/// Runs the command; an error if anything was refused. `sip` is where the server listens for SIP.
pub async fn run(data_dir: &Path, sip: Option<SocketAddr>, args: Args) -> anyhow::Result<()> {
    let file = data_dir.join("demo.json");
    let text = std::fs::read(&file).with_context(|| {
        format!("cannot read {}: is a server with --demo using this data directory?", file.display())
    })?;
    let demo: Demo =
        serde_json::from_slice(&text).with_context(|| format!("{} is not understood", file.display()))?;
    if demo.lines.is_empty() {
        bail!("{} names no lines", file.display());
    }
    let report = Report::default();
    match args.via {
        Via::Sip => {
            let target = match &args.to {
                Some(url) => sip_target(url).await?,
                None => sip.ok_or_else(|| anyhow!("SIP is off; name a server with --to sip:HOST:PORT"))?,
            };
            let phone = sip::Phone::open(target, report.clone()).await?;
            play(&args, &demo, |caller| {
                let phone = phone.clone();
                async move { phone.call(caller).await }
            })
            .await;
        }
        Via::Twilio | Via::Generic => {
            let kind = if args.via == Via::Twilio { hooks::Kind::Twilio } else { hooks::Kind::Generic };
            let connection = demo
                .connections
                .get(kind.as_str())
                .with_context(|| format!("{} has no {} connection", file.display(), kind.as_str()))?;
            let sender = hooks::Sender::new(kind, connection, args.to.as_deref(), report.clone())?;
            play(&args, &demo, |caller| {
                let sender = sender.clone();
                async move { sender.call(caller).await }
            })
            .await;
        }
    }
    let summary = report.summary();
    println!("{summary}");
    if summary.is_clean() {
        Ok(())
    } else {
        Err(anyhow!("{} of {} requests were refused", summary.refused(), summary.sent))
    }
}

/// Begins calls at the rate, and waits until all have ended.
async fn play<F>(args: &Args, demo: &Demo, mut call: impl FnMut(Caller) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let total = (args.rate * args.duration as f64).round().max(1.0) as u64;
    // Standard output holds the summary and nothing else.
    let bar = ProgressBar::new(total).with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} calls begun, {msg}")
            .unwrap_or(ProgressStyle::default_bar()),
    );
    let calls = TaskTracker::new();
    let begun = Instant::now();
    for number in 0..total {
        tokio::time::sleep_until(begun + Duration::from_secs_f64(number as f64 / args.rate)).await;
        calls.spawn(call(invent(demo)));
        bar.set_message(format!("{} under way", calls.len()));
        bar.inc(1);
    }
    calls.close();
    while !calls.is_empty() {
        bar.set_message(format!("{} under way", calls.len()));
        tokio::select! {
            () = calls.wait() => {}
            () = tokio::time::sleep(Duration::from_millis(200)) => {}
        }
    }
    bar.finish_and_clear();
}

/// Mostly the demo's contacts, whose numbers are +3363998 and four digits; some unknown ones, some who do not say.
fn invent(demo: &Demo) -> Caller {
    let mut random = rand::rng();
    let from = match random.random_range(0..10) {
        0 => "anonymous".to_owned(),
        1 | 2 => format!("+336399855{:02}", random.random_range(0..100)),
        _ => {
            let contacts = crate::demo::contact_numbers();
            contacts[random.random_range(0..contacts.len())].clone()
        }
    };
    let line = &demo.lines[random.random_range(0..demo.lines.len())];
    Caller {
        from,
        line: line.number.clone(),
        extension: line.agent.as_ref().and_then(|agent| demo.users.get(agent)?.extension.clone()),
        queue: line.queue.clone(),
    }
}

fn seconds_between(range: std::ops::Range<f64>) -> Duration {
    Duration::from_secs_f64(rand::rng().random_range(range))
}

async fn sip_target(url: &str) -> anyhow::Result<SocketAddr> {
    let rest = url.strip_prefix("sip:").unwrap_or(url).trim_start_matches("//");
    let host = rest.split([';', '?']).next().unwrap_or_default();
    let with_port = if host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        host.to_owned()
    } else {
        format!("{host}:5060")
    };
    let mut found =
        tokio::net::lookup_host(&with_port).await.with_context(|| format!("cannot find {with_port}"))?;
    found.next().with_context(|| format!("{with_port} has no address"))
}
