//! From the record of changes to sinks.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::join_all;
use scim_core::TenantId;
use scim_store::{Change, ChangeFeed, Clock, StoreError, SystemClock};

use crate::{Event, EventSink, Positions, SinkError, Values};

/// Reads the record of changes and tells each sink all of it, at least once and in order.
///
/// Each sink is read for under a name, with a position of its own, so that one which fails or is slow keeps no other one
/// back. A position moves behind the sink's `Ok`: what ends the process in between has the same events told again, with the
/// same identifiers. Changes that all readers are done with are forgotten.
///
/// Any number of processes may relay for the same readers. What they tell then are repetitions, in the order of each of them;
/// [`Webhooks`](crate::Webhooks) takes each event once. A reader of another relay counts from its first run on: one that is
/// to miss nothing is run once before the others forget.
///
/// ```
/// # scim_conformance::block_on(async {
/// # use async_trait::async_trait;
/// # use scim_events::{Event, EventSink, SinkError};
/// # #[derive(Debug)]
/// # struct Log;
/// # #[async_trait]
/// # impl EventSink for Log {
/// #     async fn deliver(&self, _: &[Event]) -> Result<(), SinkError> { Ok(()) }
/// # }
/// use std::sync::Arc;
/// use scim_events::{MemoryPositions, Relay};
/// use scim_store::MemoryStore;
///
/// let store = Arc::new(MemoryStore::new());
/// let relay = Relay::builder(store, Arc::new(MemoryPositions::new())).reader("log", Log).build();
/// // After a write, or now and then:
/// let drained = relay.drain(&"acme".into()).await;
/// assert!(drained.failures.is_empty());
/// # });
/// ```
#[derive(Debug)]
pub struct Relay {
    feed: Arc<dyn ChangeFeed>,
    positions: Arc<dyn Positions>,
    readers: Vec<Reader>,
    values: Option<Values>,
    clock: Arc<dyn Clock>,
    batch: usize,
    forgets: bool,
    turns: Mutex<HashMap<TenantId, Arc<async_lock::Mutex<()>>>>,
    #[cfg(feature = "tokio")]
    pub(crate) watch: crate::run::Watch,
}

/// Options of a [`Relay`].
#[derive(Debug)]
#[must_use]
pub struct RelayBuilder(Relay);

/// What a relay did for a tenant.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Drained {
    /// How many events were told, to all readers together.
    pub events: u64,
    /// How many changes the store had forgotten before a reader came to them. Only a record that has an end, such as that of
    /// `MemoryStore`, forgets by itself.
    pub missed: u64,
    /// The readers that could not be told all, and why: for the host's log. They are told again.
    pub failures: Vec<ReaderFailure>,
}

/// Why a reader was not told all.
#[derive(Debug, thiserror::Error)]
#[error("events for `{reader}` are late")]
#[non_exhaustive]
pub struct ReaderFailure {
    /// The name of the reader.
    pub reader: String,
    /// The cause.
    pub source: RelayError,
}

/// Why a relay did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The sink did not take them.
    #[error("the sink did not take the events")]
    Sink(#[source] SinkError),
    /// Changes, positions or resources could not be read, or a position not be kept.
    #[error("the store of changes or positions failed")]
    Store(#[from] StoreError),
}

#[derive(Debug)]
struct Reader {
    name: String,
    sink: Box<dyn EventSink>,
}

/// What was done for one reader.
#[derive(Debug, Default)]
struct Progress {
    through: u64,
    events: u64,
    missed: u64,
}

impl Relay {
    /// A relay from a record of changes; `positions` remembers how far each reader is.
    pub fn builder(feed: Arc<dyn ChangeFeed>, positions: Arc<dyn Positions>) -> RelayBuilder {
        RelayBuilder(Self {
            feed,
            positions,
            readers: Vec::new(),
            values: None,
            clock: Arc::new(SystemClock),
            batch: 100,
            forgets: true,
            turns: Mutex::default(),
            #[cfg(feature = "tokio")]
            watch: crate::run::Watch::default(),
        })
    }

    /// Tells each reader all that is new of a tenant, and returns when nothing is left or their sinks fail. Calls for one
    /// tenant take turns.
    ///
    /// Where the future is dropped, what was under way is told again.
    pub async fn drain(&self, tenant: &TenantId) -> Drained {
        let turn = self.turn(tenant);
        let _turn = turn.lock().await;
        let mut drained = Drained::default();
        let mut has_moved = false;
        let readers = self.readers.iter().map(|reader| async move {
            let mut progress = Progress::default();
            let outcome = self.tell(tenant, reader, &mut progress).await;
            (reader, progress, outcome)
        });
        for (reader, progress, outcome) in join_all(readers).await {
            drained.events += progress.events;
            drained.missed += progress.missed;
            has_moved |= progress.events > 0;
            if let Err(error) = outcome {
                drained.fail(&reader.name, error);
            }
        }
        if self.forgets
            && has_moved
            && let Err(error) = self.forget(tenant).await
        {
            drained.fail("", error.into());
        }
        drained
    }

    /// Tells one reader all that is behind its position.
    async fn tell(&self, tenant: &TenantId, reader: &Reader, progress: &mut Progress) -> Result<(), RelayError> {
        let kept = self.positions.load(tenant, &reader.name).await?;
        progress.through = kept.unwrap_or_default();
        if kept.is_none() {
            // From now on nobody forgets what this reader has not seen.
            self.positions.save(tenant, &reader.name, 0).await?;
        }
        let mut is_known = kept.is_some();
        loop {
            let changes = self.feed.changes(tenant, progress.through, self.batch).await?;
            let (Some(first), Some(last)) = (changes.first(), changes.last()) else {
                return Ok(());
            };
            let is_last = changes.len() < self.batch;
            let (first, last) = (first.sequence, last.sequence);
            let events = self.events(changes).await?;
            reader.sink.deliver(&events).await.map_err(RelayError::Sink)?;
            self.positions.save(tenant, &reader.name, last).await?;
            if is_known {
                progress.missed += first.saturating_sub(progress.through + 1);
            }
            is_known = true;
            progress.through = last;
            progress.events += u64::try_from(events.len()).unwrap_or_default();
            if is_last {
                return Ok(());
            }
        }
    }

    async fn events(&self, changes: Vec<Change>) -> Result<Vec<Event>, StoreError> {
        let mut events = Vec::with_capacity(changes.len());
        for change in changes {
            let resource = match &self.values {
                Some(values) => values.read(&change, &*self.clock).await?,
                None => None,
            };
            events.push(Event::new(change).with_resource(resource));
        }
        Ok(events)
    }

    /// Forgets what all readers are done with, those of other relays too.
    async fn forget(&self, tenant: &TenantId) -> Result<(), StoreError> {
        let readers = self.positions.all(tenant).await?;
        match readers.iter().map(|(_, through)| *through).min() {
            None | Some(0) => Ok(()),
            Some(through) => self.feed.forget(tenant, through).await,
        }
    }

    fn turn(&self, tenant: &TenantId) -> Arc<async_lock::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(tenant.clone()).or_default())
    }
}

impl RelayBuilder {
    /// With a sink under a name, by which its position is kept; a second one of that name takes its place.
    pub fn reader(mut self, name: &str, sink: impl EventSink) -> Self {
        self.0.readers.retain(|reader| reader.name != name);
        let (name, sink) = (name.to_owned(), Box::new(sink));
        self.0.readers.push(Reader { name, sink });
        self
    }

    /// With the values of resources in the events; default are names only. Each event costs a read then.
    pub fn values(mut self, values: Values) -> Self {
        self.0.values = Some(values);
        self
    }

    /// How many changes are read at once, and the most events that a sink gets in one call; default 100.
    pub fn batch(mut self, changes: usize) -> Self {
        self.0.batch = changes.max(1);
        self
    }

    /// With another clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.0.clock = Arc::new(clock);
        self
    }

    /// Leaves the changes in the record when all readers are done with them: somebody else has to
    /// [forget](ChangeFeed::forget) them.
    pub fn keep_changes(mut self) -> Self {
        self.0.forgets = false;
        self
    }

    /// The relay.
    pub fn build(self) -> Relay {
        self.0
    }
}

impl Drained {
    fn fail(&mut self, reader: &str, source: RelayError) {
        let reader = reader.to_owned();
        self.failures.push(ReaderFailure { reader, source });
    }
}
