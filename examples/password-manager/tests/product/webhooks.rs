//! Events in the console: endpoints, deliveries, sending again.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use ureq::http::Method;

use crate::{
    chromium::Browser,
    host::{Host, user},
};

/// A receiver that takes everything.
pub(crate) fn receiver() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    let (heard, bodies) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = heard.send(answer(stream.unwrap()));
        }
    });
    (url, bodies)
}

/// Reads one request, answers it, and gives its signature and body.
fn answer(stream: TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut reader = BufReader::new(stream);
    let (mut length, mut signature, mut line) = (0, String::new(), String::new());
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        match line.trim_end().split_once(": ") {
            None if line.trim_end().is_empty() => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
            Some((name, value)) if name.eq_ignore_ascii_case("webhook-signature") => signature = value.to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let text = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    reader.get_mut().write_all(text).unwrap();
    format!("{signature} {}", String::from_utf8(body).unwrap())
}

#[tokio::test]
async fn an_endpoint_is_told_and_what_it_missed_is_sent_again() {
    let (url, heard) = receiver();
    let host = Host::start(&["--local-webhooks"]);
    let browser = Browser::open().await;
    browser.sign_in(&host.sign_in).await;
    let events = format!("{}/events", host.console);
    browser.go(&events).await;
    browser.press("#webhooks ~ details summary").await;
    browser.fill("#url", &url).await;
    browser.press("#webhooks ~ details button").await;
    assert!(browser.text("#signing-secret").await.starts_with("whsec_"));

    assert_eq!(host.scim(Method::POST, "/Users", user("Ada")).0, 201);
    let patience = Duration::from_secs(30);
    let told = heard.recv_timeout(patience).unwrap();
    assert!(told.starts_with("v1,") && told.contains("user.created"), "{told}");
    assert!(!told.contains("ada@acme.example"), "events carry no values: {told}");
    browser.go(&events).await;
    assert!(!browser.page().await.contains("whsec_"), "the secret is shown once");
    until(&browser, &events, "Delivered, 204").await;
    browser.press("form[action*='/resend/'] button").await;
    browser.wait(".notice").await;
    let again = heard.recv_timeout(patience).unwrap();
    assert_eq!(body(&again), body(&told), "what has arrived is sent again as it was");
    until(&browser, &events, "Delivered, 204").await;

    browser.press("form[action$='/off'] button").await;
    browser.wait(".notice").await;
    assert_eq!(host.scim(Method::POST, "/Users", user("Bob")).0, 201);
    until(&browser, &events, "Not delivered").await;
    browser.press("form[action$='/on'] button").await;
    browser.wait(".notice").await;
    browser.press("form[action*='/resend/'] button").await;
    browser.wait(".notice").await;
    let missed = heard.recv_timeout(patience).unwrap();
    assert!(missed.contains("user.created"), "{missed}");
    assert_ne!(body(&missed), body(&told), "it is the one that was missed");
    browser.close().await;
}

#[tokio::test]
async fn an_address_of_a_private_network_is_refused() {
    let host = Host::start(&[]);
    let browser = Browser::open().await;
    browser.sign_in(&host.sign_in).await;
    browser.go(&format!("{}/events", host.console)).await;
    browser.press("#webhooks ~ details summary").await;
    browser.fill("#url", "https://169.254.169.254/latest").await;
    browser.press("#webhooks ~ details button").await;
    assert!(browser.text("[role=alert]").await.contains("No endpoint was added"));
    browser.close().await;
}

/// What was told, without its signature.
fn body(told: &str) -> &str {
    told.split_once(' ').unwrap().1
}

/// Loads the page again until it says so: deliveries go on beside it.
pub(crate) async fn until(browser: &Browser, url: &str, text: &str) {
    for _ in 0..200 {
        browser.go(url).await;
        if browser.page().await.contains(text) {
            return;
        }
    }
    panic!("the page never said {text}");
}
