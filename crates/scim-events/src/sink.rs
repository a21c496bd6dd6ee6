//! Where events go.

use std::{error::Error as StdError, fmt::Debug, sync::Arc};

use async_trait::async_trait;

use crate::Event;

/// Takes events in the process of the host: a log, a queue, a cache that is to be emptied.
///
/// ```
/// use async_trait::async_trait;
/// use scim_events::{Event, EventSink, SinkError};
///
/// #[derive(Debug)]
/// struct Log;
///
/// #[async_trait]
/// impl EventSink for Log {
///     async fn deliver(&self, events: &[Event]) -> Result<(), SinkError> {
///         for event in events {
///             println!("{} {} {}", event.id, event.event_type, event.change.id);
///         }
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait EventSink: Debug + Send + Sync + 'static {
    /// Takes events of one tenant, in the order of their numbers. `Ok` says that they are safe where they are now: they
    /// are not told again, but for a crash right then, which has them told again with the same identifiers.
    ///
    /// The future may be dropped half-way; the same events come again then.
    ///
    /// # Errors
    ///
    /// Any, for all of the events: they come again later, and nothing that is behind them comes before.
    async fn deliver(&self, events: &[Event]) -> Result<(), SinkError>;
}

/// Why a sink did not take events; for the host's log.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SinkError(Box<dyn StdError + Send + Sync>);

impl SinkError {
    /// Any error.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

#[async_trait]
impl<S: EventSink + ?Sized> EventSink for Arc<S> {
    async fn deliver(&self, events: &[Event]) -> Result<(), SinkError> {
        (**self).deliver(events).await
    }
}
