//! The commands: one module each. This one parses the line, reads the configuration and chooses.

mod serve;

use std::process::ExitCode;

use crate::config::{self, Config, Flags};
use crate::{data_dir, logging, postgres};

/// The command line.
#[derive(Debug, clap::Parser)]
#[command(name = "switchroom", version, about, max_term_width = 110)]
#[command(infer_subcommands = false, arg_required_else_help = true)]
pub struct Line {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run everything that the configuration asks for
    Serve,
}

/// Runs the command.
pub fn run(line: Line) -> Result<(), Failure> {
    let config = Config::load(&line.flags)?;
    logging::start(config.log_format);
    for name in config::strangers() {
        tracing::warn!(variable = name, "this environment variable looks like a setting, and is none");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(anyhow::Error::new(error).context("cannot start the runtime")))?;
    match line.command {
        Command::Serve => runtime.block_on(serve::run(config)),
    }
}

/// Why a command did not do what it was asked; the kind decides the exit code.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It was asked wrongly, or the data directory is somebody else's: 2.
    #[error("{0}")]
    Usage(String),
    /// It did part of the work: 3.
    #[error("{0}")]
    Partly(String),
    /// Everything else: 1.
    #[error("{0:#}")]
    Failed(anyhow::Error),
}

impl Failure {
    /// The code the process ends with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Partly(_) => 3,
        })
    }
}

impl From<config::Error> for Failure {
    fn from(error: config::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<data_dir::Error> for Failure {
    fn from(error: data_dir::Error) -> Self {
        match error {
            data_dir::Error::InUse { .. } => Self::Usage(error.to_string()),
            data_dir::Error::Io { .. } => Self::Failed(error.into()),
        }
    }
}

impl From<postgres::Error> for Failure {
    fn from(error: postgres::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}
