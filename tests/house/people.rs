//! People from outside: sockets close when a sign-in ends, and somebody invited works at once.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{Folder, Server};

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
    let mut request = server.url("/ws").replace("http://", "ws://").into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request.headers_mut().insert("sec-websocket-protocol", "switchroom.v1".parse().unwrap());
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
