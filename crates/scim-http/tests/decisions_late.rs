//! Decisions D21 to D36, as far as no normative case covers them.
//!
//! D22 and D36 became D55 and D57, which are tested elsewhere. D26 is the corpus of hostile input, which has a runner of its
//! own. D25 and D33 are also N53 and N23.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod support;

use std::{
    sync::{Arc, Mutex},
    thread,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use scim_http::{
    BearerTokens, Expiry, PasswordSink, ScimServiceBuilder, TokenError,
    core::{
        Dialect, Limits, ResourceId,
        resource::{Password, Resource},
        schema::{Registry, ResourceType},
    },
    store::{Attempt, Denial, Guard, Principal, Result, Scope, StoreError, TxView},
};
use serde_json::{Value, json};
use support::{BASE, ENTERPRISE, GROUP, LIST, Reply, Server, TestStore, USER, both, encode};

fn user(name: &str) -> Value {
    json!({ "schemas": [USER], "userName": name })
}

fn group(name: &str) -> Value {
    json!({ "schemas": [GROUP], "displayName": name })
}

#[test]
fn d21_a_delete_takes_memberships_along_and_moves_those_groups() {
    both(|server| {
        let (one, two) = (
            server.user(json!({ "userName": "u1" })),
            server.user(json!({ "userName": "u2" })),
        );
        let with = format!("/Groups/{}", server.group("with", &[&one, &two]));
        let without = format!("/Groups/{}", server.group("without", &[&two]));
        let (before, still) = (server.get(&with), server.get(&without));
        server.clock.forward(1000);
        server.delete(&format!("/Users/{one}")).ok(204);
        let after = server.get(&with);
        assert_eq!(after.values("members"), [two]);
        assert_ne!(after.header("etag"), before.header("etag"));
        assert_eq!(after.body["meta"]["lastModified"], "2026-01-01T00:00:01.000Z");
        assert_eq!(server.get(&without).body, still.body);
    });
}

#[test]
fn d21_a_change_of_members_moves_the_group_and_not_the_users() {
    both(|server| {
        let id = server.user(json!({ "userName": "u1" }));
        let before = server.get(&format!("/Users/{id}"));
        server.clock.forward(1000);
        let path = format!("/Groups/{}", server.group("g", &[]));
        let empty = server.etag(&path);
        let reply = server.patch(
            &path,
            json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]),
        );
        assert_ne!(reply.ok(200).header("etag"), Some(empty.as_str()));
        let after = server.get(&format!("/Users/{id}"));
        assert_eq!(after.body["meta"], before.body["meta"]);
        assert_eq!(after.values("groups").len(), 1);
    });
}

/// Protects the administrator.
#[derive(Debug)]
struct Protect;

#[async_trait]
impl Guard for Protect {
    async fn check(&self, _: &Scope, attempt: Attempt<'_>, _: &mut dyn TxView) -> std::result::Result<(), Denial> {
        let is_admin = |resource: &Resource| resource.text("userName") == Some("admin");
        match attempt {
            Attempt::Delete { before, .. } if is_admin(before) => Err(Denial::new("the account is protected")),
            Attempt::Update { before, after, .. } if is_admin(before) && !after.is_active() => {
                Err(Denial::new("the account is protected"))
            }
            _ => Ok(()),
        }
    }
}

#[test]
fn d21_a_protected_administrator_cannot_be_deleted() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let server = Server::on(Arc::new(TestStore::with_guard(Arc::new(Protect))), dialect, |builder| {
            builder
        });
        let path = format!("/Users/{}", server.user(json!({ "userName": "admin" })));
        let before = server.store.dump();
        let reply = server.delete(&path);
        assert_eq!(reply.refused_plainly(403).body["detail"], "the account is protected");
        server
            .patch(&path, json!([{ "op": "replace", "path": "active", "value": false }]))
            .refused_plainly(403);
        server.bulk(json!([{ "method": "DELETE", "path": path }])).ok(200);
        assert_eq!(server.store.dump(), before);
    }
}

#[test]
fn d23_two_groups_share_a_name_only_with_different_external_ids_by_default() {
    let server = Server::tolerant();
    let named = |external: Option<&str>, name: &str| {
        let mut body = group(name);
        if let Some(external) = external {
            body["externalId"] = json!(external);
        }
        body
    };
    server.post("/Groups", named(Some("1"), "Straße")).ok(201);
    server.post("/Groups", named(Some("2"), "STRASSE")).ok(201);
    let before = server.store.dump();
    server
        .post("/Groups", named(Some("1"), "strasse"))
        .refused(409, "uniqueness");
    let reply = server.post("/Groups", named(None, "Strasse"));
    assert!(!reply.refused(409, "uniqueness").text.contains("/Groups/"));
    assert_eq!(server.store.dump(), before);
    let other = format!("/Groups/{}", server.post("/Groups", named(None, "other")).ok(201).id());
    server
        .post("/Groups", named(Some("3"), "OTHER"))
        .refused(409, "uniqueness");
    let rename = |name: &str| json!([{ "op": "replace", "path": "displayName", "value": name }]);
    server.patch(&other, rename("strasse")).refused(409, "uniqueness");
    server
        .put(&other, named(Some("2"), "strasse"))
        .refused(409, "uniqueness");
    server.put(&other, named(Some("3"), "strasse")).ok(200);
    server.patch(&other, rename("STRASSE")).ok(200);
    server.delete(&other).ok(204);
    server.post("/Groups", named(Some("3"), "strasse")).ok(201);
}

#[test]
fn d23_groups_may_share_a_name_by_rfc() {
    let server = Server::rfc();
    server.post("/Groups", group("same")).ok(201);
    server.post("/Groups", group("same")).ok(201);
    assert_eq!(server.find("/Groups", r#"displayName eq "SAME""#), ["same", "same"]);
}

#[test]
fn d23_the_name_is_decided_under_a_lock() {
    let server = Server::tolerant();
    for round in 0..20 {
        let statuses: Vec<u16> = thread::scope(|scope| {
            let create = || server.post("/Groups", group(&format!("race {round}"))).status;
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(create)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(
            statuses.iter().filter(|status| **status == 201).count(),
            1,
            "{statuses:?}"
        );
        assert_eq!(
            statuses.iter().filter(|status| **status == 409).count(),
            3,
            "{statuses:?}"
        );
    }
}

#[test]
fn d24_the_second_delete_is_404() {
    both(|server| {
        for path in [
            format!("/Users/{}", server.user(json!({ "userName": "u" }))),
            format!("/Groups/{}", server.group("g", &[])),
        ] {
            server.delete(&path).ok(204);
            server.delete(&path).refused_plainly(404);
        }
    });
}

#[test]
fn d25_operations_of_a_bulk_are_required_too() {
    both(|server| {
        for operations in [json!(null), json!([]), json!({}), json!("x")] {
            server.bulk(operations).refused(400, "invalidSyntax");
        }
        server
            .post("/Bulk", json!({ "schemas": [support::BULK] }))
            .refused(400, "invalidSyntax");
    });
}

#[test]
fn d27_what_the_default_takes_beyond_the_rfc() {
    let server = Server::tolerant();
    let reply = server.post(
        "/Users",
        json!({
            "schemas": [USER, "urn:example:unknown:2.0:User"],
            "urn:example:unknown:2.0:User": { "a": 1 },
            "userName": "jane",
            "title": "",
            "locale": "not a locale",
            "profileUrl": "not a url",
            "timezone": "Middle/Earth",
            "addresses": [{ "type": "work", "country": "Nowhere" }],
            ENTERPRISE: { "manager": "nobody" },
        }),
    );
    assert_eq!(reply.ok(201).body["schemas"], json!([USER, ENTERPRISE]));
    for (name, value) in [
        ("locale", "not a locale"),
        ("profileUrl", "not a url"),
        ("timezone", "Middle/Earth"),
    ] {
        assert_eq!(reply.body[name], value);
    }
    assert_eq!(reply.body["addresses"][0]["country"], "Nowhere");
    assert_eq!(reply.body[ENTERPRISE]["manager"], json!({ "value": "nobody" }));
    assert_eq!(reply.body.get("title"), None);
    assert!(!reply.text.contains("unknown"));
    let path = format!("/Users/{}", reply.id());
    let clear = json!([
        { "op": "Replace", "path": "locale", "value": "" },
        { "op": "Replace", "path": format!("{ENTERPRISE}:manager"), "value": { "value": "" } },
    ]);
    let reply = server.patch(&path, clear);
    assert_eq!(
        (reply.ok(200).body.get("locale"), reply.body.get(ENTERPRISE)),
        (None, None)
    );
}

#[test]
fn d27_what_the_rfc_refuses() {
    let server = Server::rfc();
    let before = server.store.dump();
    let unknown = json!({ "schemas": [USER, "urn:example:unknown:2.0:User"], "userName": "jane" });
    server.post("/Users", unknown).refused(400, "invalidSyntax");
    let bare = json!({ "schemas": [USER, ENTERPRISE], "userName": "jane", ENTERPRISE: { "manager": "nobody" } });
    server.post("/Users", bare).refused(400, "invalidValue");
    assert_eq!(server.store.dump(), before);
    let reply = server.post("/Users", json!({ "schemas": [USER], "userName": "jane", "title": "" }));
    assert_eq!(reply.ok(201).body["title"], "");
}

#[test]
fn d28_edits_are_applied_under_the_lock() {
    both(|server| {
        let users: Vec<String> = (0..100)
            .map(|n| server.user(json!({ "userName": format!("u{n}") })))
            .collect();
        let path = format!("/Groups/{}", server.group("g", &[]));
        thread::scope(|scope| {
            for part in users.chunks(25) {
                let path = &path;
                scope.spawn(move || {
                    for id in part {
                        let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
                        server.patch(path, add).ok(200);
                    }
                });
            }
        });
        assert_eq!(server.get(&path).values("members").len(), 100);
        let etag = server.etag(&path);
        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "remove", "path": "members" }] });
        let statuses: Vec<u16> = thread::scope(|scope| {
            let write = || server.send("PATCH", &path, &[("if-match", &etag)], Some(&body)).status;
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(write)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(
            statuses.iter().filter(|status| **status == 200).count(),
            1,
            "{statuses:?}"
        );
        assert_eq!(
            statuses.iter().filter(|status| **status == 412).count(),
            3,
            "{statuses:?}"
        );
    });
}

#[test]
fn d29_put_clears_what_it_does_not_name_but_keeps_active() {
    both(|server| {
        let id = server.user(
            json!({ "userName": "jane", "title": "T", "active": false, "nickName": "J",
            "emails": [{ "value": "a@example.com" }], ENTERPRISE: { "department": "D" } }),
        );
        let path = format!("/Users/{id}");
        let reply = server.put(&path, json!({ "schemas": [USER], "userName": "jane", "nickName": "K" }));
        let mut expected = json!({ "schemas": [USER], "id": id, "userName": "jane", "nickName": "K", "active": false });
        expected["meta"] = reply.ok(200).body["meta"].clone();
        assert_eq!(reply.body, expected);
        let reply = server.put(&path, json!({ "schemas": [USER], "userName": "jane", "active": null }));
        assert_eq!(reply.ok(200).body.get("active"), None);
    });
}

#[test]
fn d29_a_tenant_may_keep_more() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let server = Server::new(dialect.with(|d| d.kept_by_put.push("title".to_owned())));
        let path = format!(
            "/Users/{}",
            server.user(json!({ "userName": "jane", "title": "T", "nickName": "J" }))
        );
        let reply = server.put(&path, user("jane"));
        assert_eq!(
            (&reply.ok(200).body["title"], reply.body.get("nickName")),
            (&json!("T"), None)
        );
        let cleared = server.put(&path, json!({ "schemas": [USER], "userName": "jane", "title": null }));
        assert_eq!(cleared.ok(200).body.get("title"), None);
    }
}

/// Keeps what it is told, for the test to see.
#[derive(Debug, Clone, Default)]
struct Sink(Arc<Mutex<Vec<(String, String)>>>);

#[async_trait]
impl PasswordSink for Sink {
    async fn set(&self, scope: &Scope, id: &ResourceId, password: &Password) -> Result<()> {
        assert_eq!(scope.tenant().as_str(), "A");
        if password.expose() == "refused" {
            return Err(StoreError::Unavailable {
                retry_after: 1,
                source: None,
            });
        }
        self.0
            .lock()
            .unwrap()
            .push((id.to_string(), password.expose().to_owned()));
        Ok(())
    }
}

/// Sends a password in every way there is; gives back the id and what was answered.
fn send_passwords(server: &Server) -> (String, Vec<Reply>) {
    let created = server.post(
        "/Users",
        json!({ "schemas": [USER], "userName": "jane", "password": "secret-1" }),
    );
    let path = format!("/Users/{}", created.id());
    let replies = vec![
        server.put(
            &path,
            json!({ "schemas": [USER], "userName": "jane", "password": "secret-2" }),
        ),
        server.patch(
            &path,
            json!([{ "op": "replace", "path": "password", "value": "secret-3" }]),
        ),
        server.patch(
            &path,
            json!([{ "op": "add", "value": { "password": "secret-4", "title": "T" } }]),
        ),
        server.bulk(json!([{ "method": "POST", "path": "/Users", "bulkId": "b", "data":
            { "schemas": [USER], "userName": "bulk", "password": "secret-5" } }])),
        server.put(&path, user("jane")),
        server.get(&format!("{path}?attributes=password")),
        server.get(&path),
        server.get("/Users"),
        server.get("/Users?attributes=userName,password"),
    ];
    (created.id(), std::iter::once(created).chain(replies).collect())
}

#[test]
fn d30_passwords_go_to_the_sink_and_nowhere_else() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let sink = Sink::default();
        let server = Server::with(dialect, |builder| builder.password_sink(sink.clone()));
        let (id, replies) = send_passwords(&server);
        assert!(
            replies
                .iter()
                .all(|reply| reply.status < 300 && !reply.text.contains("secret-"))
        );
        assert!(!server.store.dump().to_string().contains("secret-"));
        let seen = sink.0.lock().unwrap().clone();
        let passwords: Vec<&str> = seen.iter().map(|(_, password)| password.as_str()).collect();
        assert_eq!(passwords, ["secret-1", "secret-2", "secret-3", "secret-4", "secret-5"]);
        assert!(seen.iter().take(4).all(|(of, _)| *of == id));
        let failed = json!([{ "op": "replace", "path": "password", "value": "refused" }]);
        let reply = server.patch(&format!("/Users/{id}"), failed);
        assert_eq!(reply.refused_plainly(503).header("retry-after"), Some("1"));
        assert!(server.get(&format!("/Schemas/{USER}")).text.contains("\"password\""));
    }
}

#[test]
fn d30_without_a_sink_passwords_are_dropped() {
    both(|server| {
        let (_, replies) = send_passwords(server);
        assert!(
            replies
                .iter()
                .all(|reply| reply.status < 300 && !reply.text.contains("secret-"))
        );
        assert!(!server.store.dump().to_string().contains("secret-"));
        assert!(!server.get("/Schemas").text.contains("\"password\""));
        for filter in ["password pr", r#"password eq "secret-1""#, r#"not (password sw "s")"#] {
            assert!(server.filter("/Users", filter).refused(400, "invalidFilter").text.len() < 400);
        }
    });
}

#[test]
fn d31_other_requests() {
    both(|server| {
        server.user(json!({ "userName": "jane" }));
        server.group("g", &[]);
        let root = server.get("");
        assert_eq!(
            (&root.ok(200).body["schemas"], root.names()),
            (&json!([LIST]), vec!["g".to_owned(), "jane".to_owned()])
        );
        assert_eq!(server.get("/").body, root.body);
        assert_eq!(server.find("", r#"displayName eq "g""#), ["g"]);
        assert_eq!(server.get("/Users/?zzz=1&unknown=x&filter=").status, 400);
        assert_eq!(server.get("/Users/?zzz=1&unknown=%ff").body, server.get("/Users").body);
        let head = server.send("HEAD", "/Users", &[], None);
        assert_eq!(
            (head.ok(200).text.as_str(), head.header("content-type")),
            ("", Some("application/scim+json; charset=utf-8"))
        );
        let options = server.send("OPTIONS", "/Groups/", &[], None);
        assert_eq!(options.ok(204).header("allow"), Some("GET, HEAD, POST, OPTIONS"));
        server.get("/v2/Users").refused_plainly(404);
        server.get("/scim/v2/Users").refused_plainly(404);
        server.send("OPTIONS", "/Nothing", &[], None).refused_plainly(404);
    });
}

#[test]
fn d32_without_groups_nothing_speaks_of_them() {
    let users_only = |builder: ScimServiceBuilder| {
        let user = ResourceType::user();
        let schema = scim_http::core::schema::SchemaBuilder::from_schema(user.schema())
            .without("groups")
            .build()
            .unwrap();
        let mut kind = ResourceType::builder("User", "/Users", schema);
        for extension in user.extensions() {
            kind = kind.extension(Arc::clone(&extension.schema));
        }
        builder.resource_types(Registry::new([kind.build().unwrap()]))
    };
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let server = Server::with(dialect, users_only);
        let id = server.user(json!({ "userName": "jane" }));
        server.get("/Groups").refused_plainly(404);
        server.post("/Groups", group("g")).refused_plainly(404);
        assert!(!server.get("/ResourceTypes").ok(200).text.contains("Group"));
        assert!(!server.get("/Schemas").ok(200).text.contains(GROUP));
        assert_eq!(server.get(&format!("/Users/{id}")).body.get("groups"), None);
        assert!(!server.get("/Schemas").text.contains("\"groups\""));
        server.filter("/Users", "groups pr").refused(400, "invalidFilter");
    }
}

#[test]
fn d33_the_bare_resource_type_is_read_by_default_only() {
    let filter = "(meta.resourceType eq User) or (meta.resourceType eq Group)";
    let server = Server::tolerant();
    server.user(json!({ "userName": "jane" }));
    server.group("g", &[]);
    assert_eq!(server.find("", filter), ["g", "jane"]);
    server
        .filter("/Users", "userName eq jane")
        .refused(400, "invalidFilter");
    Server::rfc().filter("", filter).refused(400, "invalidFilter");
}

#[test]
fn d34_every_limit_holds_as_it_is_advertised() {
    let limited = |change: fn(&mut Limits)| {
        [Dialect::rfc(), Dialect::default()]
            .map(|dialect| Server::with(dialect, |builder| builder.limits(Limits::default().with(change))))
    };
    let padded = |body: Value, length: usize| {
        let mut bytes = body.to_string().into_bytes();
        assert!(bytes.len() <= length);
        bytes.resize(length, b' ');
        bytes
    };
    for server in limited(|limits| limits.body = 500) {
        assert_eq!(
            server.send_bytes("POST", "/Users", &[], padded(user("a"), 500)).status,
            201
        );
        server
            .send_bytes("POST", "/Users", &[], padded(user("b"), 501))
            .refused_plainly(413);
        assert_eq!(
            server
                .send_bytes("POST", "/Groups", &[], padded(group("g"), 501))
                .status,
            201
        );
    }
    for server in limited(|limits| limits.members_body = 500) {
        assert_eq!(
            server
                .send_bytes("POST", "/Groups", &[], padded(group("a"), 500))
                .status,
            201
        );
        server
            .send_bytes("POST", "/Groups", &[], padded(group("b"), 501))
            .refused_plainly(413);
    }
    for server in limited(|limits| (limits.bulk_body, limits.bulk_operations) = (500, 2)) {
        let bulk = server.get("/ServiceProviderConfig").body["bulk"].clone();
        assert_eq!(
            bulk,
            json!({ "supported": true, "maxOperations": 2, "maxPayloadSize": 500 })
        );
        let one = json!({ "method": "DELETE", "path": "/Users/x" });
        let body = json!({ "schemas": [support::BULK], "Operations": [one, one] });
        assert_eq!(
            server
                .send_bytes("POST", "/Bulk", &[], padded(body.clone(), 500))
                .status,
            200
        );
        server
            .send_bytes("POST", "/Bulk", &[], padded(body, 501))
            .refused_plainly(413);
        server.bulk(json!([one, one, one])).refused_plainly(413);
    }
    for server in limited(|limits| limits.cursor_seconds = 60) {
        assert_eq!(
            server.get("/ServiceProviderConfig").body["pagination"]["cursorTimeout"],
            60
        );
        server.user(json!({ "userName": "a" }));
        server.user(json!({ "userName": "b" }));
        let cursor = server.get("/Users?cursor&count=1").body["nextCursor"]
            .as_str()
            .unwrap()
            .to_owned();
        let next = format!("/Users?count=1&cursor={}", encode(&cursor));
        server.clock.forward(60_000);
        assert_eq!(server.get(&next).ok(200).names(), ["b"]);
        server.clock.forward(1000);
        server.get(&next).refused(400, "expiredCursor");
    }
    for server in limited(|limits| (limits.default_page, limits.max_page) = (2, 3)) {
        let config = server.get("/ServiceProviderConfig").body;
        assert_eq!(config["filter"]["maxResults"], 3);
        assert_eq!(
            (
                &config["pagination"]["defaultPageSize"],
                &config["pagination"]["maxPageSize"]
            ),
            (&json!(2), &json!(3))
        );
        for name in ["a", "b", "c", "d", "e"] {
            server.user(json!({ "userName": name }));
        }
        for (query, count) in [
            ("", 2),
            ("?count=3", 3),
            ("?count=4", 3),
            ("?cursor", 2),
            ("?cursor&count=3", 3),
        ] {
            assert_eq!(
                server.get(&format!("/Users{query}")).ok(200).names().len(),
                count,
                "{query}"
            );
        }
        server.get("/Users?cursor&count=4").refused(400, "invalidCount");
    }
}

#[test]
fn d34_every_limit_on_values_holds() {
    let limits = Limits::default().with(|limits| {
        limits.external_id = 20;
        limits.user_name = 10;
        limits.string = 30;
        limits.values = 3;
        limits.members = 4;
        limits.patch_operations = 2;
        limits.json_depth = 6;
        limits.filter_terms = 4;
        limits.filter_depth = 3;
        limits.filter_bytes = 100;
    });
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let server = Server::with(dialect, |builder| builder.limits(limits.clone()));
        let mut number = 0;
        let mut create = |attributes: Value| {
            number += 1;
            let mut body = user(&format!("u{number}"));
            body.as_object_mut()
                .unwrap()
                .extend(attributes.as_object().unwrap().clone());
            server.post("/Users", body)
        };
        let emails =
            |n: usize| json!({ "emails": (0..n).map(|n| json!({ "value": format!("{n}@x") })).collect::<Vec<_>>() });
        for (limit, beyond) in [
            (
                json!({ "userName": "a".repeat(10) }),
                json!({ "userName": "b".repeat(11) }),
            ),
            (
                json!({ "externalId": "a".repeat(20) }),
                json!({ "externalId": "a".repeat(21) }),
            ),
            (json!({ "title": "a".repeat(30) }), json!({ "title": "a".repeat(31) })),
            (
                json!({ "name": { "givenName": "ä".repeat(15) } }),
                json!({ "name": { "givenName": "ä".repeat(16) } }),
            ),
            (emails(3), emails(4)),
        ] {
            create(limit).ok(201);
            create(beyond).refused(400, "invalidValue");
        }
        let members = |n: usize| {
            let ids: Vec<Value> = (0..n).map(|_| json!({ "value": "x" })).collect();
            json!([{ "op": "remove", "path": "members", "value": ids }])
        };
        let id = server.user(json!({ "userName": "one" }));
        let ids = |n: usize| {
            json!({ "schemas": [GROUP], "displayName": format!("g{n}"),
            "members": (0..n).map(|_| json!({ "value": id })).collect::<Vec<_>>() })
        };
        server.post("/Groups", ids(4)).ok(201);
        server.post("/Groups", ids(5)).refused(400, "invalidValue");
        let path = format!("/Groups/{}", server.group("h", &[]));
        if server.patch(&path, members(4)).status == 200 {
            server.patch(&path, members(5)).refused(400, "invalidValue");
        }

        let step = json!({ "op": "add", "path": "title", "value": "T" });
        let path = format!("/Users/{id}");
        server.patch(&path, json!([step, step])).ok(200);
        server
            .patch(&path, json!([step, step, step]))
            .refused(400, "invalidSyntax");

        create(json!({ "x": [[[[[]]]]] })).ok(201);
        create(json!({ "x": [[[[[[]]]]]] })).refused(400, "invalidSyntax");

        let terms = |n: usize| vec!["title pr"; n].join(" or ");
        let nested = |n: usize| format!("{}title pr{}", "(".repeat(n), ")".repeat(n));
        let long = |n: usize| format!(r#"title eq "{}""#, "a".repeat(n - 11));
        for (limit, beyond) in [(terms(4), terms(5)), (nested(3), nested(4)), (long(100), long(101))] {
            server.filter("/Users", &limit).ok(200);
            server.filter("/Users", &beyond).refused(400, "invalidFilter");
        }
        let search = |filter: String| {
            let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter });
            server.post("/Users/.search", body)
        };
        search(long(200)).ok(200);
        search(long(201)).refused(400, "invalidFilter");
        search(terms(4)).ok(200);
        search(terms(5)).refused(400, "invalidFilter");
        let at = |filter: &str| json!([{ "op": "remove", "path": format!("emails[{filter}]") }]);
        server.patch(&path, at(&["type pr"; 4].join(" or "))).ok(200);
        let reply = server.patch(&path, at(&["type pr"; 5].join(" or ")));
        assert_eq!(reply.status, 400, "{}", reply.text);
    }
}

#[test]
fn d34_a_look_through_limit_ends_scans_only() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let server = Server::with(dialect, |builder| {
            builder.limits(Limits::default().with(|limits| limits.look_through = Some(3)))
        });
        for name in ["a", "b", "c"] {
            server.user(json!({ "userName": name, "title": "T" }));
        }
        assert_eq!(server.find("/Users", r#"title eq "T""#), ["a", "b", "c"]);
        server.user(json!({ "userName": "d", "title": "T" }));
        server.filter("/Users", r#"title eq "T""#).refused(400, "tooMany");
        assert_eq!(server.find("/Users", r#"userName eq "d""#), ["d"]);
        server.get("/Users").ok(200);
    }
}

#[test]
fn d35_tokens_end_when_they_say_so() {
    let tokens = BearerTokens::new();
    let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    let end = start + TimeDelta::hours(1);
    assert!(matches!(
        tokens.add("", Principal::new("A", "empty"), Expiry::Never),
        Err(TokenError::Malformed)
    ));
    assert!(matches!(
        tokens.add("a b", Principal::new("A", "blank"), Expiry::At(end)),
        Err(TokenError::Malformed)
    ));
    let one = BearerTokens::generate("scim").unwrap();
    assert!(one.starts_with("scim_") && one.len() == "scim_".len() + 43);
    assert_ne!(one, BearerTokens::generate("scim").unwrap());

    let tokens = BearerTokens::new();
    tokens
        .add(
            "short",
            Principal::new("A", "short"),
            Expiry::At(start + TimeDelta::seconds(10)),
        )
        .unwrap();
    tokens.add("long", Principal::new("A", "long"), Expiry::Never).unwrap();
    let plain = Server::tolerant();
    let builder = scim_http::ScimService::builder(BASE, Arc::clone(&plain.store), tokens).clock(plain.clock.clone());
    let server = Server {
        service: builder.build().unwrap(),
        ..plain
    };
    let get = |token: &str| {
        server
            .send("GET", "/Users", &[("authorization", &format!("Bearer {token}"))], None)
            .status
    };
    assert_eq!((get("short"), get("long")), (200, 200));
    server.clock.forward(9_999);
    assert_eq!(get("short"), 200);
    server.clock.forward(1);
    assert_eq!((get("short"), get("long")), (401, 200));
}
