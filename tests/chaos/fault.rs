//! The faults. Each answers how long the house took to be ready again, counted from the kill or, where the fault lasts
//! (a full disk), from its end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Signal, kill_process};
use sqlx::{AssertSqlSafe, Connection as _};

use crate::support::{is_alive, pid, postgres_of};
use crate::world::World;

/// Longer than the contract allows, so that a late recovery is told as what it is.
const PATIENCE: Duration = Duration::from_secs(60);
const ROLES: [&str; 5] =
    ["switchroom_app", "switchroom_auth", "switchroom_log", "switchroom_directory", "switchroom_platform"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Server,
    Postgres,
    Both,
    PostgresRestarted,
    /// No role of the program may sign in, and those that have are thrown out.
    RolesShutOut,
    /// Foreign sessions take every connection there is.
    ConnectionsTaken,
    DiskFull,
    ClockStepped(i64),
}

impl Fault {
    pub fn name(self) -> String {
        match self {
            Self::Server => "server killed".to_owned(),
            Self::Postgres => "Postgres killed".to_owned(),
            Self::Both => "both killed".to_owned(),
            Self::PostgresRestarted => "Postgres restarted".to_owned(),
            Self::RolesShutOut => "sign-in to Postgres refused for 4 s".to_owned(),
            Self::ConnectionsTaken => "all connections of Postgres taken for 4 s".to_owned(),
            Self::DiskFull => "disk full for 6 s".to_owned(),
            Self::ClockStepped(seconds) => format!("clock stepped by {seconds:+} s for 4 s"),
        }
    }

    pub async fn strike(self, world: &World) -> anyhow::Result<Duration> {
        match self {
            Self::Server => {
                let began = Instant::now();
                world.kill_server();
                world.launch().await?;
                Ok(began.elapsed())
            }
            Self::Both => {
                let postgres = postgres_of(&world.data).context("a Postgres that runs")?;
                let began = Instant::now();
                kill_process(pid(postgres), Signal::KILL)?;
                world.kill_server();
                world.launch().await?;
                Ok(began.elapsed())
            }
            Self::Postgres => end_postgres(world, Signal::KILL).await,
            Self::PostgresRestarted => end_postgres(world, Signal::INT).await,
            Self::RolesShutOut => shut_out(world).await,
            Self::ConnectionsTaken => take_connections(world).await,
            Self::DiskFull => fill_disk(world).await,
            Self::ClockStepped(seconds) => step_clock(world, seconds).await,
        }
    }
}

async fn end_postgres(world: &World, signal: Signal) -> anyhow::Result<Duration> {
    let before = postgres_of(&world.data).context("a Postgres that runs")?;
    let began = Instant::now();
    kill_process(pid(before), signal)?;
    while postgres_of(&world.data).is_none_or(|now| now == before) {
        if began.elapsed() > PATIENCE {
            bail!(
                "Postgres was not started again (the old one {}runs)",
                if is_alive(before) { "" } else { "no longer " }
            );
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.ready(PATIENCE).await?;
    Ok(began.elapsed())
}

async fn shut_out(world: &World) -> anyhow::Result<Duration> {
    let mut database = world.database().await?;
    let mut limit = async |connections: i32| -> anyhow::Result<()> {
        for role in ROLES {
            let sql = format!("ALTER ROLE {role} CONNECTION LIMIT {connections}");
            sqlx::query(AssertSqlSafe(sql)).execute(&mut database).await?;
        }
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'switchroom%'",
        )
        .execute(&mut database)
        .await?;
        Ok(())
    };
    limit(0).await?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    if world.database_as(ROLES[2]).await.is_ok() {
        bail!("the roles were not shut out");
    }
    let began = Instant::now();
    limit(-1).await?;
    world.ready(PATIENCE).await?;
    Ok(began.elapsed())
}

async fn take_connections(world: &World) -> anyhow::Result<Duration> {
    let mut taken = Vec::new();
    let until = Instant::now() + Duration::from_secs(4);
    // The program's own are thrown out, so that it must come back for each; ours were faster, or will be next time.
    while Instant::now() < until {
        match world.database().await {
            Ok(connection) => taken.push(connection),
            Err(_) => {
                if let Some(one) = taken.first_mut() {
                    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'switchroom%'")
                        .execute(one)
                        .await?;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    if world.database_as(ROLES[2]).await.is_ok() {
        bail!("not all connections were taken");
    }
    let began = Instant::now();
    for connection in taken {
        let _ = connection.close().await;
    }
    world.ready(PATIENCE).await?;
    Ok(began.elapsed())
}

async fn fill_disk(world: &World) -> anyhow::Result<Duration> {
    let ballast = world.data.join("ballast");
    // dd ends with the disk, and says so on the way out.
    let status = Command::new("dd")
        .args(["if=/dev/zero", "bs=64k", &format!("of={}", ballast.display())])
        .stderr(std::process::Stdio::null())
        .status()?;
    if status.success() {
        bail!("the disk did not fill");
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    if let Ok(mut database) = world.database().await {
        let write = "CREATE TABLE does_not_fit AS SELECT repeat('x', 900) FROM generate_series(1, 100000)";
        if sqlx::query(write).execute(&mut database).await.is_ok() {
            bail!("Postgres found room on the full disk");
        }
    }
    let began = Instant::now();
    fs::remove_file(&ballast)?;
    world.ready(PATIENCE).await?;
    Ok(began.elapsed())
}

/// A small file system of its own for a data directory. Unmounted when dropped.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// An error says why it may not be.
    pub fn mount(at: &Path, megabytes: u32) -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("only root may mount a small file system".to_owned());
        }
        fs::create_dir(at).map_err(|error| error.to_string())?;
        let size = format!("size={megabytes}m,mode=0755");
        let output = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(at)
            .output()
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(Self(at.to_owned()))
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// The clock of the program (not of its Postgres, which gets an environment of its own) goes by a file: libfaketime
/// adds what it says to the wall clock and leaves the monotonic one alone.
pub struct Clock;

impl Clock {
    const FILE: &str = "clock";

    /// The environment for it; an error says why it may not be.
    pub fn environment(folder: &Path) -> Result<Vec<(String, String)>, String> {
        let library = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"]
            .iter()
            .map(|dir| Path::new(dir).join("faketime/libfaketimeMT.so.1"))
            .find(|path| path.exists())
            .ok_or("libfaketime is not installed (Debian: libfaketime)")?;
        let file = folder.join(Self::FILE);
        fs::write(&file, "+0\n").map_err(|error| error.to_string())?;
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Ok(vec![
            pair("LD_PRELOAD", &library.to_string_lossy()),
            pair("FAKETIME_TIMESTAMP_FILE", &file.to_string_lossy()),
            pair("FAKETIME_CACHE_DURATION", "1"),
            pair("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            pair("DONT_FAKE_MONOTONIC", "1"),
        ])
    }
}

async fn step_clock(world: &World, seconds: i64) -> anyhow::Result<Duration> {
    let file = world.folder.path().join(Clock::FILE);
    fs::write(&file, format!("{seconds:+}\n"))?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let board = world.ask("/api/v1/wallboard").await?.context("wallboard")?;
    let at: chrono::DateTime<chrono::Utc> = board["at"].as_str().context("at")?.parse()?;
    let off = (at - chrono::Utc::now()).num_seconds() - seconds;
    if off.abs() > 30 {
        bail!("the clock is {off} s away from where it was set");
    }
    let began = Instant::now();
    fs::write(&file, "+0\n")?;
    world.ready(PATIENCE).await?;
    Ok(began.elapsed())
}
