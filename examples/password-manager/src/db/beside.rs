//! What the library keeps for the product, beside its tables in the same database.

use std::sync::Arc;

use scim_events::{DeliveryStore, Positions};
use scim_sql::{PgStore, SqlCredentials, SqliteStore};

/// The library's own store on the product's database: for tokens and webhooks, not for members and teams. A clone is the same.
#[derive(Clone)]
pub(crate) enum Beside {
    Postgres(PgStore),
    Sqlite(SqliteStore),
}

impl Beside {
    /// Tokens.
    pub(crate) fn credentials(&self) -> SqlCredentials {
        match self {
            Self::Postgres(store) => store.credentials(),
            Self::Sqlite(store) => store.credentials(),
        }
    }

    /// Webhook endpoints, and what is on its way to them.
    pub(crate) fn deliveries(&self) -> Arc<dyn DeliveryStore> {
        match self {
            Self::Postgres(store) => Arc::new(store.clone()),
            Self::Sqlite(store) => Arc::new(store.clone()),
        }
    }

    /// How far listeners are in the record of changes.
    pub(crate) fn positions(&self) -> Arc<dyn Positions> {
        match self {
            Self::Postgres(store) => Arc::new(store.clone()),
            Self::Sqlite(store) => Arc::new(store.clone()),
        }
    }

    /// Ends it: what waits is done, and the file is closed.
    pub(crate) async fn close(&self) {
        if let Self::Sqlite(store) = self {
            store.close().await;
        }
    }
}
