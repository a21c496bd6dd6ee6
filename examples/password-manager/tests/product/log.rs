//! The provisioning log, and what strangers may do to it: nothing.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use serde_json::Value;
use ureq::http::Method;

use crate::{
    host::{Host, Store, user},
    visitor::Visitor,
};

on_both!(strangers_are_one_line_and_make_no_connection);

async fn strangers_are_one_line_and_make_no_connection(store: Store) {
    let host = Host::start_on(store, &[]);
    let neighbour = host.beside(&["--organization", "neighbour"]);
    let visitor = Visitor::of(&host);
    for _ in 0..3 {
        let ask = |token: &str| host.scim_as(token, Method::GET, "/Users", Value::Null).0;
        assert_eq!((ask("latchkey_wrong"), ask(&neighbour.token)), (401, 403));
        assert!(broken_off(&host).starts_with("HTTP/1.1 401"));
    }
    let page = visitor.page("provisioning");
    assert!(page.contains("Not connected") && page.contains("None yet"), "{page}");

    assert_eq!(host.scim(Method::POST, "/Users", user("Ada")).0, 201);
    assert_eq!(
        host.scim_as("latchkey_wrong", Method::GET, "/Users", Value::Null).0,
        401
    );
    assert_eq!(host.scim(Method::POST, "/Users", user("Ada")).0, 409);
    let page = visitor.page("provisioning");
    assert!(!page.contains("Not connected") && !page.contains("None yet"), "{page}");
    let log = visitor.page("log");
    let (_, rows) = log.split_once("<tbody>").unwrap();
    assert_eq!(rows.matches("<tr>").count(), 3, "{log}");
    assert!(
        rows.contains("× 10") && rows.contains("201") && rows.contains("409"),
        "{log}"
    );
    // The neighbour's own log tells nothing of what was asked elsewhere.
    assert!(visitor_of(&neighbour).contains("No requests yet"));
}

fn visitor_of(host: &Host) -> String {
    Visitor::of(host).page("log")
}

/// What a request without credentials is answered, the body of which is never sent whole.
fn broken_off(host: &Host) -> String {
    let address = host.origin().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "POST /scim/acme/v2/Users HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{";
    stream.write_all(head.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
