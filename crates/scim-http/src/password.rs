//! Passwords on their way to the host (decision D30).

use std::fmt::Debug;

use async_trait::async_trait;
use scim_core::{ResourceId, resource::Password};
use scim_store::{Result, Scope};

/// Takes the passwords that clients set. The library itself neither stores nor shows them.
///
/// It is called after the write has been committed: a host that must set the password in the same transaction reads it in
/// its own store, from [`Draft`](scim_core::Draft) and [`Edit`](scim_core::Edit), and gives a sink that does nothing.
#[async_trait]
pub trait PasswordSink: Debug + Send + Sync + 'static {
    /// Sets the password of a user of `scope.tenant()`; to be hashed, never kept as it is (RFC 7643 section 9.2).
    ///
    /// # Errors
    ///
    /// `Unavailable` or any other error; the answer then says that the request failed, and setting it again is safe.
    async fn set(&self, scope: &Scope, id: &ResourceId, password: &Password) -> Result<()>;
}
