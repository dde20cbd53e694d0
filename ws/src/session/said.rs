//! What the client says.

use switchroom_core::permission;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};
use tokio_tungstenite::tungstenite::Message;

use super::{End, Membership, Session, allowance::Verdict, asked::Job};
use crate::{
    incoming::{self, Refused},
    protocol::{ClientMessage, Close, ErrorCode, Topic},
    settings::MAX_TOPICS,
};

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) fn heard(&mut self, message: Message) -> Option<End> {
        let now = Instant::now();
        self.heard_at = now;
        let verdict = self.allowance.spend(now);
        if verdict == Verdict::Abuse {
            return Some(End::Close(Close::Protocol));
        }
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Some(End::Close(Close::Unsupported)),
            _ => return None,
        };
        if verdict == Verdict::Refuse {
            self.error(ErrorCode::RateLimited, "too many messages; this one was not looked at", None);
            return None;
        }
        match incoming::read(&text) {
            Err(Refused::NotAnObject) => return Some(End::Close(Close::Protocol)),
            Err(Refused::Error(code, detail)) => self.error(code, detail, None),
            Ok(ClientMessage::Pong) => {}
            Ok(ClientMessage::Ack(_)) => metrics::counter!("switchroom_acks_total").increment(1),
            Ok(ClientMessage::Resume(resume)) => match resume.cursor.parse() {
                Ok(cursor) => self.ask(Job::Resume(cursor)),
                Err(_) => self.error(ErrorCode::BadCursor, "the cursor is not one of ours", None),
            },
            Ok(ClientMessage::Presence(wish)) => {
                if permission::message("presence", None).is_some_and(|access| self.who.may(access)) {
                    self.ask(Job::Presence(wish));
                } else {
                    self.error(ErrorCode::Forbidden, "presence.set is not among your permissions", None);
                }
            }
            Ok(ClientMessage::Subscribe(subscribe)) => self.each_topic(&subscribe.topics, Self::subscribe),
            Ok(ClientMessage::Unsubscribe(unsubscribe)) => {
                self.each_topic(&unsubscribe.topics, Self::unsubscribe)
            }
        }
        None
    }

    fn each_topic(&mut self, topics: &[String], act: fn(&mut Self, Topic)) {
        if topics.len() > MAX_TOPICS {
            return self.error(ErrorCode::TooManyTopics, format!("at most {MAX_TOPICS} topics"), None);
        }
        for text in topics {
            match Topic::parse(text) {
                Some(topic) => act(self, topic),
                None => {
                    let topic = incoming::shortened(text).into_owned();
                    self.error(ErrorCode::UnknownTopic, "no such topic", Some(topic));
                }
            }
        }
    }

    fn subscribe(&mut self, topic: Topic) {
        let access = permission::message("subscribe", Some(topic.kind()));
        if !access.is_some_and(|access| self.who.may(access)) {
            let detail = access.map_or("not permitted", permission::Access::name);
            return self.error(ErrorCode::Forbidden, format!("{detail} is needed"), Some(topic.to_string()));
        }
        match topic {
            Topic::Ticket(ticket) => self.ask(Job::HearTicket(ticket)),
            Topic::Calls => {
                self.listen(topic);
            }
            Topic::Wallboard => {
                if self.listen(topic) {
                    self.member.peer.outbox.want_board();
                    self.show_board();
                }
            }
        }
    }

    /// The whole board, for a socket that has none or missed changes of it.
    pub(super) fn show_board(&self) {
        let Membership { shared, peer } = &self.member;
        let board = shared.board.wallboard(self.who.tenant);
        peer.outbox.whole_board(board.revision, || shared.hub.whole_board(self.who.tenant, &board));
    }

    pub(super) fn listen(&mut self, topic: Topic) -> bool {
        let heard = self.member.shared.hub.subscribe(&self.member.peer, topic, MAX_TOPICS);
        if !heard {
            self.error(
                ErrorCode::TooManyTopics,
                format!("at most {MAX_TOPICS} topics"),
                Some(topic.to_string()),
            );
        }
        heard
    }

    fn unsubscribe(&mut self, topic: Topic) {
        match topic {
            // Behind a subscription that may still be looked into.
            Topic::Ticket(ticket) => self.ask(Job::LeaveTicket(ticket)),
            Topic::Calls | Topic::Wallboard => {
                if topic == Topic::Wallboard {
                    self.member.peer.outbox.leave_board();
                }
                self.member.shared.hub.unsubscribe(&self.member.peer, topic);
            }
        }
    }
}
