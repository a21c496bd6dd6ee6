//! A map against the database that it is for.

use crate::{
    host::{
        MapError,
        list::Rows,
        read::push_with_tenant,
        shape::{Shape, Shapes},
    },
    session::Session,
    statement::Statement,
};

impl Shapes {
    /// Asks the database for every table, column and condition of the map, without reading a row.
    pub(super) async fn check<S: Session>(&self, session: &mut S) -> Result<(), MapError> {
        for shape in &self.list {
            let kind = shape.mapped.kind().name();
            for (what, statement) in self.probes(shape) {
                let answer = session.rows(&statement).await;
                answer.map_err(|error| MapError::database(kind, &what, error))?;
            }
        }
        Ok(())
    }

    /// What may not be there, each with a statement that fails if it is not.
    fn probes(&self, shape: &Shape) -> Vec<(String, Statement)> {
        let table = &shape.mapped.table;
        let row = &shape.table.from;
        let mut probes = Vec::new();
        let mut probe = |what: String, columns: &str, from: &str, condition: &str| {
            let mut statement = Statement::new(self.engine);
            let tenant = statement.keep("0");
            statement.push("SELECT ");
            push_with_tenant(&mut statement, columns, tenant);
            statement.push(" FROM ");
            push_with_tenant(&mut statement, from, tenant);
            statement.push(" WHERE ");
            push_with_tenant(&mut statement, condition, tenant);
            // PostgreSQL wants to know the type of a parameter that nothing uses.
            statement.push(" AND CAST(").again(tenant).push(" AS TEXT) IS NULL");
            probes.push((what, statement));
        };
        probe(
            format!("the table `{}`", table.name),
            "1",
            &format!("{} r", table.name),
            "1 = 1",
        );
        if !table.joins.is_empty() {
            probe("a join".to_owned(), "1", row, "1 = 1");
        }
        if table.visible.is_some() {
            probe("the condition of `visible`".to_owned(), "1", row, &shape.table.visible);
        }
        let place = table.place.as_ref();
        for name in [Some(&table.id.column), place, table.version.as_ref()]
            .into_iter()
            .flatten()
        {
            probe(format!("the column `{name}`"), &format!("r.{name}"), row, "1 = 1");
        }
        let writes = table.writes.as_ref();
        let marks = writes.map(|writes| writes.removal.iter().chain(&writes.adoption));
        for (name, _) in marks.into_iter().flatten() {
            probe(format!("the column `{name}`"), &format!("r.{name}"), row, "1 = 1");
        }
        if let Some(super::table::Tenant::Column(key)) = &table.tenant {
            probe(
                format!("the column `{}`", key.column),
                &key.sql("r"),
                row,
                &shape.table.visible,
            );
        }
        let times = table.created.iter().chain(&table.modified);
        let columns = shape.mapped.columns.iter().map(|(_, column)| column).chain(times);
        for column in columns {
            probe(
                format!("the column `{}`", column.name),
                &column.selected(self.engine, "r"),
                row,
                "1 = 1",
            );
            if let Some(name) = column.prepared("r") {
                probe(format!("the column `{name}`"), &name, row, "1 = 1");
            }
        }
        for list in &shape.mapped.lists {
            let (from, alias) = match &list.list.rows {
                Rows::Row => (row.clone(), "r"),
                Rows::Table {
                    table,
                    owner,
                    order,
                    only,
                } => {
                    let from = format!("{table} c");
                    probe(format!("the table `{table}`"), "1", &from, "1 = 1");
                    for name in [owner, order] {
                        probe(
                            format!("the column `{table}.{name}`"),
                            &format!("c.{name}"),
                            &from,
                            "1 = 1",
                        );
                    }
                    if let Some(only) = only {
                        let from = format!("{row}, {from}");
                        probe(format!("the condition on `{table}`"), "1", &from, &format!("({only})"));
                    }
                    (from, "c")
                }
            };
            for (_, column) in &list.subs {
                probe(
                    format!("the column `{}`", column.name),
                    &column.selected(self.engine, alias),
                    &from,
                    "1 = 1",
                );
                if let Some(name) = column.prepared(alias) {
                    probe(format!("the column `{name}`"), &name, &from, "1 = 1");
                }
            }
        }
        for link in &table.links {
            let from = format!("{} m", link.table);
            probe(format!("the table `{}`", link.table), "1", &from, "1 = 1");
            for name in [Some(&link.group), Some(&link.member), link.order.as_ref()]
                .into_iter()
                .flatten()
            {
                probe(
                    format!("the column `{}.{name}`", link.table),
                    &format!("m.{name}"),
                    &from,
                    "1 = 1",
                );
            }
        }
        probes
    }
}
