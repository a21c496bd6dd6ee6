//! Requests: D24 to D29, D31, D33 and D35.

use super::*;

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
