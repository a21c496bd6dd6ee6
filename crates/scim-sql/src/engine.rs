//! The database engines, and how their SQL differs.

use crate::prepared::key;

/// A database engine whose SQL is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Engine {
    /// PostgreSQL 14 or later.
    Postgres,
    /// SQLite 3.45 or later.
    Sqlite,
}

impl Engine {
    /// The sign before the number of a parameter.
    pub(crate) fn parameter(self) -> char {
        match self {
            Self::Postgres => '$',
            Self::Sqlite => '?',
        }
    }

    /// What makes text compare byte by byte.
    pub(crate) fn binary(self) -> &'static str {
        match self {
            Self::Postgres => " COLLATE \"C\"",
            Self::Sqlite => " COLLATE BINARY",
        }
    }

    /// The JSON value at a path of names in a JSON expression.
    pub(crate) fn json(self, base: &str, path: &[&str]) -> String {
        match (self, path) {
            (_, []) => base.to_owned(),
            (Self::Postgres, path) => {
                let path: String = path.iter().map(|name| format!(" -> {}", literal(&key(name)))).collect();
                format!("({base}{path})")
            }
            (Self::Sqlite, path) => format!("({base} -> {})", json_path(path)),
        }
    }

    /// The text at a path of names in a JSON expression.
    pub(crate) fn json_text(self, base: &str, path: &[&str]) -> String {
        match (self, path.split_last()) {
            (_, None) => base.to_owned(),
            (Self::Postgres, Some((last, path))) => {
                format!("({} ->> {})", self.json(base, path), literal(&key(last)))
            }
            (Self::Sqlite, Some(_)) => format!("({base} ->> {})", json_path(path)),
        }
    }

    /// What follows FROM for the elements of a list in a JSON expression: `alias.value` is one of them, and
    /// [`Engine::json_order`] their order.
    pub(crate) fn json_elements(self, base: &str, path: &[&str], alias: &str) -> String {
        match self {
            // Unlike jsonb_array_elements it takes whatever it finds.
            Self::Postgres => {
                let list = self.json(base, path);
                format!("jsonb_path_query({list}, 'lax $[*]') WITH ORDINALITY AS {alias}(value, key)")
            }
            Self::Sqlite if path.is_empty() => format!("json_each({base}) {alias}"),
            Self::Sqlite => format!("json_each({base}, {}) {alias}", json_path(path)),
        }
    }
}

/// SQL for a text that the library or the host wrote.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn json_path(path: &[&str]) -> String {
    let path: String = path.iter().map(|name| format!(".\"{}\"", key(name))).collect();
    literal(&format!("${path}"))
}
