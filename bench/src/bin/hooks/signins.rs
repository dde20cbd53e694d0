//! Sign-ins by password beside the pops: so many a second, whatever becomes of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde_json::{Value, json};
use switchroom_bench::load;

/// Asked for a second.
pub const RATE: u32 = 50;
/// Sign-ins that wait for their answers at once.
const LANES: u32 = 16;

pub struct SignIns {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    began: Instant,
    lanes: Vec<JoinHandle<anyhow::Result<()>>>,
}

impl SignIns {
    pub fn start(address: &str, demo: &Value) -> anyhow::Result<Self> {
        let owner = &demo["users"]["owner@demo.example"];
        let password = owner["password"].as_str().context("the demo's owner has no password")?;
        let body = json!({"email": "owner@demo.example", "password": password});
        let token = owner["token"].as_str().context("the demo's owner has no token")?;
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let began = Instant::now();
        let lanes = (0..LANES).map(|lane| {
            let (address, body, token) = (address.to_owned(), body.clone(), token.to_owned());
            let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
            std::thread::spawn(move || {
                for at in (lane..).step_by(LANES as usize) {
                    let due = began + Duration::from_secs(1) * at / RATE;
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    load::post(&address, "/api/v1/auth/login", &token, &body)?;
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            })
        });
        let lanes = lanes.collect();
        Ok(Self { stop, done, began, lanes })
    }

    /// How many a second were answered.
    pub fn stop(self) -> anyhow::Result<f64> {
        let rate = self.done.load(Ordering::Relaxed) as f64 / self.began.elapsed().as_secs_f64();
        self.stop.store(true, Ordering::Relaxed);
        for lane in self.lanes {
            lane.join().map_err(|_| anyhow::anyhow!("a lane panicked"))??;
        }
        Ok(rate)
    }
}
