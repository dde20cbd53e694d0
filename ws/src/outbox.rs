//! The bounded queue between the hub and one socket: the only place where they meet.
//!
//! Bounds: a number of frames and a number of bytes. Overflow rule: the queue is thrown away and the socket closed with
//! 4409; the client connects again and resumes from the log. What replaces itself is not queued: of `committed` only the
//! newest cursor waits, of the wallboard a slow reader misses deltas and gets the whole board instead.
//!
//! One whole board may wait beyond the bound of bytes: that of a big floor is larger than any sensible bound, and it is
//! one text for all sockets of the tenant ([`Hub::whole_board`](crate::Hub)). While one waits no second is queued.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use switchroom_core::log::Cursor;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::protocol::Close;

/// Next for the socket.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    Frame(Utf8Bytes),
    /// Everything up to here is durable; what was queued before it has been taken.
    Committed(Cursor),
    /// It kept up again, and missed changes of the board: it is to be given the whole.
    Board,
    Close(Close),
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    Queued,
    /// It was the one too many: the socket is being closed.
    Overflowed,
    /// The socket is closing already.
    Closed,
}

#[derive(Debug)]
pub struct Outbox {
    max_frames: usize,
    max_bytes: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Utf8Bytes>,
    /// Of the frames, save for a whole board.
    bytes: usize,
    /// How many frames leave before the whole board that waits.
    whole_behind: Option<usize>,
    committed: Option<Cursor>,
    board: Board,
    close: Option<Close>,
    waker: Option<Waker>,
}

/// What the socket has of the wallboard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Board {
    /// Nothing, and wants nothing.
    #[default]
    Off,
    /// Wants the whole board, and is about to get it.
    Wanted,
    /// Was too far behind for a change.
    Missed,
    /// Everything up to this revision.
    At(u64),
}

impl Outbox {
    pub fn new(max_frames: usize, max_bytes: usize) -> Self {
        Self { max_frames, max_bytes, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while holding it, and a torn queue would be no worse than a lost one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push(&self, text: Utf8Bytes) -> Pushed {
        let mut state = self.lock();
        let pushed = self.queue(&mut state, text);
        state.wake(pushed != Pushed::Closed);
        pushed
    }

    fn queue(&self, state: &mut State, text: Utf8Bytes) -> Pushed {
        if state.close.is_some() {
            return Pushed::Closed;
        }
        if state.frames.len() >= self.max_frames || state.bytes + text.len() > self.max_bytes {
            state.shut(Close::TooSlow);
            return Pushed::Overflowed;
        }
        state.bytes += text.len();
        state.frames.push_back(text);
        Pushed::Queued
    }

    /// Queues the board as of the revision, outside the bound of bytes; where one waits already, the socket asks again
    /// when it has that.
    fn queue_whole(&self, state: &mut State, revision: u64, full: impl FnOnce() -> Utf8Bytes) -> Pushed {
        if state.whole_behind.is_some() {
            state.board = Board::Missed;
            return Pushed::Queued;
        }
        if state.frames.len() >= self.max_frames {
            state.shut(Close::TooSlow);
            return Pushed::Overflowed;
        }
        state.whole_behind = Some(state.frames.len());
        state.frames.push_back(full());
        state.board = Board::At(revision);
        Pushed::Queued
    }

    /// Everything up to the cursor is durable.
    pub fn committed(&self, cursor: Cursor) {
        let mut state = self.lock();
        if state.close.is_none() && state.committed.is_none_or(|before| before < cursor) {
            state.committed = Some(cursor);
            state.wake(true);
        }
    }

    /// Ends the socket, once: the first reason stands. What waited is dropped.
    pub fn close(&self, reason: Close) -> bool {
        let mut state = self.lock();
        if state.close.is_some() {
            return false;
        }
        state.shut(reason);
        state.wake(true);
        true
    }

    /// The socket wants the wallboard from now on: the whole of it first.
    pub fn want_board(&self) {
        self.lock().board = Board::Wanted;
    }

    pub fn leave_board(&self) {
        self.lock().board = Board::Off;
    }

    /// The board as it stands, for a socket that has just subscribed; nothing where a push was faster.
    pub fn whole_board(&self, revision: u64, full: impl FnOnce() -> Utf8Bytes) -> Pushed {
        let mut state = self.lock();
        if state.board != Board::Wanted {
            return Pushed::Queued;
        }
        let pushed = self.queue_whole(&mut state, revision, full);
        state.wake(true);
        pushed
    }

    /// The board changed from `base` to `revision`. Sends the delta where it fits on what the socket has, else the
    /// whole board; skips a socket that is far behind, which asks for the whole board when it has caught up.
    pub fn board_changed(
        &self,
        base: u64,
        revision: u64,
        delta: impl FnOnce() -> Utf8Bytes,
        full: impl FnOnce() -> Utf8Bytes,
    ) -> Pushed {
        let mut state = self.lock();
        match state.board {
            Board::Off => return Pushed::Queued,
            Board::At(has) if has >= revision => return Pushed::Queued,
            _ if state.frames.len() >= self.max_frames / 2 || state.bytes >= self.max_bytes / 2 => {
                state.board = Board::Missed;
                return Pushed::Queued;
            }
            Board::At(has) if has == base => {
                let text = delta();
                if state.bytes + text.len() > self.max_bytes {
                    // Half a big floor changed at once: that is no reason to hang up.
                    state.board = Board::Missed;
                } else {
                    self.queue(&mut state, text);
                    state.board = Board::At(revision);
                }
            }
            Board::At(_) | Board::Wanted | Board::Missed => {
                let pushed = self.queue_whole(&mut state, revision, full);
                state.wake(true);
                return pushed;
            }
        }
        state.wake(true);
        Pushed::Queued
    }

    /// Whether the socket is to be closed; else it is woken when there is something.
    pub fn poll_closing(&self, cx: &mut Context<'_>) -> Poll<Close> {
        let mut state = self.lock();
        match state.close {
            Some(close) => Poll::Ready(close),
            None => {
                state.wait(cx);
                Poll::Pending
            }
        }
    }

    /// Takes what is next, or is woken when there is something.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Next> {
        let mut state = self.lock();
        if let Some(close) = state.close {
            return Poll::Ready(Next::Close(close));
        }
        if let Some(frame) = state.frames.pop_front() {
            state.whole_behind = match state.whole_behind {
                Some(0) => None,
                behind => {
                    state.bytes -= frame.len();
                    behind.map(|frames| frames - 1)
                }
            };
            if state.frames.is_empty() {
                // An idle socket holds no memory for the burst it once had.
                state.frames = VecDeque::new();
            }
            return Poll::Ready(Next::Frame(frame));
        }
        if let Some(cursor) = state.committed.take() {
            return Poll::Ready(Next::Committed(cursor));
        }
        if state.board == Board::Missed {
            state.board = Board::Wanted;
            return Poll::Ready(Next::Board);
        }
        state.wait(cx);
        Poll::Pending
    }
}

impl State {
    fn shut(&mut self, reason: Close) {
        self.close = Some(reason);
        self.frames = VecDeque::new();
        self.bytes = 0;
        self.whole_behind = None;
        self.committed = None;
        self.board = Board::Off;
    }

    fn wait(&mut self, cx: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }

    fn wake(&mut self, something: bool) {
        if something && let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Utf8Bytes {
        text.into()
    }

    fn drain(outbox: &Outbox) -> Vec<Next> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut taken = Vec::new();
        while let Poll::Ready(next) = outbox.poll_next(&mut cx) {
            let closing = matches!(next, Next::Close(_));
            taken.push(next);
            if closing {
                break;
            }
        }
        taken
    }

    #[test]
    fn frames_leave_in_order_and_committed_behind_them() {
        let outbox = Outbox::new(10, 100);
        assert_eq!(outbox.push(text("a")), Pushed::Queued);
        outbox.committed(Cursor(3));
        outbox.committed(Cursor(2));
        assert_eq!(outbox.push(text("b")), Pushed::Queued);
        assert_eq!(
            drain(&outbox),
            [Next::Frame(text("a")), Next::Frame(text("b")), Next::Committed(Cursor(3))]
        );
    }

    #[test]
    fn one_frame_too_many_closes() {
        let outbox = Outbox::new(2, 100);
        assert_eq!(outbox.push(text("a")), Pushed::Queued);
        assert_eq!(outbox.push(text("b")), Pushed::Queued);
        assert_eq!(outbox.push(text("c")), Pushed::Overflowed);
        assert_eq!(outbox.push(text("d")), Pushed::Closed);
        assert!(!outbox.close(Close::GoingAway), "the first reason stands");
        assert_eq!(drain(&outbox), [Next::Close(Close::TooSlow)]);
    }

    #[test]
    fn one_byte_too_many_closes() {
        let outbox = Outbox::new(10, 5);
        assert_eq!(outbox.push(text("abc")), Pushed::Queued);
        assert_eq!(outbox.push(text("de")), Pushed::Queued);
        assert_eq!(drain(&outbox).len(), 2, "room is given back");
        assert_eq!(outbox.push(text("abcdef")), Pushed::Overflowed);
    }

    #[test]
    fn the_board_comes_whole_first_and_in_deltas_after() {
        let outbox = Outbox::new(10, 100);
        let change = |base, revision| {
            outbox.board_changed(
                base,
                revision,
                || text(&format!("{base}-{revision}")),
                || text(&format!("{revision}")),
            )
        };
        change(0, 1);
        assert_eq!(drain(&outbox), [], "nobody asked");
        outbox.want_board();
        outbox.whole_board(1, || text("1"));
        change(0, 1);
        change(1, 2);
        assert_eq!(drain(&outbox), ["1", "1-2"].map(|t| Next::Frame(text(t))));
        change(3, 4);
        change(4, 5);
        outbox.whole_board(5, || text("again"));
        assert_eq!(drain(&outbox), ["4", "4-5"].map(|t| Next::Frame(text(t))));
        outbox.leave_board();
        change(5, 6);
        assert_eq!(drain(&outbox), []);
    }

    #[test]
    fn a_push_may_be_faster_than_the_first_whole_board() {
        let outbox = Outbox::new(10, 100);
        outbox.want_board();
        outbox.board_changed(1, 2, || text("1-2"), || text("2"));
        outbox.whole_board(1, || text("1"));
        assert_eq!(drain(&outbox), [Next::Frame(text("2"))]);
    }

    #[test]
    fn a_slow_reader_of_the_board_misses_deltas_and_then_gets_it_whole() {
        let outbox = Outbox::new(4, 100);
        outbox.want_board();
        outbox.whole_board(1, || text("1"));
        outbox.push(text("a"));
        outbox.board_changed(1, 2, || text("1-2"), || text("2"));
        assert_eq!(drain(&outbox), [Next::Frame(text("1")), Next::Frame(text("a")), Next::Board]);
        outbox.board_changed(2, 3, || text("2-3"), || text("3"));
        assert_eq!(drain(&outbox), [Next::Frame(text("3"))]);
        outbox.whole_board(3, || text("3"));
        assert_eq!(drain(&outbox), [], "a change was faster");
    }

    #[test]
    fn a_whole_board_may_be_larger_than_the_bound_and_the_rest_may_not() {
        let outbox = Outbox::new(10, 8);
        outbox.push(text("ab"));
        outbox.want_board();
        assert_eq!(outbox.whole_board(1, || text("a whole board")), Pushed::Queued);
        assert_eq!(outbox.push(text("cde")), Pushed::Queued);
        let all = ["ab", "a whole board", "cde"].map(|t| Next::Frame(text(t)));
        assert_eq!(drain(&outbox), all);
        outbox.push(text("ab"));
        outbox.board_changed(2, 3, || text("2-3"), || text("another whole board"));
        assert_eq!(outbox.push(text("cdefghi")), Pushed::Overflowed);
        assert_eq!(drain(&outbox), [Next::Close(Close::TooSlow)]);
    }

    #[test]
    fn one_whole_board_waits_at_a_time() {
        let outbox = Outbox::new(10, 5);
        outbox.want_board();
        outbox.whole_board(1, || text("a whole board"));
        // It left and came back, or missed a step, before the first has gone.
        outbox.want_board();
        outbox.whole_board(2, || panic!("a second whole board"));
        outbox.board_changed(2, 3, || panic!("a change of what it does not have"), || panic!("a second one"));
        assert_eq!(drain(&outbox), [Next::Frame(text("a whole board")), Next::Board]);
        outbox.whole_board(3, || text("the third"));
        assert_eq!(drain(&outbox), [Next::Frame(text("the third"))]);
    }

    #[test]
    fn a_change_too_large_for_the_queue_is_made_up_for_by_the_whole_board() {
        let outbox = Outbox::new(10, 5);
        outbox.want_board();
        outbox.whole_board(1, || text("1"));
        drain(&outbox);
        assert_eq!(outbox.board_changed(1, 2, || text("far too much"), || panic!("not yet")), Pushed::Queued);
        assert_eq!(drain(&outbox), [Next::Board]);
        outbox.whole_board(2, || text("the whole of it"));
        assert_eq!(drain(&outbox), [Next::Frame(text("the whole of it"))]);
    }

    #[test]
    fn a_waiting_socket_is_woken_by_each_kind_of_news() {
        use std::sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        };
        struct Count(AtomicUsize);
        impl std::task::Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let outbox = Outbox::new(4, 100);
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(count.clone());
        let push = || {
            outbox.push(text("a"));
        };
        let commit = || outbox.committed(Cursor(1));
        let close = || {
            outbox.close(Close::GoingAway);
        };
        let news: [&dyn Fn(); 3] = [&push, &commit, &close];
        for (woken, tell) in news.iter().enumerate() {
            assert!(outbox.poll_next(&mut Context::from_waker(&waker)).is_pending());
            tell();
            assert_eq!(count.0.load(Ordering::Relaxed), woken + 1);
            drain(&outbox);
        }
    }
}
