//! A PBX of the kind `generic`: a connection of the demo tenant, and signed events at its door.

#![allow(dead_code, reason = "each test file uses its part of it")]

use axum::http::Method;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use switchroom_api::testing::{App, Reply};
use switchroom_core::Role;
use uuid::Uuid;

/// A generic connection: its path and secret.
pub struct Door {
    pub id: String,
    pub path: String,
    pub secret: Vec<u8>,
}

pub async fn door(app: &App) -> Door {
    let admin = app.demo.user(Role::OrgAdmin);
    let made =
        app.post(admin, "/api/v1/connections", json!({"kind": "generic", "name": "PBX"})).await.expect(201);
    let url = made["hook_url"].as_str().unwrap();
    let secret = made["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap();
    Door {
        id: made["id"].as_str().unwrap().into(),
        path: url.strip_prefix("http://127.0.0.1:8080").unwrap().into(),
        secret: STANDARD.decode(secret).unwrap(),
    }
}

pub fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

pub fn signature(door: &Door, id: &str, at: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&door.secret).unwrap();
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

pub async fn send(app: &App, door: &Door, id: &str, body: &Value) -> Reply {
    let (at, text) = (now(), body.to_string());
    app.request(Method::POST, &door.path)
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", &at.to_string())
        .header("webhook-signature", &signature(door, id, at, &text))
        .raw(text)
        .send()
        .await
}

pub fn call_id(door: &Door, provider_call_id: &str) -> Uuid {
    Uuid::new_v5(&door.id.parse().unwrap(), provider_call_id.as_bytes())
}
