//! Events carry what the claims of RFC 9967 need.

use std::sync::Arc;

use scim_events::{Event, MemoryPositions, Relay, Values};
use scim_store::ScimStore;
use serde_json::{Value, json};

use crate::{
    security_event_token::claims,
    tell::{Ears, USER, World, drain, kinds, relay},
};

const ISSUED: i64 = 1_767_225_600;

/// What happens to a user, in each of the six ways, and in two at once.
fn live(world: &World) -> String {
    let body = json!({ "schemas": [USER], "userName": "eve", "externalId": "ext-eve", "password": "t0p-Secret-9" });
    let put = |title: &str, active: bool| json!({ "schemas": [USER], "userName": "eve", "externalId": "ext-eve", "title": title, "active": active });
    let id = world.send("POST", "/Users", body)["id"].as_str().unwrap().to_owned();
    let path = format!("/Users/{id}");
    world.patch(&path, json!({ "op": "add", "path": "title", "value": "Dr" }));
    world.patch(&path, json!({ "op": "add", "path": "active", "value": true }));
    world.send("PUT", &path, put("Prof", true));
    world.patch(&path, json!({ "op": "replace", "path": "active", "value": false }));
    world.patch(&path, json!({ "op": "replace", "path": "active", "value": true }));
    world.send("PUT", &path, put("Rector", false));
    world.send("DELETE", &path, Value::Null);
    path
}

fn tokens(events: &[Event]) -> Vec<Value> {
    let token = |event| {
        claims(
            event,
            &kinds(),
            "https://id.example.com",
            "https://app.example.com",
            ISSUED,
        )
        .unwrap()
    };
    events.iter().map(token).collect()
}

#[test]
fn each_event_of_the_rfc_is_made_of_an_event() {
    let (world, ears) = (World::new(), Ears::default());
    let path = live(&world);
    drain(&relay(&world, &Arc::new(MemoryPositions::new()), &[("log", &ears)]));
    let heard = ears.heard.lock().unwrap();
    let told = tokens(&heard);
    let prov = |name: &str| format!("urn:ietf:params:scim:event:prov:{name}");
    let notice =
        |version: u64, attributes: &[&str]| json!({ "version": format!("W/\"{version}\""), "attributes": attributes });
    let expected = [
        json!({ prov("create:notice"): notice(1, &["externalId", "userName"]) }),
        json!({ prov("patch:notice"): notice(2, &["title"]) }),
        json!({ prov("patch:notice"): notice(3, &["active"]) }),
        json!({ prov("put:notice"): notice(4, &["title"]) }),
        json!({ prov("deactivate"): {} }),
        json!({ prov("activate"): {} }),
        json!({ prov("deactivate"): {}, prov("put:notice"): notice(7, &["active", "title"]) }),
        json!({ prov("delete"): {} }),
    ];
    assert_eq!(told.len(), expected.len());
    for ((token, event), events) in told.iter().zip(heard.iter()).zip(&expected) {
        let expected = json!({
            "iss": "https://id.example.com",
            "aud": "https://app.example.com",
            "iat": ISSUED,
            "jti": event.id.as_str(),
            "toe": event.change.at.timestamp(),
            "txn": "request-7",
            "sub_id": { "format": "scim", "uri": path, "externalId": "ext-eve" },
            "events": events,
        });
        assert_eq!(*token, expected);
    }
    assert!(!format!("{told:?}").contains("t0p-Secret-9"));
}

#[test]
fn values_stand_in_place_of_names() {
    let (world, ears) = (World::new(), Ears::default());
    let store = Arc::clone(&world.store) as Arc<dyn ScimStore>;
    let values = Values::new(store, Arc::new(kinds()), |_| {
        "https://id.example.com/scim/v2".to_owned()
    });
    let feed = Arc::clone(&world.store);
    let relay = Relay::builder(feed, Arc::new(MemoryPositions::new()))
        .reader("log", ears.clone())
        .values(values)
        .build();
    let id = world.user("eve");
    world.send(
        "PUT",
        &format!("/Users/{id}"),
        json!({ "schemas": [USER], "userName": "eva" }),
    );
    drain(&relay);
    let told = tokens(&ears.heard.lock().unwrap());
    for (token, name) in told.iter().zip(["create:full", "put:full"]) {
        let payload = &token["events"][format!("urn:ietf:params:scim:event:prov:{name}")];
        assert_eq!(payload["data"]["userName"], "eva", "{token}");
        assert_eq!(payload.get("attributes"), None, "one of the two");
        assert_eq!(token["sub_id"].get("externalId"), None, "it has none");
    }
    assert_eq!(told.len(), 2);
}
