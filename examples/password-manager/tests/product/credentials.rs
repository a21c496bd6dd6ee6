//! Tokens in the console: made, shown once, rotated, revoked.

use serde_json::Value;
use ureq::http::Method;

use crate::{chromium::Browser, host::Host};

fn status(host: &Host, token: &str) -> u16 {
    host.scim_as(token, Method::GET, "/Users?count=1", Value::Null).0
}

#[tokio::test]
async fn a_token_is_shown_once_rotated_and_revoked() {
    let host = Host::start(&[]);
    let browser = Browser::open().await;
    browser.sign_in(&host.sign_in).await;

    browser.press("#credentials ~ details summary").await;
    browser.fill("#name", "Okta, production").await;
    browser.press("#credentials ~ details button").await;
    let first = browser.text("#secret-token").await;
    assert_eq!(status(&host, &first), 200);
    assert!(browser.page().await.contains("Okta, production"));
    // The guide has it too, ready to be pasted; after a reload nobody has it.
    assert!(
        browser
            .text("#guide ~ .body, section[aria-labelledby=guide] .body")
            .await
            .contains(&first)
    );
    browser.client.refresh().await.unwrap();
    assert!(!browser.page().await.contains(&first));
    assert!(!contains(&host.database(), first.as_bytes()), "only a digest is kept");

    let row = "section[aria-labelledby=credentials] tbody tr:first-child";
    assert!(browser.text(row).await.contains("Okta, production"));
    browser.press(&format!("{row} details:nth-of-type(1) summary")).await;
    browser.choose(&format!("{row} select"), "0").await;
    browser.press(&format!("{row} details:nth-of-type(1) button")).await;
    let second = browser.text("#secret-token").await;
    assert_ne!(first, second);
    assert_eq!(
        (status(&host, &first), status(&host, &second)),
        (401, 200),
        "the old token is dead"
    );
    assert_eq!(status(&host, &host.token), 200, "others live on");

    browser.press(&format!("{row} details:nth-of-type(2) summary")).await;
    browser.press(&format!("{row} details:nth-of-type(2) button")).await;
    browser.wait(".notice").await;
    assert!(browser.page().await.contains("opens nothing any more"));
    assert_eq!(status(&host, &second), 401);
    browser.close().await;
}

#[test]
fn tokens_are_made_and_rotated_from_the_command_line() {
    let host = Host::start(&[]);
    let token = |said: &str| {
        let line = said.lines().find(|line| line.starts_with("Secret token")).unwrap();
        line[14..].split_whitespace().next().unwrap().to_owned()
    };
    let first = token(&host.command(&["credentials", "create", "--name", "Script"]));
    assert_eq!(status(&host, &first), 200, "the running host takes it at once");
    let second = token(&host.command(&["credentials", "rotate", "--overlap", "0"]));
    assert_eq!((status(&host, &first), status(&host, &second)), (401, 200));
    let list = host.command(&["credentials", "list"]);
    assert_eq!(list.lines().count(), 3, "{list}");
    assert!(!list.contains(&second), "{list}");
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
