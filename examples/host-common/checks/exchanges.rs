//! Replays what identity providers send.

use scim_conformance::{Client, ExchangeFile, Report, block_on, bundled_exchanges};

use super::support::Host;

#[test]
fn identity_providers_are_served_over_a_socket() {
    let options = "--token tok --allow-raw-token --basic ada:lovelace --log error";
    let mut report = Report::default();
    for file in ExchangeFile::load_directory(&bundled_exchanges()).unwrap() {
        let host = Host::start(&options.split(' ').collect::<Vec<_>>());
        let client = Client::new(&host.base_url, "tok").basic("ada", "lovelace");
        report.files.push(block_on(file.replay(&host.socket, &client)));
    }
    assert!(report.is_clean(), "{report}");
}
