//! An agent's browser, modelled by the contract's words: frames are provisional until a cursor covers them; a lost
//! connection is resumed from the last cursor; at `resynced` what did not come again is dropped.

use std::collections::{BTreeMap, BTreeSet};

use switchroom_core::{
    CallId, FrameId, UserId,
    frame::{CALL_ENDED, Frame, POP_WITHDRAWN, SCREEN_POP},
    log::Cursor,
};

use crate::process::Down;

pub struct Client {
    pub user: UserId,
    /// The connection it has, and whether its resume is done.
    pub socket: Option<u64>,
    pub resynced: bool,
    /// The last cursor on any of its connections; none before the first.
    pub cursor: Option<Cursor>,
    /// Where it began to listen.
    pub since: Option<Cursor>,
    pops: BTreeMap<FrameId, Known>,
    /// What took calls off the screen.
    closed: BTreeMap<FrameId, Known>,
    /// Every pop it was ever sent.
    pub popped: BTreeSet<FrameId>,
}

struct Known {
    call: CallId,
    /// The connection it was last heard on.
    socket: u64,
}

impl Client {
    pub fn new(user: UserId) -> Self {
        Self {
            user,
            socket: None,
            resynced: false,
            cursor: None,
            since: None,
            pops: BTreeMap::new(),
            closed: BTreeMap::new(),
            popped: BTreeSet::new(),
        }
    }

    pub fn connected(&mut self, socket: u64) {
        self.socket = Some(socket);
        self.resynced = false;
    }

    /// Hears something; the answer is the cursor to resume from, after a `hello`.
    pub fn hear(&mut self, down: &Down) -> Option<Cursor> {
        match down {
            Down::Hello(cursor) => {
                self.since.get_or_insert(*cursor);
                return Some(*self.cursor.get_or_insert(*cursor));
            }
            Down::Frame(frame) => self.frame(frame),
            // One that was on its way before the server heard of the resume says nothing of what the resume brings.
            Down::Committed(_) if !self.resynced => {}
            Down::Committed(cursor) => self.covered(*cursor),
            Down::Resynced(cursor) => {
                // What stands came again: behind the cursor by the resume, before it as an open pop.
                self.pops.retain(|_, known| Some(known.socket) == self.socket);
                self.closed.retain(|_, known| Some(known.socket) == self.socket);
                self.covered(*cursor);
                self.resynced = true;
            }
        }
        None
    }

    fn covered(&mut self, cursor: Cursor) {
        assert!(self.cursor.is_none_or(|before| before <= cursor), "cursors only rise on one connection");
        self.cursor = Some(cursor);
    }

    fn frame(&mut self, frame: &Frame) {
        let (Some(id), Some(call), Some(socket)) = (frame.event_id, call_of(frame), self.socket) else {
            return;
        };
        let known = Known { call, socket };
        match frame.type_ {
            SCREEN_POP => {
                self.popped.insert(id);
                self.pops.insert(id, known);
            }
            POP_WITHDRAWN | CALL_ENDED => {
                self.closed.insert(id, known);
            }
            _ => {}
        }
    }

    /// The calls on the screen.
    pub fn screen(&self) -> BTreeSet<CallId> {
        let closed: BTreeSet<CallId> = self.closed.values().map(|known| known.call).collect();
        self.pops.values().map(|known| known.call).filter(|call| !closed.contains(call)).collect()
    }
}

fn call_of(frame: &Frame) -> Option<CallId> {
    let data: serde_json::Value = serde_json::from_str(&frame.data).expect("a frame's data is JSON");
    let id = data.get("call_id").or_else(|| data.get("call")?.get("id"))?.as_str()?;
    id.parse().ok()
}
