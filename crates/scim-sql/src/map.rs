//! Where the attributes of a resource type stand in tables.

mod maps;
mod own;

use std::collections::HashMap;

use serde_json::Value;

pub(crate) use maps::{KeptMaps, Maps};
pub(crate) use own::{LONGEST_LOOKED_UP, has_own_column, table_map};

/// Where the resources of one type stand. Every text is SQL that the library or the host wrote; none comes from a client.
///
/// In all of them `{tenant}` and `{kind}` stand for the tenant and the name of the type, which are bound.
#[derive(Debug, Clone)]
pub(crate) struct TableMap {
    /// What follows FROM: the table and its alias, with the joins that single values need, such as `accounts a`.
    pub(crate) from: String,
    /// Conditions that hold for every row of the type that SCIM may see, such as
    /// `a.org_slug = {tenant} AND a.is_service = 0`. It is put in parentheses.
    pub(crate) visible: String,
    /// What a search reads of a row, in the order in which the reader of rows expects it.
    pub(crate) columns: Vec<String>,
    /// The identifier.
    pub(crate) id: Column,
    /// The order of creation: a whole number, unique in the table, with an index that has the tenant before it.
    pub(crate) place: String,
    /// The order of creation where several types are searched at once: a whole number that compares with those of their
    /// tables, such as milliseconds since 1970; the place where there is none.
    pub(crate) across: Option<String>,
    /// A whole SELECT of how many rows there are, where that is known without counting.
    pub(crate) total: Option<String>,
    /// A whole SELECT of (`stretch`, `number`): how many rows there are in each stretch of `1 << STRETCH` places, where that
    /// is known without counting.
    pub(crate) stretches: Option<String>,
    /// Where attributes stand, by their path such as `userName`, `name.familyName`, `emails` or
    /// `urn:..:User:department`. The elements of a multi-valued attribute have one entry, [`Source::Child`].
    pub(crate) sources: HashMap<String, Source>,
    /// A column with the prepared document (see `prepared.rs`) for every attribute without a source of its own; where
    /// there is none, such an attribute is `Unsupported`.
    pub(crate) document: Option<String>,
    /// Members of a type that has them, and what the resources are members of.
    pub(crate) members: Option<LinkMap>,
    pub(crate) memberships: Option<LinkMap>,
}

/// Where the values of one attribute stand.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A single value, complete: the document does not hold it as well.
    Column(Column),
    /// The values of a multi-valued attribute: rows of another table.
    Child {
        rows: Rows,
        /// Sub-attribute by name; a simple attribute has the one entry `value`.
        subs: HashMap<String, Column>,
    },
    /// An index on values that stand in the document as well: `eq` finds rows by it, everything else uses the document.
    /// Values of more bytes than `longest` are not in it. For a list its path is that of the values: `emails.value`.
    Indexed { lookup: Lookup, longest: usize },
}

/// Where prepared values are looked up.
#[derive(Debug, Clone)]
pub(crate) enum Lookup {
    /// A column of the row; NULL where there is no value, or one that is too long.
    Column(String),
    /// Rows of another table, and their column with the value.
    Child { rows: Rows, value: String },
}

/// Rows of another table that belong to a row.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    /// What follows FROM in a subquery: table and alias, such as `account_emails e`.
    pub(crate) from: String,
    /// Their column that says to which row they belong, such as `e.account_id`; never NULL.
    pub(crate) near: String,
    /// What it is equal to, such as `a.id`.
    pub(crate) row: String,
    /// Conditions on the rows besides, such as `e.tenant = {tenant}`; `TRUE` where there are none.
    pub(crate) within: String,
    /// Their order, such as `e.position`.
    pub(crate) order: String,
}

/// A column or expression with what its values mean. NULL is no value.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) sql: String,
    pub(crate) form: Form,
    /// Whether an index finds rows by it: the prepared column of [`Form::Folded`], else the column itself.
    pub(crate) is_indexed: bool,
    /// Whether every row has a value that is not empty.
    pub(crate) is_filled: bool,
}

/// How values are kept, and so how operands are bound.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// A truth value.
    Bool,
    /// A whole number.
    Int,
    /// Milliseconds since 1970.
    Millis,
    /// Text that is compared as it is; the attribute must be case-exact.
    Exact,
    /// Text as it was sent, with a column beside it that holds it prepared (folded as the attribute says).
    Folded { prepared: String },
    /// Text that is kept in prepared form only.
    Prepared,
    /// Text as it was sent, with nothing prepared beside it: it can be there or not, and is compared with nothing.
    Shown,
    /// A value that clients see as text, behind a prefix, such as an identifier: `u17` for 17.
    Key { native: Native, prefix: String },
    /// A value of the host's for each value of the attribute, such as (`"enabled"`, true) for a status. Any other counts as
    /// no value.
    Coded(Vec<(String, Value)>),
    /// The same value for every row; the column is not looked at.
    Constant(Value),
}

/// What stands in the column of a [`Form::Key`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Native {
    /// A whole number.
    Numeral,
    Text,
    /// A UUID of the engine.
    Uuid,
}

/// A relation between two types.
#[derive(Debug, Clone)]
pub(crate) struct LinkMap {
    /// The rows of the relation.
    pub(crate) rows: Rows,
    /// What is to be added to FROM for `kind` and `display`, such as `JOIN scim_resource o ON ..`.
    pub(crate) join: String,
    /// The identifier of the other end, with an index.
    pub(crate) other: Column,
    /// The name of the other end's type as an expression, and which there can be; for members only.
    pub(crate) kind: String,
    pub(crate) kinds: Vec<String>,
    /// The name that the other end is shown with.
    pub(crate) display: Column,
}

#[cfg(test)]
impl TableMap {
    /// Whether an attribute stands in a column or table of its own, so that the document does not hold it.
    pub(crate) fn has_own(&self, path: &str) -> bool {
        matches!(self.sources.get(path), Some(Source::Column(_) | Source::Child { .. }))
    }
}

impl Column {
    /// A column without an index.
    pub(crate) fn new(sql: impl Into<String>, form: Form) -> Self {
        Self {
            sql: sql.into(),
            form,
            is_indexed: false,
            is_filled: false,
        }
    }

    /// With an index that finds rows by it.
    #[must_use]
    pub(crate) fn indexed(mut self) -> Self {
        self.is_indexed = true;
        self
    }

    /// That every row has a value for.
    #[must_use]
    pub(crate) fn filled(mut self) -> Self {
        self.is_filled = true;
        self
    }
}
