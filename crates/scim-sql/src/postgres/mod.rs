//! The store on PostgreSQL.

mod builder;
mod changes;
mod error;
#[cfg(test)]
mod explain;
mod fold;
mod get;
mod growth;
mod members;
mod migrate;
mod schema;
mod seats;
mod session;
mod store;
mod transact;
mod turns;

use std::{
    fmt,
    sync::{Arc, OnceLock, atomic::Ordering},
    time::Duration,
};

use scim_store::Guard;
use sqlx::PgPool;

pub use builder::PgStoreBuilder;
pub(crate) use session::PgSession;
pub(crate) use store::Guarded;
pub(crate) use transact::Job;

use self::{growth::Growth, schema::Schema, session::Shared, turns::Turns};
use crate::{OpenError, SqlBreakers, SqlCredentials, SqlTenants, database::Database, migrate::Halt};

#[doc = include_str!("../../docs/postgres.md")]
#[derive(Clone)]
pub struct PgStore {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pool: PgPool,
    guard: Option<Arc<dyn Guard>>,
    deadline: Duration,
    /// Whether the server can tell what became of a transaction; not known before the first write.
    tells_fate: OnceLock<bool>,
    turns: Turns,
    growth: Growth,
    shared: Shared,
}

impl PgStore {
    /// Connects, and creates the tables in the schema `scim` or brings them up to date.
    ///
    /// # Errors
    ///
    /// The server is out of reach, too old or of another encoding than UTF-8; the tables are of a later release.
    pub async fn connect(url: &str) -> Result<Self, OpenError> {
        Self::builder().connect(url).await
    }

    /// A store on the host's pool, with the tables in the schema `scim`, that has checked and done nothing yet: call
    /// [`migrate`](Self::migrate), here or wherever the host has its migrations.
    pub fn new(pool: PgPool) -> Self {
        PgStoreBuilder::default().build(pool, Schema::usual())
    }

    /// Options to open a store with.
    pub fn builder() -> PgStoreBuilder {
        PgStoreBuilder::default()
    }

    /// Creates the tables, or brings them up to date: each step in a transaction of its own, so that a migration which was
    /// interrupted goes on where it was. Several processes may do so at once.
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect), and a role without the right to create.
    pub async fn migrate(&self) -> Result<(), OpenError> {
        let mut connection = self.inner.pool.acquire().await.map_err(OpenError::database)?;
        migrate::check_server(&mut connection).await?;
        migrate::migrate(&mut connection, &self.inner.shared).await?;
        Ok(())
    }

    /// Checks the server and that the tables are those of this release, and changes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect), and tables that are missing or of an earlier release.
    pub async fn check(&self) -> Result<(), OpenError> {
        let mut connection = self.inner.pool.acquire().await.map_err(OpenError::database)?;
        migrate::check_server(&mut connection).await?;
        migrate::check_tables(&mut connection, &self.inner.shared).await?;
        Ok(())
    }

    /// What the breakers of tenants tripped at, where a [`Breaker`](scim_store::Breaker) is kept in the store.
    pub fn breakers(&self) -> SqlBreakers {
        SqlBreakers::new(self.database())
    }

    /// The tokens of all tenants, in this database.
    pub fn credentials(&self) -> SqlCredentials {
        SqlCredentials::new(self.database())
    }

    /// The settings of all tenants, in this database.
    pub fn tenants(&self) -> SqlTenants {
        SqlTenants::new(self.database())
    }

    pub(crate) fn database(&self) -> Database {
        Database::Postgres(self.clone())
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// What stands before the names of tables.
    pub(crate) fn prefix(&self) -> &str {
        self.inner.shared.schema.prefix()
    }

    /// A session on a connection of the host's, inside the host's transaction.
    pub(crate) fn session<'c>(&'c self, connection: &'c mut sqlx::PgConnection) -> PgSession<'c> {
        let mode = session::Mode::Transaction { numbered: false };
        PgSession::new(connection, &self.inner.shared, mode)
    }

    /// The pool.
    pub fn pool(&self) -> &PgPool {
        &self.inner.pool
    }

    /// How often this store has waited for an answer of the server.
    pub fn round_trips(&self) -> u64 {
        self.inner.shared.trips.load(Ordering::Relaxed)
    }
}

/// Shows options, and nothing of what is kept or of how to get at it.
impl fmt::Debug for PgStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgStore")
            .field("schema", &self.inner.shared.schema.name())
            .field("guard", &self.inner.guard)
            .field("deadline", &self.inner.deadline)
            .finish_non_exhaustive()
    }
}

impl From<Halt> for OpenError {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Open(error) => error,
            Halt::Sql(error) => Self::database(error),
        }
    }
}
