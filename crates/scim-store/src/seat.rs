//! Seats: which users have a licence, never more than were bought (decision D55, promise C13).

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use scim_core::{
    ResourceId, TenantId,
    resource::Resource,
    schema::{AttributeType, ResourceType},
};

use crate::{Denial, Result, Scope, SeatPolicy, StoreError};

/// The seats of tenants, kept where the resources are, so that a write and its seat are one transaction.
///
/// A resource takes a seat where its type has a Boolean `active` and it is active, as the
/// [`SeatPolicy`] of its tenant says. What a write does is told by [`SeatStep::of`]; whatever happens at once or half-way,
/// no more seats are used than were bought.
///
/// ```
/// use scim_store::{MemoryStore, Result, SeatStore};
///
/// # async fn buy() -> Result<()> {
/// let store = MemoryStore::new();
/// store.set_bought(&"acme".into(), 50).await?;
/// let seats = store.seats(&"acme".into()).await?;
/// assert_eq!((seats.bought, seats.used, seats.free()), (50, 0, 50));
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait SeatStore: Debug + Send + Sync + 'static {
    /// How many seats a tenant has bought. Where that is fewer than are used, nobody loses theirs, and nobody gets another.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from it.
    async fn set_bought(&self, tenant: &TenantId, bought: u32) -> Result<()>;

    /// How many seats there are, and how many are used.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from answering.
    async fn seats(&self, tenant: &TenantId) -> Result<SeatCount>;

    /// Whether a resource has a seat.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from answering.
    async fn has_seat(&self, tenant: &TenantId, id: &ResourceId) -> Result<bool>;

    /// Who has a seat: at most so many identifiers in their order, behind one of them.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from answering.
    async fn seat_holders(
        &self,
        tenant: &TenantId,
        after: Option<&ResourceId>,
        limit: usize,
    ) -> Result<Vec<ResourceId>>;

    /// Gives a seat by the host's own hand, whatever the policy; whether it had none before. The version of the resource
    /// moves, and the change is recorded under the principal of the scope. No guard is asked.
    ///
    /// # Errors
    ///
    /// `NotFound`, and `Denied` where no seat is free or the user is not active.
    async fn assign(&self, scope: &Scope, id: &ResourceId) -> Result<bool>;

    /// Takes a seat back by the host's own hand; whether there was one. The user stays active.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    async fn unassign(&self, scope: &Scope, id: &ResourceId) -> Result<bool>;
}

/// The seats of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "what was bought, and what of it is used")]
pub struct SeatCount {
    /// How many were bought.
    pub bought: u32,
    /// How many are used; more than were bought where some were given up.
    pub used: u32,
}

/// What a write does to the seat of a resource; for whoever writes a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a seat is taken, given back, or neither")]
pub enum SeatStep {
    /// Nothing.
    Keep,
    /// A seat that it has is given back.
    Release,
    /// One is taken, unless it has one.
    Take {
        /// Without a free one the write is refused, by [`SeatStep::refusal`]; otherwise it goes on.
        required: bool,
    },
}

impl SeatCount {
    /// How many can be taken.
    pub fn free(self) -> u32 {
        self.bought.saturating_sub(self.used)
    }
}

impl SeatStep {
    /// What becomes of the seat of a resource that a write changes: `before` is missing where it creates, `after` where it
    /// deletes.
    ///
    /// Whoever becomes active needs a seat under [`SeatPolicy::Require`]. Whoever is active already is never refused, and
    /// gets one at the next change, if one is free. Whoever ceases to be active gives it back, whatever the policy.
    pub fn of(policy: SeatPolicy, kind: &ResourceType, before: Option<&Resource>, after: Option<&Resource>) -> Self {
        if !takes_seats(kind) {
            return Self::Keep;
        }
        let was_active = before.is_some_and(Resource::is_active);
        match (policy, after) {
            (_, None) => Self::Release,
            (_, Some(after)) if !after.is_active() => {
                if was_active {
                    Self::Release
                } else {
                    Self::Keep
                }
            }
            (SeatPolicy::Never, _) => Self::Keep,
            (policy, Some(_)) => Self::Take {
                required: policy == SeatPolicy::Require && !was_active,
            },
        }
    }

    /// Why a write is refused that needs a seat where none is free: 403.
    pub fn refusal() -> StoreError {
        StoreError::Denied(Self::denial())
    }

    /// The refusal, as a guard says it.
    pub(crate) fn denial() -> Denial {
        Denial::new("no licence is free: the organisation has to buy more")
    }

    /// Why an inactive user gets none.
    pub fn inactive() -> StoreError {
        StoreError::Denied(Denial::new("a user who is not active takes no licence"))
    }
}

impl SeatPolicy {
    /// Whether a write of this type may take a seat.
    pub fn concerns(self, kind: &ResourceType) -> bool {
        self != Self::Never && takes_seats(kind)
    }
}

/// Whether resources of a type may have seats: those that have a Boolean `active`.
pub fn takes_seats(kind: &ResourceType) -> bool {
    kind.attribute("active")
        .is_some_and(|active| active.kind == AttributeType::Boolean && !active.multi_valued)
}

macro_rules! forward {
    ($pointer:ident) => {
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<S: SeatStore + ?Sized> SeatStore for $pointer<S> {
            async fn set_bought(&self, tenant: &TenantId, bought: u32) -> Result<()> {
                (**self).set_bought(tenant, bought).await
            }

            async fn seats(&self, tenant: &TenantId) -> Result<SeatCount> {
                (**self).seats(tenant).await
            }

            async fn has_seat(&self, tenant: &TenantId, id: &ResourceId) -> Result<bool> {
                (**self).has_seat(tenant, id).await
            }

            async fn seat_holders(
                &self,
                tenant: &TenantId,
                after: Option<&ResourceId>,
                limit: usize,
            ) -> Result<Vec<ResourceId>> {
                (**self).seat_holders(tenant, after, limit).await
            }

            async fn assign(&self, scope: &Scope, id: &ResourceId) -> Result<bool> {
                (**self).assign(scope, id).await
            }

            async fn unassign(&self, scope: &Scope, id: &ResourceId) -> Result<bool> {
                (**self).unassign(scope, id).await
            }
        }
    };
}

forward!(Arc);
forward!(Box);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(active: bool) -> Resource {
        let attributes = json!({ "userName": "ann", "active": active });
        Resource::from_canonical(attributes.as_object().unwrap().clone())
    }

    #[test]
    fn steps_follow_the_policy() {
        use SeatPolicy::{Never, Require, WhenAvailable};
        use SeatStep::{Keep, Release, Take};
        let kind = ResourceType::user();
        let (on, off) = (&user(true), &user(false));
        for (policy, before, after, step) in [
            (Never, None, Some(on), Keep),
            (Never, Some(on), Some(off), Release),
            (Never, Some(on), None, Release),
            (WhenAvailable, None, Some(on), Take { required: false }),
            (WhenAvailable, None, Some(off), Keep),
            (WhenAvailable, Some(off), Some(off), Keep),
            (Require, None, Some(on), Take { required: true }),
            (Require, Some(off), Some(on), Take { required: true }),
            (Require, Some(on), Some(on), Take { required: false }),
            (Require, Some(on), Some(off), Release),
        ] {
            assert_eq!(SeatStep::of(policy, &kind, before, after), step, "{policy:?}");
        }
        assert_eq!(SeatStep::of(Require, &ResourceType::group(), None, Some(on)), Keep);
    }
}
