//! [`TokenAuth`]: the [`Authenticator`] of [`Credentials`] and [`AccessTokens`].

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use http::request::Parts;
use scim_store::{Principal, StoreError};

use crate::{AccessTokens, AuthError, Authenticator, Credentials, TokenForms, forms::Shown};

/// When to try again where the store of credentials cannot be asked, in seconds.
const LATER: u32 = 5;

/// Authenticates by tokens that [`Credentials`] minted, by JWT access tokens, or by both; alone it refuses everybody.
///
/// See [`Credentials`] for an example.
#[derive(Debug, Default)]
#[must_use]
pub struct TokenAuth {
    access_tokens: Option<AccessTokens>,
    credentials: Option<Credentials>,
    forms: TokenForms,
}

impl TokenAuth {
    /// Takes no token yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the tokens that were minted.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Takes JWT access tokens, as `Bearer` or bare.
    pub fn access_tokens(mut self, access_tokens: AccessTokens) -> Self {
        self.access_tokens = Some(access_tokens);
        self
    }

    /// Takes tokens in these forms; as `Bearer` alone by default.
    pub fn forms(mut self, forms: TokenForms) -> Self {
        self.forms = forms;
        self
    }

    async fn minted(&self, token: &str, now: DateTime<Utc>) -> Result<Principal, AuthError> {
        let credentials = self.credentials.as_ref().ok_or(AuthError::Unauthorized)?;
        let verified = credentials.verify(token, now).await.map_err(unavailable)?;
        verified
            .map(|credential| credential.principal())
            .ok_or(AuthError::Unauthorized)
    }
}

#[async_trait]
impl Authenticator for TokenAuth {
    async fn authenticate(&self, head: &Parts, now: DateTime<Utc>) -> Result<Principal, AuthError> {
        match self.forms.read(&head.headers).ok_or(AuthError::Unauthorized)? {
            Shown::Pair(pair) => {
                let (_, token) = pair.split_once(':').ok_or(AuthError::Unauthorized)?;
                self.minted(token, now).await
            }
            Shown::Token(token) => match (&self.access_tokens, &self.credentials) {
                (Some(_), Some(credentials)) if credentials.claims(token) => self.minted(token, now).await,
                (Some(access_tokens), _) => access_tokens.principal(token, now).await,
                (None, _) => self.minted(token, now).await,
            },
        }
    }

    fn challenge(&self) -> &str {
        self.forms.challenge()
    }
}

fn unavailable(error: StoreError) -> AuthError {
    let retry_after = match &error {
        StoreError::Unavailable { retry_after, .. } => *retry_after,
        _ => LATER,
    };
    AuthError::Unavailable {
        retry_after,
        source: Some(Box::new(error)),
    }
}
