//! `demo`: what it says in the end is what the console shows.

use std::collections::BTreeMap;

use serde_json::Value;
use ureq::http::Method;

use crate::{
    chromium::Browser,
    host::{Host, Store, user},
};

on_both!(a_day_ends_with_a_summary_that_matches_the_console);

async fn a_day_ends_with_a_summary_that_matches_the_console(store: Store) {
    let browser = Browser::open().await;
    let host = Host::start_on(store, &[]);
    let said = host.command(&["demo", "--tenant-url", &host.tenant_url, "--token", &host.token]);
    let summary = summary(&said);
    assert!(summary.len() >= 8, "{said}");
    browser.sign_in(&host.sign_in).await;
    assert_eq!(summary, shown(&browser, &host).await);
    assert_eq!(summary["Members"], "12", "{said}");
    assert_eq!(
        summary["Licences in use"], "10 of 10",
        "there is one member more than licences"
    );

    // One change later it is another summary: the figures are not there by chance.
    assert_eq!(host.scim(Method::POST, "/Users", user("Zoe")).0, 201);
    assert_eq!(host.scim(Method::POST, "/Users", user("Zoe")).0, 409);
    let later = shown(&browser, &host).await;
    for figure in [
        "Members",
        "Active members",
        "Provisioned members",
        "Events",
        "Requests refused",
    ] {
        assert_ne!(summary[figure], later[figure], "{figure}");
    }
    browser.close().await;
}

/// Of a server whose database it does not know, the demo tells what SCIM tells.
#[test]
fn without_the_database_there_is_a_summary_too() {
    let (host, other) = (Host::start(&[]), Host::start(&[]));
    let said = other.command(&["demo", "--tenant-url", &host.tenant_url, "--token", &host.token]);
    let summary = summary(&said);
    assert_eq!(summary["Members"], "12", "{said}");
    assert!(!summary.contains_key("Events"), "{said}");
    assert_eq!(other.scim(Method::GET, "/Users", Value::Null).1["totalResults"], 1);
}

/// With a server of its own it tells everything, and leaves nothing behind.
#[test]
fn a_demo_needs_no_server() {
    let host = Host::start(&[]);
    let said = host.command(&["demo", "--listen", "127.0.0.1:0"]);
    let summary = summary(&said);
    assert_eq!(
        (&*summary["Members"], &*summary["Licences free"]),
        ("12", "0"),
        "{said}"
    );
    assert_eq!(host.scim(Method::GET, "/Users", Value::Null).1["totalResults"], 1);
}

/// The figures behind the headline, by their names.
fn summary(said: &str) -> BTreeMap<String, String> {
    let (_, lines) = said.split_once("Summary, as the console shows it\n").expect(said);
    let figures = lines.lines().filter_map(|line| {
        let (name, figure) = line.trim().split_once("  ")?;
        // How many there were in all is for people; the console shows those that were refused.
        let figure = match name {
            "Requests refused" => figure.split_once(" of ")?.0,
            _ => figure,
        };
        Some((name.to_owned(), figure.trim().to_owned()))
    });
    figures.collect()
}

/// The same figures, as the pages of the console show them.
async fn shown(browser: &Browser, host: &Host) -> BTreeMap<String, String> {
    let mut shown = BTreeMap::new();
    browser.go(&host.console).await;
    let provisioning = figures(browser).await;
    for name in ["Active members", "Provisioned members", "Groups"] {
        shown.insert(name.to_owned(), provisioning[name].clone());
    }
    browser.go(&format!("{}/users", host.console)).await;
    let users = browser.text(".head p").await;
    let (members, rest) = users.split_once(" members, ").unwrap();
    assert_eq!(
        rest.split(' ').next(),
        Some(&*shown["Active members"]),
        "two pages say the same"
    );
    assert_eq!(members, rows(browser).await);
    shown.insert("Members".to_owned(), members.to_owned());

    browser.go(&format!("{}/groups", host.console)).await;
    assert_eq!(rows(browser).await, shown["Groups"], "two pages say the same");
    browser.go(&format!("{}/licences", host.console)).await;
    let licences = figures(browser).await;
    let used = format!("{} of {}", licences["In use"], licences["Bought"]);
    shown.insert("Licences in use".to_owned(), used);
    shown.insert("Licences free".to_owned(), licences["Free"].clone());

    browser.go(&format!("{}/events", host.console)).await;
    shown.insert("Events".to_owned(), rows(browser).await);
    browser.go(&format!("{}/log?only=problems", host.console)).await;
    shown.insert("Requests refused".to_owned(), rows(browser).await);
    shown
}

/// The figures at the top of a page.
async fn figures(browser: &Browser) -> BTreeMap<String, String> {
    let script = "return Object.fromEntries([...document.querySelectorAll('dl.figures div')].map((figure) => \
                  [figure.querySelector('dt').textContent, figure.querySelector('dd').textContent]))";
    serde_json::from_value(browser.ask(script).await).unwrap()
}

/// How many rows the table of a page has.
async fn rows(browser: &Browser) -> String {
    browser
        .ask("return document.querySelectorAll('tbody tr').length")
        .await
        .to_string()
}
