//! One socket: its task reads what the client says, empties its queue, and watches the clock.
//!
//! Reading and writing go on side by side in one task without waiting for each other, so a client that takes nothing is
//! still heard and a client that says nothing is still served. Questions that take time (a page of the log, a look at a
//! ticket) run one at a time beside both.
//!
//! Order on the wire: `hello`, the open pops, then whatever comes. While a resume runs, its pages and live frames take
//! turns, and no `committed` is sent before `resynced`: a cursor on the wire always means that every frame up to it has
//! been sent on this socket or was before the place it started from.

mod allowance;
mod asked;
mod said;

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::{FutureExt, Sink, SinkExt, StreamExt, future::BoxFuture};
use switchroom_core::log::Cursor;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Instant, Sleep, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error as WireError, Message, Utf8Bytes,
        error::ProtocolError,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use allowance::Allowance;
use asked::{Answer, Job, Resuming};

use crate::{
    envelope,
    hub::Peer,
    outbox::Next,
    port::Identity,
    protocol::{
        Close, ErrorCode, ErrorData,
        server::{CursorData, Hello, HelloTenant, HelloUser, Ping},
    },
    settings::{RESUME_PAGE, SILENT_HEARTBEATS},
    upgrade::Shared,
    wire::Wire,
};

/// Frames written before others get their turn.
const BURST: usize = 64;
/// Answers that may wait for a client that does not take them; what a client asks for is bounded by its allowance.
const MAX_ANSWERS: usize = 2 * RESUME_PAGE + 1_000;
/// What is read and thrown away after a close, so that the close frame is not lost to a reset.
const MAX_DRAIN: usize = 8 * 1024 * 1024;

/// Who takes so many octets within the time of a stall is slow, but reads: the whole board of a big floor is megabytes.
const PACE: u64 = 64 * 1024;

/// What happens next to a session.
enum Step {
    Said(Message),
    Answered(Answer),
    Clock,
    /// A page of a resume is written.
    Drained,
    End(End),
}

/// How a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Close(Close),
    /// The peer's framing is broken: nothing more can be read, but it can be told.
    Broken(Close),
    /// The peer closed; our answer is still to be sent.
    PeerCloses,
    Gone,
}

/// Holds a place in the hub, and gives it back however the session ends.
struct Membership {
    shared: Arc<Shared>,
    peer: Arc<Peer>,
}

impl Drop for Membership {
    fn drop(&mut self) {
        let (hub, board) = (&self.shared.hub, &self.shared.board);
        let (tenant, user) = (self.peer.tenant, self.peer.user);
        if hub.leave(&self.peer) {
            board.last_socket_lost(tenant, user);
            if hub.connected(tenant, user) {
                // A new socket was faster than the message that the last one is lost.
                board.socket_opened(tenant, user);
            }
        }
    }
}

pub struct Session<S> {
    socket: WebSocketStream<Wire<S>>,
    member: Membership,
    who: Identity,
    /// Answers and pages, which go before live frames.
    direct: VecDeque<Utf8Bytes>,
    unflushed: bool,
    stalled_since: Option<Instant>,
    /// How much the connection had taken then.
    taken: u64,
    heard_at: Instant,
    next_beat: Instant,
    expires: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    /// The last cursor on the wire.
    told: Cursor,
    jobs: VecDeque<Job>,
    work: Option<BoxFuture<'static, Answer>>,
    resuming: Option<Box<Resuming>>,
    allowance: Allowance,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Takes the place in the hub first, so that from here on no frame is missed.
    pub(crate) fn open(
        shared: Arc<Shared>,
        who: Identity,
        asked_at: Instant,
        socket: WebSocketStream<Wire<S>>,
    ) -> Self {
        let now = Instant::now();
        let Identity { tenant, user, sign_in, grants, .. } = who;
        let peer = Arc::new(Peer::new(tenant, user, sign_in, grants, asked_at.into_std(), &shared.settings));
        shared.hub.join(&peer);
        let member = Membership { shared, peer };
        let shared = &member.shared;
        shared.board.socket_opened(who.tenant, who.user);
        let expires = who.expires.map(|end| {
            // A sign-in that never ends in practice must not overflow the clock.
            let left = (end - chrono::Utc::now()).to_std().unwrap_or(Duration::ZERO);
            now + left.min(Duration::from_secs(30 * 86_400))
        });
        let next_beat = now + shared.settings.heartbeat;
        let allowance =
            Allowance::new(shared.settings.messages_per_second, shared.settings.message_burst, now);
        let first = next_beat.min(now + shared.settings.write_stall);
        let timer = Box::pin(sleep_until(expires.map_or(first, |end| end.min(first))));
        Self {
            socket,
            member,
            who,
            direct: VecDeque::new(),
            unflushed: false,
            stalled_since: None,
            taken: 0,
            heard_at: now,
            next_beat,
            expires,
            timer,
            told: Cursor::default(),
            jobs: VecDeque::new(),
            work: None,
            resuming: None,
            allowance,
        }
    }

    /// Serves the socket until one side ends it.
    pub(crate) async fn run(&mut self) -> End {
        self.greet();
        loop {
            let end = match poll_fn(|cx| self.poll_step(cx)).await {
                Step::Said(message) => self.heard(message),
                Step::Answered(answer) => {
                    self.answered(answer);
                    None
                }
                Step::Clock => self.clock(),
                Step::Drained => {
                    self.read_on();
                    None
                }
                Step::End(end) => Some(end),
            };
            if let Some(end) = end {
                return end;
            }
            if self.direct.len() > MAX_ANSWERS {
                return End::Close(Close::TooSlow);
            }
            self.next_job();
        }
    }

    /// Leaves the hub, says goodbye and waits a little for the peer's, so that the close code is not lost to a reset of
    /// the connection.
    pub(crate) async fn farewell(self, end: End) {
        let Self { mut socket, member, .. } = self;
        let (close_wait, write_stall) =
            (member.shared.settings.close_wait, member.shared.settings.write_stall);
        // From here on nothing is delivered to it; the user's presence follows now, not after the farewell.
        drop(member);
        let (close, readable) = match end {
            End::Close(close) => (close, true),
            End::Broken(close) => (close, false),
            End::PeerCloses => {
                // Reading on sends the answer that the library has prepared.
                let _ = timeout(close_wait, async { while let Some(Ok(_)) = socket.next().await {} }).await;
                return;
            }
            End::Gone => return,
        };
        metrics::counter!("switchroom_sockets_closed_total", "code" => close.code().to_string()).increment(1);
        // Who is too slow has a full pipe, and gets the time of a stall to empty it.
        let patience = if close == Close::TooSlow { write_stall } else { close_wait };
        let frame = CloseFrame {
            code: CloseCode::from(close.code()),
            reason: Utf8Bytes::from_static(close.reason()),
        };
        let sent = timeout(patience, socket.send(Message::Close(Some(frame)))).await;
        if !matches!(sent, Ok(Ok(()))) {
            return;
        }
        if readable {
            let _ = timeout(close_wait, async { while let Some(Ok(_)) = socket.next().await {} }).await;
        } else {
            let _ = timeout(close_wait, drain(socket.get_mut())).await;
        }
    }

    fn greet(&mut self) {
        let board = &self.member.shared.board;
        let cursor = board.cursor(self.who.tenant);
        self.told = cursor;
        let hello = Hello {
            session_id: self.member.peer.id,
            user: HelloUser {
                id: self.who.user.0,
                email: self.who.email.to_string(),
                name: self.who.name.to_string(),
            },
            tenant: HelloTenant {
                id: self.who.tenant.0,
                slug: self.who.tenant_slug.to_string(),
                name: self.who.tenant_name.to_string(),
            },
            cursor: cursor.to_string(),
            heartbeat_ms: u64::try_from(self.member.shared.settings.heartbeat.as_millis())
                .unwrap_or(u64::MAX),
        };
        self.direct.push_back(envelope::of_data("hello", &hello));
        self.open_pops(cursor);
    }

    /// The user's open pops, while the log is at the cursor.
    fn open_pops(&mut self, cursor: Cursor) {
        let now = envelope::now_us();
        let frames = self.member.shared.board.open_pops(self.who.tenant, self.who.user);
        let (user, grants) = (self.who.user, self.who.grants);
        self.direct.extend(frames.iter().map(|frame| envelope::of_frame(frame, user, grants, now)));
        if !frames.is_empty() {
            // A cursor behind the pops says that they are durable, which the same one before them did not.
            self.told = Cursor::default();
            self.member.shared.hub.greeted(&self.member.peer, cursor);
        }
    }

    fn error(
        &mut self,
        code: ErrorCode,
        detail: impl Into<std::borrow::Cow<'static, str>>,
        topic: Option<String>,
    ) {
        self.direct.push_back(envelope::of_data("error", &ErrorData { code, detail: detail.into(), topic }));
    }

    // --- the three things that go on side by side -------------------------------------------------------------------

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if let Poll::Ready(close) = self.member.peer.outbox.poll_closing(cx) {
            return Poll::Ready(Step::End(End::Close(close)));
        }
        match self.poll_write(cx) {
            Poll::Ready(Ok(true)) => return Poll::Ready(Step::Drained),
            Poll::Ready(Err(_)) => return Poll::Ready(Step::End(End::Gone)),
            Poll::Ready(Ok(false)) | Poll::Pending => {}
        }
        if let Some(work) = &mut self.work
            && let Poll::Ready(answer) = work.poll_unpin(cx)
        {
            self.work = None;
            return Poll::Ready(Step::Answered(answer));
        }
        if let Poll::Ready(read) = self.socket.poll_next_unpin(cx) {
            return Poll::Ready(match read {
                Some(Ok(Message::Close(_))) => Step::End(End::PeerCloses),
                Some(Ok(message)) => Step::Said(message),
                Some(Err(fault)) => Step::End(broken(&fault).map_or(End::Gone, End::Broken)),
                None => Step::End(End::Gone),
            });
        }
        if self.timer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Step::Clock);
        }
        Poll::Pending
    }

    /// Writes what waits. Ready(true): a resume's page is written and the next may be read. Ready(false): nothing left,
    /// the queue will wake us. Pending: the socket takes no more now.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        let mut written = 0_u64;
        let drained = loop {
            if Pin::new(&mut self.socket).poll_ready(cx)?.is_pending() {
                break None;
            }
            if written as usize >= BURST {
                cx.waker().wake_by_ref();
                break Some(false);
            }
            let text = if let Some(text) = self.direct.pop_front() {
                if self.direct.is_empty() {
                    self.direct = VecDeque::new();
                }
                text
            } else {
                match self.member.peer.outbox.poll_next(cx) {
                    Poll::Ready(Next::Frame(text)) => {
                        if let Some(resuming) = &mut self.resuming {
                            resuming.overtaken = true;
                        }
                        text
                    }
                    // `resynced` will say as much, and more.
                    Poll::Ready(Next::Committed(_)) if self.resuming.is_some() => continue,
                    Poll::Ready(Next::Committed(cursor)) if cursor <= self.told => continue,
                    Poll::Ready(Next::Committed(cursor)) => {
                        self.told = cursor;
                        envelope::of_data("committed", &CursorData { cursor: cursor.to_string() })
                    }
                    Poll::Ready(Next::Board) => {
                        self.show_board();
                        continue;
                    }
                    // Seen at the beginning of the next step.
                    Poll::Ready(Next::Close(_)) => {
                        cx.waker().wake_by_ref();
                        break Some(false);
                    }
                    Poll::Pending => break Some(self.wants_page()),
                }
            };
            Pin::new(&mut self.socket).start_send(Message::Text(text))?;
            self.unflushed = true;
            written += 1;
        };
        if written > 0 {
            self.member.shared.frames_sent.increment(written);
        }
        let flushed = !self.unflushed || Pin::new(&mut self.socket).poll_flush(cx)?.is_ready();
        self.unflushed = !flushed;
        match drained {
            Some(drained) if flushed => {
                self.stalled_since = None;
                Poll::Ready(Ok(drained))
            }
            _ => {
                let taken = self.socket.get_ref().taken();
                if self.stalled_since.is_none() || taken - self.taken >= PACE {
                    self.stalled_since = Some(Instant::now());
                    self.taken = taken;
                }
                Poll::Pending
            }
        }
    }

    fn wants_page(&self) -> bool {
        self.work.is_none() && self.resuming.as_ref().is_some_and(|resuming| resuming.want.is_some())
    }

    // --- the clock --------------------------------------------------------------------------------------------------

    fn clock(&mut self) -> Option<End> {
        let now = Instant::now();
        let settings = &self.member.shared.settings;
        let (heartbeat, write_stall) = (settings.heartbeat, settings.write_stall);
        let silent_at = self.heard_at + heartbeat * SILENT_HEARTBEATS;
        let stalled_at = self.stalled_since.map(|since| since + write_stall);
        if self.expires.is_some_and(|end| end <= now) {
            if self.who.expires.is_none_or(|end| end <= chrono::Utc::now()) {
                return Some(End::Close(Close::SignInEnded));
            }
            self.expires = Some(now + Duration::from_secs(86_400));
        }
        if silent_at <= now {
            return Some(End::Close(Close::Silent));
        }
        if stalled_at.is_some_and(|end| end <= now) {
            return Some(End::Close(Close::TooSlow));
        }
        if self.next_beat <= now {
            self.next_beat = now + heartbeat;
            if self.stalled_since.is_none() {
                self.direct.push_back(envelope::of_data("ping", &Ping {}));
                // Behind whatever is queued, so that it never speaks of frames that are still to be sent.
                let cursor = self.member.shared.board.cursor(self.who.tenant);
                if cursor > self.told {
                    self.member.peer.outbox.committed(cursor);
                }
            }
        }
        // A stall may begin right now.
        let next = [Some(self.next_beat), Some(silent_at), stalled_at, self.expires, Some(now + write_stall)];
        if let Some(next) = next.into_iter().flatten().min() {
            self.timer.as_mut().reset(next);
        }
        None
    }
}

/// The close to answer a fault with; `None` where nobody is there to hear it.
fn broken(fault: &WireError) -> Option<Close> {
    match fault {
        WireError::Capacity(_) => Some(Close::TooBig),
        WireError::Utf8(_) => Some(Close::NotUtf8),
        WireError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        WireError::Protocol(_) => Some(Close::BrokenFraming),
        _ => None,
    }
}

/// Tells the peer that nothing more comes, and throws away what it still sends.
async fn drain<S: AsyncRead + AsyncWrite + Unpin>(wire: &mut S) -> std::io::Result<()> {
    wire.shutdown().await?;
    let (mut scrap, mut left) = ([0_u8; 4096], MAX_DRAIN);
    loop {
        let read = wire.read(&mut scrap).await?;
        left = left.saturating_sub(read);
        if read == 0 || left == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an idle socket costs is this, the hub's part, and the read buffer.
    #[test]
    fn a_session_is_small() {
        assert!(size_of::<Session<tokio::net::TcpStream>>() <= 768);
    }

    #[test]
    fn faults_of_the_wire_have_their_codes() {
        use tokio_tungstenite::tungstenite::error::CapacityError;
        let big = WireError::Capacity(CapacityError::MessageTooLong { size: 2, max_size: 1 });
        assert_eq!(broken(&big), Some(Close::TooBig));
        assert_eq!(broken(&WireError::Utf8("x".into())), Some(Close::NotUtf8));
        assert_eq!(
            broken(&WireError::Protocol(ProtocolError::NonZeroReservedBits)),
            Some(Close::BrokenFraming)
        );
        assert_eq!(broken(&WireError::Protocol(ProtocolError::ResetWithoutClosingHandshake)), None);
        assert_eq!(broken(&WireError::Io(std::io::ErrorKind::ConnectionReset.into())), None);
    }
}
