//! Why a store could not be opened.

use std::error::Error as StdError;

/// Why a store could not be opened. The sources are for whoever runs the service.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The database could not be reached, stayed busy, or failed.
    #[error("the database could not be opened")]
    Database(#[source] Box<dyn StdError + Send + Sync>),
    /// The tables were made by something else.
    #[error("the database holds `{found}` as its migration {version}, which is not this library's")]
    Foreign {
        /// The number of the migration.
        version: i64,
        /// Its name in the database.
        found: String,
    },
    /// The tables were made by a later release, which this one must not write to.
    #[error("the tables have version {found} and this release knows version {known}: use a later release")]
    Newer {
        /// The version of the tables.
        found: i64,
        /// The last version that this release knows.
        known: i64,
    },
    /// The path or the URL names no database.
    #[error("{0}")]
    Place(String),
    /// A setting did not take.
    #[error("the database has {name} {found}, although {wanted} was asked for")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it had to be.
        wanted: String,
        /// What it is.
        found: String,
    },
}

impl OpenError {
    pub(crate) fn database(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Database(source.into())
    }
}
