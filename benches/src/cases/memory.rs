//! P6: what a user of 1 KB takes in memory, and a filter that no index helps with.
//!
//! Memory is the resident set of a process of its own that does nothing but load users: counting allocations would take
//! unsafe code. It includes what the allocator wastes and the record of the last 10,000 changes.

use std::{env, fs, hint::black_box, process::Command};

use http::Method;
use scim_core::dialect::PatchAnswer;
use serde_json::Value;

use crate::{
    Failure,
    floor::server::Server,
    measure::{repeat, side_by_side},
    report,
    service::{load, request, send, service},
    workload,
};

const USERS: usize = 100_000;

pub(crate) fn run() -> Result<(), Failure> {
    let (ours, floor) = (spawn("ours")?, spawn("floor")?);
    report::amounts("P6", "resident bytes per user", "B", ours, floor, Some(2.0));

    let service = service(PatchAnswer::Resource)?;
    load(&service, USERS)?;
    let stored: Vec<Vec<u8>> = (0..USERS)
        .map(|number| workload::user(number).to_string().into_bytes())
        .collect();
    let scan = || {
        send(
            &service,
            request(Method::GET, "Users?filter=title%20co%20%22Nobody%22", ""),
        )
    };
    if scan().status() != 200 {
        return Err("the scan fails".into());
    }
    let parse = || {
        stored
            .iter()
            .for_each(|user| drop(black_box(serde_json::from_slice::<Value>(user))))
    };
    let times = side_by_side(&mut repeat(scan), &mut repeat(parse));
    report::times("P6", "scan of 100,000 against parsing them", times, Some(1.5));
    Ok(())
}

/// What the process of its own does: prints the bytes that each user takes.
pub(crate) fn load_and_print(side: &str) -> Result<(), Failure> {
    let service = service(PatchAnswer::Resource)?;
    let floor = Server::default();
    // The first users bring up whatever is made once.
    let put = |number: usize| {
        let posted = request(Method::POST, "Users", workload::user(number).to_string());
        if side == "ours" {
            drop(send(&service, posted))
        } else {
            drop(floor.handle(&posted))
        }
    };
    (0..100).for_each(put);
    let before = resident()?;
    (100..USERS + 100).for_each(put);
    println!("{}", (resident()? - before) / USERS as f64);
    Ok(())
}

fn spawn(side: &str) -> Result<f64, Failure> {
    let output = Command::new(env::current_exe()?).args([crate::LOAD, side]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// The resident set in bytes (Linux): the second number of `statm` in pages of 4 KiB.
fn resident() -> Result<f64, Failure> {
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages: f64 = statm.split(' ').nth(1).ok_or("statm has another form")?.parse()?;
    Ok(pages * 4096.0)
}
