//! The store of a host's own tables.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use scim_core::{
    Draft, Edit, ResourceId, TenantId,
    query::{Query, QueryPage},
    resource::Found,
};
use scim_store::{
    Capabilities, Change, ChangeFeed, Read, Removal, Result, ScimStore, Scope, SeatCount, SeatStore, StoreError,
    Updated, Write, Written,
};

use super::ColumnMap;
#[cfg(feature = "postgres")]
use super::postgres::HostPostgres;
#[cfg(feature = "sqlite")]
use super::sqlite::HostSqlite;

/// A store over a host's own tables, by a [`ColumnMap`](super::ColumnMap). A clone is the same store.
///
/// What the map does not say is `Unsupported`, by the name of the attribute: filters and orders by it, and, unless the
/// library's tables stand beside the host's, writes of it. A batch is not done in one transaction.
#[derive(Clone)]
pub struct HostStore {
    pub(super) back: Back,
    has_sidecar: bool,
}

/// The database that the tables stand in.
#[derive(Clone)]
pub(super) enum Back {
    #[cfg(feature = "postgres")]
    Postgres(Arc<HostPostgres>),
    #[cfg(feature = "sqlite")]
    Sqlite(Arc<HostSqlite>),
}

/// The same call on whichever database it is.
macro_rules! back {
    ($store:expr, $back:ident => $call:expr) => {
        match &$store.back {
            #[cfg(feature = "postgres")]
            Back::Postgres($back) => $call,
            #[cfg(feature = "sqlite")]
            Back::Sqlite($back) => $call,
        }
    };
}

const SEATS: &str = "licences";

impl HostStore {
    pub(super) fn new(back: Back, map: &ColumnMap) -> Self {
        let has_sidecar = map.has_sidecar;
        Self { back, has_sidecar }
    }

    /// Record and seats are in the library's own tables.
    fn check_sidecar(&self, what: &str) -> Result<()> {
        if self.has_sidecar {
            return Ok(());
        }
        let what = format!("{what} without the library's tables");
        Err(StoreError::Unsupported { what })
    }
}

/// Shows nothing of what is kept.
impl fmt::Debug for HostStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl ScimStore for HostStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities::all_but(|capabilities| {
            capabilities.batch = false;
            capabilities.filter = false;
            capabilities.partial = true;
            capabilities.sort = false;
        })
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        back!(self, back => back.create(scope, draft).await)
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        back!(self, back => back.delete(scope, removal).await)
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        back!(self, back => back.get(scope, read).await)
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        back!(self, back => back.query(scope, query).await)
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        back!(self, back => back.update(scope, edit).await)
    }

    async fn batch(&self, _: &Scope, _: &[Write]) -> Result<Vec<Written>> {
        let what = "several writes in one transaction".to_owned();
        Err(StoreError::Unsupported { what })
    }
}

/// What the library wrote and what the host announced, where the library's tables stand beside the host's; elsewhere there is
/// no record, which is `Unsupported`.
#[async_trait]
impl ChangeFeed for HostStore {
    async fn changes(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<Change>> {
        self.check_sidecar("the record of changes")?;
        back!(self, back => back.changes(tenant, after, limit).await)
    }

    async fn forget(&self, tenant: &TenantId, through: u64) -> Result<()> {
        self.check_sidecar("the record of changes")?;
        back!(self, back => back.forget(tenant, through).await)
    }
}

/// Seats are in the library's tables, beside the host's; elsewhere there are none, which is `Unsupported`.
#[async_trait]
impl SeatStore for HostStore {
    async fn set_bought(&self, tenant: &TenantId, bought: u32) -> Result<()> {
        self.check_sidecar(SEATS)?;
        back!(self, back => back.set_bought(tenant, bought).await)
    }

    async fn seats(&self, tenant: &TenantId) -> Result<SeatCount> {
        self.check_sidecar(SEATS)?;
        back!(self, back => back.seats(tenant).await)
    }

    async fn has_seat(&self, tenant: &TenantId, id: &ResourceId) -> Result<bool> {
        self.check_sidecar(SEATS)?;
        back!(self, back => back.has_seat(tenant, id).await)
    }

    async fn seat_holders(
        &self,
        tenant: &TenantId,
        after: Option<&ResourceId>,
        limit: usize,
    ) -> Result<Vec<ResourceId>> {
        self.check_sidecar(SEATS)?;
        back!(self, back => back.seat_holders(tenant, after, limit).await)
    }

    async fn assign(&self, scope: &Scope, id: &ResourceId) -> Result<bool> {
        self.check_sidecar(SEATS)?;
        back!(self, back => back.seat_by_hand(scope, id, true).await)
    }

    async fn unassign(&self, scope: &Scope, id: &ResourceId) -> Result<bool> {
        self.check_sidecar(SEATS)?;
        back!(self, back => back.seat_by_hand(scope, id, false).await)
    }
}
