//! What requests are made of.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Utc};
use scim_http::store::Clock;
use serde_json::{Value, json};

pub(crate) const BASE: &str = "https://scim.example.test/scim/v2";
pub(crate) const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// A clock that a test moves by hand.
#[derive(Debug, Clone)]
pub(crate) struct HandClock(pub(crate) Arc<AtomicI64>);

impl HandClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_767_225_600_000))) // 2026-01-01T00:00:00Z
    }
}

impl Clock for HandClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// A resource with its `schemas`.
pub(crate) fn with_schema(schema: &str, mut attributes: Value) -> Value {
    attributes["schemas"] = json!([schema]);
    attributes
}

/// Percent-encodes for a query.
pub(crate) fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
