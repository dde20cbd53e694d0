//! CSV on its way out: a stream of rows that were never all in memory, safe to open in a spreadsheet.

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt};

/// One row, quoted where it needs to be (RFC 4180), lines ended by CRLF.
pub(crate) fn row<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let cells: Vec<String> = cells.into_iter().map(|cell| harmless(cell.as_ref())).collect();
    // Neither fails on a Vec.
    let _ = writer.write_record(&cells);
    writer.into_inner().unwrap_or_default()
}

/// What a spreadsheet would take for a formula gets an apostrophe in front (OWASP ASVS 1.2.10).
pub(crate) fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// The answer, named for saving. A stream that fails in the middle breaks the connection off, so that nobody takes a
/// part for the whole.
pub(crate) fn download<E>(
    name: &str,
    chunks: impl Stream<Item = Result<Vec<u8>, E>> + Send + 'static,
) -> Response
where
    E: std::error::Error + Send + Sync + 'static,
{
    let body = Body::from_stream(chunks.map(|chunk| chunk.map(Bytes::from)));
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&disposition).unwrap_or_else(|_| HeaderValue::from_static("attachment")),
        ),
    ];
    (StatusCode::OK, headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for bad in ["=1+1", "+33", "-1", "@x", "\tx", "\rx", "＝1"] {
            assert!(harmless(bad).starts_with('\''), "{bad}");
        }
        assert_eq!(harmless("a=b"), "a=b");
        assert_eq!(row(["a", "b,\"c\"", "=x\r\ny"]), b"a,\"b,\"\"c\"\"\",\"'=x\r\ny\"\r\n");
    }
}
