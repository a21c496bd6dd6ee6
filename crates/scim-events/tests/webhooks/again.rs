//! Deliveries that are sent again by hand, and stores that would do it wrongly.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scim_conformance::{block_on, events::check_deliveries};
use scim_core::TenantId;
use scim_events::{
    Attempt, Bounds, Claim, Claiming, Delivery, DeliveryState, DeliveryStore, Endpoint, EndpointId, MemoryDeliveries,
    Resent, Settlement, WebhookError,
};
use scim_store::Result;
use standardwebhooks::Webhook;

use crate::{
    support::event,
    world::{World, seconds},
};

#[test]
fn what_has_arrived_is_sent_again_as_it_was_and_signed_anew() {
    let world = World::new();
    world.deliver(&[event(1, "a"), event(2, "a")]);
    assert_eq!(world.send().delivered, 1);
    assert_eq!(world.send().delivered, 1);
    assert_eq!(world.numbers(DeliveryState::Delivered), [1, 2]);
    world.clock.advance(seconds(10));
    assert_eq!(world.resend(&[1]).unwrap(), 1);
    assert_eq!(world.send().delivered, 1);
    let messages = world.script.messages.lock().unwrap();
    let [first, _, again] = &**messages else {
        panic!("{} were sent", messages.len());
    };
    assert_eq!(again.body, first.body, "the same, byte for byte");
    assert_eq!(again.headers["webhook-id"], first.headers["webhook-id"]);
    let time = |message: &scim_events::Message| -> i64 {
        let time = message.headers["webhook-timestamp"].to_str().unwrap();
        time.parse().unwrap()
    };
    assert!(time(again) >= time(first) + 10, "a receiver would refuse an old time");
    assert_ne!(again.headers["webhook-signature"], first.headers["webhook-signature"]);
    let secret = world.endpoint().settings.secrets.current().expose();
    let webhook = Webhook::new(&secret).unwrap();
    webhook.verify(&again.body, &again.headers).unwrap();
    let log = world.log();
    let tries: Vec<(u64, u32)> = log.iter().map(|attempt| (attempt.sequence, attempt.number)).collect();
    assert_eq!(tries, [(1, 1), (2, 1), (1, 1)], "both times are in the log");
}

#[test]
fn what_is_queued_keeps_its_order_around_what_is_sent_again() {
    let world = World::new();
    world.deliver(&[event(1, "a"), event(2, "a"), event(3, "a"), event(4, "a")]);
    world.send();
    world.script.then(500, None);
    assert_eq!(world.send().failed, 1);
    assert_eq!(world.resend(&[1]).unwrap(), 1);
    assert_eq!(world.send().tried(), 0, "2 is tried again first");
    world.clock.advance(seconds(6));
    while world.send().tried() > 0 {}
    let log = world.log();
    let tried: Vec<u64> = log.iter().rev().map(|attempt| attempt.sequence).collect();
    assert_eq!(tried, [1, 2, 2, 1, 3, 4]);
}

#[test]
fn what_is_not_kept_any_more_is_refused_and_said() {
    let world = World::with(Bounds::new(3, 100).keep_delivered(2));
    world.deliver(&[event(1, "a"), event(2, "b"), event(3, "c")]);
    assert_eq!(world.send().delivered, 3);
    let kept = world.numbers(DeliveryState::Delivered);
    assert_eq!(kept.len(), 2, "those of the last two tries");
    let gone = (1..=3).find(|sequence| !kept.contains(sequence)).unwrap();
    let error = world.resend(&[kept[0], gone]).unwrap_err();
    assert!(matches!(error, WebhookError::NotKept(sequence) if sequence == gone));
    let text = format!("delivery {gone} is not kept, or not any more, and cannot be sent again");
    assert_eq!(error.to_string(), text);
    assert_eq!(world.send().tried(), 0, "nothing has changed");
}

/// What a store gets wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Flaw {
    /// Counts what has arrived with the dead letters.
    AllAgain,
    /// Forgets what has arrived at once.
    Forgetful,
    /// Keeps all that ever arrived.
    Hoarding,
    /// Does not say that something is not there.
    Silent,
}

#[derive(Debug)]
struct Flawed(MemoryDeliveries, Flaw);

#[async_trait]
impl DeliveryStore for Flawed {
    async fn attempts(&self, tenant: &TenantId, endpoint: &EndpointId, limit: usize) -> Result<Vec<Attempt>> {
        self.0.attempts(tenant, endpoint, limit).await
    }

    async fn claim(&self, claiming: &Claiming<'_>) -> Result<Vec<Claim>> {
        self.0.claim(claiming).await
    }

    async fn deliveries(
        &self,
        tenant: &TenantId,
        endpoint: &EndpointId,
        state: DeliveryState,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        self.0.deliveries(tenant, endpoint, state, after, limit).await
    }

    async fn endpoint(&self, tenant: &TenantId, endpoint: &EndpointId) -> Result<Endpoint> {
        self.0.endpoint(tenant, endpoint).await
    }

    async fn endpoints(&self, tenant: &TenantId) -> Result<Vec<Endpoint>> {
        self.0.endpoints(tenant).await
    }

    async fn enqueue(
        &self,
        tenant: &TenantId,
        endpoint: &EndpointId,
        deliveries: &[Delivery],
        dead_letters: usize,
    ) -> Result<()> {
        self.0.enqueue(tenant, endpoint, deliveries, dead_letters).await
    }

    async fn put_endpoint(&self, endpoint: &Endpoint) -> Result<u64> {
        self.0.put_endpoint(endpoint).await
    }

    async fn remove_endpoint(&self, tenant: &TenantId, endpoint: &EndpointId) -> Result<()> {
        self.0.remove_endpoint(tenant, endpoint).await
    }

    async fn resend(
        &self,
        tenant: &TenantId,
        endpoint: &EndpointId,
        sequences: Option<&[u64]>,
        now: DateTime<Utc>,
    ) -> Result<Resent> {
        let mut all = Vec::new();
        if self.1 == Flaw::AllAgain && sequences.is_none() {
            for state in [DeliveryState::Dead, DeliveryState::Delivered] {
                let found = self.0.deliveries(tenant, endpoint, state, 0, 100).await?;
                all.extend(found.iter().map(|delivery| delivery.sequence));
            }
        }
        let sequences = if all.is_empty() { sequences } else { Some(&*all) };
        match self.0.resend(tenant, endpoint, sequences, now).await? {
            Resent::NotKept(_) if self.1 == Flaw::Silent => Ok(Resent::Again(0)),
            resent => Ok(resent),
        }
    }

    async fn settle(&self, claim: &Claim, settlement: &Settlement, bounds: Bounds) -> Result<bool> {
        let bounds = match self.1 {
            Flaw::Forgetful => bounds.keep_delivered(0),
            Flaw::Hoarding => bounds.keep_delivered(usize::MAX),
            Flaw::AllAgain | Flaw::Silent => bounds,
        };
        self.0.settle(claim, settlement, bounds).await
    }
}

#[test]
fn a_store_that_sends_again_wrongly_is_caught() {
    for flaw in [Flaw::AllAgain, Flaw::Forgetful, Flaw::Hoarding, Flaw::Silent] {
        let report = block_on(check_deliveries(&Flawed(MemoryDeliveries::new(), flaw)));
        assert!(!report.is_clean(), "{flaw:?}");
    }
}
