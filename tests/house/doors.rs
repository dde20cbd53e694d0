//! The doors for calls, from outside: every kind of webhook signed as its provider signs, what is refused and how, and
//! the two commands that exercise them.

use std::io::Write as _;
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Digest as _;

use crate::support::{Folder, Server, command, run};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// One event as a provider sends it.
pub struct Event {
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Event {
    pub async fn send(&self) -> reqwest::Response {
        let mut request = reqwest::Client::new().post(&self.url).body(self.body.clone());
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        request.send().await.unwrap()
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

pub fn signed(kind: &str, door: &Value, body: String) -> Event {
    let url = door["hook_url"].as_str().unwrap().to_owned();
    let secret = door["secret"].as_str().unwrap_or_default();
    let joined = || {
        let mut pairs: Vec<_> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        pairs.sort();
        pairs.into_iter().map(|(name, value)| name + &value).collect::<String>()
    };
    let at = now();
    let mut headers = Vec::new();
    match kind {
        "generic" => {
            let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
            let id = format!("msg_{}", &body.len());
            headers.push(("content-type", JSON.to_owned()));
            headers.push((
                "webhook-signature",
                format!("v1,{}", STANDARD.encode(sha256(&key, format!("{id}.{at}.{body}").as_bytes()))),
            ));
            headers.push(("webhook-id", id));
            headers.push(("webhook-timestamp", at.to_string()));
        }
        "twilio" => {
            let mut mac = Hmac::<sha1::Sha1>::new_from_slice(secret.as_bytes()).unwrap();
            mac.update(format!("{url}{}", joined()).as_bytes());
            headers.push(("content-type", FORM.to_owned()));
            headers.push(("x-twilio-signature", STANDARD.encode(mac.finalize().into_bytes())));
        }
        "telnyx" => {
            let pair = Ed25519KeyPair::from_seed_unchecked(&STANDARD.decode(secret).unwrap()).unwrap();
            headers.push(("content-type", JSON.to_owned()));
            headers.push(("telnyx-timestamp", at.to_string()));
            headers.push((
                "telnyx-signature-ed25519",
                STANDARD.encode(pair.sign(format!("{at}|{body}").as_bytes())),
            ));
        }
        "vonage" => {
            let hash: String =
                sha2::Sha256::digest(body.as_bytes()).iter().map(|octet| format!("{octet:02x}")).collect();
            let claims = json!({"iat": at, "payload_hash": hash, "iss": "Vonage"}).to_string();
            let text = format!(
                "{}.{}",
                URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#),
                URL_SAFE_NO_PAD.encode(claims)
            );
            let signature = URL_SAFE_NO_PAD.encode(sha256(secret.as_bytes(), text.as_bytes()));
            headers.push(("content-type", JSON.to_owned()));
            headers.push(("authorization", format!("Bearer {text}.{signature}")));
        }
        "plivo" => {
            let text = format!("{url}?{}.{}", joined(), "nonce");
            headers.push(("content-type", FORM.to_owned()));
            headers.push(("x-plivo-signature-v3-nonce", "nonce".to_owned()));
            headers
                .push(("x-plivo-signature-v3", STANDARD.encode(sha256(secret.as_bytes(), text.as_bytes()))));
        }
        _ => headers.push(("content-type", FORM.to_owned())),
    }
    Event { url, headers, body }
}

/// A call that rings and is given up, in each provider's words.
pub fn story(kind: &str, line: &str) -> [String; 2] {
    let bare = line.trim_start_matches('+');
    let at = chrono::Utc::now().to_rfc3339();
    match kind {
        "generic" => ["ringing", "ended"].map(|word| {
            json!({"call_id": "doors-generic", "type": word, "at": at, "from": "+33639980101", "to": line}).to_string()
        }),
        "twilio" => ["ringing", "no-answer"].map(|word| {
            form(&[("CallSid", "doors-twilio"), ("CallStatus", word), ("Direction", "inbound"), ("From", "+33639980101"), ("To", line)])
        }),
        "telnyx" => ["call.initiated", "call.hangup"].map(|word| {
            json!({"data": {"event_type": word, "id": format!("doors-{word}"), "occurred_at": at, "payload": {
                "call_session_id": "doors-telnyx", "direction": "incoming", "from": "+33639980101", "to": line,
                "hangup_cause": "originator_cancel"}}})
            .to_string()
        }),
        "vonage" => ["ringing", "cancelled"].map(|word| {
            json!({"conversation_uuid": "doors-vonage", "uuid": "leg", "status": word, "direction": "inbound",
                "from": "33639980101", "to": bare, "timestamp": at})
            .to_string()
        }),
        "plivo" => ["ringing", "no-answer"].map(|word| {
            form(&[("CallUUID", "doors-plivo"), ("CallStatus", word), ("Direction", "inbound"), ("From", "33639980101"), ("To", bare)])
        }),
        other => ["newCall", "hangup"].map(|word| {
            let id = format!("doors-{other}");
            form(&[("event", word), ("callId", &id), ("direction", "in"), ("from", "33639980101"), ("to", bare), ("cause", "cancel")])
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_webhook_makes_a_call_and_refuses_in_order() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let demo = server.demo();
    let owner = demo["users"]["owner@demo.example"]["token"].as_str().unwrap();
    let line = demo["numbers"][2].as_str().unwrap();
    let client = reqwest::Client::new();
    for kind in ["generic", "twilio", "telnyx", "vonage", "plivo", "sipgate", "zammad"] {
        let door = &demo["connections"][kind];
        let [ringing, ended] = story(kind, line);
        let event = signed(kind, door, ringing);
        let first = event.send().await;
        assert!(first.status().is_success(), "{kind}: {} {}", first.status(), first.text().await.unwrap());
        let again = event.send().await;
        assert_eq!(again.status(), 200, "{kind}: a repetition");
        if kind == "sipgate" {
            assert!(
                again
                    .text()
                    .await
                    .unwrap()
                    .contains(&format!("onHangup=\"{}\"", door["hook_url"].as_str().unwrap()))
            );
        }
        assert!(signed(kind, door, ended).send().await.status().is_success(), "{kind}");

        // What is told the provider is durable, and can be read.
        let found: Value = client
            .get(server.url(&format!("/api/v1/calls?provider_call_id=doors-{kind}")))
            .bearer_auth(owner)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{kind}: {found}");
        let call = &found["items"][0];
        assert_eq!(call["connection_id"], door["id"], "{kind}");
        assert_eq!((&call["from"], &call["to"]), (&json!("+33639980101"), &json!(line)), "{kind}");
        assert_eq!((&call["state"], &call["end_reason"]), (&json!("ended"), &json!("missed")), "{kind}");

        let url = door["hook_url"].as_str().unwrap();
        let media = event.headers.iter().find(|(name, _)| *name == "content-type").unwrap().1.clone();
        let post = async |url: &str, media: &str, body: Vec<u8>| {
            client.post(url).header("content-type", media).body(body).send().await.unwrap().status().as_u16()
        };
        assert_eq!(post(&format!("{url}x"), "text/plain", vec![b'x'; 70_000]).await, 404, "{kind}");
        assert_eq!(post(url, "text/plain", vec![b'x'; 70_000]).await, 413, "{kind}");
        assert_eq!(post(url, "text/plain", b"x".to_vec()).await, 415, "{kind}");
        let open = ["sipgate", "zammad"].contains(&kind);
        assert_eq!(post(url, &media, b"\xff{".to_vec()).await, if open { 400 } else { 401 }, "{kind}");
        if !open {
            assert_eq!(signed(kind, door, "{".to_owned()).send().await.status(), 400, "{kind}");
        }
    }
    let metrics = client.get(server.url("/metrics")).send().await.unwrap().text().await.unwrap();
    for reason in [
        "accepted",
        "repetition",
        "unknown_key",
        "too_large",
        "media_type",
        "missing_signature",
        "unparsable",
    ] {
        let wanted = format!("reason=\"{reason}\"");
        assert!(
            metrics
                .lines()
                .any(|row| row.starts_with("switchroom_hook_requests_total") && row.contains(&wanted)),
            "{reason}"
        );
    }
    assert_eq!(server.terminate().0.code(), Some(0));
}

#[test]
fn simulate_plays_through_every_door_and_nothing_is_refused() {
    let folder = Folder::new();
    // Some callers wait until nobody answers.
    let server = Server::start(&folder, &["--ring-timeout-ms", "6000"]);
    let data = folder.data();
    for (via, to) in [
        ("sip", format!("sip:{}", server.sip)),
        ("twilio", server.http.clone()),
        ("generic", server.http.clone()),
    ] {
        let output = run(
            &folder,
            &[
                "simulate",
                "--data-dir",
                data.to_str().unwrap(),
                "--via",
                via,
                "--to",
                &to,
                "--rate",
                "5",
                "--duration",
                "2",
            ],
        );
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{via}: {text}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains("refused      0") && text.contains("latency"), "{via}: {text}");
    }
    // Nobody there: said, and not a success.
    assert_eq!(server.terminate().0.code(), Some(0));
    let words = [
        "simulate",
        "--data-dir",
        data.to_str().unwrap(),
        "--via",
        "generic",
        "--rate",
        "2",
        "--duration",
        "1",
    ];
    let output = run(&folder, &words);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("no connection"));
}

#[test]
fn hook_verify_answers_line_by_line() {
    let folder = Folder::new();
    let mut child =
        command(&folder, &["hook-verify"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let good = json!({"kind": "twilio", "key": "12345", "method": "POST", "url": "https://mycompany.com/myapp.php?foo=1&bar=2",
        "headers": {"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}, "now": 0,
        "body": "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212"});
    let mut bad = good.clone();
    bad["body"] = "CallSid=CA1234567890ABCDF".into();
    let mut stdin = child.stdin.take().unwrap();
    write!(stdin, "{good}\n\n{bad}\nnonsense\n").unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let verdicts: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(verdicts[0], json!({"valid": true, "reason": null}));
    assert_eq!(verdicts[1], json!({"valid": false, "reason": "bad_signature"}));
    assert_eq!(verdicts[2]["valid"], false);
    assert_eq!(verdicts.len(), 3);
}
