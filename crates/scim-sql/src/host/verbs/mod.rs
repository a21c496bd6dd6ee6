//! The verbs of a store of a host's tables, written once for every session.
//!
//! Each runs inside a transaction that the store began, as those of the library's own tables do.

mod adopt;
mod announce;
mod create;
mod delete;
mod lock;
mod members;
mod query;
mod rows;
mod seats;
mod sidecar;
mod update;
mod view;

use std::sync::Arc;

use scim_core::{
    ResourceId,
    query::Relations,
    resource::{Found, Keys, MemberEffect},
    schema::ResourceType,
};
use scim_store::{Attempt, Read, Scope, StoreError};

use super::{
    WriteMap,
    shape::{Shape, Shapes},
};
use crate::{
    error::{Failure, SqlError},
    session::Session,
    verbs::{Gate, rival},
};

pub(crate) use query::query;

use view::View;

/// A transaction at work on a host's tables.
pub(crate) struct HostTx<'a, S, G> {
    pub(super) session: &'a mut S,
    pub(super) gate: &'a mut G,
    pub(super) scope: &'a Scope,
    pub(super) shapes: &'a Shapes,
}

/// Reads a resource; see [`ScimStore::get`](scim_store::ScimStore::get).
pub(crate) async fn get<S: Session>(
    session: &mut S,
    shapes: &Shapes,
    scope: &Scope,
    read: &Read,
) -> Result<Found, Failure> {
    let shape = shapes.of(read.kind.name()).ok_or(StoreError::NotFound)?;
    let found = read_row(session, shapes, scope, shape, &read.id, read.relations).await?;
    Ok(found.ok_or(StoreError::NotFound)?)
}

async fn read_row<S: Session>(
    session: &mut S,
    shapes: &Shapes,
    scope: &Scope,
    shape: &Shape,
    id: &ResourceId,
    relations: Relations,
) -> Result<Option<Found>, SqlError> {
    let seen = &shape.table.visible;
    read_where(session, (shapes, shape), scope, id, relations, seen).await
}

async fn read_where<S: Session>(
    session: &mut S,
    (shapes, shape): (&Shapes, &Shape),
    scope: &Scope,
    id: &ResourceId,
    relations: Relations,
    condition: &str,
) -> Result<Option<Found>, SqlError> {
    if !shape.serves(scope.tenant()) || shape.mapped.table.id.read(id.as_str()).is_none() {
        return Ok(None);
    }
    let statement = shapes.select_where(shape, scope.tenant().as_str(), &[id.as_str()], relations, condition);
    let rows = session.rows(&statement).await?;
    let found = rows.first().map(|row| shape.found(row, relations, shapes));
    found.transpose()
}

impl<'a, S: Session, G: Gate> HostTx<'a, S, G> {
    pub(crate) fn new(session: &'a mut S, gate: &'a mut G, scope: &'a Scope, shapes: &'a Shapes) -> Self {
        Self {
            session,
            gate,
            scope,
            shapes,
        }
    }

    /// The table of a type that can be written to, and how.
    fn writable(&self, kind: &ResourceType) -> Result<(&'a Shape, &'a WriteMap), StoreError> {
        let shapes: &'a Shapes = self.shapes;
        let shape = shapes.of(kind.name()).filter(|shape| shape.serves(self.scope.tenant()));
        let shape = shape.ok_or_else(|| unsupported(format!("writes of {} of this tenant", kind.name())))?;
        let writes = shape.mapped.table.writes.as_ref();
        let writes = writes.ok_or_else(|| unsupported(format!("writes of {}", kind.name())))?;
        Ok((shape, writes))
    }

    async fn read(&mut self, shape: &Shape, id: &ResourceId, relations: Relations) -> Result<Option<Found>, SqlError> {
        read_row(self.session, self.shapes, self.scope, shape, id, relations).await
    }

    /// Ends the write if another resource has one of these values, as far as the library knows of it.
    async fn look(&mut self, kind: &ResourceType, id: &ResourceId, keys: &Keys) -> Result<(), Failure> {
        match rival(self.session, self.scope.tenant(), kind, id, keys).await? {
            Some(attribute) => Err(StoreError::Uniqueness { attribute }.into()),
            None => Ok(()),
        }
    }

    /// Asks the guard, who sees nothing of a row that is new.
    async fn ask(&mut self, attempt: Attempt<'_>, new: Option<&ResourceId>) -> Result<(), Failure> {
        if self.gate.is_guarded() {
            let mut view = View {
                session: self.session,
                shapes: self.shapes,
                scope: self.scope,
                new,
                failed: None,
            };
            let verdict = self.gate.ask(self.scope, attempt, &mut view).await;
            if let Some(error) = view.failed {
                return Err(error.into());
            }
            verdict?;
        }
        Ok(())
    }

    async fn ask_members(
        &mut self,
        kind: &Arc<ResourceType>,
        id: &ResourceId,
        effect: &MemberEffect,
        new: Option<&ResourceId>,
    ) -> Result<(), Failure> {
        if effect.is_empty() {
            return Ok(());
        }
        let (added, removed) = (effect.added.as_slice(), effect.removed.as_slice());
        let attempt = Attempt::Members {
            kind,
            id,
            added,
            removed,
        };
        self.ask(attempt, new).await
    }

    /// What a refusal of the database comes to: a unique index of the host's is a value that is taken.
    fn refused(&self, writes: &WriteMap, error: SqlError) -> Failure {
        let SqlError::Unique(index) = &error else {
            return error.into();
        };
        // SQLite tells columns, or an index of expressions, behind a text of its own; PostgreSQL the name alone.
        let told = index.rsplit("failed: ").next().unwrap_or(index);
        let told = told.trim_start_matches("index '").trim_end_matches('\'');
        let mut known = writes.uniques.iter();
        match known.find(|(name, _)| name == told) {
            Some((_, attribute)) => {
                let attribute = attribute.clone();
                StoreError::Uniqueness { attribute }.into()
            }
            None => {
                let text = format!("an index that the map does not name with `unique` refused a row: {index}");
                StoreError::other(text).into()
            }
        }
    }
}

fn unsupported(what: impl Into<String>) -> StoreError {
    StoreError::Unsupported { what: what.into() }
}
