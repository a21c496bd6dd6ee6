//! Rows of the record of changes.

use scim_core::{ResourceId, Version, resource::Stored};
use scim_store::{ChangeKind, ChangeMethod, Scope};

use crate::prepared::millis;

/// A change to be recorded.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) kind: String,
    pub(crate) id: ResourceId,
    pub(crate) what: &'static str,
    pub(crate) method: &'static str,
    /// The paths that changed, as a JSON list.
    pub(crate) changed: String,
    pub(crate) external_id: Option<String>,
    pub(crate) version: Version,
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) actor: String,
    pub(crate) txn: String,
}

impl Record {
    /// What a request did to a resource, and how; it tells of no paths and no external identifier yet.
    pub(crate) fn new(
        scope: &Scope,
        kind: &str,
        id: &ResourceId,
        (what, method): (ChangeKind, ChangeMethod),
        (version, modified): (Version, i64),
    ) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.clone(),
            what: name(what),
            method: method.within(scope).as_str(),
            changed: "[]".to_owned(),
            external_id: None,
            version,
            at: modified.max(millis(&scope.now)),
            actor: without_nul(&scope.principal.name),
            txn: without_nul(&scope.request_id),
        }
    }

    pub(crate) fn with_changed(mut self, changed: &[String]) -> Self {
        self.changed = serde_json::Value::from(changed).to_string();
        self
    }

    pub(crate) fn with_external_id(mut self, external_id: Option<&str>) -> Self {
        self.external_id = external_id.map(str::to_owned);
        self
    }
}

/// The external identifier of a resource from its column; one that is too long for that is in the document.
pub(crate) fn external_id(column: Option<&str>, stored: &Stored) -> Option<String> {
    let text = || stored.resource().text("externalId").map(str::to_owned);
    column.map(str::to_owned).or_else(text)
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
