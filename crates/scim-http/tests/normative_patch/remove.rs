//! `remove`: N54 to N57.

use super::*;

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
