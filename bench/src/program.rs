//! The program under load: the release binary on a data directory of its own, with its private Postgres (which syncs, as
//! in production), and what `demo.json` tells about it.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// A running `switchroom serve --demo=quiet`. Dropping it stops it and removes its folder.
pub struct Program {
    pub http: String,
    pub sip: String,
    pub ready_after: Duration,
    folder: PathBuf,
    child: Child,
    _stdout: BufReader<ChildStdout>,
}

/// The binary: `SWITCHROOM_BIN`, else the one built beside this bench.
pub fn binary() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("SWITCHROOM_BIN") {
        return Ok(path.into());
    }
    let mut folder = std::env::current_exe()?;
    // …/release/bench-x, or …/release/deps/bench-x
    while folder.pop() {
        let candidate = folder.join("switchroom");
        if candidate.is_file() {
            return Ok(candidate);
        }
    }
    bail!("no switchroom binary beside this one: cargo build --release, or set SWITCHROOM_BIN")
}

impl Program {
    /// Starts on an empty data directory with free ports and these flags besides.
    pub fn start(flags: &[&str]) -> anyhow::Result<Self> {
        let folder = PathBuf::from("/tmp").join(format!("switchroom-bench-{:012x}", crate::random() >> 16));
        fs::create_dir(&folder)?;
        // Open to others: as root, Postgres runs as somebody else.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
        Self::start_in(folder, flags)
    }

    fn start_in(folder: PathBuf, flags: &[&str]) -> anyhow::Result<Self> {
        let began = Instant::now();
        let log = File::options().create(true).append(true).open(folder.join("server.log"))?;
        let mut command = Command::new(binary()?);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SWITCHROOM_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(&folder)
            .args(["serve", "--demo=quiet", "--rate-limit", "off"])
            .args(["--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--data-dir"])
            .arg(folder.join("data"))
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut child = command.spawn().context("the program does not start")?;
        let mut stdout = BufReader::new(child.stdout.take().context("no standard output")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let field =
            |name: &str| line.split_whitespace().find_map(|word| word.strip_prefix(name)).map(str::to_owned);
        let (Some(http), Some(sip)) = (field("http="), field("sip=")) else {
            let mut said = String::new();
            File::open(folder.join("server.log"))?.read_to_string(&mut said)?;
            bail!("not ready; it said:\n{said}");
        };
        Ok(Self { http, sip, ready_after: began.elapsed(), folder, child, _stdout: stdout })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The postmaster of its private Postgres.
    pub fn postgres(&self) -> anyhow::Result<u32> {
        let text = fs::read_to_string(self.data().join("postgres/postmaster.pid"))?;
        let pid = text.lines().next().and_then(|line| line.trim().parse().ok());
        pid.context("the lock file of Postgres names no process")
    }

    /// Folder and number of the socket of its private Postgres.
    pub fn postgres_socket(&self) -> anyhow::Result<(String, String)> {
        let text = fs::read_to_string(self.data().join("postgres/postmaster.pid"))?;
        let line = |at: usize| text.lines().nth(at).map(|line| line.trim().to_owned());
        line(4).zip(line(3)).context("the lock file of Postgres names no socket")
    }

    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn demo(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(&fs::read(self.data().join("demo.json"))?)?)
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.http)
    }

    /// `127.0.0.1:PORT` of the HTTP side.
    pub fn http_address(&self) -> &str {
        self.http.strip_prefix("http://").unwrap_or(&self.http)
    }

    /// Ends it as `kill -9` would and starts it again on the same data.
    pub fn kill_and_start(mut self, flags: &[&str]) -> anyhow::Result<Self> {
        self.child.kill()?;
        self.child.wait()?;
        let folder = std::mem::take(&mut self.folder);
        Self::start_in(folder, flags)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.folder.as_os_str().is_empty() {
            return;
        }
        if let Ok(pid) = i32::try_from(self.child.id())
            && let Some(pid) = rustix::process::Pid::from_raw(pid)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let deadline = Instant::now() + Duration::from_secs(15);
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = self.child.kill();
                let _ = self.child.wait();
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}
