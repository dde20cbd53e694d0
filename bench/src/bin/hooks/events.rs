//! Signed events of the generic door, made before the run: one call each, naming one of the load agents.

use std::time::Duration;

use switchroom_bench::{
    Seeded,
    hook::Signer,
    load::{Answer, Plan},
    relay::FIRST_EXTENSION,
};
use uuid::Uuid;

/// The numbers of calls never come twice in a bench.
pub struct Events {
    signer: Signer,
    path: String,
    host: String,
    agents: usize,
    callers: u64,
    next: u64,
    random: Seeded,
}

impl Events {
    pub fn new(
        secret: &str,
        hook_url: &str,
        host: &str,
        agents: usize,
        callers: u64,
    ) -> anyhow::Result<Self> {
        let path = hook_url.find("/hooks/").map_or("/", |at| &hook_url[at..]).to_owned();
        Ok(Self {
            signer: Signer::new(secret)?,
            path,
            host: host.to_owned(),
            agents,
            callers,
            next: 1,
            random: Seeded(1),
        })
    }

    /// So many calls that ring, each at an agent.
    pub fn ringing(&mut self, count: usize, gap: Duration, until: Duration, answer: Answer) -> Plan {
        let first = self.next;
        self.next += count as u64;
        let agents: Vec<usize> = (0..count).map(|_| self.random.below(self.agents as u64) as usize).collect();
        let requests = agents
            .iter()
            .zip(first..)
            .map(|(agent, call)| {
                self.request(
                    call,
                    "ringing",
                    &format!(r#""agent":{{"extension":"{}"}}"#, FIRST_EXTENSION + agent),
                )
            })
            .collect();
        let agents = if answer == Answer::Echo { Vec::new() } else { agents };
        Plan { requests, agents, first, gap, until, answer }
    }

    /// Ends the first calls of a plan, so that the next one finds agents as this one did.
    pub fn ended(&self, plan: &Plan, calls: usize) -> Plan {
        let requests = (plan.first..)
            .take(calls)
            .map(|call| self.request(call, "ended", r#""reason":"missed""#))
            .collect();
        Plan {
            requests,
            agents: Vec::new(),
            first: 0,
            gap: Duration::ZERO,
            until: Duration::MAX / 4,
            answer: Answer::Http,
        }
    }

    fn request(&self, call: u64, kind: &str, rest: &str) -> Box<[u8]> {
        let now = chrono::Utc::now();
        let body = format!(
            r#"{{"call_id":"b-{call:014}","type":"{kind}","at":"{}","direction":"inbound","from":"{}","to":"+33199000001",{rest}}}"#,
            now.format("%Y-%m-%dT%H:%M:%S%.6fZ"),
            caller(call % self.callers),
        );
        let (id, at) = (format!("msg_{}", Uuid::new_v4().simple()), now.timestamp());
        let signature = self.signer.sign(&id, at, &body);
        format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nwebhook-id: {id}\r\n\
             webhook-timestamp: {at}\r\nwebhook-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
            self.path,
            self.host,
            body.len()
        )
        .into_bytes()
        .into()
    }
}

/// The number of a known caller.
pub fn caller(n: u64) -> String {
    format!("+3361{n:07}")
}
