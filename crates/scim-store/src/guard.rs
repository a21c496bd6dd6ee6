//! The host's veto, inside the transaction (decision D21, promise C14).

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use scim_core::{
    ResourceId,
    filter::Predicate,
    resource::{Found, Resource},
    schema::ResourceType,
};

use crate::{Losses, Result, Scope, StoreError, Tally, Trip};

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
    /// A password for an account that was there before, by a change or by the [adoption](crate::Adoption) of it; what else the
    /// write does is asked by itself. Of an adoption that a store makes of the identifier alone, the attributes are those of the creation.
    Password {
        /// The type of the account.
        kind: &'a Arc<ResourceType>,
        /// The account.
        id: &'a ResourceId,
        /// Its attributes before.
        before: &'a Resource,
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

    /// Waits until no other transaction of the tenant that asked for this turn is at work, so that what is looked up from
    /// here on stays true until this one ends. A store whose writes take turns anyway need do nothing.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from it.
    async fn hold(&mut self, turn: &'static str) -> Result<()> {
        let _ = turn;
        Ok(())
    }

    /// The direct members of a group, in their order; none where there is no such group.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from answering; `Unsupported` where it has not been taught to.
    async fn members(&mut self, kind: &Arc<ResourceType>, group: &ResourceId) -> Result<Vec<ResourceId>> {
        let _ = (kind, group);
        let what = "members for a guard".to_owned();
        Err(StoreError::Unsupported { what })
    }

    /// Keeps what the change loses, in its transaction, and tells what the tenant has lost since [`Losses::since`]; `None`, which is
    /// the default, where the store keeps no such record.
    ///
    /// Of two changes of a tenant that are asked about at once, the second waits until the first is over, so that none is missed. A
    /// store that keeps this also keeps [`Denial::trip`] when it has rolled the change back, until an operator releases it.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from counting.
    async fn lose(&mut self, losses: &Losses) -> Result<Option<Tally>> {
        let _ = losses;
        Ok(None)
    }
}

/// Why a guard said no; the text goes to the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Denial {
    detail: String,
    retry_after: Option<u32>,
    trip: Option<Box<Trip>>,
}

impl Denial {
    /// A denial with a plain text for the client: no internals, no secrets.
    pub fn new(detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            retry_after: None,
            trip: None,
        }
    }

    /// A denial for now: 429, and worth another try after so many seconds.
    pub fn until_later(detail: impl Into<String>, retry_after: u32) -> Self {
        Self {
            detail: detail.into(),
            retry_after: Some(retry_after),
            trip: None,
        }
    }

    /// Of a breaker that trips by this: for the store to keep, behind the roll-back.
    #[must_use]
    pub fn with_trip(mut self, trip: Trip) -> Self {
        self.trip = Some(Box::new(trip));
        self
    }

    /// What a breaker tripped at, if it did.
    pub fn trip(&self) -> Option<&Trip> {
        self.trip.as_deref()
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

/// Several guards, asked in their order until one says no.
#[derive(Debug, Clone, Default)]
pub struct Guards(Vec<Arc<dyn Guard>>);

impl Guards {
    /// No guard yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more guard, to be asked after the others. One that counts or books what is let through belongs at the end.
    #[must_use]
    pub fn and(mut self, guard: impl Guard) -> Self {
        self.0.push(Arc::new(guard));
        self
    }
}

#[async_trait]
impl Guard for Guards {
    async fn check(&self, scope: &Scope, attempt: Attempt<'_>, view: &mut dyn TxView) -> Result<(), Denial> {
        for guard in &self.0 {
            (**guard).check(scope, attempt, view).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl<G: Guard + ?Sized> Guard for Arc<G> {
    async fn check(&self, scope: &Scope, attempt: Attempt<'_>, view: &mut dyn TxView) -> Result<(), Denial> {
        (**self).check(scope, attempt, view).await
    }
}
