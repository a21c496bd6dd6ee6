//! Columns that tell rows apart.

use crate::{Engine, compile::is_uuid, host::name::qualified};

/// The column of an identifier or of a tenant: how its values look as text.
///
/// Clients see the text. A text that is not written as the library writes the value (`007`) names no row.
#[derive(Debug, Clone)]
pub struct Key {
    pub(super) column: String,
    pub(super) form: KeyForm,
    pub(super) prefix: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyForm {
    Integer,
    Text,
    Uuid,
}

impl Key {
    /// A whole number, such as INTEGER PRIMARY KEY or BIGINT.
    pub fn integer(column: &str) -> Self {
        Self::new(column, KeyForm::Integer)
    }

    /// Text, compared as it is.
    pub fn text(column: &str) -> Self {
        Self::new(column, KeyForm::Text)
    }

    /// A UUID: the type of PostgreSQL, or text of SQLite in lower case with hyphens.
    pub fn uuid(column: &str) -> Self {
        Self::new(column, KeyForm::Uuid)
    }

    /// With a text before each value, such as `u` for `u17`. Identifiers are unique over all types of a service
    /// (RFC 7643 section 3.1 knows one `id` for each resource), and the numbers of two tables are not.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    fn new(column: &str, form: KeyForm) -> Self {
        Self {
            column: column.to_owned(),
            form,
            prefix: String::new(),
        }
    }

    /// The value as text, without its prefix, if the text is one that the library writes.
    pub(super) fn read<'a>(&self, text: &'a str) -> Option<&'a str> {
        let text = text.strip_prefix(self.prefix.as_str())?;
        let is_own = match self.form {
            KeyForm::Text => !text.contains('\0'),
            KeyForm::Integer => text.parse::<i64>().is_ok_and(|number| number.to_string() == text),
            KeyForm::Uuid => is_uuid(text),
        };
        is_own.then_some(text)
    }

    /// The column of the row with this alias.
    pub(super) fn sql(&self, alias: &str) -> String {
        qualified(alias, &self.column)
    }

    /// The text of the column, as an expression.
    pub(super) fn as_text(&self, alias: &str) -> String {
        self.text_of(&self.sql(alias))
    }

    /// The text of a column that holds the same, such as that of a link.
    pub(super) fn text_of(&self, column: &str) -> String {
        let text = match self.form {
            KeyForm::Text => column.to_owned(),
            KeyForm::Integer | KeyForm::Uuid => format!("CAST({column} AS TEXT)"),
        };
        if self.prefix.is_empty() {
            text
        } else {
            format!("({} || {text})", super::name::literal(&self.prefix))
        }
    }

    /// What stands beside the column to compare it with a text, such as a parameter: the engine's type of the column.
    pub(super) fn operand(&self, engine: Engine, text: &str) -> String {
        match (self.form, engine) {
            (KeyForm::Integer, _) => format!("CAST({text} AS BIGINT)"),
            (KeyForm::Uuid, Engine::Postgres) => format!("CAST({text} AS UUID)"),
            (KeyForm::Text | KeyForm::Uuid, _) => format!("CAST({text} AS TEXT)"),
        }
    }

    /// A column that holds the same is one of a list of texts, which is a parameter.
    pub(super) fn among(&self, engine: Engine, column: &str, list: &str) -> String {
        match engine {
            Engine::Postgres => {
                let kind = match self.form {
                    KeyForm::Integer => "BIGINT",
                    KeyForm::Text => "TEXT",
                    KeyForm::Uuid => "UUID",
                };
                format!("{column} = ANY(CAST({list} AS {kind}[]))")
            }
            Engine::Sqlite => {
                let value = self.operand(engine, "value");
                format!("{column} IN (SELECT {value} FROM json_each({list}))")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_that_is_handed_out_names_a_row() {
        let number = Key::integer("id").prefix("u");
        assert_eq!(number.read("u17"), Some("17"));
        for other in ["17", "u017", "u+17", "u 17", "u", "u17x", "u9223372036854775808"] {
            assert_eq!(number.read(other), None, "{other}");
        }
        let uuid = Key::uuid("id");
        assert!(uuid.read("4fd7b7a2-6b3f-4c1a-9a47-0c5f1c3f2a11").is_some());
        assert!(uuid.read("4FD7B7A2-6B3F-4C1A-9A47-0C5F1C3F2A11").is_none());
        assert!(uuid.read("nobody").is_none());
        assert_eq!(Key::text("id").read("any thing"), Some("any thing"));
    }
}
