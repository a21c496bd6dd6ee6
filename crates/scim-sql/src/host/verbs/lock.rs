//! Locks on rows of a host's tables: the group first, and then its members.

use std::collections::HashSet;

use scim_core::ResourceId;

use super::HostTx;
use crate::{
    Engine,
    error::SqlError,
    host::{
        read::push_with_tenant,
        shape::{Shape, Shapes},
    },
    session::Session,
    statement::Statement,
    verbs::Gate,
};

/// What a row is locked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// Its members come and go: it may become a member itself meanwhile, and the host may refer to it.
    Members,
    /// The same, and the verb is to be tried again where another transaction has it.
    MembersAtOnce,
    /// Any of its columns changes, or it goes. One that the host has in a unique index may be what others refer to it by; to ask
    /// for that only when the column is written would be to wait for them with the row in hand.
    Row,
}

impl Lock {
    fn sql(self) -> &'static str {
        match self {
            Self::Members => "FOR NO KEY UPDATE",
            Self::MembersAtOnce => "FOR NO KEY UPDATE NOWAIT",
            Self::Row => "FOR UPDATE",
        }
    }
}

impl<'a, S: Session, G: Gate> HostTx<'a, S, G> {
    /// Locks the row of a resource; the one writer of SQLite has no need to.
    pub(super) async fn lock(&mut self, shape: &Shape, id: &ResourceId, lock: Lock) -> Result<(), SqlError> {
        let engine = self.session.engine();
        let table = &shape.mapped.table;
        let Some(key) = table.id.read(id.as_str()).filter(|_| engine == Engine::Postgres) else {
            return Ok(());
        };
        let mut statement = Statement::new(engine);
        let number = statement.keep(key);
        let operand = table.id.operand(engine, &format!("{}{number}", engine.parameter()));
        let (name, column, lock) = (&table.name, table.id.sql("r"), lock.sql());
        statement.push(&format!("SELECT 1 FROM {name} r WHERE {column} = {operand} {lock}"));
        self.session.rows(&statement).await.map(drop)
    }

    /// Locks a row that goes or comes, and the visible groups that it is a member of: these, in the order of their identifiers.
    pub(super) async fn lock_with_holders(
        &mut self,
        shape: &Shape,
        id: &ResourceId,
    ) -> Result<Vec<(&'a Shape, ResourceId)>, SqlError> {
        let mut locked = HashSet::new();
        if self.session.engine() == Engine::Postgres {
            // Whoever changes members locks the group first and then the members; so does this.
            for (group, holder) in self.holders(shape, id).await? {
                self.lock(group, &holder, Lock::Members).await?;
                locked.insert(holder);
            }
            self.lock(shape, id, Lock::Row).await?;
        }
        // It comes into no more groups. For one that it came into meanwhile nobody waits: who has that may be waiting for it.
        let holders = self.holders(shape, id).await?;
        for (group, holder) in holders.iter().filter(|(_, holder)| !locked.contains(holder)) {
            self.lock(group, holder, Lock::MembersAtOnce).await?;
        }
        Ok(holders)
    }

    /// The visible groups that a resource is a member of, in the order of their identifiers.
    async fn holders(&mut self, shape: &Shape, id: &ResourceId) -> Result<Vec<(&'a Shape, ResourceId)>, SqlError> {
        let engine = self.session.engine();
        let shapes: &'a Shapes = self.shapes;
        let key = &shape.mapped.table.id;
        let Some(own) = key.read(id.as_str()) else {
            return Ok(Vec::new());
        };
        let mut holders = Vec::new();
        for group in &shapes.list {
            let links = group.mapped.table.links.iter();
            for link in links.filter(|link| link.kind == shape.mapped.kind().name()) {
                let mut statement = Statement::new(engine);
                let tenant = statement.keep(self.scope.tenant().as_str());
                let own = statement.keep(own);
                let group_key = &group.mapped.table.id;
                statement.push("SELECT ").push(&group_key.as_text("r")).push(" FROM ");
                push_with_tenant(&mut statement, &group.table.from, tenant);
                statement.push(" WHERE ");
                push_with_tenant(&mut statement, &group.table.visible, tenant);
                statement.push(&format!(
                    " AND {} IN (SELECT m.{} FROM {} m WHERE m.{} = {})",
                    group_key.sql("r"),
                    link.group,
                    link.table,
                    link.member,
                    key.operand(engine, &format!("{}{own}", engine.parameter())),
                ));
                for row in self.session.rows(&statement).await? {
                    holders.push((group, ResourceId::new(row.text(0)?)));
                }
            }
        }
        holders.sort_by(|(_, one), (_, two)| one.cmp(two));
        Ok(holders)
    }
}
