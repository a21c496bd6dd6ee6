//! What a guard may look at: the state before the change, inside its transaction.

use std::sync::Arc;

use async_trait::async_trait;
use scim_core::{
    ResourceId,
    filter::Predicate,
    query::Relations,
    resource::{Found, Members},
    schema::ResourceType,
};
use scim_store::{Result, Scope, StoreError, TxView};

use super::read_row;
use crate::{
    error::SqlError,
    host::{read::push_with_tenant, shape::Shapes},
    session::Session,
    statement::Statement,
    verbs::{hold, keep},
};

/// The look-ups of a guard, through the session of the change.
pub(super) struct View<'a, S> {
    pub(super) session: &'a mut S,
    pub(super) shapes: &'a Shapes,
    pub(super) scope: &'a Scope,
    /// The row that the change has made, if any: the table has it already.
    pub(super) new: Option<&'a ResourceId>,
    /// What the database said, for which a guard has no words.
    pub(super) failed: Option<SqlError>,
}

#[async_trait]
impl<S: Session> TxView for View<'_, S> {
    async fn count(&mut self, kind: &Arc<ResourceType>, predicate: Option<&Predicate>) -> Result<usize> {
        if predicate.is_some_and(|predicate| !matches!(predicate, Predicate::Always(true))) {
            let what = "filter".to_owned();
            return Err(StoreError::Unsupported { what });
        }
        let shape = self
            .shapes
            .of(kind.name())
            .filter(|shape| shape.serves(self.scope.tenant()));
        let Some(shape) = shape else { return Ok(0) };
        let mut statement = Statement::new(self.session.engine());
        let tenant = statement.keep(self.scope.tenant().as_str());
        statement.push("SELECT COUNT(*) FROM ");
        push_with_tenant(&mut statement, &shape.table.from, tenant);
        statement.push(" WHERE ");
        push_with_tenant(&mut statement, &shape.table.visible, tenant);
        let key = &shape.mapped.table.id;
        if let Some(new) = self.new.and_then(|new| key.read(new.as_str())) {
            let number = statement.keep(new);
            let operand = key.operand(
                self.session.engine(),
                &format!("{}{number}", self.session.engine().parameter()),
            );
            statement.push(" AND ").push(&key.sql("r")).push(" <> ").push(&operand);
        }
        let rows = self.session.rows(&statement).await;
        let rows = keep(&mut self.failed, rows)?;
        let total = keep(&mut self.failed, rows.first().map_or(Ok(0), |row| row.int(0)))?;
        Ok(usize::try_from(total).unwrap_or_default())
    }

    async fn get(&mut self, kind: &Arc<ResourceType>, id: &ResourceId) -> Result<Option<Found>> {
        let shape = self.shapes.of(kind.name()).filter(|_| self.new != Some(id));
        let Some(shape) = shape else { return Ok(None) };
        let found = read_row(self.session, self.shapes, self.scope, shape, id, Relations::NONE).await;
        keep(&mut self.failed, found)
    }

    async fn hold(&mut self, turn: &'static str) -> Result<()> {
        let held = hold(self.session, self.scope, turn).await;
        keep(&mut self.failed, held)
    }

    async fn members(&mut self, kind: &Arc<ResourceType>, group: &ResourceId) -> Result<Vec<ResourceId>> {
        let shape = self.shapes.of(kind.name()).filter(|_| self.new != Some(group));
        let Some(shape) = shape else { return Ok(Vec::new()) };
        let all = Relations::new(Some(usize::MAX), false);
        let found = read_row(self.session, self.shapes, self.scope, shape, group, all).await;
        let members = keep(&mut self.failed, found)?.map(|found| found.members);
        Ok(match members {
            Some(Members::All(members)) => members.into_iter().map(|member| member.value).collect(),
            _ => Vec::new(),
        })
    }
}
