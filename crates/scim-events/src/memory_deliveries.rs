//! Endpoints and deliveries in memory.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scim_core::TenantId;
use scim_store::{Result, StoreError};

use self::shelf::Shelf;
use crate::{
    Attempt, Bounds, Claim, Claiming, Delivery, DeliveryState, DeliveryStore, Endpoint, EndpointId, EndpointState,
    Health, Resent, Settlement,
};

mod shelf;

/// Endpoints and deliveries in memory, gone when the process ends.
#[derive(Default)]
pub struct MemoryDeliveries {
    shelves: Mutex<HashMap<EndpointId, Shelf>>,
}

impl MemoryDeliveries {
    /// No endpoints yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn shelves(&self) -> MutexGuard<'_, HashMap<EndpointId, Shelf>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, tenant: &TenantId, id: &EndpointId, work: impl FnOnce(&mut Shelf) -> T) -> Result<T> {
        let mut shelves = self.shelves();
        let shelf = shelves.get_mut(id).filter(|shelf| shelf.endpoint.tenant == *tenant);
        shelf.map(work).ok_or(StoreError::NotFound)
    }
}

#[async_trait]
impl DeliveryStore for MemoryDeliveries {
    async fn attempts(&self, tenant: &TenantId, endpoint: &EndpointId, limit: usize) -> Result<Vec<Attempt>> {
        self.with(tenant, endpoint, |shelf| shelf.log().take(limit).cloned().collect())
    }

    async fn claim(&self, claiming: &Claiming<'_>) -> Result<Vec<Claim>> {
        let mut shelves = self.shelves();
        let mut found = Vec::new();
        for (id, shelf) in &*shelves {
            if shelf.takes(claiming.now) && !claiming.without.contains(id) {
                let due = shelf.due(claiming.now).take(claiming.most_of_endpoint);
                found.extend(due.map(|(at, sequence)| (at, sequence, id.clone())));
            }
        }
        found.sort();
        found.truncate(claiming.most);
        let claims = found.into_iter().filter_map(|(_, sequence, id)| {
            let shelf = shelves.get_mut(&id)?;
            shelf.claim(sequence, claiming.until)
        });
        Ok(claims.collect())
    }

    async fn deliveries(
        &self,
        tenant: &TenantId,
        endpoint: &EndpointId,
        state: DeliveryState,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        self.with(tenant, endpoint, |shelf| {
            shelf.deliveries(state, after).take(limit).cloned().collect()
        })
    }

    async fn endpoint(&self, tenant: &TenantId, endpoint: &EndpointId) -> Result<Endpoint> {
        self.with(tenant, endpoint, |shelf| shelf.endpoint.clone())
    }

    async fn endpoints(&self, tenant: &TenantId) -> Result<Vec<Endpoint>> {
        let shelves = self.shelves();
        let own = shelves.values().filter(|shelf| shelf.endpoint.tenant == *tenant);
        let mut endpoints: Vec<Endpoint> = own.map(|shelf| shelf.endpoint.clone()).collect();
        endpoints.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(endpoints)
    }

    async fn enqueue(
        &self,
        tenant: &TenantId,
        endpoint: &EndpointId,
        deliveries: &[Delivery],
        dead_letters: usize,
    ) -> Result<()> {
        let taken = self.with(tenant, endpoint, |shelf| {
            for delivery in deliveries {
                shelf.take(delivery);
            }
            shelf.bury(dead_letters);
        });
        match taken {
            Err(StoreError::NotFound) => Ok(()),
            other => other,
        }
    }

    async fn put_endpoint(&self, endpoint: &Endpoint) -> Result<u64> {
        let mut shelves = self.shelves();
        let mut endpoint = endpoint.clone();
        endpoint.revision += 1;
        let revision = endpoint.revision;
        let kept = shelves.get_mut(&endpoint.id);
        match kept {
            None if revision == 1 => {
                shelves.insert(endpoint.id.clone(), Shelf::new(endpoint));
            }
            None => return Err(StoreError::NotFound),
            Some(shelf) if shelf.endpoint.tenant != endpoint.tenant => return Err(StoreError::NotFound),
            Some(shelf) if shelf.endpoint.revision + 1 != revision => return Err(StoreError::Precondition),
            Some(shelf) => {
                let is_switched_on = endpoint.state == EndpointState::On && shelf.endpoint.state != EndpointState::On;
                endpoint.health = if is_switched_on {
                    Health::default()
                } else {
                    shelf.endpoint.health
                };
                shelf.endpoint = endpoint;
            }
        }
        Ok(revision)
    }

    async fn remove_endpoint(&self, tenant: &TenantId, endpoint: &EndpointId) -> Result<()> {
        let mut shelves = self.shelves();
        let own = shelves.get(endpoint).filter(|shelf| shelf.endpoint.tenant == *tenant);
        own.ok_or(StoreError::NotFound)?;
        shelves.remove(endpoint);
        Ok(())
    }

    async fn resend(
        &self,
        tenant: &TenantId,
        endpoint: &EndpointId,
        sequences: Option<&[u64]>,
        now: DateTime<Utc>,
    ) -> Result<Resent> {
        self.with(tenant, endpoint, |shelf| shelf.resend(sequences, now))
    }

    async fn settle(&self, claim: &Claim, settlement: &Settlement, bounds: Bounds) -> Result<bool> {
        let Claim { delivery, token, .. } = claim;
        let settled = self.with(&delivery.tenant, &delivery.endpoint, |shelf| {
            let is_ours = shelf.settle(delivery.sequence, *token, settlement);
            if is_ours {
                shelf.note(settlement, bounds.attempts);
                shelf.bury(bounds.dead_letters);
                shelf.forget(bounds.delivered);
            }
            is_ours
        });
        match settled {
            Err(StoreError::NotFound) => Ok(false),
            other => other,
        }
    }
}

impl fmt::Debug for MemoryDeliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryDeliveries").finish_non_exhaustive()
    }
}
