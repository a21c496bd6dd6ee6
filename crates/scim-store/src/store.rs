//! The trait that a host's storage implements.

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use scim_core::{
    Draft, Edit, ResourceId,
    query::{Query, QueryPage, Relations},
    resource::Found,
    schema::ResourceType,
};

use crate::{Capabilities, Read, Removal, Result, Scope, Updated, Write, Written};

/// Storage of resources.
///
/// # Contract
///
/// - Every verb works inside `scope.tenant()`: it neither reads, changes, counts nor hints at anything outside.
/// - Every write is atomic, and isolated from other writes of the same resources: precondition, change, uniqueness, guard,
///   members and change record hold together or not at all, also where the future is dropped half-way.
/// - Keys of [`Draft::keys`](scim_core::Draft) and [`Applied::keys`](scim_core::Applied) that
///   [conflict](scim_core::resource::UniqueKey::conflicts) with those of another resource of the type end the write with
///   [`StoreError::Uniqueness`](crate::StoreError::Uniqueness); decided by an index or under a lock, never by a look beforehand.
/// - Members are rows of their own. A member that does not exist in the tenant is refused or left out, as the dialect says;
///   none is ever dangling. Deleting a resource takes it out of every group, and moves those groups' versions (decision D21).
/// - A change that changes nothing moves neither version nor time, and is not recorded. A change moves the version forward
///   and the time never backwards.
/// - The guard of the store, if it has one, is asked inside the transaction.
///
/// A store need not be clever: [`Query::run`] filters, sorts and pages whatever it has at hand, [`Edit::apply`] and
/// [`MemberStep::apply`](scim_core::resource::MemberStep::apply) do the rest.
#[async_trait]
pub trait ScimStore: Debug + Send + Sync + 'static {
    /// What the store can do.
    fn capabilities(&self) -> Capabilities;

    /// Creates a resource, under a new identifier or the draft's own, and answers with the relations that the draft asks for.
    ///
    /// # Errors
    ///
    /// `Uniqueness`, `Denied`, `Input` for members that do not exist.
    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found>;

    /// Deletes a resource, for good: it is gone from reads, queries and conflicts (RFC 7644 section 3.6).
    ///
    /// # Errors
    ///
    /// `NotFound`, `Precondition`, `Denied`.
    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()>;

    /// Reads a resource with the relations that are wanted, no others.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found>;

    /// Searches. Every part of the predicate counts: what cannot be done is `Unsupported`, never left out.
    ///
    /// # Errors
    ///
    /// `TooMany`, `Unsupported`.
    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage>;

    /// Changes a resource: checks [`Edit::precondition`], then applies both halves of the edit.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Precondition`, `Input`, `Uniqueness`, `Denied`.
    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated>;

    /// Does several writes in one transaction, all or none; references between them are checked at its end.
    ///
    /// # Errors
    ///
    /// Those of the other verbs; `Unsupported` where the store has no such capability.
    async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>>;
}

/// Conveniences on top of [`ScimStore`].
#[async_trait]
pub trait ScimStoreExt: ScimStore {
    /// Whether a resource exists.
    ///
    /// # Errors
    ///
    /// Those of [`ScimStore::get`] but `NotFound`.
    async fn exists(&self, scope: &Scope, kind: &Arc<ResourceType>, id: &ResourceId) -> Result<bool> {
        let read = Read::new(Arc::clone(kind), id.clone()).with_relations(Relations::NONE);
        match self.get(scope, &read).await {
            Ok(_) => Ok(true),
            Err(crate::StoreError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl<S: ScimStore + ?Sized> ScimStoreExt for S {}

macro_rules! forward {
    ($pointer:ident) => {
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<S: ScimStore + ?Sized> ScimStore for $pointer<S> {
            fn capabilities(&self) -> Capabilities {
                (**self).capabilities()
            }

            async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
                (**self).create(scope, draft).await
            }

            async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
                (**self).delete(scope, removal).await
            }

            async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
                (**self).get(scope, read).await
            }

            async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
                (**self).query(scope, query).await
            }

            async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
                (**self).update(scope, edit).await
            }

            async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>> {
                (**self).batch(scope, writes).await
            }
        }
    };
}

forward!(Arc);
forward!(Box);
