//! Scalekit: a directory per organisation with an endpoint and a token of its own, events for the app, and pushed groups.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use scim_conformance::stores::block_on;
use scim_core::TenantId;
use scim_events::{Event, EventSink, MemoryPositions, Relay, SinkError};
use scim_http::Mint;
use scim_store::{Expiry, TenantSettings, TenantState};
use serde_json::json;

use crate::product::{Organisation, Plan, Product};

fn product() -> Product {
    Product::new(Plan {
        name: "directory",
        ..Plan::default()
    })
}

fn path(directory: &str) -> String {
    format!("/api/v1/directories/{directory}/scim/v2")
}

/// An organisation whose directory has a name of its own in the URL.
fn organisation<'a>(product: &'a Product, name: &str, directory: &str) -> Organisation<'a> {
    let settings = TenantSettings::default().with(|settings| {
        settings.base_url = Some(format!("https://scim.example.test{}", path(directory)));
    });
    product.organisation(name, settings).at(&path(directory))
}

#[test]
fn each_organisation_has_an_endpoint_and_a_token() {
    let product = product();
    let harbor = organisation(&product, "harbor", "dir_1");
    let quay = organisation(&product, "quay", "dir_2");
    let lena = harbor.push_user("lena@harbor.example");
    let location = format!("https://scim.example.test{}/Users/{}", path("dir_1"), lena.ok(201).id());
    assert_eq!(lena.header("location"), Some(location.as_str()));
    assert_eq!(lena.body["meta"]["location"], location);
    assert_eq!(quay.get("/Users").ok(200).body["totalResults"], 0);
    quay.get(&format!("/Users/{}", lena.id())).refused_plainly(404);
    // Neither token opens the other endpoint, nor one that nobody has.
    for elsewhere in ["dir_1", "dir_3"] {
        let answer = organisation(&product, "pier", "dir_4").at(&path(elsewhere));
        answer.get("/Users").refused_plainly(403);
    }
}

#[test]
fn a_token_is_seen_once() {
    let product = product();
    let harbor = organisation(&product, "harbor", "dir_1");
    let minted = product
        .credentials
        .mint(&harbor.tenant, Mint::new("second", Expiry::Never));
    let minted = block_on(minted).unwrap();
    let token = minted.token.expose().to_owned();
    assert_eq!(harbor.with_token(&minted.token).test_connection(), 200);
    // Behind the identifier; the random part may have the character that parts the two.
    let (_, secret) = token
        .split_once(&format!("{}_", minted.credential.id.as_str()))
        .unwrap();
    let kept = block_on(product.credentials.list(&harbor.tenant)).unwrap();
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().any(|kept| token.contains(kept.id.as_str())));
    let seen = format!(
        "{kept:?} {minted:?} {:?} {:?}",
        product.credentials, product.place.credentials
    );
    assert!(!seen.contains(secret));
}

#[test]
fn a_directory_is_enabled_for_each_organisation() {
    let product = product();
    let (harbor, quay) = (
        organisation(&product, "harbor", "dir_1"),
        organisation(&product, "quay", "dir_2"),
    );
    harbor.user("lena@harbor.example");
    harbor.change(|settings| settings.state = TenantState::Disabled);
    for refused in [
        harbor.get("/Users?startIndex=1&count=2"),
        harbor.push_user("omar@harbor.example"),
        harbor.get("/ServiceProviderConfig"),
    ] {
        refused.refused_plainly(403);
    }
    assert_eq!(quay.test_connection(), 200);
    harbor.change(|settings| settings.state = TenantState::Paused { retry_after: 90 });
    let paused = harbor.get("/Users");
    paused.refused_plainly(503);
    assert_eq!(paused.header("retry-after"), Some("90"));
    harbor.change(|settings| settings.state = TenantState::Enabled);
    assert_eq!(harbor.get("/Users").ok(200).names(), ["lena@harbor.example"]);
}

/// The app behind a product, which keeps users of its own by what it hears.
#[derive(Debug, Clone, Default)]
struct App(Arc<Mutex<Heard>>);

#[derive(Debug, Default)]
struct Heard {
    told: Vec<String>,
    is_down: bool,
    states: HashMap<String, &'static str>,
}

#[async_trait]
impl EventSink for App {
    async fn deliver(&self, events: &[Event]) -> Result<(), SinkError> {
        let mut heard = self.0.lock().unwrap();
        if heard.is_down {
            return Err(SinkError::new("the app is down"));
        }
        for event in events {
            let id = event.change.id.to_string();
            heard.told.push(format!("{} {}", event.change.tenant, event.event_type));
            match event.event_type.as_str() {
                "user.deleted" => heard.states.remove(&id),
                "user.created" | "user.activated" => heard.states.insert(id, "active"),
                "user.deactivated" => heard.states.insert(id, "inactive"),
                _ => None,
            };
        }
        Ok(())
    }
}

#[test]
fn the_app_hears_what_happens() {
    let product = product();
    let harbor = organisation(&product, "harbor", "dir_1");
    let quay = organisation(&product, "quay", "dir_2");
    let (app, positions) = (App::default(), Arc::new(MemoryPositions::new()));
    let relay = Relay::builder(Arc::clone(&product.place.feed), positions);
    let relay = relay.reader("app", app.clone()).build();
    let told = |tenant: &TenantId| {
        let drained = block_on(relay.drain(tenant));
        let failed = !drained.failures.is_empty();
        (std::mem::take(&mut app.0.lock().unwrap().told), failed)
    };

    let (lena, omar) = (harbor.user("lena@harbor.example"), harbor.user("omar@harbor.example"));
    harbor.push_user("lena@harbor.example").refused(409, "uniqueness");
    let title = json!([{ "op": "replace", "path": "title", "value": "Pilot" }]);
    harbor.patch(&format!("/Users/{lena}"), title).ok(200);
    harbor.deactivate(&lena).ok(200);
    harbor.deactivate(&lena).ok(200);
    let crew = harbor.push_group("Crew", &[&omar]).ok(201).id();
    let remove = json!([{ "op": "remove", "path": format!("members[value eq \"{omar}\"]") }]);
    assert!([200, 204].contains(&harbor.patch(&format!("/Groups/{crew}"), remove).status));
    harbor.delete(&format!("/Users/{omar}")).ok(204);
    quay.user("eve@quay.example");
    // While the app is down nothing is lost, and nothing is told that did not happen.
    app.0.lock().unwrap().is_down = true;
    assert_eq!(told(&harbor.tenant), (vec![], true));
    app.0.lock().unwrap().is_down = false;
    let expected = [
        "user.created",
        "user.created",
        "user.updated",
        "user.deactivated",
        "group.created",
        "group.members.changed",
        "user.deleted",
    ];
    let expected: Vec<String> = expected.iter().map(|what| format!("harbor {what}")).collect();
    assert_eq!(told(&harbor.tenant), (expected, false));
    assert_eq!(told(&harbor.tenant), (vec![], false));
    assert_eq!(told(&quay.tenant), (vec!["quay user.created".to_owned()], false));
    let heard = app.0.lock().unwrap();
    assert_eq!(
        (heard.states.get(&lena), heard.states.get(&omar)),
        (Some(&"inactive"), None)
    );
}

/// The requests are those of Okta's Group Push.
#[test]
fn groups_are_pushed() {
    let product = product();
    let harbor = organisation(&product, "harbor", "dir_1");
    let (lena, omar) = (harbor.user("lena@harbor.example"), harbor.user("omar@harbor.example"));
    assert!(harbor.find("/Groups", "displayName eq \"Crew\"").is_empty());
    let crew = harbor.push_group("Crew", &[]).ok(201).id();
    let path = format!("/Groups/{crew}");
    let done = |operations| assert!([200, 204].contains(&harbor.patch(&path, operations).status));
    done(json!([{ "op": "replace", "value": { "id": crew, "displayName": "Deck crew" } }]));
    let member = |id: &str| json!({ "value": id, "display": "somebody@harbor.example" });
    done(json!([{ "op": "add", "path": "members", "value": [member(&lena), member(&omar)] }]));
    let mut both = [lena.clone(), omar.clone()];
    both.sort();
    assert_eq!(harbor.members(&crew), both);
    done(json!([{ "op": "remove", "path": format!("members[value eq \"{lena}\"]") }]));
    assert_eq!(harbor.members(&crew), [omar.as_str()]);
    assert_eq!(harbor.get(&format!("/Users/{omar}")).values("groups"), [crew.as_str()]);
    done(json!([{ "op": "replace", "path": "members", "value": [] }]));
    assert!(harbor.members(&crew).is_empty());
    assert_eq!(harbor.find("/Groups", "displayName eq \"deck crew\""), ["Deck crew"]);
    harbor.delete(&path).ok(204);
    assert_eq!(harbor.get("/Users").body["totalResults"], 2, "its members stay");
}
