//! Tokens through the handler: minted, listed, rotated, revoked, revealed once, and never seen (decisions D35 and D49).

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod support;

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

#[test]
fn d49_a_token_opens_its_tenant_until_it_is_revoked() {
    let host = Host::new();
    let (a, b) = (host.never("A"), host.never("B"));
    assert!(a.token.expose().starts_with(&format!("acme_{}_", a.credential.id)));
    assert_eq!((host.status(&a.token), host.status(&b.token)), (200, 403));
    // B can neither see nor end what is A's.
    assert_eq!(host.list("B").len(), 1);
    let theirs = block_on(host.credentials.revoke(&"B".into(), &a.credential.id));
    assert!(matches!(theirs, Err(CredentialError::NotFound)));
    let theirs = block_on(
        host.credentials
            .rotate(&"B".into(), &a.credential.id, Expiry::Never, AT_ONCE),
    );
    assert!(matches!(theirs, Err(CredentialError::NotFound)));
    let replacing = Replaces::One {
        id: a.credential.id.clone(),
        overlap: AT_ONCE,
    };
    let mint = Mint::new("theirs", Expiry::Never).replacing(replacing);
    assert!(matches!(
        block_on(host.credentials.mint(&"B".into(), mint)),
        Err(CredentialError::NotFound)
    ));
    assert_eq!(host.status(&a.token), 200);
    block_on(host.credentials.revoke(&"A".into(), &a.credential.id)).unwrap();
    assert_eq!(host.status(&a.token), 401);
    // Not even a clock that goes back brings it to life.
    host.clock.forward(-3_600_000);
    assert_eq!(host.status(&a.token), 401);
    assert!(!host.list("A")[0].is_live(host.clock.now()));
}

#[test]
fn d49_tokens_end_when_they_expire() {
    let host = Host::new();
    let now = host.clock.now();
    let short = host.mint("A", Mint::new("short", Expiry::At(now + TimeDelta::seconds(10))));
    let long = host.mint("A", Mint::new("ten years", Expiry::At(now + TimeDelta::days(3653))));
    host.clock.forward(9_999);
    assert_eq!((host.status(&short.token), host.status(&long.token)), (200, 200));
    host.clock.forward(1);
    assert_eq!((host.status(&short.token), host.status(&long.token)), (401, 200));
    assert!(matches!(
        host.rotate(&short.credential, AT_ONCE),
        Err(CredentialError::NotFound)
    ));
    let over = block_on(host.credentials.mint(&"A".into(), Mint::new("over", Expiry::At(now))));
    assert!(matches!(over, Err(CredentialError::Expired)));
}

#[test]
fn d49_reading_tokens_do_not_write() {
    let host = Host::new();
    let reader = host.mint("A", Mint::new("reader", Expiry::Never).read_only());
    let post = |token: &Secret| {
        let body = with_schema(USER, json!({ "userName": "a" })).to_string();
        let request = Request::post("/scim/A/v2/Users").header("authorization", format!("Bearer {}", token.expose()));
        block_on(host.service.handle(request.body(body).unwrap()))
            .status()
            .as_u16()
    };
    assert_eq!((host.status(&reader.token), post(&reader.token)), (200, 403));
    assert_eq!(reader.credential.access, Access::Read);
    // What replaces it may do no more.
    let next = host.rotate(&reader.credential, AT_ONCE).unwrap();
    assert_eq!((post(&next.token), &*next.credential.name), (403, "reader"));
}

#[test]
fn d49_rotation_is_at_once_or_with_an_overlap() {
    let host = Host::new();
    let first = host.never("A");
    let second = host.rotate(&first.credential, AT_ONCE).unwrap();
    assert_eq!((host.status(&first.token), host.status(&second.token)), (401, 200));
    let third = host.rotate(&second.credential, TimeDelta::hours(1)).unwrap();
    assert_eq!((host.status(&second.token), host.status(&third.token)), (200, 200));
    let again = host.rotate(&second.credential, TimeDelta::hours(1));
    assert!(matches!(again, Err(CredentialError::NotFound)), "it has a successor");
    host.clock.forward(3_599_999);
    assert_eq!(host.status(&second.token), 200);
    host.clock.forward(1);
    assert_eq!((host.status(&second.token), host.status(&third.token)), (401, 200));
    // Enpass: a new one, and all others are dead, those of an overlap too.
    let fourth = host.rotate(&third.credential, TimeDelta::hours(1)).unwrap();
    let other = host.never("B");
    let all = Mint::new("fifth", Expiry::Never).replacing(Replaces::All { overlap: AT_ONCE });
    let fifth = host.mint("A", all);
    assert_eq!(
        [&third, &fourth, &fifth].map(|minted| host.status(&minted.token)),
        [401, 401, 200]
    );
    assert_eq!(host.status(&other.token), 403, "B's is still good, for B");
    block_on(host.credentials.revoke_all(&"A".into())).unwrap();
    assert_eq!(host.status(&fifth.token), 401);
    let live = |tenant: &str| {
        host.list(tenant)
            .iter()
            .filter(|kept| kept.is_live(host.clock.now()))
            .count()
    };
    assert_eq!((host.list("A").len(), live("A"), live("B")), (5, 0, 1));
}

#[test]
fn d49_one_of_many_rotations_succeeds() {
    let host = Host::new();
    for _ in 0..20 {
        let old = host.never("A");
        let successes = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    successes.fetch_add(
                        usize::from(host.rotate(&old.credential, AT_ONCE).is_ok()),
                        Ordering::SeqCst,
                    )
                });
            }
        });
        assert_eq!(successes.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn d49_uses_are_noted_about_once_a_minute() {
    let host = Host::new();
    let minted = host.never("A");
    let used = || host.list("A")[0].last_used;
    assert_eq!(used(), None);
    let begin = host.clock.now();
    assert_eq!(host.status(&minted.token), 200);
    assert_eq!(used(), Some(begin));
    host.clock.forward(59_999);
    assert_eq!((host.status(&minted.token), used()), (200, Some(begin)));
    host.clock.forward(1);
    assert_eq!((host.status(&minted.token), used()), (200, Some(host.clock.now())));
}

#[test]
fn d49_a_link_opens_once_and_ends() {
    let host = Host::new();
    let old = host.never("A");
    let replacing = Replaces::One {
        id: old.credential.id.clone(),
        overlap: AT_ONCE,
    };
    let mint = Mint::new("Okta", Expiry::Never).replacing(replacing);
    host.send_link(mint.clone(), TimeDelta::hours(1)).unwrap();
    assert_eq!(host.outbox.sent.lock().unwrap()[0].0, "admin@example.test");
    let link = host.link();
    // Until it is opened nothing has changed, and the link itself is no token.
    assert_eq!((host.list("A").len(), host.status(&old.token)), (1, 200));
    assert_eq!(host.ask(&[("authorization", &format!("Bearer {link}"))]).status(), 401);
    let mut wrong = link.clone();
    wrong.replace_range(30..31, if link.as_bytes()[30] == b'x' { "y" } else { "x" });
    assert!(matches!(host.open(&wrong), Err(CredentialError::Link)));
    let minted = host.open(&link).unwrap();
    assert_eq!((host.status(&old.token), host.status(&minted.token)), (401, 200));
    assert!(matches!(host.open(&link), Err(CredentialError::Link)));

    let mint = Mint::new("late", Expiry::Never);
    host.send_link(mint.clone(), TimeDelta::hours(1)).unwrap();
    host.clock.forward(3_600_000);
    assert!(matches!(host.open(&host.link()), Err(CredentialError::Link)));
    // One that was withdrawn, and one from before everything was replaced.
    let id = host.send_link(mint.clone(), TimeDelta::hours(1)).unwrap();
    block_on(host.credentials.revoke(&"A".into(), &id)).unwrap();
    assert!(matches!(host.open(&host.link()), Err(CredentialError::Link)));
    host.send_link(mint.clone(), TimeDelta::hours(1)).unwrap();
    host.mint(
        "A",
        Mint::new("new", Expiry::Never).replacing(Replaces::All { overlap: AT_ONCE }),
    );
    assert!(matches!(host.open(&host.link()), Err(CredentialError::Link)));

    assert!(matches!(
        host.send_link(mint.clone(), AT_ONCE),
        Err(CredentialError::Expired)
    ));
    host.outbox.is_broken.store(true, Ordering::SeqCst);
    assert!(matches!(
        host.send_link(mint, TimeDelta::hours(1)),
        Err(CredentialError::Notifier(Some(_)))
    ));
}

#[test]
fn d49_a_link_opens_once_for_many_threads() {
    let host = Host::new();
    for _ in 0..20 {
        host.send_link(Mint::new("Okta", Expiry::Never), TimeDelta::hours(1))
            .unwrap();
        let (link, opened) = (host.link(), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| opened.fetch_add(usize::from(host.open(&link).is_ok()), Ordering::SeqCst));
            }
        });
        assert_eq!(opened.load(Ordering::SeqCst), 1);
    }
    assert_eq!(host.list("A").len(), 20);
}

#[test]
fn d19_tokens_come_in_the_forms_that_were_asked_for() {
    let custom = HeaderName::from_static("x-scim-token");
    let basic = |user: &str, token: &str| format!("Basic {}", STANDARD.encode(format!("{user}:{token}")));
    let every = TokenForms::bearer().with_bare().with_basic().with_header(custom);
    for (forms, expected) in [
        (TokenForms::bearer(), [200, 401, 401, 401, 401]),
        (TokenForms::bearer().with_bare(), [200, 200, 401, 401, 401]),
        (TokenForms::bearer().with_basic(), [200, 401, 200, 401, 401]),
        (every.clone(), [200, 200, 200, 200, 200]),
    ] {
        let host = Host::on(MemoryCredentials::new(), forms);
        let token = host.never("A").token;
        let token = token.expose();
        let ask = |name: &str, value: &str| host.ask(&[(name, value)]).status().as_u16();
        let got = [
            ask("authorization", &format!("bearer  {token}")),
            ask("authorization", token),
            ask("authorization", &basic("anybody", token)),
            ask("x-scim-token", token),
            ask("x-scim-token", &format!("Bearer {token}")),
        ];
        assert_eq!(got, expected);
        for value in [
            "",
            "Bearer",
            "Bearer ",
            "Basic",
            "Basic !",
            &basic("a", ""),
            &format!("Token {token}"),
            &format!("Bearer {token} x"),
        ] {
            assert_eq!(ask("authorization", value), 401, "{value}");
        }
    }
    let host = Host::on(MemoryCredentials::new(), every);
    let token = host.never("A").token;
    let (bare, bearer) = (token.expose(), format!("Bearer {}", token.expose()));
    // Two are one too many, even where both are good.
    for headers in [
        [("authorization", bearer.as_str()), ("authorization", bearer.as_str())],
        [("authorization", bearer.as_str()), ("x-scim-token", bare)],
        [("x-scim-token", bare), ("x-scim-token", bare)],
    ] {
        assert_eq!(host.ask(&headers).status(), 401);
    }
    let challenge = host.ask(&[]).headers()["www-authenticate"].clone();
    assert_eq!(challenge, "Bearer realm=\"scim\", Basic realm=\"scim\"");
}

/// Answers from what it saw first: what a cache without an end does.
#[derive(Debug, Default)]
struct Cached {
    inner: MemoryCredentials,
    seen: RwLock<HashMap<String, Credential>>,
}

#[async_trait]
impl CredentialStore for Cached {
    async fn add(&self, new: &Credential, replaces: &Replaces, link: Option<&CredentialId>) -> Result<()> {
        self.inner.add(new, replaces, link).await
    }

    async fn add_link(&self, link: &RevealLink) -> Result<()> {
        self.inner.add_link(link).await
    }

    async fn end(&self, tenant: &TenantId, which: Option<&CredentialId>, now: DateTime<Utc>) -> Result<()> {
        self.inner.end(tenant, which, now).await
    }

    async fn find(&self, id: &str) -> Result<Option<Credential>> {
        if let Some(seen) = self.seen.read().unwrap().get(id) {
            return Ok(Some(seen.clone()));
        }
        let found = self.inner.find(id).await?;
        if let Some(found) = &found {
            self.seen.write().unwrap().insert(id.to_owned(), found.clone());
        }
        Ok(found)
    }

    async fn find_link(&self, id: &str) -> Result<Option<RevealLink>> {
        self.inner.find_link(id).await
    }

    async fn list(&self, tenant: &TenantId) -> Result<Vec<Credential>> {
        self.inner.list(tenant).await
    }

    async fn used(&self, id: &CredentialId, at: DateTime<Utc>) -> Result<()> {
        self.inner.used(id, at).await
    }
}

/// A token under load, and what has happened to it by now.
struct Live {
    minted: Minted,
    /// Set before it is being ended: from then on it may be refused.
    is_ending: AtomicBool,
    /// Set after it was ended: from then on it must be refused.
    is_dead: AtomicBool,
}

/// Rotates and revokes under eight clients; how many requests were let in with dead tokens, and refused with live ones.
fn rotate_under_load(host: &Host) -> (usize, usize) {
    let live = |minted| {
        Arc::new(Live {
            minted,
            is_ending: AtomicBool::new(false),
            is_dead: AtomicBool::new(false),
        })
    };
    let all = RwLock::new(vec![live(host.never("A"))]);
    let (accepted, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let attempt = |token: &Live| {
        let was_dead = token.is_dead.load(Ordering::SeqCst);
        let status = host.status(&token.minted.token);
        assert!(matches!(status, 200 | 401));
        let may_be_refused = token.is_ending.load(Ordering::SeqCst);
        accepted.fetch_add(usize::from(status == 200 && was_dead), Ordering::SeqCst);
        refused.fetch_add(usize::from(status == 401 && !may_be_refused), Ordering::SeqCst);
    };
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !is_done.load(Ordering::SeqCst) {
                    let newest: Vec<Arc<Live>> = all.read().unwrap().iter().rev().take(4).cloned().collect();
                    newest.iter().for_each(|token| attempt(token));
                }
                all.read().unwrap().iter().for_each(|token| attempt(token));
            });
        }
        let mut current = Arc::clone(&all.read().unwrap()[0]);
        for round in 0..60 {
            attempt(&current);
            // At once; or with an overlap, in which both are good until the old one is revoked.
            let next = if round % 2 == 0 {
                current.is_ending.store(true, Ordering::SeqCst);
                live(host.rotate(&current.minted.credential, AT_ONCE).unwrap())
            } else {
                let next = live(host.rotate(&current.minted.credential, TimeDelta::days(1)).unwrap());
                all.write().unwrap().push(Arc::clone(&next));
                attempt(&current);
                attempt(&next);
                current.is_ending.store(true, Ordering::SeqCst);
                block_on(host.credentials.revoke(&"A".into(), &current.minted.credential.id)).unwrap();
                next
            };
            current.is_dead.store(true, Ordering::SeqCst);
            if round % 2 == 0 {
                all.write().unwrap().push(Arc::clone(&next));
            }
            current = next;
        }
        is_done.store(true, Ordering::SeqCst);
    });
    (accepted.load(Ordering::SeqCst), refused.load(Ordering::SeqCst))
}

#[test]
fn c12_rotation_under_load_lets_no_dead_token_in_and_refuses_no_live_one() {
    assert_eq!(rotate_under_load(&Host::new()), (0, 0));
}

#[test]
fn c12_a_store_that_caches_is_caught() {
    let (accepted, _) = rotate_under_load(&Host::on(Cached::default(), TokenForms::bearer()));
    assert!(accepted > 0);
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

#[test]
fn a_store_that_fails_is_503_for_tokens_and_401_for_what_is_none() {
    let token = Host::new().never("A").token;
    let host = Host::on(Broken, TokenForms::bearer());
    let answer = host.ask(&[("authorization", &format!("Bearer {}", token.expose()))]);
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (503, &"5".parse().unwrap())
    );
    assert!(answer.extensions().get::<Cause>().is_some());
    // Garbage costs no look-up.
    for garbage in ["x", "acme_", "acme_0123456789abcdef_AAAA"] {
        assert_eq!(
            host.ask(&[("authorization", &format!("Bearer {garbage}"))]).status(),
            401
        );
    }
    let minted = block_on(host.credentials.mint(&"A".into(), Mint::new("a", Expiry::Never)));
    assert!(matches!(minted, Err(CredentialError::Store(_))));
}

#[test]
fn v12_no_secret_is_ever_to_be_seen() {
    let kept = Arc::new(MemoryCredentials::new());
    let host = Host::on(Arc::clone(&kept), TokenForms::bearer().with_bare().with_basic());
    let mint = Mint::new("canary", Expiry::Never);
    let minted = host.mint("A", mint.clone());
    host.send_link(mint.clone(), TimeDelta::hours(1)).unwrap();
    let link = host.link();
    let found = block_on(kept.find_link(link.get(10..26).unwrap())).unwrap();
    let mut seen = format!(
        "{minted:?}{minted:#?}{mint:?}{found:#?}{kept:?}{:#?}{:#?}",
        host.credentials, host.service
    );
    let note = LinkNoteSeen::default();
    let credentials = Credentials::new("acme", MemoryCredentials::new())
        .unwrap()
        .notifier(note.clone());
    block_on(credentials.send_link(&"A".into(), mint, TimeDelta::hours(1), "to")).unwrap();
    seen += &note.debug.lock().unwrap();
    let opened = host.open(&link).unwrap();
    let again = host.open(&link).unwrap_err();
    seen += &format!("{opened:?}{again}{again:?}{:?}", host.list("A"));
    for token in [&minted.token, &opened.token] {
        let token = token.expose();
        for value in [
            format!("Bearer {token}"),
            format!("Bearer {token}x"),
            token.to_owned(),
            format!("Basic {}", STANDARD.encode(token)),
        ] {
            let answer = host.ask(&[("authorization", &value)]);
            let cause = answer.extensions().get::<Cause>().map(|cause| format!("{cause:?}"));
            seen += &format!(
                "{:?}{cause:?}{}",
                answer.headers(),
                String::from_utf8_lossy(answer.body().as_bytes().unwrap())
            );
            let body = with_schema(USER, json!({ "userName": "a" })).to_string();
            let request = Request::post("/scim/A/v2/Users").header("authorization", value);
            seen += &format!("{:?}", block_on(host.service.handle(request.body(body).unwrap())));
        }
    }
    seen += &format!("{}{:?}", host.store.dump(), host.store.changes(&"A".into(), 0, 1000));
    let broken = Host::on(Broken, TokenForms::bearer());
    let answer = broken.ask(&[("authorization", &format!("Bearer {}", minted.token.expose()))]);
    seen += &format!("{:?}", answer.extensions().get::<Cause>().unwrap());
    assert!(
        seen.contains(minted.credential.id.as_str()),
        "the identifier is meant to be seen"
    );
    for secret in [minted.token.expose(), opened.token.expose(), &link] {
        // Everything behind the identifier: the random part and the checksum, in any twelve characters of them.
        let (_, secret) = secret.split_at(secret.len() - 49);
        for window in secret.as_bytes().windows(12) {
            let window = std::str::from_utf8(window).unwrap();
            assert!(!seen.contains(window));
        }
    }
    for place in ["digest: Digest(..)", "Secret(..)"] {
        assert!(seen.contains(place));
    }
}

/// Keeps what a note shows of itself.
#[derive(Debug, Clone, Default)]
struct LinkNoteSeen {
    debug: Arc<Mutex<String>>,
}

#[async_trait]
impl Notifier for LinkNoteSeen {
    async fn send(&self, link: &LinkNote<'_>) -> std::result::Result<(), Box<dyn StdError + Send + Sync>> {
        let shown = format!("{link:?}{link:#?}");
        assert!(!shown.contains(link.token.expose()));
        *self.debug.lock().unwrap() = shown;
        Ok(())
    }
}

#[test]
fn a_prefix_is_a_name() {
    for prefix in ["", "a b", "a-b", "é"] {
        let refused = Credentials::new(prefix, MemoryCredentials::new());
        assert!(matches!(refused, Err(TokenError::Prefix)), "{prefix}");
    }
    Credentials::new(&"a".repeat(32), MemoryCredentials::new()).unwrap();
}

/// Verifies HS256 by one key, which stands in for the keys of an issuer.
#[derive(Debug)]
struct Keys(hmac::Key);

impl Keys {
    fn new() -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]))
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, text.as_bytes()));
        format!("{text}.{signature}")
    }
}

#[async_trait]
impl TokenValidator for Keys {
    async fn verify(&self, token: &str) -> std::result::Result<Claims, AuthError> {
        let read = || -> Option<Claims> {
            let (text, signature) = token.rsplit_once('.')?;
            let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
            hmac::verify(&self.0, text.as_bytes(), &signature).ok()?;
            let claims = URL_SAFE_NO_PAD.decode(text.split_once('.')?.1).ok()?;
            let claims: Value = serde_json::from_slice(&claims).ok()?;
            let time = |name: &str| DateTime::from_timestamp(claims[name].as_i64()?, 0);
            let principal = Principal::new(claims["tenant"].as_str()?, claims["sub"].as_str()?);
            let audience = vec![claims["aud"].as_str()?.to_owned()];
            let read = Claims::new(claims["iss"].as_str()?, audience, time("exp")?, principal);
            Some(match time("nbf") {
                Some(begin) => read.with_not_before(begin),
                None => read,
            })
        };
        read().ok_or(AuthError::Unauthorized)
    }
}

#[test]
fn d51_access_tokens_are_taken_from_who_is_trusted() {
    let clock = HandClock::new();
    let credentials = Credentials::new("acme", MemoryCredentials::new())
        .unwrap()
        .clock(clock.clone());
    let access_tokens = AccessTokens::new(Keys::new())
        .trust("https://login.test", "scim")
        .trust_for("https://idp.b.test", "scim", "B");
    let auth = TokenAuth::new()
        .credentials(credentials.clone())
        .access_tokens(access_tokens);
    let service = ScimService::builder(BASE, TestStore::new(), auth)
        .clock(clock.clone())
        .build()
        .unwrap();
    let get = |token: &str, tenant: &str| {
        let uri = format!("/scim/{tenant}/v2/Users");
        let request = Request::get(uri).header("authorization", format!("Bearer {token}"));
        block_on(service.handle(request.body(Vec::new()).unwrap()))
            .status()
            .as_u16()
    };
    let now = clock.now().timestamp();
    let good = json!({ "iss": "https://login.test", "aud": "scim", "sub": "client", "tenant": "A", "exp": now + 60 });
    let header = json!({ "alg": "HS256", "typ": "at+jwt" });
    let sign = |change: Value| {
        let mut claims = good.clone();
        claims
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        Keys::new().sign(&header, &claims)
    };
    let token = sign(json!({}));
    assert_eq!((get(&token, "A"), get(&token, "B")), (200, 403));
    let minted = block_on(credentials.mint(&"A".into(), Mint::new("minted", Expiry::Never))).unwrap();
    assert_eq!(get(minted.token.expose(), "A"), 200, "both kinds are taken");
    for (change, why) in [
        (json!({ "iss": "https://evil.test" }), "another issuer"),
        (json!({ "aud": "mail" }), "for somebody else"),
        (json!({ "exp": now - 60 }), "over"),
        (json!({ "exp": null }), "without an end"),
        (json!({ "nbf": now + 61 }), "too early"),
        (
            json!({ "iss": "https://idp.b.test" }),
            "an issuer of B that speaks for A",
        ),
    ] {
        assert_eq!(get(&sign(change), "A"), 401, "{why}");
    }
    assert_eq!(
        get(&sign(json!({ "exp": now - 59, "nbf": now + 60 })), "A"),
        200,
        "clocks differ"
    );
    assert_eq!(
        get(&sign(json!({ "iss": "https://idp.b.test", "tenant": "B" })), "B"),
        200
    );
    let none = Keys::new().sign(&json!({ "alg": "None" }), &good);
    let (text, _) = token.rsplit_once('.').unwrap();
    for forged in [
        none,
        format!("{text}."),
        text.to_owned(),
        format!("{text}.AAAA"),
        format!("{token}.x"),
        format!("{token}A"),
        "a.b.c".to_owned(),
        format!("{token}{}", "A".repeat(20_000)),
    ] {
        assert_eq!(get(&forged, "A"), 401);
    }
    clock.forward(120_000);
    assert_eq!(get(&token, "A"), 401);
    let nobody = ScimService::builder(BASE, TestStore::new(), TokenAuth::new())
        .build()
        .unwrap();
    let request = Request::get("/scim/A/v2/Users").header("authorization", format!("Bearer {token}"));
    assert_eq!(block_on(nobody.handle(request.body(Vec::new()).unwrap())).status(), 401);
}
