//! What a SIP ending means: one table from final status and from the Reason header (RFC 3326, Q.850 causes).

use switchroom_core::EndCause;

/// A final response that was sent or received for an INVITE.
pub fn of_status(status: u16) -> EndCause {
    match status {
        200..=299 => EndCause::Completed,
        300..=399 => EndCause::Forwarded,
        486 | 600 => EndCause::Busy,
        408 | 480 => EndCause::NoAnswer,
        487 => EndCause::CallerGaveUp,
        603 | 607 | 608 => EndCause::Rejected,
        _ => EndCause::Failed,
    }
}

/// The Reason headers of a CANCEL or BYE; None where they say nothing we know.
pub fn of_reason<'a>(headers: impl Iterator<Item = &'a str>) -> Option<EndCause> {
    headers.flat_map(|value| value.split(',')).find_map(|one| {
        let mut parts = one.split(';').map(str::trim);
        let protocol = parts.next()?;
        let cause: u16 = parts.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("cause").then(|| value.trim().parse().ok())?
        })?;
        if protocol.eq_ignore_ascii_case("SIP") {
            // 200 in a CANCEL: "Call completed elsewhere".
            Some(if cause == 200 { EndCause::Forwarded } else { of_status(cause) })
        } else if protocol.eq_ignore_ascii_case("Q.850") {
            of_q850(cause)
        } else {
            None
        }
    })
}

/// ITU-T Q.850 cause values. 16, normal clearing, says nothing about a call that was never answered.
fn of_q850(cause: u16) -> Option<EndCause> {
    Some(match cause {
        17 => EndCause::Busy,
        18 | 19 | 20 | 102 => EndCause::NoAnswer,
        21 => EndCause::Rejected,
        // Non-selected user clearing: another phone took it.
        26 => EndCause::Forwarded,
        1..=3 | 22 | 27 | 28 | 34 | 38 | 41..=44 | 47 | 50 | 57 | 58 | 63 | 79 | 88 | 111 | 127 => {
            EndCause::Failed
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons() {
        for (header, cause) in [
            ("SIP;cause=200;text=\"Call completed elsewhere\"", Some(EndCause::Forwarded)),
            ("SIP ;cause=486 ;text=\"Busy Here\"", Some(EndCause::Busy)),
            ("Q.850;cause=17", Some(EndCause::Busy)),
            ("Q.850;cause=16;text=\"Terminated\"", None),
            ("Q.850;cause=26, SIP;cause=480", Some(EndCause::Forwarded)),
            ("preemption;cause=1", None),
            ("Q.850;text=x", None),
            ("", None),
        ] {
            assert_eq!(of_reason([header].into_iter()), cause, "{header}");
        }
    }

    #[test]
    fn statuses() {
        for (status, cause) in [
            (302, EndCause::Forwarded),
            (480, EndCause::NoAnswer),
            (486, EndCause::Busy),
            (487, EndCause::CallerGaveUp),
            (603, EndCause::Rejected),
            (404, EndCause::Failed),
            (503, EndCause::Failed),
        ] {
            assert_eq!(of_status(status), cause);
        }
    }
}
