//! Why there is no token.

use std::error::Error as StdError;

use scim_store::StoreError;

use crate::TokenError;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The expiry is over already.
    #[error("the expiry is not in the future")]
    Expired,
    /// The link is wrong, was opened before, or is over; or what it was to replace is gone.
    #[error("the link is wrong, was opened before, or is over")]
    Link,
    /// The tenant has no such credential, or it has been replaced, was revoked, or is over.
    #[error("no such credential, or it has been replaced or has ended")]
    NotFound,
    /// The link could not be sent, or there is nobody who would; it can be opened by no one who did not get it.
    #[error("the link could not be sent")]
    Notifier(#[source] Option<Box<dyn StdError + Send + Sync>>),
    /// The store failed.
    #[error("the credentials cannot be reached")]
    Store(#[source] StoreError),
    /// No token can be made.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// The error that says what was not there.
pub(super) fn not_found(error: CredentialError, instead: CredentialError) -> CredentialError {
    match error {
        CredentialError::Store(StoreError::NotFound) => instead,
        other => other,
    }
}
