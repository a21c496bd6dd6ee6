//! Tokens: R04 and R05.

use super::*;

#[test]
fn r04_tokens_have_256_random_bits_and_a_prefix() {
    let tokens: Vec<String> = (0..200).map(|_| BearerTokens::generate("acme").unwrap()).collect();
    let mut seen = std::collections::HashSet::new();
    for token in &tokens {
        let random = token.strip_prefix("acme_").unwrap();
        assert_eq!(random.len(), 43, "32 bytes in base64");
        assert!(
            random
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
        assert!(seen.insert(random));
    }
    // Every place varies: no byte is constant or drawn from a part of the alphabet.
    for place in 0..42 {
        let letters: std::collections::HashSet<char> =
            tokens.iter().map(|t| t.chars().nth(5 + place).unwrap()).collect();
        assert!(letters.len() > 32, "place {place} has only {} letters", letters.len());
    }
}

#[test]
fn r04_tokens_end_when_they_expire_or_are_revoked() {
    let clock = HandClock::new();
    let tokens = Arc::new(self::tokens());
    let end = clock.now() + TimeDelta::seconds(10);
    tokens
        .add("short", Principal::new("A", "short"), Expiry::At(end))
        .unwrap();
    let service = ScimService::builder(BASE, TestStore::new(), Shared(Arc::clone(&tokens))).clock(clock.clone());
    let s = Server {
        service: service.build().unwrap(),
        store: Arc::new(TestStore::new()),
        clock,
    };
    let status = |token: &str| {
        s.send("GET", "/Users", &[("authorization", &format!("Bearer {token}"))], None)
            .status
    };
    assert_eq!((status("short"), status("tokA")), (200, 200));
    s.clock.forward(9_999);
    assert_eq!(status("short"), 200);
    s.clock.forward(1);
    assert_eq!((status("short"), status("tokA")), (401, 200));
    // A new one lives beside the old one until that is revoked.
    tokens
        .add("tokA2", Principal::new("A", "second"), Expiry::Never)
        .unwrap();
    assert_eq!((status("tokA"), status("tokA2")), (200, 200));
    assert!(tokens.revoke("tokA") && !tokens.revoke("tokA"));
    assert_eq!((status("tokA"), status("tokA2")), (401, 200));
}

#[derive(Debug)]
struct Shared(Arc<BearerTokens>);

#[async_trait]
impl Authenticator for Shared {
    async fn authenticate(&self, head: &Parts, now: DateTime<Utc>) -> std::result::Result<Principal, AuthError> {
        self.0.authenticate(head, now).await
    }
}

#[test]
fn r04_an_empty_token_cannot_be_made() {
    let tokens = BearerTokens::new();
    for token in ["", " ", "a b", "a\n", "é", "\u{7f}"] {
        assert!(
            tokens.add(token, Principal::new("A", "x"), Expiry::Never).is_err(),
            "{token:?}"
        );
    }
    for (user, password) in [("", "p"), ("u", ""), ("u:v", "p")] {
        assert!(
            BearerTokens::new()
                .with_basic(user, password, Principal::new("A", "x"))
                .is_err()
        );
    }
}

#[test]
fn r05_a_token_in_the_url_or_the_body_is_none() {
    let s = server(Untouched, tokens());
    for path in [
        "/Users?access_token=tokA",
        "/Users?token=tokA&authorization=Bearer%20tokA",
        "/Users/tokA",
        "/tokA/Users",
    ] {
        s.send("GET", path, &[("authorization", "")], None).refused(401, "");
    }
    let form = [
        ("authorization", ""),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    s.send_bytes("POST", "/Users/.search", &form, b"access_token=tokA".to_vec())
        .refused(401, "");
    for header in ["x-api-key", "cookie", "proxy-authorization", "x-authorization"] {
        s.send("GET", "/Users", &[("authorization", ""), (header, "Bearer tokA")], None)
            .refused(401, "");
    }
}

#[test]
fn r05_a_token_is_nowhere_to_be_seen() {
    let token = BearerTokens::generate("canary").unwrap();
    let tokens = BearerTokens::new();
    tokens
        .add(&token, Principal::new("A", "the canary"), Expiry::Never)
        .unwrap();
    let mut seen = format!("{tokens:?}{tokens:#?}");
    let store = Arc::new(TestStore::new());
    let s = server(Arc::clone(&store), tokens);
    seen += &format!("{:?}{:#?}", s.service, s.service);
    for authorization in [
        format!("Bearer {token}"),
        format!("Bearer {token}x"),
        token.clone(),
        format!("Basic {token}"),
    ] {
        for path in paths() {
            for method in METHODS {
                let body = json!({ "schemas": [USER], "userName": "a" });
                let reply = s.send(method, &path, &[("authorization", &authorization)], Some(&body));
                seen += &format!("{:?}{}", reply.headers, reply.text);
            }
        }
    }
    seen += &format!("{}{:?}", store.dump(), store.changes(&"A".into(), 0, 1000));
    assert!(!seen.contains(token.strip_prefix("canary_").unwrap()));
}
