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
                self.perform(positions::All(tenant.clone())).await
            }

            async fn load(&self, tenant: &TenantId, reader: &str) -> Result<Option<u64>> {
                self.perform(positions::Load(tenant.clone(), reader.to_owned()))
                    .await
            }

            async fn remove(&self, tenant: &TenantId, reader: &str) -> Result<()> {
                self.perform(positions::Remove(tenant.clone(), reader.to_owned()))
                    .await
            }

            async fn save(&self, tenant: &TenantId, reader: &str, through: u64) -> Result<()> {
                self.perform(positions::Save(tenant.clone(), reader.to_owned(), through))
                    .await
            }
        }

        #[async_trait]
        impl DeliveryStore for $store {
            async fn attempts(&self, tenant: &TenantId, endpoint: &EndpointId, limit: usize) -> Result<Vec<Attempt>> {
                self.perform(log::Attempts(Place::new(tenant, endpoint), limit))
                    .await
            }

            async fn claim(&self, claiming: &Claiming<'_>) -> Result<Vec<Claim>> {
                self.perform(ClaimDue::new(claiming)).await
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
                self.perform(List {
                    place,
                    state,
                    after,
                    limit,
                })
                .await
            }

            async fn endpoint(&self, tenant: &TenantId, endpoint: &EndpointId) -> Result<Endpoint> {
                self.perform(endpoints::One(Place::new(tenant, endpoint))).await
            }

            async fn endpoints(&self, tenant: &TenantId) -> Result<Vec<Endpoint>> {
                self.perform(endpoints::All(tenant.clone())).await
            }

            async fn enqueue(
                &self,
                tenant: &TenantId,
                endpoint: &EndpointId,
                deliveries: &[Delivery],
                dead_letters: usize,
            ) -> Result<()> {
                let (place, deliveries) = (Place::new(tenant, endpoint), deliveries.to_vec());
                self.perform(Enqueue {
                    place,
                    deliveries,
                    dead_letters,
                })
                .await
            }

            async fn put_endpoint(&self, endpoint: &Endpoint) -> Result<u64> {
                self.perform(endpoints::Put(endpoint.clone())).await
            }

            async fn remove_endpoint(&self, tenant: &TenantId, endpoint: &EndpointId) -> Result<()> {
                self.perform(endpoints::Remove(Place::new(tenant, endpoint)))
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
                self.perform(Resend {
                    place,
                    sequences,
                    now,
                })
                .await
            }

            async fn settle(&self, claim: &Claim, settlement: &Settlement, bounds: Bounds) -> Result<bool> {
                let (claim, settlement) = (claim.clone(), settlement.clone());
                self.perform(Settle {
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
mod postgres {
    use super::*;
    use crate::{
        PgStore,
        error::Failure,
        events::Task,
        postgres::{Job, PgSession},
    };

    keeps_events!(PgStore);

    struct Run<T>(T);

    impl<T: Task> Job for Run<T> {
        type Answer = T::Answer;

        async fn run(&self, session: &mut PgSession<'_>) -> std::result::Result<T::Answer, Failure> {
            self.0.run(session).await
        }
    }

    impl PgStore {
        async fn perform<T: Task>(&self, task: T) -> Result<T::Answer> {
            if T::WRITES {
                self.inner().write(&Run(task)).await
            } else {
                self.inner().read(&Run(task)).await
            }
        }
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::*;
    use crate::{
        SqliteStore,
        events::Task,
        sqlite::{Line, SqliteSession, done},
    };

    keeps_events!(SqliteStore);

    impl SqliteStore {
        async fn perform<T: Task>(&self, task: T) -> Result<T::Answer> {
            if T::WRITES {
                let work = move |session: &mut SqliteSession, _: &mut Line<_>| done(task.run(session));
                self.threads().write(None, work).await
            } else {
                let work = move |session: &mut SqliteSession| done(task.run(session));
                self.threads().read(work).await
            }
        }
    }
}
