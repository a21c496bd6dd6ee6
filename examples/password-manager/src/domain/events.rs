//! Events: each change of a member or team, kept for the console and told to webhooks.

use std::{error::Error, sync::Arc, time::Duration};

use async_trait::async_trait;
use scim_events::{Event as Told, EventSink, HttpTransport, Relay, SinkError, UrlPolicy, Webhooks};
use scim_http::core::TenantId;
use scim_sql::host::HostStore;

use super::time;
use crate::db::{Beside, Db, DbError, Result, Row, sql};

/// How many events of an organisation are kept for the console.
const KEPT: i64 = 1000;

/// Time between two looks at the record of changes where nobody wakes us.
const EVERY: Duration = Duration::from_secs(1);

/// The events of all organisations.
#[derive(Clone)]
pub(crate) struct Events {
    db: Db,
    relay: Arc<Relay>,
    pub(crate) webhooks: Webhooks,
}

/// One event. It names attributes, and carries no values.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) sequence: u64,
    pub(crate) at: chrono::DateTime<chrono::Utc>,
    /// What happened, such as `user.created`.
    pub(crate) name: String,
    /// The resource.
    pub(crate) id: String,
    /// The paths of the attributes that changed.
    pub(crate) changed: String,
    pub(crate) actor: String,
}

/// The record that the console shows: told like any other listener, and safe to be told twice.
#[derive(Clone)]
struct Record(Db);

impl Events {
    /// Relays the store's record of changes to the console and to webhooks; to those on this machine only where that is
    /// allowed, which is for tests.
    pub(crate) fn new(
        db: Db,
        store: HostStore,
        beside: &Beside,
        allow_local: bool,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let policy = match allow_local {
            true => UrlPolicy::new().allow_http().allow_private(),
            false => UrlPolicy::new(),
        };
        let webhooks = Webhooks::builder_shared(beside.deliveries(), Arc::new(HttpTransport::new(policy)?)).build();
        let relay = Relay::builder(Arc::new(store), beside.positions())
            .reader("console", Record(db.clone()))
            .reader("webhooks", webhooks.clone())
            .build();
        let relay = Arc::new(relay);
        Ok(Self { db, relay, webhooks })
    }

    /// Relays and sends for as long as it is polled.
    pub(crate) async fn run(&self) {
        let relay = self.relay.run(EVERY, |tenant, drained| {
            for failure in drained.failures {
                tracing::warn!(%tenant, reader = failure.reader, error = %failure.source, "events wait");
            }
        });
        let send = self
            .webhooks
            .run(EVERY, |error| tracing::warn!(%error, "webhooks wait"));
        tokio::join!(relay, send);
    }

    /// Relays for an organisation from now on.
    pub(crate) fn watch(&self, organisation: &str) {
        self.relay.watch(&organisation.into());
    }

    /// Something may have changed.
    pub(crate) fn wake(&self, organisation: &str) {
        self.relay.wake(&organisation.into());
    }

    /// Tells what there is to tell now.
    pub(crate) async fn catch_up(&self, organisation: &str) {
        let tenant: TenantId = organisation.into();
        for failure in self.relay.drain(&tenant).await.failures {
            tracing::warn!(reader = failure.reader, error = %failure.source, "events wait");
        }
    }

    /// The latest events, newest first.
    pub(crate) async fn latest(&self, organisation: &str, limit: u32) -> Result<Vec<Event>> {
        let rows = self.db.rows(sql!(
            "SELECT sequence, at, name, resource, changed, actor FROM events WHERE org = $1 ORDER BY sequence DESC LIMIT $2",
            organisation,
            i64::from(limit),
        ));
        rows.await?.iter().map(Event::from_row).collect()
    }

    /// Events behind one, oldest first.
    pub(crate) async fn after(&self, organisation: &str, sequence: u64) -> Result<Vec<Event>> {
        let rows = self.db.rows(sql!(
            "SELECT sequence, at, name, resource, changed, actor FROM events WHERE org = $1 AND sequence > $2
             ORDER BY sequence LIMIT 500",
            organisation,
            int(sequence),
        ));
        rows.await?.iter().map(Event::from_row).collect()
    }
}

impl Event {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            sequence: u64::try_from(row.int(0)?).map_err(|_| DbError::Shape)?,
            at: time(row.int(1)?),
            name: row.text(2)?,
            id: row.text(3)?,
            changed: row.text(4)?,
            actor: row.text(5)?,
        })
    }
}

#[async_trait]
impl EventSink for Record {
    async fn deliver(&self, events: &[Told]) -> Result<(), SinkError> {
        for event in events {
            let change = &event.change;
            let kept = self.0.run(sql!(
                "INSERT INTO events (org, sequence, at, name, resource, changed, actor)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
                change.tenant.as_str(),
                int(change.sequence),
                change.at.timestamp_millis(),
                event.event_type.as_str(),
                change.id.as_str(),
                change.changed.join(", "),
                &change.actor,
            ));
            kept.await.map_err(SinkError::new)?;
        }
        let Some(last) = events.last() else { return Ok(()) };
        let pruned = self.0.run(sql!(
            "DELETE FROM events WHERE org = $1 AND sequence <= $2",
            last.change.tenant.as_str(),
            int(last.change.sequence) - KEPT,
        ));
        pruned.await.map(drop).map_err(SinkError::new)
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Record(..)")
    }
}

fn int(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}
