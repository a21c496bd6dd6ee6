//! A host's tables in an SQLite file.

use std::{path::Path, sync::Arc};

use scim_core::{
    Draft, Edit, ResourceId, TenantId,
    query::{Query, QueryPage},
    resource::Found,
    schema::ResourceType,
};
use scim_store::{Change, Guard, Read, Removal, Result, Scope, SeatCount, StoreError, Updated};

use super::{
    ColumnMap, HostError, HostStore, MapError,
    borrowed::Borrowed,
    shape::Shapes,
    store::Back,
    verbs::{self, HostTx},
};
use crate::{
    Engine, SqliteStoreBuilder,
    error::Failure,
    sqlite::{Line, SqliteSession, Threads, done},
    verbs::OpenGate,
};

pub(super) struct HostSqlite {
    threads: Threads,
    guard: Option<Arc<dyn Guard>>,
    shapes: Arc<Shapes>,
}

impl HostStore {
    /// A store over the tables in an SQLite file of the host's, which must be there.
    ///
    /// The file's journal mode is left as it is: with `PRAGMA journal_mode = wal`, made once, reads and writes do not wait for
    /// each other. The library's own tables are made if the map [wants them](ColumnMap::with_sidecar).
    ///
    /// # Errors
    ///
    /// Where the file cannot be opened, or does not have what the map names.
    pub async fn sqlite(path: impl AsRef<Path>, map: &ColumnMap) -> Result<Self, HostError> {
        Self::sqlite_with(SqliteStoreBuilder::default(), path, map).await
    }

    /// The same with options: a guard, deadlines, the number of threads.
    ///
    /// # Errors
    ///
    /// Those of [`HostStore::sqlite`].
    pub async fn sqlite_with(
        options: SqliteStoreBuilder,
        path: impl AsRef<Path>,
        map: &ColumnMap,
    ) -> Result<Self, HostError> {
        let (threads, guard) = options.open_host(path.as_ref(), map.has_sidecar).await?;
        let shapes = Arc::new(Shapes::new(map, Engine::Sqlite, ""));
        let checked = Arc::clone(&shapes);
        let check = move |session: &mut SqliteSession| done(async { Ok(checked.check(session).await) });
        threads.read(check).await.map_err(MapError::Unreachable)??;
        let back = HostSqlite { threads, guard, shapes };
        let back = Back::Sqlite(Arc::new(back));
        Ok(Self::new(back, map))
    }

    /// Tells of an edit that the host made to a row, or to its lists or links, in the host's own transaction: version and time
    /// move, folded columns are written, and the change is recorded with the paths that changed. A row that is gone or hidden
    /// is recorded as deleted, one that the library did not know as created. Groups whose members changed are announced
    /// themselves, with `members`.
    ///
    /// The scope says the tenant and its settings, who made the edit, and when; what must be unique is what the dialect in the
    /// settings says.
    ///
    /// # Errors
    ///
    /// `NotFound` where there is and was no such row, `Uniqueness` and `Input` where the edit breaks what clients rely on, and
    /// `Unsupported` without the library's tables or on another database. The transaction is to be rolled back then.
    pub fn announce_sqlite(
        &self,
        connection: &rusqlite::Connection,
        scope: &Scope,
        kind: &Arc<ResourceType>,
        id: &ResourceId,
        changed: &[&str],
    ) -> Result<()> {
        let Some(back) = self.as_sqlite() else {
            let what = "announcements in a database of another kind".to_owned();
            return Err(StoreError::Unsupported { what });
        };
        let done = Borrowed::run(connection, |mut session| async move {
            let mut gate = OpenGate;
            let mut tx = HostTx::new(&mut session, &mut gate, scope, &back.shapes);
            tx.announce(kind, id, changed).await
        });
        done.unwrap_or_else(|| Err(StoreError::other("an announcement waits").into()))
            .map_err(StoreError::from)
    }

    /// Ends a store on SQLite and all its clones: what waits is done, and the file is closed.
    pub async fn close(&self) {
        if let Some(back) = self.as_sqlite() {
            back.threads.close().await;
        }
    }

    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unnecessary_wraps, reason = "there are other databases")
    )]
    fn as_sqlite(&self) -> Option<&HostSqlite> {
        match &self.back {
            Back::Sqlite(back) => Some(back),
            #[cfg(feature = "postgres")]
            Back::Postgres(_) => None,
        }
    }
}

impl HostSqlite {
    pub(super) async fn changes(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<Change>> {
        self.threads.changes(tenant, after, limit).await
    }

    pub(super) async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        let draft = draft.clone();
        self.write(scope, move |mut tx| done(tx.create(&draft))).await
    }

    pub(super) async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        let removal = removal.clone();
        self.write(scope, move |mut tx| done(tx.delete(&removal))).await
    }

    pub(super) async fn forget(&self, tenant: &TenantId, through: u64) -> Result<()> {
        self.threads.forget(tenant, through).await
    }

    pub(super) async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        let (scope, read) = (scope.clone(), read.clone());
        self.read(move |session, shapes| done(verbs::get(session, shapes, &scope, &read)))
            .await
    }

    pub(super) async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        let (scope, query) = (scope.clone(), query.clone());
        self.read(move |session, shapes| done(verbs::query(session, shapes, &scope, &query)))
            .await
    }

    pub(super) async fn has_seat(&self, tenant: &TenantId, id: &ResourceId) -> Result<bool> {
        self.threads.has_seat(tenant, id).await
    }

    pub(super) async fn seat_by_hand(&self, scope: &Scope, id: &ResourceId, give: bool) -> Result<bool> {
        let id = id.clone();
        let guard = None;
        self.write_past(scope, guard, move |mut tx| done(tx.seat_by_hand(&id, give)))
            .await
    }

    pub(super) async fn seat_holders(
        &self,
        tenant: &TenantId,
        after: Option<&ResourceId>,
        limit: usize,
    ) -> Result<Vec<ResourceId>> {
        self.threads.seat_holders(tenant, after, limit).await
    }

    pub(super) async fn seats(&self, tenant: &TenantId) -> Result<SeatCount> {
        self.threads.seats(tenant).await
    }

    pub(super) async fn set_bought(&self, tenant: &TenantId, bought: u32) -> Result<()> {
        self.threads.set_bought(tenant, bought).await
    }

    pub(super) async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        let edit = edit.clone();
        self.write(scope, move |mut tx| done(tx.update(&edit))).await
    }

    async fn read<T, F>(&self, mut work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut SqliteSession, &Shapes) -> Result<T, Failure> + Send + 'static,
    {
        let shapes = Arc::clone(&self.shapes);
        self.threads.read(move |session| work(session, &shapes)).await
    }

    async fn write<T, F>(&self, scope: &Scope, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(HostTx<'_, SqliteSession, Line<T>>) -> Result<T, Failure> + Send + 'static,
    {
        self.write_past(scope, self.guard.as_deref(), work).await
    }

    async fn write_past<T, F>(&self, scope: &Scope, guard: Option<&dyn Guard>, mut work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(HostTx<'_, SqliteSession, Line<T>>) -> Result<T, Failure> + Send + 'static,
    {
        let guard = guard.map(|guard| (scope, guard));
        let (shapes, scope) = (Arc::clone(&self.shapes), scope.clone());
        let work =
            move |session: &mut SqliteSession, gate: &mut Line<T>| work(HostTx::new(session, gate, &scope, &shapes));
        self.threads.write(guard, work).await
    }
}
