//! Files of contacts: what the program holds in memory while it sends a million, as CSV and as a sheet, beside a tenth
//! of that. Memory that grew with the rows would be ten times as much.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use switchroom_bench::{
    figures::{Figure, Target, against, alone},
    process,
    program::Program,
};

use crate::{
    cases::{INDIVIDUALS, Place},
    peer::Server,
};

const MIB: f64 = 1024.0 * 1024.0;
/// So many individuals that a sheet still holds them beside those of the demo.
const MILLION: u64 = 999_900;

/// Individuals beyond those of [`crate::seed`].
fn more(place: &Place) -> String {
    format!(
        r"
SET session_replication_role = replica;
INSERT INTO individuals (id, tenant_id, full_name, email, address, created_at)
SELECT ('c1000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '{}', 'Caller ' || n,
       'caller' || n || '@customer.example', n || ' Example Street', now() - n * interval '1 second'
  FROM generate_series({INDIVIDUALS}, {MILLION} - 1) n;
VACUUM ANALYZE individuals;
",
        place.tenant
    )
}

/// One file, read to its end and thrown away: its length, how long it took, and the most that was resident meanwhile.
fn export(
    program: &Program,
    place: &Place,
    kind: &str,
    format: &str,
) -> anyhow::Result<(u64, Duration, u64)> {
    let pid = program.pid();
    let over = Arc::new(AtomicBool::new(false));
    let watching = std::thread::spawn({
        let over = Arc::clone(&over);
        move || -> std::io::Result<u64> {
            let mut most = 0;
            while !over.load(Ordering::Relaxed) {
                most = most.max(process::resident(pid)?);
                std::thread::sleep(Duration::from_millis(10));
            }
            Ok(most)
        }
    });
    let began = Instant::now();
    let taken = take(program, place, kind, format);
    let took = began.elapsed();
    over.store(true, Ordering::Relaxed);
    let most = watching.join().ok().context("the watch panicked")??;
    Ok((taken?, took, most))
}

/// By hand: a client would keep what it reads, or count it for us.
fn take(program: &Program, place: &Place, kind: &str, format: &str) -> anyhow::Result<u64> {
    let address = program.http_address();
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "GET /api/v1/contact-exports?kind={kind}&format={format} HTTP/1.1\r\nhost: {address}\r\n\
         authorization: Bearer {}\r\nconnection: close\r\n\r\n",
        place.token
    )?;
    let (mut buffer, mut length, mut first) = (vec![0_u8; 64 * 1024], 0_u64, true);
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(length);
        }
        if first {
            let head = String::from_utf8_lossy(&buffer[..read]);
            ensure!(head.starts_with("HTTP/1.1 200"), "{kind} as {format}: {head}");
            first = false;
        }
        length += read as u64;
    }
}

/// A tenth of a million, then the million, in the same program, whose memory at rest is taken before each.
pub fn measure(program: &Program, server: &Server, place: &Place, repeats: usize) -> anyhow::Result<()> {
    server.run(&more(place))?;
    for format in ["csv", "xlsx"] {
        let mut grown = [Figure::default(), Figure::default()];
        let (mut seconds, mut size) = (Figure::default(), Figure::default());
        for _ in 0..repeats {
            for (place_in_row, kind) in ["organization", "individual"].into_iter().enumerate() {
                let before = process::resident(program.pid())?;
                let (length, took, most) = export(program, place, kind, format)?;
                grown[place_in_row].push(most.saturating_sub(before) as f64 / MIB);
                if kind == "individual" {
                    ensure!(length > 20 * 1024 * 1024, "a million contacts in {length} octets");
                    seconds.push(took.as_secs_f64());
                    size.push(length as f64 / MIB);
                }
            }
        }
        let name = format!("a million contacts as {}", format.to_uppercase());
        let [tenth, million] = &grown;
        let what = format!("{name}: memory beyond rest, at most");
        println!("{}", alone(&what, "MiB", million, Target::AtMost(64.0)));
        println!("{}", against("the same", "MiB", million, ("100,000 contacts", tenth), Target::None));
        println!("{}", alone(&format!("{name}: until the file is there"), "s", &seconds, Target::None));
        println!("{}", alone(&format!("{name}: the file"), "MiB", &size, Target::None));
    }
    Ok(())
}
