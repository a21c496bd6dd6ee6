//! The values of a multi-valued attribute.

use crate::host::Column;

/// Where the values of a multi-valued attribute stand: rows of another table, or columns of the row itself.
#[derive(Debug, Clone)]
pub struct List {
    pub(super) rows: Rows,
    /// Sub-attributes, each with its column; a simple attribute has the one named `value`.
    pub(super) subs: Vec<(String, Column)>,
}

#[derive(Debug, Clone)]
pub(super) enum Rows {
    Table {
        table: String,
        /// The column that names the resource's row.
        owner: String,
        /// The column that the values are in the order of.
        order: String,
        only: Option<String>,
    },
    /// One value, as long as the column of `value` is not NULL.
    Row,
}

impl List {
    /// Rows of a table: `owner` is its column that holds the key of the resource's row, `order` the one that the values are
    /// sorted by, whole numbers that tell the values of one resource apart.
    pub fn rows(table: &str, owner: &str, order: &str) -> Self {
        Self {
            rows: Rows::Table {
                table: table.to_owned(),
                owner: owner.to_owned(),
                order: order.to_owned(),
                only: None,
            },
            subs: Vec::new(),
        }
    }

    /// The one value that columns of the row itself hold, such as `email`; there is none where the column of `value` is NULL.
    pub fn of_row() -> Self {
        Self {
            rows: Rows::Row,
            subs: Vec::new(),
        }
    }

    /// Only rows for which an SQL condition of the host holds; it names columns by the alias `c`, such as `c.deleted = 0`.
    #[must_use]
    pub fn only(mut self, condition: &str) -> Self {
        if let Rows::Table { only, .. } = &mut self.rows {
            *only = Some(condition.to_owned());
        }
        self
    }

    /// With the column of a sub-attribute, such as `type`.
    #[must_use]
    pub fn column(mut self, name: &str, column: Column) -> Self {
        self.subs.push((name.to_owned(), column));
        self
    }

    /// The alias that columns have by themselves.
    pub(super) fn alias(&self) -> &'static str {
        match self.rows {
            Rows::Table { .. } => "c",
            Rows::Row => "r",
        }
    }

    /// The column of a sub-attribute.
    pub(super) fn sub(&self, name: &str) -> Option<&Column> {
        let mut subs = self.subs.iter();
        subs.find(|(sub, _)| sub.eq_ignore_ascii_case(name))
            .map(|(_, column)| column)
    }
}
