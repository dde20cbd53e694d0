//! The SIP door: INVITEs over UDP and TCP become calls of the engine. Sockets and framing are ours (every octet is
//! judged by the pure rules in `core/` before anything is kept for it), transactions and timers are rsipstack's.
//!
//! A call rings here until its agent's phone takes it over (302), the caller gives up (CANCEL), or nobody answers in
//! time (480). Media comes later: [`answering`] is the one part that a bridging of two legs replaces.
//!
//! What each answer means (contract §3): 100 and 180 acknowledge nothing and wait for no database; 180 leaves after the
//! pop; a final answer acknowledges the call and waits for its commit.

mod answering;
pub mod calls;
mod dispatch;
mod invite;
mod leg;
mod seats;
mod sockets;
mod tcp;
mod udp;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rsipstack::{
    EndpointBuilder, platform::CancellationToken as StackToken, transaction::endpoint::EndpointInnerRef,
    transport::TransportLayer,
};
use switchroom_bridge_core::Trust;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use calls::{Calls, DialledLine};
pub use switchroom_bridge_core as rules;

#[doc(hidden)] // for the fuzz targets
pub use dispatch::transacted;

use dispatch::Door;

/// What the operator sets.
#[derive(Clone, Debug)]
pub struct BridgeSettings {
    /// Port 0 = one free port, the same for UDP and TCP.
    pub listen: SocketAddr,
    pub trust: Trust,
    /// How long an unanswered call rings.
    pub ring_timeout: Duration,
    /// How long a final answer waits for the commit.
    pub commit_wait: Duration,
    /// Calls ringing at once, all told; one address gets four times what is left free. More are answered 503.
    pub ringing_limit: usize,
    /// Open TCP connections, all told and from one address.
    pub tcp_limit: usize,
    pub tcp_limit_per_source: usize,
    /// A TCP connection on which nothing arrives is closed after this.
    pub tcp_idle: Duration,
    /// The first message of a TCP connection must be whole after this, and so must every other one once it has begun.
    pub tcp_message: Duration,
}

impl BridgeSettings {
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            trust: Trust::default(),
            ring_timeout: Duration::from_secs(30),
            commit_wait: Duration::from_secs(5),
            ringing_limit: 5_000,
            tcp_limit: 1_000,
            tcp_limit_per_source: 200,
            tcp_idle: Duration::from_secs(180),
            tcp_message: Duration::from_secs(10),
        }
    }
}

/// The door could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    #[error("cannot listen for SIP on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("the SIP stack did not start: {0}")]
    Stack(String),
}

/// The open door.
pub struct Bridge {
    address: SocketAddr,
    door: Arc<Door>,
    tasks: TaskTracker,
    listening: CancellationToken,
    stack: StackToken,
}

impl Bridge {
    pub async fn start(calls: Arc<dyn Calls>, settings: BridgeSettings) -> Result<Self, BridgeError> {
        let sockets::Pair { udp, tcp, address } = sockets::bind(settings.listen)
            .await
            .map_err(|source| BridgeError::Listen { address: settings.listen, source })?;
        let stack = StackToken::new();
        let endpoint = EndpointBuilder::new()
            .with_user_agent(rules::USER_AGENT)
            .with_cancel_token(stack.clone())
            .with_transport_layer(TransportLayer::new(stack.clone()))
            .build();
        // New transactions are made here, not by the stack: what it would offer has ended a moment ago.
        drop(endpoint.incoming_transactions().map_err(|error| BridgeError::Stack(error.to_string()))?);
        let tasks = TaskTracker::new();
        let listening = CancellationToken::new();
        let door = Arc::new(Door::new(calls, settings, address, endpoint.inner.clone(), tasks.clone()));

        // Read before anything new can come in.
        let orphans = door.calls.open();
        let ender = door.clone();
        tasks.spawn(async move { calls::end_orphans(&*ender.calls, orphans).await });

        let inner = endpoint.inner.clone();
        tokio::spawn(async move {
            if let Err(error) = inner.serve().await {
                tracing::error!(%error, "SIP timers stopped");
            }
        });
        tokio::spawn(tidy(endpoint.inner.clone(), listening.clone()));
        tokio::spawn(udp::run(door.clone(), udp, listening.clone()));
        tokio::spawn(tcp::run(door.clone(), tcp, listening.clone()));
        tracing::info!(%address, "listening for SIP on UDP and TCP");
        Ok(Self { address, door, tasks, listening, stack })
    }

    /// Where it listens, with the port that was chosen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more calls, ends the ringing ones with 503 once that is durable, and closes. Returns in time even if
    /// the database does not answer.
    pub async fn stop(&self) {
        self.door.stopping.cancel();
        self.tasks.close();
        if tokio::time::timeout(Duration::from_secs(4), self.tasks.wait()).await.is_err() {
            tracing::warn!("some SIP calls were still being ended at the stop");
        }
        self.listening.cancel();
        self.stack.cancel();
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.door.stopping.cancel();
        self.listening.cancel();
        self.stack.cancel();
    }
}

/// The stack notes for every refused INVITE which dialog its ACK might belong to, and looks through all notes whenever
/// a transaction is forgotten: with tens of thousands of callers who never send the ACK, nothing else would get done.
/// The notes are for ACKs of 200, which this door does not send.
async fn tidy(endpoint: EndpointInnerRef, until: CancellationToken) {
    let mut every = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = every.tick() => endpoint.waiting_ack.with_mut(|notes| notes.clear()),
            () = until.cancelled() => return,
        }
    }
}
