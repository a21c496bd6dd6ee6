//! What a database answers instead of rows.

use std::error::Error as StdError;

use scim_core::InputError;
use scim_store::StoreError;

type Source = Box<dyn StdError + Send + Sync>;

/// A failure of a statement, sorted by what can be done about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqlError {
    /// Another transaction was in the way (busy, deadlock, serialization): the whole transaction may be tried again.
    #[error("another transaction is in the way")]
    Conflict(#[source] Source),
    /// The connection is lost, or none could be had: as above, on another connection; a commit may have happened.
    #[error("the database is out of reach")]
    #[cfg_attr(
        all(feature = "sqlite", not(feature = "postgres")),
        expect(dead_code, reason = "a file is not lost on the way")
    )]
    Lost(#[source] Source),
    /// A unique index refused a row; the name of the index or constraint, as far as the engine tells it.
    #[error("a unique index refused the row")]
    Unique(String),
    /// Anything else.
    #[error("the database failed")]
    Other(#[source] Source),
}

impl SqlError {
    pub(crate) fn other(source: impl Into<Source>) -> Self {
        Self::Other(source.into())
    }

    /// A column does not hold what the schema says.
    pub(crate) fn column(column: usize, wanted: &str) -> Self {
        Self::other(format!("column {column} of the answer does not hold {wanted}"))
    }

    /// Whether the whole transaction is worth another try.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self, Self::Conflict(_) | Self::Lost(_))
    }
}

/// Why a verb did not come to its end: its transaction is to be rolled back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The answer to the caller.
    #[error(transparent)]
    Store(StoreError),
    /// What the database said; the verb may be tried again from its start where that [is temporary](SqlError::is_temporary).
    #[error(transparent)]
    Sql(SqlError),
}

impl Failure {
    /// What was read is not what is there any more: the verb is to be tried again.
    pub(crate) fn overtaken() -> Self {
        Self::Sql(SqlError::Conflict("another transaction changed what was read".into()))
    }

    /// Whether the verb is worth another try in a new transaction.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self, Self::Sql(error) if error.is_temporary())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Self::Store(error.into())
    }
}

impl From<SqlError> for Failure {
    /// A unique index that speaks up was raced past: verbs look before they write, and find out who was first when they look again.
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Unique(index) => Self::Sql(SqlError::Conflict(index.into())),
            error => Self::Sql(error),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Store(error) => error,
            Failure::Sql(error) => error.into(),
        }
    }
}

/// Seconds after which a client may try again what a busy or restarting database did not take.
pub(crate) const RETRY_AFTER: u32 = 2;

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        match error {
            error if error.is_temporary() => Self::Unavailable {
                retry_after: RETRY_AFTER,
                source: Some(Box::new(error)),
            },
            error => Self::other(error),
        }
    }
}
