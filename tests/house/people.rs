//! People from outside: sockets close when a sign-in ends, and somebody invited works at once.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{Folder, Server, run};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn call(server: &Server, token: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
    let request = reqwest::Client::new().request(method, server.url(path)).bearer_auth(token).json(&body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// A session; its access token.
async fn sign_in(server: &Server, email: &str, password: &str) -> String {
    let body = json!({ "email": email, "password": password });
    let (status, tokens) = call(server, "", Method::POST, "/api/v1/auth/login", body).await;
    assert_eq!(status, 200, "{tokens}");
    tokens["access_token"].as_str().unwrap().to_owned()
}

/// An open socket that has said hello.
async fn open(server: &Server, token: &str) -> Socket {
    open_in(server, token, None).await
}

/// Likewise, in a tenant that the platform admin names.
async fn open_in(server: &Server, token: &str, tenant: Option<&str>) -> Socket {
    let mut request = server.url("/ws").replace("http://", "ws://").into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request.headers_mut().insert("sec-websocket-protocol", "switchroom.v1".parse().unwrap());
    if let Some(tenant) = tenant {
        request.headers_mut().insert("x-tenant", tenant.parse().unwrap());
    }
    let (mut socket, _) = connect_async(request).await.unwrap();
    let hello = socket.next().await.unwrap().unwrap();
    assert!(hello.to_text().unwrap().contains("\"hello\""), "{hello}");
    socket
}

/// The code that the server closes with.
async fn closed(socket: &mut Socket) -> u16 {
    let look = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return u16::from(frame.code),
                Some(Ok(Message::Text(text))) if text.contains("\"ping\"") => {
                    let _ = socket.send(Message::text(r#"{"type":"pong"}"#)).await;
                }
                Some(Ok(_)) => {}
                other => panic!("the socket ended without a code: {other:?}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), look).await.expect("the server closes the socket")
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_close_when_their_sign_in_ends_and_others_stay() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--sip", "off", "--demo=quiet"]);
    let demo = server.demo();
    let of = |email: &str, field: &str| demo["users"][email][field].as_str().unwrap().to_owned();
    let (agent, admin) = ("agent1@demo.example", of("admin@demo.example", "token"));
    let password = of(agent, "password");
    let (first, second) =
        (sign_in(&server, agent, &password).await, sign_in(&server, agent, &password).await);
    let (mut one, mut two) = (open(&server, &first).await, open(&server, &second).await);
    let mut by_token = open(&server, &of(agent, "token")).await;

    // A new password: the other session's socket goes, this one's stays.
    let body = json!({ "current_password": password, "new_password": "seven green bicycles" });
    assert_eq!(call(&server, &first, Method::POST, "/api/v1/auth/password", body).await.0, 204);
    assert_eq!(closed(&mut two).await, 4401);
    // Sign-out everywhere: this one's too.
    assert_eq!(call(&server, &first, Method::DELETE, "/api/v1/auth/sessions", json!({})).await.0, 204);
    assert_eq!(closed(&mut one).await, 4401);
    // An admin signs them out; the socket of the API token stays through all of it.
    let again = sign_in(&server, agent, "seven green bicycles").await;
    let mut three = open(&server, &again).await;
    let id = of(agent, "id");
    let path = format!("/api/v1/users/{id}/sessions");
    assert_eq!(call(&server, &admin, Method::DELETE, &path, json!({})).await.0, 204);
    assert_eq!(closed(&mut three).await, 4401);
    by_token.send(Message::text(r#"{"type":"subscribe","topics":["nonsense"]}"#)).await.unwrap();
    let answer = by_token.next().await.unwrap().unwrap();
    assert!(answer.is_text(), "{answer:?}");
    // Switched off: that one as well, and nobody comes back with it.
    let path = format!("/api/v1/users/{id}/deactivate");
    assert_eq!(call(&server, &admin, Method::POST, &path, json!({})).await.0, 200);
    assert_eq!(closed(&mut by_token).await, 4401);
    assert_eq!(call(&server, &of(agent, "token"), Method::GET, "/api/v1/me", json!({})).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_invited_is_on_the_roster_at_once() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--sip", "off", "--demo=quiet"]);
    let admin = server.demo()["users"]["admin@demo.example"]["token"].as_str().unwrap().to_owned();
    let body = json!({ "email": "grace@new.example", "role": "agent", "extension": "277" });
    let (status, made) = call(&server, &admin, Method::POST, "/api/v1/invitations", body).await;
    assert_eq!(status, 201, "{made}");
    let (page, token) = made["link"].as_str().unwrap().split_once('#').unwrap();
    assert_eq!(page, server.url("/invitation"));
    let answer = reqwest::get(page).await.unwrap();
    assert_eq!(answer.headers()["content-type"].to_str().unwrap().split(';').next(), Some("text/html"));
    let body = json!({ "token": token, "name": "Grace Hopper", "password": "seven green bicycles" });
    let (status, tokens) = call(&server, "", Method::POST, "/api/v1/auth/invitations/accept", body).await;
    assert_eq!(status, 200, "{tokens}");
    let (_, agents) = call(&server, &admin, Method::GET, "/api/v1/agents", json!({})).await;
    let found =
        agents["items"].as_array().unwrap().iter().find(|agent| agent["email"] == "grace@new.example");
    assert_eq!(found.unwrap()["extension"], "277", "{agents}");
    open(&server, tokens["access_token"].as_str().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_the_operator_ends_what_the_old_password_began() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--sip", "off"]);
    let demo = server.demo();
    let of = |email: &str, field: &str| demo["users"][email][field].as_str().unwrap().to_owned();
    let (agent, admin) = ("agent1@demo.example", of("admin@demo.example", "token"));
    let session = sign_in(&server, agent, &of(agent, "password")).await;
    let mut socket = open(&server, &session).await;
    assert_eq!(call(&server, &session, Method::GET, "/api/v1/me", json!({})).await.0, 200);
    let printed = run(&folder, &["password-link", "--user", agent, "--data-dir", "data"]);
    let text = String::from_utf8(printed.stdout).unwrap();
    let link = server.url(&format!("/welcome/{}", text.trim().split_once("/welcome/").unwrap().1));
    let form = reqwest::Client::new().post(&link).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(form.body("password=seven+green+bicycles").send().await.unwrap().status(), 200);
    // Nothing of it is believed for a moment longer, and the socket does not stay.
    assert_eq!(call(&server, &session, Method::GET, "/api/v1/me", json!({})).await.0, 401);
    assert_eq!(closed(&mut socket).await, 4401);
    let (_, lines) =
        call(&server, &admin, Method::GET, "/api/v1/audit?action=password.chosen", json!({})).await;
    let line = &lines["items"][0];
    assert_eq!(
        (&line["address"], &line["actor_id"]),
        (&json!("127.0.0.1"), &json!(of(agent, "id"))),
        "{lines}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_of_the_platform_admin_leaves_a_line_in_the_tenant() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--sip", "off"]);
    let demo = server.demo();
    let root = demo["platform_admin"]["token"].as_str().unwrap();
    let admin = demo["users"]["admin@demo.example"]["token"].as_str().unwrap();
    let lines = async || {
        let path = "/api/v1/audit?action=platform.acted";
        call(&server, admin, Method::GET, path, json!({})).await.1["items"].as_array().unwrap().clone()
    };
    assert_eq!(lines().await, Vec::<Value>::new());
    open_in(&server, root, Some("demo")).await;
    let found = lines().await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (&found[0]["subject"], &found[0]["actor_id"], &found[0]["address"]),
        (&json!("GET /ws"), &demo["platform_admin"]["id"], &json!("127.0.0.1"))
    );
    // A member's own socket is nobody acting.
    open(&server, admin).await;
    assert_eq!(lines().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_trusted_proxy_everybody_has_an_address_of_their_own() {
    let folder = Folder::new();
    let server = Server::start(
        &folder,
        &["--sip", "off", "--trusted-proxy", "127.0.0.1", "--trusted-proxy=10.0.0.0/8"],
    );
    let demo = server.demo();
    let agent = &demo["users"]["agent1@demo.example"];
    let login = |address: &'static str, email: String, password: &str| {
        let request = reqwest::Client::new().post(server.url("/api/v1/auth/login"));
        request
            .header("x-forwarded-for", address)
            .json(&json!({ "email": email, "password": password }))
            .send()
    };
    let row = "198.51.100.1, 203.0.113.9, 10.1.2.3";
    let signed_in = login(row, "agent1@demo.example".to_owned(), agent["password"].as_str().unwrap()).await;
    let tokens: Value = signed_in.unwrap().json().await.unwrap();
    let token = tokens["access_token"].as_str().unwrap();
    let (_, mine) = call(&server, token, Method::GET, "/api/v1/auth/sessions", json!({})).await;
    assert_eq!(mine["items"][0]["address"], "203.0.113.9", "{mine}");
    // One address that signs in too often is not everybody.
    let mut tries = 0;
    while login("203.0.113.66", format!("nobody{tries}@demo.example"), "wrong").await.unwrap().status() == 401
    {
        tries += 1;
        assert!(tries < 60, "ten a minute");
    }
    let other = login("203.0.113.67", "nobody@demo.example".to_owned(), "wrong").await.unwrap();
    assert_eq!(other.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_tenant_s_sockets_close_and_none_opens_until_it_is_resumed() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--sip", "off", "--demo=quiet"]);
    let demo = server.demo();
    let of = |email: &str, field: &str| demo["users"][email][field].as_str().unwrap().to_owned();
    let agent = "agent1@demo.example";
    let password = of(agent, "password");
    let session = sign_in(&server, agent, &password).await;
    let (mut by_session, mut by_token) =
        (open(&server, &session).await, open(&server, &of(agent, "token")).await);
    let root = demo["platform_admin"]["token"].as_str().unwrap();
    let mut root_s = open_in(&server, root, Some("demo")).await;
    let path = format!("/api/v1/tenants/{}", demo["tenant"]["id"].as_str().unwrap());
    let (status, tenant) = call(&server, root, Method::POST, &format!("{path}/suspend"), json!({})).await;
    assert_eq!((status, &tenant["status"]), (200, &json!("suspended")), "{tenant}");
    assert_eq!(closed(&mut by_session).await, 4401);
    assert_eq!(closed(&mut by_token).await, 4401);
    let mut request = server.url("/ws").replace("http://", "ws://").into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {}", of(agent, "token")).parse().unwrap());
    request.headers_mut().insert("sec-websocket-protocol", "switchroom.v1".parse().unwrap());
    match connect_async(request).await {
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => {
            let body = String::from_utf8_lossy(answer.body().as_deref().unwrap_or_default()).into_owned();
            assert_eq!(answer.status().as_u16(), 403);
            assert!(body.contains("tenant-suspended"), "{body}");
        }
        other => panic!("{other:?}"),
    }
    // The platform admin, who is no member, stays.
    root_s.send(Message::text(r#"{"type":"subscribe","topics":["nonsense"]}"#)).await.unwrap();
    assert!(root_s.next().await.unwrap().unwrap().is_text());
    assert_eq!(call(&server, root, Method::POST, &format!("{path}/resume"), json!({})).await.0, 200);
    open(&server, &of(agent, "token")).await;
}
