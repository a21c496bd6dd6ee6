//! The program as a process: how it starts, how it is, how it ends.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
};

use serde_json::Value;
use ureq::http::Method;

use crate::{
    host::{Host, Store, agent, signal, user},
    visitor::Visitor,
};

on_both!(health_is_that_of_the_database);

async fn health_is_that_of_the_database(store: Store) {
    let host = Host::start_on(store, &[]);
    let health = || {
        let mut answer = agent().get(format!("{}/health", host.origin())).call().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    };
    assert_eq!(health(), (200, "ok\n".to_owned()));
    host.sql("ALTER TABLE organisations RENAME TO elsewhere").await;
    assert_eq!(health(), (503, "the database is out of reach\n".to_owned()));
    host.sql("ALTER TABLE elsewhere RENAME TO organisations").await;
    assert_eq!(health().0, 200);
}

#[test]
fn who_is_asked_to_end_answers_first() {
    let host = Host::start(&[]);
    let address = host.origin().strip_prefix("http://").unwrap().to_owned();
    let body = user("Ada").to_string();
    let mut stream = BufReader::new(TcpStream::connect(&address).unwrap());
    let head = format!(
        "POST /scim/acme/v2/Users HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/scim+json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        host.token,
        body.len(),
    );
    stream.get_mut().write_all(head.as_bytes()).unwrap();
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 100"), "{line}");

    // The request is under way; from here on nobody else is let in.
    host.terminate();
    while TcpStream::connect(&address).is_ok() {}
    stream.get_mut().write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.contains("HTTP/1.1 201") && answer.contains("ada@acme.example"),
        "{answer}"
    );
    assert_eq!(host.ended().code(), Some(0));
}

#[test]
fn variables_say_all_that_arguments_do() {
    let token = "a-token-for-automation-of-32-chars";
    let host = Host::start_by(&[
        ("PM_ORGANIZATION", "umbrella"),
        ("PM_PUBLIC_URL", "https://vault.example/"),
        ("SCIM_BOOTSTRAP_TOKEN", token),
    ]);
    assert_eq!(host.tenant_url, "https://vault.example/scim/umbrella/v2");
    assert!(host.sign_in.starts_with("https://vault.example/sign-in?link="));
    assert!(!host.token.contains("latchkey"), "the token is the one that was given");
    let (status, made) = host.scim_as(token, Method::POST, "/Users", user("Ada"));
    assert_eq!(status, 201);
    let location = made["meta"]["location"].as_str().unwrap();
    assert!(location.starts_with(&host.tenant_url), "{location}");
    assert_eq!(
        host.scim_as("another-token-of-32-characters-yes", Method::GET, "/Users", Value::Null)
            .0,
        401
    );
}

#[test]
fn what_is_reached_by_https_stays_there() {
    let secure = Host::start_by(&[("PM_PUBLIC_URL", "https://vault.example")]);
    let plain = Host::start(&[]);
    let hsts = |host: &Host| {
        let answer = agent().get(format!("{}/sign-in", host.origin())).call().unwrap();
        let header = answer.headers().get("strict-transport-security");
        header.map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(hsts(&secure).as_deref(), Some("max-age=63072000"));
    assert_eq!(hsts(&plain), None, "nobody could come back to a page without TLS");
    let has_flag = |visitor: &Visitor<'_>, flag: &str| visitor.cookie.split("; ").any(|part| part == flag);
    let visitor = Visitor::of(&secure);
    for flag in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(has_flag(&visitor, flag), "{}", visitor.cookie);
    }
    assert!(!has_flag(&Visitor::of(&plain), "Secure"));
}

#[test]
fn events_are_followed_as_they_happen() {
    let host = Host::start(&[]);
    let mut tail = host.prepared(&["events", "tail", "--follow"]);
    let mut tail = tail.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    // The owner, then whoever comes, one after the other.
    for (name, id) in [("Ada", "m2"), ("Bob", "m3")] {
        assert_eq!(host.scim(Method::POST, "/Users", user(name)).1["id"], id);
        let line = lines.find(|line| line.as_ref().unwrap().contains(id)).unwrap().unwrap();
        assert!(line.contains("user.created") && line.contains("userName"), "{line}");
        assert!(!line.contains("acme.example"), "{line}");
    }
    assert_eq!(host.scim(Method::DELETE, "/Users/m2", Value::Null).0, 204);
    let line = lines.next().unwrap().unwrap();
    assert!(line.contains("user.deleted") && line.contains("m2"), "{line}");
    signal("-INT", &tail);
    assert!(lines.next().is_none());
    assert_eq!(tail.wait().unwrap().code(), Some(0));
}

/// A first start that is cut off in its middle leaves nothing of the organisation, and the next one makes all of it.
#[tokio::test]
async fn a_start_that_was_cut_off_is_made_up_for() {
    let host = Host::start(&[]);
    let new = ["--organization", "new"];
    host.sql("CREATE TRIGGER broken BEFORE INSERT ON members BEGIN SELECT RAISE(ABORT, 'broken'); END")
        .await;
    let mut start: Command = host.prepared(&["serve", "--listen", "127.0.0.1:0"]);
    let output = start.args(new).output().unwrap();
    assert!(!output.status.success());
    host.sql("DROP TRIGGER broken").await;

    let started = host.beside(&new);
    assert!(started.token.starts_with("latchkey_"), "{}", started.token);
    assert_eq!(started.scim(Method::GET, "/Users", Value::Null).1["totalResults"], 1);
    let visitor = Visitor::of(&started);
    assert!(visitor.page("groups").contains("Engineering · 61 items"));
    let licences = visitor.page("licences");
    assert!(
        licences.contains("<dt>Bought</dt><dd>10</dd>") && licences.contains("<dt>In use</dt><dd>1</dd>"),
        "{licences}"
    );
}

/// Whoever was started with a token of the environment first gets one of its own once there is none.
#[test]
fn a_token_is_made_where_there_is_none() {
    let host = Host::start(&["--bootstrap-token", "a-token-for-automation-of-32-chars"]);
    let started = host.beside(&[]);
    assert_eq!(started.scim(Method::GET, "/Users", Value::Null).0, 200);
    let again = host.beside(&[]);
    assert!(!again.token.starts_with("latchkey_"), "it is shown once");
}
