//! What becomes of a ringing call. The seam: today a call is handed to its agent's own phone or rings until somebody
//! gives up; a bridge of two legs with media replaces this file's decision and leaves the caller's leg, the facts and
//! the final answers as they are.

use std::time::Duration;

use switchroom_core::EndCause;
use tokio_util::sync::CancellationToken;

use crate::{DialledLine, leg::CallerLeg};

/// How the ringing ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The caller's side is told to call the agent's phone itself.
    Redirected(String),
    /// Nobody answered in time.
    Unanswered,
    /// The caller hung up, perhaps saying why.
    GaveUp(Option<EndCause>),
    /// The server is stopping; the caller's side may try another one.
    Stopped,
}

pub(crate) async fn answer(
    line: &DialledLine,
    caller: &mut CallerLeg,
    ring_timeout: Duration,
    stopping: &CancellationToken,
) -> Outcome {
    if let Some(address) = &line.forward_to {
        return Outcome::Redirected(address.clone());
    }
    tokio::select! {
        biased;
        cause = caller.caller_gave_up() => Outcome::GaveUp(cause),
        () = stopping.cancelled() => Outcome::Stopped,
        () = tokio::time::sleep(ring_timeout) => Outcome::Unanswered,
    }
}
