//! [`Credentials`]: tokens that are minted, listed, rotated and revoked, and that end (decisions D35 and D49).

mod error;
mod link;
mod mint;

use std::{
    fmt::{self, Debug},
    sync::Arc,
};

use chrono::{DateTime, TimeDelta, Utc};
use scim_core::TenantId;
use scim_store::{Clock, Credential, CredentialId, CredentialStore, Digest, Expiry, Replaces, StoreError, SystemClock};

use self::error::not_found;
pub use self::{
    error::CredentialError,
    link::{LinkNote, Notifier},
    mint::{Mint, Minted},
};
use crate::{
    TokenError,
    secret::{Prefix, digest, is_of},
};

/// Uses that are closer to each other than this are noted once.
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// The tokens of all tenants: for the host's own administration to call, and for [`TokenAuth`](crate::TokenAuth) to ask.
/// Cheap to clone; clones share everything.
///
/// A token is shown once, where it is made, and kept as a SHA-256 digest. It has 256 random bits, a prefix that scanners for
/// leaked secrets can recognise, an identifier and a checksum. Nothing is cached: what was revoked is refused from the next
/// request on, in every process that asks the same store.
///
/// ```
/// use chrono::TimeDelta;
/// use scim_http::{Credentials, Mint, ScimService, TokenAuth};
/// use scim_http::store::{Expiry, MemoryCredentials, MemoryStore};
///
/// # let run = async {
/// let credentials = Credentials::new("acme", MemoryCredentials::new())?;
/// let service = ScimService::builder(
///     "https://example.com/scim/{tenant}/v2",
///     MemoryStore::new(),
///     TokenAuth::new().credentials(credentials.clone()),
/// )
/// .build()?;
///
/// let tenant = "org1".into();
/// let first = credentials.mint(&tenant, Mint::new("Okta", Expiry::Never)).await?;
/// assert!(first.token.expose().starts_with("acme_"));
///
/// // Later: a new one, and an hour in which both are good.
/// let hour = TimeDelta::hours(1);
/// let second = credentials.rotate(&tenant, &first.credential.id, Expiry::Never, hour).await?;
/// assert_eq!(credentials.list(&tenant).await?.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # };
/// # let mut run = std::pin::pin!(run);
/// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// # let std::task::Poll::Ready(answer) = run.as_mut().poll(&mut context) else { return Err("pending".into()) };
/// # answer?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Credentials {
    clock: Arc<dyn Clock>,
    links: Prefix,
    notifier: Option<Arc<dyn Notifier>>,
    store: Arc<dyn CredentialStore>,
    tokens: Prefix,
}

impl Credentials {
    /// The credentials of a store, whose tokens begin with this prefix: up to 32 letters, digits and underscores, such as the
    /// name of the product.
    ///
    /// # Errors
    ///
    /// [`TokenError::Prefix`].
    pub fn new(prefix: &str, store: impl CredentialStore) -> Result<Self, TokenError> {
        Ok(Self {
            clock: Arc::new(SystemClock),
            tokens: Prefix::new(prefix)?,
            links: Prefix::new(&format!("{prefix}_link")).or_else(|_| Prefix::new("link"))?,
            notifier: None,
            store: Arc::new(store),
        })
    }

    /// Where the time comes from; the machine by default.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Who sends reveal links.
    #[must_use]
    pub fn notifier(mut self, notifier: impl Notifier) -> Self {
        self.notifier = Some(Arc::new(notifier));
        self
    }

    /// Makes a token. Whoever calls it shows it once, and forgets it.
    ///
    /// # Errors
    ///
    /// `Expired`; `NotFound` where the one to be replaced is gone; `Store`, `Token`.
    pub async fn mint(&self, tenant: &TenantId, mint: Mint) -> Result<Minted, CredentialError> {
        let minted = self.add(tenant, &mint, None).await;
        minted.map_err(|error| not_found(error, CredentialError::NotFound))
    }

    /// Makes a token in place of another, with the same name and access. The other one lives on for the overlap, or ends at once
    /// where that is zero. Of two rotations of one credential, one succeeds.
    ///
    /// # Errors
    ///
    /// `NotFound` where the tenant has no such credential, or it has been replaced or is over; `Expired`, `Store`, `Token`.
    pub async fn rotate(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
        expiry: Expiry,
        overlap: TimeDelta,
    ) -> Result<Minted, CredentialError> {
        let found = self.store.find(id.as_str()).await.map_err(CredentialError::Store)?;
        let old = found.filter(|found| found.tenant == *tenant);
        let old = old.ok_or(CredentialError::NotFound)?;
        let mint = Mint {
            name: old.name,
            access: old.access,
            expiry,
            replaces: Replaces::One { id: old.id, overlap },
        };
        self.mint(tenant, mint).await
    }

    /// The credentials of a tenant, dead or alive, oldest first; no secrets among them.
    ///
    /// # Errors
    ///
    /// `Store`.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<Credential>, CredentialError> {
        self.store.list(tenant).await.map_err(CredentialError::Store)
    }

    /// Ends a credential of a tenant at once, or a link that nobody has opened.
    ///
    /// # Errors
    ///
    /// `NotFound` where the tenant has no such credential or link; `Store`.
    pub async fn revoke(&self, tenant: &TenantId, id: &CredentialId) -> Result<(), CredentialError> {
        let ended = self.store.end(tenant, Some(id), self.clock.now()).await;
        ended.map_err(|error| not_found(CredentialError::Store(error), CredentialError::NotFound))
    }

    /// Ends all credentials of a tenant at once, and its links.
    ///
    /// # Errors
    ///
    /// `Store`.
    pub async fn revoke_all(&self, tenant: &TenantId) -> Result<(), CredentialError> {
        let ended = self.store.end(tenant, None, self.clock.now()).await;
        ended.map_err(CredentialError::Store)
    }

    /// The live credential behind a token, if there is one.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Option<Credential>, StoreError> {
        // What cannot be a token costs no look-up.
        let Some(id) = self.tokens.id(token) else {
            return Ok(None);
        };
        let found = (*self.store).find(id).await?;
        let live = found.filter(|found| is_of(token, &found.digest) && found.is_live(now));
        if let Some(credential) = &live
            && credential.last_used.is_none_or(|last| now - last >= NOTED_EVERY)
        {
            // A note for people: a request does not fail for it.
            let _ = (*self.store).used(&credential.id, now).await;
        }
        Ok(live)
    }

    /// Whether a text claims to be one of these tokens.
    pub(crate) fn claims(&self, token: &str) -> bool {
        self.tokens.begins(token)
    }

    async fn add(
        &self,
        tenant: &TenantId,
        mint: &Mint,
        link: Option<&CredentialId>,
    ) -> Result<Minted, CredentialError> {
        let now = self.clock.now();
        if !mint.expiry.is_after(now) {
            return Err(CredentialError::Expired);
        }
        let (id, token) = self.tokens.make()?;
        let credential = Credential::new(
            id,
            tenant.clone(),
            Arc::clone(&mint.name),
            mint.access,
            mint.expiry,
            now,
            Digest::new(digest(token.expose())),
        );
        let added = self.store.add(&credential, &mint.replaces, link).await;
        added.map_err(CredentialError::Store)?;
        Ok(Minted { credential, token })
    }
}

impl Debug for Credentials {
    /// Nothing of the store's and the notifier's, which may know secrets of the host.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Credentials");
        shown.field("tokens", &self.tokens).finish_non_exhaustive()
    }
}
