//! Forms of bodies: N47 to N49, and notes of what was tolerated.

use super::*;

#[test]
fn n47_a_boolean_as_text_is_refused_when_strict() {
    let s = Server::rfc();
    let id = s.user(json!({ "userName": "a", "active": true }));
    for text in ["False", "false", "True", "0", ""] {
        let body = || user(json!({ "userName": "b", "active": text }));
        unchanged(&s, || s.post("/Users", body())).refused(400, "invalidValue");
        unchanged(&s, || s.put(&format!("/Users/{id}"), body())).refused(400, "invalidValue");
        let operation = json!([{ "op": "replace", "path": "active", "value": text }]);
        unchanged(&s, || s.patch(&format!("/Users/{id}"), operation)).refused(400, "invalidValue");
    }
    let emails = json!({ "userName": "b", "emails": [{ "value": "a@b", "primary": "true" }] });
    unchanged(&s, || s.post("/Users", user(emails))).refused(400, "invalidValue");
}

#[test]
fn n47_a_boolean_as_text_becomes_a_boolean_by_default() {
    for dialect in [Dialect::default(), Dialect::entra()] {
        let s = Server::new(dialect);
        for (number, (text, value)) in [("False", false), ("false", false), ("True", true), ("TRUE", true)]
            .iter()
            .enumerate()
        {
            let created = s.post(
                "/Users",
                user(json!({
                    "userName": format!("u{number}"), "active": text, "emails": [{ "value": "a@b", "primary": text }],
                })),
            );
            assert_eq!(created.ok(201).body["active"], *value);
            assert_eq!(created.body["emails"][0]["primary"], *value);
            let path = format!("/Users/{}", created.id());
            let put = s.put(&path, user(json!({ "userName": format!("u{number}"), "active": text })));
            assert_eq!(put.ok(200).body["active"], *value);
            let patched = s.patch(&path, json!([{ "op": "Replace", "path": "active", "value": text }]));
            assert_eq!(patched.ok(200).body["active"], *value);
            assert_eq!(s.get(&path).body["active"], *value);
        }
        assert_eq!(s.find("/Users", "active eq false"), ["u0", "u1"]);
        assert_eq!(s.find("/Users", "active eq \"True\""), ["u2", "u3"]);
        for wrong in [json!("maybe"), json!("0"), json!(1), json!(["true"])] {
            let body = user(json!({ "userName": "b", "active": wrong }));
            unchanged(&s, || s.post("/Users", body)).refused(400, "invalidValue");
        }
    }
}

#[test]
fn n47_a_boolean_of_another_type_is_refused() {
    both(|s| {
        for wrong in [json!(0), json!(1), json!("yes"), json!({}), json!([true])] {
            let body = user(json!({ "userName": "b", "active": wrong }));
            unchanged(s, || s.post("/Users", body)).refused(400, "invalidValue");
        }
    });
}

#[test]
fn n48_unknown_attributes_are_left_out_and_noted() {
    both(|s| {
        let body = user(json!({
            "userName": "a", "zzz": "1", "name": { "givenName": "g", "zzz": 2 }, "__proto__": { "active": true }, "constructor": 1,
        }));
        let created = s.post("/Users", body);
        assert_eq!(created.ok(201).body.get("zzz"), None);
        assert_eq!(created.body["name"], json!({ "givenName": "g" }));
        assert_eq!(created.body.get("active"), None);
        assert!(
            !created.text.contains("zzz")
                && !created.text.contains("__proto__")
                && !created.text.contains("constructor")
        );
        assert_eq!(s.get(&format!("/Users/{}", created.id())).body, created.body);
    });
}

#[test]
fn n48_unknown_attributes_are_refused_where_the_tenant_says_so() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::new(dialect.with(|d| d.unknown_attributes = Unknown::Reject));
        let id = s.user(json!({ "userName": "a" }));
        for body in [
            json!({ "userName": "b", "zzz": "1" }),
            json!({ "userName": "b", "name": { "zzz": "1" } }),
            json!({ "userName": "b", "emails": [{ "zzz": "1" }] }),
            json!({ "userName": "b", (ENTERPRISE): { "zzz": "1" } }),
        ] {
            unchanged(&s, || s.post("/Users", user(body.clone()))).refused(400, "invalidSyntax");
            unchanged(&s, || s.put(&format!("/Users/{id}"), user(body))).refused(400, "invalidSyntax");
        }
    }
}

#[test]
fn n49_schemas_must_be_listed_when_strict() {
    let s = Server::rfc();
    let id = s.user(json!({ "userName": "a" }));
    for body in [
        json!({ "userName": "b" }),
        json!({ "schemas": [], "userName": "b" }),
        json!({ "schemas": [GROUP], "userName": "b" }),
        json!({ "schemas": [USER], "userName": "b", (ENTERPRISE): { "department": "d" } }),
        json!({ "schemas": [ENTERPRISE], "userName": "b", (ENTERPRISE): { "department": "d" } }),
        json!({ "schemas": [USER, "urn:example:unknown"], "userName": "b" }),
    ] {
        unchanged(&s, || s.post("/Users", body.clone())).refused(400, "invalidSyntax");
        unchanged(&s, || s.put(&format!("/Users/{id}"), body)).refused(400, "invalidSyntax");
    }
}

#[test]
fn n49_schemas_are_completed_by_default() {
    let s = Server::new(Dialect::default());
    for (number, schemas) in [
        Value::Null,
        json!([]),
        json!([GROUP]),
        json!([USER]),
        json!([ENTERPRISE]),
        json!([USER, "urn:example:unknown"]),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({ "schemas": schemas, "userName": format!("u{number}"), (ENTERPRISE): { "department": "d" } });
        let created = s.post("/Users", body);
        assert_eq!(created.ok(201).body["schemas"], json!([USER, ENTERPRISE]));
        assert_eq!(created.body[ENTERPRISE], json!({ "department": "d" }));
        let put = s.put(
            &format!("/Users/{}", created.id()),
            json!({ "userName": format!("u{number}") }),
        );
        assert_eq!(put.ok(200).body["schemas"], json!([USER]));
    }
}

#[test]
fn n49_schemas_have_no_case_and_list_what_is_there() {
    both(|s| {
        let body = json!({
            "schemas": [USER.to_uppercase(), ENTERPRISE.to_lowercase()], "userName": "a",
            (ENTERPRISE.to_uppercase()): { "DEPARTMENT": "d" },
        });
        let created = s.post("/Users", body);
        assert_eq!(created.ok(201).body["schemas"], json!([USER, ENTERPRISE]));
        assert_eq!(created.body[ENTERPRISE], json!({ "department": "d" }));
        let unused = json!({ "schemas": [USER, ENTERPRISE], "userName": "b" });
        assert_eq!(s.post("/Users", unused).ok(201).body["schemas"], json!([USER]));
        let wrong = json!({ "schemas": USER, "userName": "c" });
        unchanged(s, || s.post("/Users", wrong)).refused(400, "invalidSyntax");
        let wrong = json!({ "schemas": [5], "userName": "c" });
        unchanged(s, || s.post("/Users", wrong)).refused(400, "invalidSyntax");
    });
}

#[test]
fn notes_of_what_was_tolerated_reach_the_host() {
    let s = Server::new(Dialect::default());
    let request = http::Request::post("/scim/v2/Users").header("authorization", "Bearer tokA");
    let body = json!({ "userName": "a", "active": "True", "zzz": "1" }).to_string();
    let response = block_on(s.service.handle(request.body(body).unwrap()));
    let notes = response.extensions().get::<Notes>().unwrap().as_slice();
    for note in [
        Note::Schemas,
        Note::BooleanText("active".to_owned()),
        Note::UnknownAttribute("zzz".to_owned()),
    ] {
        assert!(notes.contains(&note), "{notes:?}");
    }
}
