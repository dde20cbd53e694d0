//! What was found out lately and is believed for a while.

use std::{
    borrow::Borrow,
    hash::Hash,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use dashmap::DashMap;

/// Entries that are kept before the first sweep.
const FEW: usize = 1024;

/// A map whose entries are forgotten in time. What has expired is swept out whenever the map has doubled; a map that is
/// full of what has not starts anew.
pub(crate) struct Remembered<K, V> {
    known: DashMap<K, (Instant, V)>,
    /// How long an entry is believed.
    keep: Duration,
    most: usize,
    sweep_at: AtomicUsize,
    /// How often something was forgotten on demand. Held while an entry goes in, so that none goes in behind a forgetting.
    forgotten: RwLock<u64>,
}

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    pub(crate) fn new(most: usize, keep: Duration) -> Self {
        Self {
            known: DashMap::new(),
            keep,
            most,
            sweep_at: AtomicUsize::new(FEW.min(most)),
            forgotten: RwLock::new(0),
        }
    }

    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let entry = self.known.get(key)?;
        let (since, value) = entry.value();
        (since.elapsed() < self.keep).then(|| value.clone())
    }

    /// To be asked for before something is looked up that [`Remembered::insert_since`] shall keep.
    pub(crate) fn generation(&self) -> u64 {
        *self.forgotten.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what was looked up, unless something was forgotten since: it may have been that.
    pub(crate) fn insert_since(&self, generation: u64, key: K, value: V) {
        let forgotten = self.forgotten.read().unwrap_or_else(PoisonError::into_inner);
        if *forgotten == generation {
            self.insert(key, value);
        }
    }

    pub(crate) fn insert(&self, key: K, value: V) {
        if self.known.len() >= self.sweep_at.load(Ordering::Relaxed) {
            self.sweep();
        }
        self.known.insert(key, (Instant::now(), value));
    }

    pub(crate) fn forget_where(&self, which: impl Fn(&V) -> bool) {
        *self.forgotten.write().unwrap_or_else(PoisonError::into_inner) += 1;
        self.known.retain(|_, (_, value)| !which(value));
    }

    fn sweep(&self) {
        self.known.retain(|_, (since, _)| since.elapsed() < self.keep);
        if self.known.len() >= self.most {
            self.known.clear();
        }
        self.sweep_at.store((self.known.len() * 2).clamp(FEW.min(self.most), self.most), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_forgotten_in_time_and_on_demand() {
        let remembered = Remembered::<String, u32>::new(10, Duration::from_secs(60));
        remembered.insert("a".to_owned(), 1);
        remembered.insert("b".to_owned(), 2);
        assert_eq!((remembered.get("a"), remembered.get("b"), remembered.get("c")), (Some(1), Some(2), None));
        remembered.forget_where(|value| *value == 1);
        assert_eq!((remembered.get("a"), remembered.get("b")), (None, Some(2)));
        let brief = Remembered::<String, u32>::new(10, Duration::ZERO);
        brief.insert("a".to_owned(), 1);
        assert_eq!(brief.get("a"), None);
    }

    #[test]
    fn what_was_looked_up_before_a_forgetting_is_not_kept_after_it() {
        let remembered = Remembered::<&str, u32>::new(10, Duration::from_secs(60));
        let before = remembered.generation();
        remembered.forget_where(|value| *value == 1);
        remembered.insert_since(before, "a", 1);
        assert_eq!(remembered.get("a"), None);
        remembered.insert_since(remembered.generation(), "a", 1);
        assert_eq!(remembered.get("a"), Some(1));
    }

    #[test]
    fn it_stays_small() {
        let brief = Remembered::<u32, ()>::new(usize::MAX, Duration::ZERO);
        let full = Remembered::<u32, ()>::new(2_000, Duration::from_secs(60));
        for n in 0..100_000 {
            brief.insert(n, ());
            full.insert(n, ());
            assert!(brief.known.len() <= FEW && full.known.len() <= 2_000);
            assert_eq!(full.get(&n), Some(()), "what was found last is there");
        }
    }
}
