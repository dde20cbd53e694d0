//! What the operator sets of the gateway, and the bounds that are not for setting.

use std::time::Duration;

use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// The one subprotocol spoken here (contract §4).
pub const SUBPROTOCOL: &str = "switchroom.v1";
/// How a one-use ticket travels: as a second subprotocol, so that it is in no URL and in no log of one.
pub const TICKET_PREFIX: &str = "ticket.";
/// A message from a client, in bytes (contract §4); longer is close 1009.
pub const MAX_MESSAGE: usize = 64 * 1024;
/// Levels of nesting in a message from a client (contract §4); deeper is close 4400.
pub const MAX_DEPTH: usize = 64;
/// Silent for so many heartbeats: lost (close 4408).
pub const SILENT_HEARTBEATS: u32 = 3;
/// Frames read from the log at a time when a client resumes.
pub const RESUME_PAGE: usize = 200;
/// Topics one socket may hear.
pub const MAX_TOPICS: usize = 200;

/// Clients send little; what is longer grows the buffer while it arrives. It is allocated for every socket at once.
const READ_BUFFER: usize = 1024;
/// Frames that wait together leave in one write of about this size. Allocated only as far as it is used.
const WRITE_BUFFER: usize = 16 * 1024;

/// How the WebSocket library is to read and write.
pub fn wire() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
}

/// Settings of the gateway. [`Settings::default`] is what the contract and the measurements ask for; tests shrink it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Origins of browsers that may connect, besides the server's own host: that of `--public-url`, without a path.
    pub origins: Vec<String>,
    pub heartbeat: Duration,
    /// Frames that may wait for one socket, and their bytes. One more, and the socket is closed with 4409.
    pub queue_frames: usize,
    pub queue_bytes: usize,
    /// A socket that takes next to nothing for so long is too slow, whatever its queue holds.
    pub write_stall: Duration,
    /// How long a close frame is offered to a peer, and the peer's answer awaited.
    pub close_wait: Duration,
    /// From the answer 101 to the first byte of WebSocket.
    pub upgrade_wait: Duration,
    /// Messages a client may send a second, and at once. Beyond it they are refused with an `error`; twice beyond it
    /// the socket is closed with 4400.
    pub messages_per_second: u32,
    pub message_burst: u32,
    /// Sockets in all; one more is answered 503.
    pub max_sockets: usize,
    /// Sockets of one user (tabs, devices, a script that forgets to close); one more is answered 429.
    pub max_sockets_per_user: usize,
    /// How often sockets that hold provisional frames are told what is durable. The contract allows one second.
    pub commit_notice: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            heartbeat: Duration::from_millis(15_000),
            queue_frames: 4_096,
            queue_bytes: 4 * 1024 * 1024,
            write_stall: Duration::from_secs(20),
            close_wait: Duration::from_secs(3),
            upgrade_wait: Duration::from_secs(10),
            messages_per_second: 50,
            message_burst: 200,
            max_sockets: 100_000,
            max_sockets_per_user: 50,
            commit_notice: Duration::from_millis(800),
        }
    }
}
