//! A database that stands still: phones ring all the same, and what would acknowledge a call waits for it (contract:
//! 100 and 180 never wait, a final answer waits for the commit, five seconds at most).

use std::{fs, net::SocketAddr, time::Duration};

use rustix::process::{Signal, kill_process};
use serde_json::Value;
use tokio::net::UdpSocket;

use crate::support::{Folder, Server, pid};

/// All processes of the server's Postgres, stopped until dropped.
struct Frozen(Vec<u32>);

impl Frozen {
    fn postgres(server: &Server) -> Self {
        let postmaster = server.postgres();
        // The postmaster first, so that nobody is born meanwhile.
        let frozen = Self(vec![postmaster]);
        kill_process(pid(postmaster), Signal::STOP).unwrap();
        let children = fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).unwrap();
        let mut all = frozen;
        for child in children.split_whitespace().map(|child| child.parse().unwrap()) {
            kill_process(pid(child), Signal::STOP).unwrap();
            all.0.push(child);
        }
        assert!(all.0.len() > 3, "Postgres has children");
        all
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        for process in &self.0 {
            let _ = kill_process(pid(*process), Signal::CONT);
        }
    }
}

struct Caller {
    socket: UdpSocket,
    id: String,
}

impl Caller {
    async fn new(server: &Server, id: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(server.sip.parse::<SocketAddr>().unwrap()).await.unwrap();
        Self { socket, id: id.to_owned() }
    }

    async fn send(&self, method: &str, to: &str) {
        let (from, id) = (self.socket.local_addr().unwrap(), &self.id);
        let request = format!(
            "{method} sip:+33199000001@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{id};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:+33639980101@127.0.0.1>;tag=1\r\nTo: {to}\r\nCall-ID: {id}\r\n\
             CSeq: 1 {method}\r\nContact: <sip:caller@{from}>\r\nContent-Length: 0\r\n\r\n"
        );
        self.socket.send(request.as_bytes()).await.unwrap();
    }

    /// The next final answer to the INVITE, or 180; whatever else comes first is passed over.
    async fn hears(&self) -> (u16, String) {
        let mut buffer = [0; 4096];
        let hear = async {
            loop {
                let length = self.socket.recv(&mut buffer).await.unwrap();
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let status: u16 = text[8..11].parse().unwrap();
                if status >= 180 && text.contains("1 INVITE") {
                    return (status, text);
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), hear).await.expect("no answer")
    }

    /// Rings, and then the caller gives up.
    async fn rings_and_gives_up(&self) {
        self.send("INVITE", "<sip:+33199000001@127.0.0.1>").await;
        assert_eq!(self.hears().await.0, 180);
        self.send("CANCEL", "<sip:+33199000001@127.0.0.1>").await;
    }

    async fn acknowledges(&self, answer: &str) {
        let to = answer.lines().find_map(|line| line.strip_prefix("To: ")).unwrap();
        self.send("ACK", to).await;
    }
}

#[tokio::test]
async fn phones_ring_while_the_database_stands_still() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--ring-timeout-ms", "60000"]);
    let frozen = Frozen::postgres(&server);

    // Nobody lets go of the database: 180 comes, and the end cannot be acknowledged.
    let first = Caller::new(&server, "stalled-1").await;
    first.rings_and_gives_up().await;
    let (status, answer) = first.hears().await;
    assert_eq!(status, 503, "{answer}");
    assert!(answer.contains("\r\nRetry-After: "), "{answer}");
    first.acknowledges(&answer).await;

    // The next one rings as well, and the database goes on while its end is waiting.
    let second = Caller::new(&server, "stalled-2").await;
    second.rings_and_gives_up().await;
    drop(frozen);
    let (status, answer) = second.hears().await;
    assert_eq!(status, 487, "{answer}");
    second.acknowledges(&answer).await;

    // Both are in the books, as they were, once.
    let demo = server.demo();
    let token = demo["users"]["owner@demo.example"]["token"].as_str().unwrap();
    for id in ["stalled-1", "stalled-2"] {
        let mut states = Vec::new();
        for _ in 0..100 {
            let calls: Value = reqwest::Client::new()
                .get(server.url(&format!("/api/v1/calls?provider_call_id={id}")))
                .bearer_auth(token)
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap();
            let items = calls["items"].as_array().unwrap();
            states = items.iter().map(|call| (call["state"].clone(), call["end_reason"].clone())).collect();
            if states == [("ended".into(), "missed".into())] {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(states, [(Value::from("ended"), Value::from("missed"))], "{id}");
    }
}
