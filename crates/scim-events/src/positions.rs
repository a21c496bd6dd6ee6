//! How far readers are.

use std::{
    collections::HashMap,
    fmt::{self, Debug},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use scim_core::TenantId;
use scim_store::Result;

/// Keeps how far each reader of a tenant's changes is.
///
/// It should be as lasting as the record itself: a position that is lost has all that is kept told again, and a record that
/// is lost while positions stay has new changes passed over until their numbers are greater.
#[async_trait]
pub trait Positions: Debug + Send + Sync + 'static {
    /// The position of each reader of a tenant: the number of the last change that it is done with.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from answering.
    async fn all(&self, tenant: &TenantId) -> Result<Vec<(String, u64)>>;

    /// The position of a reader; `None` before it has one.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from answering.
    async fn load(&self, tenant: &TenantId, reader: &str) -> Result<Option<u64>>;

    /// Forgets a reader, for which changes need not be kept any longer; nothing where it is not there.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from it.
    async fn remove(&self, tenant: &TenantId, reader: &str) -> Result<()>;

    /// Moves a reader forward, and never back: where a greater number is kept, that one stays.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from it; the position is as before or moved.
    async fn save(&self, tenant: &TenantId, reader: &str, through: u64) -> Result<()>;
}

/// Positions in memory, gone when the process ends: for a store that is gone with it.
#[derive(Default)]
pub struct MemoryPositions {
    tenants: Mutex<HashMap<TenantId, HashMap<String, u64>>>,
}

impl MemoryPositions {
    /// No readers yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn tenants(&self) -> MutexGuard<'_, HashMap<TenantId, HashMap<String, u64>>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Positions for MemoryPositions {
    async fn all(&self, tenant: &TenantId) -> Result<Vec<(String, u64)>> {
        let tenants = self.tenants();
        let readers = tenants.get(tenant).into_iter().flatten();
        Ok(readers.map(|(reader, through)| (reader.clone(), *through)).collect())
    }

    async fn load(&self, tenant: &TenantId, reader: &str) -> Result<Option<u64>> {
        Ok(self
            .tenants()
            .get(tenant)
            .and_then(|readers| readers.get(reader).copied()))
    }

    async fn remove(&self, tenant: &TenantId, reader: &str) -> Result<()> {
        if let Some(readers) = self.tenants().get_mut(tenant) {
            readers.remove(reader);
        }
        Ok(())
    }

    async fn save(&self, tenant: &TenantId, reader: &str, through: u64) -> Result<()> {
        let mut tenants = self.tenants();
        let readers = tenants.entry(tenant.clone()).or_default();
        let kept = readers.entry(reader.to_owned()).or_default();
        *kept = through.max(*kept);
        Ok(())
    }
}

impl Debug for MemoryPositions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryPositions").finish_non_exhaustive()
    }
}
