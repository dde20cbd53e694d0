//! Where the cluster lives, how it is made, and how it is set up. One folder holds the database (`postgres/`), one the
//! socket (`run/`); both belong to the user that Postgres runs as.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rand::RngExt as _;

use super::Error;
use super::binaries::{self, Binaries};
use super::owner::Owner;

/// Where root puts clusters whose user cannot reach the data directory.
const SHARED_HOME: &str = "/var/lib/switchroom";
/// In the data directory: the name under [`SHARED_HOME`].
const ID_FILE: &str = "cluster-id";
/// Beside the cluster: the socket's folder, when the usual one has too long a path.
const SOCKET_FILE: &str = "socket-dir";
/// The kernel's limit is 104 bytes on macOS and 108 on Linux, the closing zero included.
const LONGEST_SOCKET_PATH: usize = 100;
/// Character types that know the letters of all languages, so that `lower()` and the trigrams of names do; the first that
/// the system has is taken. Linux has the first, macOS the others. None of them is a collation: that stays C, which sorts by
/// bytes, fast and the same everywhere.
const LETTERS: [&str; 3] = ["C.UTF-8", "UTF-8", "en_US.UTF-8"];
/// The port only names the socket file; there is no TCP.
const PORT: u16 = 5432;

/// How to reach the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Socket {
    /// The folder of the socket.
    pub dir: PathBuf,
    /// The number in the socket's name.
    pub port: u16,
    /// The role that made the cluster: a superuser.
    pub superuser: &'static str,
}

/// A cluster that is ready to be started.
#[derive(Debug)]
pub struct Cluster {
    pub(super) owner: Owner,
    pub(super) binaries: Binaries,
    /// Postgres' data directory.
    pub(super) data: PathBuf,
    /// Its socket.
    pub(super) socket: Socket,
}

impl Cluster {
    /// Finds the cluster of a data directory, or makes it.
    pub fn prepare(data_dir: &Path) -> Result<Self, Error> {
        let owner = Owner::find()?;
        let home = home(data_dir, owner)?;
        let data = home.join("postgres");
        let binaries = binaries::find(existing_major(&data)?)?;
        let binaries = within_reach(binaries, &home, owner)?;
        if !data.join("PG_VERSION").is_file() {
            make(&data, &binaries, owner)?;
        }
        let socket = socket(&home, owner)?;
        configure(&data, owner)?;
        // As the kernel names it, so that a process' working directory can be compared with it.
        let data = data.canonicalize().map_err(|source| Error::io("resolve", &data, source))?;
        Ok(Self { owner, binaries, data, socket })
    }
}

/// The socket of the server that runs on this data directory, as far as files can tell.
pub fn running_socket(data_dir: &Path) -> Option<Socket> {
    let home = match read_id(data_dir) {
        Some(id) => Path::new(SHARED_HOME).join(id),
        None => data_dir.to_owned(),
    };
    let dir = recorded_socket_dir(&home).unwrap_or_else(|| home.join("run"));
    dir.join(format!(".s.PGSQL.{PORT}")).symlink_metadata().is_ok().then_some(Socket {
        dir,
        port: PORT,
        superuser: "postgres",
    })
}

/// The folder that holds the cluster: the data directory, or a folder of its own where the user that Postgres runs as
/// cannot reach that one. Modes of folders that are already there are never changed.
fn home(data_dir: &Path, owner: Owner) -> Result<PathBuf, Error> {
    if let Some(id) = read_id(data_dir) {
        return shared_home(&id, data_dir);
    }
    if owner.reaches(data_dir) {
        return Ok(data_dir.to_owned());
    }
    if data_dir.join("postgres").exists() {
        return Err(Error::OutOfReach(data_dir.to_owned()));
    }
    let id = format!("{:016x}", rand::rng().random::<u64>());
    let home = shared_home(&id, data_dir)?;
    let file = data_dir.join(ID_FILE);
    fs::write(&file, format!("{id}\n")).map_err(|source| Error::io("write", &file, source))?;
    tracing::info!(folder = %home.display(), "the Postgres user cannot reach the data directory; the cluster is kept here");
    Ok(home)
}

fn read_id(data_dir: &Path) -> Option<String> {
    let text = fs::read_to_string(data_dir.join(ID_FILE)).ok()?;
    let id = text.trim();
    (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned())
}

fn shared_home(id: &str, data_dir: &Path) -> Result<PathBuf, Error> {
    let home = Path::new(SHARED_HOME).join(id);
    if !home.is_dir() {
        make_dir(Path::new(SHARED_HOME), 0o755)?;
        make_dir(&home, 0o755)?;
        // For the administrator who wonders whose this is.
        let note = home.join("data-dir");
        fs::write(&note, format!("{}\n", data_dir.display()))
            .map_err(|source| Error::io("write", &note, source))?;
    }
    Ok(home)
}

/// Makes a folder with exactly this mode, whatever the umask; one that exists is left as it is.
fn make_dir(path: &Path, mode: u32) -> Result<(), Error> {
    match fs::DirBuilder::new().mode(mode).create(path) {
        Ok(()) => fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .map_err(|source| Error::io("set the mode of", path, source)),
        Err(source) if source.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(Error::io("make", path, source)),
    }
}

fn existing_major(data: &Path) -> Result<Option<u32>, Error> {
    let file = data.join("PG_VERSION");
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
            return match fs::read_dir(data).map(|mut entries| entries.next().is_some()) {
                Ok(true) => Err(Error::NotACluster(data.to_owned(), "it has files in it, but no PG_VERSION")),
                _ => Ok(None),
            };
        }
        Err(source) => return Err(Error::io("read", &file, source)),
    };
    text.trim()
        .parse()
        .map(Some)
        .map_err(|_| Error::NotACluster(data.to_owned(), "its PG_VERSION is no number"))
}

/// The same programs where the owner can run them: npm packages often lie under a home folder that is closed to
/// others, so they are copied beside the cluster.
fn within_reach(binaries: Binaries, home: &Path, owner: Owner) -> Result<Binaries, Error> {
    if !owner.is_lent() || owner.runs(&binaries.program("postgres")) {
        return Ok(binaries);
    }
    let copy = home.join(format!("pgsql-{}", binaries.major));
    let programs = copy.join("bin");
    if !owner.runs(&programs.join("postgres")) {
        let source = binaries.dir.parent().unwrap_or(&binaries.dir);
        copy_tree(source, &copy)?;
    }
    Binaries::probe(&programs)
        .filter(|_| owner.runs(&programs.join("postgres")))
        .ok_or(Error::OutOfReach(binaries.dir))
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), Error> {
    make_dir(to, 0o755)?;
    for entry in fs::read_dir(from).map_err(|source| Error::io("read", from, source))? {
        let entry = entry.map_err(|source| Error::io("read", from, source))?;
        let (path, place) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(|source| Error::io("read", &path, source))?;
        let done = if kind.is_dir() {
            copy_tree(&path, &place)?;
            Ok(())
        } else if kind.is_symlink() {
            fs::read_link(&path).and_then(|target| match std::os::unix::fs::symlink(target, &place) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
                other => other,
            })
        } else {
            fs::copy(&path, &place).map(|_| ())
        };
        done.map_err(|source| Error::io("copy", &path, source))?;
    }
    Ok(())
}

/// Makes the cluster beside its place and moves it there when it is whole, so that a start that dies half-way leaves
/// nothing that looks like a cluster.
fn make(data: &Path, binaries: &Binaries, owner: Owner) -> Result<(), Error> {
    let fresh = data.with_extension("new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(|source| Error::io("remove", &fresh, source))?;
    }
    make_dir(&fresh, 0o700)?;
    owner.give(&fresh)?;
    let mut made = init(&fresh, binaries, owner, LETTERS[0]);
    for letters in &LETTERS[1..] {
        // A character type that the system lacks is refused before anything is written.
        if made.is_err() {
            made = init(&fresh, binaries, owner, letters);
        }
    }
    made?;
    if data.exists() {
        // Empty, as `existing_major` has seen.
        fs::remove_dir(data).map_err(|source| Error::io("remove", data, source))?;
    }
    fs::rename(&fresh, data).map_err(|source| Error::io("rename", &fresh, source))?;
    tracing::info!(folder = %data.display(), major = binaries.major, "made a Postgres cluster");
    Ok(())
}

fn init(fresh: &Path, binaries: &Binaries, owner: Owner, letters: &str) -> Result<(), Error> {
    let output = owner
        .command(binaries.program("initdb"))
        .arg("-D")
        .arg(fresh)
        // `trust`, because the socket's folder lets nobody else in.
        .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", "C", "--lc-ctype", letters])
        .output()
        .map_err(|source| Error::io("run", &binaries.program("initdb"), source))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Failed { program: "initdb", status: output.status.to_string(), output: text })
}

/// The socket's folder, which only its owner (and root) may enter.
fn socket(home: &Path, owner: Owner) -> Result<Socket, Error> {
    let usual = home.join("run");
    let dir = if fits(&usual) {
        make_dir(&usual, 0o700)?;
        owner.give(&usual)?;
        usual
    } else if let Some(recorded) = recorded_socket_dir(home).filter(|dir| is_private(dir, home)) {
        recorded
    } else {
        let dir = short_dir(owner)?;
        let file = home.join(SOCKET_FILE);
        fs::write(&file, format!("{}\n", dir.display()))
            .map_err(|source| Error::io("write", &file, source))?;
        dir
    };
    Ok(Socket { dir, port: PORT, superuser: "postgres" })
}

fn fits(dir: &Path) -> bool {
    // Postgres writes `.s.PGSQL.5432.lock` beside the socket.
    dir.as_os_str().len() + "/.s.PGSQL.5432.lock".len() < LONGEST_SOCKET_PATH
}

fn recorded_socket_dir(home: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(home.join(SOCKET_FILE)).ok()?;
    Some(PathBuf::from(text.trim())).filter(|dir| dir.is_absolute())
}

/// Whether a recorded folder is still the one we made: it lies in a place where others may make folders too.
fn is_private(dir: &Path, home: &Path) -> bool {
    let (Ok(found), Ok(cluster)) = (dir.symlink_metadata(), home.join("postgres").metadata()) else {
        return false;
    };
    found.is_dir() && found.uid() == cluster.uid() && found.mode() & 0o077 == 0
}

fn short_dir(owner: Owner) -> Result<PathBuf, Error> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|_| !owner.is_lent());
    let mut last = None;
    for parent in runtime.into_iter().chain(["/run".into(), "/tmp".into()]) {
        let dir = parent.join(format!("switchroom-{:012x}", rand::rng().random::<u64>() >> 16));
        if !fits(&dir) {
            continue;
        }
        match fs::DirBuilder::new().mode(0o700).create(&dir) {
            Ok(()) => {
                owner.give(&dir)?;
                return Ok(dir);
            }
            Err(source) => last = Some(Error::io("make", &dir, source)),
        }
    }
    Err(last.unwrap_or_else(|| Error::OutOfReach("/tmp".into())))
}

/// Writes what this program asks of its server into a file of its own, at every start; postgresql.conf includes it
/// once, and what an administrator writes below that line, or by ALTER SYSTEM, wins.
fn configure(data: &Path, owner: Owner) -> Result<(), Error> {
    const INCLUDE: &str = "include 'switchroom.conf'";
    let ours = data.join("switchroom.conf");
    fs::write(&ours, settings(memory())).map_err(|source| Error::io("write", &ours, source))?;
    owner.give(&ours)?;
    let main = data.join("postgresql.conf");
    let mut text = fs::read_to_string(&main).map_err(|source| Error::io("read", &main, source))?;
    if !text.lines().any(|line| line.trim() == INCLUDE) {
        text.push_str(&format!(
            "\n# Switchroom's settings; what is written below wins over them.\n{INCLUDE}\n"
        ));
        fs::write(&main, text).map_err(|source| Error::io("write", &main, source))?;
    }
    Ok(())
}

fn settings(memory_mb: u64) -> String {
    let shared_mb = (memory_mb / 16).clamp(64, 512);
    format!(
        "# Rewritten by switchroom at every start.\n\
         fsync = on\n\
         synchronous_commit = on\n\
         max_connections = 200\n\
         shared_buffers = {shared_mb}MB\n\
         max_wal_size = 2GB\n\
         wal_compression = on\n\
         checkpoint_timeout = 10min\n\
         jit = off\n\
         timezone = 'UTC'\n\
         log_timezone = 'UTC'\n\
         logging_collector = off\n\
         log_destination = 'stderr'\n\
         log_line_prefix = ''\n\
         # Statements and details carry people's names and numbers.\n\
         log_min_messages = warning\n\
         log_min_error_statement = panic\n\
         log_error_verbosity = terse\n\
         log_statement = none\n\
         log_checkpoints = off\n\
         log_autovacuum_min_duration = -1\n"
    )
}

/// The machine's memory in MB; 2 GB where it cannot be read.
fn memory() -> u64 {
    let kb = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    });
    kb.map_or(2048, |kb| kb / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("switchroom-cluster-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        dir
    }

    #[test]
    fn the_version_of_a_cluster_is_read_or_refused() {
        let dir = scratch("version");
        let data = dir.join("postgres");
        assert_eq!(existing_major(&data).unwrap(), None, "absent");
        fs::create_dir(&data).unwrap();
        assert_eq!(existing_major(&data).unwrap(), None, "empty");
        fs::write(data.join("something"), "x").unwrap();
        assert!(matches!(existing_major(&data), Err(Error::NotACluster(..))));
        fs::write(data.join("PG_VERSION"), "14\n").unwrap();
        assert_eq!(existing_major(&data).unwrap(), Some(14));
        fs::write(data.join("PG_VERSION"), "?").unwrap();
        assert!(matches!(existing_major(&data), Err(Error::NotACluster(..))));
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_long_path_gets_a_short_private_socket_folder_that_is_kept() {
        let dir = scratch("socket");
        let home = dir.join("x".repeat(120));
        fs::create_dir(&home).unwrap();
        let owner = Owner::find().unwrap();
        let cluster = home.join("postgres");
        fs::create_dir(&cluster).unwrap();
        owner.give(&cluster).unwrap();
        let first = socket(&home, owner).unwrap();
        assert!(fits(&first.dir));
        assert_eq!(first.dir.metadata().unwrap().mode() & 0o777, 0o700);
        assert_eq!(socket(&home, owner).unwrap(), first, "recorded");
        fs::remove_dir(&first.dir).unwrap();
        let second = socket(&home, owner).unwrap();
        assert_ne!(second, first, "a vanished folder is replaced");
        fs::set_permissions(&second.dir, fs::Permissions::from_mode(0o777)).unwrap();
        let third = socket(&home, owner).unwrap();
        assert_ne!(third, second, "one that others may enter is not trusted");
        fs::remove_dir(&second.dir).unwrap();
        fs::remove_dir(&third.dir).unwrap();
        assert_eq!(socket(&dir, owner).unwrap().dir, dir.join("run"));
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn settings_stay_within_bounds() {
        assert!(settings(0).contains("shared_buffers = 64MB"));
        assert!(settings(2048).contains("shared_buffers = 128MB"));
        assert!(settings(1 << 20).contains("shared_buffers = 512MB"));
    }
}
