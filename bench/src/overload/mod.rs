//! Overload: what senders do that are too many, too slow or broken, and a good caller beside them. Used by the tests,
//! which ask whether the program stands, and by the bench, which asks what the good caller notices.

mod attacks;
mod caller;
mod http;

pub use attacks::{Attack, Running, Seen};
pub use caller::{GoodCaller, Report};
pub use http::{Connection, Reply};

use anyhow::Context as _;

use crate::{hook::Signer, program::Program};

/// One of the program's doors for events.
#[derive(Clone)]
pub struct Door {
    pub address: String,
    pub path: String,
    pub token: String,
    signer: Signer,
}

impl Door {
    /// The generic door of the demo tenant, or of its rival.
    pub fn of(program: &Program, tenant: Tenant) -> anyhow::Result<Self> {
        let demo = program.demo()?;
        let (demo, domain) = match tenant {
            Tenant::Demo => (&demo, "demo.example"),
            Tenant::Rival => (&demo["rival"], "rival.example"),
        };
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned).context("demo.json");
        let door = &demo["connections"]["generic"];
        let url = text(&door["hook_url"])?;
        let path = url.find("/hooks/").map(|at| url[at..].to_owned()).context("a hook's URL")?;
        Ok(Self {
            address: program.http_address().to_owned(),
            path,
            token: text(&demo["users"][format!("owner@{domain}")]["token"])?,
            signer: Signer::new(&text(&door["secret"])?)?,
        })
    }

    /// A signed request that reports an event. `at` in seconds from the beginning of the hour.
    pub fn request(&self, call: &str, kind: &str, at: u32, extension: Option<&str>) -> Vec<u8> {
        let agent =
            extension.map(|number| format!(r#","agent":{{"extension":"{number}"}}"#)).unwrap_or_default();
        let now = chrono::Utc::now();
        let (minute, second) = (at / 60 % 60, at % 60);
        let day = now.format("%Y-%m-%dT00");
        let body = format!(
            r#"{{"call_id":"{call}","type":"{kind}","at":"{day}:{minute:02}:{second:02}Z","from":"+33639980101","to":"+33199000001"{agent}}}"#
        );
        let id = format!("{call}-{kind}-{at}");
        let signature = self.signer.sign(&id, now.timestamp(), &body);
        format!(
            "POST {} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\nwebhook-id: {id}\r\n\
             webhook-timestamp: {}\r\nwebhook-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
            self.path,
            now.timestamp(),
            body.len()
        )
        .into_bytes()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenant {
    Demo,
    Rival,
}

/// The provider's call ids of a tenant's calls that begin with `prefix`, as the API tells them.
pub async fn calls_of(door: &Door, prefix: &str) -> anyhow::Result<std::collections::HashSet<String>> {
    let mut connection = Connection::open(&door.address).await?;
    let (mut found, mut cursor) = (std::collections::HashSet::new(), String::new());
    loop {
        let request = format!(
            "GET /api/v1/calls?limit=200&cursor={cursor} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n\r\n",
            door.token
        );
        let reply = connection.ask(request.as_bytes()).await?;
        anyhow::ensure!(reply.status == 200, "a list of calls: {}", reply.status);
        let page: serde_json::Value = serde_json::from_slice(&reply.body)?;
        for call in page["items"].as_array().context("a list of calls")? {
            found.extend(
                call["provider_call_id"].as_str().filter(|id| id.starts_with(prefix)).map(str::to_owned),
            );
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return Ok(found),
        }
    }
}
