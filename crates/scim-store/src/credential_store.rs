//! Where credentials are kept: the seam to the host's database, and [`MemoryCredentials`].

use std::{
    collections::HashMap,
    fmt::{self, Debug},
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use scim_core::TenantId;

use crate::{Credential, CredentialId, Replaces, Result, RevealLink, StoreError};

/// Storage of credentials. How tokens are made, read and compared is not its concern: it keeps rows.
///
/// # Contract
///
/// - Each function is one transaction: all or nothing, also where its future is dropped half-way.
/// - What was changed holds for every call that begins afterwards. One that answers [`find`](Self::find) from a cache keeps dead
///   tokens alive for as long as the cache does.
/// - A tenant's credentials are neither listed nor ended by another tenant.
#[async_trait]
pub trait CredentialStore: Debug + Send + Sync + 'static {
    /// Keeps a new credential, with all that comes with it, at the time [`Credential::created`].
    ///
    /// With [`Replaces::One`] the other one must be the tenant's, live, and not have been replaced already (its
    /// [`ends`](Credential::ends) is empty); it [ends](Credential::end) with the overlap. With [`Replaces::All`] all
    /// others of the tenant end so, and its links are gone. With a link, that link must be the tenant's and not be over; it is
    /// gone afterwards. Of two calls with one link, or that replace one credential, one succeeds.
    ///
    /// # Errors
    ///
    /// `NotFound` where the one to be replaced, or the link, is not there, and nothing has changed. `Uniqueness` where the
    /// identifier is taken.
    async fn add(&self, new: &Credential, replaces: &Replaces, link: Option<&CredentialId>) -> Result<()>;

    /// Keeps a link.
    ///
    /// # Errors
    ///
    /// `Uniqueness` where the identifier is taken.
    async fn add_link(&self, link: &RevealLink) -> Result<()>;

    /// Ends one credential or link of a tenant at once, or all; `now` is to be remembered as the time when that was.
    ///
    /// # Errors
    ///
    /// `NotFound` where the tenant has no such credential or link.
    async fn end(&self, tenant: &TenantId, which: Option<&CredentialId>, now: DateTime<Utc>) -> Result<()>;

    /// The credential of this identifier, of any tenant, dead or alive.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from answering.
    async fn find(&self, id: &str) -> Result<Option<Credential>>;

    /// The link of this identifier, of any tenant.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from answering.
    async fn find_link(&self, id: &str) -> Result<Option<RevealLink>>;

    /// All credentials of a tenant, dead or alive, oldest first.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from answering.
    async fn list(&self, tenant: &TenantId) -> Result<Vec<Credential>>;

    /// Notes that a credential was used; at most once a minute for each. Nothing hangs on it.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from answering.
    async fn used(&self, id: &CredentialId, at: DateTime<Utc>) -> Result<()>;
}

/// Credentials in memory, gone when the process ends.
#[derive(Default)]
pub struct MemoryCredentials {
    kept: RwLock<Kept>,
}

#[derive(Default)]
struct Kept {
    credentials: HashMap<CredentialId, Credential>,
    links: HashMap<CredentialId, RevealLink>,
}

impl MemoryCredentials {
    /// No credentials yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn read<T>(&self, look: impl FnOnce(&Kept) -> T) -> T {
        look(&self.kept.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        change(&mut self.kept.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Kept {
    fn add(&mut self, new: &Credential, replaces: &Replaces, link: Option<&CredentialId>) -> Result<()> {
        let now = new.created;
        if self.credentials.contains_key(&new.id) {
            return Err(taken());
        }
        if let Some(link) = link {
            let link = self.links.get(link);
            if link.is_none_or(|link| link.tenant != new.tenant || link.ends <= now) {
                return Err(StoreError::NotFound);
            }
        }
        match replaces {
            Replaces::Nothing => {}
            Replaces::All { overlap } => self.end_all(&new.tenant, now, *overlap),
            Replaces::One { id, overlap } => {
                let other = self.credentials.get_mut(id).filter(|other| {
                    let is_own = other.tenant == new.tenant;
                    is_own && other.ends.is_none() && other.is_live(now)
                });
                other.ok_or(StoreError::NotFound)?.end(now, *overlap);
            }
        }
        if let Some(link) = link {
            self.links.remove(link);
        }
        self.credentials.insert(new.id.clone(), new.clone());
        Ok(())
    }

    fn end_all(&mut self, tenant: &TenantId, now: DateTime<Utc>, overlap: TimeDelta) {
        let own = self.credentials.values_mut().filter(|kept| kept.tenant == *tenant);
        own.for_each(|credential| credential.end(now, overlap));
        self.links.retain(|_, link| link.tenant != *tenant);
    }
}

#[async_trait]
impl CredentialStore for MemoryCredentials {
    async fn add(&self, new: &Credential, replaces: &Replaces, link: Option<&CredentialId>) -> Result<()> {
        self.write(|kept| kept.add(new, replaces, link))
    }

    async fn add_link(&self, link: &RevealLink) -> Result<()> {
        self.write(|kept| {
            // Links that are over are of no use to anybody.
            kept.links.retain(|_, kept| kept.ends > link.created);
            if kept.links.contains_key(&link.id) {
                return Err(taken());
            }
            kept.links.insert(link.id.clone(), link.clone());
            Ok(())
        })
    }

    async fn end(&self, tenant: &TenantId, which: Option<&CredentialId>, now: DateTime<Utc>) -> Result<()> {
        self.write(|kept| match which {
            None => {
                kept.end_all(tenant, now, TimeDelta::zero());
                Ok(())
            }
            Some(id) if kept.links.get(id).is_some_and(|link| link.tenant == *tenant) => {
                kept.links.remove(id);
                Ok(())
            }
            Some(id) => {
                let own = kept.credentials.get_mut(id).filter(|kept| kept.tenant == *tenant);
                own.ok_or(StoreError::NotFound)?.end(now, TimeDelta::zero());
                Ok(())
            }
        })
    }

    async fn find(&self, id: &str) -> Result<Option<Credential>> {
        Ok(self.read(|kept| kept.credentials.get(id).cloned()))
    }

    async fn find_link(&self, id: &str) -> Result<Option<RevealLink>> {
        Ok(self.read(|kept| kept.links.get(id).cloned()))
    }

    async fn list(&self, tenant: &TenantId) -> Result<Vec<Credential>> {
        let mut own: Vec<Credential> = self.read(|kept| {
            let own = kept.credentials.values().filter(|kept| kept.tenant == *tenant);
            own.cloned().collect()
        });
        own.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(own)
    }

    async fn used(&self, id: &CredentialId, at: DateTime<Utc>) -> Result<()> {
        self.write(|kept| {
            if let Some(credential) = kept.credentials.get_mut(id) {
                credential.last_used = Some(credential.last_used.map_or(at, |last| last.max(at)));
            }
        });
        Ok(())
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: CredentialStore + ?Sized> CredentialStore for Arc<S> {
    async fn add(&self, new: &Credential, replaces: &Replaces, link: Option<&CredentialId>) -> Result<()> {
        (**self).add(new, replaces, link).await
    }

    async fn add_link(&self, link: &RevealLink) -> Result<()> {
        (**self).add_link(link).await
    }

    async fn end(&self, tenant: &TenantId, which: Option<&CredentialId>, now: DateTime<Utc>) -> Result<()> {
        (**self).end(tenant, which, now).await
    }

    async fn find(&self, id: &str) -> Result<Option<Credential>> {
        (**self).find(id).await
    }

    async fn find_link(&self, id: &str) -> Result<Option<RevealLink>> {
        (**self).find_link(id).await
    }

    async fn list(&self, tenant: &TenantId) -> Result<Vec<Credential>> {
        (**self).list(tenant).await
    }

    async fn used(&self, id: &CredentialId, at: DateTime<Utc>) -> Result<()> {
        (**self).used(id, at).await
    }
}

impl Debug for MemoryCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.read(|kept| kept.credentials.len());
        write!(f, "MemoryCredentials({count})")
    }
}

fn taken() -> StoreError {
    StoreError::Uniqueness {
        attribute: "id".to_owned(),
    }
}
