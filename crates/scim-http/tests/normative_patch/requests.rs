//! Requests and answers: N52, N53, N65 and N70.

use super::*;

#[test]
fn n52_operation_names_have_no_case() {
    both(|server| {
        let id = jane(server);
        for (op, value) in [
            ("rEplace", "a"),
            ("Replace", "b"),
            ("REPLACE", "c"),
            ("Add", "d"),
            ("aDD", "e"),
        ] {
            let reply = server.patch(&at(&id), json!([{ "op": op, "path": "nickName", "value": value }]));
            assert_eq!(reply.ok(200).body["nickName"], value);
        }
        for op in ["Remove", "rEMOVE"] {
            server
                .patch(&at(&id), json!([{ "op": "add", "path": "title", "value": "Boss" }]))
                .ok(200);
            let reply = server.patch(&at(&id), json!([{ "op": op, "path": "title" }]));
            assert_eq!(reply.ok(200).body.get("title"), None);
        }
        refused(
            server,
            &at(&id),
            json!([{ "op": "move", "path": "nickName", "value": "x" }]),
            "invalidSyntax",
        );
        refused(
            server,
            &at(&id),
            json!([{ "path": "nickName", "value": "x" }]),
            "invalidSyntax",
        );
        refused(
            server,
            &at(&id),
            json!([{ "op": 1, "path": "nickName", "value": "x" }]),
            "invalidSyntax",
        );
    });
}

#[test]
fn n53_operations_are_required_and_not_empty() {
    both(|server| {
        let id = jane(server);
        let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:PatchOp"]);
        for body in [
            json!({ "schemas": schemas }),
            json!({ "schemas": schemas, "Operations": [] }),
            json!({ "schemas": schemas, "Operations": null }),
            json!({ "schemas": schemas, "Operations": { "op": "remove", "path": "nickName" } }),
            json!({ "schemas": schemas, "Operations": "remove" }),
            json!({ "schemas": schemas, "Operations": ["remove"] }),
            json!([]),
        ] {
            let before = server.store.dump();
            server
                .send("PATCH", &at(&id), &[], Some(&body))
                .refused(400, "invalidSyntax");
            assert_eq!(server.store.dump(), before);
        }
        let body = json!({ "schemas": [USER], "Operations": [{ "op": "remove", "path": "nickName" }] });
        server
            .send("PATCH", &at(&id), &[], Some(&body))
            .refused(400, "invalidSyntax");
        let body = json!({ "SCHEMAS": schemas, "operations": [{ "OP": "remove", "Path": "nickName" }] });
        let reply = server.send("PATCH", &at(&id), &[], Some(&body));
        assert_eq!(reply.ok(200).body.get("nickName"), None);
    });
}

#[test]
fn n65_a_bad_operation_undoes_the_good_ones() {
    both(|server| {
        let id = jane(server);
        let group = server.group("g", &[&id]);
        let good = json!({ "op": "replace", "path": "nickName", "value": "changed" });
        for (bad, scim_type) in [
            (json!({ "op": "replace", "path": "id", "value": "x" }), "mutability"),
            (json!({ "op": "remove", "path": "userName" }), "mutability"),
            (json!({ "op": "remove" }), "noTarget"),
            (json!({ "op": "add", "path": "zzz", "value": "x" }), "invalidPath"),
            (json!({ "op": "add", "path": "active", "value": 7 }), "invalidValue"),
            (
                json!({ "op": "add", "path": "emails[type", "value": 7 }),
                "invalidFilter",
            ),
            (
                json!({ "op": "add", "path": r#"emails[value co "zzz"].type"#, "value": "x" }),
                "noTarget",
            ),
            (
                json!({ "op": "nothing", "path": "title", "value": "x" }),
                "invalidSyntax",
            ),
        ] {
            let is_filter = scim_type == "invalidFilter";
            let before = server.store.dump();
            for operations in [json!([good, bad]), json!([bad, good]), json!([good, bad, good])] {
                let reply = server.patch(&at(&id), operations);
                reply.refused(400, if is_filter { "" } else { scim_type });
                assert_eq!(server.store.dump(), before);
            }
        }
        let operations = json!([
            { "op": "remove", "path": "members" },
            { "op": "replace", "path": "id", "value": "x" },
        ]);
        refused(server, &format!("/Groups/{group}"), operations, "mutability");
    });
}

#[test]
fn n70_patch_answers_with_the_whole_resource() {
    both(|server| {
        let id = jane(server);
        let group = server.group("g", &[&id]);
        let reply = server.patch(&at(&id), json!([{ "op": "replace", "path": "nickName", "value": "N" }]));
        let read = server.get(&at(&id));
        assert_eq!(reply.ok(200).body, read.body);
        assert_eq!(reply.body["groups"][0]["value"], json!(group));
        assert_eq!(reply.header("etag"), read.header("etag"));
        assert_eq!(
            reply.header("content-type"),
            Some("application/scim+json; charset=utf-8")
        );
        let reply = server.patch(
            &format!("{}?attributes=nickName", at(&id)),
            json!([{ "op": "replace", "path": "nickName", "value": "M" }]),
        );
        assert_eq!(
            reply.ok(200).body,
            json!({ "schemas": [USER], "id": id, "nickName": "M" })
        );
        let path = format!("{}?excludedAttributes=emails,name,meta,groups", at(&id));
        let reply = server.patch(&path, json!([{ "op": "replace", "path": "nickName", "value": "L" }]));
        let rest = json!({ "schemas": [USER], "id": id, "nickName": "L", "userName": "jane" });
        assert_eq!(reply.ok(200).body, rest);
    });
}

#[test]
fn n70_patch_may_answer_without_a_body() {
    let server = Server::new(Dialect::default().with(|d| d.patch_answer = PatchAnswer::NoContent));
    let id = jane(&server);
    let operations = json!([{ "op": "replace", "path": "nickName", "value": "N" }]);
    let reply = server.patch(&at(&id), operations.clone());
    assert_eq!((reply.ok(204).text.as_str(), reply.header("content-type")), ("", None));
    assert_eq!(reply.header("etag"), Some(server.etag(&at(&id)).as_str()));
    let reply = server.patch(&format!("{}?attributes=nickName", at(&id)), operations);
    assert_eq!(
        reply.ok(200).body,
        json!({ "schemas": [USER], "id": id, "nickName": "N" })
    );
}

#[test]
fn n70_patch_of_a_large_group_answers_without_a_body() {
    both(|server| {
        let users: Vec<String> = (0..1001)
            .map(|n| server.user(json!({ "userName": format!("u{n}") })))
            .collect();
        let all: Vec<&str> = users.iter().map(String::as_str).collect();
        let group = format!("/Groups/{}", server.group("g", &all));
        let rename = |name: &str| json!([{ "op": "replace", "path": "displayName", "value": name }]);
        let reply = server.patch(&group, rename("a"));
        assert_eq!(reply.ok(204).text, "");
        let reply = server.patch(&format!("{group}?attributes=members"), rename("b"));
        assert_eq!(reply.ok(200).values("members").len(), 1001);
        assert_eq!(reply.body["schemas"], json!([GROUP]));
        let smaller = json!([{ "op": "remove", "path": format!(r#"members[value eq "{}"]"#, users[0]) }]);
        assert_eq!(server.patch(&group, smaller).ok(200).values("members").len(), 1000);
    });
}
