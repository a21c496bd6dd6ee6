//! What a guard may look at: the state before the change, inside its transaction.

use std::sync::Arc;

use async_trait::async_trait;
use scim_core::{
    ResourceId,
    filter::Predicate,
    query::{Page, Query, Target},
    resource::Found,
    schema::ResourceType,
};
use scim_store::{Losses, Result, Scope, StoreError, Tally, TxView};

use super::{
    counts::Counts,
    row::{self, Lock},
};
use crate::{
    Engine,
    compile::Search,
    error::{Failure, SqlError},
    losses,
    session::Session,
};

/// The look-ups of a guard, through the session of the change.
pub(crate) struct View<'a, S> {
    session: &'a mut S,
    scope: &'a Scope,
    /// Changes of numbers that are not written yet.
    counts: Option<&'a Counts>,
    failed: Option<SqlError>,
}

impl<'a, S: Session> View<'a, S> {
    pub(super) fn new(session: &'a mut S, scope: &'a Scope, counts: Option<&'a Counts>) -> Self {
        Self {
            session,
            scope,
            counts,
            failed: None,
        }
    }

    /// What a guard decided, unless the database failed it: then the change fails as if it had been asked itself, and may be
    /// tried again.
    pub(super) fn judge(self, verdict: Result<()>) -> Result<(), Failure> {
        match self.failed {
            Some(error) => Err(error.into()),
            None => Ok(verdict?),
        }
    }

    async fn count_all(&mut self, kind: &Arc<ResourceType>, predicate: Option<&Predicate>) -> Result<usize, Failure> {
        let target = Target::new(Arc::clone(kind), predicate.cloned(), None);
        let query = Query::new(vec![target], Page::Index { start: 1, count: 0 });
        let maps = self.session.maps(&self.scope.kinds);
        let (engine, tenant) = (self.session.engine(), self.scope.tenant().as_str());
        let search = Search::new(engine, tenant, &query, |kind| maps.of(kind))?;
        search.count(self.session).await
    }

    fn keep<T>(&mut self, answer: Result<T, impl Into<Failure>>) -> Result<T> {
        keep(&mut self.failed, answer)
    }
}

/// Keeps what the database said of a look-up, as a guard has no words for it.
pub(crate) fn keep<T>(failed: &mut Option<SqlError>, answer: Result<T, impl Into<Failure>>) -> Result<T> {
    answer.map_err(|failure| match failure.into() {
        Failure::Store(error) => error,
        Failure::Sql(error) => {
            *failed = Some(error);
            StoreError::other("the database failed a guard")
        }
    })
}

/// Waits for a turn on PostgreSQL, where writers do not wait for each other otherwise.
pub(crate) async fn hold<S: Session>(session: &mut S, scope: &Scope, turn: &str) -> Result<(), SqlError> {
    if session.engine() != Engine::Postgres {
        return Ok(());
    }
    let statement = session.statement(
        "SELECT pg_advisory_xact_lock(hashtextextended(?1, 0))",
        vec![format!("{}{turn} of {}", session.schema(), scope.tenant().as_str()).into()],
    );
    session.run(&statement).await.map(drop)
}

#[async_trait]
impl<S: Session> TxView for View<'_, S> {
    async fn count(&mut self, kind: &Arc<ResourceType>, predicate: Option<&Predicate>) -> Result<usize> {
        let total = self.count_all(kind, predicate).await;
        let total = self.keep(total)?;
        if predicate.is_some_and(|predicate| !matches!(predicate, Predicate::Always(true))) {
            return Ok(total);
        }
        let pending = self.counts.map_or(0, |counts| counts.pending(kind.name()));
        let total = i64::try_from(total).unwrap_or(i64::MAX).saturating_add(pending);
        Ok(usize::try_from(total).unwrap_or_default())
    }

    async fn get(&mut self, kind: &Arc<ResourceType>, id: &ResourceId) -> Result<Option<Found>> {
        let current = row::read(self.session, self.scope.tenant(), kind, id, Lock::Read).await;
        Ok(self.keep(current)?.map(|current| current.found))
    }

    async fn hold(&mut self, turn: &'static str) -> Result<()> {
        let held = hold(self.session, self.scope, turn).await;
        self.keep(held)
    }

    async fn members(&mut self, kind: &Arc<ResourceType>, group: &ResourceId) -> Result<Vec<ResourceId>> {
        let statement = self.session.statement(
            "SELECT m.member_id FROM {s}scim_member m JOIN {s}scim_resource r ON r.tenant = m.tenant AND r.id = m.group_id \
             WHERE m.tenant = ?1 AND m.group_id = ?2 AND r.kind = ?3 ORDER BY m.place",
            vec![self.scope.tenant().as_str().into(), group.into(), kind.name().into()],
        );
        let rows = self.session.rows(&statement).await;
        let rows = self.keep(rows)?;
        let ids = rows.iter().map(|row| Ok(ResourceId::new(row.text(0)?)));
        self.keep(ids.collect::<Result<_, SqlError>>())
    }

    async fn lose(&mut self, losses: &Losses) -> Result<Option<Tally>> {
        let tally = losses::keep(self.session, self.scope.tenant(), losses).await;
        self.keep(tally).map(Some)
    }
}
