//! The HTTP listener: takes connections, keeps slow ones from piling up, and lets running requests finish at the end.
//! What the requests mean is the router's business; call events have a door of their own, past its layers.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use crate::{
    HookDoor,
    auth::{Address, Proxies},
};

/// A client gets this long to send the head of a request, the first one and each later one on the connection.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// Connections at once; whoever comes beyond them is told to come again. Each agent's tab is one, for as long as it is
/// open. Fewer where the system allows fewer files.
const MOST_CONNECTIONS: usize = 20_000;
/// Files that are none of the connections': Postgres, SIP, what the console reads.
const OTHER_FILES: u64 = 256;
/// The head of a request: generous for cookies and signatures.
const LARGEST_HEAD: usize = 32 * 1024;
/// What those beyond the limit are told.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
/// Those who are being told so at once; beyond them there is no answer, only the end.
const MOST_REFUSALS: usize = 256;

/// What the kernel keeps of what a client does not read. It doubles the number for its own bookkeeping.
const SEND_BUFFER: usize = 64 * 1024;

/// What answers requests.
#[derive(Clone)]
pub struct Doors {
    pub router: Router,
    /// For call events.
    pub hooks: Option<HookDoor>,
    /// Who may say whom they speak for.
    pub proxies: Proxies,
}

/// Serves until told to stop; then takes nothing new, and ends when what runs is done, at the latest after `patience`.
/// Upgraded connections (WebSockets) are the gateway's from the upgrade on.
pub async fn serve(listener: TcpListener, doors: Doors, stop: CancellationToken, patience: Duration) {
    serve_at_most(most_connections(), listener, doors, stop, patience).await;
}

/// As many as the limit on open files leaves room for, after it was raised as far as it goes: running out of them would
/// hurt Postgres' connections as well.
fn most_connections() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let files = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    let room = files.unwrap_or(u64::MAX).saturating_sub(OTHER_FILES);
    usize::try_from(room).unwrap_or(MOST_CONNECTIONS).clamp(1, MOST_CONNECTIONS)
}

async fn serve_at_most(
    most: usize,
    listener: TcpListener,
    doors: Doors,
    stop: CancellationToken,
    patience: Duration,
) {
    // Accepted connections inherit it. The kernel would let the buffer of a socket that nobody reads grow to
    // megabytes, and the gateway would learn of it only when that is full.
    if let Err(error) = set_socket_send_buffer_size(&listener, SEND_BUFFER) {
        tracing::warn!(%error, "cannot bound the send buffers of sockets");
    }
    let tasks = TaskTracker::new();
    let places = Arc::new(Semaphore::new(most));
    let refusals = Arc::new(Semaphore::new(MOST_REFUSALS));
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Ok(place) = places.clone().try_acquire_owned() else {
                    if let Ok(telling) = refusals.clone().try_acquire_owned() {
                        tokio::spawn(async move {
                            refuse(stream).await;
                            drop(telling);
                        });
                    }
                    continue;
                };
                let (doors, stop) = (doors.clone(), stop.clone());
                tasks.spawn(async move {
                    connection(stream, peer, doors, stop).await;
                    drop(place);
                });
            }
            Err(error) if is_the_connections_fault(&error) => {}
            Err(error) => {
                // Out of file descriptors, most likely: closing connections will free some.
                tracing::warn!(%error, "cannot take a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    tasks.close();
    if tokio::time::timeout(patience, tasks.wait()).await.is_err() {
        tracing::warn!(open = tasks.len(), "some requests did not finish in time");
    }
}

/// Tells the client to come again, and waits a moment for it to have read that: closing with its request unread would
/// take the answer back.
async fn refuse(mut stream: TcpStream) {
    let told = async {
        stream.write_all(FULL).await?;
        stream.shutdown().await?;
        let mut unread = [0; 1024];
        while stream.read(&mut unread).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), told).await;
}

fn is_the_connections_fault(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(stream: TcpStream, peer: SocketAddr, doors: Doors, stop: CancellationToken) {
    // A pop is one small frame: it must not wait for company.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        let client = doors.proxies.client(peer.ip(), request.headers());
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(Address(Some(client)));
        let mut doors = doors.clone();
        async move {
            match (&doors.hooks, HookDoor::key(&request)) {
                (Some(hooks), Some(key)) => Ok(hooks.answer(key, request).await),
                // A router is always ready.
                _ => doors.router.call(request).await,
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Broken requests and vanished clients: nothing of ours, and many when somebody scans.
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;

    use super::*;

    async fn start(patience: Duration) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        start_behind(Proxies::default(), patience).await
    }

    async fn start_behind(
        proxies: Proxies,
        patience: Duration,
    ) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "done"
        };
        let whoami = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() };
        let client = |address: Address| async move { address.text().unwrap_or_default() };
        let router = Router::new()
            .route("/slow", get(slow))
            .route("/whoami", get(whoami))
            .route("/client", get(client));
        let stop = CancellationToken::new();
        let doors = Doors { router, hooks: None, proxies };
        let task = tokio::spawn(serve(listener, doors, stop.clone(), patience));
        (address, stop, task)
    }

    async fn ask(address: SocketAddr, path: &str) -> (TcpStream, String) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
        let local = stream.local_addr().unwrap().to_string();
        (stream, local)
    }

    #[tokio::test]
    async fn handlers_know_the_peer() {
        let (address, _stop, _task) = start(Duration::from_secs(1)).await;
        let (mut stream, local) = ask(address, "/whoami").await;
        let mut buffer = [0; 512];
        let n = stream.read(&mut buffer).await.unwrap();
        assert!(String::from_utf8_lossy(&buffer[..n]).ends_with(&local));
    }

    #[tokio::test]
    async fn a_forged_header_is_nothing_and_a_trusted_proxy_s_is_the_address() {
        for (proxies, client) in [
            (Proxies::default(), "127.0.0.1"),
            (Proxies::trusting(|address| address.is_loopback()), "203.0.113.9"),
        ] {
            let (address, _stop, _task) = start_behind(proxies, Duration::from_secs(1)).await;
            let mut stream = TcpStream::connect(address).await.unwrap();
            let request = "GET /client HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 192.0.2.7, 203.0.113.9\r\nconnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert_eq!(answer.rsplit("\r\n").next(), Some(client), "{answer}");
        }
    }

    #[tokio::test]
    async fn whoever_comes_beyond_the_limit_is_told_to_come_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "here" }));
        tokio::spawn(serve_at_most(
            1,
            listener,
            Doors { router, hooks: None, proxies: Proxies::default() },
            CancellationToken::new(),
            Duration::from_secs(1),
        ));
        let (mut first, _) = ask(address, "/").await;
        first.read_exact(&mut [0; 8]).await.unwrap();
        let (mut second, _) = ask(address, "/").await;
        let mut answer = String::new();
        second.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 2"), "{answer}");
        drop(first);
        // The place is free as soon as the server has seen the end of the first.
        loop {
            let (mut third, _) = ask(address, "/").await;
            let mut begin = [0; 12];
            if third.read_exact(&mut begin).await.is_ok() && &begin == b"HTTP/1.1 200" {
                break;
            }
        }
    }

    #[tokio::test]
    async fn what_runs_at_the_end_is_finished_and_idle_connections_close() {
        let (address, stop, task) = start(Duration::from_secs(5)).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        let (mut busy, _) = ask(address, "/slow").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.cancel();
        let mut answer = String::new();
        busy.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"), "{answer}");
        assert_eq!(idle.read(&mut [0; 8]).await.unwrap(), 0);
        tokio::time::timeout(Duration::from_secs(2), task).await.unwrap().unwrap();
        assert!(TcpStream::connect(address).await.is_err(), "nothing new is taken");
    }

    #[tokio::test]
    async fn a_request_that_never_ends_does_not_hold_the_end_up() {
        let (address, stop, task) = start(Duration::from_millis(100)).await;
        let (_busy, _) = ask(address, "/slow").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        stop.cancel();
        tokio::time::timeout(Duration::from_millis(250), task).await.unwrap().unwrap();
    }
}
