//! Replacement: N45 and N46.

use super::*;

#[test]
fn n45_put_does_not_create() {
    both(|s| {
        for (path, body) in [
            ("/Users/unknown", user(json!({ "userName": "a" }))),
            ("/Groups/unknown", with_schema(GROUP, json!({ "displayName": "g" }))),
        ] {
            unchanged(s, || s.put(path, body)).refused(404, "");
            s.get(path).refused(404, "");
        }
        let group = s.group("g", &[]);
        unchanged(s, || {
            s.put(&format!("/Users/{group}"), user(json!({ "userName": "a" })))
        })
        .refused(404, "");
        s.put("/Users", user(json!({ "userName": "a" }))).refused(405, "");
        assert_eq!(s.get("/Users").body["totalResults"], 0);
    });
}

#[test]
fn n46_put_clears_by_null_by_an_empty_list_and_by_omission() {
    both(|s| {
        let full = || {
            json!({
                "userName": "a", "title": "t", "nickName": "n", "name": { "givenName": "g", "familyName": "f" },
                "emails": [{ "value": "a@b" }], "phoneNumbers": [{ "value": "1" }], (ENTERPRISE): { "department": "d" },
            })
        };
        let id = s.user(full());
        let path = format!("/Users/{id}");
        let mut body = full();
        for (name, nothing) in [
            ("title", Value::Null),
            ("emails", json!([])),
            ("phoneNumbers", Value::Null),
            (ENTERPRISE, json!({})),
        ] {
            body[name] = nothing;
        }
        let put = s.put(&path, user(body));
        put.ok(200);
        for name in ["title", "emails", "phoneNumbers", ENTERPRISE] {
            assert_eq!(put.body.get(name), None, "{name}");
        }
        assert_eq!(put.body["schemas"], json!([USER]));
        assert_eq!(
            (&put.body["nickName"], &put.body["name"]["givenName"]),
            (&json!("n"), &json!("g"))
        );
        let put = s.put(&path, user(json!({ "userName": "a", "name": { "familyName": "f" } })));
        assert_eq!(put.ok(200).body["name"], json!({ "familyName": "f" }));
        assert_eq!(put.body.get("nickName"), None);
    });
}

#[test]
fn n46_a_required_attribute_must_be_sent() {
    both(|s| {
        let id = s.user(json!({ "userName": "a" }));
        let group = s.group("g", &[&id]);
        for body in [
            json!({}),
            json!({ "userName": null }),
            json!({ "userName": "" }),
            json!({ "title": "t" }),
        ] {
            unchanged(s, || s.put(&format!("/Users/{id}"), user(body.clone()))).refused(400, "invalidValue");
            unchanged(s, || s.post("/Users", user(body))).refused(400, "invalidValue");
        }
        for body in [
            json!({}),
            json!({ "displayName": null }),
            json!({ "displayName": "" }),
            json!({ "members": [] }),
        ] {
            unchanged(s, || s.put(&format!("/Groups/{group}"), with_schema(GROUP, body))).refused(400, "invalidValue");
        }
        let put = s.put(
            &format!("/Groups/{group}"),
            with_schema(GROUP, json!({ "displayName": "g" })),
        );
        assert_eq!(put.ok(200).body.get("members"), None);
    });
}

#[test]
fn n46_put_keeps_active_and_password_unless_it_names_them() {
    both(|s| {
        let id = s.user(json!({ "userName": "a", "active": false }));
        let path = format!("/Users/{id}");
        assert_eq!(
            s.put(&path, user(json!({ "userName": "b" }))).ok(200).body["active"],
            false
        );
        assert_eq!(
            s.put(&path, user(json!({ "userName": "b", "active": null })))
                .ok(200)
                .body
                .get("active"),
            None
        );
        assert_eq!(
            s.put(&path, user(json!({ "userName": "b", "active": true })))
                .ok(200)
                .body["active"],
            true
        );
    });
}
