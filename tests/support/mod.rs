//! Starting the program on a data directory of its own, talking to it, and making sure that it is gone afterwards.
//! Shared by the targets of whole-house tests.

#![allow(dead_code, reason = "no target uses all of it")]

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_switchroom");

/// A folder that goes away at the end of the test. Open to other users, unlike the usual temporary folders: as root,
/// Postgres runs as somebody else.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let name = format!("switchroom-house-{:012x}", rand::random::<u64>() >> 16);
        let path = PathBuf::from("/tmp").join(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn data(&self) -> PathBuf {
        self.0.join("data")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("kept for a look: {}", self.0.display());
        } else {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// The program with a clean environment, in the folder (so that no switchroom.toml is found by chance).
pub fn command(folder: &Folder, words: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder.path()).args(words).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SWITCHROOM_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command to its end.
pub fn run(folder: &Folder, words: &[&str]) -> Output {
    command(folder, words).output().unwrap()
}

/// A server that runs.
pub struct Server {
    pub http: String,
    pub sip: String,
    pub ready_line: String,
    pub ready_after: Duration,
    data: PathBuf,
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Server {
    /// `serve --demo=quiet` on free ports, with more flags.
    pub fn start(folder: &Folder, flags: &[&str]) -> Self {
        Self::start_on(folder, &folder.data(), flags)
    }

    pub fn start_on(folder: &Folder, data: &Path, flags: &[&str]) -> Self {
        let mut serve =
            command(folder, &["serve", "--demo=quiet", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0"]);
        serve.arg("--data-dir").arg(data).args(flags);
        Self::launch(folder, data, serve)
    }

    /// Any `serve` command, until it is ready. What it logs is appended to `server.log` in the folder.
    pub fn launch(folder: &Folder, data: &Path, mut serve: Command) -> Self {
        let began = Instant::now();
        let log = folder.path().join("server.log");
        let mut child = serve
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(&log).unwrap())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let ready_after = began.elapsed();
        let field = |name: &str| {
            let found = line.split_whitespace().find_map(|word| word.strip_prefix(name));
            found
                .unwrap_or_else(|| {
                    panic!("no ready line but {line:?}; the log says:\n{}", fs::read_to_string(&log).unwrap())
                })
                .to_owned()
        };
        let (http, sip) = (field("http="), field("sip="));
        Self {
            http,
            sip,
            ready_line: line.trim_end().to_owned(),
            ready_after,
            data: data.to_owned(),
            child,
            stdout,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn demo(&self) -> Value {
        serde_json::from_slice(&fs::read(self.data.join("demo.json")).unwrap()).unwrap()
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.http)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(pid(self.child.id()), signal).unwrap();
    }

    /// SIGTERM; answers how it ended, how long that took, and what else was on standard output.
    pub fn terminate(mut self) -> (ExitStatus, Duration, String) {
        let began = Instant::now();
        self.signal(Signal::TERM);
        let status = self.child.wait().unwrap();
        let took = began.elapsed();
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.stdout, &mut rest).unwrap();
        (status, took, rest)
    }

    /// Waits until it has ended by itself.
    pub fn ended(&mut self, limit: Duration) -> Option<ExitStatus> {
        let mut status = None;
        within(limit, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status
    }

    /// `kill -9`, which leaves Postgres behind.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The process number of the private Postgres.
    pub fn postgres(&self) -> u32 {
        postgres_of(&self.data).expect("Postgres runs")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let _ = kill_process(pid(self.child.id()), Signal::TERM);
        if !within(Duration::from_secs(15), || matches!(self.child.try_wait(), Ok(Some(_)))) {
            let _ = self.child.kill();
        }
    }
}

pub fn pid(number: u32) -> Pid {
    Pid::from_raw(i32::try_from(number).unwrap()).unwrap()
}

/// The Postgres of a data directory, if its process is there (a zombie is not).
pub fn postgres_of(data: &Path) -> Option<u32> {
    let text = fs::read_to_string(data.join("postgres/postmaster.pid")).ok()?;
    let number = text.lines().next()?.trim().parse().ok()?;
    is_alive(number).then_some(number)
}

pub fn is_alive(number: u32) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", &number.to_string()]).output().unwrap();
    let state = String::from_utf8_lossy(&output.stdout);
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

/// Waits for something to become true.
pub fn within(limit: Duration, mut is: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if is() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    is()
}
