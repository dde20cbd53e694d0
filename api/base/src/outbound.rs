//! Questions asked of servers whose addresses tenants wrote down: only where the guard lets us, JSON only, and no longer
//! than is sensible.

use std::time::Duration;

use reqwest::{Client, Url, redirect::Policy};
use switchroom_engine::egress::{BadTarget, Clients, Guard};

/// One request, from the first packet to the last.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read.
const LONGEST: usize = 1024 * 1024;

/// Why a request did not lead anywhere. None of it is for clients' eyes.
#[derive(Debug, thiserror::Error)]
pub enum Outbound {
    #[error("the address is not one that is asked: it {0}")]
    Forbidden(#[from] BadTarget),
    #[error("the answer is longer than {LONGEST} octets")]
    TooLong,
    #[error("status {0}")]
    Status(u16),
    #[error("the answer is not what was expected: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

/// Asks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Asker {
    clients: Clients,
    guard: Guard,
}

impl Asker {
    pub fn new(guard: Guard) -> Result<Self, Outbound> {
        let clients = guard.clients(|| {
            Client::builder()
                .timeout(PATIENCE)
                .connect_timeout(Duration::from_secs(5))
                // An answer that sends us elsewhere is not followed: elsewhere was not looked at.
                .redirect(Policy::none())
                .no_proxy()
        })?;
        Ok(Self { clients, guard })
    }

    /// The address, where it may be asked. The host's addresses are looked at when it is asked.
    pub fn check(&self, url: &str) -> Result<Url, Outbound> {
        Ok(self.guard.check(url)?)
    }

    /// The JSON at an address.
    pub async fn get(&self, url: &str) -> Result<serde_json::Value, Outbound> {
        let url = self.check(url)?;
        read(self.clients.to(&url).get(url).header("accept", "application/json").send().await?).await
    }

    /// The JSON that a form is answered with.
    pub async fn post_form(
        &self,
        url: &str,
        form: &[(&str, &str)],
        basic: Option<(&str, &str)>,
    ) -> Result<serde_json::Value, Outbound> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let url = self.check(url)?;
        let mut request = self
            .clients
            .to(&url)
            .post(url)
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        if let Some((user, password)) = basic {
            request = request.basic_auth(user, Some(password));
        }
        read(request.send().await?).await
    }
}

async fn read(mut response: reqwest::Response) -> Result<serde_json::Value, Outbound> {
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LONGEST {
            return Err(Outbound::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    if status.is_success() {
        Ok(serde_json::from_slice(&body)?)
    } else {
        Err(Outbound::Status(status.as_u16()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_leads_inside_is_not_asked() {
        let asker = Asker::new(Guard::default()).unwrap();
        assert!(matches!(asker.get("http://id.example").await, Err(Outbound::Forbidden(BadTarget::Scheme))));
        assert!(matches!(
            asker.get("https://127.0.0.1/").await,
            Err(Outbound::Forbidden(BadTarget::Private))
        ));
        let by_name = asker.get("https://localhost:1/").await.unwrap_err();
        assert!(format!("{by_name:?}").contains("Private"), "refused before it is connected to: {by_name:?}");
    }
}
