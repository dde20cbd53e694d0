//! The good caller: a PBX that reports calls at a steady, modest rate, and the agent who is to see them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use futures::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use super::{Connection, Door};
use crate::program::Program;

/// The provider of the good calls has so many connections.
const CONNECTIONS: usize = 32;
/// How long the last pops may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// A PBX and an agent's socket.
pub struct GoodCaller {
    door: Door,
    /// When the pop of a call arrived.
    popped: Arc<Mutex<HashMap<String, Instant>>>,
    reader: tokio::task::JoinHandle<()>,
}

/// What came of a number of calls.
pub struct Report {
    /// The calls whose events were acknowledged.
    pub acknowledged: Vec<String>,
    /// From the scheduled instant to the pop, in milliseconds, a call each.
    pub pops_ms: Vec<f64>,
    /// Answers that were no acknowledgement.
    pub refused: usize,
}

impl GoodCaller {
    /// The agent with extension 201 signs in.
    pub async fn new(program: &Program, door: Door) -> anyhow::Result<Self> {
        let demo = program.demo()?;
        let token = demo["users"]["agent1@demo.example"]["token"].as_str().context("demo.json")?.to_owned();
        let mut request = program.url("/ws").replacen("http://", "ws://", 1).into_client_request()?;
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
        request.headers_mut().insert("sec-websocket-protocol", "switchroom.v1".parse()?);
        let (mut socket, _) = connect_async(request).await?;
        socket.next().await.context("no hello")??;
        let popped: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
        let reader = tokio::spawn({
            let popped = Arc::clone(&popped);
            async move {
                while let Some(Ok(message)) = socket.next().await {
                    let (now, Message::Text(text)) = (Instant::now(), message) else { continue };
                    let Ok(frame) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
                    if frame["type"] == "ping"
                        && socket.send(Message::text(r#"{"type":"pong"}"#)).await.is_err()
                    {
                        return;
                    }
                    if let ("screen_pop", Some(call)) = (
                        frame["type"].as_str().unwrap_or_default(),
                        frame["data"]["call"]["provider_call_id"].as_str(),
                    ) {
                        popped.lock().expect("no holder panics").entry(call.to_owned()).or_insert(now);
                    }
                }
            }
        });
        Ok(Self { door, popped, reader })
    }

    /// Reports `count` calls at `rate` a second, each ringing and then ended, and waits for their pops.
    pub async fn calls(&self, name: &str, count: usize, rate: f64) -> anyhow::Result<Report> {
        let (began, next) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
        let due = move |call: usize| began + Duration::from_secs_f64(call as f64 / rate);
        let senders: Vec<_> = (0..CONNECTIONS.min(count))
            .map(|_| {
                let (door, next, name) = (self.door.clone(), Arc::clone(&next), name.to_owned());
                tokio::spawn(async move {
                    let mut connection = Connection::open(&door.address).await?;
                    let (mut acknowledged, mut refused) = (Vec::new(), 0);
                    loop {
                        let call = next.fetch_add(1, Ordering::Relaxed);
                        if call >= count {
                            return anyhow::Ok((acknowledged, refused));
                        }
                        tokio::time::sleep_until(due(call).into()).await;
                        let id = format!("{name}-{call}");
                        for (kind, at) in [("ringing", 0), ("ended", 9)] {
                            let reply = connection.ask(&door.request(&id, kind, at, Some("201"))).await?;
                            if !(200..300).contains(&reply.status) {
                                refused += 1;
                            } else if kind == "ringing" {
                                acknowledged.push(id.clone());
                            }
                            if !reply.kept {
                                connection = Connection::open(&door.address).await?;
                            }
                        }
                    }
                })
            })
            .collect();
        let mut report = Report { acknowledged: Vec::new(), pops_ms: Vec::new(), refused: 0 };
        for sender in senders {
            let (acknowledged, refused) = sender.await??;
            report.acknowledged.extend(acknowledged);
            report.refused += refused;
        }
        let deadline = Instant::now() + PATIENCE;
        for call in 0..count {
            let id = format!("{name}-{call}");
            loop {
                if let Some(popped) = self.popped.lock().expect("no holder panics").remove(&id) {
                    report.pops_ms.push(popped.saturating_duration_since(due(call)).as_secs_f64() * 1000.0);
                    break;
                }
                if !report.acknowledged.contains(&id) {
                    break;
                }
                ensure!(Instant::now() < deadline, "the call {id} was acknowledged and did not pop");
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        Ok(report)
    }
}

impl Drop for GoodCaller {
    fn drop(&mut self) {
        self.reader.abort();
    }
}
