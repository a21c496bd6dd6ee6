//! How writes land in a host's tables.

use serde_json::Value;

/// How writes of a type land in its table, beside the columns that hold attributes.
///
/// What an attribute has no column for is kept in the library's own tables, in the same database and transaction, as are
/// versions, times, prepared keys and the record of changes.
#[derive(Debug, Clone, Default)]
pub struct WriteMap {
    pub(super) defaults: Vec<(String, Fill)>,
    pub(super) uniques: Vec<(String, String)>,
    pub(super) removal: Option<(String, Value)>,
    pub(super) adoption: Option<(String, Value)>,
}

/// What a column gets where no attribute says.
#[derive(Debug, Clone)]
pub(super) enum Fill {
    Sql(String),
    Value(Value),
}

impl WriteMap {
    /// Rows are inserted with nothing but what attributes say, and deleted.
    pub fn new() -> Self {
        Self::default()
    }

    /// A text, whole number or Boolean for a column that is NOT NULL: in new rows, and where its attribute is removed.
    #[must_use]
    pub fn otherwise(mut self, column: &str, value: impl Into<Value>) -> Self {
        self.defaults.push((column.to_owned(), Fill::Value(value.into())));
        self
    }

    /// The same by an SQL expression of the host's, such as `CURRENT_TIMESTAMP`.
    #[must_use]
    pub fn otherwise_sql(mut self, column: &str, expression: &str) -> Self {
        self.defaults
            .push((column.to_owned(), Fill::Sql(expression.to_owned())));
        self
    }

    /// A row that a unique index or constraint of the host's refuses is answered by 409, naming this attribute. On SQLite,
    /// which does not tell the name of an index, it is all the columns that it tells: `accounts.org, accounts.login`.
    #[must_use]
    pub fn unique(mut self, index: &str, path: &str) -> Self {
        self.uniques.push((index.to_owned(), path.to_owned()));
        self
    }

    /// A deletion leaves the row there and sets a column, such as `status` to `gone`; the condition of
    /// [`visible`](crate::host::Table::visible) must hide it then. Rows of lists and links are deleted.
    #[must_use]
    pub fn delete_by(mut self, column: &str, value: impl Into<Value>) -> Self {
        self.removal = Some((column.to_owned(), value.into()));
        self
    }

    /// Accounts that [`visible`](crate::host::Table::visible) hides can be [adopted](scim_store::Adoption): a row gets what the
    /// request says, keeps the rest, and has a column set, such as `origin` to `scim`, by which the condition of `visible` must
    /// hold then. All of it is one transaction. Without it identifiers that are given are refused.
    #[must_use]
    pub fn adopt_by(mut self, column: &str, value: impl Into<Value>) -> Self {
        self.adoption = Some((column.to_owned(), value.into()));
        self
    }

    pub(super) fn fill(&self, column: &str) -> Option<&Fill> {
        let mut defaults = self.defaults.iter();
        defaults.find(|(name, _)| name == column).map(|(_, fill)| fill)
    }
}
