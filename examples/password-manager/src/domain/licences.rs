//! Licences: how many were bought, and who has one. The library counts them in the transaction of each write.

use std::collections::HashSet;

use scim_http::{
    core::ResourceId,
    store::{SeatCount, SeatStore as _, StoreError},
};
use scim_sql::host::HostStore;

use super::{Organisations, scope};
use crate::scim::Kinds;

/// Holders that are read at once.
const BATCH: usize = 1000;

/// The licences of all organisations.
#[derive(Clone)]
pub(crate) struct Licences {
    kinds: Kinds,
    organisations: Organisations,
    store: HostStore,
}

impl Licences {
    pub(crate) fn new(kinds: Kinds, organisations: Organisations, store: HostStore) -> Self {
        Self {
            kinds,
            organisations,
            store,
        }
    }

    pub(crate) async fn count(&self, organisation: &str) -> Result<SeatCount, StoreError> {
        self.store.seats(&organisation.into()).await
    }

    /// Who has a licence, by what SCIM clients know them by.
    pub(crate) async fn holders(&self, organisation: &str) -> Result<HashSet<String>, StoreError> {
        let tenant = organisation.into();
        let mut holders = HashSet::new();
        let mut last: Option<ResourceId> = None;
        loop {
            let batch = self.store.seat_holders(&tenant, last.as_ref(), BATCH).await?;
            holders.extend(batch.iter().map(|id| id.as_str().to_owned()));
            last = batch.last().cloned();
            if batch.len() < BATCH {
                return Ok(holders);
            }
        }
    }

    /// Sets how many were bought. Nobody loses a licence by it.
    pub(crate) async fn buy(&self, organisation: &str, bought: u32) -> Result<(), StoreError> {
        self.store.set_bought(&organisation.into(), bought).await
    }

    /// Gives a licence by hand; whether one was free.
    pub(crate) async fn give(&self, by: &str, organisation: &str, id: &ResourceId) -> Result<bool, StoreError> {
        let scope = scope(&self.organisations, &self.kinds, organisation, by).await?;
        match self.store.assign(&scope, id).await {
            Err(StoreError::Denied(_)) => Ok(false),
            given => given.map(|_| true),
        }
    }

    /// Takes a licence back by hand. The member stays, and waits for another.
    pub(crate) async fn take_back(&self, by: &str, organisation: &str, id: &ResourceId) -> Result<(), StoreError> {
        let scope = scope(&self.organisations, &self.kinds, organisation, by).await?;
        self.store.unassign(&scope, id).await.map(drop)
    }
}
