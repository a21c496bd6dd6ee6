//! The record of changes: what events are made from.

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scim_core::{Edit, ResourceId, TenantId, Version};

use crate::{Result, Scope};

/// The record of changes that a store keeps, to be read by whoever makes events of it.
///
/// A reader keeps the number of the last change that it is done with, and asks for those behind it. No change is passed
/// over: a change gets its number once it is committed, and none comes later with a smaller one.
#[async_trait]
pub trait ChangeFeed: Debug + Send + Sync + 'static {
    /// The changes of a tenant behind a number (0 for all that are kept), oldest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from answering.
    async fn changes(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<Change>>;

    /// Forgets the changes of a tenant up to a number, which every reader is done with.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from it.
    async fn forget(&self, tenant: &TenantId, through: u64) -> Result<()>;
}

/// One committed change of one resource, written in the transaction of the change itself.
///
/// It names attributes and never carries their values, but for the external identifier, by which others know the resource. Its
/// fields suffice for the events of RFC 9967.
///
/// ```
/// use scim_core::{ResourceId, Version};
/// use scim_store::{Change, ChangeKind, ChangeMethod, Clock, SystemClock};
///
/// let (tenant, id, now) = ("acme".into(), ResourceId::new("7"), SystemClock.now());
/// let change = Change::new(tenant, "User", id, ChangeKind::Deactivated, Version::new(3), now)
///     .with_sequence(17)
///     .with_method(ChangeMethod::Put)
///     .with_changed(vec!["active".to_owned()])
///     .with_external_id(Some("701984".to_owned()))
///     .with_request("token-1", "request-1");
/// assert_eq!(change.method, ChangeMethod::Put);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Its number within the tenant; later changes of one resource have greater ones.
    pub sequence: u64,
    /// The tenant.
    pub tenant: TenantId,
    /// The name of the resource type.
    pub resource_type: String,
    /// The resource.
    pub id: ResourceId,
    /// The external identifier that the resource has after the change, or had before its deletion.
    pub external_id: Option<String>,
    /// What happened.
    pub kind: ChangeKind,
    /// How it was done.
    pub method: ChangeMethod,
    /// The paths of the attributes that changed, or that a new resource was given; empty for deletion.
    pub changed: Vec<String>,
    /// The version after the change, or the last one before deletion.
    pub version: Version,
    /// When.
    pub at: DateTime<Utc>,
    /// Who, by the name of the principal.
    pub actor: String,
    /// The request that did it.
    pub transaction: String,
}

/// What happened to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeKind {
    /// `active` went from false to true.
    Activated,
    /// It was created.
    Created,
    /// `active` went from true to false.
    Deactivated,
    /// It was deleted.
    Deleted,
    /// Attributes or members changed.
    Updated,
}

/// How a change was done.
///
/// It is about the resource that the change is of: a group that loses a member to its deletion was patched, not deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ChangeMethod {
    /// The resource was created by a client.
    Create,
    /// The resource was deleted by a client.
    Delete,
    /// The host did it itself: [in a scope of its own](crate::Scope::by_host), by giving a seat or taking it back, or in its
    /// own tables.
    Host,
    /// A client changed parts of it (RFC 7644 section 3.5.2).
    Patch,
    /// A client replaced it (RFC 7644 section 3.5.1).
    Put,
    /// It was recorded by a release that did not tell.
    #[default]
    Unknown,
}

impl Change {
    /// A change to be recorded: without a number, names of attributes, external identifier and request, and of an unknown
    /// method.
    pub fn new(
        tenant: TenantId,
        resource_type: &str,
        id: ResourceId,
        kind: ChangeKind,
        version: Version,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            sequence: 0,
            tenant,
            resource_type: resource_type.to_owned(),
            id,
            external_id: None,
            kind,
            method: ChangeMethod::Unknown,
            changed: Vec::new(),
            version,
            at,
            actor: String::new(),
            transaction: String::new(),
        }
    }

    /// With its number.
    #[must_use]
    pub fn with_sequence(mut self, sequence: u64) -> Self {
        self.sequence = sequence;
        self
    }

    /// With how it was done.
    #[must_use]
    pub fn with_method(mut self, method: ChangeMethod) -> Self {
        self.method = method;
        self
    }

    /// With the paths of the attributes that changed.
    #[must_use]
    pub fn with_changed(mut self, changed: Vec<String>) -> Self {
        self.changed = changed;
        self
    }

    /// With the external identifier of the resource, if it has one.
    #[must_use]
    pub fn with_external_id(mut self, external_id: Option<String>) -> Self {
        self.external_id = external_id;
        self
    }

    /// With who did it, by the name of the principal, and with the request that it was done by.
    #[must_use]
    pub fn with_request(mut self, actor: &str, transaction: &str) -> Self {
        (self.actor, self.transaction) = (actor.to_owned(), transaction.to_owned());
        self
    }
}

impl ChangeMethod {
    /// How an edit is done.
    pub fn of(edit: &Edit) -> Self {
        if edit.is_put() { Self::Put } else { Self::Patch }
    }

    /// The same, or `Host` in a scope [of the host's own](Scope::by_host).
    #[must_use]
    pub fn within(self, scope: &Scope) -> Self {
        if scope.is_by_host() { Self::Host } else { self }
    }

    /// Its name: `create`, `delete`, `host`, `patch`, `put` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Host => "host",
            Self::Patch => "patch",
            Self::Put => "put",
            Self::Unknown => "unknown",
        }
    }

    /// The method of a name; `Unknown` for any other text.
    pub fn from_name(name: &str) -> Self {
        let known = [Self::Create, Self::Delete, Self::Host, Self::Patch, Self::Put];
        let mut known = known.into_iter();
        known.find(|method| method.as_str() == name).unwrap_or_default()
    }
}
