//! A map in the SQL of one engine.

use std::{collections::HashMap, sync::Arc};

use scim_core::{
    TenantId,
    schema::{Attribute, Locator},
};

use crate::{
    Engine,
    host::{
        Column, ColumnMap, Key,
        column::{ColumnForm, is_folded},
        key::KeyForm,
        list,
        map::{Mapped, MappedList},
        name::literal,
        table::Tenant,
    },
    map::{self, Form, Native, Rows, Source, TableMap, has_own_column},
};

/// The types of a map, ready for statements of an engine.
#[derive(Debug)]
pub(crate) struct Shapes {
    pub(super) engine: Engine,
    pub(super) list: Vec<Shape>,
}

/// One type.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) mapped: Arc<Mapped>,
    pub(super) table: Arc<TableMap>,
    /// What holds for rows of the tenant that the host does not show.
    pub(super) hidden: String,
    /// Expressions of the version and the times.
    pub(super) head: [String; 3],
}

impl Shapes {
    /// The map for an engine, with the schema that the library's own tables are in.
    pub(crate) fn new(map: &ColumnMap, engine: Engine, schema: &str) -> Self {
        let sidecar = map.has_sidecar.then_some(schema);
        let list = map.kinds.iter().map(|mapped| {
            let writer = Writer {
                map,
                engine,
                mapped,
                sidecar,
            };
            Shape {
                mapped: Arc::clone(mapped),
                table: Arc::new(writer.table()),
                hidden: hidden(mapped, engine),
                head: writer.head(),
            }
        });
        let list = list.collect();
        Self { engine, list }
    }

    pub(super) fn of(&self, kind: &str) -> Option<&Shape> {
        self.list.iter().find(|shape| shape.mapped.kind().name() == kind)
    }
}

impl Shape {
    /// Whether rows can be this tenant's at all.
    pub(super) fn serves(&self, tenant: &TenantId) -> bool {
        match &self.mapped.table.tenant {
            Some(Tenant::Column(key)) => key.read(tenant.as_str()).is_some(),
            Some(Tenant::Only(only)) => only == tenant.as_str(),
            None => false,
        }
    }
}

/// Writes the map of one type.
pub(super) struct Writer<'a> {
    pub(super) map: &'a ColumnMap,
    pub(super) engine: Engine,
    pub(super) mapped: &'a Arc<Mapped>,
    sidecar: Option<&'a str>,
}

impl Writer<'_> {
    fn table(&self) -> TableMap {
        let table = &self.mapped.table;
        let place = table.place.as_ref().unwrap_or(&table.id.column);
        let mut from = joined(self.mapped);
        if let Some(schema) = self.sidecar {
            let (kind, id) = (literal(self.mapped.kind().name()), table.id.as_text("r"));
            from.push_str(&format!(
                " LEFT JOIN {schema}scim_resource s ON s.tenant = {{tenant}} AND s.kind = {kind} AND s.id = {id}"
            ));
        }
        TableMap {
            from,
            visible: seen(self.mapped, self.engine),
            columns: vec![table.id.as_text("r")],
            id: self.id(&table.id, "r"),
            place: format!("r.{place}"),
            across: Some(self.across()),
            total: None,
            stretches: None,
            sources: self.sources(),
            document: self.sidecar.map(|_| self.document()),
            members: self.members(),
            memberships: self.memberships(),
        }
    }

    /// Several types are in the order of their times, or one behind the other.
    fn across(&self) -> String {
        let [_, created, _] = self.head();
        format!("COALESCE({created}, 0)")
    }

    /// Where a row that the library did not write has no document, it has no attributes besides.
    fn document(&self) -> String {
        match self.engine {
            Engine::Postgres => "COALESCE(s.search, CAST('{}' AS JSONB))".to_owned(),
            Engine::Sqlite => "COALESCE(s.search, jsonb('{}'))".to_owned(),
        }
    }

    fn head(&self) -> [String; 3] {
        let table = &self.mapped.table;
        let kept = |column: &str| match self.sidecar {
            Some(_) => format!("s.{column}"),
            None => "CAST(NULL AS BIGINT)".to_owned(),
        };
        let time = |column: &Option<Column>, name| match column {
            Some(column) => column.sql(self.engine, "r"),
            None => kept(name),
        };
        let version = table.version.as_ref();
        [
            version.map_or_else(|| kept("version"), |column| format!("r.{column}")),
            time(&table.created, "created"),
            time(&table.modified, "modified"),
        ]
    }

    fn id(&self, key: &Key, alias: &str) -> map::Column {
        self.key(key, &key.sql(alias))
    }

    /// An identifier, from an expression of its column.
    pub(super) fn key(&self, key: &Key, sql: &str) -> map::Column {
        let native = match (key.form, self.engine) {
            (KeyForm::Integer, _) => Native::Numeral,
            (KeyForm::Uuid, Engine::Postgres) => Native::Uuid,
            (KeyForm::Text | KeyForm::Uuid, _) => Native::Text,
        };
        let prefix = key.prefix.clone();
        let column = match native {
            Native::Text if prefix.is_empty() => map::Column::new(self.compared(sql), Form::Exact),
            Native::Text => map::Column::new(self.compared(sql), Form::Key { native, prefix }),
            Native::Numeral | Native::Uuid => map::Column::new(sql, Form::Key { native, prefix }),
        };
        column.indexed().filled()
    }

    /// Text is compared byte by byte, whatever SQLite's column says; PostgreSQL's equality does so by itself.
    pub(super) fn compared(&self, column: &str) -> String {
        match self.engine {
            Engine::Postgres => column.to_owned(),
            Engine::Sqlite => format!("{column} COLLATE BINARY"),
        }
    }

    fn sources(&self) -> HashMap<String, Source> {
        let mut sources = HashMap::new();
        for (locator, column) in &self.mapped.columns {
            let column = self.column(locator.leaf(), column, "r");
            sources.insert(locator.to_string(), Source::Column(column));
        }
        for list in &self.mapped.lists {
            let is_complex = list.locator.attribute.is_complex();
            let alias = list.list.alias();
            let subs = list.subs.iter().map(|(sub, column)| {
                let name = if is_complex { &*sub.name } else { "value" };
                let mut column = self.column(sub, column, alias);
                // Without an index it is one look through the values instead of one through the rows.
                if name == "value" && matches!(column.form, Form::Folded { .. }) {
                    column = column.indexed();
                }
                (name.to_owned(), column)
            });
            let subs = subs.collect();
            let rows = rows_of(&self.mapped.table.id.column, list, self.engine);
            sources.insert(list.locator.to_string(), Source::Child { rows, subs });
        }
        let table = &self.mapped.table;
        let times = [&table.created, &table.modified];
        let [_, created, modified] = self.head();
        for ((path, sql), column) in [("meta.created", created), ("meta.lastModified", modified)]
            .into_iter()
            .zip(times)
        {
            if column.is_some() || self.sidecar.is_some() {
                sources.insert(path.to_owned(), Source::Column(map::Column::new(sql, Form::Millis)));
            }
        }
        if self.sidecar.is_some() {
            self.add_columns_beside(&mut sources);
        }
        if table.version.is_some() || self.sidecar.is_some() {
            let [version, ..] = self.head();
            let tag = format!("'W/\"' || CAST({version} AS TEXT) || '\"'");
            let tag = map::Column::new(tag, Form::Exact);
            sources.insert("meta.version".to_owned(), Source::Column(tag));
        }
        sources
    }

    /// Attributes without a column of the host's that the library keeps in columns, and not in the document.
    fn add_columns_beside(&self, sources: &mut HashMap<String, Source>) {
        let columns = [
            ("active", "s.active", Form::Bool),
            ("userName", "s.user_name", Form::Prepared),
        ];
        for (path, sql, form) in columns {
            if has_own_column(self.mapped.kind(), path) && !sources.contains_key(path) {
                sources.insert(path.to_owned(), Source::Column(map::Column::new(sql, form)));
            }
        }
    }

    fn column(&self, attribute: &Attribute, column: &Column, alias: &str) -> map::Column {
        let sql = column.sql(self.engine, alias);
        let (sql, form) = match &column.form {
            ColumnForm::Text if !is_folded(attribute) => (self.compared(&sql), Form::Exact),
            ColumnForm::Text => match column.prepared(alias) {
                Some(prepared) => (
                    sql,
                    Form::Folded {
                        prepared: self.compared(&prepared),
                    },
                ),
                None => (sql, Form::Shown),
            },
            ColumnForm::Bool => (sql, Form::Bool),
            ColumnForm::Int => (sql, Form::Int),
            ColumnForm::Time(_) => (sql, Form::Millis),
            ColumnForm::Codes(codes) => (sql, Form::Coded(codes.clone())),
            ColumnForm::Constant(value) => (sql, Form::Constant(value.clone())),
        };
        // Whether there is an index is for the host to know; most columns that are folded for look-ups have one.
        let is_indexed = matches!(form, Form::Folded { .. }) && alias == "r" && !column.is_read_only;
        let column = map::Column::new(sql, form);
        if is_indexed { column.indexed() } else { column }
    }
}

/// The rows that are the values of a list.
pub(super) fn rows_of(key: &str, list: &MappedList, engine: Engine) -> Rows {
    match &list.list.rows {
        list::Rows::Table {
            table,
            owner,
            order,
            only,
        } => {
            let only = only.as_ref().map_or_else(String::new, |only| format!(" AND ({only})"));
            Rows {
                from: format!("{table} c"),
                near: format!("c.{owner}"),
                row: format!("r.{key}"),
                within: format!("c.{owner} IS NOT NULL{only}"),
                order: format!("c.{order}"),
            }
        }
        list::Rows::Row => {
            let columns = list.subs.iter().map(|(_, column)| column);
            let columns = columns.filter(|column| !matches!(column.form, ColumnForm::Constant(_)));
            let there = columns.map(|column| format!("{} IS NOT NULL", column.sql(engine, "r")));
            let there: Vec<String> = there.collect();
            Rows {
                from: "(SELECT 1 AS one) c".to_owned(),
                near: "c.one".to_owned(),
                row: "1".to_owned(),
                within: format!("({})", there.join(" OR ")),
                order: "c.one".to_owned(),
            }
        }
    }
}

/// The table as FROM names it.
pub(super) fn joined(mapped: &Mapped) -> String {
    let mut from = format!("{} r", mapped.table.name);
    for join in &mapped.table.joins {
        from.push(' ');
        from.push_str(join);
    }
    from
}

pub(super) fn is_core(locator: &Locator, name: &str) -> bool {
    locator.extension.is_none() && locator.sub.is_none() && locator.attribute.name == name
}

/// The row is the tenant's of the request, and the host shows it to SCIM.
pub(super) fn seen(mapped: &Mapped, engine: Engine) -> String {
    let own = own(mapped, engine);
    match &mapped.table.visible {
        Some(visible) => format!("{own} AND ({visible})"),
        None => own,
    }
}

/// The row is the tenant's of the request, and the host does not show it.
fn hidden(mapped: &Mapped, engine: Engine) -> String {
    match &mapped.table.visible {
        Some(visible) => format!("{} AND ({visible}) IS NOT TRUE", own(mapped, engine)),
        None => "FALSE".to_owned(),
    }
}

/// The row is the tenant's of the request.
fn own(mapped: &Mapped, engine: Engine) -> String {
    match &mapped.table.tenant {
        Some(Tenant::Column(key)) if key.prefix.is_empty() => {
            format!("{} = {}", key.sql("r"), key.operand(engine, "{tenant}"))
        }
        Some(Tenant::Column(key)) => format!("{} = {{tenant}}", key.as_text("r")),
        Some(Tenant::Only(only)) => format!("CAST({{tenant}} AS TEXT) = {}", literal(only)),
        None => "FALSE".to_owned(),
    }
}
