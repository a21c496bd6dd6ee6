//! Changes that the product makes by itself, and what SCIM clients are to be told of them.

use std::sync::Arc;

use scim_http::core::{ResourceId, schema::ResourceType};

use super::{Result, Row, Sql};

/// A statement of a change; SCIM clients see nothing of it where nothing is told.
pub(crate) struct Step {
    pub(crate) sql: Sql,
    pub(crate) told: Option<Told>,
}

/// What is told of the rows that a statement answers with, the first column of which is their key.
pub(crate) struct Told {
    pub(crate) kind: Arc<ResourceType>,
    pub(crate) id: fn(i64) -> ResourceId,
    /// The paths of the attributes that changed.
    pub(crate) changed: &'static [&'static str],
}

impl Told {
    pub(super) fn ids(&self, rows: &[Row]) -> Result<Vec<ResourceId>> {
        rows.iter().map(|row| row.int(0).map(self.id)).collect()
    }
}

impl From<Sql> for Step {
    fn from(sql: Sql) -> Self {
        Self { sql, told: None }
    }
}
