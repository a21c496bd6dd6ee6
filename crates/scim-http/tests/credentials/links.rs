//! Links that open once (D49), and secrets that nobody sees.

use super::*;

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
