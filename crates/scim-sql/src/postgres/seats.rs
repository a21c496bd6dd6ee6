//! Licences.

use async_trait::async_trait;
use scim_core::{ResourceId, TenantId};
use scim_store::{Result, Scope, SeatCount, SeatStore};

use super::{PgSession, PgStore, transact::Job};
use crate::{error::Failure, seats, verbs};

#[async_trait]
impl SeatStore for PgStore {
    async fn set_bought(&self, tenant: &TenantId, bought: u32) -> Result<()> {
        self.inner.write(&SetBought { tenant, bought }).await
    }

    async fn seats(&self, tenant: &TenantId) -> Result<SeatCount> {
        self.inner.read(&Count(tenant)).await
    }

    async fn has_seat(&self, tenant: &TenantId, id: &ResourceId) -> Result<bool> {
        self.inner.read(&Has { tenant, id }).await
    }

    async fn seat_holders(
        &self,
        tenant: &TenantId,
        after: Option<&ResourceId>,
        limit: usize,
    ) -> Result<Vec<ResourceId>> {
        self.inner.read(&Holders { tenant, after, limit }).await
    }

    async fn assign(&self, scope: &Scope, id: &ResourceId) -> Result<bool> {
        let give = true;
        let _turn = self.inner.turn(scope, id).await?;
        self.inner.write(&ByHand { scope, id, give }).await
    }

    async fn unassign(&self, scope: &Scope, id: &ResourceId) -> Result<bool> {
        let give = false;
        let _turn = self.inner.turn(scope, id).await?;
        self.inner.write(&ByHand { scope, id, give }).await
    }
}

struct SetBought<'j> {
    tenant: &'j TenantId,
    bought: u32,
}

impl Job for SetBought<'_> {
    type Answer = ();

    async fn run(&self, session: &mut PgSession<'_>) -> Result<(), Failure> {
        Ok(seats::set_bought(session, self.tenant, self.bought).await?)
    }
}

struct Count<'j>(&'j TenantId);

impl Job for Count<'_> {
    type Answer = SeatCount;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<SeatCount, Failure> {
        Ok(seats::count(session, self.0).await?)
    }
}

struct Has<'j> {
    tenant: &'j TenantId,
    id: &'j ResourceId,
}

impl Job for Has<'_> {
    type Answer = bool;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<bool, Failure> {
        Ok(seats::has(session, self.tenant, self.id).await?)
    }
}

struct Holders<'j> {
    tenant: &'j TenantId,
    after: Option<&'j ResourceId>,
    limit: usize,
}

impl Job for Holders<'_> {
    type Answer = Vec<ResourceId>;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<Vec<ResourceId>, Failure> {
        Ok(seats::holders(session, self.tenant, self.after, self.limit).await?)
    }
}

struct ByHand<'j> {
    scope: &'j Scope,
    id: &'j ResourceId,
    give: bool,
}

impl Job for ByHand<'_> {
    type Answer = bool;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<bool, Failure> {
        verbs::seat_by_hand(session, self.scope, self.id, self.give).await
    }
}
