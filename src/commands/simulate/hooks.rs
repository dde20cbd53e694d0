//! Calls told by webhook: Twilio's status callbacks with a child leg to the agent, or our own format.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::RngExt as _;
use serde_json::json;
use sha1::Sha1;
use sha2::Sha256;
use tokio::time::Instant;

use super::{Caller, DemoConnection, Report, seconds_between};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Twilio,
    Generic,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Generic => "generic",
        }
    }
}

/// Sends signed requests.
#[derive(Clone)]
pub struct Sender {
    kind: Kind,
    /// The URL that is signed.
    public: String,
    /// The URL that is posted to.
    target: String,
    secret: Vec<u8>,
    client: reqwest::Client,
    report: Report,
}

impl Sender {
    pub fn new(
        kind: Kind,
        connection: &DemoConnection,
        to: Option<&str>,
        report: Report,
    ) -> anyhow::Result<Self> {
        let secret = connection.secret.as_deref().context("the connection has no secret")?;
        let secret = match kind {
            Kind::Twilio => secret.as_bytes().to_vec(),
            Kind::Generic => STANDARD
                .decode(secret.strip_prefix("whsec_").unwrap_or(secret))
                .context("the generic secret is no base64")?,
        };
        let public = connection.hook_url.clone();
        let target = match to {
            None => public.clone(),
            Some(base) => {
                let path =
                    public.find("/hooks/").map(|at| &public[at..]).ok_or_else(|| anyhow!("odd hook_url"))?;
                format!("{}{path}", base.trim_end_matches('/'))
            }
        };
        let client = reqwest::Client::builder().timeout(Duration::from_secs(15)).no_proxy().build()?;
        Ok(Self { kind, public, target, secret, client, report })
    }

    /// One call from its first ring to its end.
    pub async fn call(self, caller: Caller) {
        let answered = caller.extension.is_some() && rand::rng().random_range(0..3) > 0;
        match self.kind {
            Kind::Generic => self.generic(&caller, answered).await,
            Kind::Twilio => self.twilio(&caller, answered).await,
        }
    }

    async fn generic(&self, caller: &Caller, answered: bool) {
        let call = format!("sim-{}", uuid::Uuid::now_v7());
        let tell = async |kind: &str, agent: bool, reason: Option<&str>| {
            let agent = caller
                .extension
                .as_ref()
                .filter(|_| agent)
                .map(|extension| json!({ "extension": extension }));
            let body = json!({"call_id": call, "type": kind, "at": Utc::now(), "direction": "inbound",
                "from": caller.from, "to": caller.line, "agent": agent, "queue": caller.queue, "reason": reason});
            self.post_json(body.to_string()).await;
        };
        tell("ringing", false, None).await;
        tokio::time::sleep(seconds_between(1.0..4.0)).await;
        if answered {
            tell("answered", true, None).await;
            tokio::time::sleep(seconds_between(2.0..6.0)).await;
        }
        tell("ended", answered, if answered { Some("completed") } else { None }).await;
    }

    async fn twilio(&self, caller: &Caller, answered: bool) {
        let sid = || format!("CA{}", uuid::Uuid::new_v4().simple());
        let (parent, child) = (sid(), sid());
        // Twilio writes a hidden caller as this number.
        let from = if caller.from == "anonymous" { "+266696687" } else { caller.from.as_str() };
        let tell = async |status: &str, sequence: u32, leg: Option<&str>| {
            let timestamp = Utc::now().format("%a, %d %b %Y %H:%M:%S +0000").to_string();
            let (call, to, direction) = match leg {
                None => (&parent, caller.line.clone(), "inbound"),
                Some(extension) => (&child, format!("client:{extension}"), "outbound-dial"),
            };
            let sequence = sequence.to_string();
            let mut fields = vec![
                ("AccountSid", "AC00000000000000000000000000000000"),
                ("ApiVersion", "2010-04-01"),
                ("CallSid", call.as_str()),
                ("CallStatus", status),
                ("CallbackSource", "call-progress-events"),
                ("Called", to.as_str()),
                ("Caller", from),
                ("Direction", direction),
                ("From", from),
                ("SequenceNumber", sequence.as_str()),
                ("Timestamp", timestamp.as_str()),
                ("To", to.as_str()),
            ];
            if leg.is_some() {
                fields.push(("ParentCallSid", parent.as_str()));
            }
            self.post_form(fields).await;
        };
        tell("ringing", 0, None).await;
        tokio::time::sleep(seconds_between(1.0..4.0)).await;
        if let Some(extension) = caller.extension.as_deref().filter(|_| answered) {
            tell("in-progress", 1, Some(extension)).await;
            tell("in-progress", 1, None).await;
            tokio::time::sleep(seconds_between(2.0..6.0)).await;
            tell("completed", 2, Some(extension)).await;
            tell("completed", 2, None).await;
        } else {
            tell("no-answer", 1, None).await;
        }
    }

    async fn post_form(&self, mut fields: Vec<(&str, &str)>) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        fields.sort_unstable();
        let signed: String = std::iter::once(self.public.as_str())
            .chain(fields.iter().flat_map(|(name, value)| [*name, *value]))
            .collect();
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(&self.secret) else { return };
        mac.update(signed.as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let request = self
            .client
            .post(&self.target)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-twilio-signature", signature);
        self.send(request.body(body)).await;
    }

    async fn post_json(&self, body: String) {
        let (id, at) = (format!("msg_{}", uuid::Uuid::now_v7().simple()), Utc::now().timestamp());
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.secret) else { return };
        mac.update(format!("{id}.{at}.{body}").as_bytes());
        let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        let request = self
            .client
            .post(&self.target)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", at)
            .header("webhook-signature", signature);
        self.send(request.body(body)).await;
    }

    async fn send(&self, request: reqwest::RequestBuilder) {
        self.report.sent();
        let begun = Instant::now();
        match request.send().await {
            Ok(answer) if answer.status().is_success() => self.report.acknowledged(begun.elapsed()),
            Ok(answer) => self.report.refused(format!("HTTP {}", answer.status().as_u16())),
            Err(error) if error.is_timeout() => self.report.refused("no answer in time"),
            Err(error) if error.is_connect() => self.report.refused("no connection"),
            Err(_) => self.report.refused("connection broke"),
        }
    }
}
