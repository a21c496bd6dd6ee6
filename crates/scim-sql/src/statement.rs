//! SQL text with its parameters, and the rows that come back.

use std::borrow::Cow;

use bytes::Bytes;
use scim_core::ResourceId;

use crate::{Engine, error::SqlError};

/// A value of a parameter or a column. A missing one still has its type, as PostgreSQL wants to know it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Bool(Option<bool>),
    Int(Option<i64>),
    Text(Option<String>),
    /// A list of texts: an array for PostgreSQL, JSON text for SQLite.
    Texts(Vec<String>),
}

/// A statement, made from fixed text and bound values only: nothing that a client sent is ever part of the text.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    engine: Engine,
    text: Cow<'static, str>,
    values: Vec<Value>,
}

/// A row that came back.
#[derive(Debug, Clone)]
pub(crate) struct Row(Vec<Value>);

impl Statement {
    /// An empty statement, to be written piece by piece.
    pub(crate) fn new(engine: Engine) -> Self {
        let text = Cow::Owned(String::with_capacity(256));
        Self {
            engine,
            text,
            values: Vec::new(),
        }
    }

    /// A statement whose text holds its parameters by number already, in the form that the engine reads.
    pub(crate) fn fixed(engine: Engine, text: impl Into<Cow<'static, str>>, values: Vec<Value>) -> Self {
        Self {
            engine,
            text: text.into(),
            values,
        }
    }

    /// A statement from a template: text of the library with signs for what engines write differently.
    ///
    /// `?1` is a parameter by its number, `{s}` the schema; `{in 1}` holds for a value of the list in a parameter and
    /// `{each 1}` are its values as `l(value, n)`, n from 0; `{rows 1}` are so the lists in a JSON list, whose columns are
    /// `l.value ->> 0` and so on. `{json 1}` is a document. `{share}`, `{update}` and `{delete}` lock the rows of `r` for a
    /// reference to them, a change and a deletion, and `{nowait}` behind it fails where they are locked already; `{greatest}` and `{least}` are the functions of those names.
    pub(crate) fn of(engine: Engine, schema: &str, template: &str, values: Vec<Value>) -> Self {
        let mut text = String::with_capacity(template.len() + 64);
        let mut rest = template;
        while let Some((before, sign)) = rest.split_once('{') {
            text.push_str(before);
            let (sign, after) = sign.split_once('}').unwrap_or((sign, ""));
            text.push_str(&engine.sign(schema, sign));
            rest = after;
        }
        text.push_str(rest);
        if engine.parameter() != '?' {
            text = text.replace('?', &engine.parameter().to_string());
        }
        Self::fixed(engine, text, values)
    }

    pub(crate) fn engine(&self) -> Engine {
        self.engine
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn values(&self) -> &[Value] {
        &self.values
    }

    /// Appends text.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.to_mut().push_str(text);
        self
    }

    /// Appends a parameter.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        let number = self.keep(value);
        self.again(number)
    }

    /// Keeps a value without a place yet; its number is for [`Statement::again`].
    pub(crate) fn keep(&mut self, value: impl Into<Value>) -> usize {
        self.values.push(value.into());
        self.values.len()
    }

    /// Appends a parameter that was bound before.
    pub(crate) fn again(&mut self, number: usize) -> &mut Self {
        let text = self.text.to_mut();
        text.push(self.engine.parameter());
        text.push_str(&number.to_string());
        self
    }
}

impl Engine {
    /// What a sign of a template stands for; see [`Statement::of`].
    fn sign<'a>(self, schema: &'a str, sign: &str) -> Cow<'a, str> {
        let (name, number) = sign.split_once(' ').unwrap_or((sign, ""));
        match (self, name) {
            (_, "s") => Cow::Borrowed(schema),
            (Self::Postgres, "in") => format!("= ANY(?{number})").into(),
            (Self::Sqlite, "in") => format!("IN (SELECT value FROM json_each(?{number}))").into(),
            (Self::Postgres, "each") => {
                format!("(SELECT value, n - 1 AS n FROM unnest(?{number}::text[]) WITH ORDINALITY AS u(value, n)) AS l")
                    .into()
            }
            (Self::Postgres, "rows") => format!(
                "(SELECT value, n - 1 AS n FROM json_array_elements(?{number}::json) WITH ORDINALITY AS u(value, n)) AS l"
            )
            .into(),
            (Self::Sqlite, "each" | "rows") => format!("(SELECT value, key AS n FROM json_each(?{number})) AS l").into(),
            (Self::Postgres, "json") => format!("?{number}::jsonb").into(),
            (Self::Sqlite, "json") => format!("jsonb(?{number})").into(),
            (Self::Postgres, "share") => " FOR KEY SHARE OF r".into(),
            (Self::Postgres, "update") => " FOR NO KEY UPDATE OF r".into(),
            (Self::Postgres, "delete") => " FOR UPDATE OF r".into(),
            (Self::Postgres, "nowait") => " NOWAIT".into(),
            (Self::Postgres, "greatest") => "GREATEST".into(),
            (Self::Sqlite, "greatest") => "MAX".into(),
            (Self::Postgres, "least") => "LEAST".into(),
            (Self::Sqlite, "least") => "MIN".into(),
            // Every other writer waits outside.
            (Self::Sqlite, _) | (Self::Postgres, _) => Cow::Borrowed(""),
        }
    }
}

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self(values)
    }

    /// A whole number that must be there.
    pub(crate) fn int(&self, column: usize) -> Result<i64, SqlError> {
        match self.0.get(column) {
            Some(Value::Int(Some(value))) => Ok(*value),
            _ => Err(SqlError::column(column, "a whole number")),
        }
    }

    /// A whole number that may be missing.
    pub(crate) fn optional_int(&self, column: usize) -> Result<Option<i64>, SqlError> {
        match self.0.get(column) {
            Some(Value::Int(value)) => Ok(*value),
            // SQLite's NULL has no type.
            Some(Value::Text(None)) => Ok(None),
            _ => Err(SqlError::column(column, "a whole number")),
        }
    }

    /// A Boolean that must be there; SQLite keeps them as numbers.
    pub(crate) fn flag(&self, column: usize) -> Result<bool, SqlError> {
        match self.0.get(column) {
            Some(Value::Bool(Some(value))) => Ok(*value),
            Some(Value::Int(Some(value))) => Ok(*value != 0),
            _ => Err(SqlError::column(column, "a Boolean")),
        }
    }

    /// A Boolean that may be missing.
    pub(crate) fn optional_flag(&self, column: usize) -> Result<Option<bool>, SqlError> {
        match self.0.get(column) {
            Some(Value::Bool(None) | Value::Int(None) | Value::Text(None)) => Ok(None),
            _ => self.flag(column).map(Some),
        }
    }

    /// Text that must be there.
    pub(crate) fn text(&self, column: usize) -> Result<&str, SqlError> {
        self.optional(column)?.ok_or_else(|| SqlError::column(column, "text"))
    }

    /// Text that may be missing.
    pub(crate) fn optional(&self, column: usize) -> Result<Option<&str>, SqlError> {
        match self.0.get(column) {
            Some(Value::Text(value)) => Ok(value.as_deref()),
            Some(Value::Int(None) | Value::Bool(None)) => Ok(None),
            _ => Err(SqlError::column(column, "text")),
        }
    }

    /// Takes text out as bytes, without copying them.
    pub(crate) fn take_bytes(&mut self, column: usize) -> Result<Option<Bytes>, SqlError> {
        match self.0.get_mut(column) {
            Some(Value::Text(value)) => Ok(value.take().map(|text| Bytes::from(text.into_bytes()))),
            Some(Value::Int(None) | Value::Bool(None)) => Ok(None),
            _ => Err(SqlError::column(column, "text")),
        }
    }

    pub(crate) fn values(&self) -> &[Value] {
        &self.0
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(Some(value))
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}

impl From<&ResourceId> for Value {
    fn from(value: &ResourceId) -> Self {
        value.as_str().into()
    }
}

impl From<Vec<String>> for Value {
    fn from(value: Vec<String>) -> Self {
        Self::Texts(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_become_the_text_of_their_engine() {
        let template = "SELECT {greatest}(a, ?1) FROM {s}t r WHERE id {in 2}{share}";
        let text = |engine, schema| Statement::of(engine, schema, template, Vec::new()).text().to_owned();
        assert_eq!(
            text(Engine::Postgres, "scim."),
            "SELECT GREATEST(a, $1) FROM scim.t r WHERE id = ANY($2) FOR KEY SHARE OF r"
        );
        assert_eq!(
            text(Engine::Sqlite, ""),
            "SELECT MAX(a, ?1) FROM t r WHERE id IN (SELECT value FROM json_each(?2))"
        );
    }
}
