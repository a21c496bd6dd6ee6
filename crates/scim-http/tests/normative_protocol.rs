//! Envelope, ETags, Bulk, discovery and authentication: cases N73 to N88, N90 and N91.
//!
//! N89 (asynchronous requests and their events, RFC 9967) waits for the events: see `r30` in `security_limits.rs` for what
//! holds until then.

#[cfg(test)]
mod support;

use std::sync::Arc;

use async_trait::async_trait;
use scim_http::{
    BearerTokens, Expiry, PasswordSink, ScimService,
    core::{
        Dialect, Draft, Edit, ResourceId, datetime,
        query::{Query, QueryPage},
        resource::{Found, Password},
        schema::{Attribute, Registry, ResourceType, Returned, Schema},
    },
    store::{
        Attempt, Capabilities, Denial, Guard, MemoryStore, Principal, Read, Removal, Result, ScimStore, Scope,
        StoreError, TxView, Updated, Write, Written,
    },
};
use serde_json::{Value, json};
use support::{BASE, BULK, ENTERPRISE, GROUP, LIST, Reply, Server, USER, both};

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
const SCIM_JSON: &str = "application/scim+json; charset=utf-8";

/// A store that can do less than it could, or that fails.
#[derive(Debug)]
struct Lesser {
    inner: Arc<MemoryStore>,
    capabilities: Capabilities,
    fails: Option<fn() -> StoreError>,
}

impl Lesser {
    fn new(inner: &Arc<MemoryStore>) -> Self {
        Self {
            inner: Arc::clone(inner),
            capabilities: Capabilities::ALL,
            fails: None,
        }
    }

    fn check(&self) -> Result<()> {
        self.fails.map_or(Ok(()), |error| Err(error()))
    }
}

#[async_trait]
impl ScimStore for Lesser {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        self.check()?;
        self.inner.create(scope, draft).await
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        self.check()?;
        self.inner.delete(scope, removal).await
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        self.check()?;
        self.inner.get(scope, read).await
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        self.check()?;
        self.inner.query(scope, query).await
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        self.check()?;
        self.inner.update(scope, edit).await
    }

    async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>> {
        self.check()?;
        self.inner.batch(scope, writes).await
    }
}

/// Denies whatever is done to users whose name starts with `root`.
#[derive(Debug)]
struct Roots;

#[async_trait]
impl Guard for Roots {
    async fn check(&self, _: &Scope, attempt: Attempt<'_>, _: &mut dyn TxView) -> std::result::Result<(), Denial> {
        let (Attempt::Delete { before, .. } | Attempt::Update { before, .. }) = attempt else {
            return Ok(());
        };
        if before.text("userName").is_some_and(|name| name.starts_with("root")) {
            return Err(Denial::new("the account is protected"));
        }
        Ok(())
    }
}

fn user(name: &str) -> Value {
    json!({ "schemas": [USER], "userName": name })
}

fn failing(dialect: Dialect, error: fn() -> StoreError) -> Server {
    let memory = Arc::new(MemoryStore::new());
    let store = Lesser {
        fails: Some(error),
        ..Lesser::new(&memory)
    };
    Server::over(memory, store, dialect, |builder| builder)
}

fn both_with(change: impl Fn(scim_http::ScimServiceBuilder) -> scim_http::ScimServiceBuilder, case: impl Fn(&Server)) {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        eprintln!("dialect {}", dialect.name);
        case(&Server::with(dialect, &change));
    }
}

/// Every kind of error that the service answers with.
fn errors(dialect: Dialect) -> Vec<(u16, Option<&'static str>, Reply)> {
    let server = Server::on(
        Arc::new(MemoryStore::with_guard(Arc::new(Roots))),
        dialect.clone(),
        |builder| builder,
    );
    let id = server.user(json!({ "userName": "jane" }));
    let path = format!("/Users/{id}");
    let root = format!("/Users/{}", server.user(json!({ "userName": "root" })));
    let broken = failing(dialect.clone(), || StoreError::other("disk on fire"));
    let busy = failing(dialect, || StoreError::Unavailable {
        retry_after: 7,
        source: None,
    });
    let search = |filter: &str| server.filter("/Users", filter);
    vec![
        (400, Some("invalidFilter"), search("userName eq")),
        (
            400,
            Some("invalidValue"),
            server.post("/Users", json!({ "schemas": [USER] })),
        ),
        (
            400,
            Some("invalidSyntax"),
            server.send_bytes("POST", "/Users", &[], b"{".to_vec()),
        ),
        (
            400,
            Some("invalidPath"),
            server.patch(&path, json!([{ "op": "add", "path": "zzz", "value": 1 }])),
        ),
        (
            400,
            Some("mutability"),
            server.patch(&path, json!([{ "op": "remove", "path": "userName" }])),
        ),
        (400, Some("noTarget"), server.patch(&path, json!([{ "op": "remove" }]))),
        (400, Some("invalidCursor"), server.get("/Users?cursor=garbage")),
        (
            401,
            None,
            server.send("GET", "/Users", &[("authorization", "Bearer wrong")], None),
        ),
        (403, None, server.delete(&root)),
        (
            403,
            None,
            server.send("DELETE", &path, &[("authorization", "Bearer readA")], None),
        ),
        (403, None, server.get("/Schemas?filter=id%20pr")),
        (404, None, server.get("/Nothing")),
        (404, None, server.get("/Users/unknown")),
        (405, None, server.send("DELETE", "/Users", &[], None)),
        (409, Some("uniqueness"), server.post("/Users", user("JANE"))),
        (
            412,
            None,
            server.send("DELETE", &path, &[("if-match", "W/\"999\"")], None),
        ),
        (
            413,
            None,
            server.send_bytes("POST", "/Users", &[], vec![b' '; (1 << 20) + 1]),
        ),
        (
            415,
            None,
            server.send("POST", "/Users", &[("content-type", "text/plain")], Some(&user("x"))),
        ),
        (500, None, broken.get(&path)),
        (500, None, broken.post("/Users", user("x"))),
        (501, None, server.get("/Me")),
        (503, None, busy.get(&path)),
    ]
}

#[test]
fn n73_every_error_is_in_the_envelope() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        for (status, _, reply) in errors(dialect) {
            assert_eq!(reply.status, status, "{}", reply.text);
            assert_eq!(reply.body["status"], json!(status.to_string()));
            assert_eq!(reply.body["schemas"], json!([ERROR]));
            assert_eq!(reply.header("content-type"), Some(SCIM_JSON));
            assert!(!reply.body["detail"].as_str().unwrap().is_empty());
            let known = ["detail", "schemas", "scimType", "status"];
            assert!(
                reply
                    .body
                    .as_object()
                    .unwrap()
                    .keys()
                    .all(|key| known.contains(&key.as_str()))
            );
            assert!(
                !reply.text.contains("fire"),
                "the cause is for the host: {}",
                reply.text
            );
        }
    }
}

#[test]
fn n73_errors_name_what_to_do_in_headers() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let busy = failing(dialect, || StoreError::Unavailable {
            retry_after: 7,
            source: None,
        });
        assert_eq!(busy.get("/Users").refused_plainly(503).header("retry-after"), Some("7"));
        let reply = busy.send("DELETE", "/Users", &[], None);
        assert_eq!(
            reply.refused_plainly(405).header("allow"),
            Some("GET, HEAD, POST, OPTIONS")
        );
    }
}

#[test]
fn n74_keywords_come_only_where_table_9_has_them() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        for (status, scim_type, reply) in errors(dialect) {
            assert_eq!(
                reply.body.get("scimType").and_then(Value::as_str),
                scim_type,
                "{status}: {}",
                reply.text
            );
        }
    }
}

#[test]
fn n75_the_etag_is_the_version_in_weak_form() {
    both(|server| {
        let created = server.post("/Users", user("jane"));
        let path = format!("/Users/{}", created.id());
        let replaced = server.put(&path, json!({ "schemas": [USER], "userName": "jane", "title": "a" }));
        let patched = server.patch(&path, json!([{ "op": "add", "path": "title", "value": "b" }]));
        let mut seen = Vec::new();
        for reply in [&created, &replaced, &patched] {
            let etag = reply.header("etag").unwrap().to_owned();
            assert_eq!(reply.body["meta"]["version"], json!(etag));
            assert!(
                etag.starts_with("W/\"") && etag.ends_with('"') && etag.len() > 4,
                "{etag}"
            );
            assert!(!seen.contains(&etag));
            seen.push(etag);
        }
        let read = server.get(&path);
        assert_eq!(
            (read.header("etag"), &read.body["meta"]),
            (patched.header("etag"), &patched.body["meta"])
        );
        let listed = server.filter("/Users", r#"userName eq "jane""#);
        assert_eq!(listed.body["Resources"][0]["meta"], read.body["meta"]);
    });
}

#[test]
fn n75_if_match_guards_every_write() {
    both(|server| {
        let id = server.user(json!({ "userName": "jane" }));
        let path = format!("/Users/{id}");
        let old = server.etag(&path);
        server
            .patch(&path, json!([{ "op": "add", "path": "title", "value": "a" }]))
            .ok(200);
        let patch = |value: &str| {
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "add", "path": "title", "value": value }] })
        };
        let before = server.store.dump();
        for tags in [
            old.as_str(),
            "W/\"old\"",
            "\"old\"",
            "W/\"999\", W/\"998\"",
            "garbage",
            ",",
        ] {
            let headers = [("if-match", tags)];
            server
                .send("PUT", &path, &headers, Some(&user("joan")))
                .refused_plainly(412);
            server
                .send("PATCH", &path, &headers, Some(&patch("b")))
                .refused_plainly(412);
            server.send("DELETE", &path, &headers, None).refused_plainly(412);
        }
        let none = [("if-none-match", "*")];
        server
            .send("PUT", &path, &none, Some(&user("joan")))
            .refused_plainly(412);
        assert_eq!(server.store.dump(), before);

        for value in ["c", "d", "e", "f"] {
            let now = server.etag(&path);
            let tags = match value {
                "c" => now,
                "d" => format!("W/\"999\", {now} , \"x\""),
                "e" => now.replace("W/", ""),
                _ => "*".to_owned(),
            };
            let reply = server.send("PATCH", &path, &[("if-match", &tags)], Some(&patch(value)));
            assert_eq!(reply.ok(200).body["title"], value, "{tags}");
        }
        let now = server.etag(&path);
        let lines = [("if-match", "W/\"999\""), ("if-match", now.as_str())];
        server.send("PATCH", &path, &lines, Some(&patch("g"))).ok(200);
        let missing = server.send("PUT", "/Users/unknown", &[("if-match", "*")], Some(&user("x")));
        missing.refused_plainly(404);
        let now = server.etag(&path);
        server.send("DELETE", &path, &[("if-match", &now)], None).ok(204);
    });
}

#[test]
fn n75_if_none_match_answers_304() {
    both(|server| {
        let path = format!("/Users/{}", server.user(json!({ "userName": "jane" })));
        let etag = server.etag(&path);
        for tags in [
            etag.clone(),
            "*".to_owned(),
            format!("W/\"999\", {etag}"),
            etag.replace("W/", ""),
        ] {
            let reply = server.send("GET", &path, &[("if-none-match", &tags)], None);
            assert_eq!(
                (reply.ok(304).text.as_str(), reply.header("etag")),
                ("", Some(etag.as_str()))
            );
            assert_eq!(reply.header("content-type"), None);
        }
        server
            .send("GET", &path, &[("if-none-match", "W/\"999\"")], None)
            .ok(200);
        server
            .patch(&path, json!([{ "op": "add", "path": "title", "value": "a" }]))
            .ok(200);
        server.send("GET", &path, &[("if-none-match", &etag)], None).ok(200);
    });
}

#[test]
fn n76_both_json_types_come_in_and_scim_json_goes_out() {
    both(|server| {
        let types = [
            "application/scim+json",
            "application/json",
            "application/scim+json; charset=utf-8",
            "application/scim+json;charset=UTF-8",
            "application/json; charset=\"utf-8\"",
            "Application/SCIM+JSON",
        ];
        for (index, content_type) in types.into_iter().enumerate() {
            for accept in ["application/json", "application/scim+json", "*/*", "application/xml"] {
                let body = user(&format!("u{index}{}", accept.len()));
                let headers = [("content-type", content_type), ("accept", accept)];
                let reply = server.send("POST", "/Users", &headers, Some(&body));
                assert_eq!(reply.ok(201).header("content-type"), Some(SCIM_JSON));
            }
        }
        let before = server.store.dump();
        for content_type in [
            "text/plain",
            "application/xml",
            "application/jsonx",
            "application/x-www-form-urlencoded",
            "json",
        ] {
            let headers = [("content-type", content_type)];
            for (method, path) in [
                ("POST", "/Users"),
                ("POST", "/Bulk"),
                ("POST", "/.search"),
                ("PUT", "/Users/x"),
                ("PATCH", "/Users/x"),
            ] {
                server
                    .send(method, path, &headers, Some(&user("x")))
                    .refused_plainly(415);
            }
        }
        assert_eq!(server.store.dump(), before);
        for path in ["/Users", "/ServiceProviderConfig", "/Schemas", "/ResourceTypes", ""] {
            assert_eq!(
                server.get(path).ok(200).header("content-type"),
                Some(SCIM_JSON),
                "{path}"
            );
        }
    });
}

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
        let memory = Arc::new(MemoryStore::new());
        let capabilities = Capabilities::all_but(|all| all.batch = false);
        let store = Lesser {
            capabilities,
            ..Lesser::new(&memory)
        };
        let server = Server::over(memory, store, dialect, |builder| builder);
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

#[test]
fn n81_the_configuration_is_complete() {
    both(|server| {
        let reply = server.get("/ServiceProviderConfig");
        let config = &reply.ok(200).body;
        assert_eq!(
            config["schemas"],
            json!(["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"])
        );
        assert_eq!(config["patch"], json!({ "supported": true }));
        assert_eq!(
            config["bulk"],
            json!({ "supported": true, "maxOperations": 1000, "maxPayloadSize": 1_048_576 })
        );
        assert_eq!(config["filter"], json!({ "supported": true, "maxResults": 200 }));
        assert_eq!(config["changePassword"], json!({ "supported": false }));
        assert_eq!(config["sort"], json!({ "supported": true }));
        assert_eq!(config["etag"], json!({ "supported": true }));
        let schemes = config["authenticationSchemes"].as_array().unwrap();
        assert_eq!((schemes.len(), &schemes[0]["type"]), (1, &json!("oauthbearertoken")));
        assert!(schemes[0]["name"].is_string() && schemes[0]["description"].is_string());
        assert_eq!(
            config["pagination"],
            json!({ "cursor": true, "index": true, "defaultPaginationMethod": "index", "defaultPageSize": 100,
                "maxPageSize": 200, "cursorTimeout": 3600 })
        );
        assert_eq!(
            config["meta"]["location"],
            json!(format!("{BASE}/ServiceProviderConfig"))
        );
        assert_eq!(config["meta"]["resourceType"], "ServiceProviderConfig");
    });
}

#[test]
fn n81_what_is_not_supported_is_there_as_well() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let memory = Arc::new(MemoryStore::new());
        let capabilities = Capabilities::all_but(|all| {
            (all.cursors, all.filter, all.sort) = (false, false, false);
        });
        let store = Lesser {
            capabilities,
            ..Lesser::new(&memory)
        };
        let server = Server::over(memory, store, dialect, |builder| {
            builder.limits(scim_http::core::Limits::default().with(|limits| limits.bulk_operations = 0))
        });
        let config = server.get("/ServiceProviderConfig").body;
        assert_eq!(
            config["bulk"],
            json!({ "supported": false, "maxOperations": 0, "maxPayloadSize": 0 })
        );
        assert_eq!(config["filter"], json!({ "supported": false, "maxResults": 200 }));
        assert_eq!(config["sort"], json!({ "supported": false }));
        assert_eq!(config["pagination"]["cursor"], false);
        for name in ["patch", "changePassword", "etag"] {
            assert!(config[name]["supported"].is_boolean());
        }
    }
}

#[test]
fn n82_schemas_and_resource_types_are_lists() {
    both(|server| {
        for (path, names) in [
            ("/Schemas", json!([USER, ENTERPRISE, GROUP])),
            ("/ResourceTypes", json!(["User", "Group"])),
        ] {
            let list = server.get(path);
            assert_eq!(list.ok(200).body["schemas"], json!([LIST]));
            let resources = list.body["Resources"].as_array().unwrap();
            let ids: Vec<&Value> = resources.iter().map(|resource| &resource["id"]).collect();
            assert_eq!(json!(ids), names);
            assert_eq!(list.body["totalResults"], json!(ids.len()));
            for resource in resources {
                let one = server.get(&format!("{path}/{}", resource["id"].as_str().unwrap()));
                assert_eq!(&one.ok(200).body, resource);
                let location = resource["meta"]["location"].as_str().unwrap();
                assert_eq!(location, format!("{BASE}{path}/{}", resource["id"].as_str().unwrap()));
            }
            for query in [
                "startIndex=2",
                "count=0",
                "count=1&startIndex=3",
                "sortBy=id&sortOrder=descending",
                "cursor",
            ] {
                assert_eq!(
                    server.get(&format!("{path}?{query}")).ok(200).body,
                    list.body,
                    "{query}"
                );
            }
            server.get(&format!("{path}?filter=id%20pr")).refused_plainly(403);
            server.get(&format!("{path}?filter=")).refused_plainly(403);
            server
                .get(&format!(
                    "{path}/{}?filter=id%20pr",
                    resources[0]["id"].as_str().unwrap()
                ))
                .refused_plainly(403);
            server.get(&format!("{path}/nothing")).refused_plainly(404);
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                server.send(method, path, &[], None).refused_plainly(405);
            }
        }
        server.get("/ServiceProviderConfig?filter=a%20pr").refused_plainly(403);
    });
}

#[test]
fn n83_only_what_is_served_is_advertised() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let memory = Arc::new(MemoryStore::new());
        let full = Server::on(Arc::clone(&memory), dialect.clone(), |builder| builder);
        full.user(json!({ "userName": "b" }));
        full.user(json!({ "userName": "a" }));
        assert_eq!(
            full.get("/Users?sortBy=userName").ok(200).body["Resources"][0]["userName"],
            "a"
        );
        assert!(full.get("/Users?cursor&count=1").ok(200).body["nextCursor"].is_string());
        full.bulk(json!([{ "method": "DELETE", "path": "/Users/x" }])).ok(200);

        let capabilities = Capabilities::all_but(|all| {
            (all.cursors, all.filter, all.sort) = (false, false, false);
        });
        let store = Lesser {
            capabilities,
            ..Lesser::new(&memory)
        };
        let lesser = Server::over(memory, store, dialect, |builder| {
            builder.limits(scim_http::core::Limits::default().with(|limits| limits.bulk_operations = 0))
        });
        lesser.get("/Users?sortBy=userName").refused(400, "invalidPath");
        lesser.get("/Users?filter=userName%20pr").refused(400, "invalidFilter");
        lesser.get("/Users?cursor").refused(400, "invalidValue");
        lesser
            .bulk(json!([{ "method": "DELETE", "path": "/Users/x" }]))
            .refused_plainly(501);
        lesser.get("/Users").ok(200);
    }
}

/// Takes passwords and forgets them.
#[derive(Debug)]
struct Forgetful;

#[async_trait]
impl PasswordSink for Forgetful {
    async fn set(&self, _: &Scope, _: &ResourceId, _: &Password) -> Result<()> {
        Ok(())
    }
}

#[test]
fn n83_passwords_are_advertised_only_with_a_sink() {
    both_with(
        |builder| builder.password_sink(Forgetful),
        |server| {
            assert_eq!(
                server.get("/ServiceProviderConfig").body["changePassword"],
                json!({ "supported": true })
            );
            assert!(server.get(&format!("/Schemas/{USER}")).text.contains("\"password\""));
        },
    );
    both(|server| {
        assert_eq!(
            server.get("/ServiceProviderConfig").body["changePassword"],
            json!({ "supported": false })
        );
        assert!(!server.get("/Schemas").text.contains("\"password\""));
    });
}

#[test]
fn n84_me_is_501_or_the_real_resource() {
    both(|server| {
        for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE"] {
            let reply = server.send(method, "/Me", &[], (method == "PUT").then(|| user("x")).as_ref());
            assert_eq!(reply.status, 501, "{method}");
        }
        server.get("/Me").refused_plainly(501);
    });
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let plain = Server::new(dialect.clone());
        let id = plain.user(json!({ "userName": "jane" }));
        let tokens = BearerTokens::new();
        let me = Principal::new("A", "jane").with_me(ResourceId::new(id.as_str()));
        tokens.add("tokA", me, Expiry::Never).unwrap();
        let builder = ScimService::builder(BASE, Arc::clone(&plain.store), tokens)
            .dialect(dialect)
            .clock(plain.clock.clone());
        let server = Server {
            service: builder.build().unwrap(),
            ..plain
        };
        let location = format!("{BASE}/Users/{id}");
        let reply = server.get("/Me");
        assert_eq!(reply.ok(200).header("location"), Some(location.as_str()));
        assert_eq!(reply.body, server.get(&format!("/Users/{id}")).body);
        assert_eq!(reply.body["meta"]["location"], json!(location));
        let reply = server.patch("/Me", json!([{ "op": "add", "path": "title", "value": "T" }]));
        assert_eq!(
            (reply.ok(200).header("location"), &reply.body["title"]),
            (Some(location.as_str()), &json!("T"))
        );
        server.put("/Me", user("joan")).ok(200);
        assert_eq!(server.get(&format!("/Users/{id}")).body["userName"], "joan");
        server.delete("/Me").ok(204);
        server.get("/Me").refused_plainly(404);
    }
}

#[test]
fn n85_credentials_come_in_the_header_alone() {
    both(|server| {
        let id = server.user(json!({ "userName": "jane" }));
        let path = format!("/Users/{id}");
        let before = server.store.dump();
        let routes = [
            ("GET", "/Users"),
            ("POST", "/Users"),
            ("GET", path.as_str()),
            ("PUT", &path),
            ("PATCH", &path),
            ("DELETE", &path),
            ("GET", "/Groups"),
            ("POST", "/.search"),
            ("POST", "/Users/.search"),
            ("POST", "/Bulk"),
            ("GET", "/Me"),
            ("GET", ""),
            ("GET", "/Schemas"),
            ("GET", "/ResourceTypes"),
            ("GET", "/ServiceProviderConfig"),
            ("GET", "/Nothing"),
            ("DELETE", "/Users"),
            ("OPTIONS", "/Users"),
            ("BREW", "/Users"),
            ("GET", "/Users/unknown"),
        ];
        for (method, route) in routes {
            for credentials in [
                "",
                "Bearer",
                "Bearer ",
                "Bearer wrong",
                "tokA",
                "Basic dG9rQTo=",
                "Token tokA",
            ] {
                let reply = server.send(method, route, &[("authorization", credentials)], None);
                assert_eq!(
                    reply.refused_plainly(401).header("www-authenticate"),
                    Some("Bearer realm=\"scim\"")
                );
            }
        }
        for query in [
            "access_token=tokA",
            "token=tokA",
            "bearer=tokA",
            "Authorization=Bearer%20tokA",
        ] {
            let reply = server.send("GET", &format!("/Users?{query}"), &[("authorization", "")], None);
            assert!(!reply.refused_plainly(401).text.contains("tokA"));
        }
        let twice = [("authorization", "Bearer tokA"), ("authorization", "Bearer tokB")];
        server.send("GET", "/Users", &twice, None).refused_plainly(401);
        server
            .send("GET", "/Users", &[("authorization", "bEARER tokA")], None)
            .ok(200);
        assert_eq!(server.store.dump(), before);
    });
}

#[test]
fn n85_a_scope_that_does_not_suffice_is_403() {
    both(|server| {
        let id = server.user(json!({ "userName": "jane" }));
        let path = format!("/Users/{id}");
        let reader = [("authorization", "Bearer readA")];
        let before = server.store.dump();
        for (method, route) in [
            ("POST", "/Users"),
            ("PUT", &path),
            ("PATCH", &path),
            ("DELETE", &path),
            ("POST", "/Bulk"),
        ] {
            let reply = server.send(method, route, &reader, Some(&user("x")));
            assert_eq!(reply.refused_plainly(403).header("www-authenticate"), None);
        }
        assert_eq!(server.store.dump(), before);
        server.send("GET", &path, &reader, None).ok(200);
        let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] });
        server.send("POST", "/Users/.search", &reader, Some(&search)).ok(200);
    });
}

#[test]
fn n86_head_options_slashes_and_probes() {
    both(|server| {
        let id = server.user(json!({ "userName": "jane" }));
        let path = format!("/Users/{id}");
        for route in [path.as_str(), "/Users", "/Schemas", "/ServiceProviderConfig", "", "/"] {
            let (get, head) = (server.get(route), server.send("HEAD", route, &[], None));
            assert_eq!(
                (head.ok(200).text.as_str(), head.header("etag")),
                ("", get.header("etag")),
                "{route}"
            );
            assert_eq!(head.header("content-type"), get.header("content-type"));
            assert_eq!(head.header("content-length"), Some(get.text.len().to_string().as_str()));
        }
        assert_eq!(server.send("HEAD", "/Users/unknown", &[], None).ok(404).text, "");
        for (route, allow) in [
            ("/Users", "GET, HEAD, POST, OPTIONS"),
            (&path, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
            ("/Bulk", "POST, OPTIONS"),
            ("/Users/.search", "POST, OPTIONS"),
            ("/Schemas", "GET, HEAD, OPTIONS"),
            ("", "GET, HEAD, OPTIONS"),
        ] {
            let reply = server.send("OPTIONS", route, &[], None);
            assert_eq!((reply.ok(204).text.as_str(), reply.header("allow")), ("", Some(allow)));
        }
        for route in [
            "/Users",
            path.as_str(),
            "/Groups",
            "/Schemas",
            "/ServiceProviderConfig",
            "/ResourceTypes/User",
        ] {
            assert_eq!(
                server.get(&format!("{route}/")).ok(200).body,
                server.get(route).body,
                "{route}"
            );
        }
        server.post("/Users/", user("slash")).ok(201);
        for route in ["/v2/Users", "/scim/v2/Users", "//Users", "/Users//", "/v2", "/v3/Users"] {
            server.get(route).refused_plainly(404);
        }
        let root = server.get("/");
        assert_eq!(root.ok(200).body["schemas"], json!([LIST]));
        assert_eq!(server.get("").body, root.body);
        assert_eq!(root.names(), ["jane", "slash"]);
    });
}

#[test]
fn n87_times_are_utc_and_move_with_content_only() {
    both(|server| {
        let created = server.post("/Users", json!({ "schemas": [USER], "userName": "jane", "title": "a" }));
        let path = format!("/Users/{}", created.ok(201).id());
        let meta = created.body["meta"].clone();
        assert_eq!(meta["created"], "2026-01-01T00:00:00.000Z");
        assert_eq!(meta["lastModified"], meta["created"]);
        assert!(datetime::parse(meta["created"].as_str().unwrap()).is_some());
        server.clock.forward(1500);
        let same = server.patch(&path, json!([{ "op": "replace", "path": "title", "value": "a" }]));
        assert_eq!(same.ok(200).body["meta"], meta);
        let same = server.put(&path, json!({ "schemas": [USER], "userName": "jane", "title": "a" }));
        assert_eq!(same.ok(200).body["meta"], meta);
        let changed = server.patch(&path, json!([{ "op": "replace", "path": "title", "value": "b" }]));
        assert_eq!(changed.ok(200).body["meta"]["lastModified"], "2026-01-01T00:00:01.500Z");
        assert_eq!(changed.body["meta"]["created"], meta["created"]);
        assert_ne!(changed.body["meta"]["version"], meta["version"]);
        server.clock.forward(1);
        let changed = server.put(&path, json!({ "schemas": [USER], "userName": "jane", "title": "c" }));
        assert_eq!(changed.ok(200).body["meta"]["lastModified"], "2026-01-01T00:00:01.501Z");
        let sent = json!({ "schemas": [USER], "userName": "jane", "title": "c",
            "meta": { "created": "1999-01-01T00:00:00Z", "lastModified": "1999-01-01T00:00:00Z", "version": "W/\"x\"" } });
        assert_eq!(server.put(&path, sent).ok(200).body["meta"], changed.body["meta"]);
        server.clock.forward(1000);
        assert_eq!(server.get(&path).body["meta"], changed.body["meta"]);
    });
}

#[test]
fn n88_groups_of_a_user_follow_the_members_of_groups() {
    both(|server| {
        let id = server.user(json!({ "userName": "jane" }));
        let path = format!("/Users/{id}");
        let child = server.group("child", &[&id]);
        let parent = server.group("parent", &[&child]);
        let membership = |group: &str, name: &str| json!({ "value": group, "$ref": format!("{BASE}/Groups/{group}"), "display": name, "type": "direct" });
        assert_eq!(server.get(&path).body["groups"], json!([membership(&child, "child")]));
        for operations in [
            json!([{ "op": "add", "path": "groups", "value": [{ "value": parent }] }]),
            json!([{ "op": "replace", "path": "groups", "value": [] }]),
            json!([{ "op": "remove", "path": "groups" }]),
            json!([{ "op": "remove", "path": format!(r#"groups[value eq "{child}"]"#) }]),
            json!([{ "op": "add", "value": { "groups": [{ "value": parent }] } }]),
        ] {
            let reply = server.patch(&path, operations.clone());
            assert!(
                reply.status == 400 && reply.body["scimType"] == "mutability",
                "{operations}: {}",
                reply.text
            );
        }
        let put = json!({ "schemas": [USER], "userName": "jane", "groups": [{ "value": parent }] });
        assert_eq!(
            server.put(&path, put).ok(200).body["groups"],
            json!([membership(&child, "child")])
        );
        let new = server.post(
            "/Users",
            json!({ "schemas": [USER], "userName": "joan", "groups": [{ "value": child }] }),
        );
        assert_eq!(new.ok(201).body.get("groups"), None);
        assert_eq!(server.members(&child), std::slice::from_ref(&id));

        let rename = json!([{ "op": "replace", "path": "displayName", "value": "renamed" }]);
        server.patch(&format!("/Groups/{child}"), rename).ok(200);
        assert_eq!(server.get(&path).body["groups"], json!([membership(&child, "renamed")]));
        let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
        server.patch(&format!("/Groups/{parent}"), add).ok(200);
        assert_eq!(server.get(&path).values("groups").len(), 2);
        assert_eq!(
            server.find("/Users", &format!(r#"groups.value eq "{parent}""#)),
            ["jane"]
        );
        server.delete(&format!("/Groups/{child}")).ok(204);
        assert_eq!(server.get(&path).body["groups"], json!([membership(&parent, "parent")]));
        assert_eq!(server.members(&parent), [id]);
    });
}

#[test]
fn n90_bodies_that_are_no_sound_json_are_invalid_syntax() {
    both(|server| {
        let path = format!("/Users/{}", server.user(json!({ "userName": "jane" })));
        let before = server.store.dump();
        let deep = |n: usize| format!("{{\"userName\":\"a\",\"x\":{}{}}}", "[".repeat(n), "]".repeat(n));
        let bodies = [
            r#"{"userName":"a","userName":"b"}"#.to_owned(),
            format!(r#"{{"schemas":["{USER}"],"userName":"a","name":{{"givenName":"x","givenName":"y"}}}}"#),
            format!(r#"{{"schemas":["{USER}"],"userName":"a","USERNAME":"b"}}"#),
            format!(r#"{{"schemas":["{USER}"],"userName":"a","title":"x","\u0074itle":"y"}}"#),
            deep(65),
            deep(100_000),
            "[".repeat(200_000),
            r#"{"a":"#.repeat(100_000),
            format!(r#"{{"schemas":["{USER}"],"userName":"a","x":1e999}}"#),
            format!(r#"{{"schemas":["{USER}"],"userName":"a","x":-1e400}}"#),
            "{".to_owned(),
            "{}{}".to_owned(),
            "nul".to_owned(),
            "{'a':1}".to_owned(),
            r#"{"userName":"\ud800"}"#.to_owned(),
            "[]".to_owned(),
            "7".to_owned(),
            "\"text\"".to_owned(),
            "null".to_owned(),
        ];
        for body in bodies {
            for (method, path) in [
                ("POST", "/Users"),
                ("PUT", &path),
                ("PATCH", &path),
                ("POST", "/.search"),
                ("POST", "/Bulk"),
            ] {
                let reply = server.send_bytes(method, path, &[], body.clone().into_bytes());
                reply.refused(400, "invalidSyntax");
            }
        }
        let invalid = [
            b"{\"userName\":\"\xff\"}".to_vec(),
            b"\xef\xbb\xbf{}".to_vec(),
            Vec::new(),
        ];
        for body in invalid {
            server
                .send_bytes("POST", "/Users", &[], body)
                .refused(400, "invalidSyntax");
        }
        let digits = format!(
            r#"{{"schemas":["{USER}"],"userName":"b","externalId":{}}}"#,
            "9".repeat(5000)
        );
        let reply = server.send_bytes("POST", "/Users", &[], digits.into_bytes());
        assert_eq!(reply.status, 400, "{}", reply.text);
        assert_eq!(server.store.dump(), before);
    });
}

#[test]
fn n91_sensitive_attributes_are_filtered_by_post_only() {
    let schema = Schema::builder("urn:example:params:scim:schemas:Safe", "Safe")
        .attribute(Attribute::string("label"))
        .attribute(Attribute::string("pin"))
        .attribute(Attribute::string("code").returned(Returned::Request))
        .attribute(
            Attribute::complex("owner")
                .sub_attribute(Attribute::string("name"))
                .sub_attribute(Attribute::string("tax").sensitive()),
        )
        .sensitive("pin")
        .build()
        .unwrap();
    let kind = ResourceType::builder("Safe", "/Safes", schema).build().unwrap();
    both_with(
        |builder| builder.resource_types(Registry::new([ResourceType::user(), Arc::clone(&kind)])),
        |server| {
            let body = json!({ "schemas": ["urn:example:params:scim:schemas:Safe"], "label": "a", "pin": "1234",
                "owner": { "name": "x", "tax": "T1" } });
            let id = server.post("/Safes", body).ok(201).id();
            for filter in [
                r#"pin eq "1234""#,
                r#"PIN eq "1234""#,
                "pin pr",
                r#"label eq "a" and pin sw "1""#,
                r#"not (pin eq "1")"#,
                r#"urn:example:params:scim:schemas:Safe:pin eq "1234""#,
                r#"owner.tax eq "T1""#,
            ] {
                let reply = server.filter("/Safes", filter);
                assert_eq!(reply.refused(403, "sensitive").body["status"], "403", "{filter}");
                assert!(!reply.text.contains("1234"));
                let search =
                    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter });
                let found = server.post("/Safes/.search", search);
                assert_eq!(found.ok(200).body["totalResults"], 1, "{filter}");
                assert_eq!(found.body["Resources"][0]["id"], json!(id));
            }
            server.filter("", r#"pin eq "1234""#).refused(403, "sensitive");
            assert_eq!(
                server
                    .filter("/Safes", r#"label eq "a" and owner.name eq "x""#)
                    .ok(200)
                    .body["totalResults"],
                1
            );
        },
    );
}
