//! Relaying for as long as the host runs.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use scim_core::TenantId;
use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval},
};

use crate::{Drained, Relay};

/// Most tenants that are relayed for at once.
const TENANTS: usize = 16;

/// The tenants that a relay runs for.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    tenants: Mutex<Tenants>,
    change: Notify,
}

#[derive(Debug, Default)]
struct Tenants {
    all: HashSet<TenantId>,
    /// Those where something may be new.
    due: BTreeSet<TenantId>,
}

/// Running; with the feature `tokio`.
impl Relay {
    /// Relays for a tenant from now on: it is looked at at once, and then at each [`wake`](Self::wake) and interval.
    pub fn watch(&self, tenant: &TenantId) {
        let mut tenants = self.watch.tenants();
        tenants.all.insert(tenant.clone());
        tenants.due.insert(tenant.clone());
        drop(tenants);
        self.watch.change.notify_one();
    }

    /// Relays for a tenant no longer; its positions stay.
    pub fn unwatch(&self, tenant: &TenantId) {
        let mut tenants = self.watch.tenants();
        tenants.all.remove(tenant);
        tenants.due.remove(tenant);
    }

    /// Has a tenant looked at at once, after a write. It is cheap, and nothing depends on it but the delay.
    pub fn wake(&self, tenant: &TenantId) {
        let mut tenants = self.watch.tenants();
        if tenants.all.contains(tenant) && tenants.due.insert(tenant.clone()) {
            drop(tenants);
            self.watch.change.notify_one();
        }
    }

    /// Relays for all tenants that are [watched](Self::watch), until it is dropped. All of them are looked at once in each
    /// interval, which is also when sinks that failed are tried again. `report` is told what was done, for logs; what is
    /// under way for one tenant keeps no other one back, up to 16 at once.
    pub async fn run(&self, every: Duration, mut report: impl FnMut(&TenantId, Drained) + Send) {
        let mut interval = interval(every.max(Duration::from_millis(1)));
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut under_way = FuturesUnordered::new();
        let mut busy = HashSet::new();
        loop {
            for tenant in self.watch.take(&busy, TENANTS.saturating_sub(busy.len())) {
                busy.insert(tenant.clone());
                under_way.push(async move {
                    let drained = self.drain(&tenant).await;
                    (tenant, drained)
                });
            }
            tokio::select! {
                Some((tenant, drained)) = under_way.next() => {
                    busy.remove(&tenant);
                    report(&tenant, drained);
                }
                () = self.watch.change.notified() => {}
                _ = interval.tick() => self.watch.all_due(),
            }
        }
    }
}

impl Watch {
    /// Some of the tenants where something may be new, but for those that are being looked at: they stay due.
    fn take(&self, busy: &HashSet<TenantId>, most: usize) -> Vec<TenantId> {
        let mut tenants = self.tenants();
        let due = tenants.due.iter().filter(|tenant| !busy.contains(*tenant));
        let taken: Vec<TenantId> = due.take(most).cloned().collect();
        for tenant in &taken {
            tenants.due.remove(tenant);
        }
        taken
    }

    fn all_due(&self) {
        let Tenants { all, due } = &mut *self.tenants();
        due.extend(all.iter().cloned());
    }

    fn tenants(&self) -> MutexGuard<'_, Tenants> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
