//! PATCH as RFC 7644 section 3.5.2 has it: cases N52 to N72.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod support;

use std::sync::Arc;

use scim_http::core::{
    Dialect,
    dialect::PatchAnswer,
    schema::{Attribute, Mutability, Registry, ResourceType, Schema},
};
use serde_json::{Value, json};
use support::{ENTERPRISE, GROUP, Reply, Server, USER, both};

/// A user with something in it.
fn jane(server: &Server) -> String {
    server.user(json!({
        "userName": "jane",
        "nickName": "J",
        "name": { "givenName": "Jane", "familyName": "Doe" },
        "emails": [
            { "value": "w@example.com", "type": "work", "primary": true },
            { "value": "h@example.com", "type": "home", "primary": false },
            { "value": "o@example.com", "type": "other", "primary": false },
        ],
    }))
}

fn at(id: &str) -> String {
    format!("/Users/{id}")
}

/// Sends a PATCH that is to be refused, and checks that nothing at all has changed.
#[track_caller]
fn refused(server: &Server, path: &str, operations: Value, scim_type: &str) {
    let before = server.store.dump();
    server.clock.forward(1000);
    server.patch(path, operations).refused(400, scim_type);
    assert_eq!(server.store.dump(), before);
}

/// Sends a PATCH that is to succeed and to change nothing.
#[track_caller]
fn idle(server: &Server, path: &str, operations: Value) -> Reply {
    let before = server.store.dump();
    server.clock.forward(1000);
    let reply = server.patch(path, operations);
    reply.ok(200);
    assert_eq!(server.store.dump(), before);
    reply
}

#[test]
fn n52_operation_names_have_no_case() {
    both(|server| {
        let id = jane(server);
        for (op, value) in [
            ("rEplace", "a"),
            ("Replace", "b"),
            ("REPLACE", "c"),
            ("Add", "d"),
            ("aDD", "e"),
        ] {
            let reply = server.patch(&at(&id), json!([{ "op": op, "path": "nickName", "value": value }]));
            assert_eq!(reply.ok(200).body["nickName"], value);
        }
        for op in ["Remove", "rEMOVE"] {
            server
                .patch(&at(&id), json!([{ "op": "add", "path": "title", "value": "Boss" }]))
                .ok(200);
            let reply = server.patch(&at(&id), json!([{ "op": op, "path": "title" }]));
            assert_eq!(reply.ok(200).body.get("title"), None);
        }
        refused(
            server,
            &at(&id),
            json!([{ "op": "move", "path": "nickName", "value": "x" }]),
            "invalidSyntax",
        );
        refused(
            server,
            &at(&id),
            json!([{ "path": "nickName", "value": "x" }]),
            "invalidSyntax",
        );
        refused(
            server,
            &at(&id),
            json!([{ "op": 1, "path": "nickName", "value": "x" }]),
            "invalidSyntax",
        );
    });
}

#[test]
fn n53_operations_are_required_and_not_empty() {
    both(|server| {
        let id = jane(server);
        let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:PatchOp"]);
        for body in [
            json!({ "schemas": schemas }),
            json!({ "schemas": schemas, "Operations": [] }),
            json!({ "schemas": schemas, "Operations": null }),
            json!({ "schemas": schemas, "Operations": { "op": "remove", "path": "nickName" } }),
            json!({ "schemas": schemas, "Operations": "remove" }),
            json!({ "schemas": schemas, "Operations": ["remove"] }),
            json!([]),
        ] {
            let before = server.store.dump();
            server
                .send("PATCH", &at(&id), &[], Some(&body))
                .refused(400, "invalidSyntax");
            assert_eq!(server.store.dump(), before);
        }
        let body = json!({ "schemas": [USER], "Operations": [{ "op": "remove", "path": "nickName" }] });
        server
            .send("PATCH", &at(&id), &[], Some(&body))
            .refused(400, "invalidSyntax");
        let body = json!({ "SCHEMAS": schemas, "operations": [{ "OP": "remove", "Path": "nickName" }] });
        let reply = server.send("PATCH", &at(&id), &[], Some(&body));
        assert_eq!(reply.ok(200).body.get("nickName"), None);
    });
}

#[test]
fn n54_remove_without_path_has_no_target() {
    both(|server| {
        let id = jane(server);
        for operation in [
            json!({ "op": "remove" }),
            json!({ "op": "remove", "path": null }),
            json!({ "op": "remove", "path": "" }),
            json!({ "op": "remove", "value": { "nickName": "J" } }),
        ] {
            refused(server, &at(&id), json!([operation]), "noTarget");
        }
    });
}

#[test]
fn n55_remove_with_a_value_is_refused_by_rfc() {
    let server = Server::rfc();
    let (one, two) = (
        server.user(json!({ "userName": "u1" })),
        server.user(json!({ "userName": "u2" })),
    );
    let group = server.group("g", &[&one, &two]);
    for value in [
        json!([{ "value": one }]),
        json!({ "value": one }),
        json!({ "members": [] }),
        json!([]),
        json!(one),
    ] {
        let operations = json!([{ "op": "remove", "path": "members", "value": value }]);
        refused(&server, &format!("/Groups/{group}"), operations, "invalidValue");
    }
    let id = jane(&server);
    let operations = json!([{ "op": "remove", "path": "emails", "value": [{ "value": "w@example.com" }] }]);
    refused(&server, &at(&id), operations, "invalidValue");
    assert_eq!(server.members(&group), [one, two]);
}

#[test]
fn n55_remove_with_a_value_removes_that_value_by_default() {
    let server = Server::tolerant();
    let users: Vec<String> = (0..3)
        .map(|n| server.user(json!({ "userName": format!("u{n}") })))
        .collect();
    let (one, two, three) = (&users[0], &users[1], &users[2]);
    let group = server.group("g", &[]);
    let path = format!("/Groups/{group}");
    let everyone = json!([{ "op": "replace", "path": "members", "value": users.iter().map(|id| json!({ "value": id })).collect::<Vec<_>>() }]);
    for value in [
        json!([{ "value": one }]),
        json!([{ "value": one, "display": "u0", "$ref": "../Users/x" }]),
        json!({ "value": one }),
        json!({ "members": [{ "value": one }] }),
        json!({ "Members": { "value": one } }),
        json!(one),
        json!([one]),
    ] {
        server.patch(&path, everyone.clone()).ok(200);
        let reply = server.patch(&path, json!([{ "op": "Remove", "path": "members", "value": value }]));
        let left = reply.ok(200).values("members");
        assert!(
            left.len() == 2 && left.contains(two) && left.contains(three),
            "{value}: {left:?}"
        );
    }
    server.patch(&path, everyone.clone()).ok(200);
    let reply = server.patch(
        &path,
        json!([{ "op": "remove", "path": "members", "value": [{ "value": one }, { "value": three }] }]),
    );
    assert_eq!(reply.ok(200).values("members"), std::slice::from_ref(two));

    server.patch(&path, everyone).ok(200);
    for value in [json!([]), json!([{ "value": "ghost" }]), json!({ "members": [] })] {
        idle(
            &server,
            &path,
            json!([{ "op": "remove", "path": "members", "value": value }]),
        );
    }
    for value in [
        json!(7),
        json!(true),
        json!({}),
        json!([{}]),
        json!([{ "value": null }]),
        json!([7]),
        json!(""),
    ] {
        refused(
            &server,
            &path,
            json!([{ "op": "remove", "path": "members", "value": value }]),
            "invalidValue",
        );
    }
    let mut all = server.members(&group);
    all.sort();
    let mut expected = users;
    expected.sort();
    assert_eq!(all, expected);
}

#[test]
fn n55_values_of_other_attributes_are_removed_by_value_too() {
    let server = Server::tolerant();
    let id = jane(&server);
    for (value, left) in [
        (
            json!([{ "value": "o@example.com" }]),
            vec!["w@example.com", "h@example.com"],
        ),
        (
            json!({ "value": "h@example.com", "type": "home" }),
            vec!["w@example.com"],
        ),
    ] {
        let reply = server.patch(&at(&id), json!([{ "op": "remove", "path": "emails", "value": value }]));
        assert_eq!(reply.ok(200).values("emails"), left);
    }
    idle(
        &server,
        &at(&id),
        json!([{ "op": "remove", "path": "emails", "value": [{ "value": "x@example.com" }] }]),
    );
    idle(
        &server,
        &at(&id),
        json!([{ "op": "remove", "path": "emails", "value": [] }]),
    );
    for value in [
        json!(7),
        json!({}),
        json!([{}]),
        json!([{ "value": "" }]),
        json!([{ "value": null }]),
    ] {
        refused(
            &server,
            &at(&id),
            json!([{ "op": "remove", "path": "emails", "value": value }]),
            "invalidValue",
        );
    }
    let reply = server.patch(
        &at(&id),
        json!([{ "op": "remove", "path": "emails", "value": "w@example.com" }]),
    );
    assert_eq!(reply.ok(200).body.get("emails"), None);
}

#[test]
fn n55_remove_without_a_value_removes_all() {
    both(|server| {
        let one = server.user(json!({ "userName": "u1" }));
        let group = server.group("g", &[&one]);
        for value in [
            json!({ "op": "remove", "path": "members" }),
            json!({ "op": "remove", "path": "members", "value": null }),
        ] {
            server
                .patch(
                    &format!("/Groups/{group}"),
                    json!([{ "op": "add", "path": "members", "value": [{ "value": one }] }]),
                )
                .ok(200);
            let reply = server.patch(&format!("/Groups/{group}"), json!([value]));
            assert_eq!(reply.ok(200).values("members"), Vec::<String>::new());
        }
    });
}

#[test]
fn n56_remove_of_required_and_read_only_attributes_is_a_mutability_error() {
    both(|server| {
        let id = jane(server);
        let group = server.group("g", &[&id]);
        for path in [
            "userName",
            "USERNAME",
            "id",
            "meta",
            "meta.created",
            "groups",
            "schemas",
            &format!("{USER}:userName"),
        ] {
            refused(
                server,
                &at(&id),
                json!([{ "op": "remove", "path": path }]),
                "mutability",
            );
        }
        for path in ["displayName", "id", "meta.version"] {
            refused(
                server,
                &format!("/Groups/{group}"),
                json!([{ "op": "remove", "path": path }]),
                "mutability",
            );
        }
        let path = format!("{ENTERPRISE}:manager.displayName");
        refused(
            server,
            &at(&id),
            json!([{ "op": "remove", "path": path }]),
            "mutability",
        );
    });
}

#[test]
fn n57_remove_of_what_is_not_there_succeeds_and_changes_nothing() {
    both(|server| {
        let id = jane(server);
        let group = format!("/Groups/{}", server.group("g", &[&id]));
        let version = server.etag(&group);
        for path in [r#"members[value eq "ghost"]"#, r#"members[type eq "Group"]"#] {
            let reply = idle(server, &group, json!([{ "op": "remove", "path": path }]));
            assert_eq!(reply.header("etag"), Some(version.as_str()));
            assert_eq!(reply.values("members"), std::slice::from_ref(&id));
        }
        let version = server.etag(&at(&id));
        for path in [
            "title",
            "name.middleName",
            "addresses",
            r#"emails[type eq "fax"]"#,
            r#"emails[type eq "fax"].display"#,
            r#"addresses[type eq "work"].locality"#,
            ENTERPRISE,
            &format!("{ENTERPRISE}:manager"),
        ] {
            let reply = idle(server, &at(&id), json!([{ "op": "remove", "path": path }]));
            assert_eq!(reply.header("etag"), Some(version.as_str()), "{path}");
        }
    });
}

#[test]
fn n58_add_appends_and_what_is_there_already_changes_nothing() {
    both(|server| {
        let (one, two) = (
            server.user(json!({ "userName": "u1" })),
            server.user(json!({ "userName": "u2" })),
        );
        let group = format!("/Groups/{}", server.group("g", &[]));
        let add = |id: &str| json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
        server.clock.forward(5);
        let first = server.patch(&group, add(&one));
        assert_eq!(first.ok(200).values("members"), std::slice::from_ref(&one));
        let again = idle(server, &group, add(&one));
        assert_eq!(again.values("members"), std::slice::from_ref(&one));
        assert_eq!(again.body["meta"], first.body["meta"]);
        assert_eq!(
            server.patch(&group, add(&two)).ok(200).values("members"),
            [one.clone(), two.clone()]
        );
        let twice = json!([{ "op": "add", "path": "members", "value": [{ "value": one }, { "value": two }, { "value": two }] }]);
        assert_eq!(idle(server, &group, twice).values("members"), [one, two]);
    });
}

#[test]
fn n58_add_appends_to_any_list() {
    both(|server| {
        let id = jane(server);
        let new = json!({ "value": "new@example.com", "type": "work" });
        let add = json!([{ "op": "add", "path": "emails", "value": [new] }]);
        let reply = server.patch(&at(&id), add.clone());
        let all = ["w@example.com", "h@example.com", "o@example.com", "new@example.com"];
        assert_eq!(reply.ok(200).values("emails"), all);
        let again = idle(server, &at(&id), add);
        assert_eq!(again.body["meta"]["lastModified"], reply.body["meta"]["lastModified"]);
        assert_eq!(again.body["emails"], reply.body["emails"]);
        idle(
            server,
            &at(&id),
            json!([{ "op": "add", "path": "emails", "value": new }]),
        );
        idle(
            server,
            &at(&id),
            json!([{ "op": "add", "value": { "emails": [new], "nickName": "J" } }]),
        );
        let other =
            json!([{ "op": "add", "path": "emails", "value": [{ "value": "new@example.com", "type": "home" }] }]);
        assert_eq!(server.patch(&at(&id), other).ok(200).values("emails").len(), 5);
    });
}

#[test]
fn n59_without_path_the_value_is_a_set_of_attributes() {
    both(|server| {
        let id = jane(server);
        let reply = server.patch(
            &at(&id),
            json!([{ "op": "add", "value": {
                "NICKNAME": "N",
                "Name": { "MIDDLENAME": "M" },
                "emails": [{ "value": "new@example.com" }],
                ENTERPRISE: { "EmployeeNumber": "7" },
            } }]),
        );
        assert_eq!(reply.ok(200).body["nickName"], "N");
        assert_eq!(
            reply.body["name"],
            json!({ "givenName": "Jane", "middleName": "M", "familyName": "Doe" })
        );
        assert_eq!(reply.values("emails").len(), 4);
        assert_eq!(reply.body[ENTERPRISE], json!({ "employeeNumber": "7" }));
        assert_eq!(reply.body["schemas"], json!([USER, ENTERPRISE]));

        let emails = json!([{ "value": "only@example.com", "type": "work" }]);
        let reply = server.patch(&at(&id), json!([{ "op": "replace", "value": { "EMAILS": emails } }]));
        assert_eq!(reply.ok(200).body["emails"], emails);
        let urn = ENTERPRISE.to_uppercase();
        let reply = server.patch(
            &at(&id),
            json!([{ "op": "replace", "value": { urn: { "department": "D" } } }]),
        );
        assert_eq!(
            reply.ok(200).body[ENTERPRISE],
            json!({ "employeeNumber": "7", "department": "D" })
        );
        let reply = server.patch(
            &at(&id),
            json!([{ "op": "replace", "value": { format!("{ENTERPRISE}:employeeNumber"): "8" } }]),
        );
        assert_eq!(
            reply.ok(200).body[ENTERPRISE],
            json!({ "employeeNumber": "8", "department": "D" })
        );
        assert_eq!(reply.body.get(format!("{ENTERPRISE}:employeeNumber")), None);
        refused(
            server,
            &at(&id),
            json!([{ "op": "add", "value": "text" }]),
            "invalidValue",
        );
        refused(
            server,
            &at(&id),
            json!([{ "op": "replace", "value": [] }]),
            "invalidValue",
        );
        refused(server, &at(&id), json!([{ "op": "replace" }]), "invalidValue");
        refused(
            server,
            &at(&id),
            json!([{ "op": "add", "value": { "title": "a", "TITLE": "b" } }]),
            "invalidSyntax",
        );
    });
}

#[test]
fn n59_replace_without_path_sets_the_members() {
    both(|server| {
        let (one, two) = (
            server.user(json!({ "userName": "u1" })),
            server.user(json!({ "userName": "u2" })),
        );
        let group = format!("/Groups/{}", server.group("g", &[&one]));
        let value = |id: &str| json!({ "displayName": "h", "members": [{ "value": id }] });
        let reply = server.patch(&group, json!([{ "op": "add", "value": value(&two) }]));
        assert_eq!(reply.ok(200).values("members"), [one.clone(), two.clone()]);
        let reply = server.patch(&group, json!([{ "op": "replace", "value": value(&two) }]));
        assert_eq!(reply.ok(200).values("members"), [two]);
        assert_eq!(reply.body["displayName"], "h");
    });
}

#[test]
fn n59_dotted_keys_are_paths_by_default() {
    let server = Server::tolerant();
    let id = jane(&server);
    let value = json!({ "name.givenName": "Joan", "emails[type eq \"home\"].value": "n@example.com" });
    let reply = server.patch(&at(&id), json!([{ "op": "Replace", "value": value }]));
    assert_eq!(
        reply.ok(200).body["name"],
        json!({ "givenName": "Joan", "familyName": "Doe" })
    );
    assert_eq!(
        reply.values("emails"),
        ["w@example.com", "n@example.com", "o@example.com"]
    );
    refused(
        &server,
        &at(&id),
        json!([{ "op": "replace", "value": { "name.zzz": "x" } }]),
        "invalidPath",
    );
}

#[test]
fn n60_replace_of_a_complex_attribute_keeps_what_it_does_not_name() {
    both(|server| {
        let id = jane(server);
        let reply = server.patch(
            &at(&id),
            json!([{ "op": "replace", "path": "name", "value": { "familyName": "X" } }]),
        );
        assert_eq!(
            reply.ok(200).body["name"],
            json!({ "givenName": "Jane", "familyName": "X" })
        );
        let reply = server.patch(
            &at(&id),
            json!([{ "op": "replace", "value": { "name": { "givenName": "Y" } } }]),
        );
        assert_eq!(
            reply.ok(200).body["name"],
            json!({ "givenName": "Y", "familyName": "X" })
        );
        let reply = server.patch(
            &at(&id),
            json!([{ "op": "replace", "path": "name", "value": { "givenName": null } }]),
        );
        assert_eq!(reply.ok(200).body["name"], json!({ "familyName": "X" }));
    });
}

#[test]
fn n61_replace_of_an_absent_attribute_adds_it() {
    both(|server| {
        let id = server.user(json!({ "userName": "jane" }));
        let reply = server.patch(
            &at(&id),
            json!([
                { "op": "replace", "path": "title", "value": "Boss" },
                { "op": "replace", "path": "name.givenName", "value": "Jane" },
                { "op": "replace", "path": "emails", "value": [{ "value": "a@example.com" }] },
                { "op": "replace", "path": format!("{ENTERPRISE}:department"), "value": "D" },
            ]),
        );
        assert_eq!(reply.ok(200).body["title"], "Boss");
        assert_eq!(reply.body["name"], json!({ "givenName": "Jane" }));
        assert_eq!(reply.body["emails"], json!([{ "value": "a@example.com" }]));
        assert_eq!(reply.body[ENTERPRISE], json!({ "department": "D" }));
    });
}

#[test]
fn n61_replace_where_the_filter_matches_nothing_has_no_target_by_rfc() {
    let server = Server::rfc();
    let id = jane(&server);
    for path in [
        r#"addresses[type eq "zzz"].streetAddress"#,
        r#"emails[type eq "zzz"].value"#,
        r#"emails[value co "zzz"].display"#,
    ] {
        refused(
            &server,
            &at(&id),
            json!([{ "op": "replace", "path": path, "value": "x" }]),
            "noTarget",
        );
    }
    let operations =
        json!([{ "op": "replace", "path": r#"emails[type eq "zzz"]"#, "value": { "value": "z@example.com" } }]);
    refused(&server, &at(&id), operations, "noTarget");
}

#[test]
fn n61_replace_where_the_filter_matches_nothing_creates_by_default() {
    for dialect in [Dialect::default(), Dialect::entra()] {
        let server = Server::new(dialect);
        let id = jane(&server);
        let path = r#"addresses[type eq "work"].streetAddress"#;
        let reply = server.patch(&at(&id), json!([{ "op": "Replace", "path": path, "value": "Way 1" }]));
        assert_eq!(
            reply.ok(200).body["addresses"],
            json!([{ "type": "work", "streetAddress": "Way 1" }])
        );
        let path = r#"addresses[type sw "h"].streetAddress"#;
        refused(
            &server,
            &at(&id),
            json!([{ "op": "replace", "path": path, "value": "x" }]),
            "noTarget",
        );
    }
}

#[test]
fn n62_a_value_path_that_matches_several_replaces_all() {
    both(|server| {
        let id = jane(server);
        let operations = json!([{ "op": "replace", "path": "emails[primary eq false].type", "value": "archive" }]);
        let reply = server.patch(&at(&id), operations);
        let types: Vec<&Value> = reply.ok(200).body["emails"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| &e["type"])
            .collect();
        assert_eq!(types, ["work", "archive", "archive"]);
        let reply = server.patch(
            &at(&id),
            json!([{ "op": "remove", "path": r#"emails[type eq "archive"]"# }]),
        );
        assert_eq!(reply.ok(200).values("emails"), ["w@example.com"]);
    });
}

#[test]
fn n63_add_where_the_filter_matches_nothing_creates_by_default() {
    let server = Server::tolerant();
    let id = server.user(json!({ "userName": "jane" }));
    let path = r#"emails[type eq "other"].value"#;
    let reply = server.patch(&at(&id), json!([{ "op": "add", "path": path, "value": "o@x" }]));
    assert_eq!(
        reply.ok(200).body["emails"],
        json!([{ "type": "other", "value": "o@x" }])
    );
    let reply = server.patch(
        &at(&id),
        json!([
            { "op": "Add", "path": r#"addresses[type eq "work"].locality"#, "value": "Town" },
            { "op": "Add", "path": r#"addresses[type eq "work"].postalCode"#, "value": "123" },
            { "op": "Add", "path": r#"addresses[type eq "work"].country"#, "value": "CH" },
        ]),
    );
    let one = json!([{ "type": "work", "locality": "Town", "postalCode": "123", "country": "CH" }]);
    assert_eq!(reply.ok(200).body["addresses"], one);
    let path = r#"roles[primary eq true and type eq "app"].value"#;
    let reply = server.patch(&at(&id), json!([{ "op": "add", "path": path, "value": "admin" }]));
    assert_eq!(
        reply.ok(200).body["roles"],
        json!([{ "primary": true, "type": "app", "value": "admin" }])
    );
    for filter in [
        r#"type ne "fax""#,
        r#"type co "fax" and value co "z""#,
        r#"type eq "fax" or type eq "telex""#,
        "not (value pr)",
        "value pr",
    ] {
        let path = format!("phoneNumbers[{filter}].display");
        refused(
            &server,
            &at(&id),
            json!([{ "op": "add", "path": path, "value": "1" }]),
            "noTarget",
        );
    }
}

#[test]
fn n63_add_where_the_filter_matches_nothing_has_no_target_by_rfc() {
    let server = Server::rfc();
    let id = jane(&server);
    for path in [
        r#"emails[type eq "fax"].value"#,
        r#"addresses[type eq "work"].locality"#,
        r#"emails[type co "fax"].value"#,
    ] {
        refused(
            &server,
            &at(&id),
            json!([{ "op": "add", "path": path, "value": "x" }]),
            "noTarget",
        );
    }
}

#[test]
fn n64_a_new_primary_takes_the_place_of_the_old_one() {
    both(|server| {
        for operation in [
            json!({ "op": "add", "path": "emails", "value": [{ "value": "new@example.com", "primary": true }] }),
            json!({ "op": "add", "value": { "emails": [{ "value": "new@example.com", "primary": true }] } }),
            json!({ "op": "replace", "path": r#"emails[value eq "o@example.com"].primary"#, "value": true }),
            json!({ "op": "add", "path": r#"emails[type eq "other"].primary"#, "value": true }),
            json!({ "op": "replace", "path": r#"emails[type eq "other"]"#, "value": { "value": "o2@example.com", "primary": true } }),
        ] {
            let id = jane(server);
            let reply = server.patch(&at(&id), json!([operation]));
            let emails = reply.ok(200).body["emails"].as_array().unwrap().clone();
            let primaries: Vec<&Value> = emails.iter().filter(|email| email["primary"] == true).collect();
            assert_eq!(primaries, [emails.last().unwrap()], "{operation}");
            assert_eq!(emails[0]["value"], "w@example.com");
            assert_eq!(emails[0]["primary"], false);
            server.delete(&at(&id)).ok(204);
        }
    });
}

#[test]
fn n65_a_bad_operation_undoes_the_good_ones() {
    both(|server| {
        let id = jane(server);
        let group = server.group("g", &[&id]);
        let good = json!({ "op": "replace", "path": "nickName", "value": "changed" });
        for (bad, scim_type) in [
            (json!({ "op": "replace", "path": "id", "value": "x" }), "mutability"),
            (json!({ "op": "remove", "path": "userName" }), "mutability"),
            (json!({ "op": "remove" }), "noTarget"),
            (json!({ "op": "add", "path": "zzz", "value": "x" }), "invalidPath"),
            (json!({ "op": "add", "path": "active", "value": 7 }), "invalidValue"),
            (
                json!({ "op": "add", "path": "emails[type", "value": 7 }),
                "invalidFilter",
            ),
            (
                json!({ "op": "add", "path": r#"emails[value co "zzz"].type"#, "value": "x" }),
                "noTarget",
            ),
            (
                json!({ "op": "nothing", "path": "title", "value": "x" }),
                "invalidSyntax",
            ),
        ] {
            let is_filter = scim_type == "invalidFilter";
            let before = server.store.dump();
            for operations in [json!([good, bad]), json!([bad, good]), json!([good, bad, good])] {
                let reply = server.patch(&at(&id), operations);
                reply.refused(400, if is_filter { "" } else { scim_type });
                assert_eq!(server.store.dump(), before);
            }
        }
        let operations = json!([
            { "op": "remove", "path": "members" },
            { "op": "replace", "path": "id", "value": "x" },
        ]);
        refused(server, &format!("/Groups/{group}"), operations, "mutability");
    });
}

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
fn n70_patch_answers_with_the_whole_resource() {
    both(|server| {
        let id = jane(server);
        let group = server.group("g", &[&id]);
        let reply = server.patch(&at(&id), json!([{ "op": "replace", "path": "nickName", "value": "N" }]));
        let read = server.get(&at(&id));
        assert_eq!(reply.ok(200).body, read.body);
        assert_eq!(reply.body["groups"][0]["value"], json!(group));
        assert_eq!(reply.header("etag"), read.header("etag"));
        assert_eq!(
            reply.header("content-type"),
            Some("application/scim+json; charset=utf-8")
        );
        let reply = server.patch(
            &format!("{}?attributes=nickName", at(&id)),
            json!([{ "op": "replace", "path": "nickName", "value": "M" }]),
        );
        assert_eq!(
            reply.ok(200).body,
            json!({ "schemas": [USER], "id": id, "nickName": "M" })
        );
        let path = format!("{}?excludedAttributes=emails,name,meta,groups", at(&id));
        let reply = server.patch(&path, json!([{ "op": "replace", "path": "nickName", "value": "L" }]));
        let rest = json!({ "schemas": [USER], "id": id, "nickName": "L", "userName": "jane" });
        assert_eq!(reply.ok(200).body, rest);
    });
}

#[test]
fn n70_patch_may_answer_without_a_body() {
    let server = Server::new(Dialect::default().with(|d| d.patch_answer = PatchAnswer::NoContent));
    let id = jane(&server);
    let operations = json!([{ "op": "replace", "path": "nickName", "value": "N" }]);
    let reply = server.patch(&at(&id), operations.clone());
    assert_eq!((reply.ok(204).text.as_str(), reply.header("content-type")), ("", None));
    assert_eq!(reply.header("etag"), Some(server.etag(&at(&id)).as_str()));
    let reply = server.patch(&format!("{}?attributes=nickName", at(&id)), operations);
    assert_eq!(
        reply.ok(200).body,
        json!({ "schemas": [USER], "id": id, "nickName": "N" })
    );
}

#[test]
fn n70_patch_of_a_large_group_answers_without_a_body() {
    both(|server| {
        let users: Vec<String> = (0..1001)
            .map(|n| server.user(json!({ "userName": format!("u{n}") })))
            .collect();
        let all: Vec<&str> = users.iter().map(String::as_str).collect();
        let group = format!("/Groups/{}", server.group("g", &all));
        let rename = |name: &str| json!([{ "op": "replace", "path": "displayName", "value": name }]);
        let reply = server.patch(&group, rename("a"));
        assert_eq!(reply.ok(204).text, "");
        let reply = server.patch(&format!("{group}?attributes=members"), rename("b"));
        assert_eq!(reply.ok(200).values("members").len(), 1001);
        assert_eq!(reply.body["schemas"], json!([GROUP]));
        let smaller = json!([{ "op": "remove", "path": format!(r#"members[value eq "{}"]"#, users[0]) }]);
        assert_eq!(server.patch(&group, smaller).ok(200).values("members").len(), 1000);
    });
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
