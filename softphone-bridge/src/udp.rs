//! Datagrams in, datagrams out.

use std::sync::Arc;

use rsipstack::{
    sip::Transport as SipTransport,
    transport::{
        SipAddr, SipConnection,
        udp::{UdpConnection, UdpInner},
    },
};
use switchroom_bridge_core::{Examined, Refused, Transport, examine};
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

use crate::dispatch::Door;

/// The largest datagram IP carries.
const DATAGRAM_LIMIT: usize = 65_535;
/// Beyond this a request belongs on TCP (RFC 3261 §18.1.1 says from 1300 octets on); no telephone sends half of it.
const MESSAGE_LIMIT: usize = 16 * 1024;

pub(crate) async fn run(door: Arc<Door>, socket: UdpSocket, until: CancellationToken) {
    let socket = Arc::new(socket);
    let address = SipAddr { r#type: Some(SipTransport::Udp), addr: door.address.into() };
    let inner = UdpInner { conn: socket.clone(), addr: address };
    let connection = UdpConnection::attach(inner, None, None).await;
    let mut buffer = vec![0_u8; DATAGRAM_LIMIT];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            () = until.cancelled() => return,
        };
        let (length, source) = match received {
            Ok(received) => received,
            // An ICMP error for something sent earlier, or the kernel out of memory: nothing to do, but not at full speed.
            Err(error) => {
                tracing::debug!(%error, "SIP datagram not received");
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                continue;
            }
        };
        let bytes = &buffer[..length];
        let reply = if length > MESSAGE_LIMIT {
            match examine(bytes, Transport::Datagram) {
                Examined::Request(message) | Examined::Refuse(message, _) if door.trusts(source.ip()) => {
                    door.refuse(&message, &Refused::TooLarge, source)
                }
                _ => None,
            }
        } else {
            door.take(bytes, Transport::Datagram, source, || SipConnection::Udp(connection.clone())).await
        };
        if let Some(reply) = reply
            && let Err(error) = socket.send_to(&reply, source).await
        {
            tracing::debug!(%source, %error, "SIP answer not sent");
        }
    }
}
