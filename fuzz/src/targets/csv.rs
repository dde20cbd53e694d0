//! A file of contacts: every octet is in a row that is taken or refused, and no row is longer than it may be.

use switchroom_core::{
    csv_rows::{MAX_ROW, Rows, delimiter_of, fields},
    directory::import::Columns,
};

pub fn run(octets: &[u8]) {
    let mut rows = Rows::new(octets);
    let mut columns: Option<Columns> = None;
    let (mut last, mut read, mut cut) = (0, Vec::new(), false);
    while let Some(row) = rows.next().expect("memory can be read") {
        assert!(row.line > last, "rows come in the order of their lines");
        last = row.line;
        let text = match row.text {
            Ok(text) => text,
            Err((start, _)) => {
                assert!(start.len() <= MAX_ROW);
                cut |= start.len() != row.first || start.len() == 200;
                read.extend_from_slice(&start);
                continue;
            }
        };
        assert!(text.len() <= MAX_ROW);
        read.extend_from_slice(&text);
        let record = fields(&text, rows.delimiter).unwrap_or_default();
        match &columns {
            None => {
                rows.delimiter = delimiter_of(&text);
                let record = fields(&text, rows.delimiter).unwrap_or_default();
                columns = Columns::from_header(record.iter()).ok();
            }
            Some(columns) => {
                if let Ok(contact) = columns.row(record.iter(), "FR".parse().expect("FR is a region")) {
                    assert!(!format!("{contact:?}").contains("\\0"), "the database cannot keep U+0000");
                }
            }
        }
    }
    assert_eq!(rows.bytes, octets.len() as u64, "the progress bar ends at the end");
    assert!(cut || read == octets, "every octet is in a row");
}
