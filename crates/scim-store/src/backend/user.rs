//! The users of a host.

use std::fmt::Debug;

use async_trait::async_trait;
use scim_core::{ResourceId, typed::TypedResource};

use crate::{Lookup, Record, RecordChange, RecordPage, Result, Scope};

/// A host's own code for its users, of which [`Backends`](crate::Backends) makes a store.
///
/// # Contract
///
/// - Each function works inside [`scope.tenant()`](Scope::tenant), and each of those that write does all or nothing.
/// - What comes in is checked: a user name that is none, a value of the wrong type or an attribute that may not be changed never
///   gets here. What goes out is what is kept now: an attribute that the host has no place for is left out, and the client
///   sees that in the answer.
/// - Names are looked up before they are written, under a lock of this process. Where several processes write, or the host
///   itself does, a unique index of the database has the last word: answer
///   [`StoreError::Uniqueness`](crate::StoreError::Uniqueness).
/// - Any other error is one of [`StoreError`](crate::StoreError) too: `Denied` for a rule of the host, `Unavailable` for what passes,
///   [`StoreError::other`](crate::StoreError::other) for the rest.
#[async_trait]
pub trait UserBackend: Debug + Send + Sync + 'static {
    /// What a user is seen as: [`User`](scim_core::typed::User), or a struct around it that has the host's extensions.
    type View: TypedResource + Send + Sync + 'static;

    /// Creates a user. What is kept is answered, also where that is less than was sent.
    ///
    /// # Errors
    ///
    /// `Uniqueness`, `Denied`.
    async fn create(&self, scope: &Scope, new: Record<Self::View>) -> Result<Record<Self::View>>;

    /// Deletes a user for good.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Denied`.
    async fn delete(&self, scope: &Scope, was: &Record<Self::View>) -> Result<()>;

    /// All users of the tenant, in any order.
    ///
    /// # Errors
    ///
    /// Whatever keeps the back end from answering.
    async fn list(&self, scope: &Scope) -> Result<Vec<Record<Self::View>>>;

    /// Puts a user in the place of what it was.
    ///
    /// # Errors
    ///
    /// `Uniqueness`, `Denied`. `Precondition` where it is not any more what it was: it is read and changed again then, so that
    /// no change is lost between processes.
    async fn update(&self, scope: &Scope, change: RecordChange<'_, Self::View>) -> Result<Record<Self::View>>;

    /// The user with an identifier. Without a function of the host's own, all are listed for it.
    ///
    /// # Errors
    ///
    /// Whatever keeps the back end from answering.
    async fn get(&self, scope: &Scope, id: &ResourceId) -> Result<Option<Record<Self::View>>> {
        Ok(self.list(scope).await?.into_iter().find(|record| record.id == *id))
    }

    /// The identifier of a user who is to be created: by itself one of the service's own. A host whose database gives them
    /// draws one here, so that a guard is told of it.
    ///
    /// # Errors
    ///
    /// Whatever keeps the back end from answering.
    async fn new_id(&self, scope: &Scope) -> Result<ResourceId> {
        Ok(scope.ids.next())
    }

    /// The users that a look-up finds, or `None` where the back end has no index for it: all are listed then.
    ///
    /// # Errors
    ///
    /// Whatever keeps the back end from answering.
    async fn find(&self, _scope: &Scope, _by: Lookup<'_>) -> Result<Option<Vec<Record<Self::View>>>> {
        Ok(None)
    }

    /// So many users from a place on, counted from 0 in the order of creation and then of identifiers, or `None` where the back
    /// end cannot: all are listed then.
    ///
    /// # Errors
    ///
    /// Whatever keeps the back end from answering.
    async fn page(&self, _scope: &Scope, _skip: usize, _count: usize) -> Result<Option<RecordPage<Self::View>>> {
        Ok(None)
    }
}
