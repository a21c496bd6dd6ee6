//! Groups and members: D21, D23 and D32.

use super::*;

#[test]
fn d21_a_delete_takes_memberships_along_and_moves_those_groups() {
    both(|server| {
        let (one, two) = (
            server.user(json!({ "userName": "u1" })),
            server.user(json!({ "userName": "u2" })),
        );
        let with = format!("/Groups/{}", server.group("with", &[&one, &two]));
        let without = format!("/Groups/{}", server.group("without", &[&two]));
        let (before, still) = (server.get(&with), server.get(&without));
        server.clock.forward(1000);
        server.delete(&format!("/Users/{one}")).ok(204);
        let after = server.get(&with);
        assert_eq!(after.values("members"), [two]);
        assert_ne!(after.header("etag"), before.header("etag"));
        assert_eq!(after.body["meta"]["lastModified"], "2026-01-01T00:00:01.000Z");
        assert_eq!(server.get(&without).body, still.body);
    });
}

#[test]
fn d21_a_change_of_members_moves_the_group_and_not_the_users() {
    both(|server| {
        let id = server.user(json!({ "userName": "u1" }));
        let before = server.get(&format!("/Users/{id}"));
        server.clock.forward(1000);
        let path = format!("/Groups/{}", server.group("g", &[]));
        let empty = server.etag(&path);
        let reply = server.patch(
            &path,
            json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]),
        );
        assert_ne!(reply.ok(200).header("etag"), Some(empty.as_str()));
        let after = server.get(&format!("/Users/{id}"));
        assert_eq!(after.body["meta"], before.body["meta"]);
        assert_eq!(after.values("groups").len(), 1);
    });
}

/// Protects the administrator.
#[derive(Debug)]
struct Protect;

#[async_trait]
impl Guard for Protect {
    async fn check(&self, _: &Scope, attempt: Attempt<'_>, _: &mut dyn TxView) -> std::result::Result<(), Denial> {
        let is_admin = |resource: &Resource| resource.text("userName") == Some("admin");
        match attempt {
            Attempt::Delete { before, .. } if is_admin(before) => Err(Denial::new("the account is protected")),
            Attempt::Update { before, after, .. } if is_admin(before) && !after.is_active() => {
                Err(Denial::new("the account is protected"))
            }
            _ => Ok(()),
        }
    }
}

#[test]
fn d21_a_protected_administrator_cannot_be_deleted() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let server = Server::on(Arc::new(TestStore::with_guard(Arc::new(Protect))), dialect, |builder| {
            builder
        });
        let path = format!("/Users/{}", server.user(json!({ "userName": "admin" })));
        let before = server.store.dump();
        let reply = server.delete(&path);
        assert_eq!(reply.refused_plainly(403).body["detail"], "the account is protected");
        server
            .patch(&path, json!([{ "op": "replace", "path": "active", "value": false }]))
            .refused_plainly(403);
        server.bulk(json!([{ "method": "DELETE", "path": path }])).ok(200);
        assert_eq!(server.store.dump(), before);
    }
}

#[test]
fn d23_two_groups_share_a_name_only_with_different_external_ids_by_default() {
    let server = Server::tolerant();
    let named = |external: Option<&str>, name: &str| {
        let mut body = group(name);
        if let Some(external) = external {
            body["externalId"] = json!(external);
        }
        body
    };
    server.post("/Groups", named(Some("1"), "Straße")).ok(201);
    server.post("/Groups", named(Some("2"), "STRASSE")).ok(201);
    let before = server.store.dump();
    server
        .post("/Groups", named(Some("1"), "strasse"))
        .refused(409, "uniqueness");
    let reply = server.post("/Groups", named(None, "Strasse"));
    assert!(!reply.refused(409, "uniqueness").text.contains("/Groups/"));
    assert_eq!(server.store.dump(), before);
    let other = format!("/Groups/{}", server.post("/Groups", named(None, "other")).ok(201).id());
    server
        .post("/Groups", named(Some("3"), "OTHER"))
        .refused(409, "uniqueness");
    let rename = |name: &str| json!([{ "op": "replace", "path": "displayName", "value": name }]);
    server.patch(&other, rename("strasse")).refused(409, "uniqueness");
    server
        .put(&other, named(Some("2"), "strasse"))
        .refused(409, "uniqueness");
    server.put(&other, named(Some("3"), "strasse")).ok(200);
    server.patch(&other, rename("STRASSE")).ok(200);
    server.delete(&other).ok(204);
    server.post("/Groups", named(Some("3"), "strasse")).ok(201);
}

#[test]
fn d23_groups_may_share_a_name_by_rfc() {
    let server = Server::rfc();
    server.post("/Groups", group("same")).ok(201);
    server.post("/Groups", group("same")).ok(201);
    assert_eq!(server.find("/Groups", r#"displayName eq "SAME""#), ["same", "same"]);
}

#[test]
fn d23_the_name_is_decided_under_a_lock() {
    let server = Server::tolerant();
    for round in 0..20 {
        let statuses: Vec<u16> = thread::scope(|scope| {
            let create = || server.post("/Groups", group(&format!("race {round}"))).status;
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(create)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(
            statuses.iter().filter(|status| **status == 201).count(),
            1,
            "{statuses:?}"
        );
        assert_eq!(
            statuses.iter().filter(|status| **status == 409).count(),
            3,
            "{statuses:?}"
        );
    }
}

#[test]
fn d32_without_groups_nothing_speaks_of_them() {
    let users_only = |builder: ScimServiceBuilder| {
        let user = ResourceType::user();
        let schema = scim_http::core::schema::SchemaBuilder::from_schema(user.schema())
            .without("groups")
            .build()
            .unwrap();
        let mut kind = ResourceType::builder("User", "/Users", schema);
        for extension in user.extensions() {
            kind = kind.extension(Arc::clone(&extension.schema));
        }
        builder.resource_types(Registry::new([kind.build().unwrap()]))
    };
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let server = Server::with(dialect, users_only);
        let id = server.user(json!({ "userName": "jane" }));
        server.get("/Groups").refused_plainly(404);
        server.post("/Groups", group("g")).refused_plainly(404);
        assert!(!server.get("/ResourceTypes").ok(200).text.contains("Group"));
        assert!(!server.get("/Schemas").ok(200).text.contains(GROUP));
        assert_eq!(server.get(&format!("/Users/{id}")).body.get("groups"), None);
        assert!(!server.get("/Schemas").text.contains("\"groups\""));
        server.filter("/Users", "groups pr").refused(400, "invalidFilter");
    }
}
