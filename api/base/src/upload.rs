//! Files that are sent: longer than a body, and never in memory as a whole while they come.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream, Bytes},
    http::{StatusCode, header},
};
use futures::{StreamExt, stream};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use crate::problem::Problem;

/// The longest file.
pub const FILE_LIMIT: usize = 64 * 1024 * 1024;
/// How long the next piece of a file may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether a POST brings a file.
pub fn is_upload(path: &str) -> bool {
    matches!(path, "/api/v1/contact-imports" | "/api/v1/phone-number-imports")
}

/// The next piece of a file; none at its end. 408 when it does not come, 400 when the sender is gone.
pub async fn next_piece(stream: &mut BodyDataStream) -> Result<Option<Bytes>, Problem> {
    match tokio::time::timeout(PATIENCE, stream.next()).await {
        Ok(next) => next.transpose().map_err(|_| Problem::bad_request("The body broke off.")),
        Err(_) => {
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "The body did not arrive in time")
                .header(header::CONNECTION, "close"))
        }
    }
}

/// What a whole file is told from another by.
pub(crate) type Print = [u8; 32];

/// The print of a file that is read for nothing else.
pub(crate) async fn print(body: Body) -> Result<Print, Problem> {
    let (mut stream, mut digest, mut size) = (body.into_data_stream(), Sha256::new(), 0);
    while let Some(piece) = next_piece(&mut stream).await? {
        size += piece.len();
        if size > FILE_LIMIT {
            return Err(Problem::too_large(FILE_LIMIT));
        }
        digest.update(&piece);
    }
    Ok(digest.finalize().into())
}

/// The same body, and its print as soon as it was read to its end.
pub(crate) fn printed(body: Body) -> (Body, oneshot::Receiver<Print>) {
    let (done, print) = oneshot::channel();
    let begun = (body.into_data_stream(), Sha256::new(), Some(done));
    let pieces = stream::unfold(begun, |(mut stream, mut digest, mut done)| async move {
        match stream.next().await {
            Some(piece) => {
                if let Ok(piece) = &piece {
                    digest.update(piece);
                } else {
                    // Broken off is not read to its end.
                    done = None;
                }
                Some((piece, (stream, digest, done)))
            }
            None => {
                if let Some(done) = done {
                    let _ = done.send(digest.finalize().into());
                }
                None
            }
        }
    });
    (Body::from_stream(pieces), print)
}
