//! Slow clients, bodies without end and large groups: in a short form, and with `SCIM_PROMISES=full` as much as is promised.

use std::{env, time::Duration};

use scim_conformance::socket::{LargeGroup, Oversized, SlowClients};

use super::support::Host;

const PATH: &str = "/scim/v2";

#[test]
fn slow_clients_are_ended_and_hold_up_nobody() {
    let (head_time, body_time) = if is_full() {
        ("10000", "10000")
    } else {
        ("2000", "1000")
    };
    let host = Host::start(&["--head-time", head_time, "--body-time", body_time, "--log", "error"]);
    let clients = SlowClients::new().with(|clients| {
        clients.requests = if is_full() { 1000 } else { 20 };
        clients.wait = Duration::from_secs(if is_full() { 60 } else { 30 });
    });
    let waits = clients.run(&host.socket, PATH, &host.token).unwrap();
    println!("slow clients: {waits}");
    assert!(!is_full() || waits.beside <= waits.idle * 2, "{waits}");
}

#[test]
fn bodies_without_end_are_cut_and_take_no_memory() {
    let host = Host::start(&["--body-limit", "1048576", "--log", "error"]);
    let oversized = Oversized::new(1 << 20);
    let oversized = oversized.with(|oversized| oversized.most = if is_full() { 1 << 30 } else { oversized.most });
    let growth = oversized.run(&host.socket, PATH, &host.token, host.process.id());
    println!("oversized bodies: the host grew by {:?} KiB", growth.unwrap());
}

#[test]
fn a_large_group_takes_memory_in_proportion() {
    let host = Host::start(&["--log", "error"]);
    let group = LargeGroup::new(if is_full() { 100_000 } else { 1000 });
    let growth = group.run(&host.socket, PATH, &host.token, host.process.id());
    println!("{} members: the host grew by {:?} KiB", group.members, growth.unwrap());
}

fn is_full() -> bool {
    env::var("SCIM_PROMISES").is_ok_and(|form| form == "full")
}
