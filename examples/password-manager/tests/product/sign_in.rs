//! The first start, and the way into the console.

use crate::{
    chromium::Browser,
    host::{Host, Store},
};

on_both!(
    a_first_start_prints_a_link_that_signs_in_once,
    a_new_link_comes_from_the_command_line,
);

async fn a_first_start_prints_a_link_that_signs_in_once(store: Store) {
    let browser = Browser::open().await;
    let host = Host::start_on(store, &[]);
    assert!(host.tenant_url.ends_with("/scim/acme/v2"), "{}", host.tenant_url);
    assert!(host.token.starts_with("latchkey_"));

    browser.go(&host.console).await;
    assert_eq!(browser.text("h1").await, "Sign in");
    assert!(browser.page().await.contains("password-manager sign-in"));

    browser.sign_in(&host.sign_in).await;
    assert_eq!(browser.text("h1").await, "User provisioning");
    let page = browser.page().await;
    assert!(page.contains(&host.tenant_url), "{page}");
    assert!(page.contains("Not connected"), "{page}");
    assert!(!page.contains(&host.token), "the token was shown once, on the terminal");

    browser.follow(".who button").await;
    browser.go(&host.console).await;
    assert_eq!(browser.text("h1").await, "Sign in");

    browser.sign_in(&host.sign_in).await;
    assert!(browser.page().await.contains("does not open anything"));
    browser.close().await;
}

async fn a_new_link_comes_from_the_command_line(store: Store) {
    let browser = Browser::open().await;
    let host = Host::start_on(store, &[]);
    let said = host.command(&["sign-in"]);
    let link = said.split_whitespace().next().unwrap();
    let (_, token) = link.split_once("/sign-in?link=").unwrap();
    browser
        .sign_in(&format!("{}/sign-in?link={token}", host.origin()))
        .await;
    assert_eq!(browser.text("h1").await, "User provisioning");
    browser.close().await;
}
