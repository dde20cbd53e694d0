//! Postgres's own rate of commits on the program's cluster: pgbench's simple update, 8 clients, synced as production is.

use std::process::{Command, Output};

use anyhow::{Context as _, bail};
use switchroom_bench::program::Program;

const DATABASE: &str = "bench_commits";

/// Transactions a second.
pub fn rate(program: &Program, seconds: u32) -> anyhow::Result<f64> {
    let (socket, port) = program.postgres_socket()?;
    let postgres = |name: &str, arguments: &[&str]| -> anyhow::Result<Output> {
        Command::new(name)
            .args(["-h", &socket, "-p", &port, "-U", "postgres"])
            .args(arguments)
            .output()
            .with_context(|| format!("{name} does not start; dev/setup bench installs it"))
    };
    let known = format!("SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'");
    if postgres("psql", &["-d", "postgres", "-Atc", &known])?.stdout.is_empty() {
        done(&postgres("psql", &["-d", "postgres", "-qc", &format!("CREATE DATABASE {DATABASE}")])?)?;
        done(&postgres("pgbench", &["-i", "-q", "-s", "10", DATABASE])?)?;
    }
    let run = postgres("pgbench", &["-N", "-c", "8", "-j", "2", "-T", &seconds.to_string(), DATABASE])?;
    done(&run)?;
    let said = String::from_utf8_lossy(&run.stdout);
    let tps =
        said.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok());
    tps.context("pgbench told no rate")
}

fn done(output: &Output) -> anyhow::Result<()> {
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
