//! Who is let in: R01 to R03 and R07.

use super::*;

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
