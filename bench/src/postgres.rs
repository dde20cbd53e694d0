//! The program's private Postgres, asked from outside: by psql and pgbench over its Unix socket.

use std::{
    io::{BufWriter, Write as _},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use crate::program::Program;

/// How to reach it, as its superuser.
pub struct Socket {
    folder: String,
    port: String,
}

impl Socket {
    pub fn of(program: &Program) -> anyhow::Result<Self> {
        let (folder, port) = program.postgres_socket()?;
        Ok(Self { folder, port })
    }

    /// One of Postgres' tools, told where to go.
    pub fn command(&self, tool: &str) -> Command {
        let mut command = Command::new(tool);
        command.args(["-h", &self.folder, "-p", &self.port, "-U", "postgres", "switchroom"]);
        command
    }

    fn psql(&self) -> Command {
        let mut psql = self.command("psql");
        psql.args(["-q", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1"]);
        psql
    }

    /// Runs statements; answers with what they print.
    pub fn sql(&self, sql: &str) -> anyhow::Result<String> {
        let output = self.psql().args(["-c", sql]).output().context("psql does not start")?;
        ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// A COPY of these lines.
    pub fn copy(&self, sql: &str, lines: impl Iterator<Item = impl AsRef<str>>) -> anyhow::Result<()> {
        let mut psql = self.psql().args(["-c", sql]).stdin(Stdio::piped()).spawn()?;
        let mut input = BufWriter::new(psql.stdin.take().context("no standard input")?);
        for line in lines {
            input.write_all(line.as_ref().as_bytes())?;
        }
        input.flush()?;
        drop(input);
        ensure!(psql.wait()?.success(), "psql refused the rows of {sql}");
        Ok(())
    }
}
