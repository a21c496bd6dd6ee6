//! Limits: D34.

use super::*;

#[test]
fn d34_every_limit_holds_as_it_is_advertised() {
    let limited = |change: fn(&mut Limits)| {
        [Dialect::rfc(), Dialect::default()]
            .map(|dialect| Server::with(dialect, |builder| builder.limits(Limits::default().with(change))))
    };
    let padded = |body: Value, length: usize| {
        let mut bytes = body.to_string().into_bytes();
        assert!(bytes.len() <= length);
        bytes.resize(length, b' ');
        bytes
    };
    for server in limited(|limits| limits.body = 500) {
        assert_eq!(
            server.send_bytes("POST", "/Users", &[], padded(user("a"), 500)).status,
            201
        );
        server
            .send_bytes("POST", "/Users", &[], padded(user("b"), 501))
            .refused_plainly(413);
        assert_eq!(
            server
                .send_bytes("POST", "/Groups", &[], padded(group("g"), 501))
                .status,
            201
        );
    }
    for server in limited(|limits| limits.members_body = 500) {
        assert_eq!(
            server
                .send_bytes("POST", "/Groups", &[], padded(group("a"), 500))
                .status,
            201
        );
        server
            .send_bytes("POST", "/Groups", &[], padded(group("b"), 501))
            .refused_plainly(413);
    }
    for server in limited(|limits| (limits.bulk_body, limits.bulk_operations) = (500, 2)) {
        let bulk = server.get("/ServiceProviderConfig").body["bulk"].clone();
        assert_eq!(
            bulk,
            json!({ "supported": true, "maxOperations": 2, "maxPayloadSize": 500 })
        );
        let one = json!({ "method": "DELETE", "path": "/Users/x" });
        let body = json!({ "schemas": [support::BULK], "Operations": [one, one] });
        assert_eq!(
            server
                .send_bytes("POST", "/Bulk", &[], padded(body.clone(), 500))
                .status,
            200
        );
        server
            .send_bytes("POST", "/Bulk", &[], padded(body, 501))
            .refused_plainly(413);
        server.bulk(json!([one, one, one])).refused_plainly(413);
    }
    for server in limited(|limits| limits.cursor_seconds = 60) {
        assert_eq!(
            server.get("/ServiceProviderConfig").body["pagination"]["cursorTimeout"],
            60
        );
        server.user(json!({ "userName": "a" }));
        server.user(json!({ "userName": "b" }));
        let cursor = server.get("/Users?cursor&count=1").body["nextCursor"]
            .as_str()
            .unwrap()
            .to_owned();
        let next = format!("/Users?count=1&cursor={}", encode(&cursor));
        server.clock.forward(60_000);
        assert_eq!(server.get(&next).ok(200).names(), ["b"]);
        server.clock.forward(1000);
        server.get(&next).refused(400, "expiredCursor");
    }
    for server in limited(|limits| (limits.default_page, limits.max_page) = (2, 3)) {
        let config = server.get("/ServiceProviderConfig").body;
        assert_eq!(config["filter"]["maxResults"], 3);
        assert_eq!(
            (
                &config["pagination"]["defaultPageSize"],
                &config["pagination"]["maxPageSize"]
            ),
            (&json!(2), &json!(3))
        );
        for name in ["a", "b", "c", "d", "e"] {
            server.user(json!({ "userName": name }));
        }
        for (query, count) in [
            ("", 2),
            ("?count=3", 3),
            ("?count=4", 3),
            ("?cursor", 2),
            ("?cursor&count=3", 3),
        ] {
            assert_eq!(
                server.get(&format!("/Users{query}")).ok(200).names().len(),
                count,
                "{query}"
            );
        }
        server.get("/Users?cursor&count=4").refused(400, "invalidCount");
    }
}

#[test]
fn d34_every_limit_on_values_holds() {
    let limits = Limits::default().with(|limits| {
        limits.external_id = 20;
        limits.user_name = 10;
        limits.string = 30;
        limits.values = 3;
        limits.members = 4;
        limits.patch_operations = 2;
        limits.json_depth = 6;
        limits.filter_terms = 4;
        limits.filter_depth = 3;
        limits.filter_bytes = 100;
    });
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let server = Server::with(dialect, |builder| builder.limits(limits.clone()));
        let mut number = 0;
        let mut create = |attributes: Value| {
            number += 1;
            let mut body = user(&format!("u{number}"));
            body.as_object_mut()
                .unwrap()
                .extend(attributes.as_object().unwrap().clone());
            server.post("/Users", body)
        };
        let emails =
            |n: usize| json!({ "emails": (0..n).map(|n| json!({ "value": format!("{n}@x") })).collect::<Vec<_>>() });
        for (limit, beyond) in [
            (
                json!({ "userName": "a".repeat(10) }),
                json!({ "userName": "b".repeat(11) }),
            ),
            (
                json!({ "externalId": "a".repeat(20) }),
                json!({ "externalId": "a".repeat(21) }),
            ),
            (json!({ "title": "a".repeat(30) }), json!({ "title": "a".repeat(31) })),
            (
                json!({ "name": { "givenName": "ä".repeat(15) } }),
                json!({ "name": { "givenName": "ä".repeat(16) } }),
            ),
            (emails(3), emails(4)),
        ] {
            create(limit).ok(201);
            create(beyond).refused(400, "invalidValue");
        }
        let members = |n: usize| {
            let ids: Vec<Value> = (0..n).map(|_| json!({ "value": "x" })).collect();
            json!([{ "op": "remove", "path": "members", "value": ids }])
        };
        let id = server.user(json!({ "userName": "one" }));
        let ids = |n: usize| {
            json!({ "schemas": [GROUP], "displayName": format!("g{n}"),
            "members": (0..n).map(|_| json!({ "value": id })).collect::<Vec<_>>() })
        };
        server.post("/Groups", ids(4)).ok(201);
        server.post("/Groups", ids(5)).refused(400, "invalidValue");
        let path = format!("/Groups/{}", server.group("h", &[]));
        if server.patch(&path, members(4)).status == 200 {
            server.patch(&path, members(5)).refused(400, "invalidValue");
        }

        let step = json!({ "op": "add", "path": "title", "value": "T" });
        let path = format!("/Users/{id}");
        server.patch(&path, json!([step, step])).ok(200);
        server
            .patch(&path, json!([step, step, step]))
            .refused(400, "invalidSyntax");

        create(json!({ "x": [[[[[]]]]] })).ok(201);
        create(json!({ "x": [[[[[[]]]]]] })).refused(400, "invalidSyntax");

        let terms = |n: usize| vec!["title pr"; n].join(" or ");
        let nested = |n: usize| format!("{}title pr{}", "(".repeat(n), ")".repeat(n));
        let long = |n: usize| format!(r#"title eq "{}""#, "a".repeat(n - 11));
        for (limit, beyond) in [(terms(4), terms(5)), (nested(3), nested(4)), (long(100), long(101))] {
            server.filter("/Users", &limit).ok(200);
            server.filter("/Users", &beyond).refused(400, "invalidFilter");
        }
        let search = |filter: String| {
            let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter });
            server.post("/Users/.search", body)
        };
        search(long(200)).ok(200);
        search(long(201)).refused(400, "invalidFilter");
        search(terms(4)).ok(200);
        search(terms(5)).refused(400, "invalidFilter");
        let at = |filter: &str| json!([{ "op": "remove", "path": format!("emails[{filter}]") }]);
        server.patch(&path, at(&["type pr"; 4].join(" or "))).ok(200);
        let reply = server.patch(&path, at(&["type pr"; 5].join(" or ")));
        assert_eq!(reply.status, 400, "{}", reply.text);
    }
}

#[test]
fn d34_a_look_through_limit_ends_scans_only() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let server = Server::with(dialect, |builder| {
            builder.limits(Limits::default().with(|limits| limits.look_through = Some(3)))
        });
        for name in ["a", "b", "c"] {
            server.user(json!({ "userName": name, "title": "T" }));
        }
        assert_eq!(server.find("/Users", r#"title eq "T""#), ["a", "b", "c"]);
        server.user(json!({ "userName": "d", "title": "T" }));
        server.filter("/Users", r#"title eq "T""#).refused(400, "tooMany");
        assert_eq!(server.find("/Users", r#"userName eq "d""#), ["d"]);
        server.get("/Users").ok(200);
    }
}
