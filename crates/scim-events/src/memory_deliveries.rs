//! Endpoints and deliveries in memory.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scim_core::TenantId;
use scim_store::{Result, StoreError};

use crate::{
    Attempt, Bounds, Claim, Claiming, Delivery, DeliveryState, DeliveryStore, Endpoint, EndpointId, EndpointState,
    Health, Next, Settlement,
};

/// Endpoints and deliveries in memory, gone when the process ends.
#[derive(Default)]
pub struct MemoryDeliveries {
    shelves: Mutex<HashMap<EndpointId, Shelf>>,
}

/// What is kept of one endpoint.
struct Shelf {
    endpoint: Endpoint,
    /// The greatest number that was taken in.
    mark: u64,
    rows: BTreeMap<u64, Row>,
    dead: BTreeSet<u64>,
    /// When something is to be done: one delivery of each resource.
    due: BTreeSet<(DateTime<Utc>, u64)>,
    /// What waits, by resource.
    waiting: HashMap<String, Chain>,
    log: VecDeque<Attempt>,
}

/// What waits of one resource.
#[derive(Default)]
struct Chain {
    sequences: BTreeSet<u64>,
    /// The one whose turn it is.
    due: Option<u64>,
}

struct Row {
    delivery: Delivery,
    /// How often it was claimed.
    claims: u64,
    /// Its place in the list of what is due, if it has one; that of a claimed one is the end of the claim.
    due: Option<DateTime<Utc>>,
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
        self.with(tenant, endpoint, |shelf| {
            shelf.log.iter().rev().take(limit).cloned().collect()
        })
    }

    async fn claim(&self, claiming: &Claiming<'_>) -> Result<Vec<Claim>> {
        let mut shelves = self.shelves();
        let mut found = Vec::new();
        for (id, shelf) in &*shelves {
            if shelf.takes(claiming.now) && !claiming.without.contains(id) {
                let due = shelf
                    .due
                    .range(..=(claiming.now, u64::MAX))
                    .take(claiming.most_of_endpoint);
                found.extend(due.map(|(at, sequence)| (*at, *sequence, id.clone())));
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
            let rows = shelf.rows.range(after.saturating_add(1)..);
            let rows = rows.filter(|(_, row)| row.delivery.state == state);
            rows.take(limit).map(|(_, row)| row.delivery.clone()).collect()
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
    ) -> Result<u64> {
        self.with(tenant, endpoint, |shelf| {
            let again: Vec<u64> = match sequences {
                None => shelf.dead.iter().copied().collect(),
                Some(wanted) => wanted
                    .iter()
                    .filter(|sequence| shelf.dead.contains(sequence))
                    .copied()
                    .collect(),
            };
            let count = again.iter().filter(|sequence| shelf.revive(**sequence, now)).count();
            u64::try_from(count).unwrap_or(u64::MAX)
        })
    }

    async fn settle(&self, claim: &Claim, settlement: &Settlement, bounds: Bounds) -> Result<bool> {
        let Claim { delivery, token, .. } = claim;
        let settled = self.with(&delivery.tenant, &delivery.endpoint, |shelf| {
            let is_ours = shelf.settle(delivery.sequence, *token, settlement);
            if is_ours {
                shelf.note(settlement, bounds.attempts);
                shelf.bury(bounds.dead_letters);
            }
            is_ours
        });
        match settled {
            Err(StoreError::NotFound) => Ok(false),
            other => other,
        }
    }
}

impl Shelf {
    fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            mark: 0,
            rows: BTreeMap::new(),
            dead: BTreeSet::new(),
            due: BTreeSet::new(),
            waiting: HashMap::new(),
            log: VecDeque::new(),
        }
    }

    fn takes(&self, now: DateTime<Utc>) -> bool {
        let is_resting = self.endpoint.health.resting_until.is_some_and(|until| until > now);
        self.endpoint.state == EndpointState::On && !is_resting
    }

    fn take(&mut self, delivery: &Delivery) {
        if delivery.sequence <= self.mark {
            return;
        }
        self.mark = delivery.sequence;
        let row = Row {
            delivery: delivery.clone(),
            claims: 0,
            due: None,
        };
        self.rows.insert(delivery.sequence, row);
        match delivery.state {
            DeliveryState::Dead => {
                self.dead.insert(delivery.sequence);
            }
            DeliveryState::Waiting => self.wait(&delivery.resource, delivery.sequence, delivery.created),
        }
    }

    /// Has a delivery wait for its turn.
    fn wait(&mut self, resource: &str, sequence: u64, now: DateTime<Utc>) {
        let chain = self.waiting.entry(resource.to_owned()).or_default();
        chain.sequences.insert(sequence);
        self.call(resource, now);
    }

    /// Makes the first delivery of a resource due, unless one is already.
    fn call(&mut self, resource: &str, now: DateTime<Utc>) {
        let chain = self.waiting.get_mut(resource).filter(|chain| chain.due.is_none());
        let Some(chain) = chain else { return };
        chain.due = chain.sequences.first().copied();
        if let Some(first) = chain.due {
            self.set_due(first, Some(now));
        }
    }

    fn set_due(&mut self, sequence: u64, due: Option<DateTime<Utc>>) {
        let Some(row) = self.rows.get_mut(&sequence) else {
            return;
        };
        if let Some(before) = row.due {
            self.due.remove(&(before, sequence));
        }
        row.due = due;
        if let Some(due) = due {
            self.due.insert((due, sequence));
        }
    }

    fn claim(&mut self, sequence: u64, until: DateTime<Utc>) -> Option<Claim> {
        self.set_due(sequence, Some(until));
        let row = self.rows.get_mut(&sequence)?;
        row.claims += 1;
        Some(Claim::new(row.delivery.clone(), self.endpoint.clone(), row.claims))
    }

    /// Keeps what became of a delivery, if the claim stands.
    fn settle(&mut self, sequence: u64, token: u64, settlement: &Settlement) -> bool {
        let row = self.rows.get_mut(&sequence);
        let row = row.filter(|row| row.claims == token && row.delivery.state == DeliveryState::Waiting);
        let Some(row) = row else { return false };
        if settlement.next != Next::Delivered {
            row.delivery.attempts = row.delivery.attempts.saturating_add(1);
        }
        // A claim is settled once.
        row.claims += 1;
        if let Next::Retry(at) = settlement.next {
            self.set_due(sequence, Some(at));
            return true;
        }
        let resource = row.delivery.resource.clone();
        self.set_due(sequence, None);
        if let Some(chain) = self.waiting.get_mut(&resource) {
            chain.sequences.remove(&sequence);
            chain.due = None;
            if chain.sequences.is_empty() {
                self.waiting.remove(&resource);
            }
        }
        if settlement.next == Next::Delivered {
            self.rows.remove(&sequence);
        } else if let Some(row) = self.rows.get_mut(&sequence) {
            row.delivery.state = DeliveryState::Dead;
            self.dead.insert(sequence);
        }
        self.call(&resource, settlement.attempt.at);
        true
    }

    /// Writes a try down, with what it says about the endpoint.
    fn note(&mut self, settlement: &Settlement, attempts: usize) {
        let Attempt { at, outcome, .. } = settlement.attempt;
        let health = &mut self.endpoint.health;
        if outcome.is_success() {
            *health = Health::default();
        } else {
            health.failing_since = health.failing_since.or(Some(at));
            health.failures = health.failures.saturating_add(1);
            health.resting_until = health.resting_until.max(settlement.rest_until);
        }
        if let (Some(state), EndpointState::On) = (settlement.disable, self.endpoint.state) {
            self.endpoint.state = state;
            self.endpoint.revision += 1;
        }
        self.log.push_back(settlement.attempt.clone());
        while self.log.len() > attempts {
            self.log.pop_front();
        }
    }

    /// Forgets the oldest dead letters beyond so many.
    fn bury(&mut self, most: usize) {
        while self.dead.len() > most {
            if let Some(sequence) = self.dead.pop_first() {
                self.rows.remove(&sequence);
            }
        }
    }

    fn revive(&mut self, sequence: u64, now: DateTime<Utc>) -> bool {
        let Some(row) = self.rows.get_mut(&sequence).filter(|_| self.dead.contains(&sequence)) else {
            return false;
        };
        row.delivery.state = DeliveryState::Waiting;
        row.delivery.attempts = 0;
        let resource = row.delivery.resource.clone();
        self.dead.remove(&sequence);
        self.wait(&resource, sequence, now);
        true
    }
}

impl fmt::Debug for MemoryDeliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryDeliveries").finish_non_exhaustive()
    }
}
