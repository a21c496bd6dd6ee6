//! PATCH as RFC 7644 section 3.5.2 has it: cases N52 to N72.

#[cfg(test)]
mod add;
#[cfg(test)]
mod attributes;
#[cfg(test)]
mod remove;
#[cfg(test)]
mod replace;
#[cfg(test)]
mod requests;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;

use scim_http::core::{
    Dialect,
    dialect::PatchAnswer,
    schema::{Attribute, Mutability, Registry, ResourceType, Schema},
};
use serde_json::{Value, json};
use support::{ENTERPRISE, GROUP, Reply, Server, USER, both};

/// A user with something in it.
fn jane(server: &Server) -> String {
    server.user(json!({
        "userName": "jane",
        "nickName": "J",
        "name": { "givenName": "Jane", "familyName": "Doe" },
        "emails": [
            { "value": "w@example.com", "type": "work", "primary": true },
            { "value": "h@example.com", "type": "home", "primary": false },
            { "value": "o@example.com", "type": "other", "primary": false },
        ],
    }))
}

fn at(id: &str) -> String {
    format!("/Users/{id}")
}

/// Sends a PATCH that is to be refused, and checks that nothing at all has changed.
#[track_caller]
fn refused(server: &Server, path: &str, operations: Value, scim_type: &str) {
    let before = server.store.dump();
    server.clock.forward(1000);
    server.patch(path, operations).refused(400, scim_type);
    assert_eq!(server.store.dump(), before);
}

/// Sends a PATCH that is to succeed and to change nothing.
#[track_caller]
fn idle(server: &Server, path: &str, operations: Value) -> Reply {
    let before = server.store.dump();
    server.clock.forward(1000);
    let reply = server.patch(path, operations);
    reply.ok(200);
    assert_eq!(server.store.dump(), before);
    reply
}
