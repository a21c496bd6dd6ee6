//! Who asks: the seam to the host's credentials (RFC 7644 section 2).

use std::{error::Error as StdError, fmt::Debug, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use http::request::Parts;
use scim_store::Principal;

/// Tells who sent a request. It is asked before anything else is looked at, for every route and method.
#[async_trait]
pub trait Authenticator: Debug + Send + Sync + 'static {
    /// The principal behind the head of a request, at the time `now`.
    ///
    /// The tenant must come from the credentials alone; a URL of another tenant's is refused behind (decision D48). Credentials in the URL are not to be accepted (RFC 7644 section 7.4).
    ///
    /// # Errors
    ///
    /// [`AuthError::Unauthorized`] for credentials that are missing, wrong, expired or revoked, always the same.
    async fn authenticate(&self, head: &Parts, now: DateTime<Utc>) -> Result<Principal, AuthError>;

    /// The value of `WWW-Authenticate` for an answer of 401 (RFC 6750 section 3).
    fn challenge(&self) -> &str {
        "Bearer realm=\"scim\""
    }
}

/// Why there is no principal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// Known, but not welcome: 403.
    #[error("forbidden")]
    Forbidden,
    /// The credentials cannot be checked now: 503, and worth another try after so many seconds.
    #[error("the credentials cannot be checked now")]
    Unavailable {
        /// When to try again, in seconds.
        retry_after: u32,
        /// The cause, for the host's log.
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// Missing, wrong, expired or revoked: 401.
    #[error("unauthorized")]
    Unauthorized,
}

#[async_trait]
impl<A: Authenticator + ?Sized> Authenticator for Arc<A> {
    async fn authenticate(&self, head: &Parts, now: DateTime<Utc>) -> Result<Principal, AuthError> {
        (**self).authenticate(head, now).await
    }

    fn challenge(&self) -> &str {
        (**self).challenge()
    }
}
