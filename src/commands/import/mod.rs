//! `switchroom import contacts`: a CSV file of contacts into one tenant, streamed.
//!
//! A row is stored whole or not at all; what is refused goes to `FILE.rejected.csv` with its line and the reason, and
//! can be imported from there once it is mended. `docs/import.md` describes the file.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use rustix::process::{getpriority_process, setpriority_process};
use switchroom_core::TenantId;
use switchroom_core::csv_rows::{OPEN_QUOTE, Row, Rows, delimiter_of, fields};
use switchroom_core::directory::import::{Columns, OwnFields, RowError};
use switchroom_core::number::Region;
use switchroom_store::import::{Import, Numbered, Stored, sparing};
use switchroom_store::{StoreError, contact_fields, directory_settings, tenants};
use tokio::task::JoinHandle;

use super::Failure;
use crate::config::Config;
use crate::database::Opened;

/// Rows of one transaction: many, because each has costs of its own, and few enough to be seen in memory soon.
const BATCH: usize = 8_000;

/// How much an import yields to the call centre beside it (`setpriority`): about a tenth of a core beside a thread that
/// wants all of it.
const NICENESS: i32 = 10;

/// Before there are threads: those made from here on inherit it.
pub fn let_calls_go_first() {
    let yielded = getpriority_process(None).and_then(|own| setpriority_process(None, own + NICENESS));
    if let Err(error) = yielded {
        tracing::warn!(%error, "the import runs at the priority of calls");
    }
}

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
    let result = run(&opened, &words, region, columns, rows, length).await;
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
    columns: Columns,
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
    let (own, tax_id_required) =
        wanted(opened, tenant.id).await.context("cannot read the tenant's own fields")?;
    let columns = columns.knowing(own).requiring_tax_id(tax_id_required);
    let import = Import::begin(&opened.db, tenant.id).await.context("cannot begin the import")?;
    let rejects = Rejects::new(&words.file)?;
    let progress = bar(length);
    let mut work = Work { state: State::Idle(import), rejects, stored: Stored::default(), progress };
    let mut batch: Batch = Vec::with_capacity(BATCH);
    let done = loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => break work.store(&mut batch).await,
            Err(error) => {
                let failed = anyhow::Error::new(error).context("cannot read the file");
                break work.store(&mut batch).await.and(Err(failed));
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
            Some(record) => columns.row(record.iter(), region),
            None => Err(RowError::FieldCount { found: 0, expected: columns.len() }),
        };
        match read {
            Ok(contact) => batch.push((Numbered { line: row.line, row: contact }, text)),
            Err(RowError::FieldCount { .. }) if !row.more.is_empty() => {
                // Two slips that closed each other: between them are rows.
                work.rejects.add(row.line, OPEN_QUOTE, &text[..row.first])?;
                rows.give_back(row.more.into_iter());
            }
            Err(reason) => work.rejects.add(row.line, &reason.to_string(), &text)?,
        }
        if batch.len() == BATCH
            && let Err(error) = work.store(&mut batch).await
        {
            break Err(error);
        }
    };
    // What is under way counts, whatever ended the reading.
    let settled = work.settle().await;
    work.progress.finish_and_clear();
    let name = words.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (stored, rejected) = (work.stored, work.rejects.count);
    let rejects = work.rejects.finish()?;
    eprintln!("{} imported, {} there already, {rejected} rejected", stored.inserted, stored.present);
    if let Some(rejects) = rejects {
        eprintln!("rejected rows with their reasons: {}", rejects.display());
    }
    let import = match done.and(settled) {
        Ok(import) => import,
        Err(error) if stored == Stored::default() => return Err(Failure::Failed(error)),
        // Whole batches are in; the same file again goes on where this ended.
        Err(error) => return Err(Failure::Partly(format!("{error:#}; import the file again for the rest"))),
    };
    let short: String = name.chars().take(200).collect();
    import.end(&short, stored, rejected).await.context("cannot write the audit log")?;
    match (rejected, stored == Stored::default()) {
        (0, _) => Ok(()),
        (_, false) => Err(Failure::Partly(format!("{rejected} rows were rejected"))),
        (_, true) => Err(Failure::Failed(anyhow::anyhow!("every row was rejected; nothing was imported"))),
    }
}

/// What the tenant wants of contacts: fields of its own, and whether organizations must have a tax id.
async fn wanted(opened: &Opened, tenant: TenantId) -> Result<(OwnFields, bool), StoreError> {
    let mut tx = opened.db.tenant(tenant).await?;
    let own = contact_fields::by_kind(&mut tx).await?;
    let settings = directory_settings::get(&mut tx, tenant).await?;
    tx.commit().await?;
    Ok((own, settings.tax_id_required))
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

/// Rows that can be stored, with the texts they were read from.
type Batch = Vec<(Numbered, Vec<u8>)>;

struct Work {
    state: State,
    rejects: Rejects,
    stored: Stored,
    progress: ProgressBar,
}

/// While one batch is stored the next is read.
enum State {
    Idle(Import),
    Busy(JoinHandle<(Import, Outcome)>),
    /// The import could not be had back.
    Lost,
}

/// What became of a batch.
#[derive(Default)]
struct Outcome {
    stored: Stored,
    /// Line, reason and text of rows that the database refused.
    refused: Vec<(u64, String, Vec<u8>)>,
    failed: Option<StoreError>,
}

impl Work {
    /// Begins to store the batch, once the one before is stored.
    async fn store(&mut self, batch: &mut Batch) -> anyhow::Result<()> {
        let mut import = self.settle().await?;
        let batch = std::mem::replace(batch, Vec::with_capacity(BATCH));
        self.state = State::Busy(tokio::spawn(async move {
            let outcome = store(&mut import, batch).await;
            (import, outcome)
        }));
        Ok(())
    }

    /// Waits for the batch under way; the import is free then.
    async fn settle(&mut self) -> anyhow::Result<Import> {
        let (import, outcome) = match std::mem::replace(&mut self.state, State::Lost) {
            State::Idle(import) => return Ok(import),
            State::Busy(task) => task.await.context("storing rows panicked")?,
            State::Lost => anyhow::bail!("an earlier batch failed"),
        };
        self.stored += outcome.stored;
        self.progress.set_message(format!("{} contacts", self.stored.inserted + self.stored.present));
        for (line, reason, text) in &outcome.refused {
            self.rejects.add(*line, reason, text)?;
        }
        match outcome.failed {
            None => Ok(import),
            Some(error) => Err(anyhow::Error::new(error).context("cannot store the rows")),
        }
    }
}

/// Stores the batch; one bad row costs no other.
async fn store(import: &mut Import, batch: Batch) -> Outcome {
    let (rows, mut texts): (Vec<Numbered>, Vec<Vec<u8>>) = batch.into_iter().unzip();
    let done = sparing(import, &rows).await;
    let refused = done
        .refused
        .into_iter()
        .map(|(place, reason)| (rows[place].line, reason, std::mem::take(&mut texts[place])))
        .collect();
    Outcome { stored: done.stored, refused, failed: done.failed }
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
