//! Rows of a CSV file as people make them: quotes that were not meant as such, lines without end, any delimiter.
//! Files of contacts and of lines are both read so, from a disk or from what a browser sent.

use std::{
    collections::VecDeque,
    io::{self, BufRead},
};

/// The longest row, in bytes. A quote that is never closed would otherwise swallow the rest of the file.
pub const MAX_ROW: usize = 64 * 1_024;

/// One row of the file: its first line's number, and its text, or the beginning of it and why it is no row.
pub struct Row {
    pub line: u64,
    pub text: Result<Vec<u8>, (Vec<u8>, &'static str)>,
    /// The lines behind the first that an open quote drew in.
    pub more: Vec<Line>,
    /// Length of the first line.
    pub first: usize,
}

impl Row {
    fn refused(line: Line, reason: &'static str) -> Self {
        Self { line: line.number, first: line.text.len(), text: Err((line.text, reason)), more: Vec::new() }
    }
}

/// Why a line is refused whose quote was not meant as one.
pub const OPEN_QUOTE: &str = "opens a quote that is not closed";

/// Rows of a CSV file, whose fields may hold line ends when quoted, in bounded memory.
pub struct Rows<R> {
    reader: R,
    /// Lines that turned out not to belong to the row before them.
    back: VecDeque<Line>,
    line: u64,
    pub bytes: u64,
    pub delimiter: u8,
}

pub struct Line {
    pub number: u64,
    pub text: Vec<u8>,
    /// Longer than a row may be; `text` is its beginning.
    cut: bool,
}

impl<R: BufRead> Rows<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, back: VecDeque::new(), line: 0, bytes: 0, delimiter: b',' }
    }

    #[expect(clippy::should_implement_trait, reason = "an iterator cannot fail between its items")]
    pub fn next(&mut self) -> io::Result<Option<Row>> {
        let Some(first) = self.next_line()? else { return Ok(None) };
        if first.cut {
            return Ok(Some(Row::refused(first, "is longer than 64 KiB")));
        }
        let mut text = first.text.clone();
        let mut more: Vec<Line> = Vec::new();
        let mut quoted = in_quotes(false, &text, self.delimiter);
        while quoted {
            match self.next_line()? {
                Some(line) if !line.cut && text.len() + line.text.len() <= MAX_ROW => {
                    quoted = in_quotes(true, &line.text, self.delimiter);
                    text.extend_from_slice(&line.text);
                    more.push(line);
                }
                other => {
                    // The quote is a slip: this line alone is refused, and those behind it are rows again.
                    self.give_back(more.into_iter().chain(other));
                    return Ok(Some(Row::refused(first, OPEN_QUOTE)));
                }
            }
        }
        Ok(Some(Row { line: first.number, first: first.text.len(), text: Ok(text), more }))
    }

    /// Lines to be read again as rows of their own.
    pub fn give_back(&mut self, lines: impl DoubleEndedIterator<Item = Line>) {
        for line in lines.rev() {
            self.back.push_front(line);
        }
    }

    fn next_line(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.back.pop_front() {
            return Ok(Some(line));
        }
        let mut text = Vec::new();
        let mut read = 0_u64;
        let mut ended = false;
        while !ended {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let length = buffer.iter().position(|byte| *byte == b'\n').map_or(buffer.len(), |at| at + 1);
            ended = buffer.get(length.wrapping_sub(1)) == Some(&b'\n');
            let room = (MAX_ROW + 1).saturating_sub(text.len()).min(length);
            text.extend_from_slice(&buffer[..room]);
            self.reader.consume(length);
            read += length as u64;
        }
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        self.bytes += read;
        let cut = read > MAX_ROW as u64;
        text.truncate(if cut { 200 } else { MAX_ROW });
        Ok(Some(Line { number: self.line, text, cut }))
    }
}

/// Whether a line ends inside a quoted field, when it began inside one or not. A quote within a field that did not
/// begin with one is a character.
fn in_quotes(mut quoted: bool, text: &[u8], delimiter: u8) -> bool {
    let mut start = true;
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if quoted {
            if byte == b'"' {
                if bytes.peek() == Some(&b'"') {
                    bytes.next();
                } else {
                    quoted = false;
                }
            }
            continue;
        }
        quoted = byte == b'"' && start;
        start = byte == delimiter || byte == b'\n';
    }
    quoted
}

/// The delimiter that the header uses: a comma, unless there are more semicolons or tabs.
pub fn delimiter_of(header: &[u8]) -> u8 {
    let count = |delimiter: u8| header.iter().filter(|byte| **byte == delimiter).count();
    [b';', b'\t']
        .into_iter()
        .filter(|other| count(*other) > count(b','))
        .max_by_key(|other| count(*other))
        .unwrap_or(b',')
}

pub fn fields(text: &[u8], delimiter: u8) -> Option<csv::ByteRecord> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text);
    let mut record = csv::ByteRecord::new();
    reader.read_byte_record(&mut record).ok()?.then_some(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8]) -> Vec<(u64, Result<String, &'static str>)> {
        let mut rows = Rows::new(text);
        let mut all = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            all.push((
                row.line,
                row.text.map(|text| String::from_utf8(text).unwrap()).map_err(|(_, reason)| reason),
            ));
        }
        all
    }

    #[test]
    fn a_quoted_field_may_hold_line_ends() {
        let read = rows(b"a,\"b\nc \"\"d\"\"\",e\nf,g\"h,i\nlast");
        assert_eq!(
            read,
            [
                (1, Ok("a,\"b\nc \"\"d\"\"\",e\n".to_owned())),
                (3, Ok("f,g\"h,i\n".to_owned())),
                (4, Ok("last".to_owned())),
            ]
        );
    }

    #[test]
    fn an_open_quote_costs_one_line() {
        let mut text = b"one,\"oops\ntwo,b\n".to_vec();
        let read = rows(&text);
        assert_eq!(read[0], (1, Err("opens a quote that is not closed")));
        assert_eq!(read[1], (2, Ok("two,b\n".to_owned())));
        // Also where the end of the file is far.
        for _ in 0..20_000 {
            text.extend_from_slice(b"three,c\n");
        }
        let read = rows(&text);
        assert_eq!(read.len(), 20_002);
        assert_eq!(read[20_001], (20_002, Ok("three,c\n".to_owned())));
    }

    #[test]
    fn a_line_without_end_is_one_refused_row() {
        let mut text = vec![b'x'; 3 * MAX_ROW];
        text.extend_from_slice(b"\nnext,row\n");
        assert_eq!(rows(&text), [(1, Err("is longer than 64 KiB")), (2, Ok("next,row\n".to_owned()))]);
        assert!(rows(b"").is_empty());
    }

    #[test]
    fn delimiters() {
        assert_eq!(delimiter_of(b"name,phone"), b',');
        assert_eq!(delimiter_of(b"name;phone;e-mail, private"), b';');
        assert_eq!(delimiter_of(b"name\tphone"), b'\t');
        assert_eq!(delimiter_of(b"name"), b',');
        assert_eq!(fields(b"a;\"b;c\"\r\n", b';').unwrap().iter().collect::<Vec<_>>(), [&b"a"[..], b"b;c"]);
    }
}
