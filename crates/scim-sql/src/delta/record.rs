//! Rows of the record of changes.

use scim_core::{ResourceId, Version};
use scim_store::{ChangeKind, Scope};

use crate::prepared::millis;

/// A change to be recorded.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) kind: String,
    pub(crate) id: ResourceId,
    pub(crate) what: &'static str,
    /// The paths that changed, as a JSON list.
    pub(crate) changed: String,
    pub(crate) version: Version,
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) actor: String,
    pub(crate) txn: String,
}

impl Record {
    /// What a request did to a resource.
    pub(crate) fn new(
        scope: &Scope,
        kind: &str,
        id: &ResourceId,
        what: ChangeKind,
        changed: &[String],
        (version, modified): (Version, i64),
    ) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.clone(),
            what: name(what),
            changed: serde_json::Value::from(changed).to_string(),
            version,
            at: modified.max(millis(&scope.now)),
            actor: without_nul(&scope.principal.name),
            txn: without_nul(&scope.request_id),
        }
    }
}

/// The name that a row has for it.
fn name(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Activated => "activated",
        ChangeKind::Created => "created",
        ChangeKind::Deactivated => "deactivated",
        ChangeKind::Deleted => "deleted",
        _ => "updated",
    }
}

/// The kind that a row names.
pub(crate) fn kind_of(name: &str) -> ChangeKind {
    match name {
        "activated" => ChangeKind::Activated,
        "created" => ChangeKind::Created,
        "deactivated" => ChangeKind::Deactivated,
        "deleted" => ChangeKind::Deleted,
        _ => ChangeKind::Updated,
    }
}

/// Names come from the host and from headers; what PostgreSQL has no text for must not end a write.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
