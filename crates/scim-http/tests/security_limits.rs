//! What the security sections of RFC 7644 and RFC 9865 ask of the service itself, R16 to R27 and R30.
//!
//! R28 and R29 (events) wait for the events, and R31 (their transport) is for the host.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod support;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use http::request::Parts;
use scim_http::{
    AuthError, Authenticator, ScimService, ScimServiceBuilder,
    core::{Dialect, Limits},
    store::Principal,
};
use serde_json::{Value, json};
use support::{BASE, BULK, GROUP, Reply, Server, TestStore, USER, both, encode};

fn user(name: &str) -> Value {
    json!({ "schemas": [USER], "userName": name })
}

fn both_with(change: impl Fn(ScimServiceBuilder) -> ScimServiceBuilder, case: impl Fn(&Server)) {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        eprintln!("dialect {}", dialect.name);
        case(&Server::with(dialect, &change));
    }
}

/// Who asks is what the test says.
#[derive(Debug, Clone)]
struct Whoever(Arc<Mutex<Principal>>);

#[async_trait]
impl Authenticator for Whoever {
    async fn authenticate(&self, _: &Parts, _: DateTime<Utc>) -> Result<Principal, AuthError> {
        Ok(self.0.lock().unwrap().clone())
    }
}

impl Whoever {
    fn server(dialect: Dialect) -> (Self, Server) {
        let whoever = Self(Arc::new(Mutex::new(Principal::new("A", "one"))));
        let plain = Server::new(dialect.clone());
        let builder = ScimService::builder(BASE, Arc::clone(&plain.store), whoever.clone());
        let service = builder.dialect(dialect).clock(plain.clock.clone()).build().unwrap();
        (whoever, Server { service, ..plain })
    }

    fn is(&self, principal: Principal) {
        *self.0.lock().unwrap() = principal;
    }
}

fn next_page(server: &Server, endpoint: &str, cursor: &str) -> Reply {
    server.get(&format!("{endpoint}?count=1&cursor={}", encode(cursor)))
}

fn first_cursor(server: &Server, query: &str) -> String {
    server.get(query).ok(200).body["nextCursor"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn r16_bulk_names_its_limits_and_goes_on_after_errors() {
    both_with(
        |builder| {
            builder.limits(Limits::default().with(|limits| (limits.bulk_operations, limits.bulk_body) = (2, 1000)))
        },
        |server| {
            let bad = json!({ "method": "DELETE", "path": "/Users/none" });
            let good = json!({ "method": "POST", "path": "/Users", "bulkId": "a", "data": user("a") });
            let reply = server.bulk(json!([bad, good]));
            let statuses: Vec<&Value> = reply.ok(200).body["Operations"]
                .as_array()
                .unwrap()
                .iter()
                .map(|r| &r["status"])
                .collect();
            assert_eq!(statuses, ["404", "201"]);
            let detail = server.bulk(json!([bad, bad, bad])).refused_plainly(413).body["detail"].to_string();
            assert!(detail.contains("maxOperations") && detail.contains('2'), "{detail}");
            let long = json!([{ "method": "DELETE", "path": format!("/Users/{}", "x".repeat(1000)) }]);
            let detail = server.bulk(long).refused_plainly(413).body["detail"].to_string();
            assert!(detail.contains("maxPayloadSize") && detail.contains("1000"), "{detail}");
        },
    );
}

#[test]
fn r16_circles_of_any_length_end() {
    both(|server| {
        for length in [1, 2, 50] {
            let group = |n: usize| {
                let next = format!("bulkId:c{length}-{}", (n + 1) % length);
                json!({ "method": "POST", "path": "/Groups", "bulkId": format!("c{length}-{n}"), "data": {
                    "schemas": [GROUP], "displayName": format!("c{length}-{n}"), "members": [{ "value": next }] } })
            };
            let reply = server.bulk((0..length).map(group).collect());
            let results = reply.ok(200).body["Operations"].as_array().unwrap();
            assert_eq!(results.len(), length);
            let expected: &[&str] = if length == 1 { &["201", "400", "409"] } else { &["201"] };
            assert!(
                results
                    .iter()
                    .all(|r| expected.contains(&r["status"].as_str().unwrap())),
                "{}",
                reply.text
            );
        }
    });
}

#[test]
fn r17_operators_that_are_unknown_or_do_not_fit_are_refused() {
    both(|server| {
        server.user(json!({ "userName": "jane", "active": true, "x509Certificates": [{ "value": "AQID" }] }));
        for filter in [
            r#"userName regex "j.*""#,
            r#"userName = "jane""#,
            r#"userName == "jane""#,
            r#"userName like "j%""#,
            "active gt true",
            "active le false",
            r#"x509Certificates.value ge "AQID""#,
            r#"x509Certificates.value lt "AQID""#,
        ] {
            server.filter("/Users", filter).refused(400, "invalidFilter");
            let search =
                json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter });
            server.post("/Users/.search", search).refused(400, "invalidFilter");
        }
    });
}

#[test]
fn r18_a_scan_of_too_many_is_too_many() {
    both_with(
        |builder| builder.limits(Limits::default().with(|limits| limits.look_through = Some(2))),
        |server| {
            for name in ["a", "b", "c"] {
                server.user(json!({ "userName": name, "title": name }));
            }
            for query in [
                "filter=title%20pr",
                "filter=title%20eq%20%22a%22&count=1",
                "filter=title%20pr&cursor",
            ] {
                server.get(&format!("/Users?{query}")).refused(400, "tooMany");
            }
            assert_eq!(server.find("/Users", r#"userName eq "a""#), ["a"]);
        },
    );
}

#[test]
fn r19_a_condition_that_fails_is_412_and_changes_nothing() {
    both(|server| {
        let path = format!("/Users/{}", server.user(json!({ "userName": "jane" })));
        let group = format!("/Groups/{}", server.group("g", &[]));
        let before = server.store.dump();
        for path in [&path, &group] {
            server
                .send("DELETE", path, &[("if-match", "W/\"0\"")], None)
                .refused_plainly(412);
            let put = json!({ "schemas": [USER, GROUP], "userName": "x", "displayName": "x" });
            let put = if path.starts_with("/Users") {
                user("x")
            } else {
                json!({ "schemas": [GROUP], "displayName": put["displayName"] })
            };
            server
                .send("PUT", path, &[("if-match", "W/\"0\"")], Some(&put))
                .refused_plainly(412);
        }
        let operation = json!({ "method": "DELETE", "path": path, "version": "W/\"0\"" });
        assert_eq!(server.bulk(json!([operation])).body["Operations"][0]["status"], "412");
        assert_eq!(server.store.dump(), before);
    });
}

#[test]
fn r20_only_the_credentials_choose_the_tenant() {
    both(|server| {
        let id = server.user(json!({ "userName": "jane", "externalId": "e1" }));
        let path = format!("/Users/{id}");
        let b = [
            ("authorization", "Bearer tokB"),
            ("x-tenant", "A"),
            ("x-scim-tenant", "A"),
            ("host", "a.example.test"),
        ];
        let before = server.store.dump();
        let body = json!({ "schemas": [USER], "userName": "jane", "tenant": "A" });
        for (method, body) in [("GET", None), ("PUT", Some(&body)), ("DELETE", None)] {
            server.send(method, &path, &b, body).refused_plainly(404);
            server
                .send(method, &format!("{path}?tenant=A&tenantId=A"), &b, body)
                .refused_plainly(404);
            server.send(method, &format!("/A{path}"), &b, body).refused_plainly(404);
        }
        assert_eq!(
            server
                .send("GET", "/Users?filter=externalId%20eq%20%22e1%22", &b, None)
                .ok(200)
                .body["totalResults"],
            0
        );
        assert_eq!(server.store.dump(), before);
        let own = json!({ "schemas": [USER], "userName": "jane", "externalId": "e1" });
        let other = server.send("POST", "/Users", &b, Some(&own));
        assert_ne!(other.ok(201).id(), id);
        let group = json!({ "schemas": [GROUP], "displayName": "g", "members": [{ "value": id }] });
        let reply = server.send("POST", "/Groups", &b, Some(&group));
        assert!(
            reply.status == 400 || reply.body.get("members").is_none(),
            "{}",
            reply.text
        );
        assert!(server.get(&path).body.get("groups").is_none());
        assert_eq!(server.get("/Users").body["totalResults"], 1);
    });
}

#[test]
fn r21_only_what_is_asked_for_is_shared() {
    both(|server| {
        let id =
            server.user(json!({ "userName": "jane", "title": "T", "emails": [{ "value": "a@x", "type": "work" }] }));
        let path = format!("/Users/{id}");
        let minimum = json!({ "schemas": [USER], "id": id });
        let with = |name: &str, value: Value| {
            let mut body = minimum.clone();
            body[name] = value;
            body
        };
        assert_eq!(
            server.get(&format!("{path}?attributes=title")).body,
            with("title", json!("T"))
        );
        assert_eq!(
            server.get(&format!("{path}?attributes=emails.value")).body,
            with("emails", json!([{ "value": "a@x" }]))
        );
        assert_eq!(server.get(&format!("{path}?attributes=none")).body, minimum);
        assert_eq!(server.get(&format!("{path}?attributes=password")).body, minimum);
        let less = server.get(&format!(
            "{path}?excludedAttributes=id,schemas,emails,meta,userName,title"
        ));
        assert_eq!(less.ok(200).body, minimum);
        let list = server.get("/Users?attributes=title");
        assert_eq!(list.body["Resources"], json!([with("title", json!("T"))]));
    });
}

#[test]
fn r22_errors_never_echo_what_was_sent() {
    both(|server| {
        let marker = "<script>alert(1)</script>";
        let path = format!("/Users/{}", server.user(json!({ "userName": "jane" })));
        for reply in [
            server.filter("/Users", &format!(r#"userName eq "{marker}" {marker}"#)),
            server.filter("/Users", marker),
            server.get(&format!("/Users?sortBy={}", encode(marker))),
            server.get(&format!("/Users?sortBy=userName&sortOrder={}", encode(marker))),
            server.get(&format!("/Users?count={}", encode(marker))),
            server.get(&format!("/Users?cursor={}", encode(marker))),
            server.get(&format!("/Users/{}", encode(marker))),
            server.get(&format!("/{}", encode(marker))),
            server.post("/Users", json!({ "schemas": [marker], "userName": 7 })),
            server.post(
                "/Users",
                json!({ "schemas": [USER], "userName": "a", "active": marker }),
            ),
            server.patch(&path, json!([{ "op": marker, "path": marker }])),
            server.patch(&path, json!([{ "op": "add", "path": marker, "value": marker }])),
            server.bulk(json!([])),
        ] {
            assert!(reply.status >= 400);
            reply.refused(reply.status, "");
            assert!(!reply.text.contains("script"), "{}", reply.text);
            assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        }
    });
}

#[test]
fn r23_discovery_takes_no_filter() {
    both(|server| {
        for path in [
            "/Schemas",
            "/ResourceTypes",
            "/ServiceProviderConfig",
            "/ResourceTypes/User",
        ] {
            server
                .get(&format!("{path}?filter=id%20eq%20%22User%22"))
                .refused_plainly(403);
        }
    });
}

#[test]
fn r24_a_cursor_is_no_use_to_anyone_else() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let (whoever, server) = Whoever::server(dialect);
        for name in ["a", "b", "c"] {
            server.user(json!({ "userName": name }));
        }
        whoever.is(Principal::new("B", "one"));
        for name in ["x", "y", "z"] {
            server.user(json!({ "userName": name }));
        }
        let of_b = first_cursor(&server, "/Users?cursor&count=1");
        for principal in [Principal::new("A", "one"), Principal::new("B", "two")] {
            whoever.is(principal);
            let reply = next_page(&server, "/Users", &of_b);
            assert!(!reply.refused(400, "invalidCursor").text.contains("Resources"));
        }
        whoever.is(Principal::new("B", "one"));
        assert_eq!(next_page(&server, "/Users", &of_b).ok(200).names(), ["y"]);
    }
}

#[test]
fn r25_forged_cursors_are_all_answered_alike() {
    both(|server| {
        for name in ["a", "b", "c"] {
            server.user(json!({ "userName": name }));
        }
        let cursor = first_cursor(server, "/Users?cursor&count=1");
        assert!(
            cursor
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'),
            "{cursor}"
        );
        let expected = next_page(server, "/Users", "garbage");
        expected.refused(400, "invalidCursor");
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for index in 0..cursor.len() {
            for bit in 0..6 {
                let mut damaged = cursor.clone().into_bytes();
                let place = alphabet.iter().position(|b| *b == damaged[index]).unwrap() ^ (1 << bit);
                damaged[index] = alphabet[place];
                let reply = next_page(server, "/Users", &String::from_utf8(damaged).unwrap());
                assert_eq!(
                    (reply.status, &reply.text),
                    (400, &expected.text),
                    "character {index}, bit {bit}"
                );
            }
        }
        for forged in [
            "0",
            "1",
            "AAAA",
            cursor.get(1..).unwrap(),
            cursor.get(..cursor.len() - 4).unwrap(),
            &format!("{cursor}AAAA"),
            &"A".repeat(9000),
        ] {
            assert_eq!(next_page(server, "/Users", forged).text, expected.text, "{forged}");
        }
        for query in [
            "/Groups?count=1",
            "/Users?count=1&sortBy=userName",
            "/Users?count=1&filter=userName%20pr",
            "/?count=1",
        ] {
            assert_eq!(
                server.get(&format!("{query}&cursor={cursor}")).text,
                expected.text,
                "{query}"
            );
        }
        assert_eq!(next_page(server, "/Users", &cursor).ok(200).names(), ["b"]);
    });
}

#[test]
fn r26_cursors_keep_nothing_in_the_service() {
    both(|server| {
        for name in ["a", "b", "c"] {
            server.user(json!({ "userName": name }));
        }
        let before = server.store.dump();
        let cursors: Vec<String> = (0..500)
            .map(|_| first_cursor(server, "/Users?cursor&count=1"))
            .collect();
        assert_eq!(server.store.dump(), before);
        // Another service with the same key knows them as well, so they hold all there is to know.
        let key = [7; 32];
        let server = |store: &Arc<TestStore>| {
            Server::on(Arc::clone(store), Dialect::default(), |builder| builder.cursor_key(key))
        };
        let store = Arc::new(TestStore::new());
        let (one, two) = (server(&store), server(&store));
        for name in ["a", "b"] {
            one.user(json!({ "userName": name }));
        }
        let cursor = first_cursor(&one, "/Users?cursor&count=1");
        assert_eq!(next_page(&two, "/Users", &cursor).ok(200).names(), ["b"]);
        next_page(&two, "/Users", &cursors[499]).refused(400, "invalidCursor");
        assert_eq!(one.get("/Users?cursor&count=200").ok(200).names(), ["a", "b"]);
        one.get("/Users?cursor&count=201").refused(400, "invalidCount");
    });
}

#[test]
fn r27_a_cursor_ends_with_the_permissions_it_was_made_under() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let (whoever, server) = Whoever::server(dialect);
        for name in ["a", "b", "c"] {
            server.user(json!({ "userName": name }));
        }
        let cursor = first_cursor(&server, "/Users?cursor&count=1");
        whoever.is(Principal::new("A", "one").with_epoch(1));
        next_page(&server, "/Users", &cursor).refused(400, "invalidCursor");
        let cursor = first_cursor(&server, "/Users?cursor&count=1");
        assert_eq!(next_page(&server, "/Users", &cursor).ok(200).names(), ["b"]);
    }
}

#[test]
fn r30_no_request_is_answered_later() {
    both(|server| {
        let prefer = [("prefer", "respond-async")];
        let reply = server.send("POST", "/Users", &prefer, Some(&user("jane")));
        assert_eq!(reply.ok(201).header("preference-applied"), None);
        assert_eq!(reply.header("set-txn"), None);
        let body = json!({ "schemas": [BULK], "Operations": [{ "method": "DELETE", "path": "/Users/x" }] });
        server.send("POST", "/Bulk", &prefer, Some(&body)).ok(200);
    });
}
