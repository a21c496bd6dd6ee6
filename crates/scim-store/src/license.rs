//! Licences that a service elsewhere keeps.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scim_core::{ResourceId, TenantId};

use crate::Result;

/// A licence service that is not in the store's database. [`Licensed`](crate::Licensed) makes a store keep to it.
///
/// A licence is reserved before a write is committed, and confirmed or released behind it, so that the service never counts
/// fewer than are in use; what was lost on the way is found by [`Licensed::reconcile`](crate::Licensed::reconcile). Each call
/// may come twice.
#[async_trait]
pub trait LicenseBackend: Debug + Send + Sync + 'static {
    /// Reserves a licence for a user under the name of the reservation; whether one was free, or was reserved under this name
    /// already.
    ///
    /// # Errors
    ///
    /// The service is out of reach: the write is refused by 429, to be tried again.
    async fn reserve(&self, tenant: &TenantId, reservation: &Reservation) -> Result<bool>;

    /// The user is there: the licence is in use.
    ///
    /// # Errors
    ///
    /// The service is out of reach.
    async fn confirm(&self, tenant: &TenantId, reservation: &str) -> Result<()>;

    /// Gives a licence back, confirmed or not; one that is unknown is given back already.
    ///
    /// # Errors
    ///
    /// The service is out of reach.
    async fn release(&self, tenant: &TenantId, reservation: &str) -> Result<()>;

    /// The reservations of a user, confirmed or not.
    ///
    /// # Errors
    ///
    /// The service is out of reach.
    async fn held_by(&self, tenant: &TenantId, user: &ResourceId) -> Result<Vec<Reservation>>;

    /// All reservations of a tenant, confirmed or not.
    ///
    /// # Errors
    ///
    /// The service is out of reach.
    async fn all(&self, tenant: &TenantId) -> Result<Vec<Reservation>>;
}

/// A licence that is reserved or in use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reservation {
    /// Its name, made by the library.
    pub name: String,
    /// The user.
    pub user: ResourceId,
    /// When it was reserved.
    pub at: DateTime<Utc>,
    /// Whether it is in use.
    pub confirmed: bool,
}

/// A licence service in memory, for tests.
#[derive(Debug, Default)]
pub struct MemoryLicenses {
    tenants: Mutex<HashMap<TenantId, Held>>,
}

#[derive(Debug, Default)]
struct Held {
    bought: usize,
    reservations: BTreeMap<String, Reservation>,
}

impl Reservation {
    /// A reservation that is not confirmed yet.
    pub fn new(name: impl Into<String>, user: ResourceId, at: DateTime<Utc>) -> Self {
        Self {
            name: name.into(),
            user,
            at,
            confirmed: false,
        }
    }
}

impl MemoryLicenses {
    /// A service where nobody has bought anything yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many licences a tenant has.
    pub fn buy(&self, tenant: impl Into<TenantId>, bought: usize) {
        self.lock().entry(tenant.into()).or_default().bought = bought;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Held>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl LicenseBackend for MemoryLicenses {
    async fn reserve(&self, tenant: &TenantId, reservation: &Reservation) -> Result<bool> {
        let mut tenants = self.lock();
        let held = tenants.entry(tenant.clone()).or_default();
        if held.reservations.contains_key(&reservation.name) {
            return Ok(true);
        }
        let is_free = held.reservations.len() < held.bought;
        if is_free {
            held.reservations.insert(reservation.name.clone(), reservation.clone());
        }
        Ok(is_free)
    }

    async fn confirm(&self, tenant: &TenantId, reservation: &str) -> Result<()> {
        let mut tenants = self.lock();
        let held = tenants.get_mut(tenant);
        if let Some(reservation) = held.and_then(|held| held.reservations.get_mut(reservation)) {
            reservation.confirmed = true;
        }
        Ok(())
    }

    async fn release(&self, tenant: &TenantId, reservation: &str) -> Result<()> {
        if let Some(held) = self.lock().get_mut(tenant) {
            held.reservations.remove(reservation);
        }
        Ok(())
    }

    async fn held_by(&self, tenant: &TenantId, user: &ResourceId) -> Result<Vec<Reservation>> {
        let mut all = self.all(tenant).await?;
        all.retain(|reservation| reservation.user == *user);
        Ok(all)
    }

    async fn all(&self, tenant: &TenantId) -> Result<Vec<Reservation>> {
        let tenants = self.lock();
        let held = tenants.get(tenant);
        Ok(held.map_or_else(Vec::new, |held| held.reservations.values().cloned().collect()))
    }
}

#[async_trait]
impl<T: LicenseBackend + ?Sized> LicenseBackend for Arc<T> {
    async fn reserve(&self, tenant: &TenantId, reservation: &Reservation) -> Result<bool> {
        (**self).reserve(tenant, reservation).await
    }

    async fn confirm(&self, tenant: &TenantId, reservation: &str) -> Result<()> {
        (**self).confirm(tenant, reservation).await
    }

    async fn release(&self, tenant: &TenantId, reservation: &str) -> Result<()> {
        (**self).release(tenant, reservation).await
    }

    async fn held_by(&self, tenant: &TenantId, user: &ResourceId) -> Result<Vec<Reservation>> {
        (**self).held_by(tenant, user).await
    }

    async fn all(&self, tenant: &TenantId) -> Result<Vec<Reservation>> {
        (**self).all(tenant).await
    }
}
