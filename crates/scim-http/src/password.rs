//! Passwords on their way to the host (decision D30).

use std::fmt::Debug;

use async_trait::async_trait;
use scim_core::{ResourceId, resource::Password};
use scim_store::{Result, Scope};

use crate::site::Site;

/// Takes the passwords that clients set. The library itself neither stores nor shows them.
///
/// Where there is none, neither stores nor guards hear of passwords. A guard is asked about each before it is set; a
/// [`Protection`](scim_store::Protection) refuses those of administrators (decision D72).
///
/// A password is set after the write has been committed: a host that must set the password in the same transaction reads it in
/// its own store, from [`Draft`](scim_core::Draft) and [`Edit`](scim_core::Edit), and gives a sink that sets nothing.
#[async_trait]
pub trait PasswordSink: Debug + Send + Sync + 'static {
    /// Says whether a password may be set, by the host's rules; asked before anything is written.
    ///
    /// # Errors
    ///
    /// `Input` for a password that is too weak; the answer then is that error, and nothing has changed.
    async fn check(&self, scope: &Scope, password: &Password) -> Result<()> {
        let _ = (scope, password);
        Ok(())
    }

    /// Sets the password of a user of `scope.tenant()`; to be hashed, never kept as it is (RFC 7643 section 9.2).
    ///
    /// # Errors
    ///
    /// `Unavailable` or any other error; the answer then says that the request failed, and setting it again is safe.
    async fn set(&self, scope: &Scope, id: &ResourceId, password: &Password) -> Result<()>;
}

impl Site {
    /// Whether the host takes passwords; else stores and guards hear of none.
    pub(crate) fn takes_passwords(&self) -> bool {
        self.password_sink.is_some()
    }

    /// Asks the host, if it takes passwords, whether it will take this one.
    pub(crate) async fn check_password(&self, scope: &Scope, password: Option<&Password>) -> Result<()> {
        match (&self.password_sink, password) {
            (Some(sink), Some(password)) => sink.check(scope, password).await,
            _ => Ok(()),
        }
    }

    /// Hands a password to the host, if it takes them.
    pub(crate) async fn set_password(&self, scope: &Scope, id: &ResourceId, password: Option<&Password>) -> Result<()> {
        match (&self.password_sink, password) {
            (Some(sink), Some(password)) => sink.set(scope, id, password).await,
            _ => Ok(()),
        }
    }
}
