//! [`BearerTokens`]: a ready [`Authenticator`] for a few tokens that the host knows.

use std::{
    collections::HashMap,
    fmt,
    sync::{PoisonError, RwLock},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use http::request::Parts;
use scim_store::{Expiry, Principal};
use subtle::ConstantTimeEq;

use crate::{
    AuthError, Authenticator, TokenForms,
    forms::Shown,
    secret::{digest, random},
};

/// Tokens in memory, kept as SHA-256 digests and compared in constant time; several may be live at once.
///
/// It is for tests, and for hosts whose tokens come from elsewhere, such as a file. [`Credentials`](crate::Credentials) are for
/// tokens that are minted, listed and rotated. A token has 256 bits of randomness where [`BearerTokens::generate`] made it, so
/// that a plain digest is enough (no one can try them all).
///
/// ```
/// use scim_http::{BearerTokens, Expiry};
/// use scim_http::store::Principal;
///
/// let (tokens, token) = (BearerTokens::new(), BearerTokens::generate("acme")?);
/// tokens.add(&token, Principal::new("acme", "first token"), Expiry::Never)?;
/// assert!(tokens.revoke(&token));
/// # Ok::<(), scim_http::TokenError>(())
/// ```
#[derive(Default)]
pub struct BearerTokens {
    live: RwLock<HashMap<[u8; 32], Entry>>,
    forms: TokenForms,
}

#[derive(Clone)]
struct Entry {
    principal: Principal,
    expiry: Expiry,
    is_basic: bool,
}

/// Why a token cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Empty, or with blanks or characters that no header can carry.
    #[error("a token must be visible ASCII text without blanks")]
    Malformed,
    /// A prefix that is no short name.
    #[error("a prefix must be of 1 to 32 letters, digits and underscores")]
    Prefix,
    /// The operating system gives no randomness.
    #[error("the operating system gives no randomness: {0}")]
    Randomness(getrandom::Error),
}

impl BearerTokens {
    /// No tokens yet; `Bearer` only.
    pub fn new() -> Self {
        Self::default()
    }

    /// A new token of 256 random bits behind a prefix that scanners for leaked secrets can recognise.
    ///
    /// # Errors
    ///
    /// [`TokenError::Randomness`].
    pub fn generate(prefix: &str) -> Result<String, TokenError> {
        Ok(format!("{prefix}_{}", random()?))
    }

    /// Also takes the bare token as the value of `Authorization` (Okta's header authentication).
    #[must_use]
    pub fn allow_raw(mut self, allow: bool) -> Self {
        self.forms = self.forms.bare(allow);
        self
    }

    /// Makes a token live.
    ///
    /// # Errors
    ///
    /// [`TokenError::Malformed`]: an empty token would match an empty header.
    pub fn add(&self, token: &str, principal: Principal, expiry: Expiry) -> Result<(), TokenError> {
        if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(TokenError::Malformed);
        }
        self.insert(
            digest(token),
            Entry {
                principal,
                expiry,
                is_basic: false,
            },
        );
        Ok(())
    }

    /// Also takes a user name and a password by HTTP Basic.
    ///
    /// # Errors
    ///
    /// [`TokenError::Malformed`] where one of them is empty, or the user name holds a colon.
    pub fn with_basic(mut self, user: &str, password: &str, principal: Principal) -> Result<Self, TokenError> {
        if user.is_empty() || password.is_empty() || user.contains(':') {
            return Err(TokenError::Malformed);
        }
        self.forms = self.forms.with_basic();
        self.insert(
            digest(&format!("{user}:{password}")),
            Entry {
                principal,
                expiry: Expiry::Never,
                is_basic: true,
            },
        );
        Ok(self)
    }

    /// Ends a token at once; whether it was live.
    pub fn revoke(&self, token: &str) -> bool {
        self.live
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&digest(token))
            .is_some()
    }

    fn insert(&self, digest: [u8; 32], entry: Entry) {
        self.live
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(digest, entry);
    }

    fn find(&self, secret: &str, is_basic: bool, now: DateTime<Utc>) -> Option<Principal> {
        let wanted = digest(secret);
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        // The map is keyed by the digest of a random secret; the comparison that decides takes constant time.
        let (found, entry) = live.get_key_value(&wanted)?;
        let is_same = bool::from(found.ct_eq(&wanted)) && entry.is_basic == is_basic;
        (is_same && entry.expiry.is_after(now)).then(|| entry.principal.clone())
    }
}

#[async_trait]
impl Authenticator for BearerTokens {
    async fn authenticate(&self, head: &Parts, now: DateTime<Utc>) -> Result<Principal, AuthError> {
        let found = match self.forms.read(&head.headers) {
            Some(Shown::Token(token)) => self.find(token, false, now),
            Some(Shown::Pair(pair)) => self.find(&pair, true, now),
            None => None,
        };
        found.ok_or(AuthError::Unauthorized)
    }

    fn challenge(&self) -> &str {
        self.forms.challenge()
    }
}

impl fmt::Debug for BearerTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let live = self.live.read().map_or(0, |live| live.len());
        write!(f, "BearerTokens({live} live)")
    }
}
