//! [`BearerTokens`]: a ready [`Authenticator`] for a few tokens that the host knows.

use std::{
    collections::HashMap,
    fmt,
    sync::{PoisonError, RwLock},
};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use http::{header::AUTHORIZATION, request::Parts};
use ring::digest::{SHA256, digest as hash};
use scim_store::Principal;
use subtle::ConstantTimeEq;

use crate::{AuthError, Authenticator};

/// Tokens in memory, kept as SHA-256 digests and compared in constant time; several may be live at once.
///
/// A token has 256 bits of randomness where [`BearerTokens::generate`] made it, so that a plain digest is enough (no one can
/// try them all). How it may be sent is for the tenant to say: always as `Bearer`, and if allowed as the bare value (Okta's
/// header authentication) or as HTTP Basic.
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
    raw: bool,
    basic: bool,
}

#[derive(Clone)]
struct Entry {
    principal: Principal,
    expiry: Expiry,
    is_basic: bool,
}

/// How long a token lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a token ends or it does not")]
pub enum Expiry {
    /// Until then.
    At(DateTime<Utc>),
    /// Until it is revoked (decision D35: said, never by default).
    Never,
}

/// Why a token cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Empty, or with blanks or characters that no header can carry.
    #[error("a token must be visible ASCII text without blanks")]
    Malformed,
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
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(TokenError::Randomness)?;
        Ok(format!(
            "{prefix}_{}",
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
        ))
    }

    /// Also takes the bare token as the value of `Authorization` (Okta's header authentication).
    #[must_use]
    pub fn allow_raw(mut self, allow: bool) -> Self {
        self.raw = allow;
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
        self.basic = true;
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
        let is_live = match entry.expiry {
            Expiry::At(end) => now < end,
            Expiry::Never => true,
        };
        (is_same && is_live).then(|| entry.principal.clone())
    }
}

#[async_trait]
impl Authenticator for BearerTokens {
    async fn authenticate(&self, head: &Parts, now: DateTime<Utc>) -> Result<Principal, AuthError> {
        let mut values = head.headers.get_all(AUTHORIZATION).iter();
        // Two headers are ambiguous: somebody on the way may have looked at the other one.
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(AuthError::Unauthorized);
        };
        let value = value.to_str().map_err(|_| AuthError::Unauthorized)?.trim();
        let found = match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => self.find(token.trim(), false, now),
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("basic") && self.basic => {
                let decoded = STANDARD.decode(token.trim()).ok();
                decoded
                    .and_then(|bytes| String::from_utf8(bytes).ok())
                    .and_then(|pair| self.find(&pair, true, now))
            }
            None if self.raw => self.find(value, false, now),
            _ => None,
        };
        found.ok_or(AuthError::Unauthorized)
    }

    fn challenge(&self) -> &str {
        if self.basic {
            "Bearer realm=\"scim\", Basic realm=\"scim\""
        } else {
            "Bearer realm=\"scim\""
        }
    }
}

impl fmt::Debug for BearerTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let live = self.live.read().map_or(0, |live| live.len());
        write!(f, "BearerTokens({live} live)")
    }
}

fn digest(secret: &str) -> [u8; 32] {
    let mut digest = [0; 32];
    for (byte, hashed) in digest.iter_mut().zip(hash(&SHA256, secret.as_bytes()).as_ref()) {
        *byte = *hashed;
    }
    digest
}
