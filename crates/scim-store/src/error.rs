//! Why a store did not do what it was asked.

use std::error::Error as StdError;

use scim_core::InputError;

use crate::Denial;

/// The result of a store's verb.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why a store did not do what it was asked; sorted by what the caller can do about it.
///
/// On any error nothing has changed. The sources are for the host's log, never for the client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The guard said no: 403, or 429 if it is for now.
    #[error("denied: {0}")]
    Denied(Denial),
    /// What the client sent cannot be done to this resource: 400 with its keyword.
    #[error(transparent)]
    Input(#[from] InputError),
    /// No resource of this type and identifier in the tenant: 404.
    #[error("no such resource")]
    NotFound,
    /// The version is not the one that the client asked for: 412.
    #[error("the version is another one")]
    Precondition,
    /// Too many resources would have to be looked through: 400 `tooMany`.
    #[error("the query would look through too many resources")]
    TooMany,
    /// Busy, restarting or out of reach: 503, and worth another try after so many seconds.
    #[error("temporarily unavailable")]
    Unavailable {
        /// When to try again, in seconds.
        retry_after: u32,
        /// The cause.
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// A value that must be unique is taken: 409 `uniqueness`.
    #[error("`{attribute}` is taken")]
    Uniqueness {
        /// The path of the attribute.
        attribute: String,
    },
    /// The store cannot do this at all: 400 or 501, naming the attribute.
    #[error("unsupported: {what}")]
    Unsupported {
        /// The attribute, or what else is not supported; safe to show.
        what: String,
    },
    /// Anything else: 500, and nothing for the client to see.
    #[error("the store failed")]
    Other(#[source] Box<dyn StdError + Send + Sync>),
}

impl StoreError {
    /// Any error of a back end that the client can do nothing about.
    pub fn other(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Other(source.into())
    }
}
