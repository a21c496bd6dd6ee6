//! Resources in an SQLite database.

use std::{fmt, path::Path, sync::Arc};

use async_trait::async_trait;
use scim_core::{
    Draft, Edit, TenantId,
    query::{Query, QueryPage},
    resource::Found,
};
use scim_store::{
    Capabilities, Change, ChangeFeed, Guard, Read, Removal, Result, ScimStore, Scope, Updated, Write, Written,
};
use serde_json::Value;

use super::{
    SqliteSession, SqliteStoreBuilder,
    line::{Line, done},
    threads::Threads,
};
use crate::{OpenError, SqlBreakers, SqlCredentials, SqlTenants, database::Database, dump, error::Failure, verbs};

/// A store in an SQLite file, or in memory. A clone is the same store.
///
/// The store has threads of its own, one that writes and some that read, so that nothing it does blocks the caller and it
/// works under any executor. Reads see the last commit and wait for no write. Writes take turns, in one transaction each;
/// those that wait together are committed together, and answered when they are on the disk.
///
/// Several stores and processes may use one file at once, on a local disk: SQLite's write-ahead log does not work on network
/// file systems.
///
/// The guard is asked where the future of the verb is polled, in the host's runtime. The transaction stays open meanwhile, so
/// that a guard that waits makes all other writes wait, and one that itself writes to the store waits until the deadline.
/// Its look-ups are answered by the transaction. It may be asked again about a write that has to be done again.
///
/// A future that is dropped leaves its write done as a whole or not at all. After the last clone is dropped the threads
/// finish what was begun and end; [`close`](Self::close) waits for that.
///
/// ```
/// # scim_conformance::block_on(async {
/// use scim_sql::SqliteStore;
///
/// let store = SqliteStore::in_memory().await?;
/// store.close().await;
/// # Ok::<(), scim_sql::OpenError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct SqliteStore {
    threads: Arc<Threads>,
    guard: Option<Arc<dyn Guard>>,
}

impl SqliteStore {
    pub(super) fn new(threads: Threads, guard: Option<Arc<dyn Guard>>) -> Self {
        let threads = Arc::new(threads);
        Self { threads, guard }
    }

    /// Options, to open a store with.
    pub fn builder() -> SqliteStoreBuilder {
        SqliteStoreBuilder::new()
    }

    /// Opens the database in a file with the usual options.
    ///
    /// # Errors
    ///
    /// Those of [`SqliteStoreBuilder::open`].
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::builder().open(path).await
    }

    /// Opens a new database in memory with the usual options.
    ///
    /// # Errors
    ///
    /// Those of [`SqliteStoreBuilder::in_memory`].
    pub async fn in_memory() -> Result<Self, OpenError> {
        Self::builder().in_memory().await
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

    /// Ends the store and all its clones: what waits is done, what comes later is `Unavailable`, and the file is closed.
    pub async fn close(&self) {
        self.threads.close().await;
    }

    /// Everything that is kept as one JSON value, in the form of [`MemoryStore::dump`](scim_store::MemoryStore::dump) and
    /// with a little more: for tests that nothing was left behind. It reads the whole database at once.
    ///
    /// # Errors
    ///
    /// The database cannot be read.
    pub async fn dump(&self) -> Result<Value> {
        let dump = |session: &mut SqliteSession| done(async { Ok(dump::dump(session).await?) });
        self.threads.read(dump).await
    }

    pub(crate) fn database(&self) -> Database {
        Database::Sqlite(Arc::clone(&self.threads))
    }

    pub(crate) fn threads(&self) -> &Threads {
        &self.threads
    }

    async fn write<T, F>(&self, scope: &Scope, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut SqliteSession, &mut Line<T>) -> Result<T, Failure> + Send + 'static,
    {
        let guard = self.guard.as_deref().map(|guard| (scope, guard));
        let written = self.threads.write(guard, work).await;
        self.breakers().keep(scope, written).await
    }
}

/// Shows nothing of what it keeps.
impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("guard", &self.guard)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl ScimStore for SqliteStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        let (own, draft) = (scope.clone(), draft.clone());
        let verb =
            move |session: &mut SqliteSession, gate: &mut Line<_>| done(verbs::create(session, gate, &own, &draft));
        self.write(scope, verb).await
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        let (own, removal) = (scope.clone(), removal.clone());
        let verb =
            move |session: &mut SqliteSession, gate: &mut Line<_>| done(verbs::delete(session, gate, &own, &removal));
        self.write(scope, verb).await
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        let (scope, read) = (scope.clone(), read.clone());
        let verb = move |session: &mut SqliteSession| done(verbs::get(session, &scope, &read));
        self.threads.read(verb).await
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        let (scope, query) = (scope.clone(), query.clone());
        let verb = move |session: &mut SqliteSession| done(verbs::query(session, &scope, &query));
        self.threads.read(verb).await
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        let (own, edit) = (scope.clone(), edit.clone());
        let verb =
            move |session: &mut SqliteSession, gate: &mut Line<_>| done(verbs::update(session, gate, &own, &edit));
        self.write(scope, verb).await
    }

    async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>> {
        let (own, writes) = (scope.clone(), writes.to_vec());
        let verb =
            move |session: &mut SqliteSession, gate: &mut Line<_>| done(verbs::batch(session, gate, &own, &writes));
        self.write(scope, verb).await
    }
}

#[async_trait]
impl ChangeFeed for SqliteStore {
    async fn changes(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<Change>> {
        self.threads.changes(tenant, after, limit).await
    }

    async fn forget(&self, tenant: &TenantId, through: u64) -> Result<()> {
        self.threads.forget(tenant, through).await
    }
}
