//! Envelope, ETags, Bulk, discovery and authentication: cases N73 to N88, N90 and N91.
//!
//! N89 (asynchronous requests and their events, RFC 9967) waits for the events: see `r30` in `security_limits.rs` for what
//! holds until then.

#[cfg(test)]
mod bulk;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod envelope;
#[cfg(test)]
mod requests;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;

use async_trait::async_trait;
use scim_http::{
    BearerTokens, Expiry, PasswordSink, ScimService,
    core::{
        Dialect, Draft, Edit, ResourceId, datetime,
        query::{Query, QueryPage},
        resource::{Found, Password},
        schema::{Attribute, Registry, ResourceType, Returned, Schema},
    },
    store::{
        Attempt, Capabilities, Denial, Guard, Principal, Read, Removal, Result, ScimStore, Scope, StoreError, TxView,
        Updated, Write, Written,
    },
};
use serde_json::{Value, json};
use support::{BASE, BULK, ENTERPRISE, GROUP, LIST, Reply, Server, TestStore, USER, both};

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
const SCIM_JSON: &str = "application/scim+json; charset=utf-8";

/// A store that can do less than it could, or that fails.
#[derive(Debug)]
struct Lesser {
    inner: Arc<TestStore>,
    capabilities: Capabilities,
    fails: Option<fn() -> StoreError>,
}

impl Lesser {
    fn new(inner: &Arc<TestStore>) -> Self {
        Self {
            inner: Arc::clone(inner),
            capabilities: Capabilities::ALL,
            fails: None,
        }
    }

    fn check(&self) -> Result<()> {
        self.fails.map_or(Ok(()), |error| Err(error()))
    }
}

#[async_trait]
impl ScimStore for Lesser {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        self.check()?;
        self.inner.create(scope, draft).await
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        self.check()?;
        self.inner.delete(scope, removal).await
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        self.check()?;
        self.inner.get(scope, read).await
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        self.check()?;
        self.inner.query(scope, query).await
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        self.check()?;
        self.inner.update(scope, edit).await
    }

    async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>> {
        self.check()?;
        self.inner.batch(scope, writes).await
    }
}

/// Denies whatever is done to users whose name starts with `root`.
#[derive(Debug)]
struct Roots;

#[async_trait]
impl Guard for Roots {
    async fn check(&self, _: &Scope, attempt: Attempt<'_>, _: &mut dyn TxView) -> std::result::Result<(), Denial> {
        let (Attempt::Delete { before, .. } | Attempt::Update { before, .. }) = attempt else {
            return Ok(());
        };
        if before.text("userName").is_some_and(|name| name.starts_with("root")) {
            return Err(Denial::new("the account is protected"));
        }
        Ok(())
    }
}

fn user(name: &str) -> Value {
    json!({ "schemas": [USER], "userName": name })
}

fn failing(dialect: Dialect, error: fn() -> StoreError) -> Server {
    let inner = Arc::new(TestStore::new());
    let store = Lesser {
        fails: Some(error),
        ..Lesser::new(&inner)
    };
    Server::over(inner, store, dialect, |builder| builder)
}

fn both_with(change: impl Fn(scim_http::ScimServiceBuilder) -> scim_http::ScimServiceBuilder, case: impl Fn(&Server)) {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        eprintln!("dialect {}", dialect.name);
        case(&Server::with(dialect, &change));
    }
}
