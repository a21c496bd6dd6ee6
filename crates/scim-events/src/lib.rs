//! Events from the change record of a SCIM store: in-process sinks and signed webhooks.
//!
//! A store writes a [`Change`](scim_store::Change) in the transaction of each change. A [`Relay`] makes an [`Event`] of it
//! and tells it to each [`EventSink`]: at least once, none for what was rolled back, in order for each resource.
//! [`Webhooks`] is a sink that posts events to endpoints of the tenants, signed as Standard Webhooks has it.
//!
//! ```
//! # scim_conformance::block_on(async {
//! use std::sync::Arc;
//! use scim_events::{EndpointSettings, EndpointUrl, MemoryDeliveries, MemoryPositions, Relay, Transport, Webhooks};
//! use scim_store::MemoryStore;
//!
//! # async fn serve(store: Arc<MemoryStore>, transport: impl Transport) -> Result<(), Box<dyn std::error::Error>> {
//! let webhooks = Webhooks::builder(MemoryDeliveries::new(), transport).build();
//! let url = EndpointUrl::parse("https://app.example.com/hooks")?;
//! let endpoint = webhooks.add(&"acme".into(), EndpointSettings::new(url)?).await?;
//! let secret = endpoint.settings.secrets.current().expose(); // for the receiver
//!
//! let positions = Arc::new(MemoryPositions::new());
//! let relay = Relay::builder(store, positions).reader("webhooks", webhooks.clone()).build();
//! relay.drain(&"acme".into()).await; // changes -> queue
//! webhooks.send_due().await?; // queue -> endpoints
//! # Ok(())
//! # }
//! # });
//! ```
//!
//! # What it does not do
//!
//! It knows no tenants: the host says for whom it relays. It starts no task and no thread: with the feature `tokio`,
//! `Relay::run` and `Webhooks::run` are futures for the host to spawn. Secrets of endpoints must be read to sign with, so they
//! are kept as they are: encrypting what is at rest is the database's.
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `client` | `HttpTransport`, on hyper and rustls |
//! | `tokio` | `Relay::run`, `Webhooks::run` |
//!
#![doc = include_str!("../docs/security_event_tokens.md")]
//! ```
#![doc = include_str!("../docs/security_event_token.rs")]
//!
//! # let change = scim_store::Change::new("acme".into(), "User", "7".into(), ChangeKind::Updated, scim_core::Version::new(2), Default::default());
//! # let change = change.with_method(ChangeMethod::Put).with_changed(vec!["title".to_owned()]);
//! let token = claims(&Event::new(change), &Registry::default(), "https://id.example.com", "https://app.example.com", 0);
//! # let event = &token.unwrap()["events"]["urn:ietf:params:scim:event:prov:put:notice"];
//! # assert_eq!(event["attributes"], json!(["title"]));
//! ```

mod address;
mod delivery;
mod delivery_store;
mod endpoint;
mod endpoint_url;
mod event;
mod event_type;
#[cfg(feature = "client")]
mod http_transport;
mod memory_deliveries;
mod payload;
mod positions;
mod relay;
#[cfg(feature = "tokio")]
mod run;
mod schedule;
mod send;
#[cfg(feature = "tokio")]
mod send_run;
mod signing_secret;
mod sink;
mod transport;
mod webhooks;

pub use delivery::{Attempt, AttemptOutcome, Claim, Claiming, Delivery, DeliveryState, Next, Resent, Settlement};
pub use delivery_store::{Bounds, DeliveryStore};
pub use endpoint::{Endpoint, EndpointId, EndpointSettings, EndpointState, Health, Secrets};
pub use endpoint_url::{EndpointUrl, UrlError, UrlPolicy};
pub use event::{Event, EventId};
pub use event_type::{EventFilter, EventType};
#[cfg(feature = "client")]
pub use http_transport::{HttpTransport, HttpTransportBuilder, Resolver, SystemResolver, TransportBuildError};
pub use memory_deliveries::MemoryDeliveries;
pub use payload::{Payload, Values};
pub use positions::{MemoryPositions, Positions};
pub use relay::{Drained, ReaderFailure, Relay, RelayBuilder, RelayError};
pub use schedule::{Chance, Schedule, SystemChance};
pub use send::Sent;
pub use signing_secret::{SecretError, SigningSecret};
pub use sink::{EventSink, SinkError};
pub use transport::{Answer, FailureKind, Message, Transport, TransportError};
pub use webhooks::{Observer, WebhookError, Webhooks, WebhooksBuilder};
