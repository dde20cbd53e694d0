//! The second factor over HTTP: setting it up, signing in with it, codes that are good once, trusted browsers, and who
//! may take it away.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use axum::http::Method;
use chrono::Utc;
use serde_json::{Value, json};
use switchroom_api::{
    RateLimits,
    testing::{App, PASSWORD, Reply, TestUser},
};
use switchroom_core::{Role, second_factor::SharedSecret};

async fn login(app: &App, user: &TestUser, more: Value) -> Reply {
    login_with(app, user, more, "").await
}

async fn login_with(app: &App, user: &TestUser, more: Value, cookie: &str) -> Reply {
    let mut body = json!({"email": user.email, "password": PASSWORD});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.request(Method::POST, "/api/v1/auth/login").header("cookie", cookie).json(&body).send().await
}

async fn session(app: &App, user: &TestUser) -> TestUser {
    let token = login(app, user, json!({})).await.expect(200)["access_token"].as_str().unwrap().to_owned();
    TestUser { token, ..user.clone() }
}

/// Seconds since 1970, `steps` steps from now.
fn at(steps: i64) -> u64 {
    u64::try_from(Utc::now().timestamp() + steps * 30).unwrap()
}

fn decode(text: &str) -> SharedSecret {
    let (mut bits, mut count, mut octets) = (0u32, 0, Vec::new());
    for c in text.bytes() {
        let value = if c.is_ascii_uppercase() { c - b'A' } else { c - b'2' + 26 };
        bits = bits << 5 | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            octets.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    SharedSecret::read(&octets).unwrap()
}

/// Sets the second factor up; the secret and the backup codes. The code of the step before is used up by it.
async fn set_up(app: &App, user: &TestUser) -> (SharedSecret, Vec<String>) {
    let offered =
        app.post(user, "/api/v1/auth/second-factor", json!({"password": PASSWORD})).await.expect(200);
    let secret = decode(offered["secret"].as_str().unwrap());
    assert!(offered["otpauth_uri"].as_str().unwrap().contains(offered["secret"].as_str().unwrap()));
    assert!(offered["qr_svg"].as_str().unwrap().contains("<svg"));
    let code = secret.code_at(at(-1)).unwrap();
    let confirmed =
        app.post(user, "/api/v1/auth/second-factor/confirm", json!({"code": code})).await.expect(200);
    let codes = confirmed["backup_codes"].as_array().unwrap();
    (secret, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

#[tokio::test]
async fn a_code_is_asked_for_and_is_good_once() {
    let app = App::new().await;
    let agent = session(&app, app.demo.user(Role::Agent)).await;
    let offered =
        app.post(&agent, "/api/v1/auth/second-factor", json!({"password": PASSWORD})).await.expect(200);
    // Offered is not yet asked for.
    login(&app, &agent, json!({})).await.expect(200);
    let wrong = json!({"code": "000000"});
    app.post(&agent, "/api/v1/auth/second-factor/confirm", wrong).await.expect_problem(422, "validation");
    let (secret, codes) = set_up(&app, &agent).await;
    assert_ne!(
        decode(offered["secret"].as_str().unwrap()).octets(),
        secret.octets(),
        "the last offer counts"
    );
    assert_eq!(codes.len(), 10);

    login(&app, &agent, json!({})).await.expect_problem(401, "totp-required");
    login(&app, &agent, json!({"totp": ""})).await.expect_problem(401, "totp-required");
    // Whoever does not know the password learns nothing of it.
    let mut body = json!({"email": agent.email, "password": "wrong"});
    app.request(Method::POST, "/api/v1/auth/login")
        .json(&body)
        .send()
        .await
        .expect_problem(401, "invalid-credentials");
    body["totp"] = json!(secret.code_at(at(0)).unwrap());
    app.request(Method::POST, "/api/v1/auth/login")
        .json(&body)
        .send()
        .await
        .expect_problem(401, "invalid-credentials");

    for bad in ["000000", "abc", "12345", "0000-0000-0000-0000", "aaaa-aaaa-aaaa-aaaa"] {
        login(&app, &agent, json!({"totp": bad})).await.expect_problem(401, "totp-invalid");
    }
    let confirmed_with = secret.code_at(at(-1)).unwrap();
    login(&app, &agent, json!({"totp": confirmed_with})).await.expect_problem(401, "totp-invalid");
    let code = secret.code_at(at(0)).unwrap();
    login(&app, &agent, json!({"totp": format!(" {} {}", &code[..3], &code[3..])})).await.expect(200);
    login(&app, &agent, json!({"totp": code})).await.expect_problem(401, "totp-invalid");
    // A clock that is a little ahead.
    login(&app, &agent, json!({"totp": secret.code_at(at(1)).unwrap()})).await.expect(200);

    let history = app.get(&agent, "/api/v1/auth/history?limit=100").await.expect(200);
    let actions: Vec<&str> =
        history["items"].as_array().unwrap().iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert!(actions.contains(&"second_factor.enabled") && actions.contains(&"second_factor.refused"));
}

/// Of many that bring the same code at once, one comes in.
#[tokio::test]
async fn a_race_for_one_code_has_one_winner() {
    let app = App::new().await;
    let agent = session(&app, app.demo.user(Role::Agent)).await;
    let (secret, codes) = set_up(&app, &agent).await;
    for totp in [secret.code_at(at(0)).unwrap(), codes[0].clone()] {
        let attempts = (0..8).map(|_| login(&app, &agent, json!({"totp": totp})));
        let answers = futures::future::join_all(attempts).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1, "{totp}");
    }
}

#[tokio::test]
async fn backup_codes_stand_in_once_each() {
    let app = App::new().await;
    let agent = session(&app, app.demo.user(Role::Agent)).await;
    let (secret, codes) = set_up(&app, &agent).await;
    login(&app, &agent, json!({"totp": codes[3].to_uppercase()})).await.expect(200);
    login(&app, &agent, json!({"totp": codes[3]})).await.expect_problem(401, "totp-invalid");
    assert_eq!(app.get(&agent, "/api/v1/auth/second-factor").await.expect(200)["backup_codes_left"], 9);
    let both = json!({"password": PASSWORD, "code": secret.code_at(at(0)).unwrap()});
    let renewed = app.post(&agent, "/api/v1/auth/second-factor/backup-codes", both).await.expect(200);
    assert_eq!(renewed["backup_codes"].as_array().unwrap().len(), 10);
    login(&app, &agent, json!({"totp": codes[4]})).await.expect_problem(401, "totp-invalid");
    login(&app, &agent, json!({"totp": renewed["backup_codes"][0]})).await.expect(200);
    // Neither secret nor codes lie about in the database.
    let mut superuser = app.database.superuser().await;
    let stored: Vec<String> = sqlx::query_scalar(
        "SELECT second_factors::text FROM second_factors UNION ALL SELECT backup_codes::text FROM backup_codes UNION ALL SELECT audit_log::text FROM audit_log",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    let hex: String = secret.octets().iter().map(|octet| format!("{octet:02x}")).collect();
    let stored = stored.join("\n");
    assert!(!stored.contains(&hex) && !stored.contains(&secret.base32()));
    assert!(!codes.iter().any(|code| stored.contains(code.as_str())));
}

#[tokio::test]
async fn disabling_needs_password_and_code() {
    let app = App::new().await;
    let agent = session(&app, app.demo.user(Role::Agent)).await;
    let disable = "/api/v1/auth/second-factor/disable";
    let both = json!({"password": PASSWORD, "code": "123456"});
    app.post(&agent, disable, both.clone()).await.expect_problem(409, "no-second-factor");
    let (secret, _) = set_up(&app, &agent).await;
    app.post(&agent, "/api/v1/auth/second-factor", json!({"password": PASSWORD}))
        .await
        .expect_problem(409, "second-factor-exists");
    let code = secret.code_at(at(0)).unwrap();
    let wrong = app.post(&agent, disable, json!({"password": "wrong", "code": code})).await.expect(422);
    assert_eq!(wrong["errors"][0]["pointer"], "/password");
    let wrong = app.post(&agent, disable, both).await.expect(422);
    assert_eq!(wrong["errors"][0]["pointer"], "/code");
    // A script's token does not decide how its owner signs in.
    let script = app.demo.user(Role::Agent);
    let both = json!({"password": PASSWORD, "code": code});
    app.post(script, disable, both.clone()).await.expect_problem(403, "session-required");
    app.post(script, "/api/v1/auth/second-factor", json!({"password": PASSWORD}))
        .await
        .expect_problem(403, "session-required");
    app.post(&agent, disable, both).await.expect(204);
    login(&app, &agent, json!({})).await.expect(200);
}

fn cookie_of(reply: &Reply, name: &str) -> String {
    let cookies = reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let found = cookies.map(str::to_owned).find(|cookie| cookie.starts_with(&format!("{name}=")));
    let found = found.unwrap_or_else(|| panic!("no cookie {name}"));
    assert!(found.contains("HttpOnly") && found.contains("SameSite=Strict"), "{found}");
    found.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_trusted_browser_is_not_asked_until_it_is_trusted_no_more() {
    let app = App::new().await;
    let agent = session(&app, app.demo.user(Role::Agent)).await;
    let (secret, codes) = set_up(&app, &agent).await;
    let more = json!({"totp": secret.code_at(at(0)).unwrap(), "remember_device": true});
    let reply = login(&app, &agent, more).await;
    assert_eq!(reply.status, 200);
    let cookie = cookie_of(&reply, "switchroom_device");
    login_with(&app, &agent, json!({}), &cookie).await.expect(200);
    login_with(&app, &agent, json!({}), "switchroom_device=swd_x").await.expect_problem(401, "totp-required");
    // It vouches for nobody else.
    let other = session(&app, &app.demo.agent2).await;
    set_up(&app, &other).await;
    login_with(&app, &other, json!({}), &cookie).await.expect_problem(401, "totp-required");

    let devices = app.get(&agent, "/api/v1/auth/devices").await.expect(200);
    let id = devices["items"][0]["id"].as_str().unwrap();
    assert!(
        app.get(&other, "/api/v1/auth/devices").await.expect(200)["items"].as_array().unwrap().is_empty()
    );
    app.delete(&other, &format!("/api/v1/auth/devices/{id}")).await.expect(404);
    app.delete(&agent, &format!("/api/v1/auth/devices/{id}")).await.expect(204);
    app.delete(&agent, &format!("/api/v1/auth/devices/{id}")).await.expect(404);
    login_with(&app, &agent, json!({}), &cookie).await.expect_problem(401, "totp-required");
    // A new password ends all trust.
    let reply = login(&app, &agent, json!({"totp": codes[0], "remember_device": true})).await;
    let cookie = cookie_of(&reply, "switchroom_device");
    let body = json!({"current_password": PASSWORD, "new_password": "another good passphrase"});
    app.post(&agent, "/api/v1/auth/password", body).await.expect(204);
    let body = json!({"email": agent.email, "password": "another good passphrase"});
    app.request(Method::POST, "/api/v1/auth/login")
        .header("cookie", &cookie)
        .json(&body)
        .send()
        .await
        .expect_problem(401, "totp-required");
}

#[tokio::test]
async fn an_admin_resets_it_for_who_lost_the_phone() {
    let app = App::new().await;
    let (admin, owner) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::OrgOwner));
    let agent = session(&app, app.demo.user(Role::Agent)).await;
    let path = format!("/api/v1/users/{}/second-factor", agent.id);
    app.delete(admin, &path).await.expect_problem(409, "no-second-factor");
    set_up(&app, &agent).await;
    assert_eq!(app.get(admin, &path).await.expect(200)["enabled"], true);
    for stranger in [app.demo.user(Role::Supervisor), app.demo.user(Role::Client)] {
        app.delete(stranger, &path).await.expect(403);
        app.get(stranger, &path).await.expect(403);
    }
    app.delete(app.rival.user(Role::OrgOwner), &path).await.expect(404);
    let boss = session(&app, owner).await;
    set_up(&app, &boss).await;
    app.delete(admin, &format!("/api/v1/users/{}/second-factor", owner.id)).await.expect(403);
    // Who is in another tenant too would lose it there as well.
    let mut superuser = app.database.superuser().await;
    sqlx::query(
        "INSERT INTO memberships (id, tenant_id, user_id, role) VALUES (gen_random_uuid(), $1, $2, 'agent')",
    )
    .bind(app.rival.id.0)
    .bind(agent.id.0)
    .execute(&mut superuser)
    .await
    .unwrap();
    app.delete(admin, &path).await.expect_problem(409, "member-elsewhere");
    app.request(Method::DELETE, &path)
        .bearer(&app.platform.token)
        .header("x-tenant", &app.demo.slug)
        .send()
        .await
        .expect(204);
    login(&app, &agent, json!({})).await.expect(200);
    let line = app.get(admin, "/api/v1/audit?action=second_factor.reset").await.expect(200);
    assert_eq!(line["items"][0]["detail"]["by"], json!(app.platform.id));
}

#[tokio::test]
async fn guessing_codes_ends_like_guessing_passwords() {
    let app = App::with_config(|config| {
        config.rate_limits = Some(RateLimits { per_second: 1000, burst: 10_000, sign_in_per_minute: 1000 });
    })
    .await;
    let agent = session(&app, app.demo.user(Role::Agent)).await;
    let (secret, _) = set_up(&app, &agent).await;
    let mut guesses = 0;
    loop {
        let reply = login(&app, &agent, json!({"totp": "000000"})).await;
        if reply.status == 429 {
            break;
        }
        reply.expect_problem(401, "totp-invalid");
        guesses += 1;
        assert!(guesses <= 20, "the account rests");
    }
    login(&app, &agent, json!({"totp": secret.code_at(at(0)).unwrap()})).await.expect(429);
}
