//! What takes time: questions of the client, answered one by one, and the resume, which reads the log page by page.

use std::{collections::VecDeque, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use switchroom_core::{TicketId, log::Cursor};
use switchroom_engine::{NotDurable, ResumeError, Resumed, SubmitError};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Session;
use crate::{
    envelope,
    port::Refusal,
    protocol::{ErrorCode, Topic, client::SetPresence, server::CursorData},
    settings::RESUME_PAGE,
};

/// Questions of a client that may wait for their turn.
const MAX_JOBS: usize = 256;
/// The log cannot be read: ask again after this.
const RETRY: Duration = Duration::from_secs(1);

/// A question that takes time; they are answered one by one, in order.
#[derive(Debug)]
pub(super) enum Job {
    Resume(Cursor),
    HearTicket(TicketId),
    LeaveTicket(TicketId),
    Presence(SetPresence),
}

/// An answer to a [`Job`] or a part of one.
pub(super) enum Answer {
    Page(Result<Resumed, NoPage>),
    Ticket(TicketId, Result<bool, Refusal>),
    Presence(Option<SubmitError>),
}

/// Why a page of the log was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoPage {
    /// What was decided before is not written yet.
    #[error(transparent)]
    NotSettled(#[from] NotDurable),
    #[error(transparent)]
    Log(#[from] ResumeError),
}

/// A resume under way.
#[derive(Debug)]
pub(super) struct Resuming {
    /// Where to read on, once what was read is written; and whether to wait first until nothing is being decided.
    pub(super) want: Option<(Cursor, bool)>,
    /// What was asked of the log last.
    asked: (Cursor, bool),
    /// Live frames went out since it began. They may have overtaken what they follow from, so the log is read once
    /// more to its end: a withdrawal that overtook its pop is then sent again behind it.
    pub(super) overtaken: bool,
    second: bool,
    told_of_trouble: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) fn ask(&mut self, job: Job) {
        if self.jobs.len() >= MAX_JOBS {
            return self.error(
                ErrorCode::RateLimited,
                "too much asked at once; this was not looked at",
                None,
            );
        }
        self.jobs.push_back(job);
    }

    pub(super) fn next_job(&mut self) {
        while self.work.is_none() && self.resuming.is_none() {
            let Some(job) = self.jobs.pop_front() else {
                self.jobs = VecDeque::new();
                return;
            };
            let shared = self.member.shared.clone();
            let (tenant, user) = (self.who.tenant, self.who.user);
            match job {
                Job::Resume(cursor) => {
                    self.resuming = Some(Box::new(Resuming {
                        want: Some((cursor, true)),
                        asked: (cursor, true),
                        overtaken: false,
                        second: false,
                        told_of_trouble: false,
                    }));
                    self.read_on();
                }
                Job::HearTicket(ticket) => {
                    let who = self.who.clone();
                    self.work = Some(
                        async move { Answer::Ticket(ticket, shared.tickets.may_see(&who, ticket).await) }
                            .boxed(),
                    );
                }
                Job::LeaveTicket(ticket) => {
                    self.member.shared.hub.unsubscribe(&self.member.peer, Topic::Ticket(ticket));
                }
                Job::Presence(wish) => {
                    self.work = Some(
                        async move {
                            let chosen = wish.state.into();
                            Answer::Presence(
                                shared.board.choose_presence(tenant, user, chosen, wish.reason).await.err(),
                            )
                        }
                        .boxed(),
                    );
                }
            }
        }
    }

    /// Reads the next page of the log for the resume under way.
    pub(super) fn read_on(&mut self) {
        let Some(resuming) = &mut self.resuming else { return };
        let Some((cursor, settle)) = resuming.want.take() else { return };
        resuming.asked = (cursor, settle);
        self.work = Some(self.page(cursor, settle, Duration::ZERO));
    }

    fn page(&self, cursor: Cursor, settle: bool, after: Duration) -> BoxFuture<'static, Answer> {
        let shared = self.member.shared.clone();
        let (tenant, user) = (self.who.tenant, self.who.user);
        async move {
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            let page = async {
                if settle {
                    // What is decided but not yet written would be in neither the log nor this socket's live frames.
                    shared.board.settled(tenant).await?;
                }
                Ok(shared.board.frames_after(tenant, user, cursor, RESUME_PAGE).await?)
            };
            Answer::Page(page.await)
        }
        .boxed()
    }

    pub(super) fn answered(&mut self, answer: Answer) {
        match answer {
            Answer::Page(page) => self.page_read(page),
            Answer::Ticket(ticket, Ok(true)) => {
                self.listen(Topic::Ticket(ticket));
            }
            Answer::Ticket(ticket, Ok(false)) => {
                self.error(ErrorCode::NotFound, "no such ticket", Some(Topic::Ticket(ticket).to_string()));
            }
            Answer::Ticket(ticket, Err(_)) => {
                let topic = Some(Topic::Ticket(ticket).to_string());
                self.error(ErrorCode::Unavailable, "the ticket cannot be looked up now", topic);
            }
            // The presence frame is the answer.
            Answer::Presence(None) => {}
            Answer::Presence(Some(SubmitError::UnknownTenant)) => {
                self.error(ErrorCode::NotFound, "you have no presence here", None);
            }
            Answer::Presence(Some(_)) => self.error(ErrorCode::Unavailable, "not now, try again", None),
        }
    }

    fn page_read(&mut self, page: Result<Resumed, NoPage>) {
        let Some(mut resuming) = self.resuming.take() else { return };
        match page {
            Ok(page) => {
                let now = envelope::now_us();
                let (user, grants) = (self.who.user, self.who.grants);
                let texts = page.frames.iter().map(|frame| envelope::of_frame(frame, user, grants, now));
                self.direct.extend(texts);
                if let Some(next) = page.next {
                    resuming.want = Some((next, false));
                } else if resuming.overtaken && !resuming.second {
                    resuming.second = true;
                    resuming.want = Some((page.end, true));
                } else {
                    let cursor = page.end.to_string();
                    self.direct.push_back(envelope::of_data("resynced", &CursorData { cursor }));
                    self.told = self.told.max(page.end);
                    return self.catch_up();
                }
            }
            Err(NoPage::Log(ResumeError::TooOld)) => {
                self.error(ErrorCode::CursorTooOld, "load everything anew; the open pops follow", None);
                self.open_pops(self.member.shared.board.cursor(self.who.tenant));
                return self.catch_up();
            }
            Err(failure) => {
                if !resuming.told_of_trouble {
                    resuming.told_of_trouble = true;
                    tracing::warn!(%failure, session = %self.member.peer.id, "a resume waits for the log");
                    self.error(
                        ErrorCode::Unavailable,
                        "the log cannot be read now; the resume goes on by itself",
                        None,
                    );
                }
                // The pages so far are sent; what failed is asked again, from where it was.
                let (cursor, settle) = resuming.asked;
                self.work = Some(self.page(cursor, settle, RETRY));
            }
        }
        self.resuming = Some(resuming);
    }

    /// What was not said while the resume ran.
    fn catch_up(&mut self) {
        let cursor = self.member.shared.board.cursor(self.who.tenant);
        self.member.peer.outbox.committed(cursor);
    }
}
