//! Who has a seat.

use std::{collections::BTreeSet, ops::Bound, sync::Arc};

use async_trait::async_trait;
use scim_core::{ResourceId, TenantId, resource::Resource, schema::ResourceType};

use super::{
    MemoryStore,
    stage::{Staged, Tx},
    write::Planner,
};
use crate::{Result, Scope, SeatCount, SeatStep, SeatStore};

/// The seats of one tenant.
#[derive(Default)]
pub(super) struct Seats {
    pub(super) bought: u32,
    holders: BTreeSet<ResourceId>,
}

impl Seats {
    pub(super) fn has(&self, id: &ResourceId) -> bool {
        self.holders.contains(id)
    }

    pub(super) fn used(&self) -> usize {
        self.holders.len()
    }

    pub(super) fn holders(&self) -> impl Iterator<Item = &ResourceId> {
        self.holders.iter()
    }

    /// Gives a seat, or takes it back.
    pub(super) fn put(&mut self, id: ResourceId, has: bool) {
        if has {
            self.holders.insert(id);
        } else {
            self.holders.remove(&id);
        }
    }

    fn count(&self) -> SeatCount {
        SeatCount {
            bought: self.bought,
            used: u32::try_from(self.used()).unwrap_or(u32::MAX),
        }
    }

    fn behind(&self, after: Option<&ResourceId>, limit: usize) -> Vec<ResourceId> {
        let first = after.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.holders.range::<ResourceId, _>((first, Bound::Unbounded));
        behind.take(limit).cloned().collect()
    }
}

/// What becomes of a seat, and whether there is one then, where that is known.
pub(super) type Seating = (Option<(ResourceId, bool)>, Option<bool>);

impl Planner<'_> {
    /// What a write does to the seat of a resource.
    pub(super) fn seat(
        self,
        kind: &ResourceType,
        id: &ResourceId,
        before: Option<&Resource>,
        after: Option<&Resource>,
    ) -> Result<Seating> {
        let has = self.tx.has_seat(id);
        Ok(match SeatStep::of(self.scope.settings.seats, kind, before, after) {
            SeatStep::Keep => (None, None),
            SeatStep::Release => (has.then(|| (id.clone(), false)), Some(false)),
            SeatStep::Take { .. } if has => (None, Some(true)),
            SeatStep::Take { .. } if self.tx.has_free_seat() => (Some((id.clone(), true)), Some(true)),
            SeatStep::Take { required: true } => return Err(SeatStep::refusal()),
            SeatStep::Take { required: false } => (None, Some(false)),
        })
    }
}

#[async_trait]
impl SeatStore for MemoryStore {
    async fn set_bought(&self, tenant: &TenantId, bought: u32) -> Result<()> {
        let tenant = self.tenant(tenant);
        let _turn = tenant.turn.lock().await;
        tenant.write().seats.bought = bought;
        Ok(())
    }

    async fn seats(&self, tenant: &TenantId) -> Result<SeatCount> {
        let tenant = self.existing(tenant);
        Ok(tenant.map_or_else(SeatCount::default, |tenant| tenant.read().seats.count()))
    }

    async fn has_seat(&self, tenant: &TenantId, id: &ResourceId) -> Result<bool> {
        let tenant = self.existing(tenant);
        Ok(tenant.is_some_and(|tenant| tenant.read().seats.has(id)))
    }

    async fn seat_holders(
        &self,
        tenant: &TenantId,
        after: Option<&ResourceId>,
        limit: usize,
    ) -> Result<Vec<ResourceId>> {
        let tenant = self.existing(tenant);
        Ok(tenant.map_or_else(Vec::new, |tenant| tenant.read().seats.behind(after, limit)))
    }

    async fn assign(&self, scope: &Scope, id: &ResourceId) -> Result<bool> {
        self.seat_by_hand(scope, id, true).await
    }

    async fn unassign(&self, scope: &Scope, id: &ResourceId) -> Result<bool> {
        self.seat_by_hand(scope, id, false).await
    }
}

impl MemoryStore {
    async fn seat_by_hand(&self, scope: &Scope, id: &ResourceId, give: bool) -> Result<bool> {
        let tenant = self.tenant(scope.tenant());
        let _turn = tenant.turn.lock().await;
        let step = {
            let (state, staged) = (tenant.read(), Staged::default());
            let planner = Planner {
                tx: Tx {
                    state: &state,
                    staged: &staged,
                },
                scope,
                guarded: false,
            };
            planner.seat_by_hand(id, give)?
        };
        let changes = step.is_some();
        if let Some(step) = step {
            tenant.write().apply(step);
        }
        Ok(changes)
    }
}

impl<'a> Tx<'a> {
    pub(super) fn has_seat(self, id: &ResourceId) -> bool {
        let staged = self.staged.seats.get(id).copied();
        staged.unwrap_or_else(|| self.state.seats.has(id))
    }

    pub(super) fn has_free_seat(self) -> bool {
        let used = i64::try_from(self.state.seats.used()).unwrap_or(i64::MAX);
        used.saturating_add(self.staged.more_seats) < i64::from(self.state.seats.bought)
    }

    /// The type of a resource that may have a seat.
    pub(super) fn seated_kind(self, id: &ResourceId) -> Option<&'a Arc<ResourceType>> {
        let kind = &self.entry(id)?.kind;
        crate::takes_seats(kind).then_some(kind)
    }
}
