//! [`Credentials`]: tokens that are minted, listed, rotated and revoked, and that end (decisions D35 and D49).

use std::{
    error::Error as StdError,
    fmt::{self, Debug},
    sync::Arc,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use scim_core::TenantId;
use scim_store::{
    Access, Clock, Credential, CredentialId, CredentialStore, Digest, Expiry, Replaces, RevealLink, StoreError,
    SystemClock,
};

use crate::{
    Secret, TokenError,
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

/// What is to be minted.
#[derive(Debug, Clone)]
#[must_use]
pub struct Mint {
    name: Arc<str>,
    access: Access,
    expiry: Expiry,
    replaces: Replaces,
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

/// Hands reveal links to people, by mail for instance.
#[async_trait]
pub trait Notifier: Debug + Send + Sync + 'static {
    /// Sends a link. It is for the host to make a URL of its token, best behind a `#`, where no server's log sees it, and to
    /// call [`Credentials::open_link`] once the recipient says so: a page that opens it by itself opens it for mail scanners.
    ///
    /// # Errors
    ///
    /// Whatever kept it from being sent.
    async fn send(&self, link: &LinkNote<'_>) -> Result<(), Box<dyn StdError + Send + Sync>>;
}

/// A reveal link on its way to its recipient.
#[derive(Debug)]
#[non_exhaustive]
pub struct LinkNote<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// The name of the credential to be.
    pub name: &'a str,
    /// The recipient, as the host named it.
    pub to: &'a str,
    /// What opens the link.
    pub token: &'a Secret,
    /// Until when it can be opened.
    pub ends: DateTime<Utc>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The expiry is over already.
    #[error("the expiry is not in the future")]
    Expired,
    /// The link is wrong, was opened before, or is over; or what it was to replace is gone.
    #[error("the link is wrong, was opened before, or is over")]
    Link,
    /// The tenant has no such credential, or it has been replaced, was revoked, or is over.
    #[error("no such credential, or it has been replaced or has ended")]
    NotFound,
    /// The link could not be sent, or there is nobody who would; it can be opened by no one who did not get it.
    #[error("the link could not be sent")]
    Notifier(#[source] Option<Box<dyn StdError + Send + Sync>>),
    /// The store failed.
    #[error("the credentials cannot be reached")]
    Store(#[source] StoreError),
    /// No token can be made.
    #[error(transparent)]
    Token(#[from] TokenError),
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

    /// Has the [`Notifier`] send a link that mints a token, once, within the time that it is good for. The token is made when
    /// the link is opened: until then no secret exists, and what is to be replaced lives on.
    ///
    /// # Errors
    ///
    /// `Notifier` where it cannot be sent; `Expired`, `Store`, `Token`.
    pub async fn send_link(
        &self,
        tenant: &TenantId,
        mint: Mint,
        good_for: TimeDelta,
        to: &str,
    ) -> Result<CredentialId, CredentialError> {
        let notifier = self.notifier.as_ref().ok_or(CredentialError::Notifier(None))?;
        let now = self.clock.now();
        let ends = after(now, good_for);
        if !mint.expiry.is_after(now) || ends <= now {
            return Err(CredentialError::Expired);
        }
        let (id, token) = self.links.make()?;
        let link = RevealLink::new(
            id.clone(),
            tenant.clone(),
            Arc::clone(&mint.name),
            mint.access,
            mint.expiry,
            mint.replaces,
            now,
            ends,
            Digest::new(digest(token.expose())),
        );
        self.store.add_link(&link).await.map_err(CredentialError::Store)?;
        let note = LinkNote {
            tenant,
            name: &mint.name,
            to,
            token: &token,
            ends,
        };
        let sent = notifier.send(&note).await;
        sent.map(|()| id)
            .map_err(|error| CredentialError::Notifier(Some(error)))
    }

    /// Opens a link by its token: mints what it is for, once.
    ///
    /// # Errors
    ///
    /// `Link`, the same for every link that does not open; `Expired` where the credential would be over already; `Store`, `Token`.
    pub async fn open_link(&self, token: &str) -> Result<Minted, CredentialError> {
        let id = self.links.id(token).ok_or(CredentialError::Link)?;
        let found = self.store.find_link(id).await.map_err(CredentialError::Store)?;
        let now = self.clock.now();
        let link = found.filter(|link| is_of(token, &link.digest) && now < link.ends);
        let link = link.ok_or(CredentialError::Link)?;
        let mint = Mint {
            name: link.name,
            access: link.access,
            expiry: link.expiry,
            replaces: link.replaces,
        };
        let minted = self.add(&link.tenant, &mint, Some(&link.id)).await;
        minted.map_err(|error| not_found(error, CredentialError::Link))
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

impl Debug for Credentials {
    /// Nothing of the store's and the notifier's, which may know secrets of the host.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Credentials");
        shown.field("tokens", &self.tokens).finish_non_exhaustive()
    }
}

fn after(now: DateTime<Utc>, time: TimeDelta) -> DateTime<Utc> {
    now.checked_add_signed(time).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn not_found(error: CredentialError, instead: CredentialError) -> CredentialError {
    match error {
        CredentialError::Store(StoreError::NotFound) => instead,
        other => other,
    }
}
