//! The groups of a host.

use std::fmt::Debug;

use async_trait::async_trait;
use scim_core::{
    ResourceId,
    typed::{Group, TypedResource},
};

use crate::{Lookup, Record, RecordChange, RecordPage, Result, Scope, StoreError};

/// A host's own code for its groups, of which [`Backends`](crate::Backends) makes a store.
///
/// The contract is that of [`UserBackend`](crate::UserBackend). A group comes and goes with all its members, each by its
/// identifier (`value`) and its type (`User` or `Group`; users where the host leaves it out). Members that come in exist. A host
/// with groups of many thousand members is better off with a [`ScimStore`](crate::ScimStore), which never loads them.
#[async_trait]
pub trait GroupBackend: Debug + Send + Sync + 'static {
    /// What a group is seen as: [`Group`], or a struct around it that has the host's extensions.
    type View: TypedResource + Send + Sync + 'static;

    /// Creates a group with its members.
    ///
    /// # Errors
    ///
    /// `Uniqueness`, `Denied`.
    async fn create(&self, scope: &Scope, new: Record<Self::View>) -> Result<Record<Self::View>>;

    /// Deletes a group for good; its members stay.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Denied`.
    async fn delete(&self, scope: &Scope, was: &Record<Self::View>) -> Result<()>;

    /// All groups of the tenant, in any order.
    ///
    /// # Errors
    ///
    /// Whatever keeps the back end from answering.
    async fn list(&self, scope: &Scope) -> Result<Vec<Record<Self::View>>>;

    /// Puts a group in the place of what it was.
    ///
    /// # Errors
    ///
    /// `Uniqueness`, `Denied`. `Precondition` where it is not any more what it was: it is read and changed again then.
    async fn update(&self, scope: &Scope, change: RecordChange<'_, Self::View>) -> Result<Record<Self::View>>;

    /// The group with an identifier. Without a function of the host's own, all are listed for it.
    ///
    /// # Errors
    ///
    /// Whatever keeps the back end from answering.
    async fn get(&self, scope: &Scope, id: &ResourceId) -> Result<Option<Record<Self::View>>> {
        Ok(self.list(scope).await?.into_iter().find(|record| record.id == *id))
    }

    /// The identifier of a group that is to be created, as [`UserBackend::new_id`](crate::UserBackend::new_id) has it.
    ///
    /// # Errors
    ///
    /// Whatever keeps the back end from answering.
    async fn new_id(&self, scope: &Scope) -> Result<ResourceId> {
        Ok(scope.ids.next())
    }

    /// The groups that a look-up finds, or `None` where the back end has no index for it: all are listed then.
    ///
    /// # Errors
    ///
    /// Whatever keeps the back end from answering.
    async fn find(&self, _scope: &Scope, _by: Lookup<'_>) -> Result<Option<Vec<Record<Self::View>>>> {
        Ok(None)
    }

    /// So many groups from a place on, as [`UserBackend::page`](crate::UserBackend::page) has it.
    ///
    /// # Errors
    ///
    /// Whatever keeps the back end from answering.
    async fn page(&self, _scope: &Scope, _skip: usize, _count: usize) -> Result<Option<RecordPage<Self::View>>> {
        Ok(None)
    }
}

/// No groups, for a host that has none; [`TenantSettings::groups`](crate::TenantSettings::groups) switches their endpoint off.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "has no state")]
pub struct NoGroups;

#[async_trait]
impl GroupBackend for NoGroups {
    type View = Group;

    async fn create(&self, _: &Scope, _: Record<Group>) -> Result<Record<Group>> {
        let what = "groups".to_owned();
        Err(StoreError::Unsupported { what })
    }

    async fn delete(&self, _: &Scope, _: &Record<Group>) -> Result<()> {
        Err(StoreError::NotFound)
    }

    async fn list(&self, _: &Scope) -> Result<Vec<Record<Group>>> {
        Ok(Vec::new())
    }

    async fn update(&self, _: &Scope, _: RecordChange<'_, Group>) -> Result<Record<Group>> {
        Err(StoreError::NotFound)
    }
}
