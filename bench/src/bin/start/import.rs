//! `switchroom import contacts` into a running call centre, beside plain COPYs of the same rows.

use std::{
    ops::Range,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use switchroom_bench::{
    figures::{Figure, Target, against, alone, short},
    number,
    postgres::Socket,
    program::{Program, binary},
};
use switchroom_core::directory::{Contact, ContactKind, ContactPhone, ContactRef, TenantDirectory};
use uuid::Uuid;

use crate::{
    calls::{Calls, Latencies, RATE},
    rows::{self, Copies},
};

/// How long calls are watched before each import.
const QUIET: Duration = Duration::from_secs(4);

#[derive(Default)]
struct Figures {
    import: Figure,
    copy: Figure,
    in_memory: Figure,
    acknowledged: (Figure, Figure),
    popped: (Figure, Figure),
}

pub fn measure(count: u64, repeats: usize) -> anyhow::Result<()> {
    let mut program = Program::start(&crate::FLAGS)?;
    let mut figures = Figures::default();
    for repeat in 0..repeats as u64 {
        let first = 2 * repeat * count;
        one(&program, first..first + count, first + count..first + 2 * count, &mut figures)?;
        eprintln!("import {} of {repeats}: {}", repeat + 1, figures.last());
        empty(&Socket::of(&program)?)?;
        program = program.kill_and_start(&crate::FLAGS)?;
    }
    figures.tell(count);
    Ok(())
}

/// Every repeat finds the same empty tables. Who reads them meanwhile (the change feed, the server's own cleaning) may
/// hold one and wait for another that is locked already; one of the two gives up then.
fn empty(socket: &Socket) -> anyhow::Result<()> {
    let mut done = Ok(String::new());
    for _ in 0..10 {
        done = socket.sql(
            "TRUNCATE contact_phones, organization_contacts, organizations, individuals, outbox CASCADE",
        );
        if done.is_ok() {
            break;
        }
    }
    done.map(drop)
}

fn one(program: &Program, rows: Range<u64>, others: Range<u64>, figures: &mut Figures) -> anyhow::Result<()> {
    let socket = Socket::of(program)?;
    let tenant = socket.sql("SELECT id FROM tenants WHERE slug = 'demo'")?;
    let file = program.folder().join("contacts.csv");
    rows::write_csv(&file, rows.clone())?;
    let count = rows.end - rows.start;
    let before = numbers(&socket)?;

    let calls = Calls::start(program)?;
    // The first calls open what later ones find open.
    std::thread::sleep(Duration::from_secs(1));
    calls.forget();
    std::thread::sleep(QUIET);
    let quiet = calls.latencies();
    calls.forget();
    let began = Instant::now();
    import(program, &file)?;
    figures.import.push(began.elapsed().as_secs_f64());
    let during = calls.latencies();
    while calls.caller(number(rows.end - 1))?.is_null() {
        ensure!(began.elapsed() < Duration::from_secs(600), "the import does not reach the memory");
        std::thread::sleep(Duration::from_millis(20));
    }
    figures.in_memory.push(began.elapsed().as_secs_f64());
    calls.end()?;
    let stored = numbers(&socket)? - before;
    ensure!(stored == count, "{stored} numbers of {count} are there after the import");
    let push = |(quiet_figure, during_figure): &mut (Figure, Figure), of: fn(&Latencies) -> f64| {
        quiet_figure.push(of(&quiet));
        during_figure.push(of(&during));
    };
    push(&mut figures.acknowledged, Latencies::acknowledged_p99);
    push(&mut figures.popped, Latencies::popped_p99);

    // As many rows again, and the index of them.
    let copies = Copies::of(&tenant, others.clone());
    let began = Instant::now();
    copies.run(&socket)?;
    let copied = began.elapsed();
    ensure!(numbers(&socket)? - before == 2 * count, "not every row was copied");
    figures.copy.push((copied + index(others)).as_secs_f64());
    Ok(())
}

fn numbers(socket: &Socket) -> anyhow::Result<u64> {
    socket.sql("SELECT count(*) FROM contact_phones")?.parse().context("not a count")
}

fn import(program: &Program, file: &Path) -> anyhow::Result<()> {
    let output = Command::new(binary()?)
        .args(["import", "contacts"])
        .arg(file)
        .args(["--tenant", "demo", "--data-dir"])
        .arg(program.data())
        .stdin(Stdio::null())
        .output()?;
    ensure!(output.status.success(), "import: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// How long it takes to fill an index with rows at hand.
fn index(rows: Range<u64>) -> Duration {
    let contacts: Vec<Contact> = rows
        .map(|n| Contact {
            reference: ContactRef { kind: ContactKind::Individual, id: Uuid::now_v7() },
            name: format!("Caller {n}").into(),
            organization: None,
            gender: None,
            email: Some(format!("caller{n}@customer.example").into()),
            active: true,
            last_contacted_at: None,
            phones: vec![ContactPhone { e164: number(n), primary: true }],
        })
        .collect();
    let began = Instant::now();
    let directory = TenantDirectory::new();
    directory.begin_load(contacts.len());
    contacts.into_iter().for_each(|contact| directory.put(contact));
    directory.end_load();
    began.elapsed()
}

impl Figures {
    fn last(&self) -> String {
        let last = |figure: &Figure| figure.values().last().copied().unwrap_or(f64::NAN);
        format!(
            "{:.2} s ({:.2} s until in memory), COPY and index {:.2} s; p99 of calls {:.1} ms before, {:.1} ms during; of pops {:.1} and {:.1} ms",
            last(&self.import),
            last(&self.in_memory),
            last(&self.copy),
            last(&self.acknowledged.0),
            last(&self.acknowledged.1),
            last(&self.popped.0),
            last(&self.popped.1),
        )
    }

    fn tell(&self, count: u64) {
        let peer = ("plain COPY into the same tables, and the index", &self.copy);
        let what = format!("import: {} rows of CSV beside calls", short(count as f64));
        println!("{}", against(&what, "s", &self.import, peer, Target::AtMost(1.5)));
        println!(
            "{}",
            against(&format!("{what}, until found in memory"), "s", &self.in_memory, peer, Target::None)
        );
        for (what, (quiet, during)) in
            [("event → 2xx, commit included", &self.acknowledged), ("event → pop", &self.popped)]
        {
            let what = format!("import: p99 of {what}, {RATE} events a second, during the import");
            println!("{}", against(&what, "ms", during, ("just before it", quiet), Target::None));
        }
        let rates = Figure::new(self.import.values().iter().map(|seconds| count as f64 / seconds).collect());
        println!("{}", alone("import: rows a second", "", &rates, Target::None));
    }
}
