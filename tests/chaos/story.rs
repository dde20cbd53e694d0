//! Calls as providers tell them: what each kind sends about one, in its own words, and how the call must stand when all
//! of it has arrived, in whatever order and however often.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

pub const KINDS: [&str; 7] = ["generic", "twilio", "telnyx", "vonage", "plivo", "sipgate", "zammad"];

/// What a provider posts. It is signed when it is sent.
#[derive(Clone, Debug)]
pub enum Body {
    Json(Value),
    Form(Vec<(&'static str, String)>),
}

/// One event.
#[derive(Clone, Debug)]
pub struct Step {
    pub after: Duration,
    /// The `type` of its entry in the log.
    pub word: &'static str,
    pub body: Body,
    /// What names the event, where the provider does.
    pub id: String,
}

/// How the call must stand in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub reason: &'static str,
    /// The extension of who answered.
    pub answered_by: Option<String>,
    pub from: String,
    pub to: String,
    pub queue: Option<&'static str>,
    /// Entries of the log by type.
    pub entries: BTreeMap<&'static str, usize>,
}

#[derive(Clone, Debug)]
pub struct Story {
    pub kind: &'static str,
    pub call: String,
    pub steps: Vec<Step>,
    /// The extension of who is rung.
    pub rings: String,
    /// `None`: it is left as it is, ringing or answered.
    pub end: Option<End>,
}

/// Who may be rung, and where.
#[derive(Clone, Debug)]
pub struct Cast {
    pub extensions: Vec<String>,
    pub lines: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plot {
    Any,
    /// Rings one named agent and is given up; in order.
    Plain,
    /// Rings or talks, and does not end.
    Open,
}

struct Teller {
    kind: &'static str,
    call: String,
    began: DateTime<Utc>,
    from: String,
    to: String,
    extension: String,
    random: StdRng,
    steps: Vec<Step>,
    at: i64,
}

/// The story with this number.
pub fn tell(seed: u64, number: u64, kind: &'static str, plot: Plot, cast: &Cast) -> Story {
    let mut random = StdRng::seed_from_u64(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let known = ["0101", "0102", "0011", "0103"];
    let from = match random.random_range(0..10) {
        0..5 => format!("+3363998{}", known[random.random_range(0..known.len())]),
        // Strangers, some of whom call more than once.
        _ => format!("+336123{:05}", random.random_range(0..20_000)),
    };
    let to = cast.lines[random.random_range(0..cast.lines.len())].clone();
    let extension = cast.extensions[random.random_range(0..cast.extensions.len())].clone();
    let answered = match plot {
        Plot::Any => random.random_range(0..3) > 0,
        Plot::Plain => false,
        Plot::Open => random.random_bool(0.5),
    };
    let queued = plot == Plot::Any && kind == "generic" && random.random_bool(0.5);
    let call = format!("chaos-{seed:x}-{kind}-{number}");
    let mut teller =
        Teller { kind, call, began: Utc::now(), from, to, extension, random, steps: Vec::new(), at: 0 };
    let queue = (queued && !answered).then_some("support");
    let reason = teller.play(answered, plot != Plot::Open, queue);
    let mut entries = BTreeMap::new();
    for step in &teller.steps {
        *entries.entry(step.word).or_default() += 1;
    }
    let end = reason.map(|reason| End {
        reason,
        answered_by: answered.then(|| teller.extension.clone()),
        from: teller.from.clone(),
        to: teller.to.clone(),
        queue,
        entries,
    });
    Story { kind, call: teller.call, steps: teller.steps, rings: teller.extension, end }
}

impl Teller {
    /// Tells it all; answers why it ended.
    fn play(&mut self, answered: bool, ends: bool, queue: Option<&'static str>) -> Option<&'static str> {
        match self.kind {
            "generic" => self.generic(answered, ends, queue),
            "twilio" => self.twilio(answered, ends),
            "telnyx" => self.telnyx(answered, ends),
            "vonage" => self.vonage(answered, ends),
            "plivo" => self.plivo(answered, ends),
            _ => self.cti(answered, ends),
        }
        let reason = match (answered, self.kind) {
            (true, _) => "completed",
            (false, "generic") if queue.is_some() => "abandoned",
            (false, "twilio" | "plivo") => "busy",
            (false, _) => "missed",
        };
        ends.then_some(reason)
    }

    /// The next event, a little later than the one before.
    fn add(&mut self, word: &'static str, body: Body) {
        let id = format!("{}-{}", self.call, self.steps.len());
        let after = Duration::from_millis(self.at.unsigned_abs());
        self.steps.push(Step { after, word, body, id });
        self.at += self.random.random_range(150..900);
    }

    fn now(&self) -> DateTime<Utc> {
        self.began + TimeDelta::milliseconds(self.at)
    }

    fn rfc3339(&self) -> String {
        self.now().to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    fn bare(number: &str) -> String {
        number.trim_start_matches('+').to_owned()
    }

    fn leg(&self, name: &str) -> String {
        format!("{}-{name}", self.call)
    }

    fn generic(&mut self, answered: bool, ends: bool, queue: Option<&'static str>) {
        let tell = |teller: &mut Self, word: &'static str, named: bool, reason: Option<&str>| {
            let agent = named.then(|| json!({ "extension": teller.extension }));
            let body = json!({
                "call_id": teller.call, "type": word, "at": teller.rfc3339(), "direction": "inbound",
                "from": teller.from, "to": teller.to, "agent": agent, "queue": queue, "reason": reason,
            });
            teller.add(word, Body::Json(body));
        };
        tell(self, "ringing", true, None);
        if answered {
            tell(self, "answered", true, None);
            if self.random.random_bool(0.4) {
                tell(self, "held", false, None);
                tell(self, "resumed", false, None);
            }
        }
        if ends {
            tell(self, "ended", false, answered.then_some("completed"));
        }
    }

    fn twilio(&mut self, answered: bool, ends: bool) {
        let tell = |teller: &mut Self, word: &'static str, status: &str, sequence: u32, child: bool| {
            let call = format!("CA{}", teller.call);
            let mut fields = vec![
                ("AccountSid", "AC00000000000000000000000000000000".to_owned()),
                ("CallStatus", status.to_owned()),
                ("From", teller.from.clone()),
                ("SequenceNumber", sequence.to_string()),
                ("Timestamp", teller.now().format("%a, %d %b %Y %H:%M:%S +0000").to_string()),
            ];
            if child {
                fields.push(("CallSid", format!("{call}-child")));
                fields.push(("ParentCallSid", call));
                fields.push(("Direction", "outbound-dial".to_owned()));
                fields.push(("To", format!("client:{}", teller.extension)));
            } else {
                fields.push(("CallSid", call));
                fields.push(("Direction", "inbound".to_owned()));
                fields.push(("To", teller.to.clone()));
            }
            teller.add(word, Body::Form(fields));
        };
        tell(self, "ringing", "ringing", 0, false);
        tell(self, "ringing", "ringing", 0, true);
        if answered {
            tell(self, "answered", "in-progress", 1, true);
            tell(self, "answered", "in-progress", 1, false);
        }
        match (answered, ends) {
            (true, true) => {
                tell(self, "ended", "completed", 2, true);
                tell(self, "ended", "completed", 2, false);
            }
            (false, true) => tell(self, "ended", "busy", 1, false),
            (_, false) => {}
        }
        self.call = format!("CA{}", self.call);
    }

    fn telnyx(&mut self, answered: bool, ends: bool) {
        let tell = |teller: &mut Self, word: &'static str, event: &str, leg: bool, cause: Option<&str>| {
            let (direction, to) = if leg {
                ("outgoing", format!("sip:{}@sip.telnyx.com", teller.extension))
            } else {
                ("incoming", teller.to.clone())
            };
            let body = json!({ "data": {
                "record_type": "event", "id": format!("{}-{}", teller.call, teller.steps.len()),
                "event_type": event, "occurred_at": teller.rfc3339(),
                "payload": {
                    "call_session_id": teller.call, "call_leg_id": teller.leg(direction), "direction": direction,
                    "from": teller.from, "to": to, "hangup_cause": cause,
                },
            }});
            teller.add(word, Body::Json(body));
        };
        tell(self, "ringing", "call.initiated", false, None);
        tell(self, "ringing", "call.initiated", true, None);
        if answered {
            tell(self, "answered", "call.answered", true, None);
            if self.random.random_bool(0.3) {
                tell(self, "held", "call.hold", false, None);
                tell(self, "resumed", "call.unhold", false, None);
            }
        }
        if ends {
            let cause = if answered { "normal_clearing" } else { "originator_cancel" };
            tell(self, "ended", "call.hangup", false, Some(cause));
        }
    }

    fn vonage(&mut self, answered: bool, ends: bool) {
        let tell = |teller: &mut Self, word: &'static str, status: &str, leg: bool| {
            let (direction, to) = if leg {
                ("outbound", format!("sip:{}@pbx.example", teller.extension))
            } else {
                ("inbound", Self::bare(&teller.to))
            };
            let body = json!({
                "from": Self::bare(&teller.from), "to": to, "uuid": teller.leg(direction), "status": status,
                "conversation_uuid": teller.call, "direction": direction, "timestamp": teller.rfc3339(),
            });
            teller.add(word, Body::Json(body));
        };
        tell(self, "ringing", "ringing", false);
        tell(self, "ringing", "ringing", true);
        if answered {
            tell(self, "answered", "answered", true);
        }
        if ends {
            tell(self, "ended", if answered { "completed" } else { "timeout" }, false);
        }
    }

    fn plivo(&mut self, answered: bool, ends: bool) {
        let base = |teller: &Self| {
            vec![
                ("CallUUID", teller.call.clone()),
                ("Direction", "inbound".to_owned()),
                ("From", Self::bare(&teller.from)),
                ("To", Self::bare(&teller.to)),
            ]
        };
        let status = |teller: &mut Self, word, status: &str, clock: &'static str, cause: Option<&str>| {
            let mut fields = base(teller);
            fields.push(("CallStatus", status.to_owned()));
            fields.push((clock, teller.now().format("%Y-%m-%d %H:%M:%S").to_string()));
            fields.extend(cause.map(|cause| ("HangupCause", cause.to_owned())));
            teller.add(word, Body::Form(fields));
        };
        status(self, "ringing", "ringing", "StartTime", None);
        if answered {
            let mut fields = base(self);
            fields.push(("DialAction", "answer".to_owned()));
            fields.push(("DialBLegUUID", self.leg("b")));
            fields.push(("DialBLegTo", format!("sip:{}@phone.plivo.com", self.extension)));
            self.add("answered", Body::Form(fields));
        }
        if ends {
            let (word, cause) = if answered { ("completed", "NORMAL_HANGUP") } else { ("busy", "USER_BUSY") };
            status(self, "ended", word, "EndTime", Some(cause));
        }
    }

    /// sipgate and Zammad's protocol: the same words, as a form and as JSON.
    fn cti(&mut self, answered: bool, ends: bool) {
        let tell = |teller: &mut Self, word: &'static str, event: &str, user: bool, cause: Option<&str>| {
            let mut fields = vec![
                ("event", event.to_owned()),
                ("callId", teller.call.clone()),
                ("from", Self::bare(&teller.from)),
                ("to", Self::bare(&teller.to)),
                ("direction", "in".to_owned()),
            ];
            if user {
                fields.push(("user[]", teller.extension.clone()));
            }
            fields.extend(cause.map(|cause| ("cause", cause.to_owned())));
            let body = if teller.kind == "sipgate" {
                Body::Form(fields)
            } else {
                Body::Json(
                    fields
                        .into_iter()
                        .collect::<BTreeMap<_, _>>()
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), Value::String(value)))
                        .collect::<serde_json::Map<_, _>>()
                        .into(),
                )
            };
            teller.add(word, body);
        };
        tell(self, "ringing", "newCall", true, None);
        if answered {
            tell(self, "answered", "answer", true, None);
        }
        if ends {
            tell(self, "ended", "hangup", false, Some(if answered { "normalClearing" } else { "noAnswer" }));
        }
    }
}
