//! Plays the demo's calls through the real door: signed events to this server's own generic hook, as a small office's
//! switchboard would send them. Callers are mostly the demo's contacts; agents answer, hold, and sometimes miss.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::RngExt as _;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::cast::{PEOPLE, TENANTS};

/// A new call every few seconds.
const BETWEEN_CALLS_S: std::ops::Range<f64> = 2.0..7.0;
/// Calls at once, so that a server that answers slowly is not buried.
const MOST_AT_ONCE: usize = 12;

/// Where and how events are sent.
#[derive(Clone)]
pub struct Player {
    hook_url: String,
    key: Vec<u8>,
    client: reqwest::Client,
}

/// How a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Story {
    Answered,
    AnsweredAndHeld,
    Missed,
    Abandoned,
    Voicemail,
}

/// The parts of a call that its events share.
struct Call {
    id: String,
    from: String,
    to: &'static str,
    extension: Option<&'static str>,
    queue: Option<&'static str>,
    story: Story,
}

impl Player {
    /// `secret` is the generic connection's, with its `whsec_`.
    pub fn new(hook_url: String, secret: &str) -> anyhow::Result<Self> {
        let key = STANDARD.decode(secret.trim_start_matches("whsec_"))?;
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).no_proxy().build()?;
        Ok(Self { hook_url, key, client })
    }

    /// Plays until told to stop.
    pub async fn play(self, stop: CancellationToken) {
        let calls = TaskTracker::new();
        while !stop.is_cancelled() {
            if calls.len() < MOST_AT_ONCE {
                let (player, stop) = (self.clone(), stop.clone());
                calls.spawn(async move {
                    let call = invent();
                    tokio::select! {
                        () = player.call(&call) => {}
                        () = stop.cancelled() => {}
                    }
                });
            }
            tokio::select! {
                () = tokio::time::sleep(between(BETWEEN_CALLS_S)) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn call(&self, call: &Call) {
        self.tell(call, "ringing", None).await;
        match call.story {
            Story::Answered => {
                tokio::time::sleep(between(2.0..8.0)).await;
                self.tell(call, "answered", None).await;
                tokio::time::sleep(between(15.0..90.0)).await;
                self.tell(call, "ended", None).await;
            }
            Story::AnsweredAndHeld => {
                tokio::time::sleep(between(2.0..6.0)).await;
                self.tell(call, "answered", None).await;
                for kind in ["held", "resumed"] {
                    tokio::time::sleep(between(5.0..20.0)).await;
                    self.tell(call, kind, None).await;
                }
                tokio::time::sleep(between(10.0..40.0)).await;
                self.tell(call, "ended", None).await;
            }
            Story::Missed | Story::Abandoned => {
                tokio::time::sleep(between(8.0..25.0)).await;
                self.tell(call, "ended", None).await;
            }
            Story::Voicemail => {
                tokio::time::sleep(between(15.0..25.0)).await;
                self.tell(call, "ended", Some("voicemail")).await;
            }
        }
    }

    async fn tell(&self, call: &Call, kind: &str, reason: Option<&str>) {
        let body = body_of(call, kind, reason).to_string();
        let (id, at) = (format!("msg_{}", uuid::Uuid::now_v7()), seconds());
        let signature = sign(&self.key, &id, at, &body);
        let request = self
            .client
            .post(&self.hook_url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", at)
            .header("webhook-signature", signature)
            .body(body);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => tracing::debug!(status = answer.status().as_u16(), "a demo event was refused"),
            // The URL holds the hook's key, which the error would print.
            Err(error) => tracing::debug!(error = %error.without_url(), "a demo event was not taken"),
        }
    }
}

fn body_of(call: &Call, kind: &str, reason: Option<&str>) -> Value {
    json!({
        "call_id": call.id,
        "type": kind,
        "at": Utc::now(),
        "direction": "inbound",
        "from": call.from,
        "to": call.to,
        "agent": call.extension.map(|extension| json!({ "extension": extension })),
        "queue": call.queue,
        "reason": reason,
    })
}

fn sign(key: &[u8], id: &str, at: u64, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

fn between(seconds: std::ops::Range<f64>) -> Duration {
    Duration::from_secs_f64(rand::rng().random_range(seconds))
}

fn invent() -> Call {
    let demo = &TENANTS[0];
    let mut random = rand::rng();
    let phones: Vec<&str> = demo.contacts.iter().flat_map(|contact| contact.phones).copied().collect();
    let from = match random.random_range(0..10) {
        // Somebody nobody knows, and somebody who does not say.
        0 | 1 => format!("+336399855{:02}", random.random_range(0..100)),
        2 => "anonymous".to_owned(),
        _ => format!("+3363998{}", phones[random.random_range(0..phones.len())]),
    };
    let extensions: Vec<&'static str> = PEOPLE.iter().filter_map(|(_, _, _, extension)| *extension).collect();
    let queued = random.random_range(0..4) == 0;
    let story = match random.random_range(0..10) {
        0..=4 => Story::Answered,
        5 | 6 => Story::AnsweredAndHeld,
        7 if queued => Story::Abandoned,
        8 => Story::Voicemail,
        _ => Story::Missed,
    };
    Call {
        id: format!("demo-{}", uuid::Uuid::now_v7()),
        from,
        to: demo.lines[random.random_range(0..demo.lines.len())],
        // A call that only waits in a queue rings at nobody in particular.
        extension: (story != Story::Abandoned).then(|| extensions[random.random_range(0..extensions.len())]),
        queue: queued.then_some("support"),
        story,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        // The example of the specification.
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signature = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn invented_calls_are_calls() {
        for _ in 0..200 {
            let call = invent();
            assert!(call.from == "anonymous" || (call.from.starts_with("+3363998") && call.from.len() == 12));
            assert!(TENANTS[0].lines.contains(&call.to));
            assert!(call.extension.is_some() || call.queue.is_some());
            let body = body_of(&call, "ringing", None);
            for key in ["call_id", "type", "at", "from", "to"] {
                assert!(body[key].is_string(), "{key}");
            }
        }
    }
}
