//! Filters as a client meets them: N01 to N25 (RFC 7644 sections 3.4.2.1 and 3.4.2.2).

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod paths;
#[cfg(test)]
mod refusals;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod terms;
#[cfg(test)]
mod values;

use scim_http::core::{
    Dialect,
    schema::{Attribute, Registry, ResourceType, Returned, Schema},
};
use serde_json::{Value, json};
use support::{ENTERPRISE, GROUP, Reply, Server, USER, both, with_schema};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// A filter that must be refused, in a URL and in a body.
#[track_caller]
fn refused(s: &Server, endpoint: &str, filter: &str) -> Reply {
    let got = s.filter(endpoint, filter);
    eprintln!("{filter}");
    got.refused(400, "invalidFilter");
    let posted = s.post(
        &format!("{endpoint}/.search"),
        json!({ "schemas": [SEARCH], "filter": filter }),
    );
    posted.refused(400, "invalidFilter");
    assert!(got.body.get("Resources").is_none() && posted.body.get("Resources").is_none());
    got
}

/// Barbara with two addresses, and John with none.
fn two_users(s: &Server) {
    s.user(json!({
        "userName": "bjensen", "externalId": "abc", "displayName": "Babs Jensen", "nickName": "Babs",
        "userType": "Employee", "active": true, "name": { "givenName": "Barbara", "familyName": "Jensen" },
        "emails": [
            { "type": "work", "value": "a@x.example.com", "primary": true },
            { "type": "home", "value": "b@y.example.org", "primary": false },
        ],
    }));
    s.user(json!({ "userName": "JSmith", "title": "Boss", "userType": "Intern", "active": false }));
}

const DEVICE: &str = "urn:example:params:scim:schemas:core:2.0:Device";

fn devices() -> Registry {
    let schema = Schema::builder(DEVICE, "Device")
        .attribute(Attribute::string("displayName"))
        .attribute(Attribute::decimal("level"))
        .attribute(Attribute::string("pin").returned(Returned::Never))
        .build()
        .unwrap();
    let device = ResourceType::builder("Device", "/Devices", schema).build().unwrap();
    Registry::new([ResourceType::user(), ResourceType::group(), device])
}
