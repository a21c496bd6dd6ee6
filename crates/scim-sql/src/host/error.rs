//! Why a map cannot be served.

use scim_store::StoreError;

use crate::{OpenError, error::SqlError};

/// A map that contradicts the resource types or the database; the text says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// The map itself.
    #[error("the map of {kind}: {problem}")]
    Map {
        /// The name of the resource type.
        kind: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The map and the database: a table or a column that is not there, or a condition that the database does not take.
    #[error("the map of {kind}: the database refuses {what}; see whether it is there, and under this name")]
    Database {
        /// The name of the resource type.
        kind: String,
        /// The table, column or condition.
        what: String,
        /// What the database said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database could not be asked.
    #[error("the database could not be asked about the map")]
    Unreachable(#[source] StoreError),
}

/// Why a store of a host's tables could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The map does not fit.
    #[error(transparent)]
    Map(#[from] MapError),
    /// The database could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl MapError {
    pub(crate) fn new(kind: &str, problem: impl Into<String>) -> Self {
        Self::Map {
            kind: kind.to_owned(),
            problem: problem.into(),
        }
    }

    pub(crate) fn database(kind: &str, what: &str, error: SqlError) -> Self {
        if error.is_temporary() {
            return Self::Unreachable(error.into());
        }
        Self::Database {
            kind: kind.to_owned(),
            what: what.to_owned(),
            source: Box::new(error),
        }
    }
}
