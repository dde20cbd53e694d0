//! The running server: start, watch, start again when it dies, stop. One thread owns the child process.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpriority_process, kill_process, setpriority_process};

use super::Error;
use super::cluster::{Cluster, Socket};

/// Crash recovery of a busy day's write-ahead log may take a while; a server that says nothing longer is stuck.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// Shared memory of a killed server lives until its last process has noticed.
const RETRY_FOR: Duration = Duration::from_secs(8);
/// SIGINT: sessions are ended, a checkpoint is written. Together with the next step this must fit into the ten seconds
/// that the whole program has to stop.
const FAST_STOP: Duration = Duration::from_millis(2500);
/// SIGQUIT: everything ends at once, the next start recovers.
const IMMEDIATE_STOP: Duration = Duration::from_millis(700);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How much the server yields to us (`setpriority`): about a quarter of a core beside a thread that wants all of it.
const NICENESS: i32 = 5;

/// A private server; dropping it stops it.
#[derive(Debug)]
pub struct PrivatePostgres {
    socket: Socket,
    shared: Arc<Shared>,
    watcher: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stopping: Mutex<bool>,
    wake: Condvar,
}

impl Shared {
    fn is_stopping(&self) -> bool {
        *self.stopping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps, at most this long; true when it is time to stop.
    fn sleep(&self, time: Duration) -> bool {
        let stopping = self.stopping.lock().unwrap_or_else(PoisonError::into_inner);
        let (stopping, _) = self
            .wake
            .wait_timeout_while(stopping, time, |stop| !*stop)
            .unwrap_or_else(PoisonError::into_inner);
        *stopping
    }

    fn stop(&self) {
        *self.stopping.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake.notify_all();
    }
}

impl PrivatePostgres {
    pub(super) fn start(cluster: Cluster) -> Result<Self, Error> {
        let began = Instant::now();
        clear_the_place(&cluster)?;
        let child = start_patiently(&cluster)?;
        tracing::info!(
            pid = child.id(),
            took_ms = began.elapsed().as_millis(),
            major = cluster.binaries.major,
            "the private Postgres runs"
        );
        let socket = cluster.socket.clone();
        let shared = Arc::new(Shared::default());
        let watcher = {
            let shared = shared.clone();
            std::thread::Builder::new()
                .name("postgres".to_owned())
                .spawn(move || watch(&cluster, child, &shared))
        };
        let watcher =
            watcher.map_err(|source| Error::io("start a thread for", Path::new("postgres"), source))?;
        Ok(Self { socket, shared, watcher: Some(watcher) })
    }

    /// Where to connect.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Stops the server and waits until it is gone: at most about four seconds, usually a fifth of one.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.shared.stop();
        if let Some(watcher) = self.watcher.take()
            && watcher.join().is_err()
        {
            tracing::error!("the thread that watches Postgres panicked");
        }
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        self.end();
    }
}

/// The watching thread: starts the server again whenever it ends by itself, stops it when told.
fn watch(cluster: &Cluster, mut child: Child, shared: &Shared) {
    let mut pause = Duration::from_millis(100);
    loop {
        if shared.sleep(Duration::from_millis(100)) {
            end_child(&mut child);
            break;
        }
        let status = match child.try_wait() {
            Ok(None) => continue,
            Ok(Some(status)) => status.to_string(),
            Err(error) => error.to_string(),
        };
        tracing::error!(%status, "the private Postgres ended by itself; it is started again");
        loop {
            if shared.is_stopping() {
                return;
            }
            match clear_the_place(cluster).and_then(|()| start_once(cluster)) {
                Ok(next) => {
                    tracing::info!(pid = next.id(), "the private Postgres runs again");
                    child = next;
                    pause = Duration::from_millis(100);
                    break;
                }
                Err(error) => tracing::error!(%error, "the private Postgres does not start"),
            }
            if shared.sleep(pause) {
                return;
            }
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }
    clear_socket(cluster);
}

/// Makes sure that no server runs on the cluster, and that nothing a dead one left behind is in the way.
fn clear_the_place(cluster: &Cluster) -> Result<(), Error> {
    let file = cluster.data.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&file) else {
        clear_socket(cluster);
        return Ok(());
    };
    let pid = text.lines().next().and_then(|line| line.trim().parse::<i32>().ok());
    if let Some(pid) = pid.and_then(Pid::from_raw)
        && is_server_of(pid, &cluster.data)
    {
        tracing::warn!(pid = pid.as_raw_pid(), "an earlier Postgres survived its program; it is stopped");
        stop_survivor(pid, &cluster.data)?;
    } else {
        tracing::info!("the last Postgres did not end in good order; it will recover");
    }
    // Its process is gone for certain; the number in the file may be anybody's by now.
    match fs::remove_file(&file) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::io("remove", &file, source));
        }
        _ => {}
    }
    clear_socket(cluster);
    Ok(())
}

/// The socket and its lock file lie in a folder of ours alone: without a server both are left-overs.
fn clear_socket(cluster: &Cluster) {
    let name = format!(".s.PGSQL.{}", cluster.socket.port);
    for name in [format!("{name}.lock"), name] {
        // Absent is the usual case; anything else Postgres itself will report.
        let _ = fs::remove_file(cluster.socket.dir.join(name));
    }
}

fn stop_survivor(pid: Pid, data: &Path) -> Result<(), Error> {
    for (signal, patience) in
        [(Signal::INT, FAST_STOP), (Signal::QUIT, IMMEDIATE_STOP), (Signal::KILL, IMMEDIATE_STOP)]
    {
        let _ = kill_process(pid, signal);
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if !is_server_of(pid, data) {
                return Ok(());
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
    Err(Error::Survivor(pid.as_raw_pid()))
}

/// Whether this process is the Postgres of this data directory (process numbers are used again). A server's working
/// directory is its data directory; where there is no /proc, its command line names it.
fn is_server_of(pid: Pid, data: &Path) -> bool {
    let number = pid.as_raw_pid();
    if Path::new("/proc/self/cwd").exists() {
        return fs::read_link(format!("/proc/{number}/cwd")).is_ok_and(|cwd| cwd == data);
    }
    Command::new("ps")
        .args(["-p", &number.to_string(), "-o", "command="])
        .output()
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(&*data.to_string_lossy()))
}

fn start_patiently(cluster: &Cluster) -> Result<Child, Error> {
    let give_up = Instant::now() + RETRY_FOR;
    loop {
        match start_once(cluster) {
            Err(error) if is_shared_memory_in_use(&error) && Instant::now() < give_up => {
                std::thread::sleep(Duration::from_millis(200));
            }
            result => return result,
        }
    }
}

/// A postmaster that was killed leaves sessions that take a moment to notice.
fn is_shared_memory_in_use(error: &Error) -> bool {
    matches!(error, Error::Failed { output, .. } if output.contains("shared memory block"))
}

/// Starts the server and waits until it takes connections.
fn start_once(cluster: &Cluster) -> Result<Child, Error> {
    let program = cluster.binaries.program("postgres");
    let mut child = cluster
        .owner
        .command(&program)
        .arg("-D")
        .arg(&cluster.data)
        .args(["-c", "listen_addresses="])
        .arg("-c")
        .arg(format!("unix_socket_directories={}", quoted(&cluster.socket.dir)))
        .args(["-c", "unix_socket_permissions=0700", "-p", &cluster.socket.port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // Ctrl-C in a terminal goes to the whole group; the server's turn to stop comes when its clients have.
        .process_group(0)
        .spawn()
        .map_err(|source| Error::io("run", &program, source))?;
    yield_to_us(&child);
    let said = listen(&mut child)?;
    let began = Instant::now();
    let mut reported = began;
    loop {
        if let Some(status) = child.try_wait().map_err(|source| Error::io("wait for", &program, source))? {
            // The reader ends with the pipe; it may be a line behind.
            std::thread::sleep(LOOK_EVERY);
            return Err(failed(status, &said));
        }
        if is_ready(&cluster.data, child.id()) {
            return Ok(child);
        }
        if began.elapsed() > START_PATIENCE {
            end_child(&mut child);
            return Err(Error::Failed {
                program: "postgres",
                status: "not ready in time".to_owned(),
                output: last_lines(&said),
            });
        }
        if reported.elapsed() > Duration::from_secs(5) {
            tracing::info!("Postgres is still recovering");
            reported = Instant::now();
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Where both want the same core, finding out who calls and telling the agent goes before writing it down. What the
/// server starts later inherits it.
fn yield_to_us(child: &Child) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let yielded = getpriority_process(None).and_then(|own| setpriority_process(pid, own + NICENESS));
    if let Err(error) = yielded {
        tracing::warn!(%error, "Postgres runs with our own priority");
    }
}

/// A list setting: commas and spaces in a folder's name must not split it.
fn quoted(dir: &Path) -> String {
    format!("\"{}\"", dir.to_string_lossy().replace('"', "\"\""))
}

/// The eighth line of postmaster.pid tells the server's state (as `pg_ctl` reads it).
fn is_ready(data: &Path, pid: u32) -> bool {
    let Ok(text) = fs::read_to_string(data.join("postmaster.pid")) else { return false };
    let mut lines = text.lines();
    lines.next().is_some_and(|line| line.trim() == pid.to_string())
        && lines.nth(6).is_some_and(|line| line.trim() == "ready")
}

/// Stops our own child: fast, then at once, then by force.
fn end_child(child: &mut Child) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let Some(pid) = pid else { return };
    for (signal, patience) in
        [(Signal::INT, FAST_STOP), (Signal::QUIT, IMMEDIATE_STOP), (Signal::KILL, IMMEDIATE_STOP)]
    {
        let _ = kill_process(pid, signal);
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            match child.try_wait() {
                Ok(None) => std::thread::sleep(LOOK_EVERY),
                Ok(Some(status)) => {
                    tracing::info!(%status, "the private Postgres is stopped");
                    return;
                }
                Err(error) => {
                    tracing::error!(%error, "cannot wait for Postgres");
                    return;
                }
            }
        }
        tracing::warn!(?signal, "Postgres is slow to stop");
    }
}

type Said = Arc<Mutex<VecDeque<String>>>;

/// Carries the server's log lines into ours, and keeps the last ones for an error message.
fn listen(child: &mut Child) -> Result<Said, Error> {
    const KEPT: usize = 12;
    let said = Said::default();
    if let Some(stderr) = child.stderr.take() {
        let kept = said.clone();
        let read = move || {
            for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).trim().to_owned();
                log(&line);
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == KEPT {
                    kept.pop_front();
                }
                kept.push_back(line);
            }
        };
        let reader = std::thread::Builder::new().name("postgres-log".to_owned()).spawn(read);
        reader.map_err(|source| Error::io("start a thread for", Path::new("postgres"), source))?;
    }
    Ok(said)
}

fn log(line: &str) {
    // Errors of single statements are handled, and logged, by whoever sent them.
    match line.split(':').next() {
        Some("PANIC") => tracing::error!(target: "postgres", "{line}"),
        Some("WARNING") => tracing::warn!(target: "postgres", "{line}"),
        _ => tracing::debug!(target: "postgres", "{line}"),
    }
}

fn last_lines(said: &Said) -> String {
    said.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("; ")
}

fn failed(status: ExitStatus, said: &Said) -> Error {
    Error::Failed { program: "postgres", status: status.to_string(), output: last_lines(said) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_process_is_not_taken_for_the_server() {
        let me = Pid::from_raw(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert!(!is_server_of(me, Path::new("/nonexistent/postgres")));
    }

    #[test]
    fn a_server_is_ready_when_its_own_pid_file_says_so() {
        let dir = std::env::temp_dir().join(format!("switchroom-ready-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        assert!(!is_ready(&dir, 7));
        let file =
            |pid: u32, state: &str| format!("{pid}\n/data\n1700000000\n5432\n/run\n\n  123 456\n{state}\n");
        for (text, ready) in [
            (file(7, "ready   "), true),
            (file(8, "ready   "), false),
            (file(7, "starting"), false),
            ("7\n".to_owned(), false),
        ] {
            fs::write(dir.join("postmaster.pid"), text).unwrap();
            assert_eq!(is_ready(&dir, 7), ready);
        }
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn folder_names_survive_the_list_syntax() {
        assert_eq!(quoted(Path::new("/a b,c")), "\"/a b,c\"");
        assert_eq!(quoted(Path::new("/a\"b")), "\"/a\"\"b\"");
    }
}
