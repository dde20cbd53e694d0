//! Sign-in at an identity provider, against a real one: an issuer that runs in this process, speaks HTTP, and signs with
//! RSA keys. What it may say wrong, it says wrong here.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use aws_lc_rs::{
    encoding::AsDer as _,
    rsa::{KeyPair, KeySize},
};
use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    routing::{get, post},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::Utc;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use switchroom_api::testing::{App, PASSWORD, Reply, TestUser};
use switchroom_core::Role;
use switchroom_engine::egress::Guard;

/// A key as issuers have them.
#[derive(Clone)]
struct Key {
    id: &'static str,
    key: EncodingKey,
}

impl Key {
    fn new(id: &'static str) -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
        // The library reads the inner PKCS#1 key: behind the 26 octets of PKCS#8's head.
        Self { id, key: EncodingKey::from_rsa_der(&der.as_ref()[26..]) }
    }

    fn public(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.key, Algorithm::RS256).unwrap();
        jwk.common.key_id = Some(self.id.to_owned());
        serde_json::to_value(jwk).unwrap()
    }
}

#[derive(Default)]
struct Said {
    /// Changes of the claims: null takes one away.
    claims: Value,
    signed_with: Option<Key>,
    header: Option<Header>,
    /// What was asked of the token endpoint last.
    asked: HashMap<String, String>,
    authorization: String,
    key_requests: usize,
    metadata: Value,
}

#[derive(Clone)]
struct Issuer {
    url: String,
    key: Key,
    keys: Arc<Mutex<Vec<Key>>>,
    /// Codes that were given out: challenge and nonce of each.
    codes: Arc<Mutex<HashMap<String, (String, String)>>>,
    said: Arc<Mutex<Said>>,
}

impl Issuer {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/realms/main", listener.local_addr().unwrap());
        let key = Key::new("k1");
        let issuer = Self {
            url,
            keys: Arc::new(Mutex::new(vec![key.clone()])),
            key,
            codes: Arc::default(),
            said: Arc::default(),
        };
        let router = Router::new()
            .route("/realms/main/.well-known/openid-configuration", get(metadata))
            .route("/realms/main/keys", get(keys))
            .route("/realms/main/token", post(token))
            .with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        issuer
    }

    fn say(&self, claims: Value) {
        self.said.lock().unwrap().claims = claims;
    }
}

async fn metadata(State(issuer): State<Issuer>) -> Json<Value> {
    let mut metadata = json!({
        "issuer": issuer.url,
        "authorization_endpoint": format!("{}/authorize", issuer.url),
        "token_endpoint": format!("{}/token", issuer.url),
        "jwks_uri": format!("{}/keys", issuer.url),
    });
    merge(&mut metadata, &issuer.said.lock().unwrap().metadata);
    Json(metadata)
}

async fn keys(State(issuer): State<Issuer>) -> Json<Value> {
    issuer.said.lock().unwrap().key_requests += 1;
    let mut keys: Vec<Value> = issuer.keys.lock().unwrap().iter().map(Key::public).collect();
    // Keys of kinds nobody here knows stand beside those that matter.
    keys.push(json!({"kty": "XYZ", "kid": "odd"}));
    Json(json!({"keys": keys}))
}

fn merge(into: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().into_iter().flatten() {
        if value.is_null() {
            into.as_object_mut().unwrap().remove(name);
        } else {
            into[name] = value.clone();
        }
    }
}

async fn token(
    State(issuer): State<Issuer>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Json<Value>, StatusCode> {
    let mut said = issuer.said.lock().unwrap();
    said.authorization =
        headers.get("authorization").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    said.asked = form.clone();
    let (challenge, nonce) =
        issuer.codes.lock().unwrap().remove(&form["code"]).ok_or(StatusCode::BAD_REQUEST)?;
    let verifier = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    if verifier != challenge {
        return Err(StatusCode::BAD_REQUEST);
    }
    let now = Utc::now().timestamp();
    let mut claims = json!({
        "iss": issuer.url, "aud": "switchroom", "sub": "subject-1", "nonce": nonce, "iat": now, "exp": now + 300,
        "email": "agent@demo.example", "email_verified": true, "name": "Ada Lovelace",
    });
    merge(&mut claims, &said.claims);
    let key = said.signed_with.clone().unwrap_or_else(|| issuer.key.clone());
    let mut header = said.header.clone().unwrap_or_else(|| Header::new(Algorithm::RS256));
    if header.kid.is_none() {
        header.kid = Some(key.id.to_owned());
    }
    let token = encode(&header, &claims, &key.key).unwrap();
    Ok(Json(json!({"access_token": "unused", "token_type": "Bearer", "id_token": token})))
}

struct World {
    app: App,
    issuer: Issuer,
    provider: String,
}

impl World {
    async fn new() -> Self {
        Self::with(json!({})).await
    }

    async fn with(more: Value) -> Self {
        let app =
            App::with_config(|config| config.issuers = Guard::allowing(|address| address.is_loopback()))
                .await;
        let issuer = Issuer::start().await;
        let mut body = json!({"name": "Company sign-in", "issuer": issuer.url, "client_id": "switchroom",
            "client_secret": "hunter2 & more"});
        merge(&mut body, &more);
        let made =
            app.post(app.demo.user(Role::OrgAdmin), "/api/v1/identity-providers", body).await.expect(201);
        assert_eq!(made["redirect_uri"], "http://127.0.0.1:8080/api/v1/auth/oidc/callback");
        assert!(!made.to_string().contains("hunter2"));
        let provider = made["id"].as_str().unwrap().to_owned();
        Self { app, issuer, provider }
    }

    /// Sends a browser out: its cookie and the parameters it takes along.
    async fn set_out(&self, goes_to: &str) -> (String, HashMap<String, String>) {
        let path = format!("/api/v1/auth/oidc/{}/start?goes_to={goes_to}", self.provider);
        let reply = self.app.request(Method::GET, &path).send().await;
        assert_eq!(reply.status, 303, "{}", reply.text);
        let to = reply.header("location").to_owned();
        let (address, query) = to.split_once('?').unwrap();
        assert_eq!(address, format!("{}/authorize", self.issuer.url));
        let cookie = reply.header("set-cookie").to_owned();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        (cookie, form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// What the issuer does when somebody signs in there: a code for these parameters.
    fn code_for(&self, sent: &HashMap<String, String>) -> String {
        let code = format!("code {}", rand::random::<u64>());
        let kept = (sent["code_challenge"].clone(), sent["nonce"].clone());
        self.issuer.codes.lock().unwrap().insert(code.clone(), kept);
        code
    }

    async fn come_back(&self, cookie: &str, code: &str, state: &str) -> Reply {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("code", code)
            .append_pair("state", state)
            .finish();
        let path = format!("/api/v1/auth/oidc/callback?{query}");
        self.app.request(Method::GET, &path).header("cookie", cookie).send().await
    }

    /// The whole way.
    async fn sign_in(&self) -> Reply {
        let (cookie, sent) = self.set_out("/calls").await;
        let code = self.code_for(&sent);
        self.come_back(&cookie, &code, &sent["state"]).await
    }

    #[track_caller]
    fn refused(reply: &Reply, kind: &str) {
        assert_eq!(reply.status, 303, "{}", reply.text);
        assert_eq!(reply.header("location"), format!("/sign-in?problem={kind}"));
        let cookies: Vec<_> = reply.headers.get_all("set-cookie").iter().collect();
        assert!(!cookies.iter().any(|cookie| cookie.to_str().unwrap().starts_with("switchroom_session=")));
    }

    /// The cookies of somebody who came in.
    #[track_caller]
    fn cookies(reply: &Reply) -> String {
        assert_eq!(reply.status, 303, "{}", reply.text);
        assert_eq!(reply.header("location"), "/calls");
        let cookies = reply.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
        let pairs: Vec<&str> = cookies.map(|cookie| cookie.split(';').next().unwrap()).collect();
        assert!(pairs.iter().any(|pair| pair.starts_with("switchroom_session=swc_")), "{pairs:?}");
        pairs.join("; ")
    }

    async fn call(&self, method: Method, path: &str, cookies: &str, body: &Value) -> Reply {
        let csrf = cookies
            .split("; ")
            .find_map(|pair| pair.strip_prefix("switchroom_csrf="))
            .unwrap_or_default()
            .to_owned();
        self.app
            .request(method, path)
            .header("cookie", cookies)
            .header("x-csrf-token", &csrf)
            .json(body)
            .send()
            .await
    }
}

#[tokio::test]
async fn a_member_comes_in_by_the_address_and_then_by_name() {
    let world = World::new().await;
    let agent = world.app.demo.user(Role::Agent);
    let (cookie, sent) = world.set_out("/calls").await;
    assert_eq!((sent["response_type"].as_str(), sent["code_challenge_method"].as_str()), ("code", "S256"));
    assert_eq!((sent["client_id"].as_str(), sent["scope"].as_str()), ("switchroom", "openid email profile"));
    let code = world.code_for(&sent);
    let reply = world.come_back(&cookie, &code, &sent["state"]).await;
    let cookies = World::cookies(&reply);
    let me = world.call(Method::GET, "/api/v1/me", &cookies, &json!({})).await.expect(200);
    assert_eq!((&me["user"]["id"], &me["tenant"]["slug"]), (&json!(agent.id), &json!("demo")));
    {
        let said = world.issuer.said.lock().unwrap();
        assert_eq!(said.asked["redirect_uri"], "http://127.0.0.1:8080/api/v1/auth/oidc/callback");
        let basic = format!("Basic {}", STANDARD.encode("switchroom:hunter2+%26+more"));
        assert_eq!(said.authorization, basic);
    }
    // The address changes there; the name does not.
    world.issuer.say(json!({"email": "new@elsewhere.example"}));
    let cookies = World::cookies(&world.sign_in().await);
    let me = world.call(Method::GET, "/api/v1/me", &cookies, &json!({})).await.expect(200);
    assert_eq!(me["user"]["id"], json!(agent.id));
    let admin = world.app.demo.user(Role::OrgAdmin);
    let path = format!("/api/v1/audit?action=session.started&actor_id={}", agent.id);
    let line = world.app.get(admin, &path).await.expect(200);
    assert_eq!(line["items"][0]["detail"]["provider"], world.provider.as_str());
    // The provider is switched off: what it vouched for ends.
    let path = format!("/api/v1/identity-providers/{}", world.provider);
    world.app.patch(admin, &path, json!({"is_active": false})).await.expect(200);
    world.call(Method::GET, "/api/v1/me", &cookies, &json!({})).await.expect(401);
    let start = format!("/api/v1/auth/oidc/{}/start", world.provider);
    world.app.request(Method::GET, &start).send().await.expect(404);
}

/// Everything an ID token may have wrong.
#[tokio::test]
async fn a_token_that_is_not_good_signs_nobody_in() {
    let world = World::new().await;
    let now = Utc::now().timestamp();
    for bad in [
        json!({"iss": "https://other.example"}),
        json!({"iss": null}),
        json!({"aud": "somebody-else"}),
        json!({"aud": null}),
        json!({"aud": ["switchroom", "other"]}),
        json!({"aud": ["switchroom", "other"], "azp": "other"}),
        json!({"exp": now - 3600}),
        json!({"exp": null}),
        json!({"nbf": now + 3600}),
        json!({"nonce": "another"}),
        json!({"nonce": null}),
        json!({"sub": null}),
        json!({"sub": ""}),
        json!({"sub": "x".repeat(256)}),
        json!({"sub": 7}),
    ] {
        world.issuer.say(bad.clone());
        let reply = world.sign_in().await;
        assert_eq!(reply.header("location"), "/sign-in?problem=oidc-failed", "{bad}");
    }
    world.issuer.say(json!({"aud": ["switchroom", "other"], "azp": "switchroom"}));
    World::cookies(&world.sign_in().await);
    world.issuer.say(json!({}));
    // Signed by somebody else, under the same name of key and under another.
    for id in ["k1", "k9"] {
        world.issuer.said.lock().unwrap().signed_with = Some(Key::new(id));
        World::refused(&world.sign_in().await, "oidc-failed");
    }
    // A signature that whoever knows the public key could make.
    let header = Header { kid: Some("k1".into()), ..Header::new(Algorithm::HS256) };
    {
        let mut said = world.issuer.said.lock().unwrap();
        said.header = Some(header);
        said.signed_with = Some(Key { id: "k1", key: EncodingKey::from_secret(b"public key") });
    }
    World::refused(&world.sign_in().await, "oidc-failed");
    let admin = world.app.demo.user(Role::OrgAdmin);
    let lines = world.app.get(admin, "/api/v1/audit?action=session.refused&limit=100").await.expect(200);
    assert!(lines["items"].as_array().unwrap().len() >= 18);
    assert_eq!(lines["items"][0]["detail"]["why"], "oidc-failed");
}

#[tokio::test]
async fn keys_are_changed_and_not_asked_for_at_every_sign_in() {
    let world = World::new().await;
    for _ in 0..3 {
        World::cookies(&world.sign_in().await);
    }
    assert_eq!(world.issuer.said.lock().unwrap().key_requests, 1);
    // An unknown key soon after does not make us ask again and again.
    for _ in 0..3 {
        world.issuer.said.lock().unwrap().signed_with = Some(Key::new("k2"));
        World::refused(&world.sign_in().await, "oidc-failed");
    }
    assert_eq!(world.issuer.said.lock().unwrap().key_requests, 1);
}

#[tokio::test]
async fn a_journey_is_one_browser_s_and_ends_once() {
    let world = World::new().await;
    let (cookie, sent) = world.set_out("/calls").await;
    let (other, _) = world.set_out("/calls").await;
    let code = world.code_for(&sent);
    // Another browser, none, a made-up state, none.
    World::refused(&world.come_back(&other, &code, &sent["state"]).await, "oidc-expired");
    World::refused(&world.come_back("", &code, &sent["state"]).await, "oidc-expired");
    World::refused(&world.come_back(&cookie, &code, "swj_guess").await, "oidc-expired");
    let path = format!("/api/v1/auth/oidc/callback?code={}", code.replace(' ', "+"));
    World::refused(
        &world.app.request(Method::GET, &path).header("cookie", &cookie).send().await,
        "oidc-expired",
    );
    World::cookies(&world.come_back(&cookie, &code, &sent["state"]).await);
    World::refused(&world.come_back(&cookie, &code, &sent["state"]).await, "oidc-expired");
    // A code that somebody stole elsewhere does not fit this journey's verifier.
    let (victim, thief) = (world.set_out("/calls").await, world.set_out("/calls").await);
    let stolen = world.code_for(&victim.1);
    World::refused(&world.come_back(&thief.0, &stolen, &thief.1["state"]).await, "oidc-failed");
    // The provider signed nobody in.
    let (cookie, sent) = world.set_out("/calls").await;
    let path = format!("/api/v1/auth/oidc/callback?error=access_denied&state={}", sent["state"]);
    World::refused(
        &world.app.request(Method::GET, &path).header("cookie", &cookie).send().await,
        "oidc-refused",
    );
    // Too late.
    let (cookie, sent) = world.set_out("/calls").await;
    let mut superuser = world.app.database.superuser().await;
    sqlx::query("UPDATE federated_journeys SET expires_at = now() - interval '1 second'")
        .execute(&mut superuser)
        .await
        .unwrap();
    let code = world.code_for(&sent);
    World::refused(&world.come_back(&cookie, &code, &sent["state"]).await, "oidc-expired");
    // Nobody is sent elsewhere in the end.
    let (cookie, sent) = world.set_out("//evil.example").await;
    let code = world.code_for(&sent);
    assert_eq!(world.come_back(&cookie, &code, &sent["state"]).await.header("location"), "/");
}

#[tokio::test]
async fn strangers_join_only_where_and_as_what_the_tenant_says() {
    let world = World::new().await;
    let stranger = json!({"sub": "s2", "email": "Grace@Company.example", "name": "Grace Hopper"});
    world.issuer.say(stranger.clone());
    World::refused(&world.sign_in().await, "oidc-no-account");
    let admin = world.app.demo.user(Role::OrgAdmin);
    let path = format!("/api/v1/identity-providers/{}", world.provider);
    for bad in ["org_admin", "org_owner", "supervisor"] {
        world.app.patch(admin, &path, json!({"joins_as": bad})).await.expect(422);
    }
    world.app.patch(admin, &path, json!({"joins_as": "member"})).await.expect(200);
    for unproved in
        [json!({"email_verified": false}), json!({"email_verified": null}), json!({"email": null})]
    {
        let mut claims = stranger.clone();
        claims.as_object_mut().unwrap().extend(unproved.as_object().unwrap().clone());
        world.issuer.say(claims);
        World::refused(&world.sign_in().await, "oidc-no-account");
    }
    // Who is somebody elsewhere, switched off, or the platform admin is not taken over.
    let off = &world.app.demo.agent2;
    world.app.post(admin, &format!("/api/v1/users/{}/deactivate", off.id), json!({})).await.expect(200);
    for email in [&world.app.rival.user(Role::Agent).email, &off.email, &world.app.platform.email] {
        world.issuer.say(json!({"sub": "s3", "email": email}));
        World::refused(&world.sign_in().await, "oidc-no-account");
    }
    world.issuer.say(stranger);
    let cookies = World::cookies(&world.sign_in().await);
    let me = world.call(Method::GET, "/api/v1/me", &cookies, &json!({})).await.expect(200);
    assert_eq!(
        (&me["role"], &me["user"]["name"], &me["user"]["email"]),
        (&json!("member"), &json!("Grace Hopper"), &json!("grace@company.example"))
    );
    World::cookies(&world.sign_in().await);
    // Switched off is out, whatever the provider says.
    let id = me["user"]["id"].as_str().unwrap();
    world.app.post(admin, &format!("/api/v1/users/{id}/deactivate"), json!({})).await.expect(200);
    World::refused(&world.sign_in().await, "oidc-no-account");
}

/// A tenant's provider says who somebody is in that tenant, and nowhere else.
#[tokio::test]
async fn its_word_is_good_in_its_tenant_only() {
    let world = World::new().await;
    let agent = world.app.demo.user(Role::Agent);
    let mut superuser = world.app.database.superuser().await;
    sqlx::query("INSERT INTO memberships (id, tenant_id, user_id, role) VALUES (gen_random_uuid(), $1, $2, 'org_owner')")
        .bind(world.app.rival.id.0)
        .bind(agent.id.0)
        .execute(&mut superuser)
        .await
        .unwrap();
    // A session of theirs elsewhere.
    let body = json!({"email": agent.email, "password": PASSWORD, "tenant": "rival"});
    let elsewhere =
        world.app.request(Method::POST, "/api/v1/auth/login").json(&body).send().await.expect(200);
    let elsewhere =
        TestUser { token: elsewhere["access_token"].as_str().unwrap().to_owned(), ..agent.clone() };
    let there = world.app.get(&elsewhere, "/api/v1/auth/sessions").await.expect(200);
    let cookies = World::cookies(&world.sign_in().await);
    let refused = async |method: Method, path: &str, body: Value| {
        world.call(method, path, &cookies, &body).await.expect_problem(403, "federated-session");
    };
    refused(Method::POST, "/api/v1/auth/switch", json!({"tenant": "rival"})).await;
    refused(Method::GET, "/api/v1/auth/history", json!({})).await;
    refused(Method::GET, "/api/v1/me/tenants", json!({})).await;
    refused(Method::PATCH, "/api/v1/me", json!({"name": "x"})).await;
    refused(Method::POST, "/api/v1/auth/second-factor", json!({"password": "x"})).await;
    refused(Method::DELETE, "/api/v1/auth/devices", json!({})).await;
    // Nor by a token made in it.
    let made =
        world.call(Method::POST, "/api/v1/api-tokens", &cookies, &json!({"name": "t"})).await.expect(201);
    let token = TestUser { token: made["token"].as_str().unwrap().to_owned(), ..agent.clone() };
    world.app.get(&token, "/api/v1/tickets").await.expect(200);
    world.app.get(&token, "/api/v1/auth/history").await.expect_problem(403, "federated-session");
    // Sessions are seen and ended in this tenant, and stay in the other.
    let mine = world.call(Method::GET, "/api/v1/auth/sessions", &cookies, &json!({})).await.expect(200);
    let tenants: Vec<&Value> =
        mine["items"].as_array().unwrap().iter().map(|session| &session["tenant"]).collect();
    assert_eq!(tenants, [&json!("demo")]);
    let path = format!("/api/v1/auth/sessions/{}", there["items"][0]["id"].as_str().unwrap());
    world.call(Method::DELETE, &path, &cookies, &json!({})).await.expect(404);
    world.call(Method::DELETE, "/api/v1/auth/sessions", &cookies, &json!({})).await.expect(204);
    world.call(Method::GET, "/api/v1/me", &cookies, &json!({})).await.expect(401);
    world.app.get(&elsewhere, "/api/v1/me").await.expect(200);
    let cookies = World::cookies(&world.sign_in().await);
    world.call(Method::POST, "/api/v1/auth/logout", &cookies, &json!({})).await.expect(204);
    world.call(Method::GET, "/api/v1/me", &cookies, &json!({})).await.expect(401);
}

#[tokio::test]
async fn an_issuer_that_is_not_itself_or_not_there() {
    let world = World::new().await;
    let start = format!("/api/v1/auth/oidc/{}/start", world.provider);
    for wrong in [
        json!({"issuer": "http://127.0.0.1:1/other"}),
        json!({"token_endpoint": null}),
        json!({"authorization_endpoint": "javascript:alert(1)"}),
    ] {
        world.issuer.said.lock().unwrap().metadata = wrong.clone();
        let reply = world.app.request(Method::GET, &start).send().await;
        assert_eq!(reply.status, 503, "{wrong} {}", reply.text);
    }
    world.issuer.said.lock().unwrap().metadata = json!({});
    world.app.request(Method::GET, &start).send().await;
    let nobody = format!("/api/v1/auth/oidc/{}/start", uuid::Uuid::nil());
    world.app.request(Method::GET, &nobody).send().await.expect(404);
}

#[tokio::test]
async fn providers_are_the_tenant_s_and_lead_outside() {
    let world = World::new().await;
    let (admin, agent) = (world.app.demo.user(Role::OrgAdmin), world.app.demo.user(Role::Agent));
    let path = format!("/api/v1/identity-providers/{}", world.provider);
    world.app.get(agent, &path).await.expect(403);
    world.app.get(world.app.rival.user(Role::OrgAdmin), &path).await.expect(404);
    world.app.delete(world.app.rival.user(Role::OrgAdmin), &path).await.expect(404);
    let ways = world.app.request(Method::GET, "/api/v1/auth/ways?tenant=demo").send().await.expect(200);
    assert_eq!(ways["providers"], json!([{"id": world.provider, "name": "Company sign-in"}]));
    let good = json!({"name": "Other", "issuer": world.issuer.url, "client_id": "x"});
    for (field, value, pointer) in [
        ("name", json!(""), "/name"),
        ("issuer", json!("javascript:alert(1)"), "/issuer"),
        ("issuer", json!("https://u:p@id.example"), "/issuer"),
        ("client_secret", json!(""), "/client_secret"),
        ("scopes", json!("email"), "/scopes"),
        ("scopes", json!("openid\n"), "/scopes"),
        ("joins_as", json!("org_admin"), "/joins_as"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let problem = world.app.post(admin, "/api/v1/identity-providers", body.clone()).await.expect(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    let mut body = good.clone();
    body["name"] = json!("company SIGN-IN");
    world
        .app
        .post(admin, "/api/v1/identity-providers", body)
        .await
        .expect_problem(409, "identity-provider-exists");
    // Secrets are sealed, and not in the log.
    let mut superuser = world.app.database.superuser().await;
    let all: Vec<String> = sqlx::query_scalar(
        "SELECT identity_providers::text FROM identity_providers UNION ALL SELECT audit_log::text FROM audit_log",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    assert!(!all.join("\n").contains("hunter2"));
    assert!(all.iter().any(|row| row.contains("identity_provider.created")));
    let cookies = World::cookies(&world.sign_in().await);
    world.app.delete(admin, &path).await.expect(204);
    world.call(Method::GET, "/api/v1/me", &cookies, &json!({})).await.expect(401);
    // Without the operator's word nobody makes this server knock at doors inside.
    let app = App::new().await;
    for inside in [world.issuer.url.as_str(), "https://127.0.0.1/", "https://[::1]/", "http://id.example"] {
        let body = json!({"name": "X", "issuer": inside, "client_id": "x"});
        app.post(app.demo.user(Role::OrgAdmin), "/api/v1/identity-providers", body).await.expect(422);
    }
    let body = json!({"name": "X", "issuer": "https://localhost/", "client_id": "x"});
    let made = app.post(app.demo.user(Role::OrgAdmin), "/api/v1/identity-providers", body).await.expect(201);
    let start = format!("/api/v1/auth/oidc/{}/start", made["id"].as_str().unwrap());
    app.request(Method::GET, &start).send().await.expect(503);
}

/// Whoever runs the provider could say that they are the owner; an admin who adds one of their own must gain nothing by it.
#[tokio::test]
async fn a_provider_signs_in_nobody_beyond_the_person_who_set_it_up() {
    let world = World::new().await;
    let (owner, admin) = (world.app.demo.user(Role::OrgOwner), world.app.demo.user(Role::OrgAdmin));
    let path = format!("/api/v1/identity-providers/{}", world.provider);
    let shown = async || world.app.get(owner, &path).await.expect(200)["vouches_for_owners"].clone();
    let say = |sub: &str, user: &TestUser| world.issuer.say(json!({"sub": sub, "email": user.email}));
    say("admin", admin);
    World::cookies(&world.sign_in().await);
    say("owner", owner);
    World::refused(&world.sign_in().await, "oidc-no-account");
    assert_eq!(shown().await, false);
    let lines = world.app.get(owner, "/api/v1/audit?action=session.refused").await.expect(200);
    assert_eq!(lines["items"][0]["detail"]["why"], "oidc-beyond-reach");
    assert_eq!(lines["items"][0]["actor_id"], json!(owner.id));
    // A new name on it changes nothing, an owner's word does.
    world.app.patch(owner, &path, json!({"name": "Ours"})).await.expect(200);
    assert_eq!(shown().await, false);
    world.app.patch(owner, &path, json!({"is_active": true})).await.expect(200);
    assert_eq!(shown().await, true);
    let cookies = World::cookies(&world.sign_in().await);
    // An admin says the same again, which leaves it the owner's; switched off and on it is the admin's.
    world.app.patch(admin, &path, json!({"is_active": true, "issuer": world.issuer.url})).await.expect(200);
    assert_eq!(shown().await, true);
    world.call(Method::GET, "/api/v1/me", &cookies, &json!({})).await.expect(200);
    world.app.patch(admin, &path, json!({"is_active": false})).await.expect(200);
    world.app.patch(admin, &path, json!({"is_active": true})).await.expect(200);
    assert_eq!(shown().await, false);
    // Known by name there by now, and refused all the same.
    World::refused(&world.sign_in().await, "oidc-no-account");
    // So it is with another issuer or client.
    world.app.patch(owner, &path, json!({"is_active": true})).await.expect(200);
    world.app.patch(admin, &path, json!({"client_id": "other"})).await.expect(200);
    assert_eq!(shown().await, false);
}

/// A role of the tenant's own that has the settings and little else lets in nobody who has more.
#[tokio::test]
async fn a_provider_of_who_has_little_gives_little() {
    let world = World::new().await;
    let (owner, agent) = (world.app.demo.user(Role::OrgOwner), &world.app.demo.agent2);
    let body =
        json!({"name": "Fitter", "base": "org_admin", "permissions": ["settings.edit", "tickets.read"]});
    let role = world.app.post(owner, "/api/v1/roles", body).await.expect(201)["id"].clone();
    let member = format!("/api/v1/users/{}", agent.id);
    world.app.patch(owner, &member, json!({"role_id": role})).await.expect(200);
    let path = format!("/api/v1/identity-providers/{}", world.provider);
    world.app.patch(owner, &path, json!({"joins_as": "agent", "is_active": false})).await.expect(200);
    world.app.patch(agent, &path, json!({"is_active": true})).await.expect(200);
    for who in [Role::OrgAdmin, Role::Supervisor, Role::Agent] {
        world.issuer.say(json!({"sub": who.name(), "email": world.app.demo.user(who).email}));
        World::refused(&world.sign_in().await, "oidc-no-account");
    }
    // Nor does a stranger become what they could not have made of them.
    world.issuer.say(json!({"sub": "new", "email": "new@company.example"}));
    World::refused(&world.sign_in().await, "oidc-no-account");
    // Their like comes in.
    world.issuer.say(json!({"sub": "like", "email": agent.email}));
    World::cookies(&world.sign_in().await);
}

#[tokio::test]
async fn what_it_vouched_for_ends_with_it_and_does_not_grow() {
    let world = World::new().await;
    let (owner, admin) = (world.app.demo.user(Role::OrgOwner), world.app.demo.user(Role::OrgAdmin));
    let agent = world.app.demo.user(Role::Agent);
    let path = format!("/api/v1/identity-providers/{}", world.provider);
    let token = async || {
        let cookies = World::cookies(&world.sign_in().await);
        let body = json!({"name": "t"});
        let made = world.call(Method::POST, "/api/v1/api-tokens", &cookies, &body).await.expect(201);
        TestUser { token: made["token"].as_str().unwrap().to_owned(), ..agent.clone() }
    };
    let first = token().await;
    world.app.get(&first, "/api/v1/tickets").await.expect(200);
    world.app.patch(admin, &path, json!({"is_active": false})).await.expect(200);
    world.app.get(&first, "/api/v1/tickets").await.expect(401);
    let lines = world.app.get(admin, "/api/v1/audit?action=api_token.revoked").await.expect(200);
    assert_eq!(lines["items"][0]["detail"], json!({"owner": agent.id, "provider": world.provider}));
    world.app.patch(admin, &path, json!({"is_active": true})).await.expect(200);
    world.app.get(&first, "/api/v1/tickets").await.expect(401);
    // A token made while it could vouch is no owner's when its owner becomes one.
    let second = token().await;
    world.app.get(&second, "/api/v1/tickets").await.expect(200);
    let member = format!("/api/v1/users/{}", agent.id);
    world.app.patch(owner, &member, json!({"role": "org_owner"})).await.expect(200);
    world.app.get(&second, "/api/v1/tickets").await.expect(401);
    world.app.get(agent, "/api/v1/tickets").await.expect(200);
    world.app.patch(owner, &member, json!({"role": "agent"})).await.expect(200);
    let third = token().await;
    world.app.delete(admin, &path).await.expect(204);
    world.app.get(&third, "/api/v1/tickets").await.expect(401);
}
