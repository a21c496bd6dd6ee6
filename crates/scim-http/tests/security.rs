//! The RFCs' security requirements as tests, first half: R1 to R15 (RFC 7644 sections 2 to 3.6 and 7, RFC 7643 sections 7 and 9).

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod support;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use http::request::Parts;
use proptest::prelude::*;
use scim_http::{
    AuthError, Authenticator, BearerTokens, BuildError, Expiry, ScimService,
    core::{
        Dialect, Draft, Edit, Limits,
        query::{Query, QueryPage},
        resource::{Decoded, Found},
        schema::{Mutability, Registry, ResourceType, Schema, SchemaBuilder},
        username::UserNameKey,
    },
    store::{Capabilities, Clock, Principal, Read, Removal, Result, ScimStore, Scope, Updated, Write, Written},
};
use serde_json::{Value, json};
use support::{
    BASE, ENTERPRISE, GROUP, HandClock, Reply, Server, TestStore, USER, block_on, both, encode, with_schema,
};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// Every path of the service: its own, those of each type, and what is no endpoint at all.
fn paths() -> Vec<String> {
    let mut paths: Vec<String> = [
        "",
        "/",
        "/.search",
        "/Bulk",
        "/Me",
        "/ResourceTypes",
        "/ResourceTypes/User",
        "/Schemas",
        "/ServiceProviderConfig",
        "/nowhere",
        "/Users/a/b",
        "//Users",
        "/Users/%ff",
        "/Users/%00",
        "/%55sers",
        "/users",
        "/.well-known/x",
        "/Users/../Bulk",
    ]
    .map(str::to_owned)
    .to_vec();
    paths.extend(
        Registry::default()
            .schemas()
            .iter()
            .map(|schema| format!("/Schemas/{}", schema.id)),
    );
    for kind in Registry::default().types() {
        let endpoint = kind.endpoint();
        paths.extend(["", "/", "/.search", "/1", "/1/"].map(|rest| format!("{endpoint}{rest}")));
    }
    paths
}

const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW",
];

/// A store that nobody may reach.
#[derive(Debug)]
struct Untouched;

#[async_trait]
impl ScimStore for Untouched {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    async fn create(&self, _: &Scope, _: &Draft) -> Result<Found> {
        panic!("the store was reached")
    }

    async fn delete(&self, _: &Scope, _: &Removal) -> Result<()> {
        panic!("the store was reached")
    }

    async fn get(&self, _: &Scope, _: &Read) -> Result<Found> {
        panic!("the store was reached")
    }

    async fn query(&self, _: &Scope, _: &Query) -> Result<QueryPage> {
        panic!("the store was reached")
    }

    async fn update(&self, _: &Scope, _: &Edit) -> Result<Updated> {
        panic!("the store was reached")
    }

    async fn batch(&self, _: &Scope, _: &[Write]) -> Result<Vec<Written>> {
        panic!("the store was reached")
    }
}

/// A service on a store of this kind with this authenticator.
fn server(store: impl ScimStore, authenticator: impl Authenticator) -> Server {
    let clock = HandClock::new();
    let service = ScimService::builder(BASE, store, authenticator)
        .clock(clock.clone())
        .build()
        .unwrap();
    Server {
        service,
        store: Arc::new(TestStore::new()),
        clock,
    }
}

fn tokens() -> BearerTokens {
    let tokens = BearerTokens::new();
    tokens
        .add("tokA", Principal::new("A", "token a"), Expiry::Never)
        .unwrap();
    tokens
}

#[test]
fn r01_every_route_and_method_wants_credentials_first() {
    let s = server(Untouched, tokens());
    for path in paths() {
        for method in METHODS {
            for credentials in [
                "",
                "Bearer wrong",
                "Bearer",
                "Bearer ",
                "Basic dTpw",
                "tokA",
                "Bearer tokA2",
                "Bearer tok",
            ] {
                // Whatever else is wrong with the request must not show.
                let headers = [
                    ("authorization", credentials),
                    ("content-type", "text/plain"),
                    ("if-match", "W/\"9\""),
                ];
                let reply = s.send_bytes(method, &path, &headers, b"{\"schemas\":".to_vec());
                assert_eq!(reply.status, 401, "{method} {path} {credentials:?}");
                assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"scim\""));
                assert_eq!(reply.header("cache-control"), Some("private, no-store"));
                if method != "HEAD" {
                    reply.refused(401, "");
                    assert_eq!(reply.body.get("scimType"), None);
                }
            }
        }
    }
}

#[test]
fn r01_all_refusals_look_the_same() {
    let s = server(Untouched, tokens());
    let refusals: Vec<String> = ["", "Bearer wrong", "Basic dTpw", "Bearer \u{e9}", "Digest x"]
        .iter()
        .flat_map(|value| paths().into_iter().map(move |path| (*value, path)))
        .map(|(value, path)| {
            s.send("GET", &path, &[("authorization", value)], None)
                .ok(401)
                .text
                .clone()
        })
        .collect();
    assert!(refusals.iter().all(|text| *text == refusals[0]));
}

#[test]
fn r01_a_body_that_is_too_long_wants_credentials_too() {
    let s = server(Untouched, tokens());
    let long = vec![b' '; Limits::default().members_body + 1];
    for path in ["/Users", "/Groups", "/Bulk", "/.search"] {
        s.send_bytes("POST", path, &[("authorization", "")], long.clone())
            .refused(401, "");
        s.send_bytes("POST", path, &[], long.clone()).refused(413, "");
        let head = |token: &str| {
            let request = http::Request::post(format!("/scim/v2{path}")).header("authorization", token);
            request.body(()).unwrap().into_parts().0
        };
        assert_eq!(block_on(s.service.refuse_body(&head("Bearer wrong"))).status(), 401);
        assert_eq!(block_on(s.service.refuse_body(&head("Bearer tokA"))).status(), 413);
    }
}

/// Says the same of everybody.
#[derive(Debug)]
struct Says(fn() -> AuthError);

#[async_trait]
impl Authenticator for Says {
    async fn authenticate(&self, _: &Parts, _: DateTime<Utc>) -> std::result::Result<Principal, AuthError> {
        Err((self.0)())
    }
}

#[test]
fn r02_the_access_policy_comes_before_anything_else() {
    let forbidden = server(Untouched, Says(|| AuthError::Forbidden));
    let unavailable = server(
        Untouched,
        Says(|| AuthError::Unavailable {
            retry_after: 7,
            source: None,
        }),
    );
    for path in paths() {
        for method in METHODS {
            forbidden.send_bytes(method, &path, &[], b"{".to_vec()).ok(403);
            let reply = unavailable.send_bytes(method, &path, &[], b"{".to_vec());
            assert_eq!((reply.status, reply.header("retry-after")), (503, Some("7")));
        }
    }
}

#[test]
fn r02_credentials_for_reading_do_not_write() {
    both(|s| {
        let id = s.user(json!({ "userName": "a" }));
        let before = s.store.dump();
        let reader = [("authorization", "Bearer readA")];
        let user = with_schema(USER, json!({ "userName": "b" }));
        let delete =
            json!({ "schemas": [BULK], "Operations": [{ "method": "DELETE", "path": format!("/Users/{id}") }] });
        for (method, path, body) in [
            ("POST", "/Users".to_owned(), Some(&user)),
            ("POST", "/Groups".to_owned(), Some(&user)),
            ("PUT", format!("/Users/{id}"), Some(&user)),
            ("PATCH", format!("/Users/{id}"), Some(&user)),
            ("DELETE", format!("/Users/{id}"), None),
            ("DELETE", "/Users/nobody".to_owned(), None),
            ("POST", "/Bulk".to_owned(), Some(&delete)),
            ("DELETE", "/Me".to_owned(), None),
        ] {
            s.send(method, &path, &reader, body).refused(403, "");
        }
        assert_eq!(s.store.dump(), before);
        s.send("GET", &format!("/Users/{id}"), &reader, None).ok(200);
        s.send("GET", "/Users", &reader, None).ok(200);
        s.send("OPTIONS", "/Users", &reader, None).ok(204);
        let search = json!({ "schemas": [SEARCH], "filter": "userName pr" });
        assert_eq!(
            s.send("POST", "/Users/.search", &reader, Some(&search)).ok(200).names(),
            ["a"]
        );
    });
}

#[test]
fn r03_the_base_url_must_be_https() {
    let build = |base: &str| ScimService::builder(base, TestStore::new(), tokens()).build();
    for base in [
        "http://example.com/scim/v2",
        "HTTP://example.com",
        "http://localhost:8080/",
    ] {
        assert!(matches!(build(base), Err(BuildError::Insecure)), "{base}");
        ScimService::builder(base, TestStore::new(), tokens())
            .allow_insecure_base_url()
            .build()
            .unwrap();
    }
    for base in [
        "",
        "/scim/v2",
        "example.com",
        "ftp://example.com",
        "https://e.example/?a=b",
        "https://e.example/#a",
    ] {
        assert!(matches!(build(base), Err(BuildError::BaseUrl)), "{base}");
        let insecure = ScimService::builder(base, TestStore::new(), tokens())
            .allow_insecure_base_url()
            .build();
        assert!(matches!(insecure, Err(BuildError::BaseUrl)), "{base}");
    }
    build("https://example.com/scim/v2").unwrap();
}

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

#[test]
fn r06_a_sensitive_filter_in_a_url_is_refused_and_offered_by_post() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let schema = SchemaBuilder::from_schema(&Schema::user())
            .sensitive("nickName")
            .build()
            .unwrap();
        let user = ResourceType::builder("User", "/Users", schema).build().unwrap();
        let s = Server::with(dialect, |builder| builder.resource_types(Registry::new([user])));
        s.user(json!({ "userName": "a", "nickName": "canary" }));
        for filter in [
            "nickName eq \"canary\"",
            "NICKNAME pr",
            "userName pr or not (nickName sw \"canary\")",
        ] {
            let refused = s.filter("/Users", filter);
            refused.refused(403, "sensitive");
            assert!(refused.body["detail"].as_str().unwrap().contains("/.search") && !refused.text.contains("canary"));
            s.send("HEAD", &format!("/Users?filter={}", encode(filter)), &[], None)
                .ok(403);
            let search = json!({ "schemas": [SEARCH], "filter": filter });
            assert_eq!(s.post("/Users/.search", search).ok(200).names(), ["a"]);
        }
        assert_eq!(s.find("/Users", "userName eq \"a\""), ["a"]);
    }
}

#[test]
fn r07_nobody_creates_anonymously() {
    both(|s| {
        let before = s.store.dump();
        let user = with_schema(USER, json!({ "userName": "a" }));
        for path in ["/Users", "/Groups", "/Me", "/Bulk"] {
            s.send("POST", path, &[("authorization", "")], Some(&user))
                .refused(401, "");
        }
        assert_eq!(s.store.dump(), before);
    });
}

#[test]
fn r08_names_in_parameters_are_looked_up_and_never_run() {
    both(|s| {
        let id = s.user(json!({ "userName": "a", "title": "t" }));
        let before = s.store.dump();
        for hostile in [
            "userName;DROP TABLE users",
            "1",
            "userName--",
            "(select 1)",
            "userName desc",
            "__proto__",
            "a'b",
            "../../x",
            "$where",
            "*",
        ] {
            let name = encode(hostile);
            s.get(&format!("/Users?sortBy={name}")).refused(400, "invalidPath");
            s.filter("/Users", &format!("{hostile} eq \"a\""))
                .refused(400, "invalidFilter");
            s.patch(
                &format!("/Users/{id}"),
                json!([{ "op": "replace", "path": hostile, "value": "x" }]),
            )
            .refused(400, "");
            for parameter in ["attributes", "excludedAttributes"] {
                let reply = s.get(&format!("/Users/{id}?{parameter}={name}"));
                assert!(reply.status == 400 || reply.body["id"] == json!(id), "{}", reply.text);
            }
            s.get(&format!("/Users/{name}")).refused(404, "");
        }
        assert_eq!(s.store.dump(), before);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn r08_values_are_data(value in "[^\0]{1,24}", other in "[%_'\"\\\\;()* a]{1,8}") {
        for dialect in [Dialect::rfc(), Dialect::default()] {
            let s = Server::new(dialect);
            s.user(json!({ "userName": "one", "externalId": value }));
            s.user(json!({ "userName": "two", "externalId": other }));
            for (name, text, unlike) in [("one", &value, &other), ("two", &other, &value)] {
                let found = s.find("/Users", &format!("externalId eq {}", json!(text)));
                prop_assert_eq!(found.contains(&name.to_owned()), true);
                prop_assert_eq!(found.len(), if text == unlike { 2 } else { 1 });
                let containing = s.find("/Users", &format!("externalId co {}", json!(text)));
                prop_assert_eq!(containing.len(), if unlike.contains(text.as_str()) { 2 } else { 1 });
                prop_assert_eq!(&s.filter("/Users", &format!("userName eq \"{name}\"")).body["Resources"][0]["externalId"], &json!(text));
            }
        }
    }

    #[test]
    fn r11_a_prepared_user_name_is_stable(name in "\\PC{1,16}") {
        if let Ok(key) = UserNameKey::enforce(&name) {
            let text = key.to_string();
            prop_assert_eq!(UserNameKey::enforce(&text).map(|again| again.to_string()), Ok(text.clone()));
            prop_assert_eq!(UserNameKey::map(&name).into_owned(), text.clone());
            prop_assert_eq!(UserNameKey::map(&text).into_owned(), text);
        }
    }
}

const SECRET: &str = "pa55word-canary";

#[test]
fn r09_a_password_is_kept_and_shown_nowhere() {
    both(|s| {
        let id = s.user(json!({ "userName": "a", "password": SECRET }));
        s.put(
            &format!("/Users/{id}"),
            with_schema(USER, json!({ "userName": "a", "password": SECRET })),
        )
        .ok(200);
        s.patch(
            &format!("/Users/{id}"),
            json!([{ "op": "replace", "path": "password", "value": SECRET }]),
        )
        .ok(200);
        let changes = s.store.changes(&"A".into(), 0, 100);
        assert!(!format!("{}{changes:?}", s.store.dump()).contains(SECRET));
    });
    let (kind, dialect, limits) = (ResourceType::user(), Dialect::default(), Limits::default());
    let body = with_schema(USER, json!({ "userName": "a", "password": SECRET }));
    let decoded = Decoded::decode(&kind, body, &dialect, &limits).unwrap();
    assert_eq!(decoded.password.as_ref().unwrap().expose(), SECRET);
    let draft = Draft::new(Arc::clone(&kind), decoded.clone(), Arc::new(dialect.clone())).unwrap();
    let edit = Edit::replace(kind, "1".into(), decoded.clone(), Arc::new(dialect));
    assert!(!format!("{decoded:?}{decoded:#?}{draft:?}{edit:?}").contains(SECRET));
}

#[test]
fn r10_a_password_is_in_no_answer_however_it_is_asked_for() {
    both(|s| {
        let id = s.user(json!({ "userName": "a", "password": SECRET }));
        let names = [
            "password",
            "PassWord",
            &format!("{USER}:password"),
            "password.value",
            USER,
            "",
        ];
        for endpoint in ["", "/Users", &format!("/Users/{id}")] {
            for name in names {
                for query in ["attributes", "excludedAttributes", "sortBy"].map(|p| format!("{p}={}", encode(name))) {
                    let reply = s.get(&format!("{endpoint}?{query}"));
                    assert!(
                        !reply.text.contains(SECRET) && !reply.text.contains("\"password\""),
                        "{}",
                        reply.text
                    );
                }
            }
            for test in ["pr", "eq \"pa55word-canary\"", "sw \"p\""] {
                if !endpoint.ends_with(&id) {
                    s.filter(endpoint, &format!("password {test}"))
                        .refused(400, "invalidFilter");
                }
            }
        }
        let data = |name: &str| with_schema(USER, json!({ "userName": name, "password": SECRET }));
        let bulk = s.post(
            "/Bulk?attributes=password",
            json!({ "schemas": [BULK], "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "1", "data": data("b") },
            { "method": "POST", "path": "/Users", "bulkId": "2", "data": data("a") },
            { "method": "PUT", "path": format!("/Users/{id}"), "data": data("c") },
        ] }),
        );
        assert_eq!(bulk.ok(200).body["Operations"][1]["status"], "409");
        assert!(!bulk.text.contains(SECRET));
        let twice = format!(
            "{{\"schemas\":[\"{USER}\"],\"userName\":\"z\",\"password\":\"{SECRET}\",\"password\":\"{SECRET}\"}}"
        );
        let reply = s.send_bytes("POST", "/Users", &[], twice.into_bytes());
        assert!(!reply.refused(400, "invalidSyntax").text.contains(SECRET));
        for wrong in [
            json!([SECRET]),
            json!({ "value": SECRET }),
            json!(format!("{SECRET}\0")),
        ] {
            let body = with_schema(USER, json!({ "userName": "z", "password": wrong }));
            assert!(
                !s.post("/Users", body)
                    .refused(400, "invalidValue")
                    .text
                    .contains(SECRET)
            );
        }
    });
}

#[test]
fn r11_one_user_name_is_one_user() {
    both(|s| {
        for (name, variants) in [
            ("bjensen", ["BJENSEN", "ｂｊｅｎｓｅｎ", "BjEnSeN"]),
            ("josé", ["jose\u{301}", "JOSÉ", "JOSE\u{301}"]),
            ("kevin", ["\u{212a}evin", "KEVIN", "ｋｅｖｉｎ"]),
            ("ÅSE", ["\u{212b}se", "A\u{30a}SE", "åse"]),
        ] {
            let id = s.user(json!({ "userName": name }));
            for variant in variants {
                s.post("/Users", with_schema(USER, json!({ "userName": variant })))
                    .refused(409, "uniqueness");
                assert_eq!(s.find("/Users", &format!("userName eq {}", json!(variant))), [name]);
            }
            assert_eq!(
                s.get(&format!("/Users/{id}")).body["userName"],
                name,
                "kept as it was sent"
            );
        }
        // Look-alikes of another script are other names.
        s.user(json!({ "userName": "bj\u{435}nsen" }));
        for hostile in ["a\u{200b}b", "\u{feff}a", "a\u{202e}b", "a\u{1}", " a", ""] {
            s.post("/Users", with_schema(USER, json!({ "userName": hostile })))
                .refused(400, "invalidValue");
        }
    });
}

#[test]
fn r12_every_read_only_attribute_is_ignored_in_a_body_and_refused_in_a_patch() {
    both(|s| {
        for kind in Registry::default().types() {
            let name = if kind.name() == "User" {
                "userName"
            } else {
                "displayName"
            };
            let body = |value: &str| with_schema(&kind.schema().id, json!({ (name): value }));
            let mut paths = Vec::new();
            for attribute in kind.attributes() {
                let whole = attribute.mutability == Mutability::ReadOnly;
                if whole {
                    paths.push((attribute.name.clone(), attribute.name.clone(), None));
                }
                for sub in attribute
                    .sub_attributes
                    .iter()
                    .filter(|sub| whole || sub.mutability == Mutability::ReadOnly)
                {
                    if !attribute.multi_valued {
                        paths.push((
                            format!("{}.{}", attribute.name, sub.name),
                            attribute.name.clone(),
                            Some(sub.name.clone()),
                        ));
                    }
                }
            }
            assert!(
                paths.iter().any(|(path, ..)| path == "id") && paths.iter().any(|(path, ..)| path == "meta.version")
            );
            for (number, (path, attribute, sub)) in paths.iter().enumerate() {
                let mut sent = body(&format!("n{number}"));
                sent[attribute] = match sub {
                    Some(sub) => json!({ (sub): "2001-01-01T00:00:00Z" }),
                    None => json!("hacked"),
                };
                let created = s.post(kind.endpoint(), sent.clone());
                assert!(
                    !created.ok(201).text.contains("hacked") && !created.text.contains("2001-01-01"),
                    "{path}"
                );
                let resource = format!("{}/{}", kind.endpoint(), created.id());
                let put = s.put(&resource, sent);
                assert_eq!(put.ok(200).body, created.body, "{path}");
                let before = s.store.dump();
                for op in ["add", "replace"] {
                    let value = json!("2001-01-01T00:00:00Z");
                    s.patch(&resource, json!([{ "op": op, "path": path, "value": value }]))
                        .refused(400, "mutability");
                }
                s.patch(&resource, json!([{ "op": "remove", "path": path }]))
                    .refused(400, "mutability");
                assert_eq!(s.store.dump(), before);
            }
        }
        let manager = json!({ "value": "26", "displayName": "Chief" });
        let created = s.post(
            "/Users",
            with_schema(USER, json!({ "userName": "m", (ENTERPRISE): { "manager": manager } })),
        );
        assert_eq!(created.ok(201).body[ENTERPRISE]["manager"], json!({ "value": "26" }));
        let operation = json!([{ "op": "add", "path": format!("{ENTERPRISE}:manager.displayName"), "value": "Chief" }]);
        s.patch(&format!("/Users/{}", created.id()), operation)
            .refused(400, "mutability");
    });
}

#[test]
fn r12_required_attributes_cannot_be_left_out_or_removed() {
    both(|s| {
        let (user, group) = (s.user(json!({ "userName": "a" })), s.group("g", &[]));
        let before = s.store.dump();
        s.post("/Users", with_schema(USER, json!({ "title": "t" })))
            .refused(400, "invalidValue");
        s.post("/Groups", with_schema(GROUP, json!({})))
            .refused(400, "invalidValue");
        for (path, name) in [
            (format!("/Users/{user}"), "userName"),
            (format!("/Groups/{group}"), "displayName"),
        ] {
            s.patch(&path, json!([{ "op": "remove", "path": name }]))
                .refused(400, "mutability");
            for nothing in [Value::Null, json!("")] {
                s.patch(&path, json!([{ "op": "replace", "path": name, "value": nothing }]))
                    .refused(400, "");
                s.patch(&path, json!([{ "op": "replace", "value": { (name): nothing } }]))
                    .refused(400, "");
            }
        }
        assert_eq!(s.store.dump(), before);
    });
}

#[test]
fn r13_a_patch_is_done_wholly_or_not_at_all() {
    both(|s| {
        let member = s.user(json!({ "userName": "m" }));
        let user = format!(
            "/Users/{}",
            s.user(json!({ "userName": "a", "emails": [{ "value": "a@b" }] }))
        );
        let group = format!("/Groups/{}", s.group("g", &[]));
        s.user(json!({ "userName": "taken" }));
        let before = s.store.dump();
        let good = [
            json!({ "op": "replace", "path": "displayName", "value": "changed" }),
            json!({ "op": "add", "value": { "externalId": "e" } }),
        ];
        let bad = [
            json!({ "op": "replace", "path": "id", "value": "x" }),
            json!({ "op": "replace", "path": "zzz", "value": "x" }),
            json!({ "op": "remove" }),
            json!({ "op": "frob", "path": "title" }),
            json!({ "op": "replace", "path": "emails[type eq \"none\" or type eq \"no\"].value", "value": "x" }),
            json!({ "op": "replace", "path": "externalId", "value": 5 }),
        ];
        for path in [&user, &group] {
            for bad in bad
                .iter()
                .filter(|bad| path == &user || !bad.to_string().contains("emails"))
            {
                for place in 0..=good.len() {
                    let mut operations = good.to_vec();
                    if path == &group {
                        operations.push(json!({ "op": "add", "path": "members", "value": [{ "value": member }] }));
                    }
                    operations.insert(place, bad.clone());
                    s.patch(path, json!(operations)).refused(400, "");
                    assert_eq!(s.store.dump(), before, "{bad}");
                }
            }
        }
        let conflict = json!([good[0], { "op": "replace", "path": "userName", "value": "TAKEN" }, good[1]]);
        s.patch(&user, conflict).refused(409, "uniqueness");
        assert_eq!(s.store.dump(), before);
        s.patch(&user, json!(good)).ok(200);
    });
}

#[test]
fn r14_a_conflict_is_409_by_every_way_of_writing() {
    both(|s| {
        s.user(json!({ "userName": "taken" }));
        let other = s.user(json!({ "userName": "other" }));
        let before = s.store.dump();
        let body = with_schema(USER, json!({ "userName": "Taken" }));
        s.post("/Users", body.clone()).refused(409, "uniqueness");
        s.put(&format!("/Users/{other}"), body.clone())
            .refused(409, "uniqueness");
        for operation in [
            json!({ "op": "replace", "path": "userName", "value": "TAKEN" }),
            json!({ "op": "add", "value": { "userName": "taken" } }),
        ] {
            s.patch(&format!("/Users/{other}"), json!([operation]))
                .refused(409, "uniqueness");
        }
        let bulk = s.post(
            "/Bulk",
            json!({ "schemas": [BULK], "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "1", "data": body },
            { "method": "PUT", "path": format!("/Users/{other}"), "data": body },
        ] }),
        );
        for result in bulk.ok(200).body["Operations"].as_array().unwrap() {
            assert_eq!(
                (&result["status"], &result["response"]["scimType"]),
                (&json!("409"), &json!("uniqueness"))
            );
        }
        assert_eq!(s.store.dump(), before);
        // Another tenant has names of its own.
        s.send("POST", "/Users", &[("authorization", "Bearer tokB")], Some(&body))
            .ok(201);
    });
}

#[test]
fn r15_what_is_deleted_answers_like_what_never_was() {
    both(|s| {
        let id = s.user(json!({ "userName": "a", "externalId": "e" }));
        let group = s.group("g", &[&id]);
        s.delete(&format!("/Users/{id}")).ok(204);
        s.delete(&format!("/Groups/{group}")).ok(204);
        let operation = json!([{ "op": "replace", "path": "displayName", "value": "x" }]);
        for (endpoint, gone, body) in [
            ("/Users", &id, with_schema(USER, json!({ "userName": "a" }))),
            ("/Groups", &group, with_schema(GROUP, json!({ "displayName": "g" }))),
        ] {
            let answers = |id: &str| -> Vec<Reply> {
                let path = format!("{endpoint}/{id}");
                vec![
                    s.get(&path),
                    s.send("GET", &path, &[("if-none-match", "*")], None),
                    s.put(&path, body.clone()),
                    s.send("PUT", &path, &[("if-match", "W/\"1\"")], Some(&body)),
                    s.patch(&path, operation.clone()),
                    s.delete(&path),
                ]
            };
            for (deleted, never) in answers(gone).iter().zip(answers("never")) {
                deleted.refused(404, "");
                assert_eq!((&deleted.text, &deleted.headers), (&never.text, &never.headers));
            }
            assert_eq!(s.get(endpoint).body["totalResults"], 0);
            s.post(endpoint, body).ok(201);
        }
        assert_eq!(s.find("", "externalId eq \"e\""), [""; 0]);
        // Nor does it come back into a group.
        let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
        let new = s.group("h", &[]);
        s.patch(&format!("/Groups/{new}"), add);
        assert_eq!(s.get(&format!("/Groups/{new}")).body.get("members"), None);
    });
}
