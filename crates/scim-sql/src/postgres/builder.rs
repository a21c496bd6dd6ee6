//! Options of the store.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use scim_store::Guard;
use sqlx::{AssertSqlSafe, Executor as _, PgPool, postgres::PgPoolOptions};

use super::{Inner, PgStore, growth::Growth, schema::Schema, session::Shared, turns::Turns};
use crate::OpenError;

/// How long a request tries, where nothing else is said.
const DEADLINE: Duration = Duration::from_secs(10);

/// Options of a [`PgStore`].
#[derive(Debug, Clone)]
pub struct PgStoreBuilder {
    schema: String,
    guard: Option<Arc<dyn Guard>>,
    deadline: Duration,
    connections: u32,
    migrates: bool,
}

impl PgStoreBuilder {
    /// The schema of the tables: letters a to z, digits and underlines. It is created if it is not there. Default `scim`.
    #[must_use]
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = name.into();
        self
    }

    /// With a guard that is asked about every write, inside its transaction.
    #[must_use]
    pub fn guard(mut self, guard: Arc<dyn Guard>) -> Self {
        self.guard = Some(guard);
        self
    }

    /// How long a request tries again what other transactions or a lost connection kept it from, and how long it waits for
    /// a connection, a lock or an answer, before it is answered by 503. Default 10 seconds.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How many connections [`connect`](Self::connect) opens at most. Default 10. A host's own pool has its own number.
    #[must_use]
    pub fn connections(mut self, most: u32) -> Self {
        self.connections = most;
        self
    }

    /// Whether opening migrates the tables; if not, it refuses tables that are missing or of another release. Default true.
    #[must_use]
    pub fn migrations(mut self, migrates: bool) -> Self {
        self.migrates = migrates;
        self
    }

    /// Connects with a pool of the store's own.
    ///
    /// # Errors
    ///
    /// Those of [`PgStore::connect`], and a schema whose name is none.
    pub async fn connect(self, url: &str) -> Result<PgStore, OpenError> {
        let millis = self.deadline.as_millis().clamp(1, i32::MAX as u128);
        let options = PgPoolOptions::new()
            .max_connections(self.connections)
            .acquire_timeout(self.deadline)
            // A connection that died in the pool shows at its first statement, and the verb is tried again on another one:
            // that saves a round trip for each request.
            .test_before_acquire(false)
            // A statement that is given up here must not do its work there, whenever it gets its lock.
            .after_connect(move |connection, _| {
                let sql = format!("SET lock_timeout = {millis}");
                Box::pin(async move { connection.execute(AssertSqlSafe(sql)).await.map(drop) })
            });
        let pool = options.connect(url).await.map_err(OpenError::database)?;
        self.open(pool).await
    }

    /// Opens the store on the host's own pool.
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect).
    pub async fn open(self, pool: PgPool) -> Result<PgStore, OpenError> {
        let schema = Schema::new(&self.schema)?;
        let migrates = self.migrates;
        let store = self.build(pool, schema);
        if migrates {
            store.migrate().await?;
        } else {
            store.check().await?;
        }
        Ok(store)
    }

    /// The store on the host's pool, with the library's tables or without them.
    pub(crate) async fn open_host(self, pool: PgPool, tables: bool) -> Result<PgStore, OpenError> {
        if tables {
            return self.open(pool).await;
        }
        let schema = Schema::new(&self.schema)?;
        Ok(self.build(pool, schema))
    }

    pub(super) fn build(self, pool: PgPool, schema: Schema) -> PgStore {
        let inner = Inner {
            pool,
            guard: self.guard,
            deadline: self.deadline,
            tells_fate: OnceLock::new(),
            turns: Turns::default(),
            growth: Growth::default(),
            shared: Shared::new(schema, self.deadline),
        };
        PgStore { inner: Arc::new(inner) }
    }
}

impl Default for PgStoreBuilder {
    fn default() -> Self {
        Self {
            schema: Schema::USUAL.to_owned(),
            guard: None,
            deadline: DEADLINE,
            connections: 10,
            migrates: true,
        }
    }
}
