//! From a webhook request to its answer: the refusals in the contract's order, then the fact, then a 2xx once it is
//! durable. A provider that gets anything else tries again, and the same event is then the same event.

use std::time::Duration;

use switchroom_core::{CallId, ConnectionId, TenantId};

use super::{BODY_LIMIT, Credentials, HookRequest, Kind, ParseError, Parsed, Refusal, Reply, parse, verify};
use crate::{
    Engine, SubmitError, Submitted,
    registry::{self, Connection},
};

impl Engine {
    /// Takes one webhook request in and answers it, once what it says is durable.
    pub async fn accept_hook(&self, key: &str, request: HookRequest<'_>) -> HookReply {
        let door = self.registry().hook_door(key);
        let id = door.as_ref().map(|door| door.connection.id);
        let reply = match self.accept(door.as_deref(), request).await {
            Ok(reply) => reply,
            Err(why) => {
                if why.status() >= 500 {
                    tracing::warn!(connection = ?id, reason = why.reason(), "webhook not taken");
                } else {
                    tracing::info!(connection = ?id, reason = why.reason(), "webhook refused: {why}");
                }
                HookReply::rejected(&why)
            }
        };
        match door {
            Some(door) if reply.reason == ACCEPTED => door.accepted.increment(1),
            _ => count(id, &reply),
        }
        reply
    }

    async fn accept(&self, door: Option<&HookDoor>, request: HookRequest<'_>) -> Result<HookReply, Rejected> {
        let connection = &door.ok_or(Rejected::UnknownKey)?.connection;
        let tolerance_s = i64::try_from(self.settings().webhook_tolerance.as_secs()).unwrap_or(i64::MAX);
        let Parsed { fact, reply } = read(connection, &request, tolerance_s)?;
        match fact {
            None => Ok(HookReply::accepted(reply, false, "ignored")),
            // What was under way when it was suspended is followed to its end.
            Some(fact)
                if self.is_suspended(connection.tenant)
                    && !self.is_live(
                        connection.tenant,
                        CallId::derive(fact.connection, &fact.provider_call_id),
                    ) =>
            {
                Err(Rejected::Suspended)
            }
            Some(fact) => settle(self.submit(connection.tenant, fact).await, reply).await,
        }
    }
}

/// What the door needs to know of a connection.
#[derive(Clone, Debug)]
pub struct HookConnection {
    pub id: ConnectionId,
    pub tenant: TenantId,
    pub kind: Kind,
    /// None = it holds nothing that could verify a request (sealed under a key that is gone): every request is a 401.
    pub credentials: Option<Credentials>,
}

/// What is the same for every request of a connection, made once: its opened credentials and the counter of what it
/// is usually answered.
#[derive(Debug)]
pub(crate) struct HookDoor {
    connection: HookConnection,
    accepted: metrics::Counter,
}

impl HookDoor {
    pub(crate) fn of(connection: &Connection) -> Option<Self> {
        let connection = HookConnection::of(connection)?;
        let accepted = counter(Some(connection.id), ACCEPTED, ACCEPTED);
        Some(Self { connection, accepted })
    }
}

impl HookConnection {
    /// None for a connection that has no webhook: SIP.
    fn of(connection: &Connection) -> Option<Self> {
        let kind = Kind::parse(connection.kind.name())?;
        let credentials = connection.credentials.as_ref().and_then(|opened| opened.of_kind(kind));
        Some(Self { id: connection.id, tenant: connection.tenant, kind, credentials })
    }
}

impl registry::Credentials {
    /// None where they cannot verify anything.
    fn of_kind(&self, kind: Kind) -> Option<Credentials> {
        Credentials::from_fields(kind, |name| {
            match name {
                "secret" => &self.secret,
                "auth_token" => &self.auth_token,
                "public_key" => &self.public_key,
                "signature_secret" => &self.signature_secret,
                "api_key" => &self.api_key,
                "basic_user" => &self.basic_user,
                "basic_password" => &self.basic_password,
                _ => &None,
            }
            .as_deref()
        })
        .ok()
    }
}

/// The reason of what is taken for the first time.
const ACCEPTED: &str = "accepted";

/// Why a request was not taken, in the order in which it is decided.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    #[error("no connection has this path")]
    UnknownKey,
    #[error("the body is over {BODY_LIMIT} octets")]
    TooLarge,
    #[error("this provider does not send this media type")]
    MediaType,
    #[error("{0}")]
    Unauthentic(Refusal),
    #[error("{0}")]
    Unparsable(ParseError),
    #[error("the tenant is suspended")]
    Suspended,
    #[error("too busy")]
    Overloaded { retry_after: Duration },
    #[error("not durable in time")]
    NotDurable,
}

impl Rejected {
    pub fn status(&self) -> u16 {
        match self {
            Self::UnknownKey => 404,
            Self::TooLarge => 413,
            Self::MediaType => 415,
            Self::Unauthentic(_) => 401,
            Self::Unparsable(_) => 400,
            Self::Suspended => 403,
            Self::Overloaded { .. } | Self::NotDurable => 503,
        }
    }

    /// The metric's `reason`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::UnknownKey => "unknown_key",
            Self::TooLarge => "too_large",
            Self::MediaType => "media_type",
            Self::Unauthentic(refusal) => refusal.as_str(),
            Self::Unparsable(_) => "unparsable",
            Self::Suspended => "tenant_suspended",
            Self::Overloaded { .. } => "overloaded",
            Self::NotDurable => "not_durable",
        }
    }

    /// When it makes sense to try again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Overloaded { retry_after } => Some((*retry_after).max(Duration::from_secs(1))),
            Self::NotDurable => Some(Duration::from_secs(1)),
            _ => None,
        }
    }
}

/// What the HTTP door answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookReply {
    pub status: u16,
    pub content_type: Option<&'static str>,
    /// What the provider reads. Empty for a refusal: the HTTP door words its errors itself.
    pub body: String,
    pub retry_after: Option<Duration>,
    /// One word for logs and metrics.
    pub reason: &'static str,
    /// A sentence for people, never with anything secret in it.
    pub detail: Option<String>,
}

impl HookReply {
    pub(crate) fn rejected(why: &Rejected) -> Self {
        Self {
            status: why.status(),
            content_type: None,
            body: String::new(),
            retry_after: why.retry_after(),
            reason: why.reason(),
            detail: Some(why.to_string()),
        }
    }

    pub(crate) fn accepted(reply: Reply, repetition: bool, reason: &'static str) -> Self {
        let (content_type, body) = match reply {
            Reply::Nothing => (None, String::new()),
            Reply::Json(text) => (Some("application/json"), text.to_owned()),
            Reply::Xml(text) => (Some("application/xml"), text),
        };
        let status = if body.is_empty() && !repetition { 204 } else { 200 };
        Self { status, content_type, body, retry_after: None, reason, detail: None }
    }
}

/// Everything that can be decided about a request without the live state.
pub fn read(
    connection: &HookConnection,
    request: &HookRequest<'_>,
    tolerance_s: i64,
) -> Result<Parsed, Rejected> {
    if request.body.len() > BODY_LIMIT {
        return Err(Rejected::TooLarge);
    }
    if !connection.kind.takes(request.media_type()) {
        return Err(Rejected::MediaType);
    }
    let credentials = connection.credentials.as_ref().ok_or(Rejected::Unauthentic(Refusal::NoKey))?;
    verify(request, credentials, tolerance_s).map_err(Rejected::Unauthentic)?;
    parse(request, credentials, connection.id).map_err(Rejected::Unparsable)
}

/// Waits for durability and words the answer.
pub(crate) async fn settle(
    submitted: Result<Submitted, SubmitError>,
    reply: Reply,
) -> Result<HookReply, Rejected> {
    let submitted = match submitted {
        Ok(submitted) => submitted,
        Err(SubmitError::Overloaded { retry_after }) => return Err(Rejected::Overloaded { retry_after }),
        Err(SubmitError::ShuttingDown) => {
            return Err(Rejected::Overloaded { retry_after: Duration::from_secs(2) });
        }
        // The connection went with its tenant between look-up and decision.
        Err(SubmitError::UnknownTenant) => return Err(Rejected::UnknownKey),
    };
    let repetition = submitted.repetition;
    // It gives up by itself, after `EngineSettings::durable_wait`.
    match submitted.durable.await {
        Ok(()) => {
            Ok(HookReply::accepted(reply, repetition, if repetition { "repetition" } else { ACCEPTED }))
        }
        Err(_) => Err(Rejected::NotDurable),
    }
}

/// `switchroom_hook_requests_total{connection,outcome,reason}`.
pub(crate) fn count(connection: Option<ConnectionId>, reply: &HookReply) {
    let outcome = match reply.status {
        200..=299 => reply.reason,
        503 => "unavailable",
        _ => "refused",
    };
    counter(connection, outcome, reply.reason).increment(1);
}

fn counter(
    connection: Option<ConnectionId>,
    outcome: &'static str,
    reason: &'static str,
) -> metrics::Counter {
    let connection = connection.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
    metrics::counter!("switchroom_hook_requests_total",
        "connection" => connection, "outcome" => outcome, "reason" => reason)
}
