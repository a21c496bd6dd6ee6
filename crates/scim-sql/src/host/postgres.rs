//! A host's tables in PostgreSQL.

use std::sync::Arc;

use scim_core::{
    Draft, Edit, ResourceId, TenantId,
    query::{Query, QueryPage},
    resource::Found,
    schema::ResourceType,
};
use scim_store::{
    Change, ChangeFeed as _, Read, Removal, Result, Scope, SeatCount, SeatStore as _, StoreError, Updated,
};
use sqlx::{PgConnection, PgPool};

use super::{
    ColumnMap, HostError, HostStore, MapError,
    shape::Shapes,
    store::Back,
    verbs::{self, HostTx},
};
use crate::{
    Engine, PgStore, PgStoreBuilder,
    error::Failure,
    postgres::{Guarded, Job, PgSession},
    verbs::OpenGate,
};

pub(super) struct HostPostgres {
    store: PgStore,
    shapes: Shapes,
}

impl HostStore {
    /// A store over tables in the database of the host's pool. The library's own tables are made, in the schema `scim`, if
    /// the map [wants them](ColumnMap::with_sidecar).
    ///
    /// # Errors
    ///
    /// Where the database is out of reach, or does not have what the map names.
    pub async fn postgres(pool: PgPool, map: &ColumnMap) -> Result<Self, HostError> {
        Self::postgres_with(PgStoreBuilder::default(), pool, map).await
    }

    /// The same with options: a guard, a deadline, another schema for the library's tables, no migrations.
    ///
    /// # Errors
    ///
    /// Those of [`HostStore::postgres`].
    pub async fn postgres_with(options: PgStoreBuilder, pool: PgPool, map: &ColumnMap) -> Result<Self, HostError> {
        let store = options.open_host(pool, map.has_sidecar).await?;
        let shapes = Shapes::new(map, Engine::Postgres, store.prefix());
        let checked = store.inner().read(&Check(&shapes)).await;
        checked.map_err(MapError::Unreachable)??;
        let back = Back::Postgres(Arc::new(HostPostgres { store, shapes }));
        Ok(Self::new(back, map))
    }

    /// Tells of an edit that the host made to a row, or to its lists or links, in the host's own transaction on this
    /// connection; see the manual of this module.
    ///
    /// # Errors
    ///
    /// `NotFound` where there is and was no such row, `Uniqueness` and `Input` where the edit breaks what clients rely on, and
    /// `Unsupported` without the library's tables or on another database. The transaction is to be rolled back then.
    pub async fn announce_postgres(
        &self,
        connection: &mut PgConnection,
        scope: &Scope,
        kind: &Arc<ResourceType>,
        id: &ResourceId,
        changed: &[&str],
    ) -> Result<()> {
        let Some(back) = self.as_postgres() else {
            let what = "announcements in a database of another kind".to_owned();
            return Err(StoreError::Unsupported { what });
        };
        let mut session = back.store.session(connection);
        let mut gate = OpenGate;
        let mut tx = HostTx::new(&mut session, &mut gate, scope, &back.shapes);
        tx.announce(kind, id, changed).await.map_err(StoreError::from)
    }

    #[cfg_attr(
        not(feature = "sqlite"),
        expect(clippy::unnecessary_wraps, reason = "there are other databases")
    )]
    fn as_postgres(&self) -> Option<&HostPostgres> {
        match &self.back {
            Back::Postgres(back) => Some(back),
            #[cfg(feature = "sqlite")]
            Back::Sqlite(_) => None,
        }
    }
}

impl HostPostgres {
    pub(super) async fn changes(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<Change>> {
        self.store.changes(tenant, after, limit).await
    }

    pub(super) async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        self.store.inner().write(&Create(self, scope, draft)).await
    }

    pub(super) async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        let store = self.store.inner();
        let _turn = store.turn(scope, &removal.id).await?;
        store.write(&Delete(self, scope, removal)).await
    }

    pub(super) async fn forget(&self, tenant: &TenantId, through: u64) -> Result<()> {
        self.store.forget(tenant, through).await
    }

    pub(super) async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        self.store.inner().read(&Get(self, scope, read)).await
    }

    pub(super) async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        self.store.inner().read(&Find(self, scope, query)).await
    }

    pub(super) async fn has_seat(&self, tenant: &TenantId, id: &ResourceId) -> Result<bool> {
        self.store.has_seat(tenant, id).await
    }

    pub(super) async fn seat_by_hand(&self, scope: &Scope, id: &ResourceId, give: bool) -> Result<bool> {
        let store = self.store.inner();
        let _turn = store.turn(scope, id).await?;
        store.write(&SeatByHand(self, scope, id, give)).await
    }

    pub(super) async fn seat_holders(
        &self,
        tenant: &TenantId,
        after: Option<&ResourceId>,
        limit: usize,
    ) -> Result<Vec<ResourceId>> {
        self.store.seat_holders(tenant, after, limit).await
    }

    pub(super) async fn seats(&self, tenant: &TenantId) -> Result<SeatCount> {
        self.store.seats(tenant).await
    }

    pub(super) async fn set_bought(&self, tenant: &TenantId, bought: u32) -> Result<()> {
        self.store.set_bought(tenant, bought).await
    }

    pub(super) async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        let store = self.store.inner();
        let _turn = store.turn(scope, edit.id()).await?;
        store.write(&Update(self, scope, edit)).await
    }
}

struct Check<'j>(&'j Shapes);

impl Job for Check<'_> {
    type Answer = Result<(), MapError>;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<Self::Answer, Failure> {
        Ok(self.0.check(session).await)
    }
}

struct Create<'j>(&'j HostPostgres, &'j Scope, &'j Draft);

impl Job for Create<'_> {
    type Answer = Found;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<Found, Failure> {
        let Self(host, scope, draft) = self;
        let mut gate = Guarded(host.store.inner());
        HostTx::new(session, &mut gate, scope, &host.shapes).create(draft).await
    }
}

struct Delete<'j>(&'j HostPostgres, &'j Scope, &'j Removal);

impl Job for Delete<'_> {
    type Answer = ();

    async fn run(&self, session: &mut PgSession<'_>) -> Result<(), Failure> {
        let Self(host, scope, removal) = self;
        let mut gate = Guarded(host.store.inner());
        HostTx::new(session, &mut gate, scope, &host.shapes)
            .delete(removal)
            .await
    }
}

struct Update<'j>(&'j HostPostgres, &'j Scope, &'j Edit);

impl Job for Update<'_> {
    type Answer = Updated;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<Updated, Failure> {
        let Self(host, scope, edit) = self;
        let mut gate = Guarded(host.store.inner());
        HostTx::new(session, &mut gate, scope, &host.shapes).update(edit).await
    }
}

struct Get<'j>(&'j HostPostgres, &'j Scope, &'j Read);

impl Job for Get<'_> {
    type Answer = Found;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<Found, Failure> {
        let Self(host, scope, read) = self;
        verbs::get(session, &host.shapes, scope, read).await
    }
}

struct SeatByHand<'j>(&'j HostPostgres, &'j Scope, &'j ResourceId, bool);

impl Job for SeatByHand<'_> {
    type Answer = bool;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<bool, Failure> {
        let Self(host, scope, id, give) = self;
        let mut gate = OpenGate;
        HostTx::new(session, &mut gate, scope, &host.shapes)
            .seat_by_hand(id, *give)
            .await
    }
}

struct Find<'j>(&'j HostPostgres, &'j Scope, &'j Query);

impl Job for Find<'_> {
    type Answer = QueryPage;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<QueryPage, Failure> {
        let Self(host, scope, query) = self;
        verbs::query(session, &host.shapes, scope, query).await
    }
}
