//! `add`: N58, N59, N63 and N64.

use super::*;

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
