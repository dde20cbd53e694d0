//! What bodies may cost while they are being read: time and memory, whoever sends them. A body that trickles is given
//! up, and all bodies that are under way together hold a bounded amount of memory.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use axum::{
    body::Body,
    http::{StatusCode, header},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;

use crate::problem::Problem;

/// The octets of all bodies that are being read, together. Beyond it whoever sends more is asked to come again.
const MOST_UNDER_WAY: usize = 64 * 1024 * 1024;

static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// One body's part of what is under way.
struct Part<'a> {
    all: &'a AtomicUsize,
    octets: usize,
}

impl Part<'_> {
    /// False when there is no room for so much more.
    fn grow(&mut self, octets: usize, most: usize) -> bool {
        self.octets += octets;
        self.all.fetch_add(octets, Ordering::Relaxed) + octets <= most
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        self.all.fetch_sub(self.octets, Ordering::Relaxed);
    }
}

/// The whole body; of one that is longer than `limit`, one octet more than that. 408 when it does not arrive within
/// `patience`, 503 while too much is under way.
pub async fn read(body: Body, limit: usize, patience: Duration) -> Result<Bytes, Problem> {
    let part = Part { all: &UNDER_WAY, octets: 0 };
    tokio::time::timeout(patience, gather(body, limit, part, MOST_UNDER_WAY)).await.unwrap_or_else(|_| {
        Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "The body did not arrive in time")
            .header(header::CONNECTION, "close"))
    })
}

async fn gather(body: Body, limit: usize, mut part: Part<'_>, most: usize) -> Result<Bytes, Problem> {
    let mut stream = body.into_data_stream();
    // Nearly every body comes in one piece, which is then taken as it is.
    let (mut only, mut joined) = (Bytes::new(), BytesMut::new());
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|_| Problem::bad_request("The body broke off."))?;
        if !part.grow(piece.len(), most) {
            return Err(Problem::unavailable(1).header(header::CONNECTION, "close"));
        }
        if only.is_empty() && joined.is_empty() {
            only = piece;
        } else {
            joined.extend_from_slice(&std::mem::take(&mut only));
            joined.extend_from_slice(&piece);
        }
        if only.len() + joined.len() > limit {
            break;
        }
    }
    let mut whole = if joined.is_empty() { only } else { joined.freeze() };
    whole.truncate(limit + 1);
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    fn pieces(of: Vec<&'static str>) -> Body {
        Body::from_stream(stream::iter(of.into_iter().map(Ok::<_, std::io::Error>)))
    }

    #[tokio::test]
    async fn pieces_become_the_body_and_no_more_than_the_limit() {
        let all = AtomicUsize::new(0);
        for (sent, limit, read) in [
            (vec![], 4, ""),
            (vec!["abc"], 4, "abc"),
            (vec!["ab", "cd"], 4, "abcd"),
            (vec!["ab", "", "cd", "ef"], 4, "abcde"),
            (vec!["abcdef"], 4, "abcde"),
        ] {
            let part = Part { all: &all, octets: 0 };
            assert_eq!(gather(pieces(sent), limit, part, 1000).await.unwrap(), read);
        }
        assert_eq!(all.into_inner(), 0, "given back");
    }

    #[tokio::test]
    async fn what_does_not_fit_beside_the_others_is_refused() {
        let all = AtomicUsize::new(7);
        let part = Part { all: &all, octets: 0 };
        let refused = gather(pieces(vec!["ab", "cd"]), 100, part, 10).await.unwrap_err();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(all.into_inner(), 7);
    }

    #[tokio::test]
    async fn a_body_that_trickles_is_given_up() {
        let trickle = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Some((Ok::<_, std::io::Error>("a"), ()))
        });
        let refused =
            read(Body::from_stream(trickle), 1_000_000, Duration::from_millis(100)).await.unwrap_err();
        assert_eq!(refused.status(), StatusCode::REQUEST_TIMEOUT);
    }
}
