//! The private Postgres: a real server in the data directory, for people who do not want to set one up.
//!
//! It speaks over a Unix socket only, belongs to this program and never outlives it for long: it is stopped at exit,
//! started again when it dies, and one that survived a `kill -9` of the program is stopped by the next start, which
//! also ends what its old sessions were doing. No SQL here; who connects, and as which role, is decided in the store.
//!
//! Everything is blocking and runs beside the reactor (`spawn_blocking`, and one thread that watches the server).

mod binaries;
mod cluster;
mod owner;
mod server;

use std::path::{Path, PathBuf};

pub use cluster::Socket;
pub use server::PrivatePostgres;

/// Starts the private server of a data directory that this process has locked, making its cluster first where there
/// is none.
pub fn start(data: &Path) -> Result<PrivatePostgres, Error> {
    PrivatePostgres::start(cluster::Cluster::prepare(data)?)
}

/// The socket of a server that another process runs on this data directory, if there is one.
pub fn running(data: &Path) -> Option<Socket> {
    cluster::running_socket(data)
}

/// What keeps the private Postgres from running, in words for whoever started the program.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No suitable server programs.
    #[error("{}", no_binaries(*wanted, found))]
    NoBinaries {
        /// The major version of the existing cluster.
        wanted: Option<u32>,
        /// What was found instead.
        found: Vec<String>,
    },
    /// Root, on a machine with neither of the two users.
    #[error(
        "Postgres does not run as root, and there is no user `postgres` or `nobody` to lend it to; start switchroom as another user, or set --database-url"
    )]
    NoUser,
    /// A cluster whose folder its user cannot enter any more.
    #[error(
        "the user that Postgres runs as cannot reach {0}: make its parent folders traversable (chmod o+x), or move the data directory"
    )]
    OutOfReach(PathBuf),
    /// The data folder holds something else.
    #[error("{0} is not a Postgres cluster of this program: {1}")]
    NotACluster(PathBuf, &'static str),
    /// A server program failed.
    #[error("{program} failed ({status}): {output}")]
    Failed {
        /// Which one.
        program: &'static str,
        /// How it ended.
        status: String,
        /// The last lines it wrote.
        output: String,
    },
    /// A surviving server would not go.
    #[error("an earlier Postgres (process {0}) still uses the data directory and does not stop")]
    Survivor(i32),
    /// The file system said no.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl Error {
    fn io(what: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io { what, path: path.to_owned(), source }
    }
}

fn no_binaries(wanted: Option<u32>, found: &[String]) -> String {
    let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
    match wanted {
        Some(major) => format!(
            "the data directory was made by Postgres {major}, and no Postgres {major} is installed (found: {found}). Install \
             it, or move the data to another version with a dump; see docs/operators.md"
        ),
        None => format!(
            "no Postgres server of version {} or later found (found: {found}). Install one (Debian: apt-get install \
             postgresql-15; macOS: brew install postgresql@17), or set --database-url",
            binaries::OLDEST
        ),
    }
}
