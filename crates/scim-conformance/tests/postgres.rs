//! The throw-away PostgreSQL server: `cargo test -p scim-conformance --test postgres`.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a surprise ends a test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::{env, thread};

use scim_conformance::postgres::{Postgres, PostgresError, schema_name};

/// The directory of a server, as it tells it.
fn directory(server: &Postgres) -> PathBuf {
    let data = PathBuf::from(server.psql("show data_directory").unwrap());
    data.parent().unwrap().to_owned()
}

fn is_running(process: u32) -> bool {
    Command::new("sh")
        .args(["-c", "kill -s 0 \"$1\" 2>/dev/null", "sh", &process.to_string()])
        .status()
        .unwrap()
        .success()
}

#[test]
fn a_server_answers() {
    let server = Postgres::start().unwrap();
    assert_eq!(server.psql("select 1, 'ä'; select 2").unwrap(), "1|ä\n2");
    assert_eq!(
        server
            .psql("show server_encoding; show lc_collate; show fsync")
            .unwrap(),
        "UTF8\nC\noff"
    );
    let error: PostgresError = server.psql("select nothing").unwrap_err();
    assert!(error.to_string().starts_with("psql failed: ERROR:"), "{error}");
    assert!(!error.to_string().contains('\n'));
}

#[test]
fn a_server_takes_options() {
    let options = Postgres::options().durable(true).max_connections(17);
    let server = options
        .setting("work_mem", "5MB")
        .setting("work_mem", "6MB")
        .start()
        .unwrap();
    assert_eq!(
        server
            .psql("show fsync; show synchronous_commit; show full_page_writes; show max_connections; show work_mem")
            .unwrap(),
        "on\non\non\n17\n6MB"
    );
    let error = Postgres::options().setting("no_such_setting", "1").start().unwrap_err();
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[test]
fn a_server_is_reached_over_tcp_with_its_password_only() {
    let server = Postgres::start().unwrap();
    let connect = |url: &str| {
        let mut psql = Command::new("psql");
        psql.args(["-X", "-A", "-t", "-w", "-c", "select 7", url])
            .output()
            .unwrap()
    };
    assert_eq!(connect(server.url()).stdout, b"7\n");
    let (start, end) = server.url().split_once('@').unwrap();
    assert!(end.starts_with("127.0.0.1:") && end.ends_with("/postgres"), "{end}");
    let (_, password) = start.rsplit_once(':').unwrap();
    let without = server.url().replace(&format!(":{password}"), "");
    assert!(!connect(&without).status.success());
    assert!(!connect(&server.url().replace(password, "guess")).status.success());
    let mode = fs::metadata(directory(&server)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "the socket is nobody else's");
}

#[test]
fn committed_data_survives_a_kill() {
    for durable in [true, false] {
        let server = Postgres::options().durable(durable).start().unwrap();
        let (url, first) = (server.url().to_owned(), server.process_id().unwrap());
        server.psql("create table kept (n int)").unwrap();
        for round in 1..=3 {
            server.psql("insert into kept select max(n) from kept").unwrap();
            // A session in the middle of a statement is killed as well.
            thread::scope(|scope| {
                let busy = scope.spawn(|| server_is_busy(&server));
                while server.psql(BUSY).unwrap() == "0" {}
                server.kill().unwrap();
                busy.join().unwrap().unwrap_err();
            });
            assert_eq!(server.process_id(), None);
            assert!(server.psql("select 1").is_err());
            server.kill().unwrap();
            server.start_again().unwrap();
            assert_eq!(server.psql("select count(*) from kept").unwrap(), round.to_string());
        }
        assert!(!is_running(first));
        assert_eq!(server.url(), url);
    }
}

const BUSY: &str =
    "select count(*) from pg_stat_activity where query like '%pg_sleep(1000)%' and pid <> pg_backend_pid()";

fn server_is_busy(server: &Postgres) -> Result<String, String> {
    let output = Command::new("psql")
        .args(["-X", "-c", "select pg_sleep(1000)", server.url()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then(String::new).ok_or(said)
}

#[test]
fn a_server_stops_and_starts() {
    let server = Postgres::start().unwrap();
    server
        .psql("create table kept (n int); insert into kept values (3)")
        .unwrap();
    let first = server.process_id().unwrap();
    server.start_again().unwrap();
    assert_eq!(server.process_id(), Some(first), "it runs already");
    server.stop().unwrap();
    assert!(!is_running(first) && server.psql("select 1").is_err());
    server.stop().unwrap();
    server.start_again().unwrap();
    server.restart().unwrap();
    assert_eq!(server.psql("select n from kept").unwrap(), "3");
}

#[test]
fn two_servers_know_nothing_of_each_other() {
    let (one, two) = (Postgres::start().unwrap(), Postgres::start().unwrap());
    assert_ne!(one.url(), two.url());
    assert_ne!(directory(&one), directory(&two));
    one.psql("create table mine (n int)").unwrap();
    assert!(two.psql("select * from mine").is_err());
    drop(one);
    assert_eq!(two.psql("select 1").unwrap(), "1");
}

#[test]
fn nothing_is_left_after_drop() {
    for end in [
        |_: &Postgres| {},
        |server: &Postgres| server.kill().unwrap(),
        |server: &Postgres| {
            server.stop().unwrap();
        },
    ] {
        let before = segments();
        let server = Postgres::start().unwrap();
        let (directory, process) = (directory(&server), server.process_id().unwrap());
        let segment = segment(&directory);
        assert!(segments().contains(&segment) && !before.contains(&segment));
        end(&server);
        drop(server);
        assert!(!directory.exists() && !is_running(process));
        assert!(!segments().contains(&segment), "a segment of shared memory is left");
    }
}

/// The shared memory of a server.
fn segment(directory: &Path) -> String {
    let lock = fs::read_to_string(directory.join("data/postmaster.pid")).unwrap();
    lock.lines()
        .nth(6)
        .unwrap()
        .split_whitespace()
        .last()
        .unwrap()
        .to_owned()
}

fn segments() -> Vec<String> {
    let listed = Command::new("ipcs").arg("-m").output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let ids = listed.lines().filter_map(|line| line.split_whitespace().nth(1));
    ids.map(str::to_owned).collect()
}

#[test]
fn the_shared_server_is_one() {
    let (one, two) = (Postgres::shared().unwrap(), Postgres::shared().unwrap());
    assert!(std::ptr::eq(one, two));
    let schema = schema_name();
    assert_ne!(schema, schema_name());
    assert!(
        schema.len() < 63
            && schema
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    );
    one.psql(&format!("create schema {schema}; create table {schema}.t (n int)"))
        .unwrap();
}

/// Set in the process that ends without a drop.
const ABRUPT: &str = "SCIM_TEST_ABRUPT_END";

#[test]
fn a_server_dies_with_its_process() {
    if env::var_os(ABRUPT).is_some() {
        let server = Postgres::shared().unwrap();
        println!("\n{}", directory(server).display());
        println!("{}", server.process_id().unwrap());
        process::abort();
    }
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_server_dies_with_its_process", "--nocapture"])
        .env(ABRUPT, "1")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    let mut lines = said.lines().skip_while(|line| !line.starts_with('/'));
    let directory = Path::new(lines.next().expect("a directory"));
    let server: u32 = lines.next().expect("a process").parse().unwrap();
    // The shell that tidies up is not ours to wait for.
    while directory.exists() {
        thread::yield_now();
    }
    // A process that has ended stays listed where nobody asks how it ended.
    let status = fs::read_to_string(format!("/proc/{server}/stat")).unwrap_or_default();
    assert!(!is_running(server) || status.contains(") Z "), "{status}");
}
