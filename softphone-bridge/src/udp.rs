//! Datagrams in, datagrams out. The kernel's buffer knows nothing of senders: whoever floods it has all of it. So what
//! arrives is read much faster than it can be worked on, and waits here, where every sender has a lane of its own.

use std::{io, net::SocketAddr, sync::Arc};

use rsipstack::transport::{
    SipConnection,
    udp::{UdpConnection, UdpInner},
};
use switchroom_bridge_core::{
    Refused, Transport,
    share::{FairQueue, Sender},
};
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

use crate::dispatch::{Door, RETRY_AFTER_S, Reply, datagram};

/// The largest datagram IP carries.
const DATAGRAM_LIMIT: usize = 65_535;
/// Beyond this a request belongs on TCP (RFC 3261 §18.1.1 says from 1300 octets on); no telephone sends half of it.
const MESSAGE_LIMIT: usize = 16 * 1024;
/// Octets that wait, all told.
const WAITING_LIMIT: usize = 4 << 20;
/// What a waiting datagram costs beside its octets.
const OVERHEAD: usize = 128;
/// So many are read in a row, then so many are worked on, then it is read again.
const READ_AT_ONCE: usize = 256;
const WORKED_AT_ONCE: usize = 16;
/// Of what finds no room, so many are told why, for as many as are worked on; the rest is dropped in silence and sent
/// again by whoever meant it.
const TURNED_AWAY_AT_ONCE: usize = 4;

type Waiting = FairQueue<(SocketAddr, Vec<u8>)>;

pub(crate) async fn run(door: Arc<Door>, socket: UdpSocket, until: CancellationToken) {
    let socket = Arc::new(socket);
    let inner = UdpInner { conn: socket.clone(), addr: datagram(door.address) };
    let connection = UdpConnection::attach(inner, None, None).await;
    let mut buffer = vec![0_u8; DATAGRAM_LIMIT];
    let mut waiting = Waiting::new(WAITING_LIMIT);
    loop {
        if waiting.is_empty() {
            tokio::select! {
                _ = socket.readable() => {}
                () = until.cancelled() => return,
            }
        }
        if let Err(error) = read(&door, &socket, &mut buffer, &mut waiting).await {
            // An ICMP error for something sent earlier, or the kernel out of memory: nothing to do, but not at full speed.
            tracing::debug!(%error, "SIP datagram not received");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        for _ in 0..WORKED_AT_ONCE {
            // While the engine is busy with what it has, the rest waits where it is sorted by sender.
            if door.starting.available_permits() == 0 {
                break;
            }
            let Some((source, bytes)) = waiting.pop() else { break };
            let reply = if bytes.len() > MESSAGE_LIMIT {
                door.refuse_whole(&bytes, Transport::Datagram, source, &Refused::TooLarge)
            } else {
                let connection = || SipConnection::Udp(connection.clone());
                door.take(&bytes, Transport::Datagram, source, connection).await
            };
            if let Some(reply) = reply {
                send(&socket, reply).await;
            }
        }
        if waiting.is_empty() {
            continue;
        }
        if door.starting.available_permits() == 0 {
            tokio::select! {
                _ = door.starting.acquire() => {}
                _ = socket.readable() => {}
                () = until.cancelled() => return,
            }
        }
        if until.is_cancelled() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn read(
    door: &Arc<Door>,
    socket: &UdpSocket,
    buffer: &mut [u8],
    waiting: &mut Waiting,
) -> io::Result<()> {
    let no_room = Refused::Overloaded(RETRY_AFTER_S);
    let mut told = 0;
    for _ in 0..READ_AT_ONCE {
        let (length, source) = match socket.try_recv_from(buffer) {
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        // One octet more than is taken, which tells that it was too long.
        let bytes = &buffer[..length.min(MESSAGE_LIMIT + 1)];
        let sender = Sender::from(source.ip());
        if let Err((source, bytes)) = waiting.push(sender, length + OVERHEAD, (source, bytes.to_vec())) {
            metrics::counter!("switchroom_sip_dropped_total", "reason" => "share").increment(1);
            if told < TURNED_AWAY_AT_ONCE
                && let Some(reply) = door.refuse_whole(&bytes, Transport::Datagram, source, &no_room)
            {
                told += 1;
                send(socket, reply).await;
            }
        }
    }
    Ok(())
}

async fn send(socket: &UdpSocket, reply: Reply) {
    if let Err(error) = socket.send_to(&reply.bytes, reply.to).await {
        tracing::debug!(to = %reply.to, %error, "SIP answer not sent");
    }
}
