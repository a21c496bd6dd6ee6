//! Creation, and what mutability allows of it: N41 to N44.

use super::*;

#[test]
fn n41_read_only_attributes_are_ignored_on_creation() {
    both(|s| {
        let group = s.group("g", &[]);
        let created = s.post("/Users", user(json!({
            "id": "x", "userName": "a", "groups": [{ "value": group }],
            "meta": { "resourceType": "Group", "created": "1999-01-01T00:00:00Z", "version": "W/\"9\"", "location": "https://evil.example" },
        })));
        let id = created.ok(201).id();
        assert_ne!(id, "x");
        assert_eq!(created.body.get("groups"), None);
        assert_eq!(
            created.body["meta"],
            json!({
                "resourceType": "User", "created": "2026-01-01T00:00:00.000Z", "lastModified": "2026-01-01T00:00:00.000Z",
                "location": format!("{BASE}/Users/{id}"), "version": "W/\"1\"",
            })
        );
        assert_eq!(s.get(&format!("/Users/{id}")).ok(200).body, created.body);
        assert_eq!(s.get(&format!("/Groups/{group}")).body.get("members"), None);
        s.get("/Users/x").refused(404, "");
    });
}

#[test]
fn n41_read_only_attributes_are_ignored_on_replacement() {
    both(|s| {
        let id = s.user(json!({ "userName": "a" }));
        let group = s.group("g", &[&id]);
        let other = s.group("h", &[]);
        s.clock.forward(5_000);
        let put = s.put(&format!("/Users/{id}"), user(json!({
            "id": "hacked", "userName": "b", "groups": [{ "value": other }], "meta": { "created": "1999-01-01T00:00:00Z" },
        })));
        assert_eq!(put.ok(200).id(), id);
        assert_eq!(put.body["userName"], "b");
        assert_eq!(put.body["groups"][0]["value"], json!(group));
        assert_eq!(put.body["groups"].as_array().unwrap().len(), 1);
        assert_eq!(put.body["meta"]["created"], "2026-01-01T00:00:00.000Z");
        assert_eq!(put.body["meta"]["lastModified"], "2026-01-01T00:00:05.000Z");
        assert_eq!(s.get(&format!("/Groups/{other}")).body.get("members"), None);
    });
}

#[test]
fn n42_a_creation_tells_its_place_and_version() {
    both(|s| {
        for (endpoint, name, body) in [
            ("Users", "User", user(json!({ "userName": "a" }))),
            ("Groups", "Group", with_schema(GROUP, json!({ "displayName": "g" }))),
        ] {
            let created = s.post(&format!("/{endpoint}"), body);
            let location = format!("{BASE}/{endpoint}/{}", created.ok(201).id());
            assert_eq!(created.header("location"), Some(location.as_str()));
            assert_eq!(created.body["meta"]["location"], json!(location));
            assert_eq!(created.body["meta"]["resourceType"], name);
            assert_eq!(created.header("etag"), created.body["meta"]["version"].as_str());
            assert!(created.header("etag").unwrap().starts_with("W/\""));
            assert_eq!(
                created.header("content-type"),
                Some("application/scim+json; charset=utf-8")
            );
            let read = s.get(&format!("/{endpoint}/{}", created.id()));
            assert_eq!(
                (read.ok(200).header("etag"), &read.body),
                (created.header("etag"), &created.body)
            );
            assert_eq!(s.get(&format!("/{endpoint}")).body["Resources"][0], created.body);
        }
    });
}

#[test]
fn n43_a_duplicate_is_a_conflict_and_names_no_one() {
    both(|s| {
        let id = s.user(json!({ "userName": "bjensen", "externalId": "e1" }));
        for name in ["bjensen", "BJensen", "BJENSEN", "ｂｊｅｎｓｅｎ"] {
            let reply = unchanged(s, || {
                s.post("/Users", user(json!({ "userName": name, "externalId": "e2" })))
            });
            reply.refused(409, "uniqueness");
            assert!(
                !reply.text.contains(&id) && !reply.text.contains("e1"),
                "{}",
                reply.text
            );
            assert_eq!(reply.header("location"), None);
        }
        let other = s.user(json!({ "userName": "other" }));
        let put = unchanged(s, || {
            s.put(&format!("/Users/{other}"), user(json!({ "userName": "BJENSEN" })))
        });
        put.refused(409, "uniqueness");
        let operation = json!([{ "op": "replace", "path": "userName", "value": "bJensen" }]);
        unchanged(s, || s.patch(&format!("/Users/{other}"), operation)).refused(409, "uniqueness");
        // One's own name in another case is no conflict.
        s.put(&format!("/Users/{id}"), user(json!({ "userName": "BJensen" })))
            .ok(200);
    });
}

const BADGE: &str = "urn:example:params:scim:schemas:core:2.0:Badge";

fn badges() -> Registry {
    let owner = Attribute::complex("owner")
        .sub_attribute(Attribute::string("value").mutability(Mutability::Immutable))
        .sub_attribute(Attribute::string("note"));
    let schema = Schema::builder(BADGE, "Badge")
        .attribute(Attribute::string("displayName").required())
        .attribute(Attribute::string("serial").mutability(Mutability::Immutable))
        .attribute(owner)
        .build()
        .unwrap();
    let badge = ResourceType::builder("Badge", "/Badges", schema).build().unwrap();
    Registry::new([ResourceType::user(), ResourceType::group(), badge])
}

#[test]
fn n44_immutable_attributes_are_set_once() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::with(dialect, |builder| builder.resource_types(badges()));
        let badge = |serial: Value, owner: Value| json!({ "schemas": [BADGE], "displayName": "d", "serial": serial, "owner": owner });
        let created = s.post("/Badges", badge(json!("s1"), json!({ "value": "o1", "note": "n" })));
        let path = format!("/Badges/{}", created.ok(201).id());
        assert_eq!(created.body["serial"], "s1");
        s.put(&path, badge(json!("s1"), json!({ "value": "o1", "note": "other" })))
            .ok(200);
        for (serial, owner) in [("s2", "o1"), ("s1", "o2"), ("S1", "o1")] {
            let reply = unchanged(&s, || s.put(&path, badge(json!(serial), json!({ "value": owner }))));
            reply.refused(400, "mutability");
        }
        // What is not sent stays.
        let kept = s.put(&path, json!({ "schemas": [BADGE], "displayName": "e" }));
        assert_eq!(
            (&kept.ok(200).body["serial"], &kept.body["displayName"]),
            (&json!("s1"), &json!("e"))
        );

        let empty = s
            .post("/Badges", json!({ "schemas": [BADGE], "displayName": "empty" }))
            .id();
        let path = format!("/Badges/{empty}");
        assert_eq!(
            s.put(&path, badge(json!("late"), Value::Null)).ok(200).body["serial"],
            "late"
        );
        unchanged(&s, || s.put(&path, badge(json!("later"), Value::Null))).refused(400, "mutability");
    }
}

#[test]
fn n44_a_member_cannot_become_another_type() {
    both(|s| {
        let id = s.user(json!({ "userName": "u1" }));
        let path = format!("/Groups/{}", s.group("g", &[&id]));
        let body = |kind: &str| {
            with_schema(
                GROUP,
                json!({ "displayName": "g", "members": [{ "value": id, "type": kind }] }),
            )
        };
        unchanged(s, || s.put(&path, body("Group"))).refused(400, "mutability");
        let put = s.put(&path, body("User"));
        assert_eq!(put.ok(200).body["members"][0]["value"], json!(id));
        assert_eq!(put.body["meta"]["version"], "W/\"1\"", "the same content is no change");
    });
}
