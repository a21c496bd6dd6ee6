//! Events in the console: endpoints, deliveries, sending again.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    time::Instant,
};

use ureq::http::Method;

use crate::{
    chromium::{Browser, PATIENCE},
    host::{Host, user},
};

/// A receiver that takes everything.
pub(crate) fn receiver() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    let (heard, bodies) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // A connection that was dropped is none of ours.
            if let Some(told) = stream.ok().and_then(answer) {
                let _ = heard.send(told);
            }
        }
    });
    (url, bodies)
}

/// Reads one request, answers it, and gives its signature and body; nothing where it breaks off.
fn answer(stream: TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut reader = BufReader::new(stream);
    let (mut length, mut signature, mut line) = (0, String::new(), String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            None if line.trim_end().is_empty() => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().ok()?,
            Some((name, value)) if name.eq_ignore_ascii_case("webhook-signature") => signature = value.to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let text = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    reader.get_mut().write_all(text).ok()?;
    Some(format!("{signature} {}", String::from_utf8(body).ok()?))
}

#[tokio::test]
async fn an_endpoint_is_told_and_what_it_missed_is_sent_again() {
    let (url, heard) = receiver();
    let browser = Browser::open().await;
    let host = Host::start(&["--local-webhooks"]);
    browser.sign_in(&host.sign_in).await;
    let events = format!("{}/events", host.console);
    browser.go(&events).await;
    browser.press("#webhooks ~ details summary").await;
    browser.fill("#url", &url).await;
    browser.follow("#webhooks ~ details button").await;
    assert!(browser.text("#signing-secret").await.starts_with("whsec_"));

    assert_eq!(host.scim(Method::POST, "/Users", user("Ada")).0, 201);
    let told = heard.recv_timeout(PATIENCE).unwrap();
    assert!(told.starts_with("v1,") && told.contains("user.created"), "{told}");
    assert!(!told.contains("ada@acme.example"), "events carry no values: {told}");
    browser.go(&events).await;
    assert!(!browser.page().await.contains("whsec_"), "the secret is shown once");
    until(&browser, &events, "Delivered, 204").await;
    browser.follow("form[action*='/resend/'] button").await;
    browser.wait(".notice").await;
    let again = heard.recv_timeout(PATIENCE).unwrap();
    assert_eq!(body(&again), body(&told), "what has arrived is sent again as it was");
    until(&browser, &events, "Delivered, 204").await;

    browser.follow("form[action$='/off'] button").await;
    browser.wait(".notice").await;
    assert_eq!(host.scim(Method::POST, "/Users", user("Bob")).0, 201);
    until(&browser, &events, "Not delivered").await;
    browser.follow("form[action$='/on'] button").await;
    browser.wait(".notice").await;
    browser.follow("form[action*='/resend/'] button").await;
    browser.wait(".notice").await;
    let missed = heard.recv_timeout(PATIENCE).unwrap();
    assert!(missed.contains("user.created"), "{missed}");
    assert_ne!(body(&missed), body(&told), "it is the one that was missed");
    browser.close().await;
}

#[tokio::test]
async fn an_address_of_a_private_network_is_refused() {
    let browser = Browser::open().await;
    let host = Host::start(&[]);
    browser.sign_in(&host.sign_in).await;
    browser.go(&format!("{}/events", host.console)).await;
    browser.press("#webhooks ~ details summary").await;
    browser.fill("#url", "https://169.254.169.254/latest").await;
    browser.follow("#webhooks ~ details button").await;
    assert!(browser.text("[role=alert]").await.contains("No endpoint was added"));
    browser.close().await;
}

/// What was told, without its signature.
fn body(told: &str) -> &str {
    told.split_once(' ').unwrap().1
}

/// Loads the page again until it says so: deliveries go on beside it.
pub(crate) async fn until(browser: &Browser, url: &str, text: &str) {
    let since = Instant::now();
    loop {
        browser.go(url).await;
        let page = browser.page().await;
        if page.contains(text) {
            return;
        }
        assert!(since.elapsed() < PATIENCE, "the page never said {text}: {page}");
    }
}
