//! Attributes and what may be sent as one: D1 to D3, D10, D12 to D15.

use super::*;

#[test]
fn d01_a_read_only_value_may_be_repeated_in_a_patch() {
    both(|s| {
        let group = s.group("g", &[]);
        let path = format!("/Groups/{group}");
        let rename = json!([{ "op": "replace", "value": { "id": group, "displayName": "h" } }]);
        assert_eq!(s.patch(&path, rename).ok(200).body["displayName"], "h");
        let hacked = json!([{ "op": "replace", "value": { "id": "hacked", "displayName": "i" } }]);
        s.patch(&path, hacked).refused(400, "mutability");
        assert_eq!(s.get(&path).body["displayName"], "h");
    });
}

#[test]
fn d02_an_unknown_path_is_never_a_silent_success() {
    both(|s| {
        let path = format!("/Users/{}", s.user(json!({ "userName": "a" })));
        for op in ["add", "replace", "remove"] {
            for name in ["zzz", "name.zzz", "urn:example:none:zzz", "members"] {
                let operation = json!([{ "op": op, "path": name, "value": "v" }]);
                s.patch(&path, operation).refused(400, "invalidPath");
            }
        }
        // RFC 7644 Table 9 has a keyword of its own for the filter within a path.
        let operation = json!([{ "op": "replace", "path": "emails[zzz eq 1].value", "value": "v" }]);
        s.patch(&path, operation).refused(400, "invalidFilter");
        assert_eq!(s.get(&path).body["meta"]["version"], "W/\"1\"");
    });
}

/// Two employees; only one has a manager.
fn employees(s: &Server) {
    s.user(json!({
        "userName": "a", "name": { "givenName": "g" },
        (ENTERPRISE): { "employeeNumber": "7", "manager": { "value": "26" } },
    }));
    s.user(json!({ "userName": "b", (ENTERPRISE): { "employeeNumber": "8" } }));
}

#[test]
fn d03_a_name_of_one_extension_needs_no_urn_by_default() {
    let s = Server::new(Dialect::default());
    employees(&s);
    for filter in [
        "employeeNumber eq \"7\"",
        "manager eq \"26\"",
        "MANAGER.value eq \"26\"",
        "manager pr",
        "manager[value pr]",
    ] {
        assert_eq!(s.find("/Users", filter), ["a"], "{filter}");
    }
}

#[test]
fn d03_a_name_of_an_extension_needs_its_urn_when_strict() {
    let s = Server::rfc();
    employees(&s);
    for filter in [
        "employeeNumber eq \"7\"",
        "manager eq \"26\"",
        "manager.value eq \"26\"",
        "manager pr",
    ] {
        s.filter("/Users", filter).refused(400, "invalidFilter");
    }
    assert_eq!(
        s.find("/Users", &format!("{ENTERPRISE}:employeeNumber eq \"7\"")),
        ["a"]
    );
}

#[test]
fn d03_a_complex_attribute_without_a_value_cannot_be_compared() {
    both(|s| {
        employees(s);
        for filter in [
            "name eq \"g\"",
            "meta eq \"User\"",
            "name co \"g\"",
            "addresses eq \"a\"",
            "name gt \"a\"",
        ] {
            s.filter("/Users", filter).refused(400, "invalidFilter");
        }
        assert_eq!(s.find("/Users", "name pr"), ["a"]);
    });
}

#[test]
fn d10_one_value_is_primary_in_a_body() {
    both(|s| {
        let emails = json!([{ "value": "a@b", "primary": true }, { "value": "c@d", "primary": true }]);
        let created = s.post(
            "/Users",
            with_schema(USER, json!({ "userName": "a", "emails": emails })),
        );
        let primaries = |reply: &Reply| reply.text.matches("\"primary\":true").count();
        assert_eq!(primaries(created.ok(201)), 1);
        let put = s.put(
            &format!("/Users/{}", created.id()),
            with_schema(USER, json!({ "userName": "a", "emails": emails })),
        );
        assert_eq!(primaries(put.ok(200)), 1);
    });
}

#[test]
fn d12_what_has_no_value_is_not_sent() {
    both(|s| {
        let body = json!({ "userName": "a", "title": null, "emails": [], "name": {}, "phoneNumbers": null });
        let created = s.post("/Users", with_schema(USER, body));
        let names: Vec<&String> = created.ok(201).body.as_object().unwrap().keys().collect();
        assert_eq!(names, ["id", "meta", "schemas", "userName"]);
    });
}

#[test]
fn d13_one_folding_for_comparison_uniqueness_and_order() {
    both(|s| {
        s.user(json!({ "userName": "Straße", "displayName": "Straße", "nickName": "jose\u{301}" }));
        s.user(json!({ "userName": "Ελλάς", "displayName": "ΕΛΛΆΣ" }));
        assert_eq!(s.find("/Users", "displayName eq \"STRASSE\""), ["Straße"]);
        assert_eq!(s.find("/Users", "displayName sw \"strass\""), ["Straße"]);
        assert_eq!(s.find("/Users", "userName eq \"STRASSE\""), ["Straße"]);
        assert_eq!(s.find("/Users", "nickName eq \"JOSÉ\""), ["Straße"]);
        assert_eq!(s.find("/Users", "displayName eq \"ελλάς\""), ["Ελλάς"]);
        for name in ["strasse", "STRASSE", "STRAẞE"] {
            s.post("/Users", with_schema(USER, json!({ "userName": name })))
                .refused(409, "uniqueness");
        }
        assert_eq!(
            s.find("/Users", "userName eq \"ｓｔｒａｓｓｅ\""),
            ["Straße"],
            "width is of no account in a user name"
        );
        assert_eq!(
            s.find("/Users", "displayName eq \"ｓｔｒａｓｓｅ\""),
            [""; 0],
            "but it is elsewhere"
        );
    });
}

#[test]
fn d13_a_user_name_that_is_none_is_refused_and_an_operand_is_not() {
    both(|s| {
        let id = s.user(json!({ "userName": "José María" }));
        for name in ["a\u{200b}b", " a", "a ", "a\tb", "\u{202e}a", "a\u{0}", "   "] {
            s.post("/Users", with_schema(USER, json!({ "userName": name })))
                .refused(400, "invalidValue");
            s.put(&format!("/Users/{id}"), with_schema(USER, json!({ "userName": name })))
                .refused(400, "invalidValue");
            let operand = json!(name);
            assert_eq!(s.find("/Users", &format!("userName eq {operand}")), [""; 0]);
        }
        assert_eq!(s.find("/Users", "userName eq \"JOSÉ maría\""), ["José María"]);
        assert_eq!(s.find("/Users", "userName sw \"José \""), ["José María"]);
        assert_eq!(
            s.get(&format!("/Users/{id}")).body["userName"],
            "José María",
            "kept as sent"
        );
    });
}

#[test]
fn d14_a_tenant_says_what_else_is_unique() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::new(dialect.with(|d| d.unique = vec!["emails.value".to_owned()]));
        let user =
            |name: &str, mail: &str| with_schema(USER, json!({ "userName": name, "emails": [{ "value": mail }] }));
        let id = s.post("/Users", user("a", "a@example.com")).ok(201).id();
        let refused = s.post("/Users", user("b", "A@Example.com"));
        refused.refused(409, "uniqueness");
        assert!(!refused.text.contains(&id));
        let other = s.post("/Users", user("b", "b@example.com")).ok(201).id();
        let operation = json!([{ "op": "add", "path": "emails", "value": [{ "value": "a@example.com" }] }]);
        s.patch(&format!("/Users/{other}"), operation.clone())
            .refused(409, "uniqueness");
        s.delete(&format!("/Users/{id}")).ok(204);
        s.patch(&format!("/Users/{other}"), operation).ok(200);
    }
    // Where the tenant does not say so, addresses may be shared.
    both(|s| {
        for name in ["a", "b"] {
            s.user(json!({ "userName": name, "emails": [{ "value": "a@example.com" }] }));
        }
    });
}

#[test]
fn d15_what_the_host_calls_sensitive_is_asked_for_by_post() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let schema = scim_http::core::schema::SchemaBuilder::from_schema(&Schema::user())
            .sensitive("phoneNumbers")
            .build();
        let user = ResourceType::builder("User", "/Users", schema.unwrap())
            .build()
            .unwrap();
        let types = Registry::new([user, ResourceType::group()]);
        let s = Server::with(dialect, |builder| builder.resource_types(types));
        s.user(json!({ "userName": "a", "phoneNumbers": [{ "value": "555" }] }));
        for filter in [
            "phoneNumbers.value eq \"555\"",
            "phoneNumbers[value eq \"555\"]",
            "userName pr and phoneNumbers pr",
        ] {
            for endpoint in ["/Users", ""] {
                s.filter(endpoint, filter).refused(403, "sensitive");
                let search =
                    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter });
                assert_eq!(s.post(&format!("{endpoint}/.search"), search).ok(200).names(), ["a"]);
            }
        }
    }
}
