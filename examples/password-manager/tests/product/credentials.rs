//! Tokens in the console: made, shown once, rotated, revoked.

use chrono::{Months, TimeDelta, Utc};
use serde_json::Value;
use ureq::http::Method;

use crate::{
    chromium::Browser,
    host::{Host, Store},
};

fn status(host: &Host, token: &str) -> u16 {
    host.scim_as(token, Method::GET, "/Users?count=1", Value::Null).0
}

on_both!(
    a_token_is_shown_once_rotated_and_revoked,
    an_old_token_lives_on_where_that_is_chosen,
    tokens_are_made_and_rotated_from_the_command_line,
);

const ROW: &str = "section[aria-labelledby=credentials] tbody tr:first-child";

async fn a_token_is_shown_once_rotated_and_revoked(store: Store) {
    let browser = Browser::open().await;
    let host = Host::start_on(store, &[]);
    browser.sign_in(&host.sign_in).await;

    browser.press("#credentials ~ details summary").await;
    browser.fill("#name", "Okta, production").await;
    browser.choose("#expires", "never").await;
    browser.follow("#credentials ~ details button").await;
    let first = browser.text("#secret-token").await;
    assert_eq!(status(&host, &first), 200);
    assert!(browser.page().await.contains("Okta, production"));
    // The guide has it too, ready to be pasted; after a reload nobody has it.
    let guide = browser.text("section[aria-labelledby=guide] .body").await;
    assert!(guide.contains(&first));
    browser.client.refresh().await.unwrap();
    assert!(!browser.page().await.contains(&first));
    let kept = host.kept().await;
    assert!(!contains(&kept, first.as_bytes()), "only a digest is kept");
    assert!(contains(&kept, b"Okta, production"), "all that is kept was searched");

    let row = browser.text(ROW).await;
    assert!(row.contains("Okta, production") && row.contains("Never"), "{row}");
    // Where nothing is chosen the new token lives for a year, and the old one is dead at once.
    press_in_row(&browser, "Rotate").await;
    let second = browser.text("#secret-token").await;
    assert_ne!(first, second);
    assert_eq!(
        (status(&host, &first), status(&host, &second)),
        (401, 200),
        "the old token is dead"
    );
    assert_eq!(status(&host, &host.token), 200, "others live on");
    let row = browser.text(ROW).await;
    assert!(ends_in_years(&row, 1), "{row}");

    press_in_row(&browser, "Revoke").await;
    browser.wait(".notice").await;
    assert!(browser.page().await.contains("opens nothing any more"));
    assert_eq!(status(&host, &second), 401);
    browser.close().await;
}

async fn an_old_token_lives_on_where_that_is_chosen(store: Store) {
    let browser = Browser::open().await;
    let host = Host::start_on(store, &[]);
    browser.sign_in(&host.sign_in).await;
    browser.press(&format!("{ROW} summary[aria-label^=Rotate]")).await;
    browser.choose(&format!("{ROW} select[name=expires]"), "2y").await;
    browser.choose(&format!("{ROW} select[name=overlap]"), "8h").await;
    browser.follow(&format!("{ROW} details[open] button")).await;
    let second = browser.text("#secret-token").await;
    assert_eq!((status(&host, &host.token), status(&host, &second)), (200, 200));
    let table = browser.text("section[aria-labelledby=credentials] tbody").await;
    assert!(
        table.contains("Replaced") && table.contains("until") && ends_in_years(&table, 2),
        "{table}"
    );
    assert!(browser.text(".notice").await.contains("lives on"), "the page says so");

    // Nothing but what is offered or could be is taken.
    browser.press(&format!("{ROW} summary[aria-label^=Rotate]")).await;
    browser
        .ask("document.querySelector('tbody select[name=overlap] option:checked').value = '8 weeks'")
        .await;
    browser.follow(&format!("{ROW} details[open] button")).await;
    assert!(browser.text(".door .head").await.contains("cannot be read"));
    assert_eq!(status(&host, &second), 200, "nothing has changed");
    browser.close().await;
}

#[tokio::test]
async fn a_token_that_ends_soon_is_warned_of() {
    let browser = Browser::open().await;
    let host = Host::start(&[]);
    browser.sign_in(&host.sign_in).await;
    assert!(
        !browser.page().await.contains("expires in"),
        "the first token lives for a year"
    );
    host.command(&["credentials", "create", "--name", "Plenty", "--expires", "31d"]);
    browser.client.refresh().await.unwrap();
    assert!(!browser.page().await.contains("expires in"));

    host.command(&["credentials", "create", "--name", "Later", "--expires", "29d"]);
    host.command(&["credentials", "create", "--name", "Soon", "--expires", "3d"]);
    browser.client.refresh().await.unwrap();
    let warning = browser.text(".notice.warn").await;
    assert!(warning.contains("“Soon” expires in 3 days"), "{warning}");
    let table = browser.text("section[aria-labelledby=credentials] tbody").await;
    assert!(
        table.contains("Expires in 3 days") && table.contains("Expires in 29 days"),
        "{table}"
    );
    let list = host.command(&["credentials", "list"]);
    assert_eq!(list.matches("expires soon").count(), 2, "{list}");

    // One that was rotated is warned of no longer.
    press_in_row(&browser, "Rotate").await;
    let warning = browser.text(".notice.warn").await;
    assert!(warning.contains("“Later” expires in 29 days"), "{warning}");
    browser.close().await;
}

async fn tokens_are_made_and_rotated_from_the_command_line(store: Store) {
    let host = Host::start_on(store, &[]);
    let token = |said: &str| {
        let line = said.lines().find(|line| line.starts_with("Secret token")).unwrap();
        line[14..].split_whitespace().next().unwrap().to_owned()
    };
    let before = Utc::now();
    let said = host.command(&["credentials", "create", "--name", "Script", "--expires", "90d"]);
    let ends = [before, Utc::now()].map(|made| {
        (made + TimeDelta::days(90))
            .format("Expires       %Y-%m-%d")
            .to_string()
    });
    assert!(ends.iter().any(|end| said.contains(end)), "{said}");
    let first = token(&said);
    assert_eq!(status(&host, &first), 200, "the running host takes it at once");
    let said = host.command(&["credentials", "rotate", "--expires", "never"]);
    assert!(
        said.contains("Expires       never") && said.contains("opens nothing any more"),
        "{said}"
    );
    let second = token(&said);
    assert_eq!((status(&host, &first), status(&host, &second)), (401, 200));
    let third = token(&host.command(&["credentials", "rotate", "--overlap", "2h"]));
    assert_eq!(
        (status(&host, &second), status(&host, &third)),
        (200, 200),
        "for two hours"
    );
    let list = host.command(&["credentials", "list"]);
    assert_eq!(list.lines().count(), 4, "{list}");
    assert!(!list.contains(&second), "{list}");
}

/// Opens what a button of the first credential opens, and does it as it is offered.
async fn press_in_row(browser: &Browser, name: &str) {
    browser.press(&format!("{ROW} summary[aria-label^={name}]")).await;
    browser.follow(&format!("{ROW} details[open] button")).await;
}

/// Whether the console names the day on which a token ends that was made just now, or shortly before midnight.
fn ends_in_years(shown: &str, years: u32) -> bool {
    [Utc::now(), Utc::now() - TimeDelta::minutes(5)].iter().any(|made| {
        let end = made.checked_add_months(Months::new(12 * years)).unwrap();
        shown.contains(&end.format("%-d %b %Y").to_string())
    })
}

#[test]
fn a_bootstrap_token_is_the_first_token() {
    let token = "a-token-for-automation-of-32-chars";
    let host = Host::start(&["--bootstrap-token", token]);
    assert!(!host.token.contains(token), "who gave it knows it");
    assert_eq!(status(&host, token), 200);
    assert_eq!(status(&host, "a-token-for-automation-of-33-chars"), 401);
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}
