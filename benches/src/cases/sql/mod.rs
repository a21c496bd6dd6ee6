//! Stores of SQL: whole requests against the same statements by hand, with the same driver and durability.
//!
//! PostgreSQL's server is one of its own that syncs each commit, over a socket. On SQLite the floor has a thread too, as an
//! asynchronous host must not wait for a disk; `inline` is what it takes without.

pub(crate) mod ask;
pub(crate) mod fill;
mod lane;
mod members;
mod users;

use scim_conformance::postgres::Postgres;
use scim_sql::Synchronous;

use self::lane::{Files, Lane};
use crate::Failure;

/// How many users there are where nothing is said.
const USERS: [usize; 2] = [1_000, 100_000];

/// Runs the cases with so many users as numbers say, on the stores whose names hold one of the words.
pub(crate) fn run(wanted: &[&str]) -> Result<(), Failure> {
    let (sizes, words): (Vec<&str>, Vec<&str>) = wanted
        .iter()
        .partition(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    let mut sizes: Vec<usize> = sizes.iter().map(|size| size.parse()).collect::<Result<_, _>>()?;
    if sizes.is_empty() {
        sizes.extend(USERS);
    }
    let wants = |store: &str| words.is_empty() || words.iter().any(|word| store.contains(word));
    for users in sizes {
        if wants("sqlite full") || wants("sqlite normal") {
            let files = Files::new()?;
            let (file, copy) = (files.path("ours.db"), files.path("floor.db"));
            lane::fill_sqlite(&file, users)?;
            std::fs::copy(&file, &copy)?;
            for (name, level) in [("normal", Synchronous::Normal), ("full", Synchronous::Full)] {
                if wants(&format!("sqlite {name}")) {
                    cases(&Lane::sqlite(&file, &copy, users, level)?)?;
                }
            }
        }
        if wants("postgres") {
            let mut options = Postgres::options().durable(true);
            for (name, value) in [
                ("shared_buffers", "512MB"),
                ("max_wal_size", "8GB"),
                ("maintenance_work_mem", "256MB"),
            ] {
                options = options.setting(name, value);
            }
            let server = options.start()?;
            lane::fill_postgres(&server, "bench", users)?;
            cases(&Lane::postgres(&server, "bench", users)?)?;
        }
    }
    Ok(())
}

fn cases(lane: &Lane) -> Result<(), Failure> {
    println!("{}, {} users", lane.label, lane.users);
    users::run(lane)?;
    members::run(lane)
}
