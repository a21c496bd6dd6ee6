//! Signed webhooks: endpoints, what is on its way to them, and the sending.

use std::{fmt::Debug, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::TimeDelta;
use scim_core::TenantId;
use scim_store::{Clock, IdSource as _, RandomIds, StoreError, SystemClock};

use crate::{
    Attempt, Bounds, Chance, Delivery, DeliveryState, DeliveryStore, Endpoint, EndpointId, EndpointSettings,
    EndpointState, Event, EventSink, Payload, Resent, Schedule, SecretError, Settlement, SigningSecret, SinkError,
    SystemChance, Transport, UrlError,
};

/// The longest body, in bytes; the resource is left out of one that would be longer.
const LONGEST_BODY: usize = 256 << 10;

/// Signed webhooks (Standard Webhooks 1.0.0) for tenants. A clone is the same.
///
/// As an [`EventSink`] it puts events into the queue of each endpoint that wants them, once each; [`send_due`](Self::send_due)
/// or `run` send what is due. A delivery is tried until it is answered by 200 to 299, as long as the [`Schedule`] says, and then
/// it is a dead letter. Dead letters, and for a [while](Bounds::delivered) what has arrived, can be [sent again](Self::resend). So a
/// receiver gets each event at least once; what comes again has the same `webhook-id`. For each endpoint, events of one resource go one after the other; those of different
/// resources do not wait for each other, so that one which the receiver refuses keeps nothing else back.
///
/// An endpoint that is switched off, or was [disabled](EndpointState) because it failed for too long or said that it is
/// gone, gets nothing: what waits stays where it is, and what comes meanwhile is put with the dead letters.
///
/// Several processes may send from one [`DeliveryStore`]. One that is killed leaves claims that end by themselves.
#[derive(Debug, Clone)]
pub struct Webhooks {
    pub(crate) inner: Arc<Inner>,
}

/// Options of [`Webhooks`].
#[derive(Debug)]
#[must_use]
pub struct WebhooksBuilder(Inner);

/// Is told of each try, for logs and alarms.
///
/// Standard Webhooks wants tenants to hear of an endpoint that was disabled by other ways, such as mail: this is where.
pub trait Observer: Debug + Send + Sync + 'static {
    /// A try has ended: how, and what becomes of delivery and endpoint, which is shown as it was before. It must not block.
    fn tried(&self, endpoint: &Endpoint, settlement: &Settlement);
}

/// Why something about webhooks could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// A delivery that was to be sent again is not there, and nothing was sent again.
    #[error("delivery {0} is not kept, or not any more, and cannot be sent again")]
    NotKept(u64),
    /// There is no secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The place of endpoints and deliveries failed; `NotFound` where the tenant has no such endpoint.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The URL is not taken.
    #[error(transparent)]
    Url(#[from] UrlError),
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Arc<dyn DeliveryStore>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) schedule: Schedule,
    pub(crate) bounds: Bounds,
    pub(crate) timeout: Duration,
    pub(crate) at_once: usize,
    pub(crate) at_once_to_endpoint: usize,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    #[cfg(feature = "tokio")]
    pub(crate) news: tokio::sync::Notify,
}

impl Webhooks {
    /// Webhooks that wait in a store and are sent by a transport.
    pub fn builder(store: impl DeliveryStore, transport: impl Transport) -> WebhooksBuilder {
        Self::builder_shared(Arc::new(store), Arc::new(transport))
    }

    /// The same, of a store and a transport that the host uses elsewhere too.
    pub fn builder_shared(store: Arc<dyn DeliveryStore>, transport: Arc<dyn Transport>) -> WebhooksBuilder {
        WebhooksBuilder(Inner {
            store,
            transport,
            clock: Arc::new(SystemClock),
            chance: Arc::new(SystemChance),
            schedule: Schedule::default(),
            bounds: Bounds::default(),
            timeout: Duration::from_secs(20),
            at_once: 64,
            at_once_to_endpoint: 4,
            observer: None,
            #[cfg(feature = "tokio")]
            news: tokio::sync::Notify::new(),
        })
    }

    /// Adds an endpoint of a tenant; it gets what is made ready from now on. Its
    /// [secret](crate::Secrets::current) is for the receiver.
    ///
    /// # Errors
    ///
    /// [`WebhookError::Url`] where the transport would not send there.
    pub async fn add(&self, tenant: &TenantId, settings: EndpointSettings) -> Result<Endpoint, WebhookError> {
        self.inner.transport.check(&settings.url)?;
        let id = EndpointId::new(RandomIds.next().as_str());
        let mut endpoint = Endpoint::new(tenant.clone(), id, settings, self.inner.clock.now());
        endpoint.revision = self.inner.store.put_endpoint(&endpoint).await?;
        Ok(endpoint)
    }

    /// Changes what is set of an endpoint, for all that is tried from now on. `change` may be called again where
    /// somebody else changed the endpoint meanwhile.
    ///
    /// # Errors
    ///
    /// `NotFound`; [`WebhookError::Url`] where the URL is changed to one that the transport would not send to.
    pub async fn change(
        &self,
        tenant: &TenantId,
        id: &EndpointId,
        change: impl Fn(&mut EndpointSettings) + Send + Sync,
    ) -> Result<Endpoint, WebhookError> {
        self.put(tenant, id, |endpoint| change(&mut endpoint.settings)).await
    }

    /// Gives an endpoint a new secret, which is the answer; webhooks are signed with the old one too for so long.
    ///
    /// # Errors
    ///
    /// `NotFound`, or where there is no randomness.
    pub async fn rotate_secret(
        &self,
        tenant: &TenantId,
        id: &EndpointId,
        overlap: TimeDelta,
    ) -> Result<SigningSecret, WebhookError> {
        let (secret, now) = (SigningSecret::generate()?, self.inner.clock.now());
        let rotate = |endpoint: &mut Endpoint| endpoint.settings.secrets.rotate(secret.clone(), now, overlap);
        self.put(tenant, id, rotate).await?;
        Ok(secret)
    }

    /// Switches an endpoint on; what waited for it goes on. What came while it was off is with its dead letters.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub async fn enable(&self, tenant: &TenantId, id: &EndpointId) -> Result<Endpoint, WebhookError> {
        let endpoint = self
            .put(tenant, id, |endpoint| endpoint.state = EndpointState::On)
            .await?;
        self.tell_news();
        Ok(endpoint)
    }

    /// Switches an endpoint off; what is under way right now may still arrive.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub async fn disable(&self, tenant: &TenantId, id: &EndpointId) -> Result<Endpoint, WebhookError> {
        self.put(tenant, id, |endpoint| endpoint.state = EndpointState::Off)
            .await
    }

    /// Forgets an endpoint with all that is kept of it.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub async fn remove(&self, tenant: &TenantId, id: &EndpointId) -> Result<(), WebhookError> {
        Ok(self.inner.store.remove_endpoint(tenant, id).await?)
    }

    /// The endpoint of a tenant.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub async fn endpoint(&self, tenant: &TenantId, id: &EndpointId) -> Result<Endpoint, WebhookError> {
        Ok(self.inner.store.endpoint(tenant, id).await?)
    }

    /// All endpoints of a tenant, oldest first.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from answering.
    pub async fn endpoints(&self, tenant: &TenantId) -> Result<Vec<Endpoint>, WebhookError> {
        Ok(self.inner.store.endpoints(tenant).await?)
    }

    /// The log of an endpoint: its last tries, latest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub async fn attempts(
        &self,
        tenant: &TenantId,
        id: &EndpointId,
        limit: usize,
    ) -> Result<Vec<Attempt>, WebhookError> {
        Ok(self.inner.store.attempts(tenant, id, limit).await?)
    }

    /// Deliveries of an endpoint in a state, with numbers greater than `after`, smallest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub async fn deliveries(
        &self,
        tenant: &TenantId,
        id: &EndpointId,
        state: DeliveryState,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Delivery>, WebhookError> {
        Ok(self.inner.store.deliveries(tenant, id, state, after, limit).await?)
    }

    /// Sends deliveries again that are dead or have arrived: those with these numbers, or all dead ones. How many; those that
    /// wait are on their way anyway.
    ///
    /// They go out byte for byte as before, with the same `webhook-id`, a new timestamp and a new signature, and have all tries of
    /// the schedule again. They take their turn by number among what waits of their resource. What was delivered since is newer, as
    /// `sequence` and `version` tell the receiver.
    ///
    /// # Errors
    ///
    /// `NotFound`; [`WebhookError::NotKept`] where one of them is not there: dead letters and what has arrived are kept within
    /// [`Bounds`].
    pub async fn resend(
        &self,
        tenant: &TenantId,
        id: &EndpointId,
        sequences: Option<&[u64]>,
    ) -> Result<u64, WebhookError> {
        let Inner { store, clock, .. } = &*self.inner;
        match store.resend(tenant, id, sequences, clock.now()).await? {
            Resent::NotKept(sequence) => Err(WebhookError::NotKept(sequence)),
            Resent::Again(count) => {
                self.tell_news();
                Ok(count)
            }
        }
    }

    /// Changes an endpoint, again where somebody else changed it meanwhile.
    async fn put(
        &self,
        tenant: &TenantId,
        id: &EndpointId,
        change: impl Fn(&mut Endpoint) + Send + Sync,
    ) -> Result<Endpoint, WebhookError> {
        let store = &self.inner.store;
        loop {
            let mut endpoint = store.endpoint(tenant, id).await?;
            let url = endpoint.settings.url.clone();
            change(&mut endpoint);
            // One that is not allowed any more keeps nobody from switching the endpoint off.
            if endpoint.settings.url != url {
                self.inner.transport.check(&endpoint.settings.url)?;
            }
            match store.put_endpoint(&endpoint).await {
                Err(StoreError::Precondition) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => return Ok(store.endpoint(tenant, id).await?),
            }
        }
    }

    fn tell_news(&self) {
        #[cfg(feature = "tokio")]
        self.inner.news.notify_one();
    }

    /// What is to be sent to an endpoint.
    fn deliveries_of(&self, endpoint: &Endpoint, events: &[Event]) -> Vec<Delivery> {
        let now = self.inner.clock.now();
        let wanted = events
            .iter()
            .filter(|event| event.change.tenant == endpoint.tenant && endpoint.settings.types.wants(&event.event_type));
        let deliveries = wanted.map(|event| {
            let change = &event.change;
            let delivery = Delivery::new(
                endpoint.tenant.clone(),
                endpoint.id.clone(),
                change.sequence,
                event.id.clone(),
                event.event_type.clone(),
                format!("{}/{}", change.resource_type, change.id),
                body(event, endpoint.settings.payload),
                now,
            );
            match endpoint.state {
                EndpointState::On => delivery,
                _ => delivery.with_state(DeliveryState::Dead, 0),
            }
        });
        deliveries.collect()
    }
}

#[async_trait]
impl EventSink for Webhooks {
    async fn deliver(&self, events: &[Event]) -> Result<(), SinkError> {
        let Some(first) = events.first() else { return Ok(()) };
        let Inner { store, bounds, .. } = &*self.inner;
        let endpoints = store.endpoints(&first.change.tenant).await.map_err(SinkError::new)?;
        for endpoint in &endpoints {
            let deliveries = self.deliveries_of(endpoint, events);
            if !deliveries.is_empty() {
                let taken = store.enqueue(&endpoint.tenant, &endpoint.id, &deliveries, bounds.dead_letters);
                taken.await.map_err(SinkError::new)?;
            }
        }
        self.tell_news();
        Ok(())
    }
}

impl WebhooksBuilder {
    /// When deliveries are tried again.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.0.schedule = schedule;
        self
    }

    /// How much is kept of what is over.
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.0.bounds = bounds;
        self
    }

    /// How long a try may take, with the connection; default 20 s. A delivery whose sender was killed is tried again behind
    /// three times as long.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = timeout;
        self
    }

    /// How many tries are under way at once, and how many of them to one endpoint; default 64 and 4.
    pub fn at_once(mut self, tries: usize, of_endpoint: usize) -> Self {
        self.0.at_once = tries.max(1);
        self.0.at_once_to_endpoint = of_endpoint.max(1);
        self
    }

    /// With someone who is told of each try.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.0.observer = Some(Arc::new(observer));
        self
    }

    /// With another clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.0.clock = Arc::new(clock);
        self
    }

    /// With another source of chance.
    pub fn chance(mut self, chance: impl Chance) -> Self {
        self.0.chance = Arc::new(chance);
        self
    }

    /// The webhooks.
    pub fn build(self) -> Webhooks {
        Webhooks {
            inner: Arc::new(self.0),
        }
    }
}

fn body(event: &Event, payload: Payload) -> String {
    let body = event.to_json(payload).to_string();
    if body.len() <= LONGEST_BODY {
        return body;
    }
    event.to_json(Payload::Names).to_string()
}
