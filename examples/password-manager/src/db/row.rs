//! Rows and parameters, the same for both engines: whole numbers, text and nothing.

use sqlx::{Postgres, Row as _, TypeInfo as _, ValueRef as _, postgres::PgRow, query::Query};

use super::{DbError, Result, Sql};

/// A value of a row, or a parameter. Truth values are 0 and 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Int(i64),
    Null,
    Text(String),
}

/// One row of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Row(pub(super) Vec<Value>);

impl Row {
    pub(crate) fn int(&self, column: usize) -> Result<i64> {
        self.optional_int(column)?.ok_or(DbError::Shape)
    }

    pub(crate) fn optional_int(&self, column: usize) -> Result<Option<i64>> {
        match self.0.get(column) {
            Some(Value::Int(number)) => Ok(Some(*number)),
            Some(Value::Null) => Ok(None),
            _ => Err(DbError::Shape),
        }
    }

    pub(crate) fn flag(&self, column: usize) -> Result<bool> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn text(&self, column: usize) -> Result<String> {
        self.optional_text(column)?.ok_or(DbError::Shape)
    }

    pub(crate) fn optional_text(&self, column: usize) -> Result<Option<String>> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(Some(text.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err(DbError::Shape),
        }
    }

    pub(super) fn from_postgres(row: &PgRow) -> Result<Self> {
        let columns = 0..row.columns().len();
        columns
            .map(|column| value(row, column))
            .collect::<Result<_>>()
            .map(Self)
    }
}

fn value(row: &PgRow, column: usize) -> Result<Value> {
    let raw = row.try_get_raw(column)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    Ok(match raw.type_info().name() {
        "BOOL" => Value::Int(i64::from(row.try_get::<bool, _>(column)?)),
        "INT4" => Value::Int(i64::from(row.try_get::<i32, _>(column)?)),
        "INT8" => Value::Int(row.try_get(column)?),
        _ => Value::Text(row.try_get(column)?),
    })
}

pub(super) fn bind(sql: Sql) -> Query<'static, Postgres, sqlx::postgres::PgArguments> {
    let Sql(text, values) = sql;
    values.into_iter().fold(sqlx::query(text), |query, value| match value {
        Value::Int(number) => query.bind(number),
        Value::Null => query.bind(None::<String>),
        Value::Text(text) => query.bind(text),
    })
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Int(i64::from(flag))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}
