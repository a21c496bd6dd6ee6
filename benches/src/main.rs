//! Speed against floors written by hand, both measured in one run.
//!
//! A floor is the least work that any correct implementation of one case must do. Times move from machine to machine,
//! the ratio to a floor much less, so goals are ratios. `cargo run --release -p scim-benches` runs every case,
//! `-- parse` only those whose name contains `parse`. `-- sql 1000 100000` runs the stores of SQL with so many users,
//! which no other words do. Speed is no gate: the exit code says only whether the cases ran.

mod cases;
mod floor;
mod measure;
mod report;
mod serve;
mod service;
mod workload;

use std::{env, error::Error};

/// What keeps a case from running.
type Failure = Box<dyn Error>;

/// The argument by which a case starts this program again to look at its memory.
const LOAD: &str = "--load";

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [LOAD, side] => cases::memory::load_and_print(side),
        ["sql", wanted @ ..] => cases::sql::run(wanted),
        ["--serve", side, address, users] => serve::serve(side, address, users.parse()?),
        wanted => run(wanted),
    }
}

fn run(wanted: &[&str]) -> Result<(), Failure> {
    for (name, case) in cases::ALL {
        if wanted.is_empty() || wanted.iter().any(|part| name.contains(part)) {
            case()?;
        }
    }
    Ok(())
}
