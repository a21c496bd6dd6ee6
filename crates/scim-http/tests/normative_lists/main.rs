//! Lists, order, pages and projections as a client meets them: N26 to N40 (RFC 7644 sections 3.4.2 and 3.9, RFC 9865).

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod cursors;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod projection;
#[cfg(test)]
mod sorting;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;

use scim_http::{
    BearerTokens, Expiry, Pagination, ScimService,
    core::{
        Dialect, Limits,
        schema::{Attribute, Registry, ResourceType, Returned, Schema},
    },
    store::{Capabilities, Principal},
};
use serde_json::{Value, json};
use support::{BASE, ENTERPRISE, HandClock, Reply, Server, TestStore, USER, both, encode, with_schema};

const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Users `u001`, `u002` and so on, created in this order, a second apart.
fn crowd(s: &Server, count: usize) {
    for number in 1..=count {
        s.user(json!({ "userName": format!("u{number:03}"), "title": if number % 2 == 0 { "even" } else { "odd" } }));
        s.clock.forward(1_000);
    }
}

/// A search by GET, and the same by POST, which must answer the same.
#[track_caller]
fn list(s: &Server, endpoint: &str, query: &str) -> Reply {
    let got = s.get(&format!("{endpoint}?{query}"));
    got.ok(200);
    let mut search = json!({ "schemas": [SEARCH] });
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap();
        search[name] = match name {
            "startIndex" | "count" => value.parse::<i64>().unwrap().into(),
            "attributes" | "excludedAttributes" => value.split(',').collect(),
            _ => value.into(),
        };
    }
    let posted = s.post(&format!("{endpoint}/.search"), search);
    assert_eq!(posted.body, got.body, "{query}: GET and POST differ");
    got
}

/// The userNames of a page in the order of the page.
fn order(reply: &Reply) -> Vec<String> {
    let resources = reply.body["Resources"].as_array().unwrap();
    resources
        .iter()
        .map(|resource| resource["userName"].as_str().unwrap_or("?").to_owned())
        .collect()
}

/// The names of a resource's attributes, sorted.
fn keys(resource: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = resource.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[track_caller]
fn totals(reply: &Reply, total: usize, start: usize, items: usize) {
    assert_eq!(reply.body["schemas"], json!([LIST]));
    assert_eq!(reply.body["totalResults"], total, "{}", reply.text);
    assert_eq!(reply.body["startIndex"], start, "{}", reply.text);
    assert_eq!(reply.body["itemsPerPage"], items, "{}", reply.text);
    assert_eq!(reply.body["Resources"].as_array().unwrap().len(), items);
}

/// A service on a store that cannot do everything.
fn modest(dialect: Dialect, change: impl FnOnce(&mut Capabilities)) -> Server {
    let tokens = BearerTokens::new();
    tokens
        .add("tokA", Principal::new("A", "token a"), Expiry::Never)
        .unwrap();
    let store = TestStore::builder().capabilities(Capabilities::all_but(change)).build();
    let (clock, store) = (HandClock::new(), Arc::new(store));
    let service = ScimService::builder(BASE, Arc::clone(&store), tokens)
        .dialect(dialect)
        .clock(clock.clone())
        .build()
        .unwrap();
    Server { service, store, clock }
}
