//! The reading of a file that was sent, beside the requests: batch by batch, what is refused noted with its reason.

use switchroom_api_base::{state::AppState, tx::Tx};
use switchroom_core::csv_rows::{OPEN_QUOTE, Row, Rows, delimiter_of, fields};
use switchroom_store::{
    StoreError,
    import::{RowStore, sparing},
    imports::{self as store, Reject},
};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::Holder;

/// Files that are read at once; each is held in memory while it is. The others wait their turn.
static AT_ONCE: Semaphore = Semaphore::const_new(2);
/// Rows of one transaction: few enough to show progress, many enough to be quick.
const BATCH: usize = 2_000;

/// Why a row is refused.
pub(super) enum Refused {
    /// Not as many fields as the header has: the row may be several that an open quote drew together.
    Fields(String),
    Row(String),
}

/// Why a file was not read to the end.
pub(super) enum Fault {
    /// The file is at fault; in words for who sent it.
    File(String),
    Store(StoreError),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a kind of file is made of: the meaning of its header and rows, and where they go.
pub(super) trait Reading: Send + Sync {
    type Store: RowStore;

    /// The header, which comes first.
    fn header(&mut self, fields: &[&[u8]]) -> Result<(), String>;

    fn row(&self, line: u64, fields: &[&[u8]]) -> Result<<Self::Store as RowStore>::Row, Refused>;

    /// What else is to be done when the file was read.
    fn end(&self, state: &AppState, id: Uuid) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Reads a file that was started, to its end, and says in the database how that went.
pub(super) async fn run<R: Reading>(
    state: AppState,
    holder: Holder,
    id: Uuid,
    mut reading: R,
    begin: impl Future<Output = Result<R::Store, StoreError>> + Send,
) {
    let Ok(_turn) = AT_ONCE.acquire().await else { return };
    let read = async {
        let rows = begin.await?;
        read(&state, holder, id, &mut reading, rows).await?;
        reading.end(&state, id).await?;
        Ok(())
    };
    let fault = match read.await {
        Ok(()) => None,
        Err(Fault::File(fault)) => Some(fault),
        Err(Fault::Store(error)) => {
            tracing::warn!(%error, import = %id, "an import broke off");
            Some("the database was away; run it again for the rest".to_owned())
        }
    };
    state.refreshed().await;
    let finished = async {
        let mut tx = Tx::begin(&state.db, holder.0).await?;
        store::finish(tx.connection(), id, fault.as_deref()).await?;
        tx.commit().await
    };
    if let Err(error) = finished.await {
        tracing::error!(%error, import = %id, "the end of an import could not be noted");
    }
}

async fn read<R: Reading>(
    state: &AppState,
    holder: Holder,
    id: Uuid,
    reading: &mut R,
    mut target: R::Store,
) -> Result<(), Fault> {
    let content = {
        let mut tx = Tx::begin(&state.db, holder.0).await?;
        store::content(tx.connection(), id).await?
    };
    let mut rows = Rows::new(&content[..]);
    take_header(&mut rows, reading).map_err(Fault::File)?;
    loop {
        let batch = batch(&mut rows, reading);
        let ended = batch.ended;
        let mut rejects = batch.rejects;
        let done = sparing(&mut target, &batch.rows).await;
        for (place, reason) in done.refused {
            let (line, text) = &batch.texts[place];
            rejects.push(reject(*line, reason, text));
        }
        let mut tx = Tx::begin(&state.db, holder.0).await?;
        store::progress(tx.connection(), id, holder.0, rows.bytes, done.stored, &rejects).await?;
        tx.commit().await?;
        match done.failed {
            Some(error) => return Err(error.into()),
            None if ended => return Ok(()),
            None => {}
        }
    }
}

/// The first row of a file, to its reading.
pub(super) fn take_header<R: Reading>(rows: &mut Rows<&[u8]>, reading: &mut R) -> Result<(), String> {
    let header = match next(rows) {
        Some(Row { text: Ok(text), .. }) => text,
        Some(Row { text: Err((_, reason)), .. }) => return Err(format!("the header {reason}")),
        None => Vec::new(),
    };
    rows.delimiter = delimiter_of(&header);
    let record = fields(&header, rows.delimiter).unwrap_or_default();
    reading.header(&record.iter().collect::<Vec<_>>())
}

/// Memory can be read.
fn next(rows: &mut Rows<&[u8]>) -> Option<Row> {
    rows.next().ok().flatten()
}

/// Some rows, with the texts they were read from, and what was refused between them.
pub(super) struct Batch<T> {
    pub rows: Vec<T>,
    pub texts: Vec<(u64, Vec<u8>)>,
    pub rejects: Vec<Reject>,
    pub ended: bool,
}

pub(super) fn batch<R: Reading>(rows: &mut Rows<&[u8]>, reading: &R) -> Batch<<R::Store as RowStore>::Row> {
    let mut batch = Batch { rows: Vec::new(), texts: Vec::new(), rejects: Vec::new(), ended: false };
    while batch.rows.len() + batch.rejects.len() < BATCH {
        let Some(row) = next(rows) else {
            batch.ended = true;
            break;
        };
        let text = match row.text {
            Ok(text) => text,
            Err((start, reason)) => {
                batch.rejects.push(reject(row.line, reason.to_owned(), &start));
                continue;
            }
        };
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let read = match fields(&text, rows.delimiter) {
            Some(record) => reading.row(row.line, &record.iter().collect::<Vec<_>>()),
            None => Err(Refused::Fields("cannot be read as fields".to_owned())),
        };
        match read {
            Ok(read) => {
                batch.rows.push(read);
                batch.texts.push((row.line, text));
            }
            Err(Refused::Fields(_)) if !row.more.is_empty() => {
                // Two slips that closed each other: between them are rows.
                batch.rejects.push(reject(row.line, OPEN_QUOTE.to_owned(), &text[..row.first]));
                rows.give_back(row.more.into_iter());
            }
            Err(Refused::Fields(reason) | Refused::Row(reason)) => {
                batch.rejects.push(reject(row.line, reason, &text));
            }
        }
    }
    batch
}

fn reject(line: u64, reason: String, text: &[u8]) -> Reject {
    let row = String::from_utf8_lossy(text);
    Reject {
        line: i64::try_from(line).unwrap_or(i64::MAX),
        reason,
        row: row.trim_end_matches(['\r', '\n']).to_owned(),
    }
}
