//! What a guard may look at: the state before the change, inside its transaction.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use scim_core::{
    ResourceId,
    filter::Predicate,
    query::{Page, Query, Target},
    resource::Found,
    schema::ResourceType,
};
use scim_store::{Result, Scope, TxView};

use super::row::{self, Lock};
use crate::{compile::Search, error::Failure, session::Session};

/// The look-ups of a guard, through the session of the change.
pub(crate) struct View<'a, S> {
    session: &'a mut S,
    scope: &'a Scope,
    /// Changes of numbers that are not written yet.
    counts: Option<&'a BTreeMap<(String, i64), i64>>,
}

impl<'a, S: Session> View<'a, S> {
    pub(super) fn new(session: &'a mut S, scope: &'a Scope, counts: Option<&'a BTreeMap<(String, i64), i64>>) -> Self {
        Self { session, scope, counts }
    }
}

#[async_trait]
impl<S: Session> TxView for View<'_, S> {
    async fn count(&mut self, kind: &Arc<ResourceType>, predicate: Option<&Predicate>) -> Result<usize> {
        let target = Target::new(Arc::clone(kind), predicate.cloned(), None);
        let query = Query::new(vec![target], Page::Index { start: 1, count: 0 });
        let maps = self.session.maps(&self.scope.kinds);
        let (engine, tenant) = (self.session.engine(), self.scope.tenant().as_str());
        let search = Search::new(engine, tenant, &query, |kind| maps.of(kind))?;
        let total = search.count(self.session).await?;
        if predicate.is_some_and(|predicate| !matches!(predicate, Predicate::Always(true))) {
            return Ok(total);
        }
        let pending = self.counts.into_iter().flatten();
        let pending = pending.filter(|((name, _), _)| name == kind.name());
        let pending: i64 = pending.map(|(_, change)| change).sum();
        let total = i64::try_from(total).unwrap_or(i64::MAX).saturating_add(pending);
        Ok(usize::try_from(total).unwrap_or_default())
    }

    async fn get(&mut self, kind: &Arc<ResourceType>, id: &ResourceId) -> Result<Option<Found>> {
        let current = row::read(self.session, self.scope.tenant(), kind, id, Lock::Read).await;
        Ok(current.map_err(Failure::from)?.map(|current| current.found))
    }
}
