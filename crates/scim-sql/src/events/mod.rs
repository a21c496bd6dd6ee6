//! Where events and webhooks wait, in the database of the store.
//!
//! Each function of [`Positions`](scim_events::Positions) and [`DeliveryStore`](scim_events::DeliveryStore) is a
//! [`Task`](crate::database::Task).

mod claim;
mod deliveries;
mod endpoints;
mod log;
mod positions;
mod settle;
mod stores;

use chrono::{DateTime, Utc};
use scim_core::TenantId;
use scim_events::EndpointId;
use scim_store::StoreError;

use crate::{error::Failure, session::Session, statement::Value};

/// An endpoint by its keys.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    tenant: TenantId,
    endpoint: EndpointId,
}

impl Place {
    pub(crate) fn new(tenant: &TenantId, endpoint: &EndpointId) -> Self {
        let (tenant, endpoint) = (tenant.clone(), endpoint.clone());
        Self { tenant, endpoint }
    }

    /// The keys as the first two parameters, and others behind them.
    fn values(&self, others: impl IntoIterator<Item = Value>) -> Vec<Value> {
        let keys = [self.tenant.as_str().into(), self.endpoint.as_str().into()];
        keys.into_iter().chain(others).collect()
    }

    /// Whether it is there; `NotFound` if not.
    async fn must_exist<S: Session>(&self, session: &mut S) -> Result<(), Failure> {
        let text = "SELECT 1 FROM {s}scim_endpoint WHERE tenant = ?1 AND id = ?2";
        let statement = session.statement(text, self.values([]));
        if session.rows(&statement).await?.is_empty() {
            return Err(StoreError::NotFound.into());
        }
        Ok(())
    }

    /// Locks its row until the transaction ends, and tells the greatest number that was taken in and how many tries were
    /// logged; `None` where it is not there.
    async fn lock<S: Session>(&self, session: &mut S) -> Result<Option<(u64, i64)>, Failure> {
        let text = "SELECT r.mark, r.tries FROM {s}scim_endpoint r WHERE r.tenant = ?1 AND r.id = ?2{update}";
        let statement = session.statement(text, self.values([]));
        let rows = session.rows(&statement).await?;
        let row = rows
            .first()
            .map(|row| Ok::<_, Failure>((row.int(0)?.unsigned_abs(), row.int(1)?)));
        row.transpose()
    }

    /// Runs a statement with the keys as its first two parameters: how many rows it touched.
    async fn run<S: Session>(
        &self,
        session: &mut S,
        text: &str,
        others: impl IntoIterator<Item = Value> + Send,
    ) -> Result<u64, Failure> {
        let statement = session.statement(text, self.values(others));
        Ok(session.run(&statement).await?)
    }
}

/// A number as a column keeps it.
fn int(number: u64) -> Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

/// A limit or an offset.
fn count(number: usize) -> Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

/// A time as a column keeps it; 0 is none.
fn millis(time: Option<DateTime<Utc>>) -> Value {
    time.map_or(0, |time| time.timestamp_millis()).into()
}
