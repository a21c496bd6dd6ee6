//! The stores as places of positions and deliveries.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scim_core::TenantId;
use scim_events::{
    Attempt, Bounds, Claim, Claiming, Delivery, DeliveryState, DeliveryStore, Endpoint, EndpointId, Positions, Resent,
    Settlement,
};
use scim_store::Result;

use super::{
    Place,
    claim::ClaimDue,
    deliveries::{Enqueue, List, Resend},
    endpoints, log, positions,
    settle::Settle,
};

macro_rules! keeps_events {
    ($store:ty) => {
        #[async_trait]
        impl Positions for $store {
            async fn all(&self, tenant: &TenantId) -> Result<Vec<(String, u64)>> {
                self.database().read(positions::All(tenant.clone())).await
            }

            async fn load(&self, tenant: &TenantId, reader: &str) -> Result<Option<u64>> {
                self.database()
                    .read(positions::Load(tenant.clone(), reader.to_owned()))
                    .await
            }

            async fn remove(&self, tenant: &TenantId, reader: &str) -> Result<()> {
                self.database()
                    .write(positions::Remove(tenant.clone(), reader.to_owned()))
                    .await
            }

            async fn save(&self, tenant: &TenantId, reader: &str, through: u64) -> Result<()> {
                self.database()
                    .write(positions::Save(tenant.clone(), reader.to_owned(), through))
                    .await
            }
        }

        #[async_trait]
        impl DeliveryStore for $store {
            async fn attempts(&self, tenant: &TenantId, endpoint: &EndpointId, limit: usize) -> Result<Vec<Attempt>> {
                self.database()
                    .read(log::Attempts(Place::new(tenant, endpoint), limit))
                    .await
            }

            async fn claim(&self, claiming: &Claiming<'_>) -> Result<Vec<Claim>> {
                self.database().write(ClaimDue::new(claiming)).await
            }

            async fn deliveries(
                &self,
                tenant: &TenantId,
                endpoint: &EndpointId,
                state: DeliveryState,
                after: u64,
                limit: usize,
            ) -> Result<Vec<Delivery>> {
                let place = Place::new(tenant, endpoint);
                self.database()
                    .read(List {
                        place,
                        state,
                        after,
                        limit,
                    })
                    .await
            }

            async fn endpoint(&self, tenant: &TenantId, endpoint: &EndpointId) -> Result<Endpoint> {
                self.database()
                    .read(endpoints::One(Place::new(tenant, endpoint)))
                    .await
            }

            async fn endpoints(&self, tenant: &TenantId) -> Result<Vec<Endpoint>> {
                self.database().read(endpoints::All(tenant.clone())).await
            }

            async fn enqueue(
                &self,
                tenant: &TenantId,
                endpoint: &EndpointId,
                deliveries: &[Delivery],
                dead_letters: usize,
            ) -> Result<()> {
                let (place, deliveries) = (Place::new(tenant, endpoint), deliveries.to_vec());
                self.database()
                    .write(Enqueue {
                        place,
                        deliveries,
                        dead_letters,
                    })
                    .await
            }

            async fn put_endpoint(&self, endpoint: &Endpoint) -> Result<u64> {
                self.database().write(endpoints::Put(endpoint.clone())).await
            }

            async fn remove_endpoint(&self, tenant: &TenantId, endpoint: &EndpointId) -> Result<()> {
                self.database()
                    .write(endpoints::Remove(Place::new(tenant, endpoint)))
                    .await
            }

            async fn resend(
                &self,
                tenant: &TenantId,
                endpoint: &EndpointId,
                sequences: Option<&[u64]>,
                now: DateTime<Utc>,
            ) -> Result<Resent> {
                let (place, sequences) = (Place::new(tenant, endpoint), sequences.map(<[u64]>::to_vec));
                self.database()
                    .write(Resend {
                        place,
                        sequences,
                        now,
                    })
                    .await
            }

            async fn settle(&self, claim: &Claim, settlement: &Settlement, bounds: Bounds) -> Result<bool> {
                let (claim, settlement) = (claim.clone(), settlement.clone());
                self.database()
                    .write(Settle {
                        claim,
                        settlement,
                        bounds,
                    })
                    .await
            }
        }
    };
}

#[cfg(feature = "postgres")]
keeps_events!(crate::PgStore);

#[cfg(feature = "sqlite")]
keeps_events!(crate::SqliteStore);
