//! Credentials, other requests, times, memberships, malformed bodies and sensitive filters: N85 to N88, N90 and N91.

use super::*;

#[test]
fn n85_credentials_come_in_the_header_alone() {
    both(|server| {
        let id = server.user(json!({ "userName": "jane" }));
        let path = format!("/Users/{id}");
        let before = server.store.dump();
        let routes = [
            ("GET", "/Users"),
            ("POST", "/Users"),
            ("GET", path.as_str()),
            ("PUT", &path),
            ("PATCH", &path),
            ("DELETE", &path),
            ("GET", "/Groups"),
            ("POST", "/.search"),
            ("POST", "/Users/.search"),
            ("POST", "/Bulk"),
            ("GET", "/Me"),
            ("GET", ""),
            ("GET", "/Schemas"),
            ("GET", "/ResourceTypes"),
            ("GET", "/ServiceProviderConfig"),
            ("GET", "/Nothing"),
            ("DELETE", "/Users"),
            ("OPTIONS", "/Users"),
            ("BREW", "/Users"),
            ("GET", "/Users/unknown"),
        ];
        for (method, route) in routes {
            for credentials in [
                "",
                "Bearer",
                "Bearer ",
                "Bearer wrong",
                "tokA",
                "Basic dG9rQTo=",
                "Token tokA",
            ] {
                let reply = server.send(method, route, &[("authorization", credentials)], None);
                assert_eq!(
                    reply.refused_plainly(401).header("www-authenticate"),
                    Some("Bearer realm=\"scim\"")
                );
            }
        }
        for query in [
            "access_token=tokA",
            "token=tokA",
            "bearer=tokA",
            "Authorization=Bearer%20tokA",
        ] {
            let reply = server.send("GET", &format!("/Users?{query}"), &[("authorization", "")], None);
            assert!(!reply.refused_plainly(401).text.contains("tokA"));
        }
        let twice = [("authorization", "Bearer tokA"), ("authorization", "Bearer tokB")];
        server.send("GET", "/Users", &twice, None).refused_plainly(401);
        server
            .send("GET", "/Users", &[("authorization", "bEARER tokA")], None)
            .ok(200);
        assert_eq!(server.store.dump(), before);
    });
}

#[test]
fn n85_a_scope_that_does_not_suffice_is_403() {
    both(|server| {
        let id = server.user(json!({ "userName": "jane" }));
        let path = format!("/Users/{id}");
        let reader = [("authorization", "Bearer readA")];
        let before = server.store.dump();
        for (method, route) in [
            ("POST", "/Users"),
            ("PUT", &path),
            ("PATCH", &path),
            ("DELETE", &path),
            ("POST", "/Bulk"),
        ] {
            let reply = server.send(method, route, &reader, Some(&user("x")));
            assert_eq!(reply.refused_plainly(403).header("www-authenticate"), None);
        }
        assert_eq!(server.store.dump(), before);
        server.send("GET", &path, &reader, None).ok(200);
        let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] });
        server.send("POST", "/Users/.search", &reader, Some(&search)).ok(200);
    });
}

#[test]
fn n86_head_options_slashes_and_probes() {
    both(|server| {
        let id = server.user(json!({ "userName": "jane" }));
        let path = format!("/Users/{id}");
        for route in [path.as_str(), "/Users", "/Schemas", "/ServiceProviderConfig", "", "/"] {
            let (get, head) = (server.get(route), server.send("HEAD", route, &[], None));
            assert_eq!(
                (head.ok(200).text.as_str(), head.header("etag")),
                ("", get.header("etag")),
                "{route}"
            );
            assert_eq!(head.header("content-type"), get.header("content-type"));
            assert_eq!(head.header("content-length"), Some(get.text.len().to_string().as_str()));
        }
        assert_eq!(server.send("HEAD", "/Users/unknown", &[], None).ok(404).text, "");
        for (route, allow) in [
            ("/Users", "GET, HEAD, POST, OPTIONS"),
            (&path, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
            ("/Bulk", "POST, OPTIONS"),
            ("/Users/.search", "POST, OPTIONS"),
            ("/Schemas", "GET, HEAD, OPTIONS"),
            ("", "GET, HEAD, OPTIONS"),
        ] {
            let reply = server.send("OPTIONS", route, &[], None);
            assert_eq!((reply.ok(204).text.as_str(), reply.header("allow")), ("", Some(allow)));
        }
        for route in [
            "/Users",
            path.as_str(),
            "/Groups",
            "/Schemas",
            "/ServiceProviderConfig",
            "/ResourceTypes/User",
        ] {
            assert_eq!(
                server.get(&format!("{route}/")).ok(200).body,
                server.get(route).body,
                "{route}"
            );
        }
        server.post("/Users/", user("slash")).ok(201);
        for route in ["/v2/Users", "/scim/v2/Users", "//Users", "/Users//", "/v2", "/v3/Users"] {
            server.get(route).refused_plainly(404);
        }
        let root = server.get("/");
        assert_eq!(root.ok(200).body["schemas"], json!([LIST]));
        assert_eq!(server.get("").body, root.body);
        assert_eq!(root.names(), ["jane", "slash"]);
    });
}

#[test]
fn n87_times_are_utc_and_move_with_content_only() {
    both(|server| {
        let created = server.post("/Users", json!({ "schemas": [USER], "userName": "jane", "title": "a" }));
        let path = format!("/Users/{}", created.ok(201).id());
        let meta = created.body["meta"].clone();
        assert_eq!(meta["created"], "2026-01-01T00:00:00.000Z");
        assert_eq!(meta["lastModified"], meta["created"]);
        assert!(datetime::parse(meta["created"].as_str().unwrap()).is_some());
        server.clock.forward(1500);
        let same = server.patch(&path, json!([{ "op": "replace", "path": "title", "value": "a" }]));
        assert_eq!(same.ok(200).body["meta"], meta);
        let same = server.put(&path, json!({ "schemas": [USER], "userName": "jane", "title": "a" }));
        assert_eq!(same.ok(200).body["meta"], meta);
        let changed = server.patch(&path, json!([{ "op": "replace", "path": "title", "value": "b" }]));
        assert_eq!(changed.ok(200).body["meta"]["lastModified"], "2026-01-01T00:00:01.500Z");
        assert_eq!(changed.body["meta"]["created"], meta["created"]);
        assert_ne!(changed.body["meta"]["version"], meta["version"]);
        server.clock.forward(1);
        let changed = server.put(&path, json!({ "schemas": [USER], "userName": "jane", "title": "c" }));
        assert_eq!(changed.ok(200).body["meta"]["lastModified"], "2026-01-01T00:00:01.501Z");
        let sent = json!({ "schemas": [USER], "userName": "jane", "title": "c",
            "meta": { "created": "1999-01-01T00:00:00Z", "lastModified": "1999-01-01T00:00:00Z", "version": "W/\"x\"" } });
        assert_eq!(server.put(&path, sent).ok(200).body["meta"], changed.body["meta"]);
        server.clock.forward(1000);
        assert_eq!(server.get(&path).body["meta"], changed.body["meta"]);
    });
}

#[test]
fn n88_groups_of_a_user_follow_the_members_of_groups() {
    both(|server| {
        let id = server.user(json!({ "userName": "jane" }));
        let path = format!("/Users/{id}");
        let child = server.group("child", &[&id]);
        let parent = server.group("parent", &[&child]);
        let membership = |group: &str, name: &str| json!({ "value": group, "$ref": format!("{BASE}/Groups/{group}"), "display": name, "type": "direct" });
        assert_eq!(server.get(&path).body["groups"], json!([membership(&child, "child")]));
        for operations in [
            json!([{ "op": "add", "path": "groups", "value": [{ "value": parent }] }]),
            json!([{ "op": "replace", "path": "groups", "value": [] }]),
            json!([{ "op": "remove", "path": "groups" }]),
            json!([{ "op": "remove", "path": format!(r#"groups[value eq "{child}"]"#) }]),
            json!([{ "op": "add", "value": { "groups": [{ "value": parent }] } }]),
        ] {
            let reply = server.patch(&path, operations.clone());
            assert!(
                reply.status == 400 && reply.body["scimType"] == "mutability",
                "{operations}: {}",
                reply.text
            );
        }
        let put = json!({ "schemas": [USER], "userName": "jane", "groups": [{ "value": parent }] });
        assert_eq!(
            server.put(&path, put).ok(200).body["groups"],
            json!([membership(&child, "child")])
        );
        let new = server.post(
            "/Users",
            json!({ "schemas": [USER], "userName": "joan", "groups": [{ "value": child }] }),
        );
        assert_eq!(new.ok(201).body.get("groups"), None);
        assert_eq!(server.members(&child), std::slice::from_ref(&id));

        let rename = json!([{ "op": "replace", "path": "displayName", "value": "renamed" }]);
        server.patch(&format!("/Groups/{child}"), rename).ok(200);
        assert_eq!(server.get(&path).body["groups"], json!([membership(&child, "renamed")]));
        let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
        server.patch(&format!("/Groups/{parent}"), add).ok(200);
        assert_eq!(server.get(&path).values("groups").len(), 2);
        assert_eq!(
            server.find("/Users", &format!(r#"groups.value eq "{parent}""#)),
            ["jane"]
        );
        server.delete(&format!("/Groups/{child}")).ok(204);
        assert_eq!(server.get(&path).body["groups"], json!([membership(&parent, "parent")]));
        assert_eq!(server.members(&parent), [id]);
    });
}

#[test]
fn n90_bodies_that_are_no_sound_json_are_invalid_syntax() {
    both(|server| {
        let path = format!("/Users/{}", server.user(json!({ "userName": "jane" })));
        let before = server.store.dump();
        let deep = |n: usize| format!("{{\"userName\":\"a\",\"x\":{}{}}}", "[".repeat(n), "]".repeat(n));
        let bodies = [
            r#"{"userName":"a","userName":"b"}"#.to_owned(),
            format!(r#"{{"schemas":["{USER}"],"userName":"a","name":{{"givenName":"x","givenName":"y"}}}}"#),
            format!(r#"{{"schemas":["{USER}"],"userName":"a","USERNAME":"b"}}"#),
            format!(r#"{{"schemas":["{USER}"],"userName":"a","title":"x","\u0074itle":"y"}}"#),
            deep(65),
            deep(100_000),
            "[".repeat(200_000),
            r#"{"a":"#.repeat(100_000),
            format!(r#"{{"schemas":["{USER}"],"userName":"a","x":1e999}}"#),
            format!(r#"{{"schemas":["{USER}"],"userName":"a","x":-1e400}}"#),
            "{".to_owned(),
            "{}{}".to_owned(),
            "nul".to_owned(),
            "{'a':1}".to_owned(),
            r#"{"userName":"\ud800"}"#.to_owned(),
            "[]".to_owned(),
            "7".to_owned(),
            "\"text\"".to_owned(),
            "null".to_owned(),
        ];
        for body in bodies {
            for (method, path) in [
                ("POST", "/Users"),
                ("PUT", &path),
                ("PATCH", &path),
                ("POST", "/.search"),
                ("POST", "/Bulk"),
            ] {
                let reply = server.send_bytes(method, path, &[], body.clone().into_bytes());
                reply.refused(400, "invalidSyntax");
            }
        }
        let invalid = [
            b"{\"userName\":\"\xff\"}".to_vec(),
            b"\xef\xbb\xbf{}".to_vec(),
            Vec::new(),
        ];
        for body in invalid {
            server
                .send_bytes("POST", "/Users", &[], body)
                .refused(400, "invalidSyntax");
        }
        let digits = format!(
            r#"{{"schemas":["{USER}"],"userName":"b","externalId":{}}}"#,
            "9".repeat(5000)
        );
        let reply = server.send_bytes("POST", "/Users", &[], digits.into_bytes());
        assert_eq!(reply.status, 400, "{}", reply.text);
        assert_eq!(server.store.dump(), before);
    });
}

#[test]
fn n91_sensitive_attributes_are_filtered_by_post_only() {
    let schema = Schema::builder("urn:example:params:scim:schemas:Safe", "Safe")
        .attribute(Attribute::string("label"))
        .attribute(Attribute::string("pin"))
        .attribute(Attribute::string("code").returned(Returned::Request))
        .attribute(
            Attribute::complex("owner")
                .sub_attribute(Attribute::string("name"))
                .sub_attribute(Attribute::string("tax").sensitive()),
        )
        .sensitive("pin")
        .build()
        .unwrap();
    let kind = ResourceType::builder("Safe", "/Safes", schema).build().unwrap();
    both_with(
        |builder| builder.resource_types(Registry::new([ResourceType::user(), Arc::clone(&kind)])),
        |server| {
            let body = json!({ "schemas": ["urn:example:params:scim:schemas:Safe"], "label": "a", "pin": "1234",
                "owner": { "name": "x", "tax": "T1" } });
            let id = server.post("/Safes", body).ok(201).id();
            for filter in [
                r#"pin eq "1234""#,
                r#"PIN eq "1234""#,
                "pin pr",
                r#"label eq "a" and pin sw "1""#,
                r#"not (pin eq "1")"#,
                r#"urn:example:params:scim:schemas:Safe:pin eq "1234""#,
                r#"owner.tax eq "T1""#,
            ] {
                let reply = server.filter("/Safes", filter);
                assert_eq!(reply.refused(403, "sensitive").body["status"], "403", "{filter}");
                assert!(!reply.text.contains("1234"));
                let search =
                    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter });
                let found = server.post("/Safes/.search", search);
                assert_eq!(found.ok(200).body["totalResults"], 1, "{filter}");
                assert_eq!(found.body["Resources"][0]["id"], json!(id));
            }
            server.filter("", r#"pin eq "1234""#).refused(403, "sensitive");
            assert_eq!(
                server
                    .filter("/Safes", r#"label eq "a" and owner.name eq "x""#)
                    .ok(200)
                    .body["totalResults"],
                1
            );
        },
    );
}
