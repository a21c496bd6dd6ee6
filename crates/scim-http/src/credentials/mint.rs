//! What is to be minted, and what was.

use std::sync::Arc;

use scim_store::{Access, Credential, Expiry, Replaces};

use crate::Secret;

/// What is to be minted.
#[derive(Debug, Clone)]
#[must_use]
pub struct Mint {
    pub(super) name: Arc<str>,
    pub(super) access: Access,
    pub(super) expiry: Expiry,
    pub(super) replaces: Replaces,
}

/// What was minted: the only place where the token ever is.
#[derive(Debug)]
#[non_exhaustive]
pub struct Minted {
    /// As it is kept.
    pub credential: Credential,
    /// The token, to be shown once.
    pub token: Secret,
}

impl Mint {
    /// A credential that may read and write, of this name, until then. That it never ends has to be said.
    pub fn new(name: &str, expiry: Expiry) -> Self {
        Self {
            name: Arc::from(name),
            access: Access::Write,
            expiry,
            replaces: Replaces::Nothing,
        }
    }

    /// May read only.
    pub fn read_only(mut self) -> Self {
        self.access = Access::Read;
        self
    }

    /// In place of others.
    ///
    /// ```
    /// use chrono::TimeDelta;
    /// use scim_http::{Mint, store::{Expiry, Replaces}};
    ///
    /// // A new token, and all old ones dead.
    /// let overlap = TimeDelta::zero();
    /// let mint = Mint::new("Entra ID", Expiry::Never).replacing(Replaces::All { overlap });
    /// ```
    pub fn replacing(mut self, replaces: Replaces) -> Self {
        self.replaces = replaces;
        self
    }
}
