//! C12: a token that was rotated out, revoked or has expired is refused from then on, and a new one works from the start.

use std::{
    collections::HashMap,
    fmt::Debug,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use http::Request;
use scim_http::{
    Credentials, Mint, Minted, ScimService, TokenAuth,
    core::TenantId,
    store::{
        Clock, Credential, CredentialId, CredentialStore, Expiry, MemoryCredentials, Replaces, Result, RevealLink,
    },
};
use tokio::task::JoinSet;

use crate::{
    base::Base,
    scale::{self, figures, pick},
    support::{BASE, HandClock},
};

/// Broken: what was found once is found for ever.
#[derive(Debug)]
struct Cached<S>(S, Mutex<HashMap<String, Credential>>);

#[async_trait]
impl<S: CredentialStore> CredentialStore for Cached<S> {
    async fn add(&self, new: &Credential, replaces: &Replaces, link: Option<&CredentialId>) -> Result<()> {
        self.0.add(new, replaces, link).await
    }

    async fn add_link(&self, link: &RevealLink) -> Result<()> {
        self.0.add_link(link).await
    }

    async fn end(&self, tenant: &TenantId, which: Option<&CredentialId>, now: DateTime<Utc>) -> Result<()> {
        self.0.end(tenant, which, now).await
    }

    async fn find(&self, id: &str) -> Result<Option<Credential>> {
        if let Some(found) = self.1.lock().unwrap().get(id) {
            return Ok(Some(found.clone()));
        }
        let found = self.0.find(id).await?;
        if let Some(found) = &found {
            self.1.lock().unwrap().insert(id.to_owned(), found.clone());
        }
        Ok(found)
    }

    async fn find_link(&self, id: &str) -> Result<Option<RevealLink>> {
        self.0.find_link(id).await
    }

    async fn list(&self, tenant: &TenantId) -> Result<Vec<Credential>> {
        self.0.list(tenant).await
    }

    async fn used(&self, id: &CredentialId, at: DateTime<Utc>) -> Result<()> {
        self.0.used(id, at).await
    }
}

/// What clients know of tokens.
#[derive(Debug, Default)]
struct Tokens {
    /// That of each generation; the last is the one to use.
    all: Mutex<Vec<String>>,
    /// Generations below this are dead.
    dead: AtomicUsize,
    /// Generations below this are dead or about to die.
    dying: AtomicUsize,
}

/// What clients saw.
#[derive(Debug, Default)]
struct Seen {
    requests: AtomicUsize,
    /// Answers to dead tokens that were not 401.
    accepted: AtomicUsize,
    /// 401 for live ones.
    refused: AtomicUsize,
    is_over: AtomicUsize,
}

struct World {
    service: ScimService,
    /// Another process's.
    credentials: Credentials,
    clock: HandClock,
    tokens: Arc<Tokens>,
    seen: Arc<Seen>,
}

impl World {
    async fn new(base: &Base, is_cached: bool) -> Self {
        let (asked, administered): (Arc<dyn CredentialStore>, Arc<dyn CredentialStore>) =
            match (base.administration().await, base.administration().await) {
                (Some((asked, _)), Some((administered, _))) => (Arc::new(asked), Arc::new(administered)),
                _ => {
                    let shared = Arc::new(MemoryCredentials::new());
                    (Arc::clone(&shared) as Arc<dyn CredentialStore>, shared)
                }
            };
        let clock = HandClock::new();
        let credentials = |store: Arc<dyn CredentialStore>| {
            let credentials = Credentials::new("acme", store).unwrap();
            credentials.clock(clock.clone())
        };
        let asked: Arc<dyn CredentialStore> = if is_cached {
            Arc::new(Cached(asked, Mutex::default()))
        } else {
            asked
        };
        let auth = TokenAuth::new().credentials(credentials(asked));
        let service = ScimService::builder(BASE, base.open().await, auth).clock(clock.clone());
        Self {
            service: service.build().unwrap(),
            credentials: credentials(administered),
            clock,
            tokens: Arc::default(),
            seen: Arc::default(),
        }
    }

    fn publish(&self, minted: &Minted) {
        self.tokens.all.lock().unwrap().push(minted.token.expose().to_owned());
    }

    /// Sends with the token of a generation, and notes what must not be.
    async fn send(service: &ScimService, tokens: &Tokens, seen: &Seen, generation: usize) {
        let token = tokens.all.lock().unwrap()[generation].clone();
        let was_dead = generation < tokens.dead.load(Ordering::SeqCst);
        let status = status(service, &token).await;
        let is_live = generation >= tokens.dying.load(Ordering::SeqCst);
        if was_dead && status != 401 {
            seen.accepted.fetch_add(1, Ordering::SeqCst);
        }
        if is_live && status != 200 {
            seen.refused.fetch_add(1, Ordering::SeqCst);
        }
        seen.requests.fetch_add(1, Ordering::SeqCst);
    }

    /// Eight clients at full rate, until it is over: mostly with the newest token, and with older ones.
    fn start(&self) -> JoinSet<()> {
        let mut clients = JoinSet::new();
        for number in 0..8_usize {
            let (service, tokens, seen) = (self.service.clone(), Arc::clone(&self.tokens), Arc::clone(&self.seen));
            clients.spawn(async move {
                let mut turn = number;
                while seen.is_over.load(Ordering::SeqCst) == 0 {
                    turn += 1;
                    let newest = tokens.all.lock().unwrap().len() - 1;
                    Self::send(&service, &tokens, &seen, newest.saturating_sub(turn % 4)).await;
                    tokio::task::yield_now().await;
                }
            });
        }
        clients
    }

    /// Waits for so many further requests.
    async fn requests(&self, more: usize) {
        let until = self.seen.requests.load(Ordering::SeqCst) + more;
        while self.seen.requests.load(Ordering::SeqCst) < until {
            tokio::task::yield_now().await;
        }
    }

    /// Rotates, with and without overlap, while clients are at work; then lets the last one expire.
    async fn rotate(&self, rotations: usize) {
        let tenant = TenantId::from("org1");
        let mut last = self
            .credentials
            .mint(&tenant, Mint::new("first", Expiry::Never))
            .await
            .unwrap();
        self.publish(&last);
        let mut clients = self.start();
        for rotation in 0..rotations {
            self.requests(pick(20, 200)).await;
            let (old, next) = (last.credential.id.clone(), rotation + 1);
            let overlap = if rotation % 2 == 0 {
                TimeDelta::zero()
            } else {
                TimeDelta::hours(1)
            };
            if overlap.is_zero() {
                self.tokens.dying.store(next, Ordering::SeqCst);
            }
            last = self
                .credentials
                .rotate(&tenant, &old, Expiry::Never, overlap)
                .await
                .unwrap();
            self.publish(&last);
            if !overlap.is_zero() {
                // Both are good, until the old one is revoked.
                self.requests(20).await;
                self.tokens.dying.store(next, Ordering::SeqCst);
                self.credentials.revoke(&tenant, &old).await.unwrap();
            }
            self.tokens.dead.store(next, Ordering::SeqCst);
        }
        self.requests(20).await;
        self.tokens.dying.store(rotations + 1, Ordering::SeqCst);
        let end = Expiry::At(self.clock.now() + TimeDelta::seconds(60));
        let short = Mint::new("short", end).replacing(Replaces::All {
            overlap: TimeDelta::zero(),
        });
        let short = self.credentials.mint(&tenant, short).await.unwrap();
        self.publish(&short);
        self.tokens.dead.store(rotations + 1, Ordering::SeqCst);
        self.requests(20).await;
        self.tokens.dying.store(rotations + 2, Ordering::SeqCst);
        self.clock.0.fetch_add(60_000, Ordering::SeqCst);
        self.tokens.dead.store(rotations + 2, Ordering::SeqCst);
        self.requests(20).await;
        self.seen.is_over.store(1, Ordering::SeqCst);
        while clients.join_next().await.is_some() {}
    }

    /// Requests, dead tokens that were accepted, and live ones that were refused.
    fn reached(&self) -> (usize, usize, usize) {
        let load = |number: &AtomicUsize| number.load(Ordering::SeqCst);
        (
            load(&self.seen.requests),
            load(&self.seen.accepted),
            load(&self.seen.refused),
        )
    }
}

async fn status(service: &ScimService, token: &str) -> u16 {
    let request = Request::get("/scim/v2/Users?count=0").header("authorization", format!("Bearer {token}"));
    service.handle(request.body("").unwrap()).await.status().as_u16()
}

fn holds(base: Base) {
    scale::run(async move {
        let rotations = pick(20, 1000);
        let world = World::new(&base, false).await;
        world.rotate(rotations).await;
        let (requests, accepted, refused) = world.reached();
        assert_eq!((accepted, refused), (0, 0));
        let told =
            format!("{requests} requests, {rotations} rotations, {accepted} dead accepted, {refused} live refused");
        figures("C12 rotation of tokens", base.name(), told);
    });
}

#[test]
fn c12_memory_refuses_dead_tokens_and_no_live_one() {
    holds(Base::memory());
}

#[test]
fn c12_sqlite_refuses_dead_tokens_and_no_live_one() {
    holds(Base::sqlite());
}

#[test]
fn c12_postgres_refuses_dead_tokens_and_no_live_one() {
    holds(Base::postgres());
}

#[test]
fn c12_a_cache_without_an_end_is_caught() {
    for base in [Base::memory(), Base::sqlite(), Base::postgres()] {
        scale::run(async move {
            let world = World::new(&base, true).await;
            world.rotate(4).await;
            let (_, accepted, refused) = world.reached();
            assert!(
                accepted > 0 && refused == 0,
                "{accepted} dead accepted, {refused} live refused"
            );
        });
    }
}
