//! How often: requests per token, per person, per tenant and per address; sign-ins per address, wrong guesses per account,
//! mails per address of mail.
//!
//! One process counts for itself; a cluster multiplies the limits by its nodes until the shared store of a later
//! issue. Idle keys are dropped, so a scan with many keys does not fill memory.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use dashmap::DashMap;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::DashMapStateStore,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Address;
use crate::{problem::Problem, state::RateLimits};

type Keyed<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock>;

/// A person's tokens together, as a multiple of what one may: many tokens are no way around the limit.
const PERSON: u32 = 4;
/// A tenant's together: one tenant's scripts leave room for the others.
const TENANT: u32 = 100;
/// Wrong guesses at one account's secrets, from wherever, before it rests until the end of the window.
const FAILURES: u32 = 20;
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Mails to one address that somebody else may cause, so that nobody's mailbox is filled by us.
const MAILS: u32 = 5;
const MAIL_WINDOW: Duration = Duration::from_secs(3600);
/// Accounts remembered; beyond it those whose window is over are dropped, then all.
const ACCOUNTS: usize = 100_000;

/// The limiters; each is absent when limits are off.
pub struct Limits {
    tokens: Option<Keyed<Uuid>>,
    people: Option<Keyed<Uuid>>,
    tenants: Option<Keyed<Uuid>>,
    /// Requests that need no sign-in and look something up.
    looks: Option<Keyed<IpAddr>>,
    sign_ins: Option<Keyed<IpAddr>>,
    failures: Option<Windows>,
    mails: Option<Windows>,
    clock: DefaultClock,
    asked: AtomicU64,
}

impl Limits {
    pub fn new(limits: Option<RateLimits>) -> Self {
        let clock = DefaultClock::default();
        let many = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let times = |times: u32| {
            limits.map(|limits| {
                let (rate, burst) =
                    (limits.per_second.saturating_mul(times), limits.burst.saturating_mul(times));
                RateLimiter::dashmap(Quota::per_second(many(rate)).allow_burst(many(burst)))
            })
        };
        Self {
            tokens: times(1),
            people: times(PERSON),
            tenants: times(TENANT),
            looks: limits.map(|limits| {
                let rate = limits.sign_in_per_minute.saturating_mul(6);
                RateLimiter::dashmap(Quota::per_minute(many(rate)))
            }),
            sign_ins: limits
                .map(|limits| RateLimiter::dashmap(Quota::per_minute(many(limits.sign_in_per_minute)))),
            failures: limits.map(|_| Windows::new(FAILURES, WINDOW)),
            mails: limits.map(|_| Windows::new(MAILS, MAIL_WINDOW)),
            clock,
            asked: AtomicU64::new(0),
        }
    }

    /// One request of a session or API token: of its person and their tenant as well.
    pub fn request(&self, token: Uuid, person: Uuid, tenant: Option<Uuid>) -> Result<(), Problem> {
        self.check(self.tokens.as_ref(), &token)?;
        self.check(self.people.as_ref(), &person)?;
        tenant.map_or(Ok(()), |tenant| self.check(self.tenants.as_ref(), &tenant))
    }

    /// One look from an address at what a sign-in page offers: more often than signing in, since it comes before it.
    pub fn look(&self, address: Address) -> Result<(), Problem> {
        address.0.map_or(Ok(()), |address| self.check(self.looks.as_ref(), &network(address)))
    }

    /// One attempt to sign in from an address.
    pub fn sign_in(&self, address: Address) -> Result<(), Problem> {
        address.0.map_or(Ok(()), |address| self.check(self.sign_ins.as_ref(), &network(address)))
    }

    /// One guess at the password or code of an account, known or not. It counts from the moment it is made, so that many
    /// made at once are no more than the limit; [`Limits::take_back`] is for those that turn out right.
    pub fn guess(&self, email: &str, now: Instant) -> Result<Guess, Locked> {
        self.failures.as_ref().map_or(Ok(Guess(None)), |failures| failures.count(email, now).map(Guess))
    }

    /// The guess was right, or was never judged.
    pub fn take_back(&self, guess: Guess) {
        if let (Some(failures), Guess(Some(counted))) = (&self.failures, guess) {
            failures.take_back(counted);
        }
    }

    /// Forgets the failures of an account whose owner has shown themselves another way.
    pub fn forgive(&self, email: &str) {
        if let Some(failures) = &self.failures {
            failures.seen.remove(&account_key(email));
        }
    }

    /// One mail to an address, known or not, that somebody else causes.
    pub fn mail_to(&self, email: &str, now: Instant) -> Result<(), Problem> {
        let Some(mails) = &self.mails else { return Ok(()) };
        mails.count(email, now).map(drop).map_err(|locked| locked.problem)
    }

    fn check<K: std::hash::Hash + Eq + Clone>(
        &self,
        limiter: Option<&Keyed<K>>,
        key: &K,
    ) -> Result<(), Problem> {
        let Some(limiter) = limiter else { return Ok(()) };
        if self.asked.fetch_add(1, Ordering::Relaxed) % 4096 == 4095 {
            limiter.retain_recent();
        }
        limiter.check_key(key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            Problem::too_many_requests(wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX))
        })
    }
}

/// A guess that is counted as wrong until it is taken back. One that is dropped (its sender went away) stays counted.
#[derive(Debug)]
#[must_use = "a guess that was right is taken back"]
pub struct Guess(Option<Counted>);

/// The account rests.
#[derive(Debug)]
pub struct Locked {
    pub problem: Problem,
    /// Whether this is the first try of the window that was refused for it.
    pub first: bool,
}

/// Which entry was counted, in which of its windows.
#[derive(Debug)]
struct Counted {
    key: [u8; 8],
    until: Instant,
}

/// So many per account within a window that begins with the first.
struct Windows {
    most: u32,
    length: Duration,
    seen: DashMap<[u8; 8], Window>,
}

struct Window {
    count: u32,
    until: Instant,
    /// Whether somebody was refused.
    refused: bool,
}

impl Windows {
    fn new(most: u32, length: Duration) -> Self {
        Self { most, length, seen: DashMap::new() }
    }

    /// One more, unless there were as many as may be: looked at and counted in one step.
    fn count(&self, email: &str, now: Instant) -> Result<Option<Counted>, Locked> {
        if self.seen.len() >= ACCOUNTS {
            self.seen.retain(|_, window| window.until > now);
            if self.seen.len() >= ACCOUNTS {
                self.seen.clear();
            }
        }
        let key = account_key(email);
        let anew = || Window { count: 0, until: now + self.length, refused: false };
        let mut window = self.seen.entry(key).or_insert_with(anew);
        if window.until <= now {
            *window = anew();
        }
        if window.count >= self.most {
            let wait = window.until.duration_since(now).as_secs() + 1;
            let first = !std::mem::replace(&mut window.refused, true);
            return Err(Locked { problem: Problem::too_many_requests(wait), first });
        }
        window.count += 1;
        Ok(Some(Counted { key, until: window.until }))
    }

    fn take_back(&self, counted: Counted) {
        if let Some(mut window) = self.seen.get_mut(&counted.key)
            && window.until == counted.until
        {
            window.count = window.count.saturating_sub(1);
        }
    }
}

fn account_key(email: &str) -> [u8; 8] {
    let digest = Sha256::digest(email.trim().to_lowercase().as_bytes());
    let mut key = [0; 8];
    key.copy_from_slice(&digest[..8]);
    key
}

/// Whoever holds an IPv6 address holds the /64 around it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(address: &str) -> Address {
        Address(Some(address.parse().unwrap()))
    }

    #[test]
    fn eleventh_sign_in_of_a_minute_waits() {
        let limits = Limits::new(Some(RateLimits::default()));
        let address = from("192.0.2.1");
        for _ in 0..10 {
            limits.sign_in(address).unwrap();
        }
        let problem = limits.sign_in(address).unwrap_err();
        assert_eq!(problem.status().as_u16(), 429);
        assert!(limits.sign_in(from("192.0.2.2")).is_ok());
        assert!(limits.sign_in(from("::ffff:192.0.2.1")).is_err(), "the same address in other words");
    }

    #[test]
    fn an_account_rests_after_too_many_wrong_passwords() {
        let (limits, now) = (Limits::new(Some(RateLimits::default())), Instant::now());
        let _wrong: Vec<_> = (0..FAILURES).map(|_| limits.guess("A@b.example", now).unwrap()).collect();
        let locked = limits.guess("a@B.example", now).unwrap_err();
        assert_eq!((locked.problem.status().as_u16(), locked.first), (429, true));
        assert!(!limits.guess("a@b.example", now).unwrap_err().first, "told once");
        assert!(limits.guess("c@b.example", now).is_ok());
        for _ in 0..FAILURES {
            assert!(limits.guess("a@b.example", now + WINDOW).is_ok(), "a new window starts from nothing");
        }
        assert!(limits.guess("a@b.example", now + WINDOW).unwrap_err().first, "told again");
    }

    #[test]
    fn a_guess_counts_while_it_is_under_way_and_not_when_it_was_right() {
        let (limits, now) = (Limits::new(Some(RateLimits::default())), Instant::now());
        for _ in 0..3 * FAILURES {
            limits.take_back(limits.guess("a@b.example", now).unwrap());
        }
        let mut under_way: Vec<_> =
            (0..FAILURES).map(|_| limits.guess("a@b.example", now).unwrap()).collect();
        assert!(limits.guess("a@b.example", now).is_err(), "none of them was judged yet");
        let right = under_way.pop().unwrap();
        limits.take_back(right);
        limits.guess("a@b.example", now).map(drop).unwrap();
        // One that comes back late takes nothing from the next window.
        let late = under_way.pop().unwrap();
        let _wrong: Vec<_> =
            (0..FAILURES).map(|_| limits.guess("a@b.example", now + WINDOW).unwrap()).collect();
        limits.take_back(late);
        assert!(limits.guess("a@b.example", now + WINDOW).is_err());
    }

    #[test]
    fn who_showed_themselves_another_way_may_try_again() {
        let (limits, now) = (Limits::new(Some(RateLimits::default())), Instant::now());
        let _wrong: Vec<_> = (0..FAILURES).map(|_| limits.guess("a@b.example", now).unwrap()).collect();
        limits.forgive("A@b.example");
        assert!(limits.guess("a@b.example", now).is_ok());
    }

    #[test]
    fn nobody_s_mailbox_is_filled() {
        let (limits, now) = (Limits::new(Some(RateLimits::default())), Instant::now());
        for _ in 0..MAILS {
            limits.mail_to("a@b.example", now).unwrap();
        }
        assert_eq!(limits.mail_to("A@b.example ", now).unwrap_err().status().as_u16(), 429);
        assert!(limits.mail_to("c@b.example", now).is_ok());
        assert!(limits.mail_to("a@b.example", now + MAIL_WINDOW).is_ok());
    }

    #[test]
    fn a_v6_network_counts_as_one() {
        let limits = Limits::new(Some(RateLimits { sign_in_per_minute: 1, ..RateLimits::default() }));
        limits.sign_in(from("2001:db8::1")).unwrap();
        assert!(limits.sign_in(from("2001:db8::2")).is_err());
        assert!(limits.sign_in(from("2001:db8:0:1::2")).is_ok());
    }

    #[test]
    fn off_is_off() {
        let limits = Limits::new(None);
        for _ in 0..5000 {
            limits.request(Uuid::nil(), Uuid::nil(), Some(Uuid::nil())).unwrap();
            limits.sign_in(from("192.0.2.1")).unwrap();
        }
    }

    #[test]
    fn bursts_are_per_token() {
        let limits = Limits::new(Some(RateLimits { per_second: 1, burst: 3, sign_in_per_minute: 10 }));
        let ask = |token: u128, person: u128, tenant: u128| {
            limits.request(Uuid::from_u128(token), Uuid::from_u128(person), Some(Uuid::from_u128(tenant)))
        };
        for _ in 0..3 {
            ask(1, 1, 1).unwrap();
        }
        assert!(ask(1, 1, 1).is_err());
        assert!(ask(2, 2, 1).is_ok());
    }

    #[test]
    fn many_tokens_are_no_way_around() {
        let limits = Limits::new(Some(RateLimits { per_second: 1, burst: 1, sign_in_per_minute: 10 }));
        let ask = |token: u128, person: u128, tenant: u128| {
            limits.request(Uuid::from_u128(token), Uuid::from_u128(person), Some(Uuid::from_u128(tenant)))
        };
        let of_one_person = (0..10).filter(|token| ask(*token, 1, 1).is_ok()).count();
        assert_eq!(of_one_person, PERSON as usize);
        let of_one_tenant = (100..400).filter(|token| ask(*token, *token, 2).is_ok()).count();
        // On a slow machine some places come back meanwhile: a hundred a second.
        assert!((TENANT as usize..2 * TENANT as usize).contains(&of_one_tenant), "{of_one_tenant}");
        assert!(ask(500, 500, 3).is_ok(), "another tenant does not notice");
    }
}
