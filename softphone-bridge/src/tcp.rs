//! SIP over TCP. The framing is ours (RFC 3261 §18.3 by Content-Length, checked), and so are the bounds: how many
//! connections, how long nothing may come, how long a begun message may take. The stack gets each connection as a
//! channel: what it sends comes out of it and is written by one task.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rsipstack::{
    sip::Transport as SipTransport,
    transport::{SipAddr, SipConnection, TransportEvent, channel::ChannelConnection},
};
use switchroom_bridge_core::{Examined, Refused, Transport, examine, frame_length};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{dispatch::Door, seats::Seats};

/// The longest message on a stream, head and body.
const MESSAGE_LIMIT: usize = 64 * 1024;
/// Responses that may wait for a peer that does not read.
const QUEUE: usize = 256;
const WRITE_LIMIT: Duration = Duration::from_secs(10);

pub(crate) async fn run(door: Arc<Door>, listener: TcpListener, until: CancellationToken) {
    let settings = &door.settings;
    let gauge = metrics::gauge!("switchroom_sip_tcp_connections");
    let open = Seats::new(settings.tcp_limit, settings.tcp_limit_per_source, gauge);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = until.cancelled() => return,
        };
        let (stream, source) = match accepted {
            Ok(accepted) => accepted,
            // Out of descriptors, most likely; closing ones will free some.
            Err(error) => {
                tracing::warn!(%error, "SIP connection not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(seat) = open.sit(source.ip()) else {
            metrics::counter!("switchroom_sip_tcp_refused_total").increment(1);
            tracing::debug!(%source, "SIP connection refused: too many are open");
            continue;
        };
        let (door, until) = (door.clone(), until.clone());
        tokio::spawn(async move {
            let _seat = seat;
            tokio::select! {
                () = serve(door, stream, source) => {}
                () = until.cancelled() => {}
            }
        });
    }
}

async fn serve(door: Arc<Door>, stream: TcpStream, source: SocketAddr) {
    let _ = stream.set_nodelay(true);
    let (read, write) = stream.into_split();
    let (outgoing, responses) = mpsc::channel(QUEUE);
    let (raw, own) = mpsc::channel(QUEUE);
    // The stack never reads from this connection; what arrives is handed to it message by message.
    let (_, unused) = mpsc::unbounded_channel();
    let address = SipAddr { r#type: Some(SipTransport::Tcp), addr: source.into() };
    let Ok(channel) = ChannelConnection::create_connection_bounded(unused, outgoing, address, None).await
    else {
        return;
    };
    let writer = tokio::spawn(write_all(write, responses, own));
    read_all(&door, read, source, &channel, &raw).await;
    drop((channel, raw));
    // Transactions still hold the channel: their answers go out as long as the peer reads.
    let _ = writer.await;
}

async fn read_all(
    door: &Arc<Door>,
    mut read: OwnedReadHalf,
    source: SocketAddr,
    channel: &ChannelConnection,
    raw: &mpsc::Sender<Vec<u8>>,
) {
    // A call that rings long must not lose its connection to the idle limit.
    let idle = door.settings.tcp_idle.max(door.settings.ring_timeout + Duration::from_secs(30));
    let mut buffer: Vec<u8> = Vec::new();
    // Whoever connects has something to say: a connection that stays silent is not left the time that a used one is.
    let opened = Instant::now();
    let mut heard = false;
    let mut begun: Option<Instant> = None;
    loop {
        // Keep-alives (RFC 5626 §3.5.1) and empty lines before a message.
        while buffer.starts_with(b"\r\n") {
            let ping = buffer.starts_with(b"\r\n\r\n");
            if !ping && buffer.len() < 4 && buffer != b"\r\n" {
                break;
            }
            buffer.drain(..if ping { 4 } else { 2 });
            heard |= ping;
            if ping && raw.send(b"\r\n".to_vec()).await.is_err() {
                return;
            }
        }
        if buffer.is_empty() {
            begun = None;
        }
        match frame_length(&buffer) {
            Some(Ok(length)) if length > MESSAGE_LIMIT => {
                return refuse_frame(door, &buffer, source, raw).await;
            }
            Some(Ok(length)) if buffer.len() >= length => {
                let reply = door
                    .take(&buffer[..length], Transport::Stream, source, || {
                        SipConnection::Channel(channel.clone())
                    })
                    .await;
                buffer.drain(..length);
                begun = (!buffer.is_empty()).then(Instant::now);
                heard = true;
                if let Some(reply) = reply
                    && raw.send(reply.bytes).await.is_err()
                {
                    return;
                }
                if !door.trusts(source.ip()) {
                    return;
                }
                continue;
            }
            // Where the next message starts is unknown: answer this one and close.
            Some(Err(_)) => return refuse_frame(door, &buffer, source, raw).await,
            _ if buffer.len() > MESSAGE_LIMIT => return refuse_frame(door, &buffer, source, raw).await,
            _ => {}
        }
        let patience = match begun {
            Some(begun) => begun + door.settings.tcp_message,
            None if heard => Instant::now() + idle,
            None => opened + door.settings.tcp_message,
        };
        match tokio::time::timeout_at(patience, read.read_buf(&mut buffer)).await {
            Ok(Ok(1..)) => {
                begun.get_or_insert_with(Instant::now);
            }
            Ok(Ok(0) | Err(_)) => return,
            // A head whose body does not come: it says whom to tell.
            Err(_) if frame_length(&buffer).is_some() => {
                return refuse_frame(door, &buffer, source, raw).await;
            }
            Err(_) => return,
        }
    }
}

async fn refuse_frame(door: &Arc<Door>, buffer: &[u8], source: SocketAddr, raw: &mpsc::Sender<Vec<u8>>) {
    let (message, why) = match examine(buffer, Transport::Stream) {
        Examined::Refuse(message, why) => (message, why),
        Examined::Request(message) => (message, Refused::TooLarge),
        Examined::Ignore => return,
    };
    let why = if door.trusts(source.ip()) { why } else { Refused::Untrusted };
    if let Some(reply) = door.refuse(&message, &why, source) {
        let _ = raw.send(reply.bytes).await;
    }
}

async fn write_all(
    mut write: OwnedWriteHalf,
    mut responses: mpsc::Receiver<TransportEvent>,
    mut own: mpsc::Receiver<Vec<u8>>,
) {
    let (mut stack_done, mut own_done) = (false, false);
    while !(stack_done && own_done) {
        let bytes = tokio::select! {
            event = responses.recv(), if !stack_done => match event {
                Some(TransportEvent::Incoming(message, ..)) => message.to_bytes(),
                Some(_) => continue,
                None => { stack_done = true; continue }
            },
            bytes = own.recv(), if !own_done => match bytes {
                Some(bytes) => bytes,
                None => { own_done = true; continue }
            },
        };
        match tokio::time::timeout(WRITE_LIMIT, write.write_all(&bytes)).await {
            Ok(Ok(())) => {}
            // Gone, or not reading.
            Ok(Err(_)) | Err(_) => return,
        }
    }
}
