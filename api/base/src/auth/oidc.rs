//! OpenID Connect, the asking side: an issuer's metadata and keys, the exchange of a code (with PKCE, RFC 7636), and the
//! judgement of an ID token (OpenID Connect Core 1.0 §3.1.3.7). Whose account it is, is not decided here.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{Jwk, JwkSet, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;
use switchroom_engine::egress::Guard;

use super::remembered::Remembered;
use crate::outbound::{Asker, Outbound};

/// How long metadata and keys are believed.
const REMEMBER: Duration = Duration::from_secs(3600);
/// An unknown key makes us ask for the keys anew, no more often than this.
const KEYS_AGAIN: Duration = Duration::from_secs(60);
/// Clocks differ by so many seconds.
const LEEWAY: u64 = 60;
/// Signatures that are taken: of private keys only, so that nobody who knows a public one can sign.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Why somebody was not signed in by an issuer.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("the issuer cannot be asked: {0}")]
    Unreachable(#[from] Outbound),
    #[error("its metadata are those of another issuer, or incomplete")]
    Metadata,
    #[error("its answer has no ID token")]
    NoToken,
    #[error("no key of the issuer fits the ID token")]
    NoKey,
    #[error("the ID token is not good: {0}")]
    Token(#[from] jsonwebtoken::errors::Error),
    #[error("the ID token is not for us or not for this journey")]
    Stranger,
}

/// What an issuer says of itself (OpenID Connect Discovery 1.0 §3).
#[derive(Clone, Debug, Deserialize)]
pub struct Metadata {
    issuer: String,
    pub authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

struct Keys {
    set: JwkSet,
    at: Instant,
}

/// Speaks to issuers, and remembers what they said.
pub struct Issuers {
    asker: Asker,
    metadata: Remembered<String, Arc<Metadata>>,
    keys: Remembered<String, Arc<Keys>>,
}

/// Who we are to an issuer.
#[derive(Clone, Debug)]
pub struct Client<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub client_secret: Option<&'a str>,
    pub redirect_uri: &'a str,
}

/// What is kept of a browser that is sent out.
#[derive(Clone, Debug)]
pub struct Travel {
    pub state: String,
    pub nonce: String,
    pub verifier: String,
}

impl Travel {
    pub fn new(state: String) -> Self {
        let random = || URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        Self { state, nonce: random(), verifier: random() }
    }

    /// Where the browser is sent.
    pub fn address(&self, metadata: &Metadata, client: &Client<'_>, scopes: &str) -> Result<String, Refused> {
        let mut url = reqwest::Url::parse(&metadata.authorization_endpoint).map_err(|_| Refused::Metadata)?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", client.client_id)
            .append_pair("redirect_uri", client.redirect_uri)
            .append_pair("scope", scopes)
            .append_pair("state", &self.state)
            .append_pair("nonce", &self.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }
}

/// What an ID token says, once it was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    pub subject: String,
    /// Only where the issuer says that it is theirs.
    pub verified_email: Option<String>,
    pub name: Option<String>,
}

#[derive(Deserialize)]
struct IdToken {
    sub: String,
    nonce: Option<String>,
    aud: Value,
    azp: Option<String>,
    email: Option<String>,
    /// Some issuers write it as a text.
    #[serde(default)]
    email_verified: Value,
    name: Option<String>,
    preferred_username: Option<String>,
}

impl Issuers {
    pub fn new(guard: Guard) -> Result<Self, Outbound> {
        Ok(Self {
            asker: Asker::new(guard)?,
            metadata: Remembered::new(1_000, REMEMBER),
            keys: Remembered::new(1_000, REMEMBER),
        })
    }

    /// Whether an issuer's address is one that is asked at all.
    pub fn may_ask(&self, issuer: &str) -> bool {
        self.asker.check(issuer).is_ok()
    }

    /// The metadata, which must be those of this very issuer.
    pub async fn metadata(&self, issuer: &str) -> Result<Arc<Metadata>, Refused> {
        if let Some(known) = self.metadata.get(issuer) {
            return Ok(known);
        }
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let said = self.asker.get(&url).await?;
        let metadata: Metadata = serde_json::from_value(said).map_err(|_| Refused::Metadata)?;
        if metadata.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
            return Err(Refused::Metadata);
        }
        self.asker.check(&metadata.authorization_endpoint)?;
        let metadata = Arc::new(metadata);
        self.metadata.insert(issuer.to_owned(), Arc::clone(&metadata));
        Ok(metadata)
    }

    /// Redeems a code, and judges the ID token that comes for it.
    pub async fn redeem(
        &self,
        client: &Client<'_>,
        code: &str,
        verifier: &str,
        nonce: &str,
    ) -> Result<Claims, Refused> {
        let metadata = self.metadata(client.issuer).await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", client.redirect_uri),
            ("code_verifier", verifier),
            ("client_id", client.client_id),
        ];
        let methods = metadata.token_endpoint_auth_methods_supported.as_deref().unwrap_or_default();
        let by_post = !methods.is_empty()
            && !methods.iter().any(|method| method == "client_secret_basic")
            && methods.iter().any(|method| method == "client_secret_post");
        // RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let mut basic = None;
        if let Some(secret) = client.client_secret {
            if by_post {
                form.push(("client_secret", secret));
            } else {
                basic = Some((encoded(client.client_id), encoded(secret)));
            }
        }
        let basic = basic.as_ref().map(|(user, password)| (user.as_str(), password.as_str()));
        let answer = self.asker.post_form(&metadata.token_endpoint, &form, basic).await?;
        let token = answer.get("id_token").and_then(Value::as_str).ok_or(Refused::NoToken)?;
        self.judge(&metadata, client, token, nonce).await
    }

    async fn judge(
        &self,
        metadata: &Metadata,
        client: &Client<'_>,
        token: &str,
        nonce: &str,
    ) -> Result<Claims, Refused> {
        let header = decode_header(token)?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(Refused::NoKey);
        }
        let key = self.key(&metadata.jwks_uri, header.kid.as_deref(), header.alg).await?;
        let mut rules = Validation::new(header.alg);
        rules.set_issuer(&[&metadata.issuer]);
        rules.set_audience(&[client.client_id]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.validate_nbf = true;
        rules.leeway = LEEWAY;
        let said = decode::<IdToken>(token, &DecodingKey::from_jwk(&key)?, &rules)?.claims;
        let same =
            said.nonce.as_deref().is_some_and(|said| bool::from(said.as_bytes().ct_eq(nonce.as_bytes())));
        let several = said.aud.as_array().is_some_and(|aud| aud.len() > 1);
        let ours = match said.azp.as_deref() {
            Some(azp) => azp == client.client_id,
            None => !several,
        };
        if !same || !ours || said.sub.is_empty() || said.sub.len() > 255 || said.sub.contains('\0') {
            return Err(Refused::Stranger);
        }
        let verified = said.email_verified == Value::Bool(true) || said.email_verified == "true";
        let email = said.email.filter(|email| verified && is_plain(email));
        let name = said.name.or(said.preferred_username).map(|name| name.trim().to_owned());
        Ok(Claims {
            subject: said.sub,
            verified_email: email.map(|email| email.to_lowercase()),
            name: name
                .filter(|name| !name.is_empty() && !name.contains('\0'))
                .map(|name| name.chars().take(200).collect()),
        })
    }

    /// The key a token names; asks for the keys anew where none fits, since issuers change them.
    async fn key(&self, uri: &str, kid: Option<&str>, algorithm: Algorithm) -> Result<Jwk, Refused> {
        if let Some(known) = self.keys.get(uri) {
            if let Some(key) = fitting(&known.set, kid, algorithm) {
                return Ok(key);
            }
            if known.at.elapsed() < KEYS_AGAIN {
                return Err(Refused::NoKey);
            }
        }
        let said = self.asker.get(uri).await?;
        // Key by key: one that we do not know must not hide the others.
        let keys = said.get("keys").and_then(Value::as_array).ok_or(Refused::Metadata)?;
        let set =
            JwkSet { keys: keys.iter().filter_map(|key| serde_json::from_value(key.clone()).ok()).collect() };
        let key = fitting(&set, kid, algorithm);
        self.keys.insert(uri.to_owned(), Arc::new(Keys { set, at: Instant::now() }));
        key.ok_or(Refused::NoKey)
    }
}

/// The key of that name; without a name, the only one that could be meant.
fn fitting(set: &JwkSet, kid: Option<&str>, algorithm: Algorithm) -> Option<Jwk> {
    let usable = |key: &&Jwk| {
        key.common.public_key_use.as_ref().is_none_or(|to| *to == PublicKeyUse::Signature)
            && key.common.key_algorithm.is_none_or(|said| said.to_string() == format!("{algorithm:?}"))
    };
    let mut keys = set.keys.iter().filter(usable);
    match kid {
        Some(kid) => keys.find(|key| key.common.key_id.as_deref() == Some(kid)).cloned(),
        None => keys.next().filter(|_| set.keys.len() == 1).cloned(),
    }
}

/// What can be an address at all; that it is theirs, the issuer says.
fn is_plain(email: &str) -> bool {
    email.len() <= 320
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
        && email
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
}
