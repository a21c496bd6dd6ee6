//! The host's veto, inside the transaction (decision D21, promise C14).

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use scim_core::{
    ResourceId,
    filter::Predicate,
    resource::{Found, Resource},
    schema::ResourceType,
};

use crate::{Result, Scope};

/// Says no to a change that is about to be committed.
///
/// A store calls it after the change was worked out and before anything is committed, under the lock or transaction of the
/// change, so that nothing can race past it. It is called for every kind of write, also for each write of a batch.
#[async_trait]
pub trait Guard: Debug + Send + Sync + 'static {
    /// Checks one change.
    ///
    /// # Errors
    ///
    /// A [`Denial`] ends the change with 403, or 429 if it is for now; nothing has changed then.
    async fn check(&self, scope: &Scope, attempt: Attempt<'_>, view: &mut dyn TxView) -> Result<(), Denial>;
}

/// A change that is about to be committed.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Attempt<'a> {
    /// A new resource.
    Create {
        /// Its type.
        kind: &'a Arc<ResourceType>,
        /// Its identifier.
        id: &'a ResourceId,
        /// Its attributes.
        after: &'a Resource,
    },
    /// A deletion.
    Delete {
        /// Its type.
        kind: &'a Arc<ResourceType>,
        /// Its identifier.
        id: &'a ResourceId,
        /// Its attributes.
        before: &'a Resource,
    },
    /// A change of members; the group itself is not loaded for it.
    Members {
        /// The type of the group.
        kind: &'a Arc<ResourceType>,
        /// The group.
        id: &'a ResourceId,
        /// Who becomes a member.
        added: &'a [ResourceId],
        /// Who ceases to be one, also because the group or the member is deleted.
        removed: &'a [ResourceId],
    },
    /// A change of attributes.
    Update {
        /// Its type.
        kind: &'a Arc<ResourceType>,
        /// Its identifier.
        id: &'a ResourceId,
        /// Its attributes before.
        before: &'a Resource,
        /// Its attributes after.
        after: &'a Resource,
    },
}

/// Look-ups inside the transaction of the change, seeing the state before it.
#[async_trait]
pub trait TxView: Send {
    /// How many resources of the tenant match; all of the type where there is no predicate.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from answering.
    async fn count(&mut self, kind: &Arc<ResourceType>, predicate: Option<&Predicate>) -> Result<usize>;

    /// A resource of the tenant, without its relations.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from answering.
    async fn get(&mut self, kind: &Arc<ResourceType>, id: &ResourceId) -> Result<Option<Found>>;
}

/// Why a guard said no; the text goes to the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Denial {
    detail: String,
    retry_after: Option<u32>,
}

impl Denial {
    /// A denial with a plain text for the client: no internals, no secrets.
    pub fn new(detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// A denial for now: 429, and worth another try after so many seconds.
    pub fn until_later(detail: impl Into<String>, retry_after: u32) -> Self {
        Self {
            detail: detail.into(),
            retry_after: Some(retry_after),
        }
    }

    /// The text.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// When to try again, in seconds, if there is a use in that.
    pub fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }
}

/// Says yes to everything.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "has no state")]
pub struct NoGuard;

#[async_trait]
impl Guard for NoGuard {
    async fn check(&self, _: &Scope, _: Attempt<'_>, _: &mut dyn TxView) -> Result<(), Denial> {
        Ok(())
    }
}
