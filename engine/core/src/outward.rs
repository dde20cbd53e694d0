//! Events that leave the house: which of them an endpoint hears, and when they are tried again.

use chrono::DateTime;

use crate::{Timestamp, log::EventType};

/// How long after a failure the next attempt is made, in seconds; behind the last the event is a dead letter.
pub const SCHEDULE_S: [u64; 9] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800];

/// When to try again after so many failed attempts; `None` when there were enough. `jitter` is random, 0 to 1: it moves
/// the time by up to a fifth either way, so that endpoints that failed together do not come back together.
pub fn retry_after_ms(failed: u32, jitter: f64) -> Option<u64> {
    let seconds = SCHEDULE_S.get(usize::try_from(failed).ok()?.checked_sub(1)?)?;
    let factor = 0.8 + 0.4 * jitter.clamp(0.0, 1.0);
    Some((*seconds as f64 * 1000.0 * factor) as u64)
}

/// No longer than this is waited because a receiver asks for it.
pub const LONGEST_ASKED_S: u64 = 3_600;

/// A receiver's `Retry-After` (RFC 9110 §10.2.3: seconds, or a date) in milliseconds from `now`, as far as it is heeded.
pub fn asked_wait_ms(text: &str, now: Timestamp) -> Option<u64> {
    let text = text.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let until = DateTime::parse_from_rfc2822(text).ok()?;
            u64::try_from((until.to_utc() - now).num_seconds()).unwrap_or(0)
        }
    };
    Some(seconds.min(LONGEST_ASKED_S) * 1000)
}

/// The words an endpoint can ask for.
pub fn event_name(kind: EventType) -> &'static str {
    match kind {
        EventType::Ringing => "call.ringing",
        EventType::Answered => "call.answered",
        EventType::Held => "call.held",
        EventType::Resumed => "call.resumed",
        EventType::Transferred => "call.transferred",
        EventType::Ended => "call.ended",
        EventType::Presence => "agent.presence",
    }
}

/// Whether an endpoint that asked for `filter` hears of `name`. Nothing asked for means everything; `call.*` all of calls.
pub fn hears<S: AsRef<str>>(filter: &[S], name: &str) -> bool {
    filter.is_empty() || filter.iter().any(|asked| fits(asked.as_ref(), name))
}

fn fits(asked: &str, name: &str) -> bool {
    match asked.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => asked == name,
    }
}

/// Whether a filter's word means any event at all.
pub fn is_known(asked: &str) -> bool {
    let whole = asked.strip_suffix('*').is_none_or(|prefix| prefix.is_empty() || prefix.ends_with('.'));
    whole && EventType::ALL.into_iter().any(|kind| fits(asked, event_name(kind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        let all: [&str; 0] = [];
        assert!(hears(&all, "call.ringing"));
        assert!(hears(&["call.ended", "call.ringing"], "call.ringing"));
        assert!(hears(&["call.*"], "call.held") && hears(&["*"], "agent.presence"));
        assert!(!hears(&["call.*"], "agent.presence") && !hears(&["call.ended"], "call.ringing"));
        for known in ["*", "call.*", "call.ringing", "agent.presence", "agent.*"] {
            assert!(is_known(known), "{known}");
        }
        for unknown in ["", "call", "call.", "call.ring", "call.ring*", "ticket.*", "c*", "**"] {
            assert!(!is_known(unknown), "{unknown}");
        }
    }

    #[test]
    fn a_receiver_may_ask_for_time() {
        let now = DateTime::parse_from_rfc3339("1994-11-06T08:49:07Z").unwrap().to_utc();
        for (text, wait) in [
            ("30", Some(30_000)),
            (" 0 ", Some(0)),
            ("86400", Some(3_600_000)),
            ("99999999999999999999", None),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(30_000)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("Mon, 07 Nov 1994 08:49:37 GMT", Some(3_600_000)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(asked_wait_ms(text, now), wait, "{text}");
        }
    }

    #[test]
    fn attempts_come_later_and_later_and_end() {
        assert_eq!(retry_after_ms(0, 0.5), None);
        let mut before = 0;
        for failed in 1..=9 {
            let (least, most) = (retry_after_ms(failed, 0.0).unwrap(), retry_after_ms(failed, 1.0).unwrap());
            assert!(before < least && least < most, "{failed}");
            before = most;
        }
        assert_eq!(retry_after_ms(1, 0.5), Some(5_000));
        assert_eq!(retry_after_ms(10, 0.5), None);
    }
}
