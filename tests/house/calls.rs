//! The main job, end to end: something rings outside, and the right agent's socket shows who it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::{SinkExt as _, StreamExt as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{Folder, Server};

const PATIENCE: Duration = Duration::from_secs(10);

struct Agent(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Agent {
    async fn sign_in(server: &Server, email: &str) -> Self {
        let demo = server.demo();
        let tenant = if email.ends_with("@rival.example") { &demo["rival"] } else { &demo };
        let token = tenant["users"][email]["token"].as_str().unwrap().to_owned();
        let mut request = server.url("/ws").replace("http://", "ws://").into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        request.headers_mut().insert("sec-websocket-protocol", "switchroom.v1".parse().unwrap());
        let (socket, _) = connect_async(request).await.unwrap();
        let mut agent = Self(socket);
        agent.until("hello").await;
        agent
    }

    /// The code that the server closes the socket with.
    async fn closed(&mut self) -> Option<u16> {
        let close = async {
            while let Some(Ok(message)) = self.0.next().await {
                if let Message::Close(frame) = message {
                    return frame.map(|frame| frame.code.into());
                }
            }
            None
        };
        tokio::time::timeout(PATIENCE, close).await.expect("it is closed")
    }

    /// The next frame of this type.
    async fn until(&mut self, wanted: &str) -> Value {
        let look = async {
            loop {
                let message = self.0.next().await.expect("the socket stays open").unwrap();
                let Message::Text(text) = message else { continue };
                let frame: Value = serde_json::from_str(&text).unwrap();
                match frame["type"].as_str() {
                    Some("ping") => self.0.send(Message::text(r#"{"type":"pong"}"#)).await.unwrap(),
                    Some(kind) if kind == wanted => return frame,
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, look).await.unwrap_or_else(|_| panic!("no {wanted} frame"))
    }

    /// No pop within a moment.
    async fn sees_no_pop(&mut self) {
        let look = async {
            loop {
                let Some(Ok(message)) = self.0.next().await else { return };
                if let Message::Text(text) = message {
                    assert!(!text.contains("\"screen_pop\""), "{text}");
                }
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(500), look).await;
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Sends an event through the generic door, signed as Standard Webhooks asks.
async fn generic(server: &Server, event: Value) -> reqwest::Response {
    let demo = server.demo();
    let door = &demo["connections"]["generic"];
    let key = STANDARD.decode(door["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap()).unwrap();
    let (id, at, body) = (format!("msg_{}", uuid::Uuid::new_v4()), now(), event.to_string());
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    reqwest::Client::new()
        .post(door["hook_url"].as_str().unwrap())
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", at)
        .header("webhook-signature", signature)
        .body(body)
        .send()
        .await
        .unwrap()
}

fn at(second: u32) -> String {
    format!("2026-01-02T03:04:{second:02}Z")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_event_pops_on_the_named_agent_s_screen_and_a_ticket_is_filed() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut agent = Agent::sign_in(&server, "agent1@demo.example").await;
    let mut other = Agent::sign_in(&server, "agent2@demo.example").await;
    let mut rival = Agent::sign_in(&server, "agent1@rival.example").await;
    let ringing = json!({
        "call_id": "house-1", "type": "ringing", "at": at(0), "from": "+33639980101", "to": "+33199000001",
        "agent": { "extension": "201" }
    });
    let answer = generic(&server, ringing.clone()).await;
    assert!(answer.status().is_success(), "{}", answer.status());

    let pop = agent.until("screen_pop").await;
    let caller = &pop["data"]["caller"];
    assert_eq!((&caller["found"], &caller["number"]), (&json!(true), &json!("+33639980101")));
    assert_eq!(
        caller["contact"]["kind"], "individual",
        "the customer precedes the mail contact of the same number"
    );
    assert_eq!(caller["customer_name"], "Paul Bernard");
    assert_eq!(caller["other_matches"].as_array().unwrap().len(), 1);
    assert!(pop["data"]["pushed_at_us"].as_i64().unwrap() >= pop["data"]["received_at_us"].as_i64().unwrap());
    agent.until("committed").await;
    other.sees_no_pop().await;
    rival.sees_no_pop().await;

    let demo = server.demo();
    let token = demo["users"]["agent1@demo.example"]["token"].as_str().unwrap();
    let client = reqwest::Client::new();
    let mut draft = pop["data"]["ticket_draft"].clone();
    draft["title"] = "Wants his bread earlier".into();
    let ticket =
        client.post(server.url("/api/v1/tickets")).bearer_auth(token).json(&draft).send().await.unwrap();
    assert_eq!(ticket.status(), 201, "{}", ticket.text().await.unwrap());
    let ticket: Value = ticket.json().await.unwrap();
    assert_eq!((&ticket["number"], &ticket["status"]), (&json!(1001), &json!("open")));
    assert_eq!(ticket["call_ids"], json!([pop["data"]["call"]["id"]]));
    assert_eq!(ticket["contact"]["id"], caller["contact"]["id"]);
    assert!(ticket["phone_number_id"].is_string());

    let ended = json!({ "call_id": "house-1", "type": "ended", "at": at(9), "from": "+33639980101", "to": "+33199000001" });
    assert!(generic(&server, ended).await.status().is_success());
    assert_eq!(agent.until("call_ended").await["data"]["end_reason"], "missed");

    // Everything is there after a crash, numbered without a gap.
    server.kill();
    let server = Server::start(&folder, &[]);
    let owner = demo["users"]["owner@demo.example"]["token"].as_str().unwrap();
    let log: Value = client
        .get(server.url("/api/v1/events?after=0"))
        .bearer_auth(owner)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let numbers: Vec<i64> =
        log["items"].as_array().unwrap().iter().map(|item| item["seq"].as_i64().unwrap()).collect();
    assert!(numbers.len() >= 2);
    assert_eq!(numbers, (1..=i64::try_from(numbers.len()).unwrap()).collect::<Vec<_>>());
    let again = generic(&server, ringing).await;
    assert!(again.status().is_success());
    assert_eq!(server.terminate().0.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn twilio_s_form_pops_on_the_agent_of_the_dialled_line() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut agent = Agent::sign_in(&server, "agent2@demo.example").await;
    let demo = server.demo();
    let door = &demo["connections"]["twilio"];
    let url = door["hook_url"].as_str().unwrap();
    let form = [
        ("AccountSid", "ACxxxx"),
        ("CallSid", "CAhouse2"),
        ("CallStatus", "ringing"),
        ("Direction", "inbound"),
        ("From", "+33639980011"),
        ("To", "+33199000002"),
    ];
    // Twilio signs the URL followed by the parameters in the order of their names.
    let signed = form.iter().fold(url.to_owned(), |text, (name, value)| text + name + value);
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(door["secret"].as_str().unwrap().as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let client = reqwest::Client::new();
    let body = form.map(|(name, value)| format!("{name}={}", value.replace('+', "%2B"))).join("&");
    let send = |signature: String| {
        let request = client.post(url).header("content-type", "application/x-www-form-urlencoded");
        request.header("x-twilio-signature", signature).body(body.clone()).send()
    };
    assert_eq!(send("AAAA".to_owned()).await.unwrap().status(), 401);
    assert!(send(signature).await.unwrap().status().is_success());
    let pop = agent.until("screen_pop").await;
    assert_eq!(pop["data"]["caller"]["organization_name"], "Garage Dupont & Fils");
    assert_eq!(pop["data"]["call"]["provider_call_id"], "CAhouse2");
}

/// SIPp, another implementation's SIP on the other side: it is refused politely at the end of the ring timeout.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_sipp_pops_before_it_rings_and_ends_missed() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--ring-timeout-ms", "1500"]);
    let mut agent = Agent::sign_in(&server, "agent1@demo.example").await;
    let scenario = folder.path().join("call.xml");
    std::fs::write(&scenario, SCENARIO).unwrap();
    let sip = server.sip.clone();
    let sipp = tokio::process::Command::new("sipp")
        .args([sip.as_str(), "-sf"])
        .arg(&scenario)
        .args(["-m", "1", "-s", "+33199000001", "-i", "127.0.0.1", "-nostdin", "-timeout", "15"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status();
    let sipp = tokio::spawn(sipp);
    let pop = agent.until("screen_pop").await;
    assert_eq!(pop["data"]["caller"]["customer_name"], "Amélie Rousseau");
    assert_eq!(pop["data"]["call"]["to"], "+33199000001");
    let ended = agent.until("call_ended").await;
    assert_eq!(ended["data"]["end_reason"], "missed");
    assert!(sipp.await.unwrap().unwrap().success(), "SIPp saw something else than 100, 180, 480");
}

const SCENARIO: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<scenario name="rings and is not answered">
  <send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "Somebody" <sip:+33639980102@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 40000 RTP/AVP 8
  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="180"/>
  <recv response="480"/>
  <send><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "Somebody" <sip:+33639980102@[local_ip]:[local_port]>;tag=[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

  ]]></send>
</scenario>
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_rang_when_the_program_died_is_ended_by_the_next_one() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let phone = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (from, id) = (phone.local_addr().unwrap(), uuid::Uuid::new_v4());
    let invite = format!(
        "INVITE sip:+33199000001@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{id}\r\nMax-Forwards: 70\r\n\
         From: <sip:+33639980101@127.0.0.1>;tag=1\r\nTo: <sip:+33199000001@127.0.0.1>\r\nCall-ID: {id}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:caller@{from}>\r\nContent-Length: 0\r\n\r\n"
    );
    phone.send_to(invite.as_bytes(), &server.sip).await.unwrap();
    let mut answer = [0; 4096];
    let ringing = async {
        loop {
            let length = phone.recv(&mut answer).await.unwrap();
            if answer[..length].starts_with(b"SIP/2.0 180") {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, ringing).await.expect("it rings");
    let demo = server.demo();
    let token = demo["users"]["agent1@demo.example"]["token"].as_str().unwrap();
    let call = async |server: &Server| -> Value {
        let url = server.url(&format!("/api/v1/calls?provider_call_id={id}"));
        let answer = reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap();
        let page: Value = answer.json().await.unwrap();
        page["items"][0].clone()
    };
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while call(&server).await["state"] != "ringing" {
        assert!(tokio::time::Instant::now() < deadline, "the ringing call is written");
    }

    server.kill();
    let server = Server::start(&folder, &[]);
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while call(&server).await["state"] != "ended" {
        assert!(tokio::time::Instant::now() < deadline, "nobody ended the call");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(call(&server).await["end_reason"], "missed");
}

/// Two programs on one database: the later one has the log. The earlier one notices when it writes, and ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_whose_log_was_taken_over_closes_its_sockets_and_ends() {
    let folder = Folder::new();
    let mut server = Server::start(&folder, &[]);
    let mut agent = Agent::sign_in(&server, "agent1@demo.example").await;
    let url = format!("postgres:///switchroom?host={}&user=postgres", folder.data().join("run").display());
    let other = folder.path().join("other");
    let words = ["serve", "--http", "127.0.0.1:0", "--sip", "off", "--database-url", &url];
    let mut serve = crate::support::command(&folder, &words);
    serve.arg("--data-dir").arg(&other);
    let later = Server::launch(&folder, &other, serve);

    let ringing = json!({
        "call_id": "late", "type": "ringing", "at": at(0), "from": "+33639980101", "to": "+33199000001",
        "agent": { "extension": "201" }
    });
    assert_eq!(generic(&server, ringing).await.status(), 503, "it is not stored and not acknowledged");
    assert_eq!(agent.closed().await, Some(1001));
    let status = server.ended(PATIENCE).expect("it ends by itself");
    assert_eq!(status.code(), Some(4));
    let log = std::fs::read_to_string(folder.path().join("server.log")).unwrap();
    assert!(log.contains("error: another switchroom has taken over the log"), "{log}");
    assert_eq!(crate::support::postgres_of(&folder.data()), None, "its Postgres is gone too");
    later.kill();
}

/// The line of a bot that answers elsewhere: a call over SIP is sent on to it, and nobody's screen shows it until the bot
/// hands it to somebody.
#[tokio::test(flavor = "multi_thread")]
async fn a_bots_line_is_answered_by_its_address_and_pops_for_whom_it_names() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut agent = Agent::sign_in(&server, "agent1@demo.example").await;
    let demo = server.demo();
    let client = reqwest::Client::new();
    let token = |who: &str| demo["users"][who]["token"].as_str().unwrap().to_owned();
    let post = async |who: &str, path: &str, body: Value| -> Value {
        let request = client.post(server.url(path)).bearer_auth(token(who)).json(&body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    };
    let get = async |path: String| -> Value {
        let request = client.get(server.url(&path)).bearer_auth(token("admin@demo.example"));
        request.send().await.unwrap().json().await.unwrap()
    };
    let available =
        format!("/api/v1/agents/{}/presence", demo["users"]["agent1@demo.example"]["id"].as_str().unwrap());
    post("agent1@demo.example", &available, json!({"state": "available"})).await;
    let body = json!({"name": "Reception at night", "sip_uri": "sip:reception@bots.example"});
    let bot = post("admin@demo.example", "/api/v1/bots", body).await;
    let number = demo["numbers"][2].as_str().unwrap();
    let line = get(format!("/api/v1/phone-numbers?q={}", &number[1..])).await["items"][0].clone();
    let connect = format!("/api/v1/phone-numbers/{}/connect", line["id"].as_str().unwrap());
    post("admin@demo.example", &connect, json!({"bot_id": bot["id"]})).await;

    let phone = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (from, id) = (phone.local_addr().unwrap(), uuid::Uuid::new_v4());
    let invite = format!(
        "INVITE sip:{number}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{id}\r\nMax-Forwards: 70\r\n\
         From: <sip:+33639980101@127.0.0.1>;tag=1\r\nTo: <sip:{number}@127.0.0.1>\r\nCall-ID: {id}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:caller@{from}>\r\nContent-Length: 0\r\n\r\n"
    );
    phone.send_to(invite.as_bytes(), &server.sip).await.unwrap();
    let redirected = async {
        let mut answer = [0; 4096];
        loop {
            let length = phone.recv(&mut answer).await.unwrap();
            let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
            if !answer.starts_with("SIP/2.0 1") {
                return answer;
            }
        }
    };
    let answer = tokio::time::timeout(PATIENCE, redirected).await.expect("a final answer");
    assert!(answer.starts_with("SIP/2.0 302"), "{answer}");
    assert!(answer.contains("<sip:reception@bots.example>"), "{answer}");
    let call = get(format!("/api/v1/calls?provider_call_id={id}")).await["items"][0].clone();
    assert_eq!((&call["bot_id"], &call["end_reason"]), (&bot["id"], &json!("missed")));

    // By a webhook: the same, and a hand-over names the agent.
    let ringing = |second, agent| json!({"call_id": "bot-1", "type": "ringing", "at": at(second), "from": "+33639980101", "to": number, "agent": agent});
    assert!(generic(&server, ringing(0, Value::Null)).await.status().is_success());
    agent.sees_no_pop().await;
    assert!(generic(&server, ringing(5, json!({"extension": "201"}))).await.status().is_success());
    let pop = agent.until("screen_pop").await;
    assert_eq!(pop["data"]["call"]["to"], *number);
    let calls = get(format!("/api/v1/calls?bot_id={}", bot["id"].as_str().unwrap())).await;
    assert_eq!(calls["items"].as_array().unwrap().len(), 2);
    let then = get(format!("/api/v1/calls/{}", call["id"].as_str().unwrap())).await["line"].clone();
    assert_eq!(then["endpoint"], json!({"kind": "bot", "id": bot["id"], "name": "Reception at night"}));
}
