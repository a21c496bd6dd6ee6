//! Access tokens of another issuer (D51).

use super::*;

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
