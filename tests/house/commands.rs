//! The short commands, with a server running and without.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::json;

use crate::support::{Folder, Server, command, postgres_of, run};

fn create_tenant(folder: &Folder, name: &str, owner: &str, password: &str) -> std::process::Output {
    let words = [
        "tenant",
        "create",
        name,
        "--region",
        "fr",
        "--owner",
        owner,
        "--password-stdin",
        "--data-dir",
        "data",
    ];
    let mut child = command(folder, &words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_made_without_a_server_signs_in_and_one_made_beside_it_too() {
    let folder = Folder::new();
    let made = create_tenant(&folder, "First Ltd", "first@example.com", "correct horse\n");
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    assert!(String::from_utf8_lossy(&made.stdout).starts_with("first-ltd "));
    assert_eq!(postgres_of(&folder.data()), None, "its Postgres is gone");

    let server = Server::start(&folder, &[]);
    let made = create_tenant(&folder, "Second Ltd", "second@example.com", "battery staple");
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    let client = reqwest::Client::new();
    for (email, password, slug) in [
        ("first@example.com", "correct horse", "first-ltd"),
        ("second@example.com", "battery staple", "second-ltd"),
    ] {
        let login = json!({ "email": email, "password": password });
        let answer = client.post(server.url("/api/v1/auth/login")).json(&login).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{email}");
        let token =
            answer.json::<serde_json::Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned();
        let me = client.get(server.url("/api/v1/me")).bearer_auth(token).send().await.unwrap();
        assert_eq!(me.json::<serde_json::Value>().await.unwrap()["tenant"]["slug"], slug);
    }

    let token = run(
        &folder,
        &["token", "create", "--tenant", "second-ltd", "--user", "second@example.com", "--data-dir", "data"],
    );
    assert_eq!(token.status.code(), Some(0), "{}", String::from_utf8_lossy(&token.stderr));
    let token = String::from_utf8(token.stdout).unwrap();
    let me = client.get(server.url("/api/v1/me")).bearer_auth(token.trim()).send().await.unwrap();
    assert_eq!(me.status(), 200);
    assert_eq!(server.terminate().0.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_password_the_owner_gets_a_link_that_works_once() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--sip", "off"]);
    let words = [
        "tenant",
        "create",
        "Linked",
        "--region",
        "DE",
        "--owner",
        "Owner@Example.com",
        "--data-dir",
        "data",
    ];
    let made = run(&folder, &words);
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    let text = String::from_utf8(made.stdout).unwrap();
    let path = text.lines().nth(1).unwrap().split_once("/welcome/").unwrap().1;
    let link = server.url(&format!("/welcome/{path}"));
    let client = reqwest::Client::new();
    let page = client.get(&link).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("owner@example.com"));
    let choose = |password: &'static str| {
        let request = client.post(&link).header("content-type", "application/x-www-form-urlencoded");
        request.body(format!("password={password}")).send()
    };
    assert_eq!(choose("short").await.unwrap().status(), 422);
    assert_eq!(choose("long+enough").await.unwrap().status(), 200);
    assert_eq!(choose("another+one").await.unwrap().status(), 404, "once");
    assert_eq!(client.get(server.url("/welcome/swl_guess")).send().await.unwrap().status(), 404);
    let login = json!({ "email": "owner@example.com", "password": "long enough" });
    let answer = client.post(server.url("/api/v1/auth/login")).json(&login).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_forgot_their_password_gets_a_link_from_the_operator() {
    let folder = Folder::new();
    let made = create_tenant(&folder, "First Ltd", "first@example.com", "correct horse");
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    let server = Server::start(&folder, &["--sip", "off"]);
    let printed = run(&folder, &["password-link", "--user", "First@example.com", "--data-dir", "data"]);
    assert_eq!(printed.status.code(), Some(0), "{}", String::from_utf8_lossy(&printed.stderr));
    let text = String::from_utf8(printed.stdout).unwrap();
    let link = server.url(&format!("/welcome/{}", text.trim().split_once("/welcome/").unwrap().1));
    let client = reqwest::Client::new();
    let sign_in = |password: &'static str| {
        let login = json!({ "email": "first@example.com", "password": password });
        client.post(server.url("/api/v1/auth/login")).json(&login).send()
    };
    let before: serde_json::Value = sign_in("correct horse").await.unwrap().json().await.unwrap();
    let request = client.post(&link).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(request.body("password=battery+staple").send().await.unwrap().status(), 200);
    assert_eq!(sign_in("correct horse").await.unwrap().status(), 401);
    assert_eq!(sign_in("battery staple").await.unwrap().status(), 200);
    // Who was signed in with the old one is out: their refresh token is good no more.
    let refresh = json!({ "refresh_token": before["refresh_token"] });
    let answer = client.post(server.url("/api/v1/auth/refresh")).json(&refresh).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let absent = run(&folder, &["password-link", "--user", "nobody@example.com", "--data-dir", "data"]);
    assert_eq!((absent.status.code(), absent.stdout.as_slice()), (Some(1), b"".as_slice()));
}

#[test]
fn mistakes_are_named() {
    let folder = Folder::new();
    let made = create_tenant(&folder, "First Ltd", "first@example.com", "short");
    assert_eq!(made.status.code(), Some(2));
    let made = create_tenant(&folder, "First Ltd", "nobody", "correct horse");
    assert_eq!(made.status.code(), Some(2));
    assert_eq!(create_tenant(&folder, "First Ltd", "a@example.com", "correct horse").status.code(), Some(0));
    let again = create_tenant(&folder, "First  Ltd", "a@example.com", "correct horse");
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("first-ltd"));
    for (tenant, user, word) in
        [("nowhere", "a@example.com", "nowhere"), ("first-ltd", "b@example.com", "b@example.com")]
    {
        let token =
            run(&folder, &["token", "create", "--tenant", tenant, "--user", user, "--data-dir", "data"]);
        assert_eq!(token.status.code(), Some(1));
        assert_eq!(token.stdout, b"");
        assert!(String::from_utf8_lossy(&token.stderr).contains(word));
    }
}

#[test]
fn migrate_can_be_run_again_and_again() {
    let folder = Folder::new();
    for _ in 0..2 {
        let output = run(&folder, &["migrate", "--data-dir", "data"]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stdout, b"");
    }
    assert_eq!(postgres_of(&folder.data()), None);
}

#[test]
fn the_documents_are_printed_and_are_json() {
    let folder = Folder::new();
    for (word, key) in [("openapi", "openapi"), ("asyncapi", "asyncapi")] {
        let output = run(&folder, &[word]);
        assert_eq!(output.status.code(), Some(0));
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(document[key].is_string());
    }
    let page = run(&folder, &["permissions"]);
    let written = include_str!("../../docs/permissions.md");
    assert_eq!(String::from_utf8_lossy(&page.stdout), written, "make gen writes docs/permissions.md");
    assert!(!folder.data().exists(), "no data directory is made for it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_installation_gets_its_platform_admin_by_a_command() {
    let folder = Folder::new();
    let made = create_tenant(&folder, "First Ltd", "first@example.com", "correct horse");
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    let create =
        |email: &str| run(&folder, &["platform-admin", "create", "--email", email, "--data-dir", "data"]);
    // Nobody's everyday account, and no address that is none.
    let taken = create("First@example.com");
    assert_eq!((taken.status.code(), taken.stdout.as_slice()), (Some(1), b"".as_slice()));
    assert!(String::from_utf8_lossy(&taken.stderr).contains("first@example.com"));
    assert_eq!(create("nobody").status.code(), Some(2));
    let server = Server::launch(&folder, &folder.data(), {
        let mut serve = command(&folder, &["serve", "--sip", "off", "--http", "127.0.0.1:0"]);
        serve.arg("--data-dir").arg(folder.data());
        serve
    });
    let printed = create(" Root@Example.com");
    assert_eq!(printed.status.code(), Some(0), "{}", String::from_utf8_lossy(&printed.stderr));
    let text = String::from_utf8(printed.stdout).unwrap();
    let link = server.url(&format!("/welcome/{}", text.trim().split_once("/welcome/").unwrap().1));
    let client = reqwest::Client::new();
    let request = client.post(&link).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(request.body("password=battery+staple").send().await.unwrap().status(), 200);
    let login = json!({ "email": "root@example.com", "password": "battery staple" });
    let answer = client.post(server.url("/api/v1/auth/login")).json(&login).send().await.unwrap();
    let tokens: serde_json::Value = answer.json().await.unwrap();
    let ask = async |path: &str| {
        let request = client.get(server.url(path)).bearer_auth(tokens["access_token"].as_str().unwrap());
        request
            .header("x-tenant", "first-ltd")
            .send()
            .await
            .unwrap()
            .json::<serde_json::Value>()
            .await
            .unwrap()
    };
    let me = ask("/api/v1/me").await;
    assert_eq!((&me["platform_admin"], &me["tenant"]["slug"]), (&json!(true), &json!("first-ltd")), "{me}");
    assert_eq!(ask("/api/v1/users").await["items"][0]["email"], "first@example.com");
    assert_eq!(create("root@example.com").status.code(), Some(1));
}
