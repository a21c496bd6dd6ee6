//! What attributes and paths allow: N66 to N69, N71 and N72.

use super::*;

#[test]
fn n66_read_only_attributes_cannot_be_changed() {
    both(|server| {
        let id = jane(server);
        server.group("g", &[&id]);
        for operation in [
            json!({ "op": "replace", "value": { "id": "hacked" } }),
            json!({ "op": "add", "value": { "id": "hacked", "nickName": "N" } }),
            json!({ "op": "replace", "path": "id", "value": "hacked" }),
            json!({ "op": "add", "path": "ID", "value": "hacked" }),
            json!({ "op": "replace", "path": "meta.created", "value": "2020-01-01T00:00:00Z" }),
            json!({ "op": "replace", "path": "meta.lastModified", "value": "2020-01-01T00:00:00Z" }),
            json!({ "op": "add", "path": "groups", "value": [{ "value": "x" }] }),
            json!({ "op": "replace", "value": { "groups": [{ "value": "x" }] } }),
            json!({ "op": "replace", "path": r#"groups[value eq "x"].value"#, "value": "y" }),
            json!({ "op": "replace", "path": format!("{ENTERPRISE}:manager.displayName"), "value": "Boss" }),
        ] {
            refused(server, &at(&id), json!([operation]), "mutability");
        }
        for operation in [
            json!({ "op": "replace", "value": { "id": id } }),
            json!({ "op": "replace", "path": "id", "value": id }),
            json!({ "op": "add", "value": { "id": id, "nickName": "J" } }),
        ] {
            idle(server, &at(&id), json!([operation]));
        }
        let group = server.group("h", &[]);
        let rename = json!([{ "op": "Replace", "value": { "id": group, "displayName": "renamed" } }]);
        let reply = server.patch(&format!("/Groups/{group}"), rename);
        assert_eq!(
            (&reply.ok(200).body["displayName"], &reply.body["id"]),
            (&json!("renamed"), &json!(group))
        );
    });
}

/// A type of its own with immutable attributes.
fn badges(builder: scim_http::ScimServiceBuilder) -> scim_http::ScimServiceBuilder {
    let schema = Schema::builder("urn:example:params:scim:schemas:Badge", "Badge")
        .attribute(Attribute::string("label"))
        .attribute(Attribute::string("serial").mutability(Mutability::Immutable))
        .attribute(
            Attribute::complex("issuer")
                .sub_attribute(Attribute::string("name"))
                .sub_attribute(Attribute::string("code").mutability(Mutability::Immutable)),
        )
        .build()
        .unwrap();
    let kind = ResourceType::builder("Badge", "/Badges", schema).build().unwrap();
    builder.resource_types(Registry::new([Arc::clone(&kind)]))
}

#[test]
fn n67_an_immutable_attribute_may_be_set_once() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let server = Server::with(dialect, badges);
        let body = json!({ "schemas": ["urn:example:params:scim:schemas:Badge"], "label": "a" });
        let path = format!("/Badges/{}", server.post("/Badges", body).ok(201).id());
        let add = |value: &str| json!([{ "op": "add", "path": "serial", "value": value }]);
        assert_eq!(server.patch(&path, add("1")).ok(200).body["serial"], "1");
        idle(&server, &path, add("1"));
        idle(&server, &path, json!([{ "op": "replace", "value": { "serial": "1" } }]));
        refused(&server, &path, add("2"), "mutability");
        refused(
            &server,
            &path,
            json!([{ "op": "replace", "path": "serial", "value": "2" }]),
            "mutability",
        );
        refused(
            &server,
            &path,
            json!([{ "op": "replace", "value": { "label": "b", "serial": "2" } }]),
            "mutability",
        );
        refused(
            &server,
            &path,
            json!([{ "op": "remove", "path": "serial" }]),
            "mutability",
        );

        let reply = server.patch(
            &path,
            json!([{ "op": "add", "path": "issuer", "value": { "name": "n", "code": "c" } }]),
        );
        assert_eq!(reply.ok(200).body["issuer"], json!({ "name": "n", "code": "c" }));
        let reply = server.patch(&path, json!([{ "op": "replace", "path": "issuer.name", "value": "m" }]));
        assert_eq!(reply.ok(200).body["issuer"], json!({ "name": "m", "code": "c" }));
        refused(
            &server,
            &path,
            json!([{ "op": "replace", "path": "issuer.code", "value": "d" }]),
            "mutability",
        );
        refused(
            &server,
            &path,
            json!([{ "op": "replace", "path": "issuer", "value": { "code": "d" } }]),
            "mutability",
        );
    }
}

#[test]
fn n68_a_urn_path_brings_its_schema_along() {
    both(|server| {
        let id = server.user(json!({ "userName": "jane" }));
        assert_eq!(server.get(&at(&id)).body["schemas"], json!([USER]));
        let path = format!("{ENTERPRISE}:employeeNumber");
        let reply = server.patch(&at(&id), json!([{ "op": "add", "path": path, "value": "7" }]));
        assert_eq!(reply.ok(200).body["schemas"], json!([USER, ENTERPRISE]));
        assert_eq!(reply.body[ENTERPRISE], json!({ "employeeNumber": "7" }));
        assert_eq!(reply.body.get(&path), None);
        let reply = server.patch(&at(&id), json!([{ "op": "remove", "path": path }]));
        assert_eq!(reply.ok(200).body["schemas"], json!([USER]));
        assert_eq!(reply.body.get(ENTERPRISE), None);

        let value = json!({ "employeeNumber": "8", "manager": { "value": id } });
        let reply = server.patch(&at(&id), json!([{ "op": "add", "path": ENTERPRISE, "value": value }]));
        assert_eq!(reply.ok(200).body[ENTERPRISE]["employeeNumber"], "8");
        assert_eq!(reply.body[ENTERPRISE]["manager"]["value"], json!(id));
        let reply = server.patch(
            &at(&id),
            json!([{ "op": "replace", "path": format!("{ENTERPRISE}:manager.value"), "value": "26" }]),
        );
        assert_eq!(reply.ok(200).body[ENTERPRISE]["manager"]["value"], "26");
        let reply = server.patch(&at(&id), json!([{ "op": "remove", "path": ENTERPRISE }]));
        assert_eq!(reply.ok(200).body["schemas"], json!([USER]));
        assert_eq!(reply.body.get(ENTERPRISE), None);

        let reply = server.patch(
            &at(&id),
            json!([{ "op": "add", "path": format!("{USER}:nickName"), "value": "N" }]),
        );
        assert_eq!(
            (&reply.ok(200).body["nickName"], &reply.body["schemas"]),
            (&json!("N"), &json!([USER]))
        );
        for path in [
            format!("{ENTERPRISE}:zzz"),
            "urn:example:unknown:2.0:User:title".to_owned(),
        ] {
            refused(
                server,
                &at(&id),
                json!([{ "op": "add", "path": path, "value": "x" }]),
                "invalidPath",
            );
        }
    });
}

#[test]
fn n69_a_manager_may_be_plain_text_by_default() {
    for dialect in [Dialect::default(), Dialect::entra()] {
        let server = Server::new(dialect);
        let id = jane(&server);
        let path = format!("{ENTERPRISE}:manager");
        let reply = server.patch(&at(&id), json!([{ "op": "Add", "path": path, "value": "26118915" }]));
        assert_eq!(
            reply.ok(200).body[ENTERPRISE],
            json!({ "manager": { "value": "26118915" } })
        );
        let reply = server.patch(&at(&id), json!([{ "op": "Replace", "path": path, "value": "2" }]));
        assert_eq!(reply.ok(200).body[ENTERPRISE], json!({ "manager": { "value": "2" } }));
        let reply = server.patch(&at(&id), json!([{ "op": "Replace", "path": path, "value": "" }]));
        assert_eq!(reply.ok(200).body.get(ENTERPRISE), None);
    }
}

#[test]
fn n69_a_manager_is_an_object_by_rfc() {
    let server = Server::rfc();
    let id = jane(&server);
    let path = format!("{ENTERPRISE}:manager");
    refused(
        &server,
        &at(&id),
        json!([{ "op": "add", "path": path, "value": "26118915" }]),
        "invalidValue",
    );
    let reply = server.patch(
        &at(&id),
        json!([{ "op": "add", "path": path, "value": { "value": "26118915" } }]),
    );
    assert_eq!(
        reply.ok(200).body[ENTERPRISE],
        json!({ "manager": { "value": "26118915" } })
    );
}

#[test]
fn n71_names_that_are_no_attributes_are_no_paths() {
    both(|server| {
        let id = jane(server);
        let long = "a".repeat(9000);
        let deep = format!("name{}", ".givenName".repeat(50));
        for path in [
            "__proto__",
            "__proto__.admin",
            "constructor",
            "constructor.prototype",
            "toString",
            "hasOwnProperty",
            "zzz",
            "name.zzz",
            "name.__proto__",
            "emails.constructor",
            "emails[type eq \"work\"].__proto__",
            "userName.x",
            " ",
            ".",
            "a b",
            "name.",
            "emails[type eq \"work\"]x",
            &long,
            &deep,
        ] {
            for op in ["add", "replace", "remove"] {
                let operations = json!([{ "op": op, "path": path, "value": "x" }]);
                let operations = if op == "remove" {
                    json!([{ "op": op, "path": path }])
                } else {
                    operations
                };
                refused(server, &at(&id), operations, "invalidPath");
            }
        }
        refused(server, &at(&id), json!([{ "op": "remove", "path": 7 }]), "invalidPath");
        refused(
            server,
            &at(&id),
            json!([{ "op": "remove", "path": ["nickName"] }]),
            "invalidPath",
        );
        let before = server.get(&at(&id));
        let value = json!({ "__proto__": { "admin": true }, "constructor": "x", "name": { "__proto__": "x" } });
        let reply = server.patch(&at(&id), json!([{ "op": "add", "value": value }]));
        assert_eq!(reply.ok(200).body, before.body);
    });
}

#[test]
fn n72_sub_attributes_of_members_are_immutable() {
    both(|server| {
        let (one, two) = (
            server.user(json!({ "userName": "u1" })),
            server.user(json!({ "userName": "u2" })),
        );
        let group = format!("/Groups/{}", server.group("g", &[&one]));
        let of_one = format!(r#"members[value eq "{one}"]"#);
        for (path, value) in [
            (format!("{of_one}.value"), json!(two)),
            (format!("{of_one}.type"), json!("Group")),
            (of_one.clone(), json!({ "value": two })),
            ("members.value".to_owned(), json!(two)),
            ("members.type".to_owned(), json!("Group")),
        ] {
            for op in ["replace", "add"] {
                refused(
                    server,
                    &group,
                    json!([{ "op": op, "path": path, "value": value }]),
                    "mutability",
                );
            }
        }
        refused(
            server,
            &group,
            json!([{ "op": "remove", "path": format!("{of_one}.value") }]),
            "mutability",
        );
        let reply = server.patch(
            &group,
            json!([
                { "op": "add", "path": "members", "value": [{ "value": two }] },
                { "op": "remove", "path": of_one },
            ]),
        );
        assert_eq!(reply.ok(200).values("members"), [two]);
    });
}
