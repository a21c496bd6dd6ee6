//! The record of changes: what events are made from.

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scim_core::{ResourceId, TenantId, Version};

use crate::Result;

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
/// It names attributes and never carries their values. Its fields suffice for the events of RFC 9967.
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
    /// What happened.
    pub kind: ChangeKind,
    /// The paths of the attributes that changed; empty for creation and deletion.
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

impl Change {
    /// A change to be recorded.
    #[expect(
        clippy::too_many_arguments,
        reason = "a record of a row has as many fields as the row"
    )]
    pub fn new(
        sequence: u64,
        tenant: TenantId,
        resource_type: &str,
        id: ResourceId,
        kind: ChangeKind,
        changed: Vec<String>,
        version: Version,
        at: DateTime<Utc>,
        actor: &str,
        transaction: &str,
    ) -> Self {
        let (resource_type, actor, transaction) = (resource_type.to_owned(), actor.to_owned(), transaction.to_owned());
        Self {
            sequence,
            tenant,
            resource_type,
            id,
            kind,
            changed,
            version,
            at,
            actor,
            transaction,
        }
    }
}
