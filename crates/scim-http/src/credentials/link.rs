//! Reveal links: leave to mint a token, mailed instead of it.

use std::{error::Error as StdError, fmt::Debug, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use scim_core::TenantId;
use scim_store::{CredentialId, Digest, RevealLink};

use super::{CredentialError, Credentials, Mint, Minted, error::not_found};
use crate::{
    Secret,
    secret::{digest, is_of},
};

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

impl Credentials {
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
}

fn after(now: DateTime<Utc>, time: TimeDelta) -> DateTime<Utc> {
    now.checked_add_signed(time).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
