//! Events: the record of changes, as it is told to whoever listens.

use scim_http::store::{Change, ChangeFeed as _, ChangeKind, StoreError};
use scim_sql::host::HostStore;

/// Changes that are read at once.
const BATCH: usize = 500;

/// The events of all organisations.
#[derive(Clone)]
pub(crate) struct Events {
    store: HostStore,
}

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) sequence: u64,
    pub(crate) at: chrono::DateTime<chrono::Utc>,
    /// What happened, such as `user.created`.
    pub(crate) name: String,
    /// The resource.
    pub(crate) id: String,
    /// The paths of the attributes that changed.
    pub(crate) changed: Vec<String>,
    pub(crate) actor: String,
}

impl Events {
    pub(crate) fn new(store: HostStore) -> Self {
        Self { store }
    }

    /// The latest events, newest first.
    pub(crate) async fn latest(&self, organisation: &str, limit: usize) -> Result<Vec<Event>, StoreError> {
        let mut kept = Vec::new();
        let mut after = 0;
        loop {
            let changes = self.store.changes(&organisation.into(), after, BATCH).await?;
            let Some(last) = changes.last() else { break };
            after = last.sequence;
            kept.extend(changes);
            let excess = kept.len().saturating_sub(limit);
            kept.drain(..excess);
        }
        Ok(kept.into_iter().rev().map(Event::new).collect())
    }
}

impl Events {
    /// Events behind one, oldest first.
    pub(crate) async fn after(&self, organisation: &str, sequence: u64) -> Result<Vec<Event>, StoreError> {
        let changes = self.store.changes(&organisation.into(), sequence, BATCH).await?;
        Ok(changes.into_iter().map(Event::new).collect())
    }
}

impl Event {
    fn new(change: Change) -> Self {
        let happened = match change.kind {
            ChangeKind::Activated => "activated",
            ChangeKind::Created => "created",
            ChangeKind::Deactivated => "suspended",
            ChangeKind::Deleted => "deleted",
            _ => "updated",
        };
        Self {
            sequence: change.sequence,
            at: change.at,
            name: format!("{}.{happened}", change.resource_type.to_lowercase()),
            id: change.id.as_str().to_owned(),
            changed: change.changed,
            actor: change.actor,
        }
    }
}
