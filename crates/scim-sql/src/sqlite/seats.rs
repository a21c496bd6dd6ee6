//! Licences.

use async_trait::async_trait;
use scim_core::{ResourceId, TenantId};
use scim_store::{Result, Scope, SeatCount, SeatStore};

use super::{
    SqliteSession, SqliteStore,
    line::{Line, done},
    threads::Threads,
};
use crate::{seats, verbs};

#[async_trait]
impl SeatStore for SqliteStore {
    async fn set_bought(&self, tenant: &TenantId, bought: u32) -> Result<()> {
        self.threads().set_bought(tenant, bought).await
    }

    async fn seats(&self, tenant: &TenantId) -> Result<SeatCount> {
        self.threads().seats(tenant).await
    }

    async fn has_seat(&self, tenant: &TenantId, id: &ResourceId) -> Result<bool> {
        self.threads().has_seat(tenant, id).await
    }

    async fn seat_holders(
        &self,
        tenant: &TenantId,
        after: Option<&ResourceId>,
        limit: usize,
    ) -> Result<Vec<ResourceId>> {
        self.threads().seat_holders(tenant, after, limit).await
    }

    async fn assign(&self, scope: &Scope, id: &ResourceId) -> Result<bool> {
        self.seat_by_hand(scope, id, true).await
    }

    async fn unassign(&self, scope: &Scope, id: &ResourceId) -> Result<bool> {
        self.seat_by_hand(scope, id, false).await
    }
}

impl SqliteStore {
    async fn seat_by_hand(&self, scope: &Scope, id: &ResourceId, give: bool) -> Result<bool> {
        let (scope, id) = (scope.clone(), id.clone());
        let verb =
            move |session: &mut SqliteSession, _: &mut Line<_>| done(verbs::seat_by_hand(session, &scope, &id, give));
        self.threads().write(None, verb).await
    }
}

impl Threads {
    pub(crate) async fn set_bought(&self, tenant: &TenantId, bought: u32) -> Result<()> {
        let tenant = tenant.clone();
        let verb = move |session: &mut SqliteSession, _: &mut Line<_>| {
            done(async { Ok(seats::set_bought(session, &tenant, bought).await?) })
        };
        self.write(None, verb).await
    }

    pub(crate) async fn seats(&self, tenant: &TenantId) -> Result<SeatCount> {
        let tenant = tenant.clone();
        let look = move |session: &mut SqliteSession| done(async { Ok(seats::count(session, &tenant).await?) });
        self.read(look).await
    }

    pub(crate) async fn has_seat(&self, tenant: &TenantId, id: &ResourceId) -> Result<bool> {
        let (tenant, id) = (tenant.clone(), id.clone());
        let look = move |session: &mut SqliteSession| done(async { Ok(seats::has(session, &tenant, &id).await?) });
        self.read(look).await
    }

    pub(crate) async fn seat_holders(
        &self,
        tenant: &TenantId,
        after: Option<&ResourceId>,
        limit: usize,
    ) -> Result<Vec<ResourceId>> {
        let (tenant, after) = (tenant.clone(), after.cloned());
        let look = move |session: &mut SqliteSession| {
            done(async { Ok(seats::holders(session, &tenant, after.as_ref(), limit).await?) })
        };
        self.read(look).await
    }
}
