//! Creation, replacement and deletion as a client meets them: N41 to N51 (RFC 7644 sections 3.3, 3.5.1 and 3.6).

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod support;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use scim_http::{
    PasswordSink,
    core::{
        Dialect, InputError, Note, Notes, ResourceId,
        dialect::Unknown,
        resource::Password,
        schema::{Attribute, Mutability, Registry, ResourceType, Schema},
    },
    store::{Result, Scope, StoreError},
};
use serde_json::{Value, json};
use support::{BASE, ENTERPRISE, GROUP, Reply, Server, USER, block_on, both, encode, with_schema};

fn user(attributes: Value) -> Value {
    with_schema(USER, attributes)
}

/// A refused write must leave everything as it was.
#[track_caller]
fn unchanged(s: &Server, write: impl FnOnce() -> Reply) -> Reply {
    let before = s.store.dump();
    let reply = write();
    assert_eq!(
        s.store.dump(),
        before,
        "the refused request left a trace: {}",
        reply.text
    );
    reply
}

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
fn n50_what_is_deleted_is_gone() {
    both(|s| {
        let id = s.user(json!({ "userName": "a", "externalId": "e" }));
        let group = s.group("g", &[&id]);
        let path = format!("/Users/{id}");
        let deleted = s.delete(&path);
        assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
        s.get(&path).refused(404, "");
        s.send("HEAD", &path, &[], None).ok(404);
        s.put(&path, user(json!({ "userName": "a" }))).refused(404, "");
        s.patch(&path, json!([{ "op": "replace", "path": "title", "value": "t" }]))
            .refused(404, "");
        s.delete(&path).refused(404, "");
        s.send("DELETE", &path, &[("if-match", "*")], None).refused(404, "");
        assert_eq!(s.get("/Users").body["totalResults"], 0);
        for filter in [
            "userName eq \"a\"".to_owned(),
            "externalId eq \"e\"".to_owned(),
            format!("id eq \"{id}\""),
            "not (title pr)".to_owned(),
        ] {
            assert_eq!(s.find("/Users", &filter), [""; 0], "{filter}");
        }
        assert_eq!(
            s.get(&format!("?filter={}", encode("userName pr"))).body["totalResults"],
            0
        );
        assert_eq!(s.get(&format!("/Groups/{group}")).body.get("members"), None);
        let again = s.post("/Users", user(json!({ "userName": "a", "externalId": "e" })));
        assert_ne!(again.ok(201).id(), id);
        s.get(&path).refused(404, "");
    });
}

/// Keeps the passwords it is given, and refuses short ones.
#[derive(Debug, Clone, Default)]
struct Passwords(Arc<Mutex<Vec<(String, String)>>>);

impl Passwords {
    fn taken(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[async_trait]
impl PasswordSink for Passwords {
    async fn check(&self, _: &Scope, password: &Password) -> Result<()> {
        match password.expose().len() {
            0..8 => Err(StoreError::Input(InputError::value("the password is too short"))),
            _ => Ok(()),
        }
    }

    async fn set(&self, _: &Scope, id: &ResourceId, password: &Password) -> Result<()> {
        self.0
            .lock()
            .unwrap()
            .push((id.to_string(), password.expose().to_owned()));
        Ok(())
    }
}

const SECRET: &str = "t1meMa$heen-canary";

#[test]
fn n51_a_password_is_never_returned() {
    both(|s| {
        let created = s.post(
            "/Users?attributes=password,userName",
            user(json!({ "userName": "a", "password": SECRET })),
        );
        let id = created.ok(201).id();
        let path = format!("/Users/{id}");
        let body = user(json!({ "userName": "a", "password": format!("{SECRET}2") }));
        for reply in [
            created,
            s.get(&path),
            s.get(&format!("{path}?attributes=password")),
            s.get(&format!("{path}?attributes={USER}:PASSWORD")),
            s.get("/Users?attributes=password"),
            s.get("?attributes=password"),
            s.put(&format!("{path}?attributes=password"), body),
            s.patch(
                &format!("{path}?attributes=password"),
                json!([{ "op": "replace", "path": "password", "value": SECRET }]),
            ),
            s.patch(&path, json!([{ "op": "add", "value": { "password": SECRET } }])),
        ] {
            assert!(reply.status < 300, "{}", reply.text);
            assert!(
                !reply.text.contains("password") && !reply.text.contains(SECRET),
                "{}",
                reply.text
            );
        }
        // The stores of this library keep none either.
        assert!(!s.store.dump().to_string().contains(SECRET));
        assert!(!format!("{:?}", s.service).contains(SECRET));
        let wrong = s.post("/Users", user(json!({ "userName": "b", "password": [SECRET] })));
        wrong.refused(400, "invalidValue");
        assert!(!wrong.text.contains(SECRET));
    });
}

#[test]
fn n51_a_host_takes_passwords_or_does_not_offer_them() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::new(dialect.clone());
        assert!(!s.get(&format!("/Schemas/{USER}")).ok(200).text.contains("\"password\""));
        assert_eq!(
            s.get("/ServiceProviderConfig").body["changePassword"],
            json!({ "supported": false })
        );

        let sink = Passwords::default();
        let s = Server::with(dialect, |builder| builder.password_sink(sink.clone()));
        assert!(s.get(&format!("/Schemas/{USER}")).ok(200).text.contains("\"password\""));
        assert_eq!(
            s.get("/ServiceProviderConfig").body["changePassword"],
            json!({ "supported": true })
        );
        let id = s.user(json!({ "userName": "a", "password": SECRET }));
        let path = format!("/Users/{id}");
        assert_eq!(sink.taken(), [(id.clone(), SECRET.to_owned())]);
        s.put(&path, user(json!({ "userName": "b" }))).ok(200);
        assert_eq!(sink.taken(), []);
        s.put(&path, user(json!({ "userName": "b", "password": "another-one" })))
            .ok(200);
        assert_eq!(sink.taken(), [(id.clone(), "another-one".to_owned())]);
        s.patch(
            &path,
            json!([{ "op": "replace", "path": "password", "value": "a-third-one" }]),
        )
        .ok(200);
        assert_eq!(sink.taken(), [(id.clone(), "a-third-one".to_owned())]);
    }
}

#[test]
fn n51_a_host_may_refuse_a_password_and_then_nothing_happened() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let sink = Passwords::default();
        let s = Server::with(dialect, |builder| builder.password_sink(sink.clone()));
        let path = format!("/Users/{}", s.user(json!({ "userName": "a" })));
        let body = || user(json!({ "userName": "b", "password": "short" }));
        let operation = json!([{ "op": "add", "value": { "userName": "c", "password": "short" } }]);
        for reply in [
            unchanged(&s, || s.post("/Users", body())),
            unchanged(&s, || s.put(&path, body())),
            unchanged(&s, || s.patch(&path, operation.clone())),
        ] {
            reply.refused(400, "invalidValue");
            assert!(!reply.text.contains("\"short"), "{}", reply.text);
        }
        let bulk = |method: &str, path: &str, data: Value| {
            let schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
            let operation = json!({ "method": method, "path": path, "bulkId": "b", "data": data });
            s.post("/Bulk", json!({ "schemas": schemas, "Operations": [operation] }))
        };
        for (method, path) in [("POST", "/Users"), ("PUT", path.as_str())] {
            let reply = unchanged(&s, || bulk(method, path, body()));
            assert_eq!(reply.ok(200).body["Operations"][0]["status"], "400", "{}", reply.text);
        }
        assert_eq!(sink.taken(), []);
    }
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
