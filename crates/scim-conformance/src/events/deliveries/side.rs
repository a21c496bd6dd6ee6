//! A tenant of a store, and what the checks do in it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use scim_core::TenantId;
use scim_events::{
    Attempt, AttemptOutcome, Bounds, Claim, Claiming, Delivery, DeliveryState, DeliveryStore, Endpoint, EndpointId,
    EndpointSettings, EndpointUrl, EventId, EventType, Next, Resent, Settlement,
};
use scim_store::{IdSource as _, RandomIds};

use crate::events::{Check, tenant, text};

/// A tenant of a store.
pub(super) struct Side<'a> {
    pub(super) store: &'a dyn DeliveryStore,
    pub(super) tenant: TenantId,
}

impl<'a> Side<'a> {
    pub(super) fn new(store: &'a dyn DeliveryStore) -> Self {
        let tenant = tenant();
        Self { store, tenant }
    }

    pub(super) async fn add(&self) -> Result<Endpoint, String> {
        let url = EndpointUrl::parse("https://example.com/hook?token=1").map_err(text)?;
        let settings = EndpointSettings::new(url).map_err(text)?;
        let id = EndpointId::new(RandomIds.next().as_str());
        let mut endpoint = Endpoint::new(self.tenant.clone(), id, settings, at(0));
        endpoint.revision = self.store.put_endpoint(&endpoint).await.map_err(text)?;
        Ok(endpoint)
    }

    pub(super) fn delivery(&self, endpoint: &Endpoint, sequence: u64, resource: &str) -> Delivery {
        Delivery::new(
            self.tenant.clone(),
            endpoint.id.clone(),
            sequence,
            EventId::new(format!("evt_{sequence}")),
            EventType::new("user.updated"),
            resource.to_owned(),
            format!("{{\"n\":{sequence},\"é\":\"'\"}}"),
            at(0),
        )
    }

    pub(super) async fn enqueue(&self, endpoint: &Endpoint, deliveries: &[(u64, &str)]) -> Check {
        let deliveries = deliveries
            .iter()
            .map(|(sequence, resource)| self.delivery(endpoint, *sequence, resource));
        let deliveries: Vec<Delivery> = deliveries.collect();
        let taken = self.store.enqueue(&self.tenant, &endpoint.id, &deliveries, 100);
        taken.await.map_err(text)
    }

    /// Claims all that is due, for ten seconds.
    pub(super) async fn claim(&self, now: DateTime<Utc>) -> Result<Vec<Claim>, String> {
        self.claim_by(&Claiming::new(now, now + TimeDelta::seconds(10))).await
    }

    pub(super) async fn claim_by(&self, claiming: &Claiming<'_>) -> Result<Vec<Claim>, String> {
        let claims = self.store.claim(claiming).await.map_err(text)?;
        let own = claims.into_iter().filter(|claim| claim.delivery.tenant == self.tenant);
        Ok(own.collect())
    }

    /// The one claim that is expected.
    pub(super) async fn claim_one(&self, now: DateTime<Utc>, sequence: u64) -> Result<Claim, String> {
        let claims = self.claim(now).await?;
        ensure!(
            sequences(&claims) == [sequence],
            "{:?} were claimed, and {sequence} should be",
            sequences(&claims)
        );
        claims.into_iter().next().ok_or_else(String::new)
    }

    pub(super) async fn settle(
        &self,
        claim: &Claim,
        now: DateTime<Utc>,
        status: u16,
        next: Next,
    ) -> Result<bool, String> {
        self.settle_by(claim, &settlement(claim, now, status, next)).await
    }

    pub(super) async fn settle_by(&self, claim: &Claim, settlement: &Settlement) -> Result<bool, String> {
        let settled = self
            .store
            .settle(claim, settlement, Bounds::new(3, 4).keep_delivered(5))
            .await;
        settled.map_err(text)
    }

    pub(super) async fn deliveries(&self, endpoint: &Endpoint, state: DeliveryState) -> Result<Vec<Delivery>, String> {
        let found = self.store.deliveries(&self.tenant, &endpoint.id, state, 0, 100);
        found.await.map_err(text)
    }

    pub(super) async fn numbers(&self, endpoint: &Endpoint, state: DeliveryState) -> Result<Vec<u64>, String> {
        let found = self.deliveries(endpoint, state).await?;
        Ok(found.iter().map(|delivery| delivery.sequence).collect())
    }

    pub(super) async fn endpoint(&self, endpoint: &Endpoint) -> Result<Endpoint, String> {
        self.store.endpoint(&self.tenant, &endpoint.id).await.map_err(text)
    }

    /// Claims the one that is expected, and has it arrive.
    pub(super) async fn arrive(&self, now: DateTime<Utc>, sequence: u64) -> Check {
        let claim = self.claim_one(now, sequence).await?;
        let is_ours = self.settle(&claim, now, 200, Next::Delivered).await?;
        ensure!(is_ours, "the claim of {sequence} does not hold");
        Ok(())
    }

    pub(super) async fn resend(
        &self,
        endpoint: &Endpoint,
        sequences: Option<&[u64]>,
        now: DateTime<Utc>,
    ) -> Result<Resent, String> {
        let resent = self.store.resend(&self.tenant, &endpoint.id, sequences, now);
        resent.await.map_err(text)
    }

    pub(super) async fn attempts(&self, endpoint: &Endpoint) -> Result<Vec<Attempt>, String> {
        let attempts = self.store.attempts(&self.tenant, &endpoint.id, 9);
        attempts.await.map_err(text)
    }

    pub(super) async fn clean(&self) {
        for endpoint in self.store.endpoints(&self.tenant).await.unwrap_or_default() {
            let _ = self.store.remove_endpoint(&self.tenant, &endpoint.id).await;
        }
    }
}

pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
}

pub(super) fn settlement(claim: &Claim, now: DateTime<Utc>, status: u16, next: Next) -> Settlement {
    let outcome = AttemptOutcome::Answered(status);
    Settlement::new(Attempt::new(&claim.delivery, now, Duration::ZERO, outcome), next)
}

/// The numbers of claims, sorted.
pub(super) fn sequences(claims: &[Claim]) -> Vec<u64> {
    let mut sequences: Vec<u64> = claims.iter().map(|claim| claim.delivery.sequence).collect();
    sequences.sort_unstable();
    sequences
}
