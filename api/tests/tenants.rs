//! Tenants over HTTP: made, changed, suspended and resumed by the platform admin, and by nobody else.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod support;

use axum::http::Method;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use support::MailServer;
use switchroom_api::testing::{App, PASSWORD, Reply};
use switchroom_core::Role;
use uuid::Uuid;

const TENANTS: &str = "/api/v1/tenants";

async fn sign_in(app: &App, email: &str, tenant: Option<&str>) -> Reply {
    let body = json!({"email": email, "password": PASSWORD, "tenant": tenant});
    app.request(Method::POST, "/api/v1/auth/login").json(&body).send().await
}

/// Actions of the tenant's audit log about itself, newest first, with who did them.
async fn lines(app: &App, slug: &str) -> Vec<(String, Value)> {
    let log = app
        .request(Method::GET, "/api/v1/audit?object_kind=tenant&limit=200")
        .bearer(&app.platform.token)
        .header("x-tenant", slug);
    let log = log.send().await.expect(200);
    let line = |line: &Value| (line["action"].as_str().unwrap().to_owned(), line["actor_id"].clone());
    log["items"].as_array().unwrap().iter().map(line).collect()
}

#[tokio::test]
async fn a_tenant_is_made_with_its_owner_s_invitation_and_lives() {
    let app = App::new().await;
    let new = json!({"name": " Acme & Söhne ", "region": "DE", "owner_email": "Grace@Acme.example", "owner_name": "Grace"});
    for (body, place) in [
        (json!({"region": "DE", "owner_email": "g@acme.example", "name": " "}), "/name"),
        (json!({"region": "XX", "owner_email": "g@acme.example", "name": "A"}), "/region"),
        (json!({"region": "DE", "owner_email": "nobody", "name": "A"}), "/owner_email"),
        (json!({"region": "DE", "owner_email": "g@acme.example", "name": "A", "slug": "-A"}), "/slug"),
    ] {
        let problem = app.post(&app.platform, TENANTS, body.clone()).await.expect_problem(422, "validation");
        assert_eq!(problem["errors"][0]["pointer"], place, "{body}");
    }
    let reply = app.post(&app.platform, TENANTS, new.clone()).await;
    let path = reply.header("location").to_owned();
    let made = reply.expect(201);
    assert_eq!(
        (&made["slug"], &made["name"], &made["region"], &made["status"], &made["people"], &made["numbers"]),
        (&json!("acme-s-hne"), &json!("Acme & Söhne"), &json!("DE"), &json!("active"), &json!(0), &json!(0))
    );
    assert_eq!(made["calls_30_days"], json!({"value": 0, "exact": true}));
    let invitation = &made["invitation"];
    assert_eq!(
        (&invitation["email"], &invitation["role"], &invitation["delivery"]),
        (&json!("grace@acme.example"), &json!("org_owner"), &json!("link"))
    );
    // The same slug again makes nothing, not even an invitation.
    app.post(&app.platform, TENANTS, new).await.expect_problem(409, "tenant-exists");

    // The owner comes in by the link and is at home there.
    let link = invitation["link"].as_str().unwrap().split_once('#').unwrap().1;
    let accept = json!({"token": link, "password": "a long enough pass phrase"});
    let tokens =
        app.request(Method::POST, "/api/v1/auth/invitations/accept").json(&accept).send().await.expect(200);
    let owner = tokens["access_token"].as_str().unwrap();
    let me = app.request(Method::GET, "/api/v1/me").bearer(owner).send().await.expect(200);
    assert_eq!((&me["tenant"]["slug"], &me["role"]), (&json!("acme-s-hne"), &json!("org_owner")));
    let seen = app.get(&app.platform, &path).await.expect(200);
    assert_eq!((&seen["people"], seen.get("invitation")), (&json!(1), None));
    let connections = app.request(Method::GET, "/api/v1/connections").bearer(owner).send().await.expect(200);
    assert_eq!(connections["items"][0]["kind"], "sip");

    // Renamed under the version that was seen.
    let stale = app.request(Method::PATCH, &path).bearer(&app.platform.token).header("if-match", "\"7\"");
    stale.json(&json!({"name": "B"})).send().await.expect_problem(412, "stale-version");
    let changed = app.patch(&app.platform, &path, json!({"name": "Acme", "region": "AT"})).await.expect(200);
    assert_eq!(
        (&changed["name"], &changed["region"], &changed["version"]),
        (&json!("Acme"), &json!("AT"), &json!(2))
    );
    let same = app.patch(&app.platform, &path, json!({"name": "Acme"})).await.expect(200);
    assert_eq!(same["version"], 2, "what changes nothing is no change");
    let me = app.request(Method::GET, "/api/v1/me").bearer(owner).send().await.expect(200);
    assert_eq!(me["tenant"]["name"], "Acme");
    let by = json!(app.platform.id);
    let expected = [("tenant.changed".to_owned(), by.clone()), ("tenant.created".to_owned(), by)];
    assert_eq!(lines(&app, "acme-s-hne").await, expected);
}

#[tokio::test]
async fn an_owner_s_invitation_goes_by_mail() {
    let (app, mut mails) = MailServer::with_app().await;
    let new = json!({"name": "Acme", "region": "DE", "owner_email": "grace@acme.example"});
    let made = app.post(&app.platform, TENANTS, new).await.expect(201);
    assert_eq!((&made["invitation"]["delivery"], made["invitation"].get("link")), (&json!("mailed"), None));
    let mail = mails.next().await;
    assert_eq!(mail.to, "grace@acme.example");
    let look = json!({"token": mail.token()});
    let offer =
        app.request(Method::POST, "/api/v1/auth/invitations/look").json(&look).send().await.expect(200);
    assert_eq!((&offer["tenant_name"], &offer["role"]), (&json!("Acme"), &json!("org_owner")));
}

#[tokio::test]
async fn tenants_are_listed_with_what_they_have() {
    let app = App::new().await;
    let line = app
        .post(&app.platform, "/api/v1/phone-numbers", json!({"number": "+33199000001", "country": "FR"}))
        .await
        .expect(201);
    let assign = format!("/api/v1/phone-numbers/{}/assign", line["id"].as_str().unwrap());
    app.post(app.demo.user(Role::OrgAdmin), &assign, json!({})).await.expect(200);
    let mut superuser = app.database.superuser().await;
    for days in [1, 29, 31] {
        sqlx::query(
            "INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, started_at, fold)
             VALUES (gen_random_uuid(), $1, gen_random_uuid(), $2::text, 'inbound', 'ringing', now() - make_interval(days => $2), '{}')",
        )
        .bind(app.demo.id.0)
        .bind(days)
        .execute(&mut superuser)
        .await
        .unwrap();
    }
    let all = app.get(&app.platform, "/api/v1/tenants?count=true").await.expect(200);
    assert_eq!(all["count"]["value"], 2);
    let (demo, rival) = (&all["items"][0], &all["items"][1]);
    assert_eq!((&demo["slug"], &rival["slug"]), (&json!("demo"), &json!("rival")));
    assert_eq!(
        (&demo["people"], &demo["numbers"], &demo["calls_30_days"]["value"]),
        (&json!(8), &json!(1), &json!(2))
    );
    assert_eq!((&rival["numbers"], &rival["calls_30_days"]["value"]), (&json!(0), &json!(0)));
    // Sought, sorted, page by page.
    let found = app.get(&app.platform, "/api/v1/tenants?q=IVA").await.expect(200);
    assert_eq!((found["items"].as_array().unwrap().len(), &found["items"][0]["slug"]), (1, &json!("rival")));
    let newest = app.get(&app.platform, "/api/v1/tenants?sort=-created_at&limit=1").await.expect(200);
    assert_eq!(newest["items"][0]["slug"], "rival");
    let next = newest["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/tenants?sort=-created_at&limit=1&cursor={next}");
    assert_eq!(app.get(&app.platform, &path).await.expect(200)["items"][0]["slug"], "demo");
    let suspend = format!("{TENANTS}/{}/suspend", app.rival.id);
    app.post(&app.platform, &suspend, json!({})).await.expect(200);
    for (status, slug) in [("active", "demo"), ("suspended", "rival")] {
        let found = app.get(&app.platform, &format!("{TENANTS}?status={status}")).await.expect(200);
        assert_eq!((found["items"].as_array().unwrap().len(), &found["items"][0]["slug"]), (1, &json!(slug)));
    }
    // A line says whose it is to the platform admin, who finds the lines of one tenant.
    let lines =
        app.get(&app.platform, &format!("/api/v1/phone-numbers?tenant_id={}", app.demo.id)).await.expect(200);
    assert_eq!(
        (lines["items"].as_array().unwrap().len(), &lines["items"][0]["tenant_name"]),
        (1, &json!("DEMO"))
    );
    let lines = app
        .get(&app.platform, &format!("/api/v1/phone-numbers?tenant_id={}", app.rival.id))
        .await
        .expect(200);
    assert_eq!(lines["items"], json!([]));
}

#[tokio::test]
async fn nobody_of_a_tenant_reaches_tenants() {
    let app = App::new().await;
    let path = format!("{TENANTS}/{}", app.rival.id);
    for role in Role::ALL {
        let user = app.demo.user(role);
        app.get(user, TENANTS).await.expect_problem(403, "forbidden");
        app.get(user, &path).await.expect_problem(403, "forbidden");
        app.post(user, &format!("{path}/suspend"), json!({})).await.expect_problem(403, "forbidden");
    }
    // Nor does a role that a platform admin, acting there, would put together.
    let role = app
        .request(Method::POST, "/api/v1/roles")
        .bearer(&app.platform.token)
        .header("x-tenant", "demo")
        .json(&json!({"name": "Above", "base": "org_owner", "permissions": ["tenants.suspend"]}));
    role.send().await.expect_problem(422, "validation");
    app.get(&app.platform, &format!("{TENANTS}/{}", Uuid::now_v7())).await.expect_problem(404, "not-found");
    let absent = format!("{TENANTS}/{}/suspend", Uuid::now_v7());
    app.post(&app.platform, &absent, json!({})).await.expect_problem(404, "not-found");
    // By SQL, a tenant's own transaction does not get further either.
    let mut tx = app.database.db.tenant(app.demo.id).await.unwrap();
    let own = sqlx::query("UPDATE tenants SET suspended_at = now() WHERE id = $1").bind(app.demo.id.0);
    let refused = own.execute(&mut *tx).await.unwrap_err();
    assert!(refused.to_string().contains("neither suspends nor resumes itself"), "{refused}");
}

/// A signed event to a door.
async fn hook(app: &App, door: &Value, id: &str, call: &str, kind: &str) -> Reply {
    let secret = STANDARD.decode(door["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap()).unwrap();
    let at = chrono::Utc::now();
    let body = json!({"call_id": call, "type": kind, "at": at.to_rfc3339(), "from": "+33612345678", "to": "+33199000001"});
    let (at, text) = (at.timestamp(), body.to_string());
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
    mac.update(format!("{id}.{at}.{text}").as_bytes());
    let path = door["hook_url"].as_str().unwrap().strip_prefix("http://127.0.0.1:8080").unwrap();
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let request =
        app.request(Method::POST, path).header("content-type", "application/json").header("webhook-id", id);
    let request =
        request.header("webhook-timestamp", &at.to_string()).header("webhook-signature", &signature);
    request.raw(text).send().await
}

#[tokio::test]
async fn a_suspended_tenant_is_shut_and_kept() {
    let app = App::with_engine().await;
    let (agent, owner) = (app.demo.user(Role::Agent), app.demo.user(Role::OrgOwner));
    let door =
        app.post(owner, "/api/v1/connections", json!({"kind": "generic", "name": "PBX"})).await.expect(201);
    assert_eq!(hook(&app, &door, "a1", "under-way", "ringing").await.status, 204);
    let session = sign_in(&app, &agent.email, None).await.expect(200);
    let (access, refresh) = (session["access_token"].as_str().unwrap(), session["refresh_token"].clone());
    app.request(Method::GET, "/api/v1/me").bearer(access).send().await.expect(200);
    let invite = json!({"email": "new@demo.example", "role": "agent"});
    let invited = app.post(owner, "/api/v1/invitations", invite).await.expect(201);
    let link = json!({"token": invited["link"].as_str().unwrap().split_once('#').unwrap().1});
    // The agent is at home in both tenants.
    let mut superuser = app.database.superuser().await;
    sqlx::query(
        "INSERT INTO memberships (id, tenant_id, user_id, role) VALUES (gen_random_uuid(), $1, $2, 'agent')",
    )
    .bind(app.rival.id.0)
    .bind(agent.id.0)
    .execute(&mut superuser)
    .await
    .unwrap();

    let path = format!("{TENANTS}/{}", app.demo.id);
    let suspend = format!("{path}/suspend");
    let stale = app.request(Method::POST, &suspend).bearer(&app.platform.token).header("if-match", "\"7\"");
    stale.send().await.expect_problem(412, "stale-version");
    let tenant = app.post(&app.platform, &suspend, json!({"reason": "not paid"})).await.expect(200);
    assert_eq!((&tenant["status"], &tenant["suspended_for"]), (&json!("suspended"), &json!("not paid")));
    // Twice is once.
    let again = app.post(&app.platform, &suspend, json!({"reason": "other"})).await.expect(200);
    assert_eq!((&again["version"], &again["suspended_for"]), (&tenant["version"], &json!("not paid")));

    // What was signed in is no more; what is a key is told why.
    app.request(Method::GET, "/api/v1/me").bearer(access).send().await.expect_problem(401, "unauthenticated");
    let renew = json!({"refresh_token": refresh});
    app.request(Method::POST, "/api/v1/auth/refresh")
        .json(&renew)
        .send()
        .await
        .expect_problem(401, "unauthenticated");
    app.get(owner, "/api/v1/me").await.expect_problem(403, "tenant-suspended");
    app.post(owner, "/api/v1/ws-tickets", json!({})).await.expect_problem(403, "tenant-suspended");
    sign_in(&app, &owner.email, None).await.expect_problem(403, "tenant-suspended");
    sign_in(&app, &agent.email, Some("demo")).await.expect_problem(403, "tenant-suspended");
    // Who does not know the password learns nothing.
    let wrong = json!({"email": owner.email, "password": "not this one at all"});
    let reply = app.request(Method::POST, "/api/v1/auth/login").json(&wrong).send().await;
    reply.expect_problem(401, "invalid-credentials");
    let look = app.request(Method::POST, "/api/v1/auth/invitations/look").json(&link).send().await;
    look.expect_problem(403, "tenant-suspended");
    // The other tenant is as it was; whoever is at home there too goes there, and does not get back.
    app.get(app.rival.user(Role::Agent), "/api/v1/me").await.expect(200);
    let elsewhere = sign_in(&app, &agent.email, None).await.expect(200);
    let elsewhere = elsewhere["access_token"].as_str().unwrap();
    let me = app.request(Method::GET, "/api/v1/me").bearer(elsewhere).send().await.expect(200);
    assert_eq!(me["tenant"]["slug"], "rival");
    let homes = app.request(Method::GET, "/api/v1/me/tenants").bearer(elsewhere).send().await.expect(200);
    let rests = |slug: &str| {
        homes["items"].as_array().unwrap().iter().find(|home| home["slug"] == slug).unwrap()["suspended"]
            .clone()
    };
    assert_eq!((rests("demo"), rests("rival")), (json!(true), json!(false)));
    let switch =
        app.request(Method::POST, "/api/v1/auth/switch").bearer(elsewhere).json(&json!({"tenant": "demo"}));
    switch.send().await.expect_problem(403, "tenant-suspended");

    // No new call; the one under way is followed to its end, and what is not signed is told nothing.
    let refused = hook(&app, &door, "b1", "new", "ringing").await;
    refused.expect_problem(403, "tenant-suspended");
    assert_eq!(hook(&app, &door, "a2", "under-way", "ended").await.status, 204);
    hook(&app, &door, "a3", "under-way", "ringing").await.expect_problem(403, "tenant-suspended");
    let unsigned = app.request(
        Method::POST,
        door["hook_url"].as_str().unwrap().strip_prefix("http://127.0.0.1:8080").unwrap(),
    );
    unsigned.header("content-type", "application/json").raw("{}").send().await.expect(401);

    // All of it is kept: the platform admin still sees it.
    let users =
        app.request(Method::GET, "/api/v1/users").bearer(&app.platform.token).header("x-tenant", "demo");
    assert_eq!(users.send().await.expect(200)["items"].as_array().unwrap().len(), 8);
    let calls =
        app.request(Method::GET, "/api/v1/calls").bearer(&app.platform.token).header("x-tenant", "demo");
    let calls = calls.send().await.expect(200);
    assert_eq!((calls["items"].as_array().unwrap().len(), &calls["items"][0]["state"]), (1, &json!("ended")));

    let resume = format!("{path}/resume");
    let tenant = app.post(&app.platform, &resume, json!({})).await.expect(200);
    assert_eq!((&tenant["status"], &tenant["suspended_for"]), (&json!("active"), &Value::Null));
    assert_eq!(app.post(&app.platform, &resume, json!({})).await.expect(200)["version"], tenant["version"]);
    app.get(owner, "/api/v1/me").await.expect(200);
    sign_in(&app, &owner.email, None).await.expect(200);
    app.request(Method::POST, "/api/v1/auth/invitations/look").json(&link).send().await.expect(200);
    assert_eq!(
        hook(&app, &door, "b1", "new", "ringing").await.status,
        204,
        "what was refused may be sent again"
    );
    // What was ended stays ended.
    app.request(Method::GET, "/api/v1/me").bearer(access).send().await.expect_problem(401, "unauthenticated");
    let by = json!(app.platform.id);
    let expected = [("tenant.resumed".to_owned(), by.clone()), ("tenant.suspended".to_owned(), by)];
    assert_eq!(lines(&app, "demo").await, expected);
    let told = app.get(owner, "/api/v1/audit?object_kind=tenant").await.expect(200);
    assert!(!told.to_string().contains("not paid"), "the reason is the platform admin's");
}
