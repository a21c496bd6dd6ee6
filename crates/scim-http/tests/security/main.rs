//! The RFCs' security requirements as tests, first half: R1 to R15 (RFC 7644 sections 2 to 3.6 and 7, RFC 7643 sections 7 and 9).

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod access;
#[cfg(test)]
mod passwords;
#[cfg(test)]
mod searches;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod writes;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use http::request::Parts;
use proptest::prelude::*;
use scim_http::{
    AuthError, Authenticator, BearerTokens, BuildError, Expiry, ScimService,
    core::{
        Dialect, Draft, Edit, Limits,
        query::{Query, QueryPage},
        resource::{Decoded, Found},
        schema::{Mutability, Registry, ResourceType, Schema, SchemaBuilder},
        username::UserNameKey,
    },
    store::{Capabilities, Clock, Principal, Read, Removal, Result, ScimStore, Scope, Updated, Write, Written},
};
use serde_json::{Value, json};
use support::{
    BASE, ENTERPRISE, GROUP, HandClock, Reply, Server, TestStore, USER, block_on, both, encode, with_schema,
};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// Every path of the service: its own, those of each type, and what is no endpoint at all.
fn paths() -> Vec<String> {
    let mut paths: Vec<String> = [
        "",
        "/",
        "/.search",
        "/Bulk",
        "/Me",
        "/ResourceTypes",
        "/ResourceTypes/User",
        "/Schemas",
        "/ServiceProviderConfig",
        "/nowhere",
        "/Users/a/b",
        "//Users",
        "/Users/%ff",
        "/Users/%00",
        "/%55sers",
        "/users",
        "/.well-known/x",
        "/Users/../Bulk",
    ]
    .map(str::to_owned)
    .to_vec();
    paths.extend(
        Registry::default()
            .schemas()
            .iter()
            .map(|schema| format!("/Schemas/{}", schema.id)),
    );
    for kind in Registry::default().types() {
        let endpoint = kind.endpoint();
        paths.extend(["", "/", "/.search", "/1", "/1/"].map(|rest| format!("{endpoint}{rest}")));
    }
    paths
}

const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW",
];

/// A store that nobody may reach.
#[derive(Debug)]
struct Untouched;

#[async_trait]
impl ScimStore for Untouched {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    async fn create(&self, _: &Scope, _: &Draft) -> Result<Found> {
        panic!("the store was reached")
    }

    async fn delete(&self, _: &Scope, _: &Removal) -> Result<()> {
        panic!("the store was reached")
    }

    async fn get(&self, _: &Scope, _: &Read) -> Result<Found> {
        panic!("the store was reached")
    }

    async fn query(&self, _: &Scope, _: &Query) -> Result<QueryPage> {
        panic!("the store was reached")
    }

    async fn update(&self, _: &Scope, _: &Edit) -> Result<Updated> {
        panic!("the store was reached")
    }

    async fn batch(&self, _: &Scope, _: &[Write]) -> Result<Vec<Written>> {
        panic!("the store was reached")
    }
}

/// A service on a store of this kind with this authenticator.
fn server(store: impl ScimStore, authenticator: impl Authenticator) -> Server {
    let clock = HandClock::new();
    let service = ScimService::builder(BASE, store, authenticator)
        .clock(clock.clone())
        .build()
        .unwrap();
    Server {
        service,
        store: Arc::new(TestStore::new()),
        clock,
    }
}

fn tokens() -> BearerTokens {
    let tokens = BearerTokens::new();
    tokens
        .add("tokA", Principal::new("A", "token a"), Expiry::Never)
        .unwrap();
    tokens
}
