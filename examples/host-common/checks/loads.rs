//! Slow clients and bodies without end.

use scim_conformance::socket::{Oversized, SlowClients};

use super::support::Host;

const PATH: &str = "/scim/v2";

#[test]
fn slow_clients_are_ended_and_hold_up_nobody() {
    let host = Host::start(&["--head-time", "2000", "--body-time", "1000", "--log", "error"]);
    let longest = SlowClients::new().run(&host.socket, PATH, &host.token).unwrap();
    println!("the slowest answer took {longest:?}");
}

#[test]
fn bodies_without_end_are_cut_and_take_no_memory() {
    let host = Host::start(&["--body-limit", "1048576", "--log", "error"]);
    let oversized = Oversized::new(1 << 20);
    let growth = oversized.run(&host.socket, PATH, &host.token, host.process.id());
    println!("the host grew by {:?} KiB", growth.unwrap());
}
