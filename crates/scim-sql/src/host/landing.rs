//! What a resource is in the columns of its table.

use scim_core::{
    datetime,
    fold::fold,
    resource::{Resource, lookup_key},
    schema::{Attribute, Locator},
};
use scim_store::StoreError;
use serde_json::{Map, Value as Json};

use crate::{
    Engine,
    host::{
        Column, TimeForm,
        column::ColumnForm,
        list::Rows,
        map::{Mapped, MappedList},
        name::literal,
        writes::Fill,
    },
    statement::{Statement, Value},
};

/// What a resource is in columns, rows of lists, and what is left over.
#[derive(Debug, PartialEq)]
pub(super) struct Landing {
    /// Columns of the row.
    pub(super) columns: Vec<(String, Cell)>,
    /// For each list of the map: for each value its columns.
    pub(super) lists: Vec<Vec<Vec<(String, Cell)>>>,
    /// What has no column.
    pub(super) rest: Map<String, Json>,
    /// Attributes whose columns are read only, with their values.
    fixed: Vec<(String, Option<Json>)>,
}

/// A value on its way into a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Bound(Value),
    /// Text of the host's own, for columns whose type only the engine knows.
    Literal(String),
    /// Nothing; or the default of the column, if the host says one.
    Nothing,
    Time(i64, TimeForm),
}

impl Landing {
    /// Refuses values that no write can put where they are read from, unless they are those that were there before.
    pub(super) fn check(&self, before: Option<&Self>) -> Result<(), StoreError> {
        for (number, (path, value)) in self.fixed.iter().enumerate() {
            let was = before
                .and_then(|before| before.fixed.get(number))
                .and_then(|(_, was)| was.as_ref());
            if value.as_ref() != was {
                return Err(unsupported(path));
            }
        }
        Ok(())
    }
}

impl Mapped {
    /// Takes a resource apart.
    ///
    /// # Errors
    ///
    /// `Unsupported` with the attribute that has a value which its column has no place for.
    pub(super) fn land(&self, resource: &Resource) -> Result<Landing, StoreError> {
        let mut rest = resource.attributes().clone();
        for name in ["schemas", "id", "meta"] {
            rest.remove(name);
        }
        let (mut columns, mut fixed) = (Vec::new(), Vec::new());
        for (locator, column) in &self.columns {
            let value = take(&mut rest, locator);
            if column.is_read_only {
                fixed.push((locator.to_string(), value));
            } else {
                land(&mut columns, &locator.to_string(), locator.leaf(), column, value)?;
            }
        }
        let mut lists = Vec::with_capacity(self.lists.len());
        for list in &self.lists {
            let values = match take(&mut rest, &list.locator) {
                Some(Json::Array(values)) => values,
                one => one.into_iter().collect(),
            };
            let rows = values
                .into_iter()
                .map(|value| list.land(value))
                .collect::<Result<Vec<_>, _>>()?;
            if matches!(list.list.rows, Rows::Row) {
                columns.append(&mut list.row(rows)?);
                lists.push(Vec::new());
            } else {
                lists.push(rows);
            }
        }
        Ok(Landing {
            columns,
            lists,
            rest,
            fixed,
        })
    }
}

impl MappedList {
    fn land(&self, value: Json) -> Result<Vec<(String, Cell)>, StoreError> {
        let is_complex = self.locator.attribute.is_complex();
        let mut values = match value {
            Json::Object(values) if is_complex => values,
            value => Map::from_iter([("value".to_owned(), value)]),
        };
        let mut columns = Vec::new();
        for (sub, column) in &self.subs {
            let name = if is_complex { &*sub.name } else { "value" };
            let value = values.remove(name);
            let path = format!("{}.{name}", self.locator);
            match (&column.form, value) {
                (ColumnForm::Constant(_), None) => {}
                (ColumnForm::Constant(constant), Some(value)) if *constant == value => {}
                (_, Some(_)) if column.is_read_only => return Err(unsupported(&path)),
                (_, None) if column.is_read_only => {}
                (_, value) => land(&mut columns, &path, sub, column, value)?,
            }
        }
        match values.keys().next() {
            Some(name) => Err(unsupported(&format!("{}.{name}", self.locator))),
            None => Ok(columns),
        }
    }

    /// The one value that columns of the row itself hold.
    fn row(&self, rows: Vec<Vec<(String, Cell)>>) -> Result<Vec<(String, Cell)>, StoreError> {
        let mut rows = rows.into_iter();
        match (rows.next(), rows.next()) {
            (Some(row), None) => Ok(row),
            (None, _) => self.land(Json::Object(Map::new())).or(Ok(Vec::new())),
            _ => Err(unsupported(&format!("{} of more than one value", self.locator))),
        }
    }
}

/// Puts a value into its column, and the text that it is compared by beside it.
fn land(
    columns: &mut Vec<(String, Cell)>,
    path: &str,
    attribute: &Attribute,
    column: &Column,
    value: Option<Json>,
) -> Result<(), StoreError> {
    let cell = match (&column.form, &value) {
        (_, None) => Cell::Nothing,
        (ColumnForm::Text, Some(Json::String(text))) => Cell::Bound(text.as_str().into()),
        (ColumnForm::Bool, Some(Json::Bool(value))) => Cell::Bound((*value).into()),
        (ColumnForm::Int, Some(Json::Number(number))) => match number.as_i64() {
            Some(number) => Cell::Bound(number.into()),
            None => return Err(unsupported(path)),
        },
        (ColumnForm::Time(form), Some(Json::String(text))) => match datetime::parse(text) {
            Some(time) => Cell::Time(time.timestamp_millis(), *form),
            None => return Err(unsupported(path)),
        },
        (ColumnForm::Codes(codes), Some(value)) => match codes.iter().find(|(_, known)| known == value) {
            Some((code, _)) => Cell::Literal(literal(code)),
            None => return Err(unsupported(&format!("this value of {path}"))),
        },
        _ => return Err(unsupported(path)),
    };
    columns.push((column.name.clone(), cell));
    if let Some(folded) = &column.folded {
        let text = value.as_ref().and_then(Json::as_str);
        let cell = text.map_or(Cell::Nothing, |text| Cell::Bound(prepared(attribute, text).into()));
        columns.push((folded.clone(), cell));
    }
    Ok(())
}

/// What a folded column holds beside a text.
pub(super) fn prepared(attribute: &Attribute, text: &str) -> String {
    match attribute.kind {
        scim_core::schema::AttributeType::String => lookup_key(attribute, text).into_owned(),
        _ => fold(text).into_owned(),
    }
}

/// Takes the value at a locator out, and what is empty then around it.
fn take(attributes: &mut Map<String, Json>, locator: &Locator) -> Option<Json> {
    if let Some(extension) = &locator.extension {
        let inner = attributes.get_mut(&extension.id)?.as_object_mut()?;
        let value = take_sub(inner, locator);
        if inner.is_empty() {
            attributes.remove(&extension.id);
        }
        return value;
    }
    take_sub(attributes, locator)
}

fn take_sub(attributes: &mut Map<String, Json>, locator: &Locator) -> Option<Json> {
    let name = &locator.attribute.name;
    let Some(sub) = &locator.sub else {
        return attributes.remove(name);
    };
    let inner = attributes.get_mut(name)?.as_object_mut()?;
    let value = inner.remove(&sub.name);
    if inner.is_empty() {
        attributes.remove(name);
    }
    value
}

/// Appends a value as an expression that fits its column.
pub(super) fn push_cell(statement: &mut Statement, cell: Cell, fill: Option<&Fill>) {
    match cell {
        Cell::Bound(value) => {
            statement.bind(value);
        }
        Cell::Literal(text) => {
            statement.push(&text);
        }
        Cell::Nothing => {
            match fill {
                None => statement.push("NULL"),
                Some(Fill::Sql(text)) => statement.push(text),
                Some(Fill::Value(value)) => statement.push(&literal_of(value)),
            };
        }
        Cell::Time(millis, TimeForm::Millis) => {
            statement.bind(millis);
        }
        Cell::Time(millis, TimeForm::Seconds) => {
            statement.bind(millis.div_euclid(1000));
        }
        Cell::Time(millis, TimeForm::Native) => match statement.engine() {
            Engine::Postgres => {
                statement
                    .push("to_timestamp(CAST(")
                    .bind(millis)
                    .push(" AS BIGINT) / 1000.0)");
            }
            Engine::Sqlite => {
                let time = chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default();
                statement.bind(time.format("%Y-%m-%d %H:%M:%S%.3f").to_string());
            }
        },
    }
}

/// A value of the host's as a literal; text without a type, so that enumerated types take it.
pub(super) fn literal_of(value: &Json) -> String {
    match value {
        Json::String(text) => literal(text),
        Json::Bool(true) => "TRUE".to_owned(),
        Json::Bool(false) => "FALSE".to_owned(),
        Json::Number(number) => number.to_string(),
        _ => "NULL".to_owned(),
    }
}

fn unsupported(what: &str) -> StoreError {
    StoreError::Unsupported { what: what.to_owned() }
}
