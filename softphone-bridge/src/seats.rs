//! Places for what is held for a while: ringing calls, transactions, connections. Shared fairly among the addresses that
//! ask, so that one of them cannot take all.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use switchroom_bridge_core::share::{self, Sender};

pub(crate) struct Seats {
    held: Mutex<Held>,
    limit: usize,
    limit_per_source: usize,
    /// The gauge that shows how many are taken.
    gauge: metrics::Gauge,
}

#[derive(Default)]
struct Held {
    all: usize,
    by: HashMap<Sender, usize>,
}

/// One place, given back when dropped.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    sender: Sender,
}

impl Seats {
    pub(crate) fn new(limit: usize, limit_per_source: usize, gauge: metrics::Gauge) -> Arc<Self> {
        Arc::new(Self { held: Mutex::default(), limit, limit_per_source, gauge })
    }

    /// None = this source has its share, or all are taken.
    pub(crate) fn sit(self: &Arc<Self>, source: IpAddr) -> Option<Seat> {
        let sender = Sender::from(source);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let own = held.by.get(&sender).copied().unwrap_or(0);
        if own >= self.limit_per_source || !share::allows(own, held.all, self.limit) {
            return None;
        }
        held.by.insert(sender, own + 1);
        held.all += 1;
        self.gauge.set(held.all as f64);
        Some(Seat { seats: self.clone(), sender })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut held = self.seats.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.all = held.all.saturating_sub(1);
        match held.by.get_mut(&self.sender) {
            Some(own) if *own > 1 => *own -= 1,
            _ => {
                held.by.remove(&self.sender);
            }
        }
        self.seats.gauge.set(held.all as f64);
    }
}
