//! Rows of the host's own, written.

use scim_core::{ResourceId, resource::Head};
use scim_store::StoreError;
use serde_json::Value as Json;

use super::HostTx;
use crate::{
    error::{Failure, SqlError},
    host::{
        Column, Key, WriteMap,
        column::ColumnForm,
        key::KeyForm,
        landing::{Cell, Landing, literal_of, push_cell},
        list::Rows,
        map::MappedList,
        shape::Shape,
        table::Tenant,
        writes::Fill,
    },
    session::Session,
    statement::Statement,
    verbs::Gate,
};

impl<S: Session, G: Gate> HostTx<'_, S, G> {
    /// Inserts the row of a new resource: its identifier.
    pub(super) async fn insert_row(
        &mut self,
        shape: &Shape,
        writes: &WriteMap,
        landing: &Landing,
    ) -> Result<ResourceId, Failure> {
        let table = &shape.mapped.table;
        let engine = self.session.engine();
        let mut row: Vec<(&str, Entry<'_>)> = Vec::new();
        if let Some(Tenant::Column(key)) = &table.tenant {
            let tenant = key.read(self.scope.tenant().as_str()).unwrap_or_default();
            row.push((&key.column, Entry::Key(key, tenant.to_owned())));
        }
        if table.id.form != KeyForm::Integer {
            let text = format!("{}{}", table.id.prefix, self.scope.ids.next());
            let Some(text) = table.id.read(&text) else {
                return Err(StoreError::other("the source of identifiers gives none that fit the column").into());
            };
            row.push((&table.id.column, Entry::Key(&table.id, text.to_owned())));
        }
        for (column, cell) in &landing.columns {
            if *cell != Cell::Nothing {
                row.push((column, Entry::Cell(cell.clone())));
            }
        }
        let now = self.scope.now.timestamp_millis();
        row.extend(own_columns(shape, 1, [Some(now), Some(now)]));
        for (column, fill) in &writes.defaults {
            if row.iter().all(|(name, _)| name != column) {
                row.push((column, Entry::Fill(fill)));
            }
        }
        let mut statement = Statement::new(engine);
        let names: Vec<&str> = row.iter().map(|(name, _)| *name).collect();
        statement.push(&format!("INSERT INTO {} ({}) VALUES (", table.name, names.join(", ")));
        for (number, (_, entry)) in row.into_iter().enumerate() {
            statement.push(if number > 0 { ", " } else { "" });
            entry.push(&mut statement, None);
        }
        statement.push(&format!(") RETURNING {}", table.id.text_of(&table.id.column)));
        let rows = self.session.rows(&statement).await;
        let rows = rows.map_err(|error| self.refused(writes, error))?;
        let id = rows.first().map(|row| row.text(0)).transpose()?;
        Ok(ResourceId::new(
            id.ok_or_else(|| SqlError::other("a new row has no identifier"))?,
        ))
    }

    /// Changes what differs in the row of a resource.
    pub(super) async fn update_row(
        &mut self,
        shape: &Shape,
        writes: &WriteMap,
        head: &Head,
        (before, after): (&Landing, &Landing),
    ) -> Result<(), Failure> {
        let table = &shape.mapped.table;
        let changed = after
            .columns
            .iter()
            .zip(&before.columns)
            .filter(|(after, before)| after != before);
        let mut row: Vec<(&str, Entry<'_>)> = changed
            .map(|((column, cell), _)| (column.as_str(), Entry::Cell(cell.clone())))
            .collect();
        let version = i64::try_from(head.version.get()).unwrap_or(i64::MAX);
        row.extend(own_columns(
            shape,
            version,
            [None, Some(head.modified.timestamp_millis())],
        ));
        if row.is_empty() {
            return Ok(());
        }
        let mut statement = Statement::new(self.session.engine());
        statement.push(&format!("UPDATE {} SET ", table.name));
        for (number, (name, entry)) in row.into_iter().enumerate() {
            statement
                .push(if number > 0 { ", " } else { "" })
                .push(name)
                .push(" = ");
            entry.push(&mut statement, writes.fill(name));
        }
        push_row(&mut statement, shape, &head.id);
        let done = self.session.run(&statement).await;
        done.map_err(|error| self.refused(writes, error))?;
        Ok(())
    }

    /// Takes the row of a resource away, with what its lists have; links are gone already.
    pub(super) async fn delete_row(
        &mut self,
        shape: &Shape,
        writes: &WriteMap,
        id: &ResourceId,
    ) -> Result<(), Failure> {
        let table = &shape.mapped.table;
        let key = table.id.read(id.as_str()).unwrap_or_default();
        for list in &shape.mapped.lists {
            self.delete_values(&table.id, list, key, None).await?;
        }
        if let Some(mark) = &writes.removal {
            return self.mark_row(shape, writes, id, mark).await;
        }
        let mut statement = Statement::new(self.session.engine());
        statement.push(&format!("DELETE FROM {}", table.name));
        push_row(&mut statement, shape, id);
        let done = self.session.run(&statement).await;
        done.map_err(|error| self.refused(writes, error))?;
        Ok(())
    }

    /// Sets a column of a row to a value of the host's.
    pub(super) async fn mark_row(
        &mut self,
        shape: &Shape,
        writes: &WriteMap,
        id: &ResourceId,
        (column, value): &(String, Json),
    ) -> Result<(), Failure> {
        let mut statement = Statement::new(self.session.engine());
        let (table, value) = (&shape.mapped.table.name, literal_of(value));
        statement.push(&format!("UPDATE {table} SET {column} = {value}"));
        push_row(&mut statement, shape, id);
        let done = self.session.run(&statement).await;
        done.map_err(|error| self.refused(writes, error))?;
        Ok(())
    }

    /// Writes the lists that differ: values that are the same at the start of a list stay the rows that they are.
    pub(super) async fn write_lists(
        &mut self,
        shape: &Shape,
        writes: &WriteMap,
        id: &ResourceId,
        (before, after): (Option<&Landing>, &Landing),
    ) -> Result<(), Failure> {
        let table = &shape.mapped.table;
        let key = table.id.read(id.as_str()).unwrap_or_default();
        for (number, list) in shape.mapped.lists.iter().enumerate() {
            let old = before
                .and_then(|before| before.lists.get(number))
                .map_or(&[][..], Vec::as_slice);
            let new = after.lists.get(number).map_or(&[][..], Vec::as_slice);
            let kept = old.iter().zip(new).take_while(|(old, new)| old == new).count();
            if old.len() > kept {
                self.delete_values(&table.id, list, key, Some(kept)).await?;
            }
            for values in new.iter().skip(kept) {
                let done = self.insert_value(&table.id, list, key, values).await;
                done.map_err(|error| self.refused(writes, error))?;
            }
        }
        Ok(())
    }

    /// Deletes the rows of a list, but for the first ones.
    async fn delete_values(
        &mut self,
        owner_key: &Key,
        list: &MappedList,
        key: &str,
        but: Option<usize>,
    ) -> Result<(), SqlError> {
        let Rows::Table {
            table,
            owner,
            order,
            only,
        } = &list.list.rows
        else {
            return Ok(());
        };
        let engine = self.session.engine();
        let mut statement = Statement::new(engine);
        let number = statement.keep(key);
        let operand = owner_key.operand(engine, &format!("{}{number}", engine.parameter()));
        let only = only.as_ref().map_or_else(String::new, |only| format!(" AND ({only})"));
        let tie = format!("c.{owner} = {operand}{only}");
        statement.push(&format!("DELETE FROM {table} AS c WHERE {tie}"));
        if let Some(kept) = but.filter(|kept| *kept > 0) {
            let kept = i64::try_from(kept).unwrap_or(i64::MAX);
            statement.push(&format!(
                " AND c.{order} NOT IN (SELECT c.{order} FROM {table} c WHERE {tie} ORDER BY c.{order} LIMIT "
            ));
            statement.bind(kept).push(")");
        }
        self.session.run(&statement).await.map(drop)
    }

    async fn insert_value(
        &mut self,
        owner_key: &Key,
        list: &MappedList,
        key: &str,
        values: &[(String, Cell)],
    ) -> Result<(), SqlError> {
        let Rows::Table {
            table, owner, order, ..
        } = &list.list.rows
        else {
            return Ok(());
        };
        let engine = self.session.engine();
        let mut statement = Statement::new(engine);
        let mut names = vec![owner.as_str(), order.as_str()];
        names.extend(values.iter().map(|(name, _)| name.as_str()));
        statement.push(&format!("INSERT INTO {table} ({}) VALUES (", names.join(", ")));
        let number = statement.keep(key);
        let operand = owner_key.operand(engine, &format!("{}{number}", engine.parameter()));
        statement.push(&operand);
        // Behind whatever is there: rows of the host's own, also those that the list does not show, may have any number.
        statement.push(&format!(
            ", (SELECT COALESCE(MAX(c.{order}), 0) + 1 FROM {table} c WHERE c.{owner} = {operand})"
        ));
        for (_, cell) in values {
            statement.push(", ");
            push_cell(&mut statement, cell.clone(), None);
        }
        statement.push(")");
        self.session.run(&statement).await.map(drop)
    }
}

/// Says which row a statement is for.
pub(super) fn push_row(statement: &mut Statement, shape: &Shape, id: &ResourceId) {
    let key = &shape.mapped.table.id;
    statement.push(" WHERE ").push(&key.column).push(" = ");
    let own = key.read(id.as_str()).unwrap_or_default();
    Entry::Key(key, own.to_owned()).push(statement, None);
}

/// What stands in a column.
pub(super) enum Entry<'a> {
    Cell(Cell),
    Fill(&'a Fill),
    Key(&'a Key, String),
}

impl Entry<'_> {
    pub(super) fn push(self, statement: &mut Statement, fill: Option<&Fill>) {
        match self {
            Self::Cell(cell) => push_cell(statement, cell, fill),
            Self::Fill(fill) => push_cell(statement, Cell::Nothing, Some(fill)),
            Self::Key(key, text) => {
                let engine = statement.engine();
                let number = statement.keep(text);
                let operand = key.operand(engine, &format!("{}{number}", engine.parameter()));
                statement.push(&operand);
            }
        }
    }
}

/// The columns with version and times, where the table itself has them.
fn own_columns<'a>(shape: &'a Shape, version: i64, times: [Option<i64>; 2]) -> Vec<(&'a str, Entry<'a>)> {
    let table = &shape.mapped.table;
    let mut columns = Vec::new();
    if let Some(name) = &table.version {
        columns.push((name.as_str(), Entry::Cell(Cell::Bound(version.into()))));
    }
    for (column, time) in [&table.created, &table.modified].into_iter().zip(times) {
        let column = column.as_ref().filter(|column| !column.is_read_only);
        if let (
            Some(Column {
                name,
                form: ColumnForm::Time(form),
                ..
            }),
            Some(time),
        ) = (column, time)
        {
            columns.push((name.as_str(), Entry::Cell(Cell::Time(time, *form))));
        }
    }
    columns
}
