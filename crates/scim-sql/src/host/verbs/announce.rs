//! Edits that the host made by itself, told to the library.

use std::sync::Arc;

use scim_core::{
    ResourceId, Version,
    query::Relations,
    resource::{Head, given_paths},
    schema::ResourceType,
};
use scim_store::{ChangeKind, ChangeMethod, StoreError, takes_seats};

use super::{
    HostTx,
    lock::Lock,
    rows::{Entry, push_row},
    sidecar::{self, Beside},
    unsupported,
};
use crate::{
    delta::{Record, SeatRow},
    error::{Failure, SqlError},
    host::{
        WriteMap,
        landing::{Cell, prepared},
        list::Rows,
        map::MappedList,
        shape::Shape,
    },
    session::Session,
    statement::Statement,
    verbs::Gate,
};

impl<S: Session, G: Gate> HostTx<'_, S, G> {
    /// Moves version and time of a row that the host changed, writes its folded columns, and records the change.
    pub(crate) async fn announce(
        &mut self,
        kind: &Arc<ResourceType>,
        id: &ResourceId,
        changed: &[&str],
    ) -> Result<(), Failure> {
        let shapes = self.shapes;
        let shape = shapes.of(kind.name()).filter(|shape| shape.table.document.is_some());
        let shape = shape.ok_or_else(|| unsupported(format!("announcements of {} without a sidecar", kind.name())))?;
        self.lock(shape, id, Lock::Row).await?;
        let current = self.read(shape, id, Relations::NONE).await?;
        let beside = self.beside(kind, id).await?;
        let Some(current) = current else {
            let Some(version) = beside.version else {
                return Err(StoreError::NotFound.into());
            };
            let now = self.scope.now.timestamp_millis();
            let how = (ChangeKind::Deleted, ChangeMethod::Host);
            let record = Record::new(self.scope, kind.name(), id, how, (version, now));
            let record = record.with_external_id(beside.external_id.as_deref());
            return self.delete_beside(kind, id, beside, record).await;
        };
        let (resource, keys) = sidecar::keys(&current, &self.scope.settings.dialect)?;
        self.look(kind, id, &keys).await?;
        let landing = shape.mapped.land(&resource)?;
        let (head, what) = announced(&current.head, &beside, self.scope.now, shape);
        let plain = WriteMap::new();
        let writes = shape.mapped.table.writes.as_ref().unwrap_or(&plain);
        let folded = self.fold(shape, id, &landing.columns).await;
        folded.map_err(|error| self.refused(writes, error))?;
        if what != ChangeKind::Created {
            self.update_row(shape, writes, &head, (&landing, &landing)).await?;
        }
        let mut changed: Vec<String> = changed.iter().map(|path| (*path).to_owned()).collect();
        if what == ChangeKind::Created {
            // Its attributes are there to be seen; of its members there is what the host says.
            let members = kind.members().map(|members| members.name.as_str());
            changed.retain(|path| members.is_some_and(|name| path.eq_ignore_ascii_case(name)));
            changed = [given_paths(kind, &resource), changed].concat();
        }
        let last = (head.version, head.modified.timestamp_millis());
        let record = Record::new(self.scope, kind.name(), id, (what, ChangeMethod::Host), last);
        let record = record
            .with_changed(&changed)
            .with_external_id(resource.text("externalId"));
        let content = sidecar::content(kind, id, &resource, &keys, landing.rest)?;
        // Whoever is not active any more has no seat.
        let seat = if takes_seats(kind) && !resource.is_active() {
            SeatRow::Drop
        } else {
            SeatRow::Keep
        };
        self.put_beside(kind, &head, (content, Some(&keys)), beside, (record, seat))
            .await
    }

    /// Writes the folded columns of a row that the host wrote, and of its lists.
    pub(super) async fn fold(
        &mut self,
        shape: &Shape,
        id: &ResourceId,
        columns: &[(String, Cell)],
    ) -> Result<(), SqlError> {
        self.fold_row(shape, id, columns).await?;
        for list in &shape.mapped.lists {
            self.fold_values(shape, list, id).await?;
        }
        Ok(())
    }

    /// Writes the folded columns of the row itself.
    async fn fold_row(&mut self, shape: &Shape, id: &ResourceId, columns: &[(String, Cell)]) -> Result<(), SqlError> {
        let table = &shape.mapped.table;
        let own = shape.mapped.columns.iter().map(|(_, column)| column);
        let rows = shape
            .mapped
            .lists
            .iter()
            .filter(|list| matches!(list.list.rows, Rows::Row));
        let of_row = rows.flat_map(|list| list.subs.iter().map(|(_, column)| column));
        let folded: Vec<&String> = own.chain(of_row).filter_map(|column| column.folded.as_ref()).collect();
        let cells: Vec<&(String, Cell)> = columns.iter().filter(|(name, _)| folded.contains(&name)).collect();
        if cells.is_empty() {
            return Ok(());
        }
        let mut statement = Statement::new(self.session.engine());
        statement.push(&format!("UPDATE {} SET ", table.name));
        for (number, (name, cell)) in cells.into_iter().enumerate() {
            statement
                .push(if number > 0 { ", " } else { "" })
                .push(name)
                .push(" = ");
            Entry::Cell(cell.clone()).push(&mut statement, None);
        }
        push_row(&mut statement, shape, id);
        self.session.run(&statement).await.map(drop)
    }

    /// Writes the folded columns of the values of a list.
    async fn fold_values(&mut self, shape: &Shape, list: &MappedList, id: &ResourceId) -> Result<(), SqlError> {
        let Rows::Table {
            table, owner, order, ..
        } = &list.list.rows
        else {
            return Ok(());
        };
        let key = &shape.mapped.table.id;
        let own = key.read(id.as_str()).unwrap_or_default();
        let engine = self.session.engine();
        for (sub, column) in &list.subs {
            let Some(folded) = column.folded.as_ref().filter(|_| !column.is_read_only) else {
                continue;
            };
            let mut statement = Statement::new(engine);
            let text = column.selected(engine, "c");
            statement.push(&format!(
                "SELECT CAST(c.{order} AS BIGINT), {text} FROM {table} c WHERE c.{owner} = "
            ));
            Entry::Key(key, own.to_owned()).push(&mut statement, None);
            for row in self.session.rows(&statement).await? {
                let text = row.optional(1)?.map(|text| prepared(sub, text));
                let mut statement = Statement::new(engine);
                statement.push(&format!("UPDATE {table} SET {folded} = ")).bind(text);
                statement.push(&format!(" WHERE {order} = ")).bind(row.int(0)?);
                statement.push(&format!(" AND {owner} = "));
                Entry::Key(key, own.to_owned()).push(&mut statement, None);
                self.session.run(&statement).await?;
            }
        }
        Ok(())
    }
}

/// The head of a row after an edit of the host's, and what that was.
fn announced(current: &Head, beside: &Beside, now: chrono::DateTime<chrono::Utc>, shape: &Shape) -> (Head, ChangeKind) {
    if beside.version.is_some() {
        return (current.changed(now), ChangeKind::Updated);
    }
    let table = &shape.mapped.table;
    let version = match &table.version {
        Some(_) => current.version,
        None => Version::FIRST,
    };
    let created = if table.created.is_some() { current.created } else { now };
    let modified = if table.modified.is_some() {
        current.modified
    } else {
        now
    };
    let head = Head::from_row(current.id.clone(), version, created, modified.max(created));
    (head, ChangeKind::Created)
}
