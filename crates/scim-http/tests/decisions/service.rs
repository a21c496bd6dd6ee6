//! The order of creation, credentials and locations: D18 to D20.

use super::*;

/// Identifiers that count down, so that their order is not that of creation.
#[derive(Debug)]
struct Down(std::sync::atomic::AtomicU32);

impl IdSource for Down {
    fn next(&self) -> ResourceId {
        ResourceId::new(format!(
            "{:04}",
            self.0.fetch_sub(1, std::sync::atomic::Ordering::SeqCst)
        ))
    }
}

#[test]
fn d18_without_sort_by_the_order_is_that_of_creation() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::with(dialect, |builder| builder.ids(Down(1000.into())));
        for name in ["c", "a", "b"] {
            s.user(json!({ "userName": name }));
            s.clock.forward(1);
        }
        let order = |query: &str| -> Vec<String> {
            let list = s.get(&format!("/Users{query}")).body;
            list["Resources"]
                .as_array()
                .unwrap()
                .iter()
                .map(|r| r["userName"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(order(""), ["c", "a", "b"]);
        assert_eq!(order(&format!("?filter={}", encode("userName pr"))), ["c", "a", "b"]);
        assert_eq!(order("?cursor"), ["c", "a", "b"]);
        let id = s.filter("/Users", "userName eq \"c\"").body["Resources"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        s.put(
            &format!("/Users/{id}"),
            with_schema(USER, json!({ "userName": "c", "title": "t" })),
        )
        .ok(200);
        assert_eq!(order(""), ["c", "a", "b"], "a change does not move it");
        // Also of one moment, and the same however it is asked for.
        s.user(json!({ "userName": "x" }));
        s.user(json!({ "userName": "y" }));
        for query in [
            "",
            "?cursor",
            &format!("?filter={}", encode("userName pr")),
            "?sortBy=nickName",
        ] {
            assert_eq!(order(query), ["c", "a", "b", "x", "y"], "{query}");
        }
    }
}

/// A service with these tokens, and the answer to a GET with this `Authorization`.
fn status_with(tokens: BearerTokens, values: &[&str]) -> u16 {
    let service = ScimService::builder(BASE, TestStore::new(), tokens)
        .clock(HandClock::new())
        .build()
        .unwrap();
    let mut request = http::Request::get("/scim/v2/Users");
    for value in values {
        request = request.header("authorization", *value);
    }
    block_on(service.handle(request.body(Vec::new()).unwrap()))
        .status()
        .as_u16()
}

#[test]
fn d19_bearer_always_and_the_rest_by_setting() {
    let tokens = || {
        let tokens = BearerTokens::new();
        tokens.add("tok", Principal::new("A", "token"), Expiry::Never).unwrap();
        tokens
    };
    for value in ["Bearer tok", "bearer tok", "BEARER tok", "Bearer  tok "] {
        assert_eq!(status_with(tokens(), &[value]), 200, "{value}");
    }
    for value in [
        "tok",
        "Basic dTpw",
        "Token tok",
        "Bearertok",
        "Bearer",
        "Bearer ",
        "",
        "Bearer tok x",
        "Bearer TOK",
    ] {
        assert_eq!(status_with(tokens(), &[value]), 401, "{value}");
    }
    assert_eq!(
        status_with(tokens(), &["Bearer tok", "Bearer tok"]),
        401,
        "two are ambiguous"
    );
    assert_eq!(status_with(tokens(), &[]), 401);

    assert_eq!(status_with(tokens().allow_raw(true), &["tok"]), 200);
    assert_eq!(status_with(tokens().allow_raw(true), &["Bearer tok"]), 200);
    assert_eq!(status_with(tokens().allow_raw(true), &["other"]), 401);
    assert_eq!(status_with(tokens().allow_raw(true), &[""]), 401);

    let basic = || tokens().with_basic("u", "p", Principal::new("A", "basic")).unwrap();
    for value in ["Basic dTpw", "basic dTpw", "BASIC dTpw", "Bearer tok"] {
        assert_eq!(status_with(basic(), &[value]), 200, "{value}");
    }
    for value in [
        "Basic dTpx",
        "Basic !",
        "Basic",
        "Basic dTo=",
        "Bearer u:p",
        "Bearer dTpw",
        "Basic dG9r",
    ] {
        assert_eq!(status_with(basic(), &[value]), 401, "{value}");
    }
    assert_eq!(
        status_with(basic().allow_raw(true), &["u:p"]),
        401,
        "a password is no token"
    );
}

#[test]
fn d20_locations_come_from_configuration_only() {
    for base in [
        "https://id.example.test/scim/api/V1",
        "https://id.example.test:8443/t/1/scim/",
        "https://id.example.test",
    ] {
        let tokens = BearerTokens::new();
        tokens
            .add("tokA", Principal::new("A", "token a"), Expiry::Never)
            .unwrap();
        let (clock, store) = (HandClock::new(), Arc::new(TestStore::new()));
        let service = ScimService::builder(base, Arc::clone(&store), tokens)
            .clock(clock.clone())
            .build()
            .unwrap();
        let s = Server { service, store, clock };
        let forged = [
            ("host", "evil.example"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-prefix", "/evil"),
            ("forwarded", "host=evil.example;proto=http"),
        ];
        let base = base.trim_end_matches('/');
        let below = base.strip_prefix("https://").unwrap();
        let path = below
            .split_once('/')
            .map_or(String::new(), |(_, path)| format!("/{path}"));
        let uri = |rest: &str| format!("https://evil.example{path}{rest}");
        let body = with_schema(USER, json!({ "userName": "a" }));
        let created = s.send("POST", &uri("/Users"), &forged, Some(&body));
        let location = format!("{base}/Users/{}", created.ok(201).id());
        assert_eq!(created.header("location"), Some(location.as_str()));
        assert_eq!(created.body["meta"]["location"], json!(location));
        let member = json!({ "displayName": "g", "members": [{ "value": created.id() }] });
        let group = s.send("POST", &uri("/Groups"), &forged, Some(&with_schema(GROUP, member)));
        assert_eq!(group.ok(201).body["members"][0]["$ref"], json!(location));
        let mut answers: Vec<Value> = Vec::new();
        for rest in [
            "/Users",
            "/Groups",
            "/Schemas",
            "/ResourceTypes",
            "/ServiceProviderConfig",
            "/nowhere",
        ] {
            let reply = s.send("GET", &uri(rest), &forged, None);
            assert!(
                !reply.text.contains("evil") && !format!("{:?}", reply.headers).contains("evil"),
                "{}",
                reply.text
            );
            answers.push(reply.body);
        }
        assert_eq!(
            answers[0]["Resources"][0]["groups"][0]["$ref"],
            json!(format!("{base}/Groups/{}", group.id()))
        );
    }
}
