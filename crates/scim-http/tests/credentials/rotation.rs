//! Rotation under load: C12.

use super::*;

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
