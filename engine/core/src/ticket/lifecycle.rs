//! A ticket's life as one table of 26 moves, the moves that happen by themselves, and what a move does to the times
//! that reports are made of.
//!
//! | from \ to            | new | open | answered | in_progress | waiting | on_hold | resolved | closed |
//! |----------------------|-----|------|----------|-------------|---------|---------|----------|--------|
//! | new                  |     |  x   |    x     |      x      |         |    x    |          |   x    |
//! | open                 |     |      |    x     |      x      |         |    x    |          |   x    |
//! | answered             |     |      |          |      x      |    x    |    x    |          |   x    |
//! | waiting_for_response |     |      |    x     |      x      |         |         |          |   x    |
//! | on_hold              |     |      |    x     |      x      |         |         |          |   x    |
//! | in_progress          |     |      |          |             |    x    |    x    |    x     |   x    |
//! | resolved             |     |  x   |          |             |         |         |          |   x    |
//! | closed               |     |  x   |          |             |         |         |          |        |
//!
//! 24 of them come from the requirements; `in_progress → waiting_for_response` and `resolved → open` are the two that
//! contract §5 adds. A move to the same state is no move.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The eight stored states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Came in unattended; nobody owns it yet.
    New,
    Open,
    Answered,
    InProgress,
    WaitingForResponse,
    OnHold,
    Resolved,
    Closed,
}

impl Status {
    pub const ALL: [Self; 8] = [
        Self::New,
        Self::Open,
        Self::Answered,
        Self::InProgress,
        Self::WaitingForResponse,
        Self::OnHold,
        Self::Resolved,
        Self::Closed,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
            Self::Answered => "answered",
            Self::InProgress => "in_progress",
            Self::WaitingForResponse => "waiting_for_response",
            Self::OnHold => "on_hold",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }

    /// Where a person may move a ticket from here.
    pub const fn exits(self) -> &'static [Self] {
        use Status::{Answered, Closed, InProgress, OnHold, Open, Resolved, WaitingForResponse};
        match self {
            Self::New => &[Open, Answered, InProgress, OnHold, Closed],
            Self::Open => &[Answered, InProgress, OnHold, Closed],
            Self::Answered => &[InProgress, OnHold, WaitingForResponse, Closed],
            Self::WaitingForResponse => &[Answered, InProgress, Closed],
            Self::OnHold => &[InProgress, Answered, Closed],
            Self::InProgress => &[Resolved, OnHold, WaitingForResponse, Closed],
            Self::Resolved => &[Closed, Open],
            Self::Closed => &[Open],
        }
    }

    /// Whether work on it is still to be done: what a screen-pop lists as open.
    pub const fn is_unfinished(self) -> bool {
        !matches!(self, Self::Resolved | Self::Closed)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The word names no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such ticket state")]
pub struct UnknownStatus;

impl FromStr for Status {
    type Err = UnknownStatus;
    fn from_str(word: &str) -> Result<Self, UnknownStatus> {
        Self::ALL.into_iter().find(|status| status.name() == word).ok_or(UnknownStatus)
    }
}

/// Who files a ticket; decides its first state (K-02).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filer {
    Staff,
    /// A client, a mail, a missed call: nobody attends to it yet.
    Unattended,
}

/// The state a ticket is born in. `assigned` = it has an owner from the start.
pub const fn first_status(filer: Filer, assigned: bool) -> Status {
    match (filer, assigned) {
        (Filer::Staff, _) | (Filer::Unattended, true) => Status::Open,
        (Filer::Unattended, false) => Status::New,
    }
}

/// What happens to a time stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    Keep,
    SetNow,
    Clear,
}

/// An allowed move and what it does besides changing the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    pub from: Status,
    pub to: Status,
    pub resolved_at: Stamp,
    pub closed_at: Stamp,
    /// Counts in `reopen_count`.
    pub reopens: bool,
}

/// The table has no such move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a ticket that is {from} cannot become {to}")]
pub struct NoSuchMove {
    pub from: Status,
    pub to: Status,
}

/// The move from `from` to `to`, if the table has it.
pub fn move_to(from: Status, to: Status) -> Result<Move, NoSuchMove> {
    if !from.exits().contains(&to) {
        return Err(NoSuchMove { from, to });
    }
    let reopens = matches!((from, to), (Status::Closed | Status::Resolved, Status::Open));
    Ok(Move {
        from,
        to,
        // Closing something unresolved is not a resolution, so `closed` leaves resolved_at as it is.
        resolved_at: match to {
            Status::Resolved => Stamp::SetNow,
            _ if reopens => Stamp::Clear,
            _ => Stamp::Keep,
        },
        closed_at: match to {
            Status::Closed => Stamp::SetNow,
            _ if reopens => Stamp::Clear,
            _ => Stamp::Keep,
        },
        reopens,
    })
}

/// The move that follows from giving the ticket to somebody.
pub fn after_assignment(status: Status) -> Option<Move> {
    match status {
        Status::New => move_to(status, Status::Open).ok(),
        _ => None,
    }
}

/// Whose words a reply holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    Staff,
    /// The person the ticket is for.
    Requester,
}

/// Who may read a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    Public,
    Internal,
}

impl Visibility {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
        }
    }
}

/// What a reply does to its ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyEffect {
    /// The first public words of staff; stamped once and never cleared.
    pub first_response: bool,
    pub status: Option<Move>,
}

/// Nobody writes into a closed ticket; reopen it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ticket is closed")]
pub struct TicketClosed;

/// What follows from a reply to a ticket in `status`. `responded` = it has a first response already.
pub fn after_reply(
    status: Status,
    author: Author,
    visibility: Visibility,
    assigned: bool,
    responded: bool,
) -> Result<ReplyEffect, TicketClosed> {
    if status == Status::Closed {
        return Err(TicketClosed);
    }
    let first_response = author == Author::Staff && visibility == Visibility::Public && !responded;
    let next = match (author, visibility, status) {
        (Author::Staff, Visibility::Public, Status::New | Status::Open) if first_response => {
            Some(Status::Answered)
        }
        (Author::Requester, Visibility::Public, Status::WaitingForResponse) if assigned => {
            Some(Status::InProgress)
        }
        _ => None,
    };
    Ok(ReplyEffect { first_response, status: next.and_then(|to| move_to(status, to).ok()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contract §5, word by word.
    const CONTRACT: &str = "new → open, answered, in_progress, on_hold, closed · \
        open → answered, in_progress, on_hold, closed · \
        answered → in_progress, on_hold, waiting_for_response, closed · \
        waiting_for_response → answered, in_progress, closed · \
        on_hold → in_progress, answered, closed · \
        in_progress → resolved, on_hold, waiting_for_response, closed · \
        resolved → closed, open · \
        closed → open";

    fn contract_moves() -> Vec<(Status, Status)> {
        CONTRACT
            .split('·')
            .flat_map(|line| {
                let (from, to) = line.split_once('→').unwrap();
                let from: Status = from.trim().parse().unwrap();
                to.split(',').map(move |to| (from, to.trim().parse().unwrap())).collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn the_table_is_the_contracts_and_nothing_more() {
        let allowed = contract_moves();
        assert_eq!(allowed.len(), 26);
        for from in Status::ALL {
            for to in Status::ALL {
                let expected = allowed.contains(&(from, to));
                assert_eq!(move_to(from, to).is_ok(), expected, "{from} → {to}");
                assert_eq!(from.exits().contains(&to), expected, "{from} → {to}");
            }
            assert!(move_to(from, from).is_err(), "{from} to itself is no move");
        }
    }

    #[test]
    fn every_state_has_one_word_and_reads_back() {
        for status in Status::ALL {
            assert_eq!(status.name().parse(), Ok(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.name());
        }
        for word in ["", "New", " open", "waiting", "done", "closed\0"] {
            assert_eq!(word.parse::<Status>(), Err(UnknownStatus), "{word:?}");
        }
    }

    #[test]
    fn times_follow_the_move() {
        for (from, to) in contract_moves() {
            let step = move_to(from, to).unwrap();
            let reopening = to == Status::Open && from != Status::New;
            assert_eq!(step.reopens, reopening, "{from} → {to}");
            let expected = |at: Status| match () {
                () if to == at => Stamp::SetNow,
                () if reopening => Stamp::Clear,
                () => Stamp::Keep,
            };
            assert_eq!(step.resolved_at, expected(Status::Resolved), "{from} → {to}");
            assert_eq!(step.closed_at, expected(Status::Closed), "{from} → {to}");
        }
    }

    /// The database checks: closed exactly while closed_at is there, resolved only with resolved_at. They must hold
    /// along every path.
    #[test]
    fn stamps_agree_with_the_state_along_every_path() {
        let mut todo = vec![(Status::New, false, false), (Status::Open, false, false)];
        let mut seen = std::collections::BTreeSet::new();
        while let Some((status, resolved, closed)) = todo.pop() {
            if !seen.insert((status, resolved, closed)) {
                continue;
            }
            assert_eq!(closed, status == Status::Closed, "{status}");
            assert!(resolved || status != Status::Resolved);
            assert!(
                !resolved || matches!(status, Status::Resolved | Status::Closed),
                "{status} with resolved_at"
            );
            for to in status.exits() {
                let step = move_to(status, *to).unwrap();
                let stamp = |was: bool, stamp: Stamp| match stamp {
                    Stamp::Keep => was,
                    Stamp::SetNow => true,
                    Stamp::Clear => false,
                };
                todo.push((*to, stamp(resolved, step.resolved_at), stamp(closed, step.closed_at)));
            }
        }
        assert!(seen.len() > 8);
    }

    #[test]
    fn born_open_when_somebody_attends() {
        assert_eq!(first_status(Filer::Staff, false), Status::Open);
        assert_eq!(first_status(Filer::Staff, true), Status::Open);
        assert_eq!(first_status(Filer::Unattended, true), Status::Open);
        assert_eq!(first_status(Filer::Unattended, false), Status::New);
    }

    #[test]
    fn only_the_first_public_words_of_staff_are_a_response() {
        for status in Status::ALL.into_iter().filter(|status| *status != Status::Closed) {
            for author in [Author::Staff, Author::Requester] {
                for visibility in [Visibility::Public, Visibility::Internal] {
                    for assigned in [false, true] {
                        for responded in [false, true] {
                            let effect =
                                after_reply(status, author, visibility, assigned, responded).unwrap();
                            let first =
                                author == Author::Staff && visibility == Visibility::Public && !responded;
                            assert_eq!(effect.first_response, first);
                            let to = effect.status.map(|step| step.to);
                            let expected = if first && matches!(status, Status::New | Status::Open) {
                                Some(Status::Answered)
                            } else if author == Author::Requester
                                && visibility == Visibility::Public
                                && assigned
                                && status == Status::WaitingForResponse
                            {
                                Some(Status::InProgress)
                            } else {
                                None
                            };
                            assert_eq!(to, expected, "{status} {author:?} {visibility:?}");
                        }
                    }
                }
            }
        }
        assert_eq!(
            after_reply(Status::Closed, Author::Staff, Visibility::Internal, true, true),
            Err(TicketClosed)
        );
    }

    #[test]
    fn assignment_opens_what_is_new_and_moves_nothing_else() {
        for status in Status::ALL {
            let to = after_assignment(status).map(|step| step.to);
            assert_eq!(to, (status == Status::New).then_some(Status::Open), "{status}");
        }
    }
}
