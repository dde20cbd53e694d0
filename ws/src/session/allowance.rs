//! How much a client may say.

use tokio::time::Instant;

/// What a client may still say: a bucket that fills again with time and may be overdrawn by as much as it holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    per_second: f64,
    burst: f64,
    left: f64,
    at: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Fine,
    Refuse,
    Abuse,
}

impl Allowance {
    pub(super) fn new(per_second: u32, burst: u32, now: Instant) -> Self {
        Self { per_second: per_second.into(), burst: burst.into(), left: burst.into(), at: now }
    }

    pub(super) fn spend(&mut self, now: Instant) -> Verdict {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        self.left = (self.left + since * self.per_second).min(self.burst) - 1.0;
        if self.left >= 0.0 {
            Verdict::Fine
        } else if self.left >= -self.burst {
            Verdict::Refuse
        } else {
            Verdict::Abuse
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_allowance_refills_is_overdrawn_and_ends() {
        let start = Instant::now();
        let mut allowance = Allowance::new(10, 3, start);
        let mut spend = |ms| allowance.spend(start + Duration::from_millis(ms));
        assert_eq!([(); 3].map(|()| spend(0)), [Verdict::Fine; 3]);
        assert_eq!([(); 3].map(|()| spend(0)), [Verdict::Refuse; 3]);
        assert_eq!(spend(0), Verdict::Abuse);
        let mut allowance = Allowance::new(10, 3, start);
        let mut spend = |ms| allowance.spend(start + Duration::from_millis(ms));
        assert_eq!(
            [(); 4].map(|()| spend(0)),
            [Verdict::Fine, Verdict::Fine, Verdict::Fine, Verdict::Refuse]
        );
        assert_eq!(spend(200), Verdict::Fine);
        assert_eq!(spend(60_000), Verdict::Fine, "never more than the burst");
        assert_eq!([(); 3].map(|()| spend(60_000)), [Verdict::Fine, Verdict::Fine, Verdict::Refuse]);
    }
}
