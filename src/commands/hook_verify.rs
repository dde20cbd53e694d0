//! `switchroom hook-verify`: judges recorded webhook requests by the very code of the hook path, for integrators
//! puzzled by a 401. One JSON object per line in, one verdict per line out.

use std::collections::BTreeMap;
use std::io::{BufRead as _, Write as _};
use std::time::Duration;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use switchroom_engine::ingest::{Credentials, CredentialsError, Headers, HookRequest, Kind, Refusal, verify};

/// A request as it came, and the connection's key.
#[derive(Deserialize)]
struct Recorded {
    kind: String,
    #[serde(default)]
    key: Option<String>,
    #[serde(default = "post")]
    method: String,
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    /// Unix seconds; some languages write a float.
    now: serde_json::Number,
}

fn post() -> String {
    "POST".to_owned()
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Verdict {
    valid: bool,
    reason: Option<String>,
}

/// Reads until the end of standard input. A line that is no request is a verdict too, so that lines match lines.
pub fn run(tolerance: Duration) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().split(b'\n') {
        let line = line.context("cannot read standard input")?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let verdict = serde_json::to_string(&judge(&line, tolerance))?;
        if let Err(error) = writeln!(out, "{verdict}").and_then(|()| out.flush()) {
            // A reader that has seen enough (`| head`) is no failure.
            return if error.kind() == std::io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error.into()) };
        }
    }
    Ok(())
}

fn judge(line: &[u8], tolerance: Duration) -> Verdict {
    let reason = match checked(line, tolerance) {
        Ok(Ok(())) => None,
        Ok(Err(refusal)) => Some(refusal.as_str().to_owned()),
        Err(why) => Some(why),
    };
    Verdict { valid: reason.is_none(), reason }
}

fn checked(line: &[u8], tolerance: Duration) -> Result<Result<(), Refusal>, String> {
    let recorded: Recorded = serde_json::from_slice(line).map_err(|error| format!("bad_input: {error}"))?;
    let kind =
        Kind::parse(&recorded.kind).ok_or_else(|| format!("bad_input: no such kind: {}", recorded.kind))?;
    let credentials = match Credentials::from_key(kind, recorded.key.as_deref()) {
        Ok(credentials) => credentials,
        Err(CredentialsError::Missing(_)) => return Ok(Err(Refusal::NoKey)),
        Err(error) => return Err(format!("bad_input: {error}")),
    };
    let now_s = recorded
        .now
        .as_i64()
        .or_else(|| recorded.now.as_f64().map(|now| now as i64))
        .ok_or_else(|| "bad_input: now".to_owned())?;
    let headers: Headers =
        recorded.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let request = HookRequest {
        method: &recorded.method,
        url: &recorded.url,
        headers: &headers,
        body: recorded.body.as_bytes(),
        received_at_us: now_s.saturating_mul(1_000_000),
        now_s,
    };
    Ok(verify(&request, &credentials, i64::try_from(tolerance.as_secs()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reason(line: &serde_json::Value) -> Option<String> {
        let verdict = judge(line.to_string().as_bytes(), Duration::from_secs(300));
        assert_eq!(verdict.valid, verdict.reason.is_none());
        verdict.reason
    }

    #[test]
    fn verdicts() {
        let mut line = json!({"kind": "generic", "key": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "method": "POST",
            "url": "https://x.example/hooks/K", "body": "{\"test\": 2432232314}", "now": 1_614_265_330,
            "headers": {"Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "WEBHOOK-TIMESTAMP": "1614265330",
                "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}});
        assert_eq!(reason(&line), None);
        line["now"] = json!(1_614_265_330.5);
        assert_eq!(reason(&line), None);
        line["now"] = json!(1_614_269_999);
        assert_eq!(reason(&line).as_deref(), Some("stale_timestamp"));
        line["headers"] = json!({});
        assert_eq!(reason(&line).as_deref(), Some("missing_signature"));
        line["key"] = json!("");
        assert_eq!(reason(&line).as_deref(), Some("no_key"));
        line["kind"] = json!("carrier pigeon");
        assert!(reason(&line).is_some_and(|reason| reason.starts_with("bad_input")));
        assert_eq!(reason(&json!({"kind": "zammad", "key": null, "url": "x", "now": 0})), None);
        assert_eq!(reason(&json!({"kind": "sipgate", "key": null, "url": "x", "now": 0})), None);
        assert_eq!(
            reason(&json!({"kind": "sipgate", "key": "me:secret", "url": "x", "now": 0})).as_deref(),
            Some("missing_signature")
        );
    }

    /// Twilio's documented example, with no more headers than it shows.
    #[test]
    fn a_form_needs_no_content_type_here() {
        let line = json!({"kind": "twilio", "key": "12345", "method": "POST",
            "url": "https://mycompany.com/myapp.php?foo=1&bar=2",
            "headers": {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
            "body": "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212",
            "now": 0});
        assert_eq!(reason(&line), None);
    }
}
