//! Decisions D21 to D36, as far as no normative case covers them.
//!
//! D22 and D36 became D55 and D57, which are tested elsewhere. D26 is the corpus of hostile input, which has a runner of its
//! own. D25 and D33 are also N53 and N23.

#[cfg(test)]
mod limits;
#[cfg(test)]
mod members;
#[cfg(test)]
mod passwords;
#[cfg(test)]
mod requests;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;

use std::{
    sync::{Arc, Mutex},
    thread,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use scim_http::{
    BearerTokens, Expiry, PasswordSink, ScimServiceBuilder, TokenError,
    core::{
        Dialect, Limits, ResourceId,
        resource::{Password, Resource},
        schema::{Registry, ResourceType},
    },
    store::{Attempt, Denial, Guard, Principal, Result, Scope, StoreError, TxView},
};
use serde_json::{Value, json};
use support::{BASE, ENTERPRISE, GROUP, LIST, Reply, Server, TestStore, USER, both, encode};

fn user(name: &str) -> Value {
    json!({ "schemas": [USER], "userName": name })
}

fn group(name: &str) -> Value {
    json!({ "schemas": [GROUP], "displayName": name })
}
