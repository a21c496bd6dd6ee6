//! Tokens through the handler: minted, listed, rotated, revoked, revealed once, and never seen (decisions D35 and D49).

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod access_tokens;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod links;
#[cfg(test)]
mod rotation;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod tokens;

use std::{
    collections::HashMap,
    error::Error as StdError,
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderName, Request, Response};
use ring::hmac;
use scim_http::{
    AccessTokens, AuthError, Body, Cause, Claims, CredentialError, Credentials, LinkNote, Mint, Minted, Notifier,
    ScimService, Secret, TokenAuth, TokenError, TokenForms, TokenValidator,
    core::TenantId,
    store::{
        Access, Clock, Credential, CredentialId, CredentialStore, Expiry, MemoryCredentials, Principal, Replaces,
        Result, RevealLink, StoreError,
    },
};
use serde_json::{Value, json};
use support::{HandClock, TestStore, USER, block_on, with_schema};

const BASE: &str = "https://scim.example.test/scim/{tenant}/v2";

const AT_ONCE: TimeDelta = TimeDelta::zero();

struct Host {
    service: ScimService,
    store: Arc<TestStore>,
    credentials: Credentials,
    outbox: Arc<Outbox>,
    clock: HandClock,
}

/// Keeps the links that were sent.
#[derive(Debug, Default)]
struct Outbox {
    sent: Mutex<Vec<(String, String)>>,
    is_broken: AtomicBool,
}

#[async_trait]
impl Notifier for Outbox {
    async fn send(&self, link: &LinkNote<'_>) -> std::result::Result<(), Box<dyn StdError + Send + Sync>> {
        if self.is_broken.load(Ordering::SeqCst) {
            return Err("no mail today".into());
        }
        let mut sent = self.sent.lock().unwrap();
        sent.push((link.to.to_owned(), link.token.expose().to_owned()));
        Ok(())
    }
}

#[derive(Debug)]
struct Shared(Arc<Outbox>);

#[async_trait]
impl Notifier for Shared {
    async fn send(&self, link: &LinkNote<'_>) -> std::result::Result<(), Box<dyn StdError + Send + Sync>> {
        self.0.send(link).await
    }
}

impl Host {
    fn new() -> Self {
        Self::on(MemoryCredentials::new(), TokenForms::bearer())
    }

    fn on(kept: impl CredentialStore, forms: TokenForms) -> Self {
        let (clock, outbox, store) = (
            HandClock::new(),
            Arc::new(Outbox::default()),
            Arc::new(TestStore::new()),
        );
        let credentials = Credentials::new("acme", kept).unwrap();
        let credentials = credentials.clock(clock.clone()).notifier(Shared(Arc::clone(&outbox)));
        let auth = TokenAuth::new().credentials(credentials.clone()).forms(forms);
        let service = ScimService::builder(BASE, Arc::clone(&store), auth).clock(clock.clone());
        Self {
            service: service.build().unwrap(),
            store,
            credentials,
            outbox,
            clock,
        }
    }

    fn mint(&self, tenant: &str, mint: Mint) -> Minted {
        block_on(self.credentials.mint(&tenant.into(), mint)).unwrap()
    }

    fn never(&self, tenant: &str) -> Minted {
        self.mint(tenant, Mint::new("token", Expiry::Never))
    }

    fn rotate(&self, old: &Credential, overlap: TimeDelta) -> std::result::Result<Minted, CredentialError> {
        block_on(self.credentials.rotate(&old.tenant, &old.id, Expiry::Never, overlap))
    }

    fn list(&self, tenant: &str) -> Vec<Credential> {
        block_on(self.credentials.list(&tenant.into())).unwrap()
    }

    /// The status of a read of tenant A's users.
    fn status(&self, token: &Secret) -> u16 {
        self.ask(&[("authorization", &format!("Bearer {}", token.expose()))])
            .status()
            .as_u16()
    }

    fn ask(&self, headers: &[(&str, &str)]) -> Response<Body> {
        let request = Request::get("/scim/A/v2/Users");
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value));
        block_on(self.service.handle(request.body(Vec::new()).unwrap()))
    }

    /// What the last link that was sent is opened by.
    fn link(&self) -> String {
        self.outbox.sent.lock().unwrap().last().unwrap().1.clone()
    }

    fn open(&self, link: &str) -> std::result::Result<Minted, CredentialError> {
        block_on(self.credentials.open_link(link))
    }

    fn send_link(&self, mint: Mint, good_for: TimeDelta) -> std::result::Result<CredentialId, CredentialError> {
        block_on(
            self.credentials
                .send_link(&"A".into(), mint, good_for, "admin@example.test"),
        )
    }
}

/// Fails at everything, and says why.
#[derive(Debug)]
struct Broken;

#[async_trait]
impl CredentialStore for Broken {
    async fn add(&self, _: &Credential, _: &Replaces, _: Option<&CredentialId>) -> Result<()> {
        Err(StoreError::other("disk full"))
    }

    async fn add_link(&self, _: &RevealLink) -> Result<()> {
        Err(StoreError::other("disk full"))
    }

    async fn end(&self, _: &TenantId, _: Option<&CredentialId>, _: DateTime<Utc>) -> Result<()> {
        Err(StoreError::other("disk full"))
    }

    async fn find(&self, _: &str) -> Result<Option<Credential>> {
        Err(StoreError::other("disk full"))
    }

    async fn find_link(&self, _: &str) -> Result<Option<RevealLink>> {
        Err(StoreError::other("disk full"))
    }

    async fn list(&self, _: &TenantId) -> Result<Vec<Credential>> {
        Err(StoreError::other("disk full"))
    }

    async fn used(&self, _: &CredentialId, _: DateTime<Utc>) -> Result<()> {
        Err(StoreError::other("disk full"))
    }
}
