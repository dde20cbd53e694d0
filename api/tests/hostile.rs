//! What nobody of good will sends, at every operation by the API's own document: a clear refusal that the document names,
//! never a 5xx, and nothing of what is inside. `make fuzz-api` is the long form.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use serde_json::{Map, Value, json};
use switchroom_api::testing::{App, Call, PASSWORD, Reply};
use switchroom_core::{
    Role,
    permission::{Access, endpoint},
};

const ABSENT: &str = "00000000-0000-4000-8000-000000000000";

/// A tenant with one of everything, and the document.
struct World {
    app: App,
    document: Value,
    /// Paths with ids, and a record of that kind.
    records: BTreeMap<&'static str, String>,
}

/// One operation of the document.
struct Operation<'a> {
    method: Method,
    path: &'a str,
    said: &'a Value,
}

impl World {
    async fn new() -> Self {
        let app = App::with_engine().await;
        let mut records = BTreeMap::new();
        let owner = app.demo.user(Role::OrgOwner);
        for (kind, at, body) in [
            (
                "/api/v1/individuals/{id}",
                "individuals",
                json!({"full_name": "Ada", "phones": ["06 12 34 56 78"]}),
            ),
            ("/api/v1/organizations/{id}", "organizations", json!({"name": "Acme", "phones": []})),
            (
                "/api/v1/email-contacts/{id}",
                "email-contacts",
                json!({"name": "Alan", "email": "alan@mail.example", "phones": ["+33612345670"]}),
            ),
            (
                "/api/v1/contact-fields/{id}",
                "contact-fields",
                json!({"kind": "individual", "key": "level", "label": "Level", "type": "text"}),
            ),
            ("/api/v1/connections/{id}", "connections", json!({"kind": "generic", "name": "PBX"})),
            ("/api/v1/teams/{id}", "teams", json!({"name": "Support"})),
            (
                "/api/v1/roles/{id}",
                "roles",
                json!({"name": "Night", "base": "agent", "permissions": ["calls.read"]}),
            ),
            ("/api/v1/tickets/{id}", "tickets", json!({"title": "Printer on fire"})),
            ("/api/v1/bots/{id}", "bots", json!({"name": "Night"})),
            (
                "/api/v1/webhook-endpoints/{id}",
                "webhook-endpoints",
                json!({"name": "CRM", "url": "https://crm.invalid/hook", "events": []}),
            ),
            (
                "/api/v1/identity-providers/{id}",
                "identity-providers",
                json!({"name": "Sign-in", "issuer": "https://id.invalid", "client_id": "x", "client_secret": "y"}),
            ),
            (
                "/api/v1/invitations/{id}",
                "invitations",
                json!({"email": "grace@demo.example", "role": "agent"}),
            ),
        ] {
            let reply = app.post(owner, &format!("/api/v1/{at}"), body).await;
            records.insert(kind, reply.header("location").to_owned());
            reply.expect(201);
        }
        let company = records["/api/v1/organizations/{id}"].clone();
        let person = records["/api/v1/individuals/{id}"].rsplit('/').next().unwrap().to_owned();
        let notes = json!({"contact": {"kind": "individual", "id": person}, "body": "Calls in the morning"});
        for (kind, at, body) in [
            (
                "/api/v1/organizations/{id}/contacts/{contact_id}",
                format!("{company}/contacts"),
                json!({"full_name": "Grace", "phones": []}),
            ),
            ("/api/v1/contact-notes/{id}", "/api/v1/contact-notes".to_owned(), notes),
        ] {
            let reply = app.post(owner, &at, body).await;
            records.insert(kind, reply.header("location").to_owned());
            reply.expect(201);
        }
        let line = json!({"number": "+33199000001", "country": "FR"});
        let reply = app.post(&app.platform, "/api/v1/phone-numbers", line).await;
        let line = reply.header("location").to_owned();
        reply.expect(201);
        app.post(owner, &format!("{line}/assign"), json!({})).await.expect(200);
        records.insert("/api/v1/phone-numbers/{id}", line);
        // One of its own: it may be suspended, and the others' people shall not notice.
        let tenant = json!({"name": "Third", "region": "FR", "owner_email": "owner@third.example"});
        let reply = app.post(&app.platform, "/api/v1/tenants", tenant).await;
        records.insert("/api/v1/tenants/{id}", reply.header("location").to_owned());
        reply.expect(201);
        for kind in ["users", "agents"] {
            let template = if kind == "users" { "/api/v1/users/{id}" } else { "/api/v1/agents/{id}" };
            records.insert(template, format!("/api/v1/{kind}/{}", app.demo.agent2.id));
        }
        Self { app, document: switchroom_api::openapi(), records }
    }

    fn operations(&self) -> Vec<Operation<'_>> {
        let mut all = Vec::new();
        for (path, item) in self.document["paths"].as_object().unwrap() {
            for (method, said) in item.as_object().unwrap() {
                all.push(Operation { method: method.to_uppercase().parse().unwrap(), path, said });
            }
        }
        all
    }

    /// A path in which every id that can be is that of a record.
    fn path_of(&self, template: &str) -> String {
        let known = self
            .records
            .iter()
            .filter(|(kind, _)| template.starts_with(*kind))
            .max_by_key(|(kind, _)| kind.len());
        let path = known.map_or_else(|| template.to_owned(), |(kind, at)| template.replacen(kind, at, 1));
        let path = path.replace("{user_id}", &self.app.demo.user(Role::Agent).id.to_string());
        path.split('/')
            .map(|part| if part.starts_with('{') { ABSENT } else { part })
            .collect::<Vec<_>>()
            .join("/")
    }

    /// In the name of the owner, or of the platform admin where the owner may not.
    fn ask(&self, operation: &Operation<'_>, path: &str) -> Call<'_> {
        let call = self.app.request(operation.method.clone(), path);
        match endpoint(operation.method.as_str(), operation.path).unwrap().access {
            Access::Permission(permission) if !Role::OrgOwner.grants(permission) => {
                call.bearer(&self.app.platform.token).header("x-tenant", "demo")
            }
            _ => call.bearer(&self.app.demo.user(Role::OrgOwner).token),
        }
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => self.document.pointer(&reference[1..]).unwrap(),
            None => schema,
        }
    }

    /// Something that a schema allows: its example, else the plainest.
    fn plain(&self, schema: &Value) -> Value {
        let schema = self.resolve(schema);
        if let Some(example) = schema.get("example") {
            return example.clone();
        }
        if let Some(either) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
            return either.last().map_or(Value::Null, |schema| self.plain(schema));
        }
        let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
        match (kind, schema["format"].as_str()) {
            (Some("string"), Some("uuid")) => ABSENT.into(),
            (Some("string"), Some("date-time")) => "2030-01-01T00:00:00Z".into(),
            (Some("string"), Some("date")) => "1990-01-01".into(),
            (Some("string"), _) => schema["enum"].get(0).cloned().unwrap_or_else(|| "x".into()),
            (Some("integer" | "number"), _) => json!(1),
            (Some("boolean"), _) => json!(false),
            (Some("array"), _) => json!([]),
            _ => Value::Object(self.required(schema)),
        }
    }

    fn required(&self, schema: &Value) -> Map<String, Value> {
        let names = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let field = |name: &Value| {
            (name.as_str().unwrap().to_owned(), self.plain(&schema["properties"][name.as_str().unwrap()]))
        };
        names.iter().map(field).collect()
    }

    /// The schema of an operation's JSON body.
    fn body<'a>(&'a self, operation: &'a Operation<'_>) -> Option<&'a Value> {
        let schema = operation.said["requestBody"]["content"]["application/json"].get("schema")?;
        operation.path.starts_with("/api/").then(|| self.resolve(schema))
    }
}

/// What every answer must be, whatever was asked.
#[track_caller]
fn judge(operation: &Operation<'_>, reply: &Reply, sent: &str) {
    let what =
        || format!("{} {} {}: {} {}", operation.method, operation.path, sent, reply.status, reply.text);
    assert!(reply.status < 500, "{}", what());
    assert!(
        operation.said["responses"].get(reply.status.to_string()).is_some(),
        "not in the document: {}",
        what()
    );
    if reply.status >= 400 {
        assert_eq!(reply.header("content-type"), "application/problem+json", "{}", what());
        assert_eq!(reply.body["status"], reply.status, "{}", what());
        let inside = ["sqlx", "postgres", "constraint", "panicked", "SELECT ", "INSERT ", "UPDATE ", ".rs:"];
        // What was sent may come back, in a message about it.
        let found = inside.iter().find(|word| reply.text.contains(**word) && !sent.contains(**word));
        assert!(found.is_none(), "{}", what());
    }
}

fn shown(text: &str) -> String {
    text.chars().take(200).collect()
}

#[tokio::test]
async fn bodies_that_are_none() {
    let world = World::new().await;
    let mut asked = 0;
    for operation in world.operations() {
        if world.body(&operation).is_none() {
            continue;
        }
        let path = world.path_of(operation.path);
        let optional = operation.said["requestBody"]["required"] != true;
        let nested = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
        let long = format!("{{\"x\":\"{}\"}}", "x".repeat(1024 * 1024));
        let table: [(&str, &[u8], &[u16]); 13] = [
            ("application/json", long.as_bytes(), &[413]),
            ("text/plain", b"{}", &[415]),
            ("application/x-www-form-urlencoded", b"a=b", &[415]),
            ("", b"{}", &[415]),
            ("application/json", b"{", &[400]),
            ("application/json", b"\xff\xfe{}", &[400]),
            ("application/json", b"{\"x\":\"\\ud800\"}", &[400]),
            ("application/json", nested.as_bytes(), &[400]),
            ("application/json", b"[]", &[422]),
            ("application/json", b"[null,null,null]", &[422]),
            ("application/json", b"null", &[422]),
            ("application/json", b"\"x\"", &[422]),
            ("application/json", b"{\"\\u0000\":1}", &[422]),
        ];
        for (media_type, body, expected) in table {
            let sent = shown(&String::from_utf8_lossy(body));
            let reply = world
                .ask(&operation, &path)
                .header("content-type", media_type)
                .raw(body.to_vec())
                .send()
                .await;
            judge(&operation, &reply, &sent);
            // A record that is not there is told before the body is looked at.
            let absent = reply.status == 404 && path.contains(ABSENT);
            assert!(
                absent || expected.contains(&reply.status),
                "{} {path} {sent}: {} {}",
                operation.method,
                reply.status,
                reply.text
            );
            asked += 1;
        }
        if !optional {
            let reply = world.ask(&operation, &path).header("content-type", "application/json").send().await;
            judge(&operation, &reply, "nothing");
            assert!(matches!(reply.status, 400 | 404), "{} {path}: {}", operation.method, reply.status);
        }
    }
    assert!(asked > 800, "{asked}");
}

#[tokio::test]
async fn hostile_values_in_every_field() {
    let world = World::new().await;
    let long = "x".repeat(100_000);
    let texts = [
        "",
        "\0",
        " \u{202e}\u{200b}\u{7} ",
        "'; DROP TABLE users; --",
        "<svg/onload=alert(1)>",
        "../../../etc/passwd\r\nSet-Cookie: a=b",
        "%n%s{{7*7}}${jndi:ldap://x}",
        "\u{663}\u{663}\u{666}",
        "+262142-12-31T23:59:59.999999999Z",
        "-262143-01-01",
        "0000-00-00",
        &long,
    ];
    let mut values = texts.map(Value::from).to_vec();
    values.extend([
        json!(true),
        json!(-1),
        json!(1e308),
        json!(i64::MAX),
        json!({"x": 1}),
        json!([[["x"]]]),
        Value::Null,
    ]);
    values.push(json!(vec!["x"; 5000]));
    let (mut asked, mut taken) = (0, 0);
    for operation in world.operations() {
        let Some(schema) = world.body(&operation) else { continue };
        let Some(fields) = schema["properties"].as_object() else { continue };
        let path = world.path_of(operation.path);
        let base = world.required(schema);
        for field in fields.keys() {
            // A password that is judged costs time on purpose.
            let costly = operation.path.starts_with("/api/v1/auth/");
            for value in values.iter().take(if costly { 8 } else { values.len() }) {
                let mut body = base.clone();
                body.insert(field.clone(), value.clone());
                let body = Value::Object(body);
                let reply = world.ask(&operation, &path).json(&body).send().await;
                judge(&operation, &reply, &shown(&body.to_string()));
                asked += 1;
                taken += u32::from(reply.status < 300);
            }
        }
    }
    // Many are harmless where they stand; were none taken, the rest would have been refused for something else.
    assert!(asked > 3000 && taken > 300, "{asked} asked, {taken} taken");
    world.app.get(world.app.demo.user(Role::OrgOwner), "/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn hostile_queries() {
    let world = World::new().await;
    let long = "x".repeat(8000);
    let values = [
        "%00",
        "%ff%fe",
        "%ed%a0%80",
        "'%20OR%201=1--",
        "-1",
        "99999999999999999999",
        "%E2%80%AE",
        "%",
        "[]",
        "1e9",
        "+262142-12-31T23:59:59Z",
        long.as_str(),
    ];
    let mut asked = 0;
    for operation in world.operations() {
        let parameters = operation.said["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let names: BTreeSet<&str> =
            parameters.iter().filter(|p| p["in"] == "query").filter_map(|p| p["name"].as_str()).collect();
        let path = world.path_of(operation.path);
        for name in names.into_iter().filter(|_| operation.method == Method::GET) {
            for value in values {
                for query in [format!("{name}={value}"), format!("{name}={value}&{name}={value}")] {
                    let reply = world.ask(&operation, &format!("{path}?{query}")).send().await;
                    judge(&operation, &reply, &shown(&query));
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 4000, "{asked}");
}

/// Every operation that takes `If-Match` refuses what is not the version of now, and nothing is changed.
#[tokio::test]
async fn stale_versions_change_nothing() {
    let world = World::new().await;
    let person = world.app.demo.user(Role::Agent).id;
    let mut seen = 0;
    for operation in world.operations() {
        let parameters = operation.said["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !parameters.iter().any(|parameter| parameter["name"] == "If-Match") {
            continue;
        }
        let path = world.path_of(operation.path);
        let body = match (operation.method.as_str(), operation.path) {
            (_, "/api/v1/settings/accounts") => json!({"registration": "approval"}),
            (_, "/api/v1/settings/directory") => json!({"tax_id_required": true}),
            ("POST", path) if path.ends_with("/connect") => json!({"user_id": person}),
            ("POST", path)
                if path.ends_with("/transfer") || path.ends_with("/assign") && path.contains("tickets") =>
            {
                json!({"user_id": person})
            }
            ("POST", "/api/v1/tickets/{id}/status") => json!({"status": "in_progress"}),
            ("POST", path) if path.ends_with("/status") => json!({"status": "suspended"}),
            ("POST", path) if path.ends_with("/replies") => json!({"body": "Hello"}),
            ("PATCH", "/api/v1/individuals/{id}" | "/api/v1/organizations/{id}/contacts/{contact_id}") => {
                json!({"full_name": "Zoë"})
            }
            ("PATCH", "/api/v1/contact-fields/{id}") => json!({"label": "Zoë"}),
            ("PATCH", "/api/v1/contact-notes/{id}") => json!({"body": "Zoë"}),
            ("PATCH", "/api/v1/tickets/{id}") => json!({"title": "Zoë"}),
            ("PATCH", "/api/v1/phone-numbers/{id}") => json!({"provider": "Zoë"}),
            ("PATCH", "/api/v1/users/{id}") => json!({"extension": "299"}),
            ("PATCH", _) => json!({"name": "Zoë"}),
            _ => json!({}),
        };
        for tag in ["\"999\"", "999", "W/\"0\"", "", "\"1\u{2c}\""] {
            let reply = world.ask(&operation, &path).header("if-match", tag).json(&body).send().await;
            judge(&operation, &reply, tag);
            assert_eq!(reply.status, 412, "{} {path} {body} {tag}: {}", operation.method, reply.text);
        }
        seen += 1;
    }
    assert!(seen >= 39, "{seen}");
    let all = world.app.get(world.app.demo.user(Role::OrgOwner), "/api/v1/individuals").await.expect(200);
    assert!(!all.to_string().contains("Zoë"));
}

#[tokio::test]
async fn tricks_with_paths_lead_nowhere() {
    let app = App::new().await;
    let owner = app.demo.user(Role::OrgOwner);
    for path in [
        "/api/v1/../v1/users",
        "/api/v1/./users",
        "/api/v1/healthz/../users",
        "/api/v1/auth/login/../../users",
        "/api/v1/auth/%2e%2e/users",
        "/api/v1/auth%2f..%2fusers",
        "/api/v1/%2e/users",
        "/api/v1//users",
        "//api/v1/users",
        "/api/v1/users/",
        "/api/v1/users//",
        "/api/v1/users;x=1",
        "/api/v1/users%00",
        "/api/v1/users%20",
        "/api/v1/users%2f",
        "/api/v1/users.json",
        "/API/V1/users",
        "/api/v1/Users",
        "/api/v1/%75sers",
        "/api/v1/%75sers%2e",
        "/api/v1/tickets/..%5c..%5cusers",
        "/api/v1/individuals/%c0%ae%c0%ae/users",
        "/docs/../api/v1/users",
        "/docs/..%2f..%2fCargo.toml",
        "/docs/%2e%2e%2fopenapi.json",
        "/docs/docs.js%00.html",
        "/hooks/../api/v1/users",
        "/hooks/..%2f..%2fapi%2fv1%2fusers",
    ] {
        for token in [None, Some(&owner.token)] {
            let mut call = app.request(Method::GET, path);
            if let Some(token) = token {
                call = call.bearer(token);
            }
            let reply = call.send().await;
            // One that ends at a record's door is refused there.
            let at_a_door = token.is_none() && reply.status == 401;
            assert!(
                at_a_door || matches!(reply.status, 404 | 405),
                "{path}: {} {}",
                reply.status,
                shown(&reply.text)
            );
        }
    }
}

/// Headers by which a proxy may speak of a client sign nobody in and lead no other way.
#[tokio::test]
async fn headers_that_are_believed_elsewhere() {
    let app = App::new().await;
    let owner = app.demo.user(Role::OrgOwner);
    for (name, value) in [
        ("x-forwarded-user", owner.email.as_str()),
        ("x-forwarded-email", owner.email.as_str()),
        ("remote-user", owner.email.as_str()),
        ("x-remote-user", owner.email.as_str()),
        ("x-auth-request-email", owner.email.as_str()),
        ("x-ssl-client-s-dn", "CN=root"),
        ("x-original-url", "/healthz"),
        ("x-rewrite-url", "/healthz"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "localhost"),
        ("x-tenant", "demo"),
        ("x-api-key", owner.token.as_str()),
        ("cookie", "switchroom_session="),
    ] {
        app.request(Method::GET, "/api/v1/users")
            .header(name, value)
            .send()
            .await
            .expect_problem(401, "unauthenticated");
    }
    let agent = &app.demo.user(Role::Agent).token;
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let note = app
            .request(Method::GET, "/api/v1/api-tokens")
            .bearer(agent)
            .header(name, "POST")
            .json(&json!({"name": "x"}));
        assert!(note.send().await.expect(200)["items"].is_array());
    }
    // A tenant is named by a platform admin only.
    let me = app
        .request(Method::GET, "/api/v1/me")
        .bearer(agent)
        .header("x-tenant", "rival")
        .send()
        .await
        .expect(200);
    assert_eq!(me["tenant"]["slug"], "demo");
}

/// Also one that was good a moment ago and is known by heart.
#[tokio::test]
async fn expired_tokens_are_refused() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let me = async |token: &str| app.request(Method::GET, "/api/v1/me").bearer(token).send().await.status;
    let soon = chrono::Utc::now() + chrono::TimeDelta::milliseconds(1500);
    let made =
        app.post(agent, "/api/v1/api-tokens", json!({"name": "brief", "expires_at": soon})).await.expect(201);
    let brief = made["token"].as_str().unwrap().to_owned();
    let body = json!({"email": agent.email, "password": PASSWORD});
    let mut pairs = Vec::new();
    for _ in 0..2 {
        pairs.push(app.request(Method::POST, "/api/v1/auth/login").json(&body).send().await.expect(200));
    }
    let access = |pair: &Value| pair["access_token"].as_str().unwrap().to_owned();
    assert_eq!((me(&brief).await, me(&access(&pairs[0])).await), (200, 200));
    let mut connection = app.database.superuser().await;
    let expire = "UPDATE sessions SET access_expires_at = now(), refresh_expires_at = now()";
    sqlx::query(expire).execute(&mut connection).await.unwrap();
    assert_eq!(me(&access(&pairs[1])).await, 401);
    for pair in &pairs {
        let body = json!({"refresh_token": pair["refresh_token"]});
        app.request(Method::POST, "/api/v1/auth/refresh")
            .json(&body)
            .send()
            .await
            .expect_problem(401, "unauthenticated");
    }
    tokio::time::sleep((soon - chrono::Utc::now()).to_std().unwrap_or_default()).await;
    assert_eq!(me(&brief).await, 401);
}

/// Whether there is somebody cannot be told from how long a refusal takes: the work is the same, or the answer comes
/// before anybody is looked for.
#[tokio::test]
async fn nobody_is_found_out_by_the_clock() {
    let app = App::new().await;
    let known = app.demo.user(Role::Agent).email.clone();
    let refusal = async |email: &str| {
        let body = json!({"email": email, "password": "wrong password, certainly"});
        let began = std::time::Instant::now();
        app.request(Method::POST, "/api/v1/auth/login").json(&body).send().await.expect(401);
        began.elapsed()
    };
    refusal(&known).await;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for round in 0..9 {
        with.push(refusal(&known).await);
        without.push(refusal(&format!("nobody{round}@demo.example")).await);
    }
    // The fastest of each: what disturbs a measurement makes it longer, never shorter.
    let (with, without) = (with.into_iter().min().unwrap(), without.into_iter().min().unwrap());
    assert!(with < without * 2 && without < with * 2, "known {with:?}, unknown {without:?}");
    assert!(without > std::time::Duration::from_millis(1), "no password was judged: {without:?}");
}
