//! Where the settings of tenants come from.

use std::{
    collections::HashMap,
    fmt::{self, Debug},
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use scim_core::TenantId;

use crate::{Result, TenantSettings};

/// Tells the settings of each tenant; asked once for each request, behind the check of its credentials.
///
/// What is made of settings (resource types, documents of discovery) is kept for as long as they stay equal, so an
/// implementation may read them anew each time. One that keeps them should answer with the same `Arc`, which is compared first.
#[async_trait]
pub trait Tenants: Debug + Send + Sync + 'static {
    /// The settings of a tenant as they are now; `None` for one that is unknown, which is answered as if it were
    /// [disabled](crate::TenantState::Disabled).
    ///
    /// # Errors
    ///
    /// `Unavailable` or any other error; the request is answered by 503 or 500 then, never with settings of someone else's.
    async fn settings(&self, tenant: &TenantId) -> Result<Option<Arc<TenantSettings>>>;
}

/// Settings in memory; a change holds from the next request on.
///
/// ```
/// use scim_store::{MemoryTenants, TenantSettings, TenantState};
///
/// let tenants = MemoryTenants::new();
/// tenants.put("acme", TenantSettings::default());
/// assert!(tenants.change(&"acme".into(), |settings| settings.state = TenantState::Paused { retry_after: 300 }));
/// ```
#[derive(Default)]
pub struct MemoryTenants {
    settings: RwLock<HashMap<TenantId, Arc<TenantSettings>>>,
}

impl MemoryTenants {
    /// No tenants yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets everything of a tenant, which need not have been there.
    pub fn put(&self, tenant: impl Into<TenantId>, settings: TenantSettings) {
        let mut all = self.settings.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(tenant.into(), Arc::new(settings));
    }

    /// Changes something of a tenant; whether it was there.
    pub fn change(&self, tenant: &TenantId, change: impl FnOnce(&mut TenantSettings)) -> bool {
        let mut all = self.settings.write().unwrap_or_else(PoisonError::into_inner);
        let settings = all.get_mut(tenant);
        settings.map(|settings| change(Arc::make_mut(settings))).is_some()
    }

    /// Forgets a tenant; whether it was there. Its resources stay in the store.
    pub fn remove(&self, tenant: &TenantId) -> bool {
        let mut all = self.settings.write().unwrap_or_else(PoisonError::into_inner);
        all.remove(tenant).is_some()
    }

    /// The settings of a tenant.
    pub fn get(&self, tenant: &TenantId) -> Option<Arc<TenantSettings>> {
        let all = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        all.get(tenant).cloned()
    }
}

#[async_trait]
impl Tenants for MemoryTenants {
    async fn settings(&self, tenant: &TenantId) -> Result<Option<Arc<TenantSettings>>> {
        Ok(self.get(tenant))
    }
}

#[async_trait]
impl<T: Tenants + ?Sized> Tenants for Arc<T> {
    async fn settings(&self, tenant: &TenantId) -> Result<Option<Arc<TenantSettings>>> {
        (**self).settings(tenant).await
    }
}

impl Debug for MemoryTenants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.settings.read().map_or(0, |all| all.len());
        write!(f, "MemoryTenants({count})")
    }
}
