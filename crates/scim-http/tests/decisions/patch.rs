//! PATCH: D4 to D6.

use super::*;

#[test]
fn d04_several_operations_on_one_missing_value_make_one() {
    for dialect in [Dialect::default(), Dialect::entra()] {
        let s = Server::new(dialect);
        let path = format!("/Users/{}", s.user(json!({ "userName": "a" })));
        let patched = s.patch(
            &path,
            json!([
                { "op": "Add", "path": "addresses[type eq \"work\"].locality", "value": "Oslo" },
                { "op": "Add", "path": "addresses[type eq \"work\"].country", "value": "NO" },
            ]),
        );
        let expected = json!([{ "type": "work", "locality": "Oslo", "country": "NO" }]);
        assert_eq!(patched.ok(200).body["addresses"], expected);
        let unclear = json!([{ "op": "add", "path": "emails[type ne \"work\"].value", "value": "a@b" }]);
        s.patch(&path, unclear).refused(400, "noTarget");
    }
}

#[test]
fn d05_replace_makes_the_missing_value_in_the_dialects_that_need_it() {
    for (dialect, creates) in [
        (Dialect::default(), true),
        (Dialect::entra(), true),
        (Dialect::okta(), false),
        (Dialect::rfc(), false),
    ] {
        let s = Server::new(dialect);
        let path = format!("/Users/{}", s.user(json!({ "userName": "a" })));
        let operation = json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "a@b" }]);
        let patched = s.patch(&path, operation);
        if creates {
            assert_eq!(
                patched.ok(200).body["emails"],
                json!([{ "type": "work", "value": "a@b" }])
            );
        } else {
            patched.refused(400, "noTarget");
        }
    }
}

#[test]
fn d06_without_path_add_appends_and_replace_replaces() {
    both(|s| {
        let path = format!(
            "/Users/{}",
            s.user(json!({ "userName": "a", "emails": [{ "value": "a@b" }] }))
        );
        let operation = |op: &str, value: &str| json!([{ "op": op, "value": { "EMAILS": [{ "value": value }] } }]);
        let added = s.patch(&path, operation("add", "c@d"));
        assert_eq!(
            added.ok(200).body["emails"],
            json!([{ "value": "a@b" }, { "value": "c@d" }])
        );
        let replaced = s.patch(&path, operation("replace", "e@f"));
        assert_eq!(replaced.ok(200).body["emails"], json!([{ "value": "e@f" }]));
    });
}

#[test]
fn d06_keys_may_be_paths_by_default() {
    let operation = json!([{ "op": "replace", "value": {
        "name.givenName": "g", (format!("{ENTERPRISE}:department")): "d", (format!("{USER}:title")): "t",
    } }]);
    let s = Server::new(Dialect::default());
    let path = format!("/Users/{}", s.user(json!({ "userName": "a" })));
    let patched = s.patch(&path, operation.clone());
    assert_eq!(patched.ok(200).body["name"], json!({ "givenName": "g" }));
    assert_eq!(patched.body[ENTERPRISE], json!({ "department": "d" }));
    assert_eq!(patched.body["title"], "t");
    assert_eq!(patched.body["schemas"], json!([USER, ENTERPRISE]));

    let s = Server::rfc();
    let path = format!("/Users/{}", s.user(json!({ "userName": "a" })));
    s.patch(&path, operation);
    assert_eq!(
        s.get(&path).body.get("name"),
        None,
        "a dotted key is no attribute by the RFC"
    );
}
