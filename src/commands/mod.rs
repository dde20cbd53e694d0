//! The commands: one module each. This one parses the line, reads the configuration and chooses.

mod hook_verify;
mod import;
mod migrate;
mod password_link;
mod permissions;
mod platform_admin;
mod simulate;
mod tenant;
mod token;

use std::io::Write as _;
use std::process::ExitCode;

use crate::config::{self, Config, Flags, SipAddress};
use crate::{data_dir, logging, postgres, serve};

/// The command line.
#[derive(Debug, clap::Parser)]
#[command(name = "switchroom", version, about, max_term_width = 110)]
#[command(arg_required_else_help = true, args_override_self = true)]
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
    /// Bring the schema up to date, then exit
    Migrate,
    /// Tenants: the accounts that everything belongs to
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Platform admins: who stands above all tenants
    #[command(subcommand)]
    PlatformAdmin(PlatformAdminCommand),
    /// API tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Print a one-time link by which somebody chooses a new password
    PasswordLink(password_link::Args),
    /// Play real calls against a running demo server
    Simulate(simulate::Args),
    /// Judge recorded webhook requests, one JSON object per line
    HookVerify,
    /// Files of contacts
    #[command(subcommand)]
    Import(ImportCommand),
    /// Print the OpenAPI document of the HTTP API
    Openapi,
    /// Print the AsyncAPI document of the socket protocol
    Asyncapi,
    /// Print who may do what, as Markdown
    Permissions,
}

#[derive(Debug, clap::Subcommand)]
enum TenantCommand {
    /// Make a tenant, and its owner
    Create(tenant::Create),
}

#[derive(Debug, clap::Subcommand)]
enum PlatformAdminCommand {
    /// Make a platform admin, and print a one-time link to choose a password by
    Create(platform_admin::Create),
}

#[derive(Debug, clap::Subcommand)]
enum ImportCommand {
    /// Import contacts from a CSV file
    Contacts(import::Contacts),
}

#[derive(Debug, clap::Subcommand)]
enum TokenCommand {
    /// Make an API token and print it, once
    Create(token::Create),
}

/// Runs the command.
pub fn run(line: Line) -> Result<(), Failure> {
    // The documents follow from the code alone.
    match line.command {
        Command::Openapi => return print(&switchroom_api::openapi()),
        Command::Asyncapi => return print(&switchroom_ws::asyncapi()),
        Command::Permissions => return say(&permissions::page()),
        _ => {}
    }
    let config = Config::load(&line.flags)?;
    logging::start(config.log_format);
    for name in config::strangers() {
        tracing::warn!(variable = name, "this environment variable looks like a setting, and is none");
    }
    if let Command::Import(_) = line.command {
        import::let_calls_go_first();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(anyhow::Error::new(error).context("cannot start the runtime")))?;
    let done = runtime.block_on(async {
        match line.command {
            Command::Serve => serve::run(config).await,
            Command::Migrate => migrate::run(&config).await,
            Command::Tenant(TenantCommand::Create(words)) => tenant::create(&config, words).await,
            Command::PlatformAdmin(PlatformAdminCommand::Create(words)) => {
                platform_admin::create(&config, words).await
            }
            Command::Import(ImportCommand::Contacts(words)) => import::contacts(&config, words).await,
            Command::Token(TokenCommand::Create(words)) => token::create(&config, words).await,
            Command::PasswordLink(words) => password_link::run(&config, words).await,
            Command::Simulate(words) => {
                let sip = match config.sip {
                    SipAddress::At(address) => Some(config::reachable(address)),
                    SipAddress::Off => None,
                };
                simulate::run(&config.data_dir, sip, words).await.map_err(Failure::from)
            }
            Command::HookVerify => hook_verify::run(config.webhook_tolerance_s).map_err(Failure::from),
            Command::Openapi | Command::Asyncapi | Command::Permissions => Ok(()),
        }
    });
    // A blocking call that hangs (a dead network file system) must not hold the process.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    done
}

fn print(document: &serde_json::Value) -> Result<(), Failure> {
    say(&format!("{}\n", serde_json::to_string_pretty(document).map_err(anyhow::Error::from)?))
}

fn say(text: &str) -> Result<(), Failure> {
    // A reader that has seen enough (`| head`) is no failure.
    let _ = write!(std::io::stdout(), "{text}");
    Ok(())
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
    /// Another process has the log of the database: 4. Starting again would only take it back and forth.
    #[error(
        "another switchroom has taken over the log of this database; two may not share one, so this one has ended"
    )]
    Overtaken,
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
            Self::Overtaken => 4,
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
