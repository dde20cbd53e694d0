//! `switchroom import contacts`: a CSV file of contacts into one tenant, streamed.
//!
//! A row is stored whole or not at all; what is refused goes to `FILE.rejected.csv` with its line and the reason, and
//! can be imported from there once it is mended. `docs/import.md` describes the file.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use switchroom_core::directory::import::Columns;
use switchroom_core::number::Region;
use switchroom_store::import::{Import, Numbered, Stored};
use switchroom_store::{StoreError, tenants};

use super::Failure;
use crate::config::Config;
use crate::database::Opened;

/// Rows of one transaction.
const BATCH: usize = 1_000;
/// The longest row, in bytes. A quote that is never closed would otherwise swallow the rest of the file.
const MAX_ROW: usize = 64 * 1_024;

/// The words of the command.
#[derive(Debug, clap::Args)]
pub struct Contacts {
    /// The CSV file: a header line, then one contact per line
    file: PathBuf,
    /// The tenant's slug
    #[arg(long)]
    tenant: String,
    /// Country in which numbers without a country code are read, instead of the tenant's
    #[arg(long)]
    region: Option<String>,
}

/// Runs the command.
pub async fn contacts(config: &Config, words: Contacts) -> Result<(), Failure> {
    let region = match &words.region {
        None => None,
        Some(text) => match text.parse::<Region>() {
            Ok(region) if region.is_known() => Some(region),
            _ => return Err(Failure::Usage(format!("--region: `{text}` is not a country code such as FR"))),
        },
    };
    let file = File::open(&words.file).with_context(|| format!("cannot open {}", words.file.display()))?;
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let mut rows = Rows::new(BufReader::new(file));
    let header = rows.next().with_context(|| format!("cannot read {}", words.file.display()))?;
    let columns = header_of(header, &mut rows)?;
    for unknown in columns.unknown() {
        eprintln!("warning: column `{unknown}` is not imported");
    }
    let opened = Opened::for_command(config, "import contacts").await?;
    let result = run(&opened, &words, region, &columns, rows, length).await;
    opened.close().await;
    result
}

fn header_of(header: Option<Row>, rows: &mut Rows<BufReader<File>>) -> Result<Columns, Failure> {
    let header = match header {
        Some(Row { text: Ok(text), .. }) => text,
        Some(Row { text: Err((_, reason)), .. }) => {
            return Err(Failure::Failed(anyhow::anyhow!("the header {reason}")));
        }
        None => Vec::new(),
    };
    rows.delimiter = delimiter_of(&header);
    let record = fields(&header, rows.delimiter).unwrap_or_default();
    Columns::from_header(record.iter()).map_err(|error| Failure::Failed(error.into()))
}

async fn run(
    opened: &Opened,
    words: &Contacts,
    region: Option<Region>,
    columns: &Columns,
    mut rows: Rows<BufReader<File>>,
    length: u64,
) -> Result<(), Failure> {
    let mut platform = opened.db.platform().acquire().await.context("cannot reach the database")?;
    let tenant = tenants::by_slug(&mut platform, &words.tenant)
        .await
        .context("cannot look for the tenant")?
        .with_context(|| format!("there is no tenant `{}`", words.tenant))?;
    drop(platform);
    let region = region.or_else(|| tenant.region.parse().ok()).unwrap_or(Region::UNKNOWN);
    let import = Import::begin(&opened.db, tenant.id).await.context("cannot begin the import")?;
    let rejects = Rejects::new(&words.file)?;
    let progress = bar(length);
    let mut work = Work { import, rejects, stored: Stored::default(), progress };
    let mut batch: Vec<(Numbered, Vec<u8>)> = Vec::with_capacity(BATCH);
    let done = loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => break work.store(&mut batch).await,
            Err(error) => {
                break work
                    .store(&mut batch)
                    .await
                    .and(Err(anyhow::Error::new(error).context("cannot read the file")));
            }
        };
        work.progress.set_position(rows.bytes);
        let text = match row.text {
            Ok(text) => text,
            Err((start, reason)) => {
                work.rejects.add(row.line, reason, &start)?;
                continue;
            }
        };
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let read = match fields(&text, rows.delimiter) {
            Some(record) => columns.row(record.iter(), region).map_err(|error| error.to_string()),
            None => Err("cannot be read as CSV".to_owned()),
        };
        match read {
            Ok(contact) => batch.push((Numbered { line: row.line, row: contact }, text)),
            Err(reason) => work.rejects.add(row.line, &reason, &text)?,
        }
        if batch.len() == BATCH
            && let Err(error) = work.store(&mut batch).await
        {
            break Err(error);
        }
    };
    work.progress.finish_and_clear();
    let name = words.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (stored, rejected) = (work.stored, work.rejects.count);
    let rejects = work.rejects.finish()?;
    eprintln!("{} imported, {} there already, {rejected} rejected", stored.inserted, stored.present);
    if let Some(rejects) = rejects {
        eprintln!("rejected rows with their reasons: {}", rejects.display());
    }
    if let Err(error) = done {
        return Err(if stored == Stored::default() {
            Failure::Failed(error)
        } else {
            // Whole batches are in; the same file again goes on where this ended.
            Failure::Partly(format!("{error:#}; import the file again for the rest"))
        });
    }
    let short: String = name.chars().take(200).collect();
    work.import.end(&short, stored, rejected).await.context("cannot write the audit log")?;
    match (rejected, stored == Stored::default()) {
        (0, _) => Ok(()),
        (_, false) => Err(Failure::Partly(format!("{rejected} rows were rejected"))),
        (_, true) => Err(Failure::Failed(anyhow::anyhow!("every row was rejected; nothing was imported"))),
    }
}

/// On standard error, and only where that is a terminal.
fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}  {elapsed} (left {eta})")
    {
        bar.set_style(style);
    }
    bar
}

struct Work {
    import: Import,
    rejects: Rejects,
    stored: Stored,
    progress: ProgressBar,
}

impl Work {
    /// Stores the batch; where the database refuses it, row by row, so that one bad row costs no other.
    async fn store(&mut self, batch: &mut Vec<(Numbered, Vec<u8>)>) -> anyhow::Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let rows: Vec<Numbered> = batch.iter().map(|(row, _)| row.clone()).collect();
        match self.import.store(&rows).await {
            Ok(stored) => self.add(stored),
            Err(error) if refused(&error) => {
                for (row, text) in batch.iter() {
                    match self.import.store(std::slice::from_ref(row)).await {
                        Ok(stored) => self.add(stored),
                        Err(error) if refused(&error) => {
                            self.rejects.add(row.line, &format!("refused by the database: {error}"), text)?;
                        }
                        Err(error) => return Err(anyhow::Error::new(error).context("cannot store the rows")),
                    }
                }
            }
            Err(error) => return Err(anyhow::Error::new(error).context("cannot store the rows")),
        }
        batch.clear();
        Ok(())
    }

    fn add(&mut self, stored: Stored) {
        self.stored.inserted += stored.inserted;
        self.stored.present += stored.present;
        self.progress.set_message(format!("{} contacts", self.stored.inserted + self.stored.present));
    }
}

/// Whether the rows are at fault, not the database.
fn refused(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Conflict { .. }
            | StoreError::Reference { .. }
            | StoreError::Check { .. }
            | StoreError::Other(_)
    )
}

/// `FILE.rejected.csv`, made when the first row is refused. A left-over of an earlier run is removed.
struct Rejects {
    path: PathBuf,
    file: Option<csv::Writer<BufWriter<File>>>,
    count: u64,
}

impl Rejects {
    fn new(source: &Path) -> anyhow::Result<Self> {
        let mut name = OsString::from(source);
        name.push(".rejected.csv");
        let path = PathBuf::from(name);
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(anyhow::Error::new(error).context(format!("cannot replace {}", path.display())));
            }
        }
        Ok(Self { path, file: None, count: 0 })
    }

    fn add(&mut self, line: u64, reason: &str, row: &[u8]) -> anyhow::Result<()> {
        let writer = match &mut self.file {
            Some(writer) => writer,
            None => {
                let file = File::create(&self.path)
                    .with_context(|| format!("cannot write {}", self.path.display()))?;
                let mut writer = csv::Writer::from_writer(BufWriter::new(file));
                writer.write_record(["line", "reason", "row"])?;
                self.file.insert(writer)
            }
        };
        let row = String::from_utf8_lossy(row);
        writer.write_record([&*line.to_string(), reason, row.trim_end_matches(['\r', '\n'])])?;
        self.count += 1;
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<Option<PathBuf>> {
        match self.file.take() {
            Some(mut writer) => {
                writer.flush().with_context(|| format!("cannot write {}", self.path.display()))?;
                Ok(Some(self.path))
            }
            None => Ok(None),
        }
    }
}

/// One row of the file: its first line's number, and its text, or the beginning of it and why it is no row.
struct Row {
    line: u64,
    text: Result<Vec<u8>, (Vec<u8>, &'static str)>,
}

/// Rows of a CSV file, whose fields may hold line ends when quoted, in bounded memory.
struct Rows<R> {
    reader: R,
    /// Lines that turned out not to belong to the row before them.
    back: VecDeque<Line>,
    line: u64,
    bytes: u64,
    delimiter: u8,
}

struct Line {
    number: u64,
    text: Vec<u8>,
    /// Longer than a row may be; `text` is its beginning.
    cut: bool,
}

impl<R: BufRead> Rows<R> {
    fn new(reader: R) -> Self {
        Self { reader, back: VecDeque::new(), line: 0, bytes: 0, delimiter: b',' }
    }

    fn next(&mut self) -> io::Result<Option<Row>> {
        let Some(first) = self.next_line()? else { return Ok(None) };
        let number = first.number;
        if first.cut {
            return Ok(Some(Row { line: number, text: Err((first.text, "is longer than 64 KiB")) }));
        }
        let mut text = first.text.clone();
        let mut more: Vec<Line> = Vec::new();
        let mut quoted = in_quotes(false, &text, self.delimiter);
        while quoted {
            let next = self.next_line()?;
            match next {
                Some(line) if !line.cut && text.len() + line.text.len() <= MAX_ROW => {
                    quoted = in_quotes(true, &line.text, self.delimiter);
                    text.extend_from_slice(&line.text);
                    more.push(line);
                }
                other => {
                    // The quote is a slip: this line alone is refused, and those behind it are rows again.
                    for line in more.into_iter().chain(other).rev() {
                        self.back.push_front(line);
                    }
                    return Ok(Some(Row {
                        line: number,
                        text: Err((first.text, "opens a quote that is not closed")),
                    }));
                }
            }
        }
        Ok(Some(Row { line: number, text: Ok(text) }))
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
fn delimiter_of(header: &[u8]) -> u8 {
    let count = |delimiter: u8| header.iter().filter(|byte| **byte == delimiter).count();
    [b';', b'\t']
        .into_iter()
        .filter(|other| count(*other) > count(b','))
        .max_by_key(|other| count(*other))
        .unwrap_or(b',')
}

fn fields(text: &[u8], delimiter: u8) -> Option<csv::ByteRecord> {
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
