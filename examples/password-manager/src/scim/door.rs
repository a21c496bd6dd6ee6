//! Who may come in: minted tokens, in all forms that identity providers send, and the token of the environment.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use scim_http::{
    AuthError, Authenticator, BearerTokens, Credentials, Expiry, TokenAuth, TokenForms, core::TenantId,
    store::Principal,
};

/// Asks for the token of the environment first, then for those that were minted.
pub(crate) struct Door {
    bootstrap: Option<BearerTokens>,
    minted: TokenAuth,
}

/// Whose token a request came with: an extension of it, which the door fills in and the provisioning log reads.
#[derive(Clone, Default)]
pub(super) struct Caller(Arc<OnceLock<TenantId>>);

impl Door {
    /// With the organisation and the token of the environment, if there is one.
    pub(crate) fn new(credentials: Credentials, bootstrap: Option<(String, String)>) -> Self {
        let bootstrap = bootstrap.and_then(|(organisation, token)| {
            let tokens = BearerTokens::new().allow_raw(true);
            let principal = Principal::new(organisation.as_str(), "bootstrap");
            tokens.add(&token, principal, Expiry::Never).ok().map(|()| tokens)
        });
        // Okta's header authentication sends the token bare, and its test apps send it as a password.
        let forms = TokenForms::bearer().with_bare().with_basic();
        let minted = TokenAuth::new().credentials(credentials).forms(forms);
        Self { bootstrap, minted }
    }

    async fn principal(&self, head: &Parts, now: DateTime<Utc>) -> Result<Principal, AuthError> {
        if let Some(tokens) = &self.bootstrap
            && let Ok(principal) = tokens.authenticate(head, now).await
        {
            return Ok(principal);
        }
        self.minted.authenticate(head, now).await
    }
}

impl Caller {
    /// Whether the request came with a good token of this organisation.
    pub(super) fn is_of(&self, organisation: &str) -> bool {
        self.0.get().is_some_and(|tenant| tenant.as_str() == organisation)
    }
}

#[async_trait]
impl Authenticator for Door {
    async fn authenticate(&self, head: &Parts, now: DateTime<Utc>) -> Result<Principal, AuthError> {
        let principal = self.principal(head, now).await?;
        if let Some(Caller(caller)) = head.extensions.get::<Caller>() {
            let _ = caller.set(principal.tenant.clone());
        }
        Ok(principal)
    }

    fn challenge(&self) -> &str {
        self.minted.challenge()
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Door(..)")
    }
}
