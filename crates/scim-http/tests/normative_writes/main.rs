//! Creation, replacement and deletion as a client meets them: N41 to N51 (RFC 7644 sections 3.3, 3.5.1 and 3.6).

#[cfg(test)]
mod creation;
#[cfg(test)]
mod deletion;
#[cfg(test)]
mod forms;
#[cfg(test)]
mod passwords;
#[cfg(test)]
mod replacement;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use scim_http::{
    PasswordSink,
    core::{
        Dialect, InputError, Note, Notes, ResourceId,
        dialect::Unknown,
        resource::Password,
        schema::{Attribute, Mutability, Registry, ResourceType, Schema},
    },
    store::{Result, Scope, StoreError},
};
use serde_json::{Value, json};
use support::{BASE, ENTERPRISE, GROUP, Reply, Server, USER, block_on, both, encode, with_schema};

fn user(attributes: Value) -> Value {
    with_schema(USER, attributes)
}

/// A refused write must leave everything as it was.
#[track_caller]
fn unchanged(s: &Server, write: impl FnOnce() -> Reply) -> Reply {
    let before = s.store.dump();
    let reply = write();
    assert_eq!(
        s.store.dump(),
        before,
        "the refused request left a trace: {}",
        reply.text
    );
    reply
}
