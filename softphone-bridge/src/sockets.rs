//! One port for UDP and TCP.

use std::{io, net::SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, UdpSocket};

pub(crate) struct Pair {
    pub udp: UdpSocket,
    pub tcp: TcpListener,
    pub address: SocketAddr,
}

/// A burst of INVITEs waits in the kernel while a core is busy; the default holds a few hundred.
const UDP_BUFFER: usize = 4 << 20;

pub(crate) async fn bind(address: SocketAddr) -> io::Result<Pair> {
    // A port that is free for UDP may be taken for TCP; with a port of its own choice it may look for another.
    let mut tries = if address.port() == 0 { 64 } else { 1 };
    loop {
        tries -= 1;
        let udp = udp_socket(address)?;
        let chosen = udp.local_addr()?;
        match tcp_socket(chosen) {
            Ok(tcp) => return Ok(Pair { udp, tcp, address: chosen }),
            Err(error) if tries == 0 || error.kind() != io::ErrorKind::AddrInUse => return Err(error),
            Err(_) => {}
        }
    }
}

fn udp_socket(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    // The kernel gives what it allows.
    let _ = socket.set_recv_buffer_size(UDP_BUFFER);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

fn tcp_socket(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Connections of the process before us in TIME_WAIT do not keep the port.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    TcpListener::from_std(socket.into())
}
