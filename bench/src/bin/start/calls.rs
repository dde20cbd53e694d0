//! Calls by the generic door, at a steady rate whatever becomes of them (latency counts from the instant an event was
//! due), and an agent's socket that gets the pops.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use switchroom_bench::{figures::percentile, hook::Signer, program::Program};
use switchroom_core::number::E164;

/// Events a second.
pub const RATE: u32 = 50;
/// Connections, so that a slow answer holds up no other event.
const LANES: u32 = 16;

/// Milliseconds.
#[derive(Clone, Default)]
pub struct Latencies {
    acknowledged: Vec<f64>,
    popped: Vec<f64>,
}

impl Latencies {
    pub fn acknowledged_p99(&self) -> f64 {
        percentile(&self.acknowledged, 99.0)
    }

    pub fn popped_p99(&self) -> f64 {
        percentile(&self.popped, 99.0)
    }
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    latencies: Mutex<Latencies>,
    /// When the events of calls were due whose pop is awaited.
    awaited: Mutex<HashMap<String, Instant>>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

pub struct Calls {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<anyhow::Result<()>>>,
    address: String,
    token: String,
}

impl Calls {
    pub fn start(program: &Program) -> anyhow::Result<Self> {
        let demo = program.demo()?;
        let text = |pointer: &str| {
            demo.pointer(pointer)
                .and_then(Value::as_str)
                .map(str::to_owned)
                .with_context(|| format!("no {pointer}"))
        };
        let signer = Signer::new(&text("/connections/generic/secret")?)?;
        let url = text("/connections/generic/hook_url")?;
        let path = url.find("/hooks/").map(|at| url[at..].to_owned()).context("the hook has no path")?;
        let line = text("/numbers/0")?;
        let address = program.http_address().to_owned();
        let shared = Arc::new(Shared::default());
        let agent = listen(&address, &text("/users/agent1@demo.example/token")?)?;
        let mut threads = Vec::new();
        let ears = Arc::clone(&shared);
        threads.push(std::thread::spawn(move || hear(agent, &ears)));
        let run = format!("{:x}", switchroom_bench::random());
        let began = Instant::now() + Duration::from_millis(100);
        for lane in 0..LANES {
            let (shared, signer, path, line, address, run) = (
                Arc::clone(&shared),
                signer.clone(),
                path.clone(),
                line.clone(),
                address.clone(),
                run.clone(),
            );
            threads.push(std::thread::spawn(move || {
                let mut stream = BufReader::new(TcpStream::connect(&address)?);
                for at in (lane..).step_by(LANES as usize) {
                    let due = began + Duration::from_secs(1) * at / RATE;
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    if shared.stop.load(Ordering::Relaxed) {
                        return Ok(());
                    }
                    // A call rings, and RATE events later it ends.
                    let (call, kind) = (at / (2 * RATE) * RATE + at % RATE, at / RATE % 2);
                    let call = format!("{run}-{call}");
                    let body = event(&call, ["ringing", "ended"][kind as usize], &line);
                    if kind == 0 {
                        lock(&shared.awaited).insert(call, due);
                    }
                    let now = chrono::Utc::now().timestamp();
                    let id = format!("{run}-{at}");
                    let signature = signer.sign(&id, now, &body);
                    let head = format!(
                        "webhook-id: {id}\r\nwebhook-timestamp: {now}\r\nwebhook-signature: {signature}\r\ncontent-type: application/json\r\n"
                    );
                    let (status, answer) = ask(&mut stream, "POST", &path, &head, &body)?;
                    ensure!((200..300).contains(&status), "an event was answered {status}: {answer}");
                    lock(&shared.latencies).acknowledged.push(due.elapsed().as_secs_f64() * 1e3);
                }
                Ok(())
            }));
        }
        Ok(Self { shared, threads, address, token: text("/users/owner@demo.example/token")? })
    }

    pub fn latencies(&self) -> Latencies {
        lock(&self.shared.latencies).clone()
    }

    pub fn forget(&self) {
        *lock(&self.shared.latencies) = Latencies::default();
    }

    /// Whom the running program finds behind a number, or null.
    pub fn caller(&self, number: E164) -> anyhow::Result<Value> {
        let mut stream = BufReader::new(TcpStream::connect(&self.address)?);
        let path = format!("/api/v1/caller-context?number=%2B{}", number.digits());
        let head = format!("authorization: Bearer {}\r\n", self.token);
        let (status, answer) = ask(&mut stream, "GET", &path, &head, "")?;
        ensure!(status == 200, "the caller context was answered {status}");
        Ok(serde_json::from_str::<Value>(&answer)?["contact"].take())
    }

    /// Every event was acknowledged and every ringing call popped, or the figures are void.
    pub fn end(self) -> anyhow::Result<()> {
        // Pops of the last events are on their way.
        std::thread::sleep(Duration::from_millis(500));
        self.shared.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            if thread.join().is_err() {
                bail!("a thread of the calls panicked");
            }
        }
        let lost =
            lock(&self.shared.awaited).values().filter(|due| due.elapsed() > Duration::from_secs(5)).count();
        ensure!(lost == 0, "{lost} calls did not pop");
        Ok(())
    }
}

fn event(call: &str, kind: &str, line: &str) -> String {
    let mut event = json!({
        "call_id": call, "type": kind, "at": chrono::Utc::now().to_rfc3339(), "direction": "inbound",
        "from": "+33612345678", "to": line, "agent": {"email": "agent1@demo.example"},
    });
    if kind == "ended" {
        event["reason"] = json!("missed");
    }
    event.to_string()
}

/// One request on a connection that stays; answers with status and body.
fn ask(
    stream: &mut BufReader<TcpStream>,
    method: &str,
    path: &str,
    head: &str,
    body: &str,
) -> anyhow::Result<(u16, String)> {
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{head}content-length: {length}\r\n\r\n{body}"
    );
    stream.get_mut().write_all(request.as_bytes())?;
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|word| word.parse().ok()).context("no status line")?;
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer)?;
    Ok((status, String::from_utf8(answer)?))
}

/// Opens the agent's socket.
fn listen(address: &str, token: &str) -> anyhow::Result<BufReader<TcpStream>> {
    let mut stream = BufReader::new(TcpStream::connect(address)?);
    stream.get_mut().write_all(
        format!(
            "GET /ws HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: c3dpdGNocm9vbS1iZW5jaA==\r\nsec-websocket-protocol: switchroom.v1\r\nauthorization: Bearer {token}\r\n\r\n"
        )
        .as_bytes(),
    )?;
    let mut line = String::new();
    stream.read_line(&mut line)?;
    ensure!(line.contains(" 101 "), "no socket: {line}");
    while !line.trim().is_empty() {
        line.clear();
        stream.read_line(&mut line)?;
    }
    stream.get_ref().set_read_timeout(Some(Duration::from_secs(1)))?;
    Ok(stream)
}

/// Notes when pops arrive, and answers the server's pings.
fn hear(mut stream: BufReader<TcpStream>, shared: &Shared) -> anyhow::Result<()> {
    while !shared.stop.load(Ordering::Relaxed) {
        // Waits for a frame to begin; within one the rest follows at once.
        match stream.fill_buf() {
            Ok([]) => bail!("the agent's socket was closed"),
            Ok(_) => {}
            Err(error)
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
            {
                continue;
            }
            Err(error) => return Err(error.into()),
        }
        let mut head = [0; 2];
        stream.read_exact(&mut head)?;
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                stream.read_exact(&mut length)?;
                u64::from(u16::from_be_bytes(length))
            }
            127 => {
                let mut length = [0; 8];
                stream.read_exact(&mut length)?;
                u64::from_be_bytes(length)
            }
            length => u64::from(length),
        };
        let mut payload = vec![0; usize::try_from(length)?];
        stream.read_exact(&mut payload)?;
        let arrived = Instant::now();
        if head[0] & 0xf != 1 {
            continue;
        }
        let frame: Value = serde_json::from_slice(&payload)?;
        match frame["type"].as_str() {
            Some("screen_pop") => {
                let call = frame["data"]["call"]["provider_call_id"].as_str().unwrap_or_default();
                if let Some(due) = lock(&shared.awaited).remove(call) {
                    let latency = arrived.saturating_duration_since(due).as_secs_f64() * 1e3;
                    lock(&shared.latencies).popped.push(latency);
                }
            }
            Some("ping") => {
                // Masked as a client's frames must be, by a key of nothing.
                let pong = br#"{"type":"pong"}"#;
                stream
                    .get_mut()
                    .write_all(&[&[0x81, 0x80 | pong.len() as u8, 0, 0, 0, 0][..], pong].concat())?;
            }
            _ => {}
        }
    }
    Ok(())
}
