//! What a guard may look at.

use std::sync::Arc;

use async_trait::async_trait;
use scim_core::{
    ResourceId,
    filter::Predicate,
    query::{Page, Query, Relations, Target},
    resource::{Found, Members},
    schema::ResourceType,
};

use super::{Backends, GroupBackend, UserBackend};
use crate::{Attempt, Read, Result, ScimStore, Scope, StoreError, TxView};

/// The back ends before the write.
struct View<'a, U, G> {
    store: &'a Backends<U, G>,
    scope: &'a Scope,
}

impl<U: UserBackend, G: GroupBackend> Backends<U, G> {
    /// Asks the guard, if there is one.
    pub(super) async fn ask(&self, scope: &Scope, attempt: Attempt<'_>) -> Result<()> {
        let Some(guard) = &self.guard else { return Ok(()) };
        let mut view = View { store: self, scope };
        let answer = guard.check(scope, attempt, &mut view).await;
        answer.map_err(StoreError::Denied)
    }
}

#[async_trait]
impl<U: UserBackend, G: GroupBackend> TxView for View<'_, U, G> {
    async fn count(&mut self, kind: &Arc<ResourceType>, predicate: Option<&Predicate>) -> Result<usize> {
        let target = Target::new(Arc::clone(kind), predicate.cloned(), None);
        let mut query = Query::new(vec![target], Page::Index { start: 1, count: 0 });
        query.relations = Relations::NONE;
        Ok(self.store.query(self.scope, &query).await?.total.unwrap_or_default())
    }

    async fn get(&mut self, kind: &Arc<ResourceType>, id: &ResourceId) -> Result<Option<Found>> {
        self.read(kind, id, Relations::NONE).await
    }

    async fn members(&mut self, kind: &Arc<ResourceType>, group: &ResourceId) -> Result<Vec<ResourceId>> {
        let found = self.read(kind, group, Relations::new(Some(usize::MAX), false)).await?;
        Ok(match found.map(|found| found.members) {
            Some(Members::All(members)) => members.into_iter().map(|member| member.value).collect(),
            _ => Vec::new(),
        })
    }
}

impl<U: UserBackend, G: GroupBackend> View<'_, U, G> {
    async fn read(&self, kind: &Arc<ResourceType>, id: &ResourceId, relations: Relations) -> Result<Option<Found>> {
        let read = Read::new(Arc::clone(kind), id.clone()).with_relations(relations);
        match self.store.get(self.scope, &read).await {
            Ok(found) => Ok(Some(found)),
            Err(StoreError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
