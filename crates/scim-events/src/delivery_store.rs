//! Where deliveries wait.

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scim_core::TenantId;
use scim_store::Result;

use crate::{Attempt, Claim, Claiming, Delivery, DeliveryState, Endpoint, EndpointId, Resent, Settlement};

/// Storage of endpoints, of what is on its way to them, and of the log of deliveries. When something is tried is not its
/// concern: it keeps rows.
///
/// # Contract
///
/// - Each function is one transaction: all or nothing, also where its future is dropped half-way.
/// - Every function but [`claim`](Self::claim) works inside a tenant: `NotFound` where the tenant has no such endpoint.
/// - Of the deliveries of one endpoint that wait and are equal in [`resource`](Delivery::resource), only one is claimed at
///   a time, and it is the one with the smallest number among those that waited when it was its turn.
#[async_trait]
pub trait DeliveryStore: Debug + Send + Sync + 'static {
    /// The last tries for an endpoint, latest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// `NotFound`, or whatever keeps the store from answering.
    async fn attempts(&self, tenant: &TenantId, endpoint: &EndpointId, limit: usize) -> Result<Vec<Attempt>>;

    /// Claims deliveries that are due, the longest due first, of endpoints that are on and not resting. A claim that has
    /// ended by itself makes the delivery due again.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from it.
    async fn claim(&self, claiming: &Claiming<'_>) -> Result<Vec<Claim>>;

    /// Deliveries of an endpoint in a state with numbers greater than `after`, smallest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// `NotFound`, or whatever keeps the store from answering.
    async fn deliveries(
        &self,
        tenant: &TenantId,
        endpoint: &EndpointId,
        state: DeliveryState,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Delivery>>;

    /// The endpoint of a tenant.
    ///
    /// # Errors
    ///
    /// `NotFound`, or whatever keeps the store from answering.
    async fn endpoint(&self, tenant: &TenantId, endpoint: &EndpointId) -> Result<Endpoint>;

    /// All endpoints of a tenant, oldest first.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from answering.
    async fn endpoints(&self, tenant: &TenantId) -> Result<Vec<Endpoint>>;

    /// Takes deliveries of one endpoint in that wait or are dead, in the order of their numbers; those that wait are due at once,
    /// or when those of the same resource before them are done. Those with numbers that are not greater than all that were ever taken in for the
    /// endpoint are there already and left out. `dead_letters` is how many dead ones are kept, the latest.
    ///
    /// An endpoint that is not there any more takes nothing in, which is no error.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from it.
    async fn enqueue(
        &self,
        tenant: &TenantId,
        endpoint: &EndpointId,
        deliveries: &[Delivery],
        dead_letters: usize,
    ) -> Result<()>;

    /// Keeps an endpoint under a revision one greater than the one that it has: a new one where that is 0, else in place of
    /// the one that is there. Its health stays, but is as new where the endpoint is switched on. The new revision.
    ///
    /// # Errors
    ///
    /// `Precondition` where another revision is there, and nothing has changed. `NotFound` where none is.
    async fn put_endpoint(&self, endpoint: &Endpoint) -> Result<u64>;

    /// Forgets an endpoint with its deliveries and its log.
    ///
    /// # Errors
    ///
    /// `NotFound`, or whatever keeps the store from it.
    async fn remove_endpoint(&self, tenant: &TenantId, endpoint: &EndpointId) -> Result<()>;

    /// Has deliveries that are dead or were delivered wait again, as if they had not been tried: those of these numbers, or all
    /// dead ones. They are due at `now`, or when it is their turn among what waits of their resource. Either all that are named are
    /// there and over or waiting, or nothing changes.
    ///
    /// # Errors
    ///
    /// `NotFound`, or whatever keeps the store from it.
    async fn resend(
        &self,
        tenant: &TenantId,
        endpoint: &EndpointId,
        sequences: Option<&[u64]>,
        now: DateTime<Utc>,
    ) -> Result<Resent>;

    /// Ends a claim: writes the try into the log; keeps what becomes of the delivery; forgets what is beyond the bounds;
    /// notes health (a success clears it; a failure counts, and its rest holds) and state of the endpoint. Whether it did:
    /// a claim that ended by itself, and was claimed again since, changes nothing, nor does one of an endpoint that is gone.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from it; the claim stands.
    async fn settle(&self, claim: &Claim, settlement: &Settlement, bounds: Bounds) -> Result<bool>;
}

/// How much is kept of what is over, for each endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bounds {
    /// So many dead letters, the latest; default 10,000.
    pub dead_letters: usize,
    /// So many tries, the latest; default 1,000.
    pub attempts: usize,
    /// What arrived with one of the last so many tries is kept with its body, so that it can be sent again; default 1,000. With 0
    /// nothing stays of what has arrived but its tries.
    pub delivered: usize,
}

impl Bounds {
    /// So many dead letters and tries, and what arrived with one of these tries.
    pub fn new(dead_letters: usize, attempts: usize) -> Self {
        Self {
            dead_letters,
            attempts,
            delivered: attempts,
        }
    }

    /// What arrived with one of the last so many tries.
    #[must_use]
    pub fn keep_delivered(mut self, tries: usize) -> Self {
        self.delivered = tries;
        self
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self::new(10_000, 1_000)
    }
}
