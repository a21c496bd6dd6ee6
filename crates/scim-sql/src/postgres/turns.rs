//! Turns at a resource that several requests of this process want to change at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use scim_core::{ResourceId, TenantId};
use scim_store::{Result, Scope};
use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

use super::Inner;
use crate::error::{Failure, SqlError};

/// A resource of a tenant.
type Place = (TenantId, ResourceId);

/// Who changes which resource, and who comes next.
///
/// What keeps changes apart is the lock on the row. But who waits for that holds a connection meanwhile, so that one group that
/// everybody wants leaves none for other tenants; and PostgreSQL lets those go ahead who come when the row has just been
/// changed. Here requests wait without a connection and in the order in which they came; what is left for the row's lock is
/// other processes.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<Place, Arc<Queue<()>>>>);

/// A place in the queue for a resource, and then the turn at it. Where it is dropped, the next one has it.
#[derive(Debug)]
pub(crate) struct Turn<'t> {
    turns: &'t Turns,
    place: Place,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits for the turn at a resource; `None` where it does not come within the limit.
    pub(super) async fn take(&self, tenant: &TenantId, id: &ResourceId, limit: Duration) -> Option<Turn<'_>> {
        let place = (tenant.clone(), id.clone());
        let queue = Arc::clone(self.queues().entry(place.clone()).or_default());
        // It is there before the wait, so that who gives up tidies as well.
        let mut turn = Turn {
            turns: self,
            place,
            held: None,
        };
        turn.held = Some(tokio::time::timeout(limit, queue.lock_owned()).await.ok()?);
        Some(turn)
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<Place, Arc<Queue<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Waits for the turn at a resource, to be taken before a connection.
    pub(crate) async fn turn(&self, scope: &Scope, id: &ResourceId) -> Result<Turn<'_>> {
        let turn = self.turns.take(scope.tenant(), id, self.deadline).await;
        turn.ok_or_else(|| Failure::from(SqlError::Conflict("others are at work on the resource".into())).into())
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut queues = self.turns.queues();
        drop(self.held.take());
        // Whoever else is here or waits has it, too, and tidies later; nobody comes while the map is locked.
        if queues
            .get(&self.place)
            .is_some_and(|queue| Arc::strong_count(queue) == 1)
        {
            queues.remove(&self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn names() -> (TenantId, ResourceId) {
        (TenantId::new("acme"), ResourceId::new("1"))
    }

    #[tokio::test]
    async fn they_come_in_the_order_of_the_queue() {
        let (turns, (tenant, id)) = (Turns::default(), names());
        let (order, first) = (Mutex::new(Vec::new()), turns.take(&tenant, &id, LONG).await);
        let wait = async |number: u8| {
            let turn = turns.take(&tenant, &id, LONG).await;
            order.lock().unwrap().push(number);
            drop(turn);
        };
        tokio::join!(biased; wait(1), wait(2), wait(3), async { drop(first) });
        assert_eq!(*order.lock().unwrap(), [1, 2, 3]);
        assert!(turns.queues().is_empty());
    }

    #[tokio::test]
    async fn other_resources_and_tenants_are_not_waited_for() {
        let (turns, (tenant, id)) = (Turns::default(), names());
        let _turn = turns.take(&tenant, &id, LONG).await.unwrap();
        assert!(turns.take(&tenant, &ResourceId::new("2"), LONG).await.is_some());
        assert!(turns.take(&TenantId::new("other"), &id, LONG).await.is_some());
        assert!(turns.take(&tenant, &id, Duration::ZERO).await.is_none());
    }

    #[tokio::test]
    async fn who_gives_up_leaves_nothing_behind() {
        let (turns, (tenant, id)) = (Turns::default(), names());
        let first = turns.take(&tenant, &id, LONG).await.unwrap();
        assert!(turns.take(&tenant, &id, Duration::ZERO).await.is_none());
        let mut waiting = Box::pin(turns.take(&tenant, &id, LONG));
        assert!(
            waiting
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        drop(first);
        // It had the turn without knowing it.
        drop(waiting);
        assert!(turns.queues().is_empty());
        assert!(turns.take(&tenant, &id, Duration::ZERO).await.is_some());
    }
}
