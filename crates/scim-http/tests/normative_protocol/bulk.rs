//! Bulk: N77 to N80.

use super::*;

#[test]
fn n77_a_bulk_runs_all_operations_and_reports_each() {
    both(|server| {
        let one = server.user(json!({ "userName": "one" }));
        let two = server.user(json!({ "userName": "two" }));
        let at = |id: &str| format!("/Users/{id}");
        let reply = server.bulk(json!([
            { "method": "POST", "path": "/Users", "bulkId": "a", "data": user("new") },
            { "method": "POST", "path": "/Users", "bulkId": "b", "data": user("ONE") },
            { "method": "PUT", "path": at(&one), "data": { "schemas": [USER], "userName": "one", "title": "T" } },
            { "method": "PATCH", "path": at(&one), "data": { "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "remove", "path": "userName" }] } },
            { "method": "PATCH", "path": at(&one), "version": "W/\"999\"", "data": {
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "add", "path": "title", "value": "U" }] } },
            { "method": "DELETE", "path": at(&two) },
            { "method": "DELETE", "path": at(&two) },
            { "method": "GET", "path": at(&one) },
            { "method": "POST", "path": "/Nothing", "bulkId": "c", "data": user("x") },
            { "method": "DELETE", "path": "/Users" },
        ]));
        assert_eq!(reply.ok(200).header("content-type"), Some(SCIM_JSON));
        assert_eq!(
            reply.body["schemas"],
            json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"])
        );
        let results = reply.body["Operations"].as_array().unwrap();
        let statuses: Vec<&str> = results
            .iter()
            .map(|result| result["status"].as_str().unwrap())
            .collect();
        assert_eq!(
            statuses,
            ["201", "409", "200", "400", "412", "204", "404", "400", "404", "405"]
        );
        let new = server.filter("/Users", r#"userName eq "new""#).body["Resources"][0].clone();
        assert_eq!(results[0]["location"], new["meta"]["location"]);
        assert_eq!(results[0]["version"], new["meta"]["version"]);
        assert_eq!(
            (&results[0]["bulkId"], &results[0]["method"]),
            (&json!("a"), &json!("POST"))
        );
        assert_eq!(results[1].get("location"), None);
        assert_eq!(results[1]["bulkId"], "b");
        assert_eq!(results[1]["response"]["scimType"], "uniqueness");
        for index in [2, 3, 4] {
            assert_eq!(
                results[index]["location"],
                json!(format!("{BASE}/Users/{one}")),
                "{index}"
            );
        }
        for index in [5, 6] {
            assert_eq!(
                results[index]["location"],
                json!(format!("{BASE}/Users/{two}")),
                "{index}"
            );
        }
        assert_eq!(results[2]["version"], json!(server.etag(&at(&one))));
        assert_eq!(results[3]["response"]["scimType"], "mutability");
        for result in results {
            let status = result["status"].as_str().unwrap();
            if status.starts_with('2') {
                assert_eq!(result.get("response"), None);
            } else {
                assert_eq!(result["response"]["schemas"], json!([ERROR]));
                assert_eq!(result["response"]["status"], status);
            }
        }
        assert_eq!(server.find("/Users", "userName pr"), ["new", "one"]);
        assert_eq!(server.get(&at(&one)).body["title"], "T");
    });
}

#[test]
fn n77_fail_on_errors_stops_after_so_many() {
    both(|server| {
        let bad = |id: &str| json!({ "method": "POST", "path": "/Users", "bulkId": id, "data": { "schemas": [USER] } });
        let good = |id: &str| json!({ "method": "POST", "path": "/Users", "bulkId": id, "data": user(id) });
        for (most, processed) in [(json!(1), 2), (json!(2), 4), (json!(3), 5), (json!(null), 5)] {
            let operations = json!([good("a"), bad("b"), good("c"), bad("d"), good("e")]);
            let body = json!({ "schemas": [BULK], "failOnErrors": most, "Operations": operations });
            let reply = server.post("/Bulk", body);
            assert_eq!(
                reply.ok(200).body["Operations"].as_array().unwrap().len(),
                processed,
                "{most}"
            );
            let left = ["a", "c", "e"]
                .iter()
                .take(processed.div_ceil(2))
                .copied()
                .collect::<Vec<_>>();
            assert_eq!(server.find("/Users", "userName pr"), left);
            for resource in server.get("/Users").body["Resources"].as_array().unwrap() {
                server
                    .delete(&format!("/Users/{}", resource["id"].as_str().unwrap()))
                    .ok(204);
            }
        }
        let body = json!({ "schemas": [BULK], "failOnErrors": "1", "Operations": [good("a")] });
        server.post("/Bulk", body).refused(400, "invalidSyntax");
    });
}

#[test]
fn n78_a_bulk_beyond_the_limits_is_413_with_both_limits() {
    let small = |builder: scim_http::ScimServiceBuilder| {
        builder.limits(scim_http::core::Limits::default().with(|limits| {
            limits.bulk_operations = 3;
            limits.bulk_body = 2000;
        }))
    };
    both_with(small, |server| {
        let one = json!({ "method": "DELETE", "path": "/Users/x" });
        server.bulk(json!([one, one, one])).ok(200);
        let before = server.store.dump();
        let create = json!({ "method": "POST", "path": "/Users", "bulkId": "a", "data": user("a") });
        let reply = server.bulk(json!([create, one, one, one]));
        let detail = reply.refused_plainly(413).body["detail"].as_str().unwrap();
        assert!(detail.contains('3') && detail.contains("2000"), "{detail}");
        let mut body = json!({ "schemas": [BULK], "Operations": [create] })
            .to_string()
            .into_bytes();
        body.resize(2001, b' ');
        let reply = server.send_bytes("POST", "/Bulk", &[], body.clone());
        let detail = reply.refused_plainly(413).body["detail"].as_str().unwrap();
        assert!(detail.contains('3') && detail.contains("2000"), "{detail}");
        assert_eq!(server.store.dump(), before);
        body.truncate(2000);
        assert_eq!(
            server.send_bytes("POST", "/Bulk", &[], body).ok(200).body["Operations"][0]["status"],
            "201"
        );
        let config = server.get("/ServiceProviderConfig");
        let bulk = json!({ "supported": true, "maxOperations": 3, "maxPayloadSize": 2000 });
        assert_eq!(config.body["bulk"], bulk);
    });
    both(|server| {
        let one = json!({ "method": "DELETE", "path": "/Users/x" });
        server.bulk(json!(vec![one.clone(); 1000])).ok(200);
        server.bulk(json!(vec![one; 1001])).refused_plainly(413);
        let reply = server.bulk(json!(vec![0; 100_001]));
        let detail = reply.refused_plainly(413).body["detail"].as_str().unwrap();
        assert!(detail.contains("1000") && detail.contains("1048576"), "{detail}");
    });
}

/// What RFC 7644 section 3.7.1 sends.
fn circle() -> Value {
    let group = |id: &str, name: &str, member: &str| {
        json!({ "method": "POST", "path": "/Groups", "bulkId": id, "data": {
            "schemas": [GROUP], "displayName": name, "members": [{ "type": "Group", "value": member }] } })
    };
    json!([
        group("qwerty", "Group A", "bulkId:ytrewq"),
        group("ytrewq", "Group B", "bulkId:qwerty")
    ])
}

#[test]
fn n79_the_circle_of_the_rfc_is_resolved() {
    both(|server| {
        let reply = server.bulk(circle());
        let results = reply.ok(200).body["Operations"].as_array().unwrap();
        assert_eq!(
            results
                .iter()
                .map(|r| r["bulkId"].as_str().unwrap())
                .collect::<Vec<_>>(),
            ["qwerty", "ytrewq"]
        );
        assert!(results.iter().all(|r| r["status"] == "201"), "{}", reply.text);
        let groups = server.filter("/Groups", r#"displayName sw "Group""#);
        assert_eq!(groups.body["totalResults"], 2);
        let (a, b) = (&groups.body["Resources"][0], &groups.body["Resources"][1]);
        assert_eq!(
            (&a["displayName"], &b["displayName"]),
            (&json!("Group A"), &json!("Group B"))
        );
        for (group, other, result) in [(a, b, &results[0]), (b, a, &results[1])] {
            let members = group["members"].as_array().unwrap();
            assert_eq!(members.len(), 1);
            assert_eq!(members[0]["value"], other["id"]);
            assert_eq!(members[0]["type"], "Group");
            assert_eq!(members[0]["$ref"], other["meta"]["location"]);
            assert_eq!(result["location"], group["meta"]["location"]);
            assert_eq!(result["version"], group["meta"]["version"]);
        }
    });
}

#[test]
fn n79_circles_without_batches_are_409_and_leave_nothing() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let inner = Arc::new(TestStore::new());
        let capabilities = Capabilities::all_but(|all| all.batch = false);
        let store = Lesser {
            capabilities,
            ..Lesser::new(&inner)
        };
        let server = Server::over(inner, store, dialect, |builder| builder);
        let before = server.store.dump();
        let reply = server.bulk(circle());
        for result in reply.ok(200).body["Operations"].as_array().unwrap() {
            assert_eq!(
                (&result["status"], &result["response"]["status"]),
                (&json!("409"), &json!("409"))
            );
        }
        assert_eq!(server.store.dump(), before);
    }
}

#[test]
fn n79_the_users_and_groups_of_the_rfc_are_created() {
    both(|server| {
        let reply = server.bulk(json!([
            { "method": "POST", "path": "/Users", "bulkId": "qwerty", "data": user("Alice") },
            { "method": "POST", "path": "/Groups", "bulkId": "ytrewq", "data": {
                "schemas": [GROUP], "displayName": "Tour Guides", "members": [{ "type": "User", "value": "bulkId:qwerty" }] } },
        ]));
        assert_eq!(reply.ok(200).body["Operations"][1]["status"], "201");
        let alice = server.filter("/Users", r#"userName eq "Alice""#).body["Resources"][0].clone();
        let group = server.filter("/Groups", r#"displayName eq "Tour Guides""#).body["Resources"][0].clone();
        let member = json!([{ "value": alice["id"], "$ref": alice["meta"]["location"], "type": "User" }]);
        assert_eq!(group["members"], member);
        assert_eq!(alice["groups"][0]["value"], group["id"]);

        let reply = server.bulk(json!([
            { "method": "POST", "path": "/Users", "bulkId": "ytrewq", "data": {
                "schemas": [USER, ENTERPRISE], "userName": "Bob",
                ENTERPRISE: { "employeeNumber": "11250", "manager": { "value": "bulkId:qwerty" } } } },
            { "method": "POST", "path": "/Users", "bulkId": "qwerty", "data": user("Carol") },
        ]));
        let results = reply.ok(200).body["Operations"].as_array().unwrap();
        assert_eq!(
            (&results[0]["bulkId"], &results[1]["bulkId"]),
            (&json!("ytrewq"), &json!("qwerty"))
        );
        let bob = server.filter("/Users", r#"userName eq "Bob""#).body["Resources"][0].clone();
        let carol = server.filter("/Users", r#"userName eq "Carol""#).body["Resources"][0].clone();
        assert_eq!(bob[ENTERPRISE]["manager"]["value"], carol["id"]);
    });
}

#[test]
fn n79_what_cannot_be_resolved_is_409() {
    both(|server| {
        let group = |id: &str, member: &str| {
            json!({ "method": "POST", "path": "/Groups", "bulkId": id, "data": {
                "schemas": [GROUP], "displayName": id, "members": [{ "value": member }] } })
        };
        let bad = json!({ "method": "POST", "path": "/Users", "bulkId": "bad", "data": { "schemas": [USER] } });
        let reply = server.bulk(json!([
            group("a", "bulkId:nobody"),
            bad,
            group("b", "bulkId:bad"),
            group("c", "bulkId:b")
        ]));
        let results = reply.ok(200).body["Operations"].as_array().unwrap();
        let statuses: Vec<&str> = results.iter().map(|r| r["status"].as_str().unwrap()).collect();
        assert_eq!(statuses, ["409", "400", "409", "409"]);
        assert_eq!(server.get("/Groups").body["totalResults"], 0);
    });
}

#[test]
fn n80_bulk_ids_are_required_and_unique() {
    both(|server| {
        let reply = server.bulk(json!([
            { "method": "POST", "path": "/Users", "data": user("a") },
            { "method": "POST", "path": "/Users", "bulkId": "", "data": user("b") },
            { "method": "POST", "path": "/Users", "bulkId": "x", "data": user("c") },
            { "method": "POST", "path": "/Users", "bulkId": "x", "data": user("d") },
            { "method": "POST", "path": "/Users", "bulkId": 7, "data": user("e") },
        ]));
        let results = reply.ok(200).body["Operations"].as_array().unwrap();
        let statuses: Vec<&str> = results.iter().map(|r| r["status"].as_str().unwrap()).collect();
        assert_eq!(statuses, ["400", "400", "201", "400", "400"]);
        assert_eq!(results[3]["bulkId"], "x");
        assert_eq!(server.find("/Users", "userName pr"), ["c"]);
    });
}

#[test]
fn n80_only_whole_values_are_references() {
    both(|server| {
        let id = server.user(json!({ "userName": "old" }));
        let reply = server.bulk(json!([
            { "method": "POST", "path": "/Users", "bulkId": "q", "data": { "schemas": [USER], "userName": "alice",
                "title": "see bulkId:q", "nickName": " bulkId:q", "displayName": "bulkId:q is me" } },
            { "method": "PATCH", "path": format!("/Users/{id}"), "data": {
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
                    { "op": "add", "path": "title", "value": "manager: bulkId:q" },
                    { "op": "add", "path": format!("{ENTERPRISE}:manager"), "value": { "value": "bulkId:q" } }] } },
            { "method": "PATCH", "path": "/Users/bulkId:q", "data": {
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "add", "path": "locale", "value": "de" }] } },
        ]));
        let results = reply.ok(200).body["Operations"].as_array().unwrap();
        assert!(
            results.iter().all(|r| r["status"].as_str().unwrap().starts_with('2')),
            "{}",
            reply.text
        );
        let alice = server.filter("/Users", r#"userName eq "alice""#).body["Resources"][0].clone();
        assert_eq!(alice["title"], "see bulkId:q");
        assert_eq!(alice["nickName"], " bulkId:q");
        assert_eq!(alice["displayName"], "bulkId:q is me");
        assert_eq!(alice["locale"], "de");
        let old = server.get(&format!("/Users/{id}"));
        assert_eq!(old.body["title"], "manager: bulkId:q");
        assert_eq!(old.body[ENTERPRISE]["manager"]["value"], alice["id"]);
        assert_eq!(results[2]["location"], alice["meta"]["location"]);
        let reply = server.bulk(json!([
            { "method": "DELETE", "path": "/Users/xbulkId:q" },
            { "method": "DELETE", "path": "/Users/bulkId:q" },
        ]));
        let statuses: Vec<&Value> = reply.body["Operations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| &r["status"])
            .collect();
        assert_eq!(statuses, ["404", "409"]);
    });
}
