//! What a guard may look at: the state before the change, inside its transaction.

use std::sync::Arc;

use async_trait::async_trait;
use scim_core::{ResourceId, filter::Predicate, query::Relations, resource::Found, schema::ResourceType};
use scim_store::{Result, Scope, StoreError, TxView};

use super::read_row;
use crate::{
    error::Failure,
    host::{read::push_with_tenant, shape::Shapes},
    session::Session,
    statement::Statement,
};

/// The look-ups of a guard, through the session of the change.
pub(super) struct View<'a, S> {
    pub(super) session: &'a mut S,
    pub(super) shapes: &'a Shapes,
    pub(super) scope: &'a Scope,
    /// The row that the change has made, if any: the table has it already.
    pub(super) new: Option<&'a ResourceId>,
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
        let rows = self.session.rows(&statement).await.map_err(Failure::from)?;
        let total = rows.first().map_or(Ok(0), |row| row.int(0)).map_err(Failure::from)?;
        Ok(usize::try_from(total).unwrap_or_default())
    }

    async fn get(&mut self, kind: &Arc<ResourceType>, id: &ResourceId) -> Result<Option<Found>> {
        let shape = self.shapes.of(kind.name()).filter(|_| self.new != Some(id));
        let Some(shape) = shape else { return Ok(None) };
        let found = read_row(self.session, self.shapes, self.scope, shape, id, Relations::NONE).await;
        Ok(found.map_err(Failure::from)?)
    }
}
