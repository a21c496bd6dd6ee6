//! Incidents that befell other providers, from the manual's list, as far as no other test file has them.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod support;

use std::{collections::HashSet, fs, path::Path};

use scim_http::{Secret, core::Dialect, store::Digest};
use serde_json::{Value, json};
use support::{ENTERPRISE, Server, USER, both, with_schema};

#[test]
fn v01_an_external_id_is_text_and_opens_nothing() {
    both(|server| {
        let first = server.user(json!({ "userName": "first" }));
        for (number, external) in ["1", "0", "-1", first.as_str()].iter().enumerate() {
            let user = json!({ "userName": format!("user{number}"), "externalId": external });
            let made = server.post("/Users", with_schema(USER, user));
            assert_eq!(made.ok(201).body["externalId"], json!(external));
            assert_ne!(made.id(), *external);
        }
        for external in ["1", "0", "-1"] {
            server.get(&format!("/Users/{external}")).refused_plainly(404);
            server.delete(&format!("/Users/{external}")).refused_plainly(404);
        }
        // The identifier of somebody else stays somebody else's.
        assert_eq!(server.get(&format!("/Users/{first}")).body["userName"], "first");
        let number = with_schema(USER, json!({ "userName": "number", "externalId": 1 }));
        server.post("/Users", number).refused(400, "invalidValue");
    });
}

#[test]
fn v11_secrets_cannot_be_compared_by_accident() {
    /// Does not compile for a type that can be compared: there are two of it then.
    trait Incomparable<Which> {
        const CHECKED: bool = true;
    }
    struct Compared;
    impl<T: ?Sized> Incomparable<()> for T {}
    impl<T: ?Sized + PartialEq> Incomparable<Compared> for T {}
    const { assert!(<Secret as Incomparable<_>>::CHECKED) };
    const { assert!(<Digest as Incomparable<_>>::CHECKED) };
    // The text of a secret or a digest is handed out for its owner and its row, and compared nowhere but in constant time.
    for source in [
        "src/secret.rs",
        "src/token_auth.rs",
        "src/credentials.rs",
        "src/credentials/link.rs",
    ] {
        let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(source)).unwrap();
        let source = source.split("#[cfg(test)]").next().unwrap();
        for line in source.lines().filter(|line| line.contains("==") || line.contains("!=")) {
            let handles = ["expose()", "as_bytes()", "digest(", ".digest"];
            assert!(!handles.iter().any(|handle| line.contains(handle)), "{line}");
        }
    }
}

#[test]
fn v21_a_patch_of_one_attribute_leaves_every_other() {
    both(|server| {
        let user = json!({
            "userName": "bjensen", "externalId": "x", "active": true, "title": "t", "locale": "de",
            "name": { "givenName": "B", "familyName": "Jensen" },
            "emails": [{ "value": "b@example.com", "type": "work", "primary": true }, { "value": "c@example.com" }],
            "roles": [{ "value": "auditor" }], "entitlements": [{ "value": "e" }],
            "x509Certificates": [{ "value": "AAAA" }],
            ENTERPRISE: { "department": "Labs", "employeeNumber": "7" },
        });
        let id = server.user(user);
        let path = format!("/Users/{id}");
        let mut before = server.get(&path).ok(200).body.clone();
        let active = json!([{ "op": "replace", "path": "active", "value": false }]);
        server.patch(&path, active).ok(200);
        let mut after = server.get(&path).ok(200).body.clone();
        assert_eq!(
            (before["active"].take(), after["active"].take()),
            (json!(true), json!(false))
        );
        before["meta"].take();
        after["meta"].take();
        assert_eq!(before, after);
    });
}

#[test]
fn v22_a_rename_and_a_deactivation_in_one_patch_hit_whom_they_name() {
    both(|server| {
        let (leaver, other) = (
            server.user(json!({ "userName": "ann", "active": true })),
            server.user(json!({ "userName": "ben", "active": true })),
        );
        let operations = json!([
            { "op": "replace", "path": "userName", "value": "ann-left" },
            { "op": "replace", "path": "active", "value": false },
        ]);
        server.patch(&format!("/Users/{leaver}"), operations).ok(200);
        let state = |id: &str| {
            let user = server.get(&format!("/Users/{id}")).ok(200).body.clone();
            (user["userName"].clone(), user["active"].clone())
        };
        assert_eq!(state(&leaver), (json!("ann-left"), json!(false)));
        assert_eq!(state(&other), (json!("ben"), json!(true)));
        // A name that is taken hits nobody.
        let operations = json!([
            { "op": "replace", "path": "active", "value": false },
            { "op": "replace", "path": "userName", "value": "ann-left" },
        ]);
        server
            .patch(&format!("/Users/{other}"), operations)
            .refused(409, "uniqueness");
        assert_eq!(state(&other), (json!("ben"), json!(true)));
    });
}

#[test]
fn v23_a_change_of_name_or_address_neither_makes_nor_ends_anybody() {
    both(|server| {
        let id = server
            .user(json!({ "userName": "ann@a.example", "emails": [{ "value": "ann@a.example" }], "active": true }));
        let path = format!("/Users/{id}");
        for address in ["ann@b.example", "ANN@b.example", "ann@a.example"] {
            let operations = json!([
                { "op": "replace", "path": "userName", "value": address },
                { "op": "replace", "path": "emails", "value": [{ "value": address }] },
            ]);
            server.patch(&path, operations).ok(200);
            let user = server.get(&path).ok(200).body.clone();
            assert_eq!((&user["userName"], &user["active"]), (&json!(address), &json!(true)));
            assert_eq!(server.get("/Users").body["totalResults"], 1);
        }
    });
}

/// Paths of what a client may write, with a value for each.
fn writable(server: &Server) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (schema, prefix) in [(USER, String::new()), (ENTERPRISE, format!("{ENTERPRISE}:"))] {
        let schema = server.get(&format!("/Schemas/{schema}")).ok(200).body.clone();
        for attribute in schema["attributes"].as_array().unwrap() {
            let is_written = attribute["mutability"] == "readWrite" && attribute["returned"] != "never";
            if let (true, Some(value)) = (is_written, value_of(attribute)) {
                all.push((format!("{prefix}{}", attribute["name"].as_str().unwrap()), value));
            }
        }
    }
    all
}

/// A value of an attribute by its schema; none where it would name another resource.
fn value_of(attribute: &Value) -> Option<Value> {
    let one = match attribute["type"].as_str().unwrap() {
        "boolean" => json!(false),
        "binary" => json!("AAAA"),
        "reference" => json!("https://example.com/one"),
        "string" => match attribute["name"].as_str().unwrap() {
            "locale" | "preferredLanguage" => json!("de"),
            "timezone" => json!("Europe/Berlin"),
            name => json!(format!("some-{name}")),
        },
        "complex" if attribute["name"] == "manager" => return None,
        "complex" => {
            let parts = attribute["subAttributes"].as_array().unwrap();
            let written = parts.iter().filter(|part| part["mutability"] == "readWrite");
            // Of several values at most one is primary, and a type is one of a few.
            let plain = written
                .filter(|part| !["primary", "type", "$ref", "display"].contains(&part["name"].as_str().unwrap()));
            let parts = plain.filter_map(|part| Some((part["name"].as_str()?.to_owned(), value_of(part)?)));
            Value::Object(parts.collect())
        }
        _ => return None,
    };
    Some(if attribute["multiValued"] == true {
        json!([one])
    } else {
        one
    })
}

#[test]
fn v24_what_was_accepted_is_read_or_it_was_an_error() {
    both(|server| {
        let writable = writable(server);
        assert!(writable.len() > 20, "{writable:?}");
        for (number, (path, value)) in writable.iter().enumerate() {
            let id = server.user(json!({ "userName": format!("user{number}"), "active": true }));
            let place = format!("/Users/{id}");
            let reply = server.patch(&place, json!([{ "op": "replace", "path": path, "value": value }]));
            assert_eq!(reply.status, 200, "{path}: {}", reply.text);
            let user = server.get(&place).ok(200).body.clone();
            let read = match path.strip_prefix(&format!("{ENTERPRISE}:")) {
                Some(name) => &user[ENTERPRISE][name],
                None => &user[path.as_str()],
            };
            assert_eq!(read, value, "{path}");
        }
    });
}

#[test]
fn v25_a_late_write_brings_nobody_back() {
    both(|server| {
        let id = server.user(json!({ "userName": "ann" }));
        let path = format!("/Users/{id}");
        server.delete(&path).ok(204);
        let activate = json!([{ "op": "replace", "path": "active", "value": true }]);
        server.patch(&path, activate).refused_plainly(404);
        server
            .put(&path, with_schema(USER, json!({ "userName": "ann", "id": id })))
            .refused_plainly(404);
        let group = server.group("all", &[]);
        let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
        server.patch(&format!("/Groups/{group}"), add);
        assert!(server.members(&group).is_empty());
        server.get(&path).refused_plainly(404);
        // Somebody of the same name is somebody else.
        assert_ne!(server.user(json!({ "userName": "ann" })), id);
        server.get(&path).refused_plainly(404);
    });
}

#[test]
fn v31_a_refused_creation_leaves_what_was_there() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let server = Server::new(dialect);
        server.user(json!({ "userName": "ann", "externalId": "x", "emails": [{ "value": "a@example.com" }] }));
        let before = server.store.dump();
        for _ in 0..3 {
            let again = with_schema(
                USER,
                json!({ "userName": "ANN", "emails": [{ "value": "b@example.com" }] }),
            );
            server.post("/Users", again).refused(409, "uniqueness");
        }
        assert_eq!(server.store.dump(), before);
    }
}

#[test]
fn v33_nothing_about_people_is_invented() {
    both(|server| {
        let id = server.user(json!({ "userName": "ann" }));
        let user = server.get(&format!("/Users/{id}")).ok(200).body.clone();
        let names: HashSet<&str> = user.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, HashSet::from(["schemas", "id", "userName", "meta"]));
    });
}

#[test]
fn each_incident_names_tests_that_exist_or_says_why_it_cannot_occur() {
    let manual = include_str!("../../scim-core/src/manual/incidents.md");
    let mut functions = HashSet::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &mut functions);
    assert!(functions.len() > 500);
    let rows = manual.lines().filter_map(|line| line.strip_prefix("| V"));
    let mut numbers = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.split(" | ").collect();
        let [number, what, why] = cells.as_slice() else {
            panic!("not three cells: {row}")
        };
        numbers.push(number.parse::<u32>().unwrap());
        assert!(!what.is_empty() && !why.is_empty());
        // Names of tests are in backticks and without a colon or a dot; other code is not.
        let names: Vec<&str> = why.split('`').skip(1).step_by(2).filter(|name| is_name(name)).collect();
        for name in &names {
            assert!(
                functions.contains(*name),
                "V{number} names `{name}`, which is no function of a test"
            );
        }
        assert!(
            !names.is_empty() || why.contains("Cannot occur"),
            "V{number} has neither"
        );
    }
    assert_eq!(numbers, (1..=34).collect::<Vec<_>>());
    assert!(
        !functions.contains("v99_there_is_no_such_test"),
        "a name that is not there is found"
    );
}

fn is_name(text: &str) -> bool {
    text.contains('_')
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The names of functions behind `#[test]` or its like, in all sources below a directory.
fn collect(directory: &Path, functions: &mut HashSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, functions);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in source.lines().map(str::trim) {
                is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
                if let (true, Some(name)) = (is_test, name) {
                    functions.insert(name.split('(').next().unwrap().to_owned());
                    is_test = false;
                }
            }
        }
    }
}
