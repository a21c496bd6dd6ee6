//! Tokens of tenants (D19, D49).

use super::*;

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

#[test]
fn a_prefix_is_a_name() {
    for prefix in ["", "a b", "a-b", "é"] {
        let refused = Credentials::new(prefix, MemoryCredentials::new());
        assert!(matches!(refused, Err(TokenError::Prefix)), "{prefix}");
    }
    Credentials::new(&"a".repeat(32), MemoryCredentials::new()).unwrap();
}
