//! What was sent, what was acknowledged, what was refused, and how long it took.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Counted by all calls at once.
#[derive(Clone, Default)]
pub struct Report(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    sent: u64,
    acknowledged: u64,
    refused: BTreeMap<String, u64>,
    latencies: Vec<Duration>,
}

impl Report {
    fn with(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub fn sent(&self) {
        self.with(|counts| counts.sent += 1);
    }

    pub fn acknowledged(&self, latency: Duration) {
        self.with(|counts| {
            counts.acknowledged += 1;
            counts.latencies.push(latency);
        });
    }

    /// `why` is a status or a short reason; never a URL, which holds a key.
    pub fn refused(&self, why: impl Into<String>) {
        self.with(|counts| *counts.refused.entry(why.into()).or_default() += 1);
    }

    pub fn summary(&self) -> Summary {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut latencies = counts.latencies.clone();
        latencies.sort_unstable();
        let at = |share: f64| {
            latencies
                .get(((latencies.len() as f64 * share) as usize).min(latencies.len().saturating_sub(1)))
                .copied()
        };
        Summary {
            sent: counts.sent,
            acknowledged: counts.acknowledged,
            refusals: counts.refused.clone(),
            p50: at(0.5),
            p95: at(0.95),
            max: latencies.last().copied(),
        }
    }
}

/// The end of the story.
#[derive(Clone, Debug)]
pub struct Summary {
    pub sent: u64,
    pub acknowledged: u64,
    refusals: BTreeMap<String, u64>,
    p50: Option<Duration>,
    p95: Option<Duration>,
    max: Option<Duration>,
}

impl Summary {
    pub fn refused(&self) -> u64 {
        self.refusals.values().sum()
    }

    /// Nothing was refused, and nothing went unanswered.
    pub fn is_clean(&self) -> bool {
        self.refused() == 0 && self.sent == self.acknowledged
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "sent         {}", self.sent)?;
        writeln!(f, "acknowledged {}", self.acknowledged)?;
        write!(f, "refused      {}", self.refused())?;
        for (why, count) in &self.refusals {
            write!(f, "\n             {count} × {why}")?;
        }
        if let (Some(p50), Some(p95), Some(max)) = (self.p50, self.p95, self.max) {
            let ms = |time: Duration| time.as_secs_f64() * 1000.0;
            write!(
                f,
                "\nlatency      p50 {:.1} ms, p95 {:.1} ms, longest {:.1} ms",
                ms(p50),
                ms(p95),
                ms(max)
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_percentiles() {
        let report = Report::default();
        for ms in 1..=100 {
            report.sent();
            report.acknowledged(Duration::from_millis(ms));
        }
        assert!(report.summary().is_clean());
        report.sent();
        assert!(!report.summary().is_clean(), "an unanswered request is no success");
        report.refused("503");
        let summary = report.summary();
        assert_eq!((summary.sent, summary.acknowledged, summary.refused()), (101, 100, 1));
        let text = summary.to_string();
        assert!(
            text.contains("1 × 503") && text.contains("p50 51.0 ms, p95 96.0 ms, longest 100.0 ms"),
            "{text}"
        );
        assert!(Report::default().summary().to_string().contains("refused      0"));
    }
}
