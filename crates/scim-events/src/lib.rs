//! Events from the change record of a SCIM store.
//!
//! A store writes a [`Change`](scim_store::Change) in the transaction of each change. A [`Relay`] makes an [`Event`] of it
//! and tells it to each [`EventSink`]: at least once, none for what was rolled back, in order for each resource.

mod event;
mod event_type;
mod payload;
mod positions;
mod relay;
#[cfg(feature = "tokio")]
mod run;
mod sink;

pub use event::{Event, EventId};
pub use event_type::{EventFilter, EventType};
pub use payload::{Payload, Values};
pub use positions::{MemoryPositions, Positions};
pub use relay::{Drained, ReaderFailure, Relay, RelayBuilder, RelayError};
pub use sink::{EventSink, SinkError};
