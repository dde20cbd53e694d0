//! The private Postgres of the program, and pgbench on it.

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use anyhow::{Context as _, bail, ensure};
use switchroom_bench::program::Program;

/// Where the server listens.
pub struct Server {
    folder: PathBuf,
    socket: String,
    port: String,
}

impl Server {
    pub fn of(program: &Program) -> anyhow::Result<Self> {
        let lock = std::fs::read_to_string(program.data().join("postgres/postmaster.pid"))?;
        let line = |n: usize| lock.lines().nth(n).map(|line| line.trim().to_owned());
        Ok(Self {
            folder: program.folder().to_owned(),
            port: line(3).context("the lock file names no port")?,
            socket: line(4).context("the lock file names no socket")?,
        })
    }

    fn command(&self, tool: &str, user: &str) -> anyhow::Result<Command> {
        let mut command = Command::new(find(tool)?);
        command.args(["-h", &self.socket, "-p", &self.port, "-U", user]).current_dir(&self.folder);
        Ok(command)
    }

    /// Runs statements as the superuser.
    pub fn run(&self, sql: &str) -> anyhow::Result<()> {
        let mut child = self
            .command("psql", "postgres")?
            .args(["-q", "-X", "-v", "ON_ERROR_STOP=1", "-d", "switchroom"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        child.stdin.take().context("no standard input")?.write_all(sql.as_bytes())?;
        said(&child.wait_with_output()?).map(drop)
    }

    /// Transactions a second of a script, run as the program's role.
    pub fn pgbench(&self, script: &str, clients: usize, seconds: u64) -> anyhow::Result<f64> {
        let file = self.folder.join("transaction.sql");
        std::fs::write(&file, script)?;
        let output = self
            .command("pgbench", "switchroom_app")?
            .args(["-n", "-M", "prepared", "-j", "2", "-c", &clients.to_string(), "-T", &seconds.to_string()])
            .arg("-f")
            .arg(&file)
            .arg("switchroom")
            .output()?;
        let text = said(&output)?;
        let failed = text.lines().find(|line| line.starts_with("number of failed transactions"));
        ensure!(failed.is_none_or(|line| line.contains(": 0 ")), "pgbench: {failed:?}");
        text.lines()
            .find_map(|line| line.strip_prefix("tps = "))
            .and_then(|rest| rest.split(' ').next()?.parse().ok())
            .with_context(|| format!("pgbench told no rate:\n{text}"))
    }
}

fn said(output: &Output) -> anyhow::Result<String> {
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A tool of Postgres: on the PATH, or where Debian keeps it.
fn find(tool: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    for version in (15..=20).rev() {
        folders.push(format!("/usr/lib/postgresql/{version}/bin").into());
    }
    match folders.into_iter().map(|folder| folder.join(tool)).find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => bail!("{tool} is missing: dev/setup bench"),
    }
}
