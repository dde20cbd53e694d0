//! Starting, stopping, dying, and what a second program finds.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};

use crate::support::{Folder, Server, is_alive, pid, postgres_of, run, within};

#[test]
fn it_says_one_line_and_leaves_nothing_behind() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    assert!(server.ready_after < Duration::from_secs(20), "first start took {:?}", server.ready_after);
    assert_eq!(server.ready_line, format!("ready http={} sip={}", server.http, server.sip));
    let postgres = server.postgres();
    let http = server.http.trim_start_matches("http://").to_owned();
    let (status, took, rest) = server.terminate();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(10), "stopping took {took:?}");
    assert_eq!(rest, "", "nothing but the ready line on standard output");
    assert!(!is_alive(postgres));
    assert!(std::net::TcpStream::connect(http).is_err());
}

#[test]
fn after_a_kill_the_next_start_finds_the_surviving_postgres() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let (survivor, demo) = (server.postgres(), server.demo());
    server.kill();
    assert!(is_alive(survivor), "this is what the test is about");
    let server = Server::start(&folder, &[]);
    assert!(server.ready_after < Duration::from_secs(15), "restart took {:?}", server.ready_after);
    assert!(!is_alive(survivor) || server.postgres() == survivor);
    assert_eq!(server.demo()["users"], demo["users"], "the database is the same");
    let postgres = server.postgres();
    assert_eq!(server.terminate().0.code(), Some(0));
    assert!(!is_alive(postgres));
}

#[test]
fn a_second_program_on_the_data_directory_is_told_who_has_it() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let began = Instant::now();
    let second = run(&folder, &["serve", "--data-dir", "data", "--http", "127.0.0.1:0", "--sip", "off"]);
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(second.status.code(), Some(2));
    assert_eq!(second.stdout, b"");
    let message = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(message.contains(&server.pid().to_string()), "{message}");
    assert_eq!(server.terminate().0.code(), Some(0), "the first is not disturbed");
}

#[test]
fn a_postgres_that_dies_is_started_again() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let first = server.postgres();
    kill_process(pid(first), Signal::KILL).unwrap();
    let data = folder.data();
    let again = within(Duration::from_secs(20), || postgres_of(&data).is_some_and(|number| number != first));
    assert!(again, "no new Postgres");
    let ready = within(Duration::from_secs(20), || status_of(&server.url("/readyz")) == Some(200));
    assert!(ready, "not ready again");
    assert_eq!(server.terminate().0.code(), Some(0));
}

fn status_of(url: &str) -> Option<u16> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { Some(reqwest::get(url).await.ok()?.status().as_u16()) })
}

#[test]
fn a_left_over_pid_file_that_names_a_stranger_is_in_nobody_s_way() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let postgres = server.postgres();
    server.kill();
    kill_process(pid(postgres), Signal::KILL).unwrap();
    assert!(within(Duration::from_secs(5), || !is_alive(postgres)));
    // The number now belongs to this very test.
    let file = folder.data().join("postgres/postmaster.pid");
    let text = fs::read_to_string(&file).unwrap();
    let rest = text.split_once('\n').unwrap().1;
    fs::write(&file, format!("{}\n{rest}", std::process::id())).unwrap();
    let server = Server::start(&folder, &[]);
    assert_eq!(server.terminate().0.code(), Some(0));
}

#[test]
fn a_data_directory_of_another_major_version_gets_a_clear_message() {
    let folder = Folder::new();
    let data = folder.data();
    fs::create_dir_all(data.join("postgres")).unwrap();
    fs::write(data.join("postgres/PG_VERSION"), "9\n").unwrap();
    let output = run(&folder, &["serve", "--data-dir", "data", "--http", "127.0.0.1:0", "--sip", "off"]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("made by Postgres 9"), "{message}");
}

#[test]
fn wrong_configuration_stops_it_with_code_2_and_names_the_key() {
    let folder = Folder::new();
    for (words, key) in [
        (&["serve", "--http", "nowhere"][..], "http"),
        (&["serve", "--ring-timeout-ms", "soon"], "ring-timeout-ms"),
        (&["serve", "--no-such-flag"], "--no-such-flag"),
        (&["serve", "--redis-url", "redis://127.0.0.1"], "redis-url"),
    ] {
        let output = run(&folder, words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert_eq!(output.stdout, b"");
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(message.contains(key), "{words:?}: {message}");
    }
    fs::write(folder.path().join("switchroom.toml"), "http = \"127.0.0.1:0\"\nring-timeout = 5\n").unwrap();
    let output = run(&folder, &["serve"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("ring-timeout"));
    assert!(!folder.data().exists(), "nothing was started");
}

#[test]
fn an_address_in_use_is_named_and_nothing_is_left_running() {
    let folder = Folder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&folder, &["serve", "--data-dir", "data", "--http", &address, "--sip", "off"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&address));
    assert_eq!(postgres_of(&folder.data()), None);
}

/// Only root meets this: the user that Postgres runs as cannot go through a closed folder.
#[test]
fn below_a_closed_folder_the_cluster_is_kept_elsewhere() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = Folder::new();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let data = closed.join("data");
    let server = Server::start_on(&folder, &data, &[]);
    let demo = server.demo();
    let id = fs::read_to_string(data.join("cluster-id")).unwrap();
    let home = Path::new("/var/lib/switchroom").join(id.trim());
    assert!(home.join("postgres/PG_VERSION").is_file());
    server.kill();
    let server = Server::start_on(&folder, &data, &[]);
    assert_eq!(server.demo()["users"], demo["users"]);
    assert_eq!(server.terminate().0.code(), Some(0));
    assert_eq!(closed.metadata().unwrap().permissions().mode() & 0o777, 0o700, "parents stay as they are");
    assert!(!home.join("postgres/postmaster.pid").exists());
    fs::remove_dir_all(home).unwrap();
}
