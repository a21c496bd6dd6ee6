//! What was once answered wrongly, each case named after what it is.

#[cfg(test)]
mod support;

use serde_json::{Value, json};
use support::{USER, both, encode, with_schema};

/// RFC 7644 section 3.5.2.1: `add` adds; nothing is nothing to add, with and without a value filter.
#[test]
fn adding_nothing_to_selected_values_removes_none_of_them() {
    both(|server| {
        let emails = json!([
            { "value": "w@example.com", "type": "work", "primary": true },
            { "value": "h@example.com", "type": "home" },
        ]);
        let id = server
            .user(json!({ "userName": "jane", "emails": emails, "addresses": [{ "type": "work", "country": "US" }] }));
        let before = server.get(&format!("/Users/{id}")).body;
        server.clock.forward(1000);
        for (path, value) in [
            (r#"emails[type eq "work"]"#, json!(null)),
            (r#"emails[type eq "work"]"#, json!({})),
            (r#"emails[type eq "work"]"#, json!({ "unknown": 1 })),
            (r#"emails[type eq "work"].value"#, json!(null)),
            (r#"emails[type eq "work"].primary"#, json!(null)),
            (r#"addresses[type eq "work"].country"#, json!(null)),
        ] {
            let operation = json!([{ "op": "add", "path": path, "value": value }]);
            let reply = server.patch(&format!("/Users/{id}"), operation);
            assert_eq!(reply.ok(200).body, before, "{path} {value}");
        }
    });
}

/// Decision D15: what is never returned cannot be sorted by, at the base URL no more than elsewhere.
#[test]
fn sorting_across_types_refuses_what_is_never_returned() {
    both(|server| {
        server.user(json!({ "userName": "jane" }));
        server.group("Staff", &[]);
        for by in ["password", &format!("{USER}:password")] {
            server.get(&format!("?sortBy={by}")).refused(400, "invalidPath");
            let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "sortBy": by });
            server.post("/.search", search).refused(400, "invalidPath");
        }
        // What one type has and another has not, or none has, is no error (RFC 7644 section 3.4.2.1).
        for by in ["userName", "members.value", "unknown"] {
            let reply = server.get(&format!("?sortBy={by}"));
            assert_eq!(reply.ok(200).body["totalResults"], json!(2), "{by}");
        }
    });
}

/// RFC 7644 section 3.4.2.1: an attribute that a type does not have has no value there, in a value filter as well.
#[test]
fn unknown_sub_attribute_in_a_value_filter_has_no_value_across_types() {
    both(|server| {
        server.user(json!({ "userName": "jane", "emails": [{ "value": "j@example.com", "type": "work" }] }));
        server.group("Staff", &[]);
        for (filter, names) in [
            (r#"emails[unknown eq "x"]"#, &[] as &[&str]),
            ("emails[unknown pr]", &[]),
            ("emails[not (unknown pr)]", &["jane"]),
            (r#"emails[type eq "work" and unknown ne "x"]"#, &["jane"]),
            ("emails[unknown eq null]", &["jane"]),
            ("members[unknown pr] or userName pr", &["jane"]),
        ] {
            let reply = server.get(&format!("?filter={}", encode(filter)));
            assert_eq!(reply.ok(200).names(), names, "{filter}");
        }
        // Where there is one type only it is a mistake (decision D3).
        server
            .filter("/Users", "emails[unknown pr]")
            .refused(400, "invalidFilter");
    });
}

/// RFC 7644 section 3.4.2.2: a value filter selects values of a complex attribute or of a list.
#[test]
fn value_filter_after_a_simple_attribute_is_refused() {
    both(|server| {
        server.user(json!({ "userName": "jane", "active": true }));
        for filter in [
            r#"userName[value eq "jane"]"#,
            "active[value eq true]",
            r#"not (id[value eq "x"])"#,
        ] {
            server.filter("/Users", filter).refused(400, "invalidFilter");
        }
        let filter = format!(r#"schemas[value eq "{USER}"]"#);
        assert_eq!(server.find("/Users", &filter), ["jane"]);
    });
}

/// RFC 7643 section 2.3.6 and RFC 4648 section 4: what no bytes encode to is not base64.
#[test]
fn binary_that_is_no_base64_is_refused() {
    both(|server| {
        let user = |value: &str| {
            let attributes: Value = json!({ "userName": "jane", "x509Certificates": [{ "value": value }] });
            let reply = server.post("/Users", with_schema(USER, attributes));
            if reply.status == 201 {
                server.delete(&format!("/Users/{}", reply.id())).ok(204);
            }
            reply
        };
        for value in ["a", "TUlJR", "YQ=", "Y===", "YWI==", "TUlJ=", "TU=J", "TUl!"] {
            user(value).refused(400, "invalidValue");
        }
        for value in ["TUlJ", "YQ==", "YQ", "YWI=", "TUlJ\r\nTUlJ\r\nYQ==\r\n", "_-8="] {
            assert_eq!(user(value).ok(201).values("x509Certificates"), [value]);
        }
    });
}

/// RFC 7643 section 2.4: no two values of one type and value.
#[test]
fn adding_a_value_again_with_more_said_of_it_makes_no_second() {
    both(|server| {
        let emails = json!([{ "value": "a@x", "type": "work", "primary": true }, { "value": "b@x", "type": "home" }]);
        let id = server.user(json!({ "userName": "jane", "emails": emails }));
        let add = json!([{ "value": "b@x", "type": "home", "primary": true, "display": "B" }]);
        let reply = server.patch(
            &format!("/Users/{id}"),
            json!([{ "op": "add", "path": "emails", "value": add }]),
        );
        let expected = json!([
            { "value": "a@x", "type": "work", "primary": false },
            { "value": "b@x", "type": "home", "primary": true, "display": "B" }
        ]);
        assert_eq!(reply.ok(200).body["emails"], expected);
    });
}

/// RFC 7644 section 3.10: the URN of a schema names its attributes, the core's own as well.
#[test]
fn the_core_schema_is_named_as_a_whole_like_an_extension() {
    both(|server| {
        let id = server.user(json!({ "userName": "jane", "title": "Guide" }));
        let path = format!("/Users/{id}");
        let value = json!({ USER: { "title": "Lead" } });
        server
            .patch(&path, json!([{ "op": "replace", "value": value }]))
            .ok(200);
        let reply = server.get(&format!("{path}?attributes={USER}"));
        assert_eq!(
            (&reply.body["title"], &reply.body["userName"]),
            (&json!("Lead"), &json!("jane"))
        );
    });
}
