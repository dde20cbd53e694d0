//! Searches among a million contacts, as the console asks for them: how long somebody who types waits.

use std::time::{Duration, Instant};

use anyhow::ensure;
use switchroom_bench::{
    figures::{Figure, Target, alone, percentile},
    program::Program,
};

use crate::{
    cases::{INDIVIDUALS, ORGANIZATIONS, Place, spread},
    client::{Asked, Client},
};

struct Search {
    name: &'static str,
    /// The `n`th request, and what its answer must hold.
    request: fn(u64) -> (String, String),
}

const SEARCHES: &[Search] = &[
    Search {
        name: "a name, which one has",
        request: |n| {
            let n = spread(n, INDIVIDUALS);
            (format!("individuals?q=caller%20{n}%40"), format!("caller{n}@"))
        },
    },
    Search {
        name: "a word all have",
        request: |_| ("individuals?q=Caller".to_owned(), "Caller ".to_owned()),
    },
    Search {
        name: "the same, with the number of them",
        request: |_| ("individuals?q=Caller&count=true".to_owned(), "\"count\":".to_owned()),
    },
    Search {
        name: "three letters that one in 200 has, with the number of them",
        request: |n| (format!("individuals?q={}&count=true", 100 + n % 900), "\"count\":".to_owned()),
    },
    Search {
        name: "an address, whole",
        request: |n| {
            let address = format!("caller{}@customer.example", spread(n, INDIVIDUALS));
            (format!("individuals?email={address}"), address)
        },
    },
    Search {
        name: "an organization",
        request: |n| {
            let n = spread(n, ORGANIZATIONS);
            (format!("organizations?q=office{n}%40"), format!("office{n}@"))
        },
    },
    Search {
        name: "everybody, by an organization's name",
        request: |n| {
            let n = spread(n, ORGANIZATIONS);
            (format!("contacts?q=office{n}%40"), format!("office{n}@"))
        },
    },
    Search {
        name: "first digits, which 700,000 have",
        request: |_| ("individuals?phone=%2B33600".to_owned(), "+33600".to_owned()),
    },
    Search {
        name: "first digits, which 10,000 have",
        request: |n| (format!("individuals?phone=%2B336{:04}", n % 70), format!("+336{:04}", n % 70)),
    },
    Search {
        name: "the same, with the number of them",
        request: |n| (format!("individuals?phone=%2B336{:04}&count=true", n % 70), "\"count\":".to_owned()),
    },
    Search {
        name: "first digits, which 1,000 have",
        request: |n| (format!("individuals?phone=%2B336{:05}", n % 700), format!("+336{:05}", n % 700)),
    },
];

/// Asks one after the other, for so long each, in so many repeats.
pub fn measure(program: &Program, place: &Place, repeats: usize, length: Duration) -> anyhow::Result<()> {
    let mut client = Client::new(program.http_address(), &place.token)?;
    let mut n = switchroom_bench::random() >> 40;
    for search in SEARCHES {
        let (mut p50, mut p99) = (Figure::default(), Figure::default());
        for _ in 0..repeats {
            let (until, mut waits) = (Instant::now() + length, Vec::new());
            while Instant::now() < until {
                n += 1;
                let (path, expect) = (search.request)(n);
                let asked =
                    Asked { method: "GET", path: format!("/api/v1/{path}"), body: String::new(), expect };
                let began = Instant::now();
                let answer = client.ask(&asked)?;
                waits.push(began.elapsed().as_secs_f64() * 1e3);
                ensure!(
                    answer.status == 200 && answer.has(&asked.expect),
                    "{}: {} {}",
                    asked.path,
                    answer.status,
                    String::from_utf8_lossy(answer.body)
                );
            }
            p50.push(percentile(&waits, 50.0));
            p99.push(percentile(&waits, 99.0));
        }
        let name = format!("search among a million: {}", search.name);
        println!("{}", alone(&format!("{name}: p50"), "ms", &p50, Target::None));
        println!("{}", alone(&format!("{name}: p99"), "ms", &p99, Target::AtMost(50.0)));
    }
    Ok(())
}
