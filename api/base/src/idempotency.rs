//! `Idempotency-Key` on POST: the first answer again for 24 hours, 409 while the first still runs, 422 when the key
//! comes back with another request. Keys belong to the person in the tenant.
//!
//! Answers of ours that failed (5xx) are not kept: the repetition runs again. An answer is stored after the act, so a
//! handler whose act must not be done twice notes what it made in its own transaction ([`Keyed::made_now`]) and answers
//! with that where it was made before ([`Keyed::made`]). Stored answers are sealed, because
//! some hold a secret that is shown once. What is beneath `/auth` takes no key.
//!
//! A file is not held until it is known whose repetition it is: its print is taken while it is read and kept with the
//! answer. What was answered before the whole file had come (too long, broken off) is not kept.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use switchroom_store::{
    StoreError, TenantTx,
    idempotency::{self as store, Answer, Claim, Key},
};
use uuid::Uuid;

use crate::{
    auth::{caller::Actor, guard::carry_out},
    body::{BODY_LIMIT, collect},
    problem::Problem,
    state::AppState,
    tx::Tx,
    upload::{self, Print, is_upload},
};

pub const HEADER: &str = "idempotency-key";
/// Tells that an answer is the stored one.
pub const REPLAYED: &str = "idempotency-replayed";
/// What the file was that was sent, beside the kept headers.
const PRINT: &str = "file-print";
/// Headers that belong to an answer and are given again with it.
const KEPT: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];

/// Goes with a request that carries a key, as an extension.
#[derive(Clone, Debug)]
pub struct Keyed {
    key: Key,
    made: Option<Uuid>,
}

impl Keyed {
    /// What an earlier attempt at this request has made.
    pub fn made(&self) -> Option<Uuid> {
        self.made
    }

    /// Notes what this attempt makes. The caller commits both at once.
    pub async fn made_now(&self, tx: &mut TenantTx, id: Uuid) -> Result<(), StoreError> {
        store::made(tx, &self.key, id).await
    }
}

pub async fn run(state: AppState, actor: Actor, key: HeaderValue, request: Request, next: Next) -> Response {
    match attempt(state, actor, key, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn attempt(
    state: AppState,
    actor: Actor,
    key: HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key =
        key.to_str().ok().map(str::trim).filter(|key| (1..=255).contains(&key.len())).ok_or_else(|| {
            Problem::bad_request("Idempotency-Key must have 1 to 255 printable ASCII characters.")
        })?;
    let key = Key { tenant: actor.0.tenant(), user: actor.0.user_id, key: key.to_owned() };
    let (mut parts, body) = request.into_parts();
    let mut digest = Sha256::new();
    digest.update(parts.method.as_str());
    digest.update([0]);
    digest.update(parts.uri.path_and_query().map_or("", |target| target.as_str()));
    digest.update([0]);
    let is_file = is_upload(parts.uri.path());
    let mut body = body;
    if !is_file {
        let octets = collect(&parts.headers, body, BODY_LIMIT).await?;
        digest.update(&octets);
        body = Body::from(octets);
    }
    let fingerprint: [u8; 32] = digest.finalize().into();

    let made = match claim(&state, &key, &fingerprint).await? {
        Claim::First => None,
        Claim::Made(id) => Some(id),
        Claim::Answered(answer) if is_file => {
            let print = hex(&upload::print(body).await?);
            let same = answer.headers.get(PRINT).is_some_and(|kept| *kept == json!(print));
            return if same { replay(&state, answer) } else { Err(other_request()) };
        }
        Claim::Answered(answer) => return replay(&state, answer),
        Claim::StillRunning => {
            return Err(Problem::conflict(
                "idempotency-running",
                "The first request with this Idempotency-Key still runs.",
            )
            .header(header::RETRY_AFTER, "1"));
        }
        Claim::OtherRequest => return Err(other_request()),
    };
    let (body, print) = if is_file {
        let (body, print) = upload::printed(body);
        (body, Some(print))
    } else {
        (body, None)
    };
    parts.extensions.insert(Keyed { key: key.clone(), made });
    // In a task of its own: a client that hangs up must not leave the act half done and its key taken.
    let task = tokio::spawn(async move {
        let release = Release { state: state.clone(), key: Some(key.clone()) };
        let response = carry_out(&state, Request::from_parts(parts, body), next).await;
        let print = match print {
            // Nobody sends it any more: what is not there now does not come.
            Some(mut print) => print.try_recv().ok().map(Some),
            None => Some(None),
        };
        keep(&state, &key, response, print, release).await
    });
    task.await.map_err(|_| Problem::internal())
}

fn other_request() -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-reused", "Idempotency-Key used before")
        .detail("This Idempotency-Key came with another request before.")
}

fn hex(print: &Print) -> String {
    print.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Gives the key back when the handler panics.
struct Release {
    state: AppState,
    key: Option<Key>,
}

impl Drop for Release {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            let state = self.state.clone();
            tokio::spawn(async move { forget(&state, &key).await });
        }
    }
}

/// Of a file, `print` is what it was; `None` where it was not read to its end, and so may be another the next time.
async fn keep(
    state: &AppState,
    key: &Key,
    response: Response,
    print: Option<Option<Print>>,
    mut release: Release,
) -> Response {
    release.key = None;
    let Some(print) = print.filter(|_| !response.status().is_server_error()) else {
        forget(state, key).await;
        return response;
    };
    let (parts, body) = response.into_parts();
    // Answers to a POST are small and made by us; one beyond the limit of a request would be a bug.
    let Ok(bytes) = axum::body::to_bytes(body, 4 * BODY_LIMIT).await else {
        forget(state, key).await;
        return Problem::internal().into_response();
    };
    if let Err(error) = save(state, key, parts.status, &parts.headers, print, &bytes).await {
        // The act is done and the client shall know; only a repetition will not find the answer.
        tracing::warn!(error = %error, "the answer to an idempotent request could not be kept");
    }
    Response::from_parts(parts, Body::from(bytes))
}

#[derive(Debug, thiserror::Error)]
enum SaveError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Seal(#[from] switchroom_engine::seal::SealError),
}

async fn save(
    state: &AppState,
    key: &Key,
    status: StatusCode,
    headers: &HeaderMap,
    print: Option<Print>,
    body: &[u8],
) -> Result<(), SaveError> {
    let mut kept: serde_json::Map<_, _> = KEPT
        .iter()
        .filter_map(|name| Some((name.to_string(), json!(headers.get(name)?.to_str().ok()?))))
        .collect();
    if let Some(print) = print {
        kept.insert(PRINT.to_owned(), json!(hex(&print)));
    }
    let (key_id, sealed) = state.sealer.seal(body)?;
    let answer = Answer { status: status.as_u16(), headers: kept.into(), body: sealed, key_id };
    let mut tx = Tx::begin(&state.db, key.tenant).await?;
    store::store(tx.connection(), key, &answer).await?;
    Ok(tx.commit().await?)
}

fn replay(state: &AppState, answer: Answer) -> Result<Response, Problem> {
    let body = state.sealer.open(&answer.key_id, &answer.body).map_err(|error| {
        tracing::error!(error = %error, "a stored answer cannot be opened");
        Problem::internal()
    })?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for name in &KEPT {
        if let Some(value) =
            answer.headers.get(name.as_str()).and_then(|v| HeaderValue::from_str(v.as_str()?).ok())
        {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(HeaderName::from_static(REPLAYED), HeaderValue::from_static("true"));
    Ok(response)
}

async fn claim(state: &AppState, key: &Key, fingerprint: &[u8; 32]) -> Result<Claim, StoreError> {
    let mut tx = Tx::begin(&state.db, key.tenant).await?;
    let claim = store::claim(tx.connection(), key, fingerprint).await?;
    tx.commit().await?;
    Ok(claim)
}

async fn forget(state: &AppState, key: &Key) {
    let forgotten = async {
        let mut tx = Tx::begin(&state.db, key.tenant).await?;
        store::forget(tx.connection(), key).await?;
        tx.commit().await
    };
    if let Err(error) = forgotten.await {
        tracing::warn!(error = %error, "an idempotency key could not be given back; it frees itself in a minute");
    }
}
