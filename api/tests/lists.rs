//! Every list of the document, asked for forwards, backwards and counted: what is documented is what happens.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::testing::{App, PASSWORD, TestUser};
use switchroom_core::Role;
use uuid::Uuid;

/// Makes something; where it is said to be, it is.
async fn made(app: &App, who: &TestUser, path: &str, body: Value) -> Value {
    let reply = app.post(who, path, body).await;
    let location = reply.header("location").to_owned();
    let body = reply.expect(201);
    if !location.is_empty() {
        assert_eq!(app.get(who, &location).await.status, 200, "GET {location}, the Location of POST {path}");
    }
    body
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

/// Ids for the paths of lists beneath something.
struct Seeds {
    individual: String,
    organization: String,
    call: Uuid,
    ticket: String,
    endpoint: String,
    number: String,
}

/// At least three of everything that has a list.
async fn seeds(app: &App) -> Seeds {
    let (owner, root) = (app.demo.user(Role::OrgOwner), &app.platform);
    let tenant = app.demo.id.0;
    let mut connection = app.database.superuser().await;
    let call = Uuid::now_v7();
    let (mut individual, mut organization, mut endpoint, mut number) = Default::default();
    for n in 0..3 {
        let login = json!({"email": owner.email, "password": PASSWORD});
        app.request(Method::POST, "/api/v1/auth/login").json(&login).send().await.expect(200);
        made(app, owner, "/api/v1/api-tokens", json!({"name": format!("token {n}")})).await;
        made(app, owner, "/api/v1/bots", json!({"name": format!("Bot {n}")})).await;
        made(app, owner, "/api/v1/teams", json!({"name": format!("Team {n}")})).await;
        let role = json!({"name": format!("Role {n}"), "base": "agent", "permissions": ["calls.read"]});
        made(app, owner, "/api/v1/roles", role).await;
        let invitation = json!({"email": format!("new{n}@x.example"), "role": "agent"});
        made(app, owner, "/api/v1/invitations", invitation).await;
        made(app, owner, "/api/v1/connections", json!({"kind": "generic", "name": format!("PBX {n}")})).await;
        let body = json!({"name": format!("Hook {n}"), "url": "https://x.example/"});
        endpoint = id(&made(app, owner, "/api/v1/webhook-endpoints", body).await);
        let field = json!({"key": format!("field_{n}"), "kind": "individual", "label": format!("Field {n}"), "type": "text"});
        made(app, owner, "/api/v1/contact-fields", field).await;
        let body = json!({"full_name": format!("Ada {n}"), "phones": ["+33639980001"]});
        individual = id(&made(app, owner, "/api/v1/individuals", body).await);
        let body = json!({"name": format!("Acme {n}"), "phones": []});
        organization = id(&made(app, owner, "/api/v1/organizations", body).await);
        let email = json!({"name": format!("Mail {n}"), "email": format!("m{n}@x.example"), "phones": []});
        made(app, owner, "/api/v1/email-contacts", email).await;
        let body = json!({"number": format!("+3319900000{n}"), "country": "FR"});
        number = id(&made(app, root, "/api/v1/phone-numbers", body).await);
        let body =
            json!({"name": format!("Tenant {n}"), "region": "FR", "owner_email": format!("o{n}@x.example")});
        made(app, root, "/api/v1/tenants", body).await;
        for path in ["/api/v1/contact-imports", "/api/v1/phone-number-imports"] {
            let who = if path.contains("phone-number") { root } else { owner };
            let upload = app.request(Method::POST, path).bearer(&who.token);
            upload.header("content-type", "text/csv").raw("name,number\nAda,1\n").send().await.expect(201);
        }
    }
    let ticket = id(&made(app, owner, "/api/v1/tickets", json!({"title": "First"})).await);
    for n in 0..3 {
        let person = json!({"full_name": format!("Grace {n}"), "phones": []});
        made(app, owner, &format!("/api/v1/organizations/{organization}/contacts"), person).await;
        let note = json!({"contact": {"kind": "individual", "id": individual}, "body": format!("note {n}")});
        made(app, owner, "/api/v1/contact-notes", note).await;
        made(app, owner, "/api/v1/tickets", json!({"title": format!("Ticket {n}"), "priority": "high"}))
            .await;
        let reply = json!({"body": format!("reply {n}")});
        app.post(owner, &format!("/api/v1/tickets/{ticket}/replies"), reply).await.expect(201);
        let (keep, gone) =
            (json!({"full_name": "Kept", "phones": []}), json!({"full_name": "Gone", "phones": []}));
        let keep = id(&made(app, owner, "/api/v1/individuals", keep).await);
        let gone = id(&made(app, owner, "/api/v1/individuals", gone).await);
        let merge = json!({"kind": "individual", "keep_id": keep, "merge_id": gone});
        app.post(owner, "/api/v1/contact-merges", merge).await.expect(201);
        let contact = json!({"contact": {"kind": "individual", "id": keep}});
        app.post(owner, "/api/v1/contact-erasures", contact).await.expect(201);
        // Rows that only come of calls, mails and other programs.
        for statement in [
            "INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, started_at, fold)
             VALUES ($1, $2, $1, $1::text, 'inbound', 'ringing', now() - make_interval(mins => $3), '{}')",
            "INSERT INTO registrations (id, tenant_id, email, name, token_hash, expires_at, verified_at)
             VALUES ($1, $2, $3 || '@client.example', 'Client', sha256($1::text::bytea), now(), now())",
            "INSERT INTO audit_log (id, tenant_id, action) SELECT $1, $2, 'account.locked' WHERE $3 >= 0",
            "INSERT INTO call_events (tenant_id, seq, event_id, call_id, type, at, recorded_at, effective, data)
             VALUES ($2, $3 + 1, $1, $4, 'ringing', now(), now(), true, '{}')",
        ] {
            let first = n == 0 && statement.contains("INTO calls ");
            let query = sqlx::query(statement).bind(if first { call } else { Uuid::now_v7() }).bind(tenant).bind(n);
            let query = if statement.contains("$4") { query.bind(call) } else { query };
            query.execute(&mut connection).await.unwrap();
        }
        for statement in [
            "INSERT INTO remembered_devices (id, user_id, token_hash, expires_at)
             VALUES ($1, $2, sha256($1::text::bytea), now() + interval '1 day')",
            "INSERT INTO webhook_deliveries (id, tenant_id, endpoint_id, seq, event_id, type, attempt, outcome, duration_ms)
             SELECT $1, tenant_id, id, 1, $1, 'call.ringing', 1, 'failed', 1 FROM webhook_endpoints WHERE id = $2",
            "INSERT INTO webhook_dead_letters (id, tenant_id, endpoint_id, seq, event_id, type)
             SELECT $1, tenant_id, id, (random() * 1e9)::bigint, $1, 'call.ringing' FROM webhook_endpoints WHERE id = $2",
        ] {
            let about = if statement.contains("devices") { owner.id.0 } else { endpoint.parse().unwrap() };
            sqlx::query(statement).bind(Uuid::now_v7()).bind(about).execute(&mut connection).await.unwrap();
        }
    }
    Seeds { individual, organization, call, ticket, endpoint, number }
}

/// What a list needs to be asked at all.
fn address(path: &str, seeds: &Seeds) -> (String, String) {
    let subject = match path.split('/').nth(3).unwrap() {
        "organizations" => &seeds.organization,
        "tickets" => &seeds.ticket,
        "webhook-endpoints" => &seeds.endpoint,
        "phone-numbers" => &seeds.number,
        _ => "",
    };
    let query = match path {
        "/api/v1/contact-duplicates" => "kind=individual&reason=number".to_owned(),
        "/api/v1/contact-duplicates/candidates" | "/api/v1/contact-notes" => {
            format!("kind=individual&contact_id={}", seeds.individual)
        }
        // Looking at it adds to it.
        path if path.starts_with("/api/v1/audit") => {
            format!("created_before={}", chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.6fZ"))
        }
        _ => String::new(),
    };
    (path.replace("{id}", subject), query)
}

/// All of a list, two at a time.
async fn walk(app: &App, who: &TestUser, path: &str, query: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(who, &format!("{path}?limit=2&{query}{cursor}")).await.expect(200);
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

/// What tells items apart.
fn key(item: &Value) -> Value {
    ["id", "event_id", "user_id", "name"]
        .iter()
        .map(|name| &item[*name])
        .find(|key| !key.is_null())
        .unwrap_or(item)
        .clone()
}

#[tokio::test]
async fn every_list_counts_and_sorts_as_its_document_says() {
    let app = App::with_engine().await;
    let seeds = seeds(&app).await;
    let document = switchroom_api::openapi();
    let mut seen = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let operation = &item["get"];
        let schema = operation.pointer("/responses/200/content/application~1json/schema/$ref");
        if !schema.and_then(Value::as_str).is_some_and(|name| name.contains("/Page_")) {
            continue;
        }
        seen += 1;
        let has = |name: &str| {
            operation["parameters"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["name"] == name && one["in"] == "query")
        };
        // A search over all kinds of contact: the latest of each, not a list that has an end.
        if path == "/api/v1/contacts" {
            assert!(!has("count") && !has("sort"));
            continue;
        }
        let who = match path.as_str() {
            "/api/v1/phone-number-imports" | "/api/v1/phone-numbers" | "/api/v1/tenants" => &app.platform,
            _ => app.demo.user(Role::OrgOwner),
        };
        let path = match path.as_str() {
            "/api/v1/users/{id}/history" | "/api/v1/audit/user/{id}" => {
                path.replace("{id}", &who.id.to_string())
            }
            "/api/v1/calls/{id}/events" | "/api/v1/calls/{id}/tickets" => {
                path.replace("{id}", &seeds.call.to_string())
            }
            _ => path.clone(),
        };
        let (path, query) = address(&path, &seeds);
        let all = walk(&app, who, &path, &query).await;
        assert!(has("count"), "{path} does not say that it counts");
        let counted = app.get(who, &format!("{path}?limit=1&count=true&{query}")).await.expect(200);
        assert_eq!(counted["count"], json!({"value": all.len(), "exact": true}), "{path}");
        let plain = app.get(who, &format!("{path}?limit=1&{query}")).await.expect(200);
        assert!(plain.get("count").is_none(), "{path} counts unasked");
        if !has("sort") {
            continue;
        }
        let problem =
            app.get(who, &format!("{path}?sort=nonsense&{query}")).await.expect_problem(400, "bad-parameter");
        let detail = problem["errors"][0]["detail"].as_str().unwrap();
        for field in detail.strip_prefix("must be one of ").unwrap().split(", ") {
            let up = walk(&app, who, &path, &format!("sort={field}&{query}")).await;
            let down = walk(&app, who, &path, &format!("sort=-{field}&{query}")).await;
            let up: Vec<Value> = up.iter().map(key).collect();
            let mut down: Vec<Value> = down.iter().map(key).collect();
            down.reverse();
            // Few tickets belong to a call; what sorts them is the list of all.
            assert!(
                up.len() >= 3 || path.ends_with("/tickets") || path.ends_with("/extensions"),
                "{path} is not seeded"
            );
            assert_eq!(up, down, "{path} by {field}");
            assert_eq!(up.len(), all.len(), "{path} by {field}");
        }
    }
    assert!(seen > 40, "{seen} lists");
}

/// People are sorted by what is asked for, in any case of letters; when they were last seen is for some only.
#[tokio::test]
async fn people_are_sorted_by_name_and_by_when_they_were_seen() {
    let app = App::new().await;
    let (owner, agent) = (app.demo.user(Role::OrgOwner), app.demo.user(Role::Agent));
    let mut connection = app.database.superuser().await;
    for (user, name) in [(owner, "zoe"), (agent, "Bea"), (app.demo.user(Role::Member), "ann")] {
        let rename = sqlx::query("UPDATE users SET name = $2 WHERE id = $1").bind(user.id.0).bind(name);
        rename.execute(&mut connection).await.unwrap();
    }
    let names = async |query: &str| -> Vec<String> {
        let all = walk(&app, owner, "/api/v1/users", query).await;
        all.iter().map(|user| user["name"].as_str().unwrap().to_owned()).collect()
    };
    let up = names("sort=name").await;
    assert_eq!((up[0].as_str(), up.last().unwrap().as_str()), ("agent2", "zoe"));
    assert_eq!(up[1..3], ["ann", "Bea"]);
    let login = json!({"email": agent.email, "password": PASSWORD});
    app.request(Method::POST, "/api/v1/auth/login").json(&login).send().await.expect(200);
    assert_eq!(names("sort=-last_seen_at").await[0], "Bea");
    app.get(agent, "/api/v1/users?sort=last_seen_at").await.expect_problem(400, "bad-parameter");
}
