//! Events out: a real receiver on this machine, the real courier, and a log that grows.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use switchroom_api::testing::{App, TestTenant};
use switchroom_core::Role;
use switchroom_engine::{egress::Guard, webhooks::Courier};
use tokio::sync::{
    Notify,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};
use uuid::Uuid;

/// What came, as it came.
struct Received {
    headers: HeaderMap,
    body: String,
}

impl Received {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Whether it was signed with this secret, as a receiver checks it.
    fn is_signed_by(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(
            format!("{}.{}.{}", self.header("webhook-id"), self.header("webhook-timestamp"), self.body)
                .as_bytes(),
        );
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        self.header("webhook-signature").split(' ').any(|one| one == expected)
    }
}

struct Receiver {
    address: SocketAddr,
    came: UnboundedReceiver<Received>,
    status: Arc<AtomicU16>,
    /// How long an answer takes, in ms.
    delay: Arc<AtomicU64>,
}

type Shared = (UnboundedSender<Received>, Arc<AtomicU16>, Arc<AtomicU64>);

async fn take(
    State((came, status, delay)): State<Shared>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, [(&'static str, &'static str); 2]) {
    came.send(Received { headers, body }).unwrap();
    tokio::time::sleep(Duration::from_millis(delay.load(Ordering::SeqCst))).await;
    let headers = [("location", "http://169.254.169.254/"), ("retry-after", "300")];
    (StatusCode::from_u16(status.load(Ordering::SeqCst)).unwrap(), headers)
}

impl Receiver {
    async fn start() -> Self {
        let (sender, came) = unbounded_channel();
        let status = Arc::new(AtomicU16::new(200));
        let delay = Arc::new(AtomicU64::new(0));
        let shared = (sender, Arc::clone(&status), Arc::clone(&delay));
        let router = Router::new().route("/hook", post(take)).with_state(shared);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, came, status, delay }
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    fn answer_after(&self, delay: Duration) {
        self.delay.store(u64::try_from(delay.as_millis()).unwrap(), Ordering::SeqCst);
    }

    async fn next(&mut self) -> Received {
        tokio::time::timeout(Duration::from_secs(60), self.came.recv())
            .await
            .expect("an event within a minute")
            .unwrap()
    }

    async fn seqs(&mut self, count: usize) -> Vec<i64> {
        let mut seqs = Vec::new();
        for _ in 0..count {
            seqs.push(self.next().await.json()["data"]["seq"].as_i64().unwrap());
        }
        seqs
    }
}

async fn app() -> App {
    App::with_config(|config| config.webhooks = Guard::allowing(|address| address.is_loopback())).await
}

fn courier(app: &App) -> Courier {
    let guard = app.state.config.webhooks.clone();
    Courier::start(app.database.db.clone(), app.state.sealer.clone(), guard, Arc::new(Notify::new())).unwrap()
}

/// Entries at the end of the tenant's log.
async fn append(app: &App, tenant: &TestTenant, types: &[&str]) {
    let mut superuser = app.database.superuser().await;
    for type_ in types {
        sqlx::query(
            "WITH next AS (UPDATE tenant_log SET last_seq = last_seq + 1 WHERE tenant_id = $1 RETURNING last_seq)
             INSERT INTO call_events (tenant_id, seq, event_id, call_id, type, at, recorded_at, effective, data)
             SELECT $1, last_seq, $2, $2, split_part($3, ' ', 1), now(), now(), $3 NOT LIKE '% late',
                    jsonb_build_object('call', jsonb_build_object('from', '+33639980001'), 'pops', '[]'::jsonb) FROM next",
        )
        .bind(tenant.id.0)
        .bind(Uuid::now_v7())
        .bind(type_)
        .execute(&mut superuser)
        .await
        .unwrap();
    }
}

async fn endpoint(app: &App, tenant: &TestTenant, url: &str, events: Value) -> (String, String) {
    let body = json!({"name": "CRM", "url": url, "events": events});
    let reply = app.post(tenant.user(Role::OrgAdmin), "/api/v1/webhook-endpoints", body).await;
    let path = reply.header("location").to_owned();
    let secret = reply.expect(201)["secret"].as_str().unwrap().to_owned();
    (path, secret)
}

async fn until(app: &App, tenant: &TestTenant, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..600 {
        let now = app.get(tenant.user(Role::OrgAdmin), path).await.expect(200);
        if fits(&now) {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it does not come to it: {}", app.get(tenant.user(Role::OrgAdmin), path).await.text);
}

/// As if the time of the next attempt had come.
async fn hurry(app: &App) {
    sqlx::query("UPDATE webhook_endpoints SET next_attempt_at = now()")
        .execute(&mut app.database.superuser().await)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_endpoint_hears_what_it_asked_for_signed_and_in_order() {
    let app = app().await;
    let mut receiver = Receiver::start().await;
    let admin = app.demo.user(Role::OrgAdmin);
    append(&app, &app.demo, &["ringing"]).await;
    let (path, secret) = endpoint(&app, &app.demo, &receiver.url(), json!(["call.*"])).await;
    // What was before is not told, nor what changed nothing, nor what was not asked for, nor another tenant's.
    append(&app, &app.demo, &["ringing", "answered late", "presence", "answered", "ended"]).await;
    append(&app, &app.rival, &["ringing", "ended"]).await;
    let courier = courier(&app);
    let first = receiver.next().await;
    assert!(first.is_signed_by(&secret));
    let body = first.json();
    assert_eq!(
        (&body["type"], &body["data"]["seq"], &body["data"]["call"]["from"]),
        (&json!("call.ringing"), &json!(2), &json!("+33639980001"))
    );
    assert_eq!(first.header("webhook-id"), body["data"]["event_id"].as_str().unwrap());
    assert!(body["data"].get("pops").is_none() && first.header("content-type") == "application/json");
    assert_eq!(receiver.seqs(2).await, [5, 6]);
    let log: Vec<String> =
        (0..20).map(|n| if n % 2 == 0 { "ringing".to_owned() } else { "ended".to_owned() }).collect();
    append(&app, &app.demo, &log.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(receiver.seqs(20).await, (7..27).collect::<Vec<_>>());
    let now = until(&app, &app.demo, &path, |now| now["cursor"] == "v1.26").await;
    assert!(now.get("secret").is_none() && now["failed"] == 0 && now["next_attempt_at"].is_null());
    let deliveries =
        app.get(admin, &format!("{path}/deliveries?outcome=delivered&limit=200")).await.expect(200);
    assert_eq!(deliveries["items"].as_array().unwrap().len(), 23);
    assert_eq!(
        (&deliveries["items"][0]["status"], &deliveries["items"][0]["attempt"]),
        (&json!(200), &json!(1))
    );
    // A new secret: for a day both sign.
    let new = app.post(admin, &format!("{path}/rotate-secret"), json!({})).await.expect(200);
    let new_secret = new["secret"].as_str().unwrap();
    assert!(new["rotating"].as_bool().unwrap() && new_secret != secret);
    append(&app, &app.demo, &["ringing"]).await;
    let both = receiver.next().await;
    assert!(both.is_signed_by(&secret) && both.is_signed_by(new_secret));
    sqlx::query("UPDATE webhook_endpoints SET old_until = now()")
        .execute(&mut app.database.superuser().await)
        .await
        .unwrap();
    append(&app, &app.demo, &["ringing"]).await;
    let one = receiver.next().await;
    assert!(!one.is_signed_by(&secret) && one.is_signed_by(new_secret));
    // Once more from a place of the log, under the same ids.
    app.post(admin, &format!("{path}/replay"), json!({"after": "v1.25"})).await.expect(200);
    assert_eq!(receiver.seqs(3).await, [26, 27, 28]);
    for bad in [json!({"after": "v1.99"}), json!({"after": "x"}), json!({})] {
        app.post(admin, &format!("{path}/replay"), bad).await.expect_problem(422, "validation");
    }
    // Switched off it keeps its place; deleted it hears nothing.
    app.patch(admin, &path, json!({"is_active": false})).await.expect(200);
    append(&app, &app.demo, &["ringing"]).await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(receiver.came.is_empty());
    app.patch(admin, &path, json!({"is_active": true})).await.expect(200);
    assert_eq!(receiver.seqs(1).await, [29]);
    app.delete(admin, &path).await.expect(204);
    append(&app, &app.demo, &["ringing"]).await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(receiver.came.is_empty());
    app.get(admin, &path).await.expect_problem(404, "not-found");
    courier.stop().await;
}

#[tokio::test]
async fn what_fails_is_tried_again_in_order_and_given_up_in_the_end() {
    let app = app().await;
    let mut receiver = Receiver::start().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let (path, _) = endpoint(&app, &app.demo, &receiver.url(), json!([])).await;
    let courier = courier(&app);
    receiver.answer(500);
    append(&app, &app.demo, &["ringing", "ended"]).await;
    let first = receiver.next().await;
    let failing = until(&app, &app.demo, &path, |now| now["failed"] == 1).await;
    assert!(failing["next_attempt_at"].is_string() && failing["cursor"] == "v1.0");
    hurry(&app).await;
    // The same event under the same id, and never the next before it.
    let again = receiver.next().await;
    assert_eq!(first.header("webhook-id"), again.header("webhook-id"));
    until(&app, &app.demo, &path, |now| now["failed"] == 2).await;
    receiver.answer(204);
    hurry(&app).await;
    assert_eq!(receiver.seqs(2).await, [1, 2]);
    until(&app, &app.demo, &path, |now| now["cursor"] == "v1.2" && now["failed"] == 0).await;
    // A redirect is no way in, and not followed.
    receiver.answer(302);
    append(&app, &app.demo, &["ringing"]).await;
    receiver.next().await;
    until(&app, &app.demo, &path, |now| now["failed"] == 1).await;
    // After the last attempt it is a dead letter, and what comes after goes out.
    sqlx::query("UPDATE webhook_endpoints SET failed = 9, next_attempt_at = now()")
        .execute(&mut app.database.superuser().await)
        .await
        .unwrap();
    receiver.next().await;
    until(&app, &app.demo, &path, |now| now["cursor"] == "v1.3").await;
    let letters = app.get(admin, &format!("{path}/dead-letters")).await.expect(200);
    assert_eq!(letters["items"][0]["cursor"], "v1.3");
    assert_eq!(
        (&letters["items"][0]["type"], &letters["items"][0]["fault"]),
        (&json!("call.ringing"), &json!("answered 302"))
    );
    receiver.answer(200);
    append(&app, &app.demo, &["ended"]).await;
    assert_eq!(receiver.seqs(1).await, [4]);
    // Tried once more when somebody asks.
    let replay = format!("{path}/dead-letters/replay");
    app.post(admin, &replay, json!({"id": Uuid::now_v7()})).await.expect_problem(422, "validation");
    assert_eq!(
        app.post(admin, &replay, json!({"id": letters["items"][0]["id"]})).await.expect(200)["replaying"],
        1
    );
    assert_eq!(receiver.seqs(1).await, [3]);
    until(&app, &app.demo, &format!("{path}/dead-letters"), |now| {
        now["items"][0]["delivered_at"].is_string()
    })
    .await;
    assert_eq!(app.post(admin, &replay, json!({})).await.expect(200)["replaying"], 0);
    let failed = app.get(admin, &format!("{path}/deliveries?outcome=failed")).await.expect(200);
    assert_eq!(failed["items"].as_array().unwrap().len(), 3);
    courier.stop().await;
}

#[tokio::test]
async fn a_restart_sends_nothing_twice_and_loses_nothing() {
    let app = app().await;
    let mut receiver = Receiver::start().await;
    let (path, _) = endpoint(&app, &app.demo, &receiver.url(), json!([])).await;
    let first = courier(&app);
    append(&app, &app.demo, &["ringing", "ended"]).await;
    assert_eq!(receiver.seqs(2).await, [1, 2]);
    until(&app, &app.demo, &path, |now| now["cursor"] == "v1.2").await;
    first.stop().await;
    append(&app, &app.demo, &["ringing", "ended"]).await;
    // What a process that was killed had held is free again after its time.
    sqlx::query("UPDATE webhook_endpoints SET held_until = now()")
        .execute(&mut app.database.superuser().await)
        .await
        .unwrap();
    // Two of them, as on two nodes: one tells.
    let (second, third) = (courier(&app), courier(&app));
    assert_eq!(receiver.seqs(2).await, [3, 4]);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(receiver.came.is_empty());
    second.stop().await;
    third.stop().await;
}

#[tokio::test]
async fn a_receiver_that_asks_for_time_gets_it_and_one_that_is_gone_is_left_alone() {
    let app = app().await;
    let mut receiver = Receiver::start().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let (path, _) = endpoint(&app, &app.demo, &receiver.url(), json!([])).await;
    let courier = courier(&app);
    receiver.answer(503);
    append(&app, &app.demo, &["ringing"]).await;
    receiver.next().await;
    let failing = until(&app, &app.demo, &path, |now| now["failed"] == 1).await;
    let next: chrono::DateTime<chrono::Utc> = failing["next_attempt_at"].as_str().unwrap().parse().unwrap();
    let wait = (next - chrono::Utc::now()).num_seconds();
    assert!((240..=300).contains(&wait), "not after 5 seconds but when it wants: {wait}");
    receiver.answer(410);
    hurry(&app).await;
    receiver.next().await;
    let gone = until(&app, &app.demo, &path, |now| now["is_active"] == false).await;
    assert_eq!(gone["cursor"], "v1.0", "it keeps its place");
    let line = app.get(admin, "/api/v1/audit?action=webhook_endpoint.gone").await.expect(200);
    assert_eq!(
        (&line["items"][0]["detail"], &line["items"][0]["actor_id"]),
        (&json!({"status": 410}), &Value::Null)
    );
    hurry(&app).await;
    append(&app, &app.demo, &["ended"]).await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(receiver.came.is_empty());
    receiver.answer(200);
    app.patch(admin, &path, json!({"is_active": true})).await.expect(200);
    assert_eq!(receiver.seqs(2).await, [1, 2]);
    courier.stop().await;
}

#[tokio::test]
async fn a_stop_lets_go_of_what_was_in_hand() {
    let app = app().await;
    let mut receiver = Receiver::start().await;
    endpoint(&app, &app.demo, &receiver.url(), json!([])).await;
    receiver.answer_after(Duration::from_secs(600));
    let first = courier(&app);
    append(&app, &app.demo, &["ringing"]).await;
    receiver.next().await;
    first.stop().await;
    receiver.answer_after(Duration::ZERO);
    let second = courier(&app);
    // Its hold would have ended after a minute.
    let again = tokio::time::timeout(Duration::from_secs(20), receiver.next()).await;
    assert_eq!(again.expect("no minute of silence").json()["data"]["seq"], 1);
    second.stop().await;
}

#[tokio::test]
async fn a_tenant_whose_receivers_are_slow_leaves_places_for_others() {
    let app = app().await;
    let (mut slow, mut quick) = (Receiver::start().await, Receiver::start().await);
    slow.answer_after(Duration::from_secs(600));
    for _ in 0..20 {
        endpoint(&app, &app.demo, &slow.url(), json!([])).await;
    }
    endpoint(&app, &app.rival, &quick.url(), json!([])).await;
    append(&app, &app.demo, &["ringing"]).await;
    let courier = courier(&app);
    slow.seqs(8).await;
    append(&app, &app.rival, &["ringing"]).await;
    assert_eq!(quick.seqs(1).await, [1]);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(slow.came.is_empty(), "eight at once, until one of them is given up");
    courier.stop().await;
}

#[tokio::test]
async fn nobody_reaches_this_house_by_a_webhook() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let make = |url: &str| json!({"name": "x", "url": url});
    for url in [
        "http://hooks.example/",
        "https://127.0.0.1/",
        "https://localhost.example@127.0.0.1/",
        "https://[::1]/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest",
        "https://0x7f.1/",
        "ftp://x.example/",
        "x",
        "",
        "https://u:p@x.example/",
        "javascript:alert(1)",
    ] {
        let problem =
            app.post(admin, "/api/v1/webhook-endpoints", make(url)).await.expect_problem(422, "validation");
        assert_eq!(problem["errors"][0]["pointer"], "/url", "{url}");
    }
    for (body, pointer) in [
        (json!({"name": "", "url": "https://x.example/"}), "/name"),
        (json!({"name": "x", "url": "https://x.example/", "events": ["call.gone"]}), "/events/0"),
        (json!({"name": "x", "url": "https://x.example/", "secret": "mine"}), "/secret"),
    ] {
        let problem =
            app.post(admin, "/api/v1/webhook-endpoints", body).await.expect_problem(422, "validation");
        assert!(problem["errors"][0]["pointer"] == pointer || pointer == "/secret", "{problem}");
    }
    app.post(app.demo.user(Role::Supervisor), "/api/v1/webhook-endpoints", make("https://x.example/"))
        .await
        .expect_problem(403, "forbidden");
    // A name that leads here is only known when it is looked up: nothing is connected to.
    let mut receiver = Receiver::start().await;
    let url = format!("https://localhost:{}/hook", receiver.address.port());
    let reply = app.post(admin, "/api/v1/webhook-endpoints", make(&url)).await;
    let path = reply.header("location").to_owned();
    reply.expect(201);
    append(&app, &app.demo, &["ringing"]).await;
    let courier = courier(&app);
    until(&app, &app.demo, &path, |now| now["failed"] == 1).await;
    let attempts = app.get(admin, &format!("{path}/deliveries")).await.expect(200);
    let attempt = &attempts["items"][0];
    assert!(attempt["fault"].as_str().unwrap().contains("not of the internet"), "{attempt}");
    assert!(attempt["status"].is_null() && receiver.came.try_recv().is_err());
    courier.stop().await;
    // Another tenant's is no endpoint.
    let rival = app.rival.user(Role::OrgAdmin);
    for (method, tail) in [
        ("GET", ""),
        ("GET", "/deliveries"),
        ("GET", "/dead-letters"),
        ("DELETE", ""),
        ("POST", "/rotate-secret"),
        ("POST", "/dead-letters/replay"),
    ] {
        let request = app
            .request(method.parse().unwrap(), &format!("{path}{tail}"))
            .bearer(&rival.token)
            .json(&json!({}));
        request.send().await.expect_problem(404, "not-found");
    }
    assert_eq!(app.get(rival, "/api/v1/webhook-endpoints").await.expect(200)["items"], json!([]));
    // At most twenty.
    for _ in 1..20 {
        app.post(admin, "/api/v1/webhook-endpoints", make("https://x.example/")).await.expect(201);
    }
    app.post(admin, "/api/v1/webhook-endpoints", make("https://x.example/"))
        .await
        .expect_problem(409, "too-many-endpoints");
}
