//! RFC 7644's own examples: creation, queries, replacement, projection, errors and versions (sections 3.3 to 3.5.1, 3.9, 3.12, 3.13).

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod support;

use scim_http::core::{Dialect, Limits};
use serde_json::{Value, json};
use support::{BASE, ENTERPRISE, GROUP, Reply, Server, USER, both, encode, with_schema};

const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Section 3.3's request.
fn barbara() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "bjensen",
        "externalId": "bjensen",
        "name": { "formatted": "Ms. Barbara J Jensen III", "familyName": "Jensen", "givenName": "Barbara" },
    })
}

/// The body of an answer without `meta`, which must be right.
#[track_caller]
fn body_of(reply: &Reply, endpoint: &str, kind: &str) -> Value {
    let mut body = reply.body.clone();
    let meta = body.as_object_mut().unwrap().remove("meta").unwrap();
    let location = format!("{BASE}/{endpoint}/{}", reply.id());
    assert_eq!(
        reply.header("content-type"),
        Some("application/scim+json; charset=utf-8")
    );
    assert_eq!(reply.header("location"), Some(location.as_str()));
    assert_eq!(meta["resourceType"], kind);
    assert_eq!(meta["location"], json!(location));
    assert_eq!(meta["version"].as_str(), reply.header("etag"));
    assert!(meta["created"].as_str() <= meta["lastModified"].as_str());
    body
}

fn merged(mut body: Value, more: Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn s3_3_post() {
    both(|s| {
        let headers = [
            ("accept", "application/scim+json"),
            ("content-type", "application/scim+json"),
        ];
        let created = s.send("POST", "/Users", &headers, Some(&barbara()));
        assert_eq!(
            body_of(created.ok(201), "Users", "User"),
            merged(barbara(), json!({ "id": created.id() }))
        );
    });
}

#[test]
fn s3_3_a_duplicate_is_a_conflict() {
    both(|s| {
        s.post("/Users", barbara()).ok(201);
        s.post("/Users", barbara()).refused(409, "uniqueness");
    });
}

#[test]
fn s3_3_1_the_endpoint_sets_the_resource_type() {
    both(|s| {
        let lying = merged(barbara(), json!({ "meta": { "resourceType": "Group" } }));
        assert_eq!(s.post("/Users", lying).ok(201).body["meta"]["resourceType"], "User");
        let group = with_schema(GROUP, json!({ "displayName": "g" }));
        assert_eq!(s.post("/Groups", group).ok(201).body["meta"]["resourceType"], "Group");
    });
}

#[test]
fn s3_4_1_get() {
    both(|s| {
        let contacts = json!({
            "phoneNumbers": [{ "value": "555-555-8377", "type": "work" }],
            "emails": [{ "value": "bjensen@example.com", "type": "work" }],
        });
        let id = s.post("/Users", merged(barbara(), contacts.clone())).id();
        let read = s.get(&format!("/Users/{id}"));
        let expected = merged(merged(barbara(), contacts), json!({ "id": id }));
        assert_eq!(body_of(read.ok(200), "Users", "User"), expected);
        let schema = s.get(&format!("/Schemas/{USER}"));
        assert_eq!(schema.ok(200).body["id"], USER);
    });
}

#[test]
fn s3_4_2_the_user_names_of_all_users() {
    both(|s| {
        let one = s.post("/Users", barbara()).id();
        s.clock.forward(1_000);
        let two = s.user(json!({ "userName": "jsmith", "title": "t" }));
        let list = s.get("/Users?attributes=userName");
        let expected = json!({
            "schemas": [LIST], "totalResults": 2, "startIndex": 1, "itemsPerPage": 2,
            "Resources": [
                { "schemas": [USER], "id": one, "userName": "bjensen" },
                { "schemas": [USER], "id": two, "userName": "jsmith" },
            ],
        });
        assert_eq!(list.ok(200).body, expected);
        assert_eq!(
            s.get("/Users?attributes=userName&unknown=1&other").ok(200).body,
            expected
        );
    });
}

#[test]
fn s3_4_2_1_a_search_of_the_root_by_resource_type() {
    let s = Server::new(Dialect::default());
    s.post("/Users", barbara()).ok(201);
    s.group("g", &[]);
    assert_eq!(
        s.find("", "(meta.resourceType eq User) or (meta.resourceType eq Group)"),
        ["bjensen", "g"]
    );
}

#[test]
fn s3_4_2_1_a_query_of_one_resource() {
    both(|s| {
        let id = s.post("/Users", barbara()).id();
        let read = s.get(&format!("/Users/{id}?attributes=name.familyName"));
        assert_eq!(read.ok(200).body["name"], json!({ "familyName": "Jensen" }));
    });
}

#[test]
fn s3_4_2_2_example_filters() {
    both(|s| {
        s.clock.forward(-462_758_726_000); // 2011-05-03T03:27:54Z
        s.user(json!({
            "userName": "bjensen", "title": "Tour Guide", "userType": "Employee", "name": { "familyName": "Jensen" },
            "emails": [{ "type": "work", "value": "bjensen@example.com" }],
        }));
        s.clock.forward(865_000_000_000); // 2038
        s.user(json!({
            "userName": "JSmith", "userType": "Intern", "name": { "familyName": "O'Malley" },
            "emails": [{ "type": "home", "value": "j@example.org" }],
            "ims": [{ "type": "xmpp", "value": "j@foo.com" }],
            (ENTERPRISE): { "employeeNumber": "1" },
        }));
        let (babs, john, all): (&[&str], &[&str], &[&str]) = (&["bjensen"], &["JSmith"], &["JSmith", "bjensen"]);
        for (filter, expected) in [
            ("userName Eq \"bjensen\"", babs),
            ("Username eq \"bjensen\"", babs),
            ("userName eq \"bjensen\"", babs),
            ("name.familyName co \"O'Malley\"", john),
            ("userName sw \"J\"", john),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"J\"", john),
            ("title pr", babs),
            ("meta.lastModified gt \"2011-05-13T04:42:34Z\"", john),
            ("meta.lastModified ge \"2011-05-13T04:42:34Z\"", john),
            ("meta.lastModified lt \"2011-05-13T04:42:34Z\"", babs),
            ("meta.lastModified le \"2011-05-13T04:42:34Z\"", babs),
            ("title pr and userType eq \"Employee\"", babs),
            ("title pr or userType eq \"Intern\"", all),
            (
                "schemas eq \"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\"",
                john,
            ),
            (
                "userType eq \"Employee\" and (emails co \"example.com\" or emails.value co \"example.org\")",
                babs,
            ),
            (
                "userType ne \"Employee\" and not (emails co \"example.com\" or emails.value co \"example.org\")",
                &[],
            ),
            ("userType eq \"Employee\" and (emails.type eq \"work\")", babs),
            (
                "userType eq \"Employee\" and emails[type eq \"work\" and value co \"@example.com\"]",
                babs,
            ),
            (
                "emails[type eq \"work\" and value co \"@example.com\"] or ims[type eq \"xmpp\" and value co \"@foo.com\"]",
                all,
            ),
        ] {
            assert_eq!(s.find("/Users", filter), expected, "{filter}");
        }
        let refused = s.filter("/Users", "userName regex \"b.*\"");
        refused.refused(400, "invalidFilter");
    });
}

#[test]
fn s3_4_2_4_pages() {
    both(|s| {
        for number in 0..100 {
            s.user(json!({ "userName": format!("u{number:02}") }));
            s.clock.forward(1);
        }
        let first = s.get("/Users?startIndex=1&count=10");
        assert_eq!(first.ok(200).body["schemas"], json!([LIST]));
        assert_eq!(first.body["totalResults"], 100);
        assert_eq!(
            (&first.body["itemsPerPage"], &first.body["startIndex"]),
            (&json!(10), &json!(1))
        );
        assert_eq!((first.names()[0].as_str(), first.names()[9].as_str()), ("u00", "u09"));
        let second = s.get("/Users?startIndex=11&count=10");
        assert_eq!(second.body["startIndex"], 11);
        assert_eq!((second.names()[0].as_str(), second.names()[9].as_str()), ("u10", "u19"));
    });
}

#[test]
fn s3_4_3_a_query_by_post() {
    both(|s| {
        s.user(json!({ "userName": "jsmith", "displayName": "Smith, James", "title": "t" }));
        s.user(json!({ "userName": "other", "displayName": "Blacksmith" }));
        s.group("Smith Family", &[]);
        let found = s.post(
            "/.search",
            json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
                "attributes": ["displayName", "userName"],
                "filter": "displayName sw \"smith\"",
                "startIndex": 1,
                "count": 10,
            }),
        );
        assert_eq!(found.ok(200).body["totalResults"], 2);
        assert_eq!(
            (&found.body["itemsPerPage"], &found.body["startIndex"]),
            (&json!(2), &json!(1))
        );
        let resources = found.body["Resources"].as_array().unwrap();
        let shown = |name: &str| {
            let mut shown = resources
                .iter()
                .find(|r| r["displayName"] == name)
                .unwrap()
                .as_object()
                .unwrap()
                .clone();
            assert!(shown.remove("id").is_some() && shown.remove("schemas").is_some());
            Value::Object(shown)
        };
        assert_eq!(
            shown("Smith, James"),
            json!({ "userName": "jsmith", "displayName": "Smith, James" })
        );
        assert_eq!(shown("Smith Family"), json!({ "displayName": "Smith Family" }));
    });
}

#[test]
fn s3_5_1_put() {
    both(|s| {
        let created = s.post(
            "/Users",
            merged(barbara(), json!({ "roles": [{ "value": "r" }], "nickName": "Babs" })),
        );
        let (id, etag) = (created.ok(201).id(), created.header("etag").unwrap().to_owned());
        s.clock.forward(11_030_000);
        let sent = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "id": id,
            "userName": "bjensen",
            "externalId": "bjensen",
            "name": {
                "formatted": "Ms. Barbara J Jensen III", "familyName": "Jensen", "givenName": "Barbara", "middleName": "Jane",
            },
            "roles": [],
            "emails": [{ "value": "bjensen@example.com" }, { "value": "babs@jensen.org" }],
        });
        let path = format!("/Users/{id}");
        let put = s.send("PUT", &path, &[("if-match", &etag)], Some(&sent));
        let mut expected = sent.clone();
        expected.as_object_mut().unwrap().remove("roles");
        assert_eq!(body_of(put.ok(200), "Users", "User"), expected);
        assert_eq!(put.body["meta"]["created"], created.body["meta"]["created"]);
        assert_eq!(put.body["meta"]["lastModified"], "2026-01-01T03:03:50.000Z");
        assert_ne!(put.header("etag"), Some(etag.as_str()));
        assert_eq!(s.get(&path).body, put.body);
        s.send("PUT", &path, &[("if-match", &etag)], Some(&sent))
            .refused(412, "");
    });
}

#[test]
fn s3_9_attributes() {
    both(|s| {
        let id = s.post("/Users", barbara()).id();
        let path = format!("/Users/{id}?attributes=userName");
        let read = s.get(&path);
        assert_eq!(
            read.ok(200).body,
            json!({ "schemas": [USER], "id": id, "userName": "bjensen" })
        );
        assert_eq!(read.header("location"), Some(format!("{BASE}/Users/{id}").as_str()));
        assert_eq!(read.header("etag"), s.get(&format!("/Users/{id}")).header("etag"));
        let names = s.get(&format!("/Users/{id}?attributes=userName,name,emails")).body;
        assert_eq!(names["name"], barbara()["name"]);
    });
}

#[test]
fn s3_12_a_resource_that_is_not_there() {
    both(|s| {
        let reply = s.get("/Users/2819c223-7f76-453a-919d-413861904646");
        reply.refused(404, "");
        let body = reply.body.as_object().unwrap();
        assert_eq!(body.keys().collect::<Vec<_>>(), ["detail", "schemas", "status"]);
        assert_eq!((&body["schemas"], &body["status"]), (&json!([ERROR]), &json!("404")));
    });
}

#[test]
fn s3_12_a_read_only_attribute() {
    both(|s| {
        let id = s.post("/Users", barbara()).id();
        let reply = s.patch(
            &format!("/Users/{id}"),
            json!([{ "op": "replace", "path": "id", "value": "other" }]),
        );
        reply.refused(400, "mutability");
        let body = reply.body.as_object().unwrap();
        assert_eq!(
            body.keys().collect::<Vec<_>>(),
            ["detail", "schemas", "scimType", "status"]
        );
        assert!(body["detail"].as_str().unwrap().contains("`id`"));
    });
}

#[test]
fn s3_12_a_payload_too_large_names_its_limits() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let limits = Limits::default().with(|limits| limits.bulk_operations = 1);
        let s = Server::with(dialect, |builder| builder.limits(limits));
        let operation = json!({ "method": "DELETE", "path": "/Users/1" });
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
        let reply = s.post(
            "/Bulk",
            json!({ "schemas": schemas, "Operations": [operation, operation] }),
        );
        reply.refused(413, "");
        let detail = reply.body["detail"].as_str().unwrap();
        assert!(detail.contains("maxOperations") && detail.contains("maxPayloadSize") && detail.contains("1048576"));
    }
}

#[test]
fn s3_13_the_version_stands_before_the_endpoint_or_nowhere() {
    both(|s| {
        s.post("/Users", barbara()).ok(201);
        let status = |uri: &str| s.send("GET", uri, &[], None).status;
        assert_eq!(status("https://example.com/scim/v2/Users"), 200);
        // Without it, as a framework that is mounted there passes it on.
        assert_eq!(status("https://example.com/Users"), 200);
        for other in [
            "/scim/v1/Users",
            "/scim/v3/Users",
            "/v3/Users",
            "/scim/v2/v2/Users",
            "/scim/v2/v1/Users",
            "/v2/Users",
        ] {
            let reply = s.send("GET", &format!("https://example.com{other}"), &[], None);
            reply.refused(404, "");
        }
        assert_eq!(
            s.get(&format!("/Users?filter={}", encode("userName eq \"bjensen\"")))
                .names(),
            ["bjensen"]
        );
    });
}
