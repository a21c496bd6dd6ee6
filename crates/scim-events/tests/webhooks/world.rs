//! Webhooks with time, chance and answers by hand.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use scim_conformance::block_on;
use scim_events::{
    Attempt, Bounds, DeliveryState, Endpoint, EndpointId, EndpointSettings, EndpointState, EndpointUrl, Event,
    EventSink as _, MemoryDeliveries, Observer, Sent, Settlement, WebhookError, Webhooks,
};

use crate::support::{HandClock, Never, Script, tenant};

pub(crate) struct World {
    pub(crate) webhooks: Webhooks,
    pub(crate) script: Script,
    pub(crate) clock: HandClock,
    pub(crate) id: EndpointId,
    pub(crate) seen: Seen,
}

/// The states that endpoints were changed to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen(pub(crate) Arc<Mutex<Vec<EndpointState>>>);

impl Observer for Seen {
    fn tried(&self, _: &Endpoint, settlement: &Settlement) {
        self.0.lock().unwrap().extend(settlement.disable);
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Bounds::new(3, 100))
    }

    pub(crate) fn with(bounds: Bounds) -> Self {
        let (script, clock, seen) = (Script::default(), HandClock::default(), Seen::default());
        let webhooks = Webhooks::builder(MemoryDeliveries::new(), script.clone())
            .clock(clock.clone())
            .chance(Never)
            .bounds(bounds)
            .observer(seen.clone())
            .build();
        let endpoint = block_on(webhooks.add(&tenant(), settings())).unwrap();
        Self {
            webhooks,
            script,
            clock,
            id: endpoint.id,
            seen,
        }
    }

    pub(crate) fn deliver(&self, events: &[Event]) {
        block_on(self.webhooks.deliver(events)).unwrap();
    }

    pub(crate) fn send(&self) -> Sent {
        block_on(self.webhooks.send_due()).unwrap()
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        block_on(self.webhooks.endpoint(&tenant(), &self.id)).unwrap()
    }

    pub(crate) fn log(&self) -> Vec<Attempt> {
        block_on(self.webhooks.attempts(&tenant(), &self.id, 100)).unwrap()
    }

    pub(crate) fn numbers(&self, state: DeliveryState) -> Vec<u64> {
        let tenant = tenant();
        let found = self.webhooks.deliveries(&tenant, &self.id, state, 0, 100);
        block_on(found)
            .unwrap()
            .iter()
            .map(|delivery| delivery.sequence)
            .collect()
    }

    /// Sends deliveries again by their numbers.
    pub(crate) fn resend(&self, sequences: &[u64]) -> Result<u64, WebhookError> {
        block_on(self.webhooks.resend(&tenant(), &self.id, Some(sequences)))
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        let messages = self.script.messages.lock().unwrap();
        let text = |body: &[u8]| String::from_utf8(body.to_vec()).unwrap();
        messages.iter().map(|message| text(&message.body)).collect()
    }
}

pub(crate) fn settings() -> EndpointSettings {
    EndpointSettings::new(EndpointUrl::parse("https://app.example.com/hook").unwrap()).unwrap()
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
