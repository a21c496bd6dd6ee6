//! Rows of a host's table, read as resources.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use scim_core::{
    ResourceId, Version,
    query::Relations,
    resource::{Found, Head, Member, Members, Membership, Resource, Stored},
    schema::{Locator, ResourceType},
};
use serde_json::{Map, Value as Json};

use crate::{
    error::SqlError,
    host::{
        name::json_list,
        shape::{Shape, Shapes, rows_of},
    },
    map::{LinkMap, Rows},
    statement::{Row, Statement, Value},
};

impl Shapes {
    /// The statement that reads these rows of a tenant, if they are seen; relations as they are wanted.
    pub(super) fn select(&self, shape: &Shape, tenant: &str, ids: &[&str], relations: Relations) -> Statement {
        self.select_where(shape, tenant, ids, relations, &shape.table.visible)
    }

    /// The same of rows for which another condition holds.
    pub(super) fn select_where(
        &self,
        shape: &Shape,
        tenant: &str,
        ids: &[&str],
        relations: Relations,
        condition: &str,
    ) -> Statement {
        let mut statement = Statement::new(self.engine);
        let tenant = statement.keep(tenant);
        statement.push("SELECT ").push(&self.columns(shape));
        for (relation, link) in related(shape, relations) {
            statement.push(", ");
            push_links(&mut statement, link, relation, tenant);
        }
        statement.push(" FROM ");
        push_with_tenant(&mut statement, &shape.table.from, tenant);
        statement.push(" WHERE ");
        push_with_tenant(&mut statement, condition, tenant);
        let key = &shape.mapped.table.id;
        let texts: Vec<String> = ids.iter().filter_map(|id| key.read(id)).map(str::to_owned).collect();
        let list = statement.keep(texts);
        let list = format!("{}{list}", self.engine.parameter());
        statement
            .push(" AND ")
            .push(&key.among(self.engine, &key.sql("r"), &list));
        statement
    }

    /// The columns that are read: identifier, version, times, then attributes and lists in the order of the map.
    pub(super) fn columns(&self, shape: &Shape) -> String {
        let table = &shape.mapped.table;
        let mut columns = vec![table.id.as_text("r")];
        columns.extend(shape.head.iter().cloned());
        if shape.table.document.is_some() {
            columns.extend(["s.public", "s.hidden"].map(str::to_owned));
        }
        for (_, column) in &shape.mapped.columns {
            columns.push(column.selected(self.engine, "r"));
        }
        for list in &shape.mapped.lists {
            let Rows {
                from,
                near,
                row,
                within,
                order,
            } = rows_of(&table.id.column, list, self.engine);
            let alias = list.list.alias();
            let values = list.subs.iter().map(|(_, column)| column.selected(self.engine, alias));
            let values: Vec<String> = values.collect();
            let from = format!("{from} WHERE {near} = {row} AND {within}");
            columns.push(json_list(self.engine, &values, &order, &from));
        }
        columns.join(", ")
    }
}

impl Shape {
    /// The resource of a row.
    pub(super) fn found(&self, row: &Row, relations: Relations, kinds: &Shapes) -> Result<Found, SqlError> {
        let kind = self.mapped.kind();
        let mut values = row.values().iter().map(json);
        let mut next = || values.next().unwrap_or(Json::Null);
        let id = match next() {
            Json::String(id) => ResourceId::new(id),
            _ => return Err(SqlError::other("a row has no identifier")),
        };
        let version = next();
        let (created, modified) = (time(&next()), time(&next()));
        let mut attributes = match self.table.document {
            Some(_) => kept(next(), next()),
            None => Map::new(),
        };
        for (locator, column) in &self.mapped.columns {
            if let Some(value) = column.value(next()) {
                put(&mut attributes, locator, value);
            }
        }
        for list in &self.mapped.lists {
            let elements = elements(&next())?;
            let elements = elements.into_iter().filter_map(|element| list.element(element));
            let elements: Vec<Json> = elements.collect();
            if !elements.is_empty() {
                put(&mut attributes, &list.locator, Json::Array(elements));
            }
        }
        settle_schemas(&mut attributes, kind);
        let stored = Stored::new(kind, &id, &Resource::from_canonical(attributes));
        let version = match version.as_u64() {
            Some(version) => Version::new(version),
            None => digest(&stored),
        };
        // A row without times is as old as time.
        let created = created.unwrap_or_default();
        let head = Head::from_row(id, version, created, modified.unwrap_or(created).max(created));
        let mut found = Found::new(Arc::clone(kind), head, stored);
        for (relation, _) in related(self, relations) {
            let list = elements(&next())?;
            let ends = list.into_iter().filter_map(|end| End::of(end, kinds));
            match relation {
                Relation::Members(most) => {
                    let members = ends.map(|end| Member::new(end.id, end.kind, end.display));
                    let members: Vec<Member> = members.collect();
                    found.members = if members.len() > most {
                        Members::TooMany
                    } else {
                        Members::All(members)
                    };
                }
                Relation::Memberships => {
                    found.memberships = ends.map(|end| Membership::new(end.id, end.kind, end.display)).collect();
                }
            }
        }
        Ok(found)
    }
}

impl super::map::MappedList {
    fn element(&self, values: Vec<Json>) -> Option<Json> {
        let mut element = Map::new();
        for ((sub, column), value) in self.subs.iter().zip(values) {
            let value = column.value(value);
            if !self.locator.attribute.is_complex() {
                return value;
            }
            if let Some(value) = value {
                element.insert(sub.name.clone(), value);
            }
        }
        (!element.is_empty()).then_some(Json::Object(element))
    }
}

#[derive(Clone, Copy)]
enum Relation {
    Members(usize),
    Memberships,
}

/// The relations that are wanted and that the type has.
fn related(shape: &Shape, relations: Relations) -> impl Iterator<Item = (Relation, Option<&LinkMap>)> {
    let kind = shape.mapped.kind();
    let members = relations.members.filter(|_| kind.members().is_some());
    let members = members.map(|most| (Relation::Members(most), shape.table.members.as_ref()));
    let memberships = relations.memberships && kind.memberships().is_some();
    let memberships = memberships.then_some((Relation::Memberships, shape.table.memberships.as_ref()));
    members.into_iter().chain(memberships)
}

/// The other ends of a row's links as one JSON text: of members one more than are wanted.
fn push_links(statement: &mut Statement, link: Option<&LinkMap>, relation: Relation, tenant: usize) {
    let Some(link) = link else {
        statement.push("CAST(NULL AS TEXT)");
        return;
    };
    let LinkMap {
        rows,
        join,
        kind,
        display,
        ..
    } = link;
    let Rows {
        from,
        near,
        row,
        within,
        order,
    } = rows;
    let display = &display.sql;
    let engine = statement.engine();
    let most = match relation {
        Relation::Members(most) => i64::try_from(most).ok().and_then(|most| most.checked_add(1)),
        Relation::Memberships => None,
    };
    let limit = most.map_or_else(String::new, |most| {
        let number = statement.keep(most);
        format!(" ORDER BY {order} LIMIT {}{number}", engine.parameter())
    });
    let rows = format!(
        "(SELECT o.id AS id, {kind} AS kind, {display} AS display, {order} AS place FROM {from}{join} \
         WHERE {near} = {row} AND {within}{limit}) q"
    );
    let values = ["q.id", "q.kind", "q.display"].map(str::to_owned);
    push_with_tenant(statement, &json_list(engine, &values, "q.place", &rows), tenant);
}

/// Text of a map with the tenant in its place.
pub(super) fn push_with_tenant(statement: &mut Statement, text: &str, tenant: usize) {
    let mut parts = text.split("{tenant}");
    if let Some(first) = parts.next() {
        statement.push(first);
    }
    for part in parts {
        statement.again(tenant).push(part);
    }
}

struct End {
    id: ResourceId,
    kind: Arc<ResourceType>,
    display: Option<Arc<str>>,
}

impl End {
    fn of(values: Vec<Json>, kinds: &Shapes) -> Option<Self> {
        let mut values = values.into_iter();
        let id = ResourceId::new(values.next()?.as_str()?);
        let kind = values.next()?;
        let kind = Arc::clone(kinds.of(kind.as_str()?)?.mapped.kind());
        let display = values.next().and_then(|display| display.as_str().map(Arc::from));
        Some(Self { id, kind, display })
    }
}

fn json(value: &Value) -> Json {
    match value {
        Value::Bool(Some(value)) => Json::Bool(*value),
        Value::Int(Some(value)) => Json::from(*value),
        Value::Text(Some(text)) => Json::from(text.as_str()),
        _ => Json::Null,
    }
}

fn elements(text: &Json) -> Result<Vec<Vec<Json>>, SqlError> {
    match text {
        Json::String(text) => serde_json::from_str(text).map_err(SqlError::other),
        _ => Ok(Vec::new()),
    }
}

/// The attributes without columns, as the library keeps them.
fn kept(public: Json, hidden: Json) -> Map<String, Json> {
    let bytes = |text: Json| text.as_str().map(|text| Bytes::from(text.to_owned()));
    let Some(public) = bytes(public) else {
        return Map::new();
    };
    Stored::from_bytes(public, bytes(hidden)).resource().into_attributes()
}

fn time(value: &Json) -> Option<DateTime<Utc>> {
    value.as_i64().and_then(DateTime::from_timestamp_millis)
}

/// Puts a value where its locator says.
fn put(attributes: &mut Map<String, Json>, locator: &Locator, value: Json) {
    let mut map = attributes;
    let parts = [
        locator.extension.as_ref().map(|extension| &extension.id),
        locator.sub.as_ref().map(|_| &locator.attribute.name),
    ];
    for name in parts.into_iter().flatten() {
        let inner = map.entry(name.clone()).or_insert_with(|| Json::Object(Map::new()));
        let Json::Object(inner) = inner else { return };
        map = inner;
    }
    map.insert(locator.leaf().name.clone(), value);
}

pub(super) fn settle_schemas(attributes: &mut Map<String, Json>, kind: &ResourceType) {
    let extensions = kind.extensions().iter().map(|extension| &extension.schema.id);
    let schemas = [&kind.schema().id]
        .into_iter()
        .chain(extensions.filter(|id| attributes.contains_key(*id)));
    let schemas: Vec<Json> = schemas.map(|id| Json::from(id.as_str())).collect();
    attributes.insert("schemas".to_owned(), Json::Array(schemas));
}

/// A version made from the attributes: it moves where they do. FNV-1a, 63 bits of it.
fn digest(stored: &Stored) -> Version {
    let bytes = stored.public.iter().chain(stored.hidden.iter().flatten());
    let digest = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| {
        (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Version::new(digest >> 1)
}
