//! The host as a process, spoken to over a socket by hand.

use std::{
    io::{Read, Write},
    net::Shutdown,
};

use super::support::{Host, receive};

const USER: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com"}"#;

/// The value of a text member, found by hand.
fn member<'a>(json: &'a str, name: &str) -> &'a str {
    let start = json.find(&format!("\"{name}\":\"")).unwrap() + name.len() + 4;
    &json[start..start + json[start..].find('"').unwrap()]
}

#[test]
fn a_user_is_created_read_and_found() {
    let host = Host::start(&[]);
    let created = host.send("POST", "/scim/v2/Users", USER);
    assert_eq!(created.status, 201, "{}", created.body);
    let id = member(&created.body, "id");
    let location = format!("{}/Users/{id}", host.base_url);
    assert_eq!(created.header("location"), Some(&*location));
    assert_eq!(
        created.header("content-type"),
        Some("application/scim+json; charset=utf-8")
    );

    let read = host.send("GET", &format!("/scim/v2/Users/{id}"), "");
    assert_eq!((read.status, member(&read.body, "userName")), (200, "ada@example.com"));

    let found = host.send("GET", "/scim/v2/Users?filter=userName%20eq%20%22ADA@example.com%22", "");
    assert!(found.body.contains("\"totalResults\":1"), "{}", found.body);
}

#[test]
fn three_lines_to_try_are_printed() {
    let host = Host::start(&[]);
    let tries: Vec<&String> = host
        .process
        .more()
        .iter()
        .filter(|line| line.starts_with("curl "))
        .collect();
    assert_eq!(tries.len(), 3);
    assert!(
        tries
            .iter()
            .all(|line| line.contains(&host.token) && line.contains(&host.base_url))
    );
}

#[test]
fn errors_of_every_kind_are_scim_errors() {
    let host = Host::start(&["--body-limit", "2000"]);
    let good = format!("Bearer {}", host.token);
    let long = format!("{{\"userName\":\"{}\"}}", "x".repeat(300_000));
    let cases = [
        ("", "GET", "/scim/v2/Users", "", 401),
        ("Bearer wrong", "POST", "/scim/v2/Users", USER, 401),
        ("Bearer wrong", "POST", "/scim/v2/Users", &*long, 401),
        (&*good, "GET", "/elsewhere", "", 404),
        (&*good, "PUT", "/scim/v2/Schemas", "{}", 405),
        (&*good, "POST", "/scim/v2/Users", &*long, 413),
        (&*good, "POST", "/scim/v2/Users", "{", 400),
    ];
    for (authorization, method, path, body, status) in cases {
        let reply = host.send_as(authorization, method, path, body);
        assert_eq!(reply.status, status, "{method} {path}");
        assert!(
            reply.body.contains("urn:ietf:params:scim:api:messages:2.0:Error"),
            "{}",
            reply.body
        );
        assert_eq!(member(&reply.body, "status"), status.to_string());
        assert_eq!(
            reply.header("content-type"),
            Some("application/scim+json; charset=utf-8")
        );
        assert_eq!(reply.header("www-authenticate").is_some(), status == 401);
    }
}

#[test]
fn a_body_without_length_is_read_to_the_limit_only() {
    let host = Host::start(&["--body-limit", "2000"]);
    let mut stream = host.connect();
    let head = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\
         Content-Type: application/scim+json\r\nConnection: close\r\n\r\n",
        host.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..30 {
        write!(stream, "64\r\n{}\r\n", " ".repeat(100)).unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    assert_eq!(receive(stream).status, 413);
}

#[test]
fn who_waits_for_leave_to_send_too_much_is_told_at_once() {
    let host = Host::start(&["--body-limit", "2000"]);
    let mut stream = host.connect();
    let head = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nContent-Length: 3000\r\n\
         Expect: 100-continue\r\nConnection: close\r\n\r\n",
        host.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(receive(stream).status, 413);
}

#[test]
fn a_client_that_goes_away_harms_nobody() {
    let host = Host::start(&[]);
    for cut in [0, 10, 60, 150] {
        let head = format!(
            "POST /scim/v2/Users HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nContent-Length: 5000\r\n\r\n{{\"a\":",
            host.token
        );
        let mut stream = host.connect();
        stream.write_all(&head.as_bytes()[..cut.min(head.len())]).unwrap();
        stream.shutdown(Shutdown::Both).unwrap();
    }
    assert_eq!(host.send("POST", "/scim/v2/Users", USER).status, 201);
}

#[test]
fn credentials_come_in_the_ways_that_were_allowed() {
    let host = Host::start(&[
        "--token",
        "tok1",
        "--token",
        "tok2",
        "--allow-raw-token",
        "--basic",
        "ada:lovelace",
    ]);
    assert!(!host.token.contains("tok1"), "a given token is not printed");
    let path = "/scim/v2/Users";
    for authorization in ["Bearer tok1", "bearer tok2", "tok1", "Basic YWRhOmxvdmVsYWNl"] {
        assert_eq!(
            host.send_as(authorization, "GET", path, "").status,
            200,
            "{authorization}"
        );
    }
    assert_eq!(host.send_as("Basic YWRhOndyb25n", "GET", path, "").status, 401);

    let strict = Host::start(&["--token", "tok1"]);
    assert_eq!(strict.send_as("tok1", "GET", path, "").status, 401);
    assert_eq!(strict.send_as("Basic YWRhOmxvdmVsYWNl", "GET", path, "").status, 401);
}

#[cfg(unix)]
#[test]
fn a_request_under_way_is_finished_before_the_host_stops() {
    let mut host = Host::start(&[]);
    let mut stream = host.connect();
    let head = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\nConnection: close\r\n\r\n",
        host.token,
        USER.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The host says that it waits for the body: the request is under way.
    let mut leave = [0; 25];
    stream.read_exact(&mut leave).unwrap();
    assert!(leave.starts_with(b"HTTP/1.1 100"));
    host.ask_to_stop();
    stream.write_all(USER.as_bytes()).unwrap();
    assert_eq!(receive(stream).status, 201);
    assert!(host.end().contains("stopping"));
}

#[cfg(unix)]
#[test]
fn the_log_tells_of_requests_and_holds_no_secret() {
    let mut host = Host::start(&[]);
    assert_eq!(host.send("POST", "/scim/v2/Users", USER).status, 201);
    let path = "/scim/v2/Users?filter=userName%20eq%20%22ada@example.com%22";
    assert_eq!(host.send("GET", path, "").status, 200);
    assert_eq!(
        host.send_as("Bearer wrongtoken", "GET", "/scim/v2/Groups", "").status,
        401
    );
    let token = host.token.clone();
    let log = host.stop();
    for wanted in [
        "method=POST path=/scim/v2/Users status=201",
        "path=/scim/v2/Groups status=401",
        "micros=",
    ] {
        assert!(log.contains(wanted), "{wanted} is missing in {log}");
    }
    for secret in [&*token, "wrongtoken", "Bearer", "ada", "filter"] {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
}
