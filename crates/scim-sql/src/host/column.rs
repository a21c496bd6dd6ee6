//! Columns that hold the value of an attribute.

use scim_core::schema::{Attribute, AttributeType};
use serde_json::Value;

use crate::{
    Engine,
    host::name::{is_name, is_path, literal, qualified},
};

/// A column that holds the value of an attribute, and in which form. NULL is no value.
///
/// A name such as `login` is that of a column of the table itself; one such as `d.name` belongs to a
/// [join](crate::host::Table::join), and is read only.
#[derive(Debug, Clone)]
pub struct Column {
    pub(super) name: String,
    pub(super) form: ColumnForm,
    pub(super) folded: Option<String>,
    /// Where it stands in a JSON document that the column holds.
    pub(super) inside: Vec<String>,
    pub(super) is_read_only: bool,
}

#[derive(Debug, Clone)]
pub(super) enum ColumnForm {
    Text,
    Bool,
    Int,
    Time(TimeForm),
    Codes(Vec<(String, Value)>),
    Constant(Value),
}

/// How a column keeps points in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeForm {
    /// Milliseconds since 1970, a whole number. The one form in which a filter by it can use an index of the column.
    Millis,
    /// TIMESTAMPTZ of PostgreSQL (TIMESTAMP is read as UTC); of SQLite, any text that its date functions read as UTC.
    Native,
    /// Seconds since 1970, a whole number.
    Seconds,
}

impl Column {
    /// Text. Where the attribute compares with case, filters and orders use the column itself; where it does not, they
    /// need a [folded](Self::folded) column beside it.
    pub fn text(name: &str) -> Self {
        Self::new(name, ColumnForm::Text)
    }

    /// A truth value: BOOLEAN of PostgreSQL, 0 and 1 of SQLite.
    pub fn boolean(name: &str) -> Self {
        Self::new(name, ColumnForm::Bool)
    }

    /// A whole number.
    pub fn integer(name: &str) -> Self {
        Self::new(name, ColumnForm::Int)
    }

    /// A point in time, whole to milliseconds.
    pub fn time(name: &str, form: TimeForm) -> Self {
        Self::new(name, ColumnForm::Time(form))
    }

    /// Codes of the host's for values of the attribute, such as `enabled` for true. Of several codes for one value the
    /// first is written; a code that is not in the list reads as no value. Enumerated types of PostgreSQL fit.
    pub fn codes<'a, V: Into<Value>>(name: &str, codes: impl IntoIterator<Item = (&'a str, V)>) -> Self {
        let codes = codes.into_iter().map(|(code, value)| (code.to_owned(), value.into()));
        Self::new(name, ColumnForm::Codes(codes.collect()))
    }

    /// The same value in every row: text or a Boolean.
    pub fn constant(value: impl Into<Value>) -> Self {
        let mut column = Self::new("constant", ColumnForm::Constant(value.into()));
        column.is_read_only = true;
        column
    }

    /// With a column beside it that holds the text prepared for comparison without case: by [`fold`](scim_core::fold::fold),
    /// that of `userName` by [`UserNameKey::map`](scim_core::username::UserNameKey::map). The library keeps it for what it
    /// writes, the host for what it writes itself; no engine can fold text as the library does.
    #[must_use]
    pub fn folded(mut self, column: &str) -> Self {
        self.folded = Some(column.to_owned());
        self
    }

    /// The value stands inside of a JSON document that the column holds, under these names; it is read only.
    #[must_use]
    pub fn inside(mut self, names: &[&str]) -> Self {
        self.inside = names.iter().map(|name| (*name).to_owned()).collect();
        self.is_read_only = true;
        self
    }

    /// Writes of it are refused.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }

    fn new(name: &str, form: ColumnForm) -> Self {
        Self {
            name: name.to_owned(),
            form,
            folded: None,
            inside: Vec::new(),
            is_read_only: name.contains('.'),
        }
    }

    /// Says what is wrong with the column for the attribute.
    pub(super) fn check(&self, attribute: &Attribute) -> Result<(), String> {
        use AttributeType as T;
        let columns = [Some(&self.name), self.folded.as_ref()];
        if let Some(name) = columns.into_iter().flatten().find(|name| !is_path(name)) {
            return Err(format!(
                "`{name}` is not the name of a column; put an expression into a view, or a name of other signs into double quotes"
            ));
        }
        if let Some(name) = self.inside.iter().find(|name| !is_name(name) || name.contains('"')) {
            return Err(format!("`{name}` inside of `{}` is no plain name", self.name));
        }
        let fits = match (&self.form, attribute.kind) {
            (ColumnForm::Text, T::String | T::Reference | T::Binary)
            | (ColumnForm::Bool, T::Boolean)
            | (ColumnForm::Int, T::Integer | T::Decimal)
            | (ColumnForm::Time(_), T::DateTime) => true,
            (ColumnForm::Codes(codes), kind) => {
                !codes.is_empty() && codes.iter().all(|(_, value)| is_of(value, kind)) && kind != T::DateTime
            }
            (ColumnForm::Constant(value), kind) => is_of(value, kind) && !value.is_number(),
            _ => false,
        };
        if !fits {
            return Err(format!("`{}` does not hold what `{}` is", self.name, attribute.name));
        }
        if self.folded.is_some() && (!matches!(self.form, ColumnForm::Text) || !is_folded(attribute)) {
            return Err(format!("`{}` compares as it is: leave `folded` out", attribute.name));
        }
        Ok(())
    }

    /// The value of the row with this alias, as an expression of the type that filters compare.
    pub(super) fn sql(&self, engine: Engine, alias: &str) -> String {
        let column = qualified(alias, &self.name);
        let value = match (self.inside.as_slice(), engine) {
            ([], _) => column,
            (names, Engine::Postgres) => {
                let value = format!("({column} #>> {})", literal(&format!("{{{}}}", names.join(","))));
                match self.form {
                    ColumnForm::Bool => format!("CAST({value} AS BOOLEAN)"),
                    ColumnForm::Int | ColumnForm::Time(TimeForm::Millis | TimeForm::Seconds) => {
                        format!("CAST({value} AS BIGINT)")
                    }
                    ColumnForm::Time(TimeForm::Native) => format!("CAST({value} AS TIMESTAMPTZ)"),
                    _ => value,
                }
            }
            (names, Engine::Sqlite) => {
                let path: String = names.iter().map(|name| format!(".\"{name}\"")).collect();
                format!("json_extract({column}, {})", literal(&format!("${path}")))
            }
        };
        match &self.form {
            ColumnForm::Time(form) => millis(engine, &value, *form),
            ColumnForm::Constant(Value::Bool(value)) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
            ColumnForm::Constant(value) => literal(value.as_str().unwrap_or_default()),
            ColumnForm::Text | ColumnForm::Bool | ColumnForm::Int | ColumnForm::Codes(_) => value,
        }
    }

    /// The same, as an expression of a type that rows are read as.
    pub(super) fn selected(&self, engine: Engine, alias: &str) -> String {
        let value = self.sql(engine, alias);
        match self.form {
            ColumnForm::Text | ColumnForm::Codes(_) => format!("CAST({value} AS TEXT)"),
            ColumnForm::Int => format!("CAST({value} AS BIGINT)"),
            _ => value,
        }
    }

    /// The column that is compared, where it is another than the one that is shown.
    pub(super) fn prepared(&self, alias: &str) -> Option<String> {
        self.folded.as_ref().map(|column| qualified(alias, column))
    }

    /// The attribute's value of what was read.
    pub(super) fn value(&self, read: Value) -> Option<Value> {
        match (&self.form, read) {
            (_, Value::Null) => None,
            (ColumnForm::Bool | ColumnForm::Constant(Value::Bool(_)), Value::Number(number)) => {
                Some(Value::Bool(number.as_i64() != Some(0)))
            }
            (ColumnForm::Time(_), Value::Number(number)) => {
                let time = chrono::DateTime::from_timestamp_millis(number.as_i64()?)?;
                Some(scim_core::datetime::format(&time).into())
            }
            (ColumnForm::Codes(codes), Value::String(text)) => {
                let known = codes.iter().find(|(code, _)| *code == text);
                known.map(|(_, value)| value.clone())
            }
            (_, value) => Some(value),
        }
    }
}

/// Whether text of the attribute compares without case.
pub(super) fn is_folded(attribute: &Attribute) -> bool {
    attribute.kind == AttributeType::String && !attribute.case_exact
}

fn is_of(value: &Value, kind: AttributeType) -> bool {
    match kind {
        AttributeType::Boolean => value.is_boolean(),
        AttributeType::Integer => value.is_i64(),
        AttributeType::Decimal => value.is_number(),
        AttributeType::Complex => false,
        _ => value.is_string(),
    }
}

/// Milliseconds since 1970 of a point in time.
fn millis(engine: Engine, value: &str, form: TimeForm) -> String {
    match (form, engine) {
        (TimeForm::Millis, _) => value.to_owned(),
        (TimeForm::Seconds, _) => format!("({value} * 1000)"),
        (TimeForm::Native, Engine::Postgres) => format!("CAST(floor(extract(epoch FROM {value}) * 1000) AS BIGINT)"),
        (TimeForm::Native, Engine::Sqlite) => format!("CAST(round(unixepoch({value}, 'subsec') * 1000) AS INTEGER)"),
    }
}
