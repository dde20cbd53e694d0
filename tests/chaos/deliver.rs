//! Providers: they tell their stories, some events twice, some in the wrong order, and each until it is acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::task::TaskTracker;

use crate::ledger::{Ledger, Promised};
use crate::sign::Doors;
use crate::sip::Phone;
use crate::story::{Cast, KINDS, Plot, Step, Story, tell};
use crate::world::World;

/// How many of a hundred events come twice, and how many before the one they follow.
const TWICE: u32 = 10;
const SWAPPED: u32 = 10;
/// A provider's first and longest pause before it tries again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub struct Providers {
    pub ledger: Arc<Ledger>,
    pub doors: Doors,
    pub cast: Cast,
    pub seed: u64,
    /// Where SIP calls come from; without it there are none.
    pub phone: Option<Phone>,
    /// One event of a call after the other, none twice: for where it must be certain who saw what.
    pub orderly: bool,
    number: AtomicU64,
    pub telling: TaskTracker,
    /// The server's clock is off: signatures may be refused for their time.
    pub off_time: AtomicBool,
}

impl Providers {
    pub fn new(world: &World, ledger: Arc<Ledger>, cast: Cast, seed: u64) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(8)).build()?;
        let doors = Doors::open(&world.demo, client)?;
        Ok(Self {
            ledger,
            doors,
            cast,
            seed,
            phone: None,
            orderly: false,
            number: AtomicU64::new(0),
            telling: TaskTracker::new(),
            off_time: AtomicBool::new(false),
        })
    }

    pub fn told(&self) -> u64 {
        self.number.load(Ordering::Relaxed)
    }

    /// Begins calls at this rate until dropped.
    pub async fn keep_telling(self: Arc<Self>, per_second: f64, plot: Plot) {
        let began = Instant::now();
        for n in 0_u32.. {
            sleep_until(began + Duration::from_secs_f64(f64::from(n) / per_second)).await;
            self.begin(plot);
        }
    }

    /// Begins the next call.
    pub fn begin(self: &Arc<Self>, plot: Plot) {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let doors = KINDS.len() as u64 + 1;
        let place = usize::try_from(number % doors).unwrap_or(0);
        if let Some(phone) = self.phone.clone().filter(|_| place == KINDS.len() && plot == Plot::Any) {
            let line =
                self.cast.lines[usize::try_from(number / doors).unwrap_or(0) % self.cast.lines.len()].clone();
            self.telling.spawn(phone.call(self.seed, number, line));
            return;
        }
        // Orderly calls name their agent in the first event, which only the generic format does.
        let kind = if plot == Plot::Plain { "generic" } else { KINDS[place % KINDS.len()] };
        let story = tell(self.seed, number, kind, plot, &self.cast);
        let providers = self.clone();
        self.telling.spawn(async move { providers.tell_all(story, number).await });
    }

    async fn tell_all(self: Arc<Self>, mut story: Story, number: u64) {
        let mut random = StdRng::seed_from_u64(self.seed.wrapping_add(number));
        let name = (self.doors.connection(story.kind).to_owned(), story.call.clone());
        let rang = self.orderly.then(|| story.rings.clone());
        let promised = Promised { kind: story.kind, end: story.end.clone(), rang, ..Promised::default() };
        self.ledger.begin(&name, promised);
        if !self.orderly {
            for at in 1..story.steps.len() {
                if random.random_range(0..100) < SWAPPED {
                    let (before, after) = story.steps.split_at_mut(at);
                    std::mem::swap(&mut before[at - 1].after, &mut after[0].after);
                }
            }
        }
        let began = Instant::now();
        let mut deliveries = Vec::new();
        for step in story.steps {
            let twice = !self.orderly && random.random_range(0..100) < TWICE;
            let later = Duration::from_millis(random.random_range(0..600));
            let (providers, name, seed) = (self.clone(), name.clone(), random.random());
            let delivery = tokio::spawn(async move {
                sleep_until(began + step.after).await;
                let again = async {
                    if twice {
                        sleep(later).await;
                        providers.deliver(name.clone(), &step, seed ^ 1).await;
                    }
                };
                tokio::join!(providers.deliver(name.clone(), &step, seed), again);
                providers.ledger.acknowledge(&name, step.word);
            });
            if self.orderly {
                let _ = delivery.await;
            } else {
                deliveries.push(delivery);
            }
        }
        for delivery in deliveries {
            let _ = delivery.await;
        }
    }

    /// Until it is acknowledged.
    async fn deliver(&self, name: (String, String), step: &Step, seed: u64) {
        let mut random = StdRng::seed_from_u64(seed);
        let kind = KINDS.into_iter().find(|kind| self.doors.connection(kind) == name.0).expect("a kind");
        let mut pause = FIRST_PAUSE;
        loop {
            self.ledger.requests.fetch_add(1, Ordering::Relaxed);
            match self.doors.request(kind, step).send().await {
                Ok(answer) if answer.status().is_success() => return,
                // Not now.
                Ok(answer) if answer.status().as_u16() == 503 => {}
                Ok(answer) if answer.status().as_u16() == 401 && self.off_time.load(Ordering::Relaxed) => {}
                Ok(answer) => {
                    let status = answer.status();
                    let text = answer.text().await.unwrap_or_default();
                    self.ledger.complain(format!("{kind} {}: {status} {text}", step.word));
                }
                // Nobody there, or gone before it answered.
                Err(_) => {}
            }
            sleep(pause.mul_f64(random.random_range(0.5..1.0))).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// No new calls; returns when every one that was begun is told and acknowledged.
    pub async fn finish(&self, limit: Duration) -> anyhow::Result<()> {
        self.telling.close();
        if tokio::time::timeout(limit, self.telling.wait()).await.is_err() {
            anyhow::bail!("{} calls could not be told to their end within {limit:?}", self.telling.len());
        }
        Ok(())
    }
}
