//! Members in the console: where they come from, what they have, and what is not done to them by hand.

use chrono::{DateTime, Utc};
use fantoccini::Locator;
use serde_json::{Value, json};
use ureq::http::Method;

use crate::{
    chromium::Browser,
    host::{Host, Store, user},
};

on_both!(
    a_provisioned_member_has_a_label_and_a_licence_and_is_not_removed_by_hand,
    an_invited_member_is_left_alone_by_provisioning_until_it_is_handed_over,
    owners_are_protected_from_provisioning,
    requests_and_changes_are_in_the_log_and_the_events,
);

async fn a_provisioned_member_has_a_label_and_a_licence_and_is_not_removed_by_hand(store: Store) {
    let browser = Browser::open().await;
    let host = Host::start_on(store, &[]);
    let before = Utc::now().timestamp_millis();
    let (status, ada) = host.scim(Method::POST, "/Users", user("Ada"));
    let after = Utc::now().timestamp_millis();
    assert_eq!(status, 201, "{ada}");
    let id = ada["id"].as_str().unwrap();
    browser.sign_in(&host.sign_in).await;
    browser.choose("#provider", "okta-header").await;
    browser.follow("section[aria-labelledby=settings] button").await;
    browser.wait(".notice").await;

    browser.go(&format!("{}/users", host.console)).await;
    let row = browser.text(&format!("#member-{}", &id[1..])).await;
    for shown in ["Ada", "ada@acme.example", "Okta", "Licensed", "Active"] {
        assert!(row.contains(shown), "{shown} is missing in {row}");
    }
    let synced = format!("#member-{} td[data-label='Last sync'] time", &id[1..]);
    let synced = browser.wait(&synced).await.attr("datetime").await.unwrap().unwrap();
    let synced = DateTime::parse_from_rfc3339(&synced).unwrap().timestamp_millis();
    assert!(
        (before..=after).contains(&synced),
        "{synced} is not the time of the request"
    );
    assert!(browser.text("#member-1").await.contains("Protected"));

    browser.press(&format!("#member-{} summary", &id[1..])).await;
    browser.follow(&format!("#member-{} button.danger", &id[1..])).await;
    let refusal = browser.text("[role=alert]").await;
    assert!(
        refusal.contains("managed by Okta") && refusal.contains("Ada was provisioned"),
        "{refusal}"
    );
    assert_eq!(host.scim(Method::GET, &format!("/Users/{id}"), Value::Null).0, 200);

    // The console shows what provisioning does.
    let suspend = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "Replace", "path": "active", "value": "False" }],
    });
    assert_eq!(host.scim(Method::PATCH, &format!("/Users/{id}"), suspend).0, 200);
    browser.go(&format!("{}/users?q=ADA", host.console)).await;
    assert!(browser.text("tbody").await.contains("Suspended"));
    browser.close().await;
}

async fn an_invited_member_is_left_alone_by_provisioning_until_it_is_handed_over(store: Store) {
    let browser = Browser::open().await;
    let host = Host::start_on(store, &[]);
    browser.sign_in(&host.sign_in).await;
    browser.go(&format!("{}/users", host.console)).await;
    browser.press("section header details summary").await;
    browser.fill("#invite-name", "Bob <b>Auditor</b>").await;
    browser.fill("#invite-email", "bob@acme.example").await;
    browser.follow("section header details button").await;
    browser.wait(".notice").await;
    assert!(browser.page().await.contains("Bob <b>Auditor</b>"), "text is text");

    assert_eq!(host.scim(Method::POST, "/Users", user("Bob")).0, 409);
    let filter = "/Users?filter=userName%20eq%20%22BOB@acme.example%22";
    let (_, found) = host.scim(Method::GET, filter, Value::Null);
    let id = found["Resources"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/Users/{id}");
    let (status, refused) = host.scim(Method::PUT, &path, user("Bob"));
    assert_eq!(status, 403, "{refused}");

    browser.press(&format!("#member-{} summary", &id[1..])).await;
    browser.follow(&format!("#member-{} .hand-over", &id[1..])).await;
    browser.wait(".notice").await;
    assert_eq!(host.scim(Method::PUT, &path, user("Bob")).0, 200);

    // One who was invited and is no longer wanted is removed, and provisioning is told so.
    browser.press("section header details summary").await;
    browser.fill("#invite-name", "Carl").await;
    browser.fill("#invite-email", "carl@acme.example").await;
    browser.follow("section header details button").await;
    browser.wait(".notice").await;
    browser.press("summary[aria-label='Manage Carl']").await;
    browser.follow("button[aria-label='Remove Carl']").await;
    browser.wait(".notice").await;
    assert!(
        browser
            .client
            .find(Locator::Css("[aria-label='Remove Carl']"))
            .await
            .is_err()
    );
    browser.go(&format!("{}/events", host.console)).await;
    let events = browser.text("tbody").await;
    assert!(
        events.contains("user.deleted") && events.contains("owner@acme.example"),
        "{events}"
    );
    browser.close().await;
}

async fn owners_are_protected_from_provisioning(store: Store) {
    let host = Host::start_on(store, &[]);
    assert_eq!(
        host.scim(Method::DELETE, "/Users/m1", Value::Null).0,
        403,
        "invited by hand"
    );

    // Also where the account is one that provisioning may change.
    host.sql("UPDATE members SET origin = 'scim' WHERE role = 'owner'")
        .await;
    let put = |body: Value| host.scim(Method::PUT, "/Users/m1", body);
    let emails = json!([{ "value": "owner@evil.example" }]);
    for body in [
        json!({ "userName": "owner@acme.example", "active": false }),
        json!({ "userName": "renamed@acme.example", "active": true }),
        json!({ "userName": "owner@acme.example", "emails": emails }),
    ] {
        let (status, answer) = put(body);
        assert_eq!(status, 403, "{answer}");
        assert!(answer["detail"].as_str().unwrap().contains("protected"), "{answer}");
    }
    assert_eq!(host.scim(Method::DELETE, "/Users/m1", Value::Null).0, 403);
    let (status, answer) = put(json!({ "userName": "owner@acme.example", "title": "Founder" }));
    assert_eq!(status, 200, "{answer}");
    let (_, owner) = host.scim(Method::GET, "/Users/m1", Value::Null);
    assert_eq!((&owner["active"], &owner["title"]), (&json!(true), &json!("Founder")));

    // Whoever is an owner no longer is like everybody else.
    host.sql("UPDATE members SET role = 'admin'").await;
    assert_eq!(host.scim(Method::DELETE, "/Users/m1", Value::Null).0, 204);
}

async fn requests_and_changes_are_in_the_log_and_the_events(store: Store) {
    let browser = Browser::open().await;
    let host = Host::start_on(store, &[]);
    let mut body = user("Dora");
    body["shoeSize"] = json!(38_517);
    body["active"] = json!("True");
    assert_eq!(host.scim(Method::POST, "/Users", body).0, 201);
    for _ in 0..3 {
        assert_eq!(
            host.scim_as("latchkey_wrong", Method::GET, "/Users", Value::Null).0,
            401
        );
    }
    assert_eq!(host.scim(Method::POST, "/Users", user("Dora")).0, 409);
    browser.sign_in(&host.sign_in).await;

    browser.go(&format!("{}/log", host.console)).await;
    let log = browser.text("tbody").await;
    for shown in [
        "POST",
        "201",
        "Dora",
        "unknown attribute shoeSize left out",
        "text for the Boolean active",
        "409",
        "× 3",
    ] {
        assert!(log.contains(shown), "{shown} is missing in {log}");
    }
    for secret in [&*host.token, "latchkey_wrong", "dora@acme.example", "38517"] {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
    browser.follow(".tabs a:nth-child(3)").await;
    browser.wait(".tabs a:nth-child(3)[aria-current]").await;
    let answers = browser
        .ask("return [...document.querySelectorAll('td[data-label=Answer] .badge')].map((badge) => badge.textContent)")
        .await;
    assert_eq!(answers, json!(["409", "401"]), "problems only, newest first");

    browser.go(&format!("{}/events", host.console)).await;
    let events = browser.text("tbody").await;
    assert!(events.contains("user.created") && events.contains("Dora"), "{events}");
    assert!(host.command(&["events", "tail"]).contains("user.created"));
    browser.close().await;
}
