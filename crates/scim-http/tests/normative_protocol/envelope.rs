//! Envelope, ETags and media types: N73 to N76.

use super::*;

/// Every kind of error that the service answers with.
fn errors(dialect: Dialect) -> Vec<(u16, Option<&'static str>, Reply)> {
    let server = Server::on(
        Arc::new(TestStore::with_guard(Arc::new(Roots))),
        dialect.clone(),
        |builder| builder,
    );
    let id = server.user(json!({ "userName": "jane" }));
    let path = format!("/Users/{id}");
    let root = format!("/Users/{}", server.user(json!({ "userName": "root" })));
    let broken = failing(dialect.clone(), || StoreError::other("disk on fire"));
    let busy = failing(dialect, || StoreError::Unavailable {
        retry_after: 7,
        source: None,
    });
    let search = |filter: &str| server.filter("/Users", filter);
    vec![
        (400, Some("invalidFilter"), search("userName eq")),
        (
            400,
            Some("invalidValue"),
            server.post("/Users", json!({ "schemas": [USER] })),
        ),
        (
            400,
            Some("invalidSyntax"),
            server.send_bytes("POST", "/Users", &[], b"{".to_vec()),
        ),
        (
            400,
            Some("invalidPath"),
            server.patch(&path, json!([{ "op": "add", "path": "zzz", "value": 1 }])),
        ),
        (
            400,
            Some("mutability"),
            server.patch(&path, json!([{ "op": "remove", "path": "userName" }])),
        ),
        (400, Some("noTarget"), server.patch(&path, json!([{ "op": "remove" }]))),
        (400, Some("invalidCursor"), server.get("/Users?cursor=garbage")),
        (
            401,
            None,
            server.send("GET", "/Users", &[("authorization", "Bearer wrong")], None),
        ),
        (403, None, server.delete(&root)),
        (
            403,
            None,
            server.send("DELETE", &path, &[("authorization", "Bearer readA")], None),
        ),
        (403, None, server.get("/Schemas?filter=id%20pr")),
        (404, None, server.get("/Nothing")),
        (404, None, server.get("/Users/unknown")),
        (405, None, server.send("DELETE", "/Users", &[], None)),
        (409, Some("uniqueness"), server.post("/Users", user("JANE"))),
        (
            412,
            None,
            server.send("DELETE", &path, &[("if-match", "W/\"999\"")], None),
        ),
        (
            413,
            None,
            server.send_bytes("POST", "/Users", &[], vec![b' '; (1 << 20) + 1]),
        ),
        (
            415,
            None,
            server.send("POST", "/Users", &[("content-type", "text/plain")], Some(&user("x"))),
        ),
        (500, None, broken.get(&path)),
        (500, None, broken.post("/Users", user("x"))),
        (501, None, server.get("/Me")),
        (503, None, busy.get(&path)),
    ]
}

#[test]
fn n73_every_error_is_in_the_envelope() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        for (status, _, reply) in errors(dialect) {
            assert_eq!(reply.status, status, "{}", reply.text);
            assert_eq!(reply.body["status"], json!(status.to_string()));
            assert_eq!(reply.body["schemas"], json!([ERROR]));
            assert_eq!(reply.header("content-type"), Some(SCIM_JSON));
            assert!(!reply.body["detail"].as_str().unwrap().is_empty());
            let known = ["detail", "schemas", "scimType", "status"];
            assert!(
                reply
                    .body
                    .as_object()
                    .unwrap()
                    .keys()
                    .all(|key| known.contains(&key.as_str()))
            );
            assert!(
                !reply.text.contains("fire"),
                "the cause is for the host: {}",
                reply.text
            );
        }
    }
}

#[test]
fn n73_errors_name_what_to_do_in_headers() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let busy = failing(dialect, || StoreError::Unavailable {
            retry_after: 7,
            source: None,
        });
        assert_eq!(busy.get("/Users").refused_plainly(503).header("retry-after"), Some("7"));
        let reply = busy.send("DELETE", "/Users", &[], None);
        assert_eq!(
            reply.refused_plainly(405).header("allow"),
            Some("GET, HEAD, POST, OPTIONS")
        );
    }
}

#[test]
fn n74_keywords_come_only_where_table_9_has_them() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        for (status, scim_type, reply) in errors(dialect) {
            assert_eq!(
                reply.body.get("scimType").and_then(Value::as_str),
                scim_type,
                "{status}: {}",
                reply.text
            );
        }
    }
}

#[test]
fn n75_the_etag_is_the_version_in_weak_form() {
    both(|server| {
        let created = server.post("/Users", user("jane"));
        let path = format!("/Users/{}", created.id());
        let replaced = server.put(&path, json!({ "schemas": [USER], "userName": "jane", "title": "a" }));
        let patched = server.patch(&path, json!([{ "op": "add", "path": "title", "value": "b" }]));
        let mut seen = Vec::new();
        for reply in [&created, &replaced, &patched] {
            let etag = reply.header("etag").unwrap().to_owned();
            assert_eq!(reply.body["meta"]["version"], json!(etag));
            assert!(
                etag.starts_with("W/\"") && etag.ends_with('"') && etag.len() > 4,
                "{etag}"
            );
            assert!(!seen.contains(&etag));
            seen.push(etag);
        }
        let read = server.get(&path);
        assert_eq!(
            (read.header("etag"), &read.body["meta"]),
            (patched.header("etag"), &patched.body["meta"])
        );
        let listed = server.filter("/Users", r#"userName eq "jane""#);
        assert_eq!(listed.body["Resources"][0]["meta"], read.body["meta"]);
    });
}

#[test]
fn n75_if_match_guards_every_write() {
    both(|server| {
        let id = server.user(json!({ "userName": "jane" }));
        let path = format!("/Users/{id}");
        let old = server.etag(&path);
        server
            .patch(&path, json!([{ "op": "add", "path": "title", "value": "a" }]))
            .ok(200);
        let patch = |value: &str| {
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "add", "path": "title", "value": value }] })
        };
        let before = server.store.dump();
        for tags in [
            old.as_str(),
            "W/\"old\"",
            "\"old\"",
            "W/\"999\", W/\"998\"",
            "garbage",
            ",",
        ] {
            let headers = [("if-match", tags)];
            server
                .send("PUT", &path, &headers, Some(&user("joan")))
                .refused_plainly(412);
            server
                .send("PATCH", &path, &headers, Some(&patch("b")))
                .refused_plainly(412);
            server.send("DELETE", &path, &headers, None).refused_plainly(412);
        }
        let none = [("if-none-match", "*")];
        server
            .send("PUT", &path, &none, Some(&user("joan")))
            .refused_plainly(412);
        assert_eq!(server.store.dump(), before);

        for value in ["c", "d", "e", "f"] {
            let now = server.etag(&path);
            let tags = match value {
                "c" => now,
                "d" => format!("W/\"999\", {now} , \"x\""),
                "e" => now.replace("W/", ""),
                _ => "*".to_owned(),
            };
            let reply = server.send("PATCH", &path, &[("if-match", &tags)], Some(&patch(value)));
            assert_eq!(reply.ok(200).body["title"], value, "{tags}");
        }
        let now = server.etag(&path);
        let lines = [("if-match", "W/\"999\""), ("if-match", now.as_str())];
        server.send("PATCH", &path, &lines, Some(&patch("g"))).ok(200);
        let missing = server.send("PUT", "/Users/unknown", &[("if-match", "*")], Some(&user("x")));
        missing.refused_plainly(404);
        let now = server.etag(&path);
        server.send("DELETE", &path, &[("if-match", &now)], None).ok(204);
    });
}

#[test]
fn n75_if_none_match_answers_304() {
    both(|server| {
        let path = format!("/Users/{}", server.user(json!({ "userName": "jane" })));
        let etag = server.etag(&path);
        for tags in [
            etag.clone(),
            "*".to_owned(),
            format!("W/\"999\", {etag}"),
            etag.replace("W/", ""),
        ] {
            let reply = server.send("GET", &path, &[("if-none-match", &tags)], None);
            assert_eq!(
                (reply.ok(304).text.as_str(), reply.header("etag")),
                ("", Some(etag.as_str()))
            );
            assert_eq!(reply.header("content-type"), None);
        }
        server
            .send("GET", &path, &[("if-none-match", "W/\"999\"")], None)
            .ok(200);
        server
            .patch(&path, json!([{ "op": "add", "path": "title", "value": "a" }]))
            .ok(200);
        server.send("GET", &path, &[("if-none-match", &etag)], None).ok(200);
    });
}

#[test]
fn n76_both_json_types_come_in_and_scim_json_goes_out() {
    both(|server| {
        let types = [
            "application/scim+json",
            "application/json",
            "application/scim+json; charset=utf-8",
            "application/scim+json;charset=UTF-8",
            "application/json; charset=\"utf-8\"",
            "Application/SCIM+JSON",
        ];
        for (index, content_type) in types.into_iter().enumerate() {
            for accept in ["application/json", "application/scim+json", "*/*", "application/xml"] {
                let body = user(&format!("u{index}{}", accept.len()));
                let headers = [("content-type", content_type), ("accept", accept)];
                let reply = server.send("POST", "/Users", &headers, Some(&body));
                assert_eq!(reply.ok(201).header("content-type"), Some(SCIM_JSON));
            }
        }
        let before = server.store.dump();
        for content_type in [
            "text/plain",
            "application/xml",
            "application/jsonx",
            "application/x-www-form-urlencoded",
            "json",
        ] {
            let headers = [("content-type", content_type)];
            for (method, path) in [
                ("POST", "/Users"),
                ("POST", "/Bulk"),
                ("POST", "/.search"),
                ("PUT", "/Users/x"),
                ("PATCH", "/Users/x"),
            ] {
                server
                    .send(method, path, &headers, Some(&user("x")))
                    .refused_plainly(415);
            }
        }
        assert_eq!(server.store.dump(), before);
        for path in ["/Users", "/ServiceProviderConfig", "/Schemas", "/ResourceTypes", ""] {
            assert_eq!(
                server.get(path).ok(200).header("content-type"),
                Some(SCIM_JSON),
                "{path}"
            );
        }
    });
}
