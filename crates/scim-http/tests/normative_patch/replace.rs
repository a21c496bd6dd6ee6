//! `replace`: N60 to N62.

use super::*;

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
