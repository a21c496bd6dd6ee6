//! Writes of one tenant take turns.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use async_lock::{Mutex, MutexGuard};
use scim_core::TenantId;

/// Locks that tenants share: enough of them that tenants seldom meet, and as many whatever tenants there are.
#[derive(Debug)]
pub(super) struct Turns {
    locks: [Mutex<()>; 64],
}

impl Turns {
    /// Waits for the tenant's turn, which ends with the guard.
    pub(super) async fn take(&self, tenant: &TenantId) -> Option<MutexGuard<'_, ()>> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(tenant);
        let lock = self.locks.get(hash as usize % self.locks.len())?;
        Some(lock.lock().await)
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            locks: std::array::from_fn(|_| Mutex::new(())),
        }
    }
}
