//! JWT access tokens (RFC 9068) of OAuth 2.0 client credentials: the host checks the signature, the library the rest.

use std::{
    fmt::{self, Debug},
    sync::Arc,
};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use scim_core::TenantId;
use scim_store::Principal;
use serde::Deserialize;

use crate::AuthError;

/// How far the clocks of an issuer and of this machine may differ.
const LEEWAY: TimeDelta = TimeDelta::minutes(1);

/// Longest token that is looked at, in bytes.
const LONGEST: usize = 16 << 10;

/// Verifies JWT access tokens with the keys of their issuers, by a library of the host's choice.
#[async_trait]
pub trait TokenValidator: Debug + Send + Sync + 'static {
    /// The claims of a token whose signature is good, by an algorithm and a key that belong to its issuer; and whom its client
    /// stands for. Issuer, audience and time are compared by [`AccessTokens`] afterwards.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unauthorized`] for a token that is not good, [`AuthError::Unavailable`] where the keys cannot be had.
    async fn verify(&self, token: &str) -> Result<Claims, AuthError>;
}

/// What a verified token says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Claims {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: Vec<String>,
    /// `exp`; a token without one is not taken.
    pub expires: DateTime<Utc>,
    /// `nbf`.
    pub not_before: Option<DateTime<Utc>>,
    /// Whom the client of the token stands for, by the host's own records. Its name should be that of the client.
    pub principal: Principal,
}

/// The issuers that are trusted, and what their tokens must say.
///
/// ```
/// use async_trait::async_trait;
/// use scim_http::{AccessTokens, AuthError, Claims, TokenAuth, TokenValidator};
///
/// #[derive(Debug)]
/// struct Keys;
///
/// #[async_trait]
/// impl TokenValidator for Keys {
///     async fn verify(&self, token: &str) -> Result<Claims, AuthError> {
///         # let _ = token;
///         // Look up the issuer's key, verify the signature, read the claims.
///         Err(AuthError::Unauthorized)
///     }
/// }
///
/// let tokens = AccessTokens::new(Keys)
///     .trust("https://login.example.com", "https://api.example.com/scim")
///     .trust_for("https://idp.acme.test", "scim", "acme");
/// let auth = TokenAuth::new().access_tokens(tokens);
/// ```
#[must_use]
pub struct AccessTokens {
    validator: Arc<dyn TokenValidator>,
    trusted: Vec<Trusted>,
}

#[derive(Debug)]
struct Trusted {
    issuer: String,
    audience: String,
    tenant: Option<TenantId>,
}

impl Claims {
    /// The claims that every token must have.
    pub fn new(issuer: &str, audience: Vec<String>, expires: DateTime<Utc>, principal: Principal) -> Self {
        Self {
            issuer: issuer.to_owned(),
            audience,
            expires,
            not_before: None,
            principal,
        }
    }

    /// With a time before which the token is not good.
    #[must_use]
    pub fn with_not_before(mut self, not_before: DateTime<Utc>) -> Self {
        self.not_before = Some(not_before);
        self
    }
}

impl AccessTokens {
    /// Trusts nobody yet.
    pub fn new(validator: impl TokenValidator) -> Self {
        Self {
            validator: Arc::new(validator),
            trusted: Vec::new(),
        }
    }

    /// Trusts an issuer that speaks for all tenants, for tokens that name this audience.
    pub fn trust(mut self, issuer: &str, audience: &str) -> Self {
        self.trusted.push(Trusted {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            tenant: None,
        });
        self
    }

    /// Trusts an issuer that speaks for one tenant and no other, for tokens that name this audience.
    pub fn trust_for(mut self, issuer: &str, audience: &str, tenant: impl Into<TenantId>) -> Self {
        self.trusted.push(Trusted {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            tenant: Some(tenant.into()),
        });
        self
    }

    pub(crate) async fn principal(&self, token: &str, now: DateTime<Utc>) -> Result<Principal, AuthError> {
        if !is_signed_jwt(token) {
            return Err(AuthError::Unauthorized);
        }
        let claims = (*self.validator).verify(token).await?;
        let is_trusted = self.trusted.iter().any(|trusted| {
            let tenant = trusted.tenant.as_ref();
            trusted.issuer == claims.issuer
                && claims.audience.contains(&trusted.audience)
                && tenant.is_none_or(|tenant| *tenant == claims.principal.tenant)
        });
        let is_over = now - claims.expires >= LEEWAY;
        let is_early = claims.not_before.is_some_and(|begin| begin - now > LEEWAY);
        if is_trusted && !is_over && !is_early {
            Ok(claims.principal)
        } else {
            Err(AuthError::Unauthorized)
        }
    }
}

impl Debug for AccessTokens {
    /// Nothing of the validator's, which may hold keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("AccessTokens");
        shown.field("trusted", &self.trusted).finish_non_exhaustive()
    }
}

/// Whether a text has the form of a JWT that claims to be signed (RFC 8725 section 3.2).
fn is_signed_jwt(token: &str) -> bool {
    #[derive(Deserialize)]
    struct Header {
        alg: String,
    }
    let mut parts = token.split('.');
    let (Some(header), Some(_), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    if token.len() > LONGEST || signature.is_empty() {
        return false;
    }
    let header = URL_SAFE_NO_PAD.decode(header).ok();
    let header: Option<Header> = header.and_then(|header| serde_json::from_slice(&header).ok());
    header.is_some_and(|header| !header.alg.eq_ignore_ascii_case("none"))
}
