//! Order: N33 and N34.

use super::*;

#[test]
fn n33_sorting_takes_the_primary_value_else_the_first() {
    both(|s| {
        s.user(json!({ "userName": "none" }));
        s.user(json!({ "userName": "primary", "emails": [{ "value": "z@x" }, { "value": "b@x", "primary": true }] }));
        s.user(json!({ "userName": "first", "emails": [{ "value": "C@x" }, { "value": "a@x" }] }));
        s.user(json!({ "userName": "low", "emails": [{ "value": "A@x" }] }));
        for by in ["emails.value", "emails", "EMAILS.VALUE"] {
            assert_eq!(
                order(&list(s, "/Users", &format!("sortBy={by}"))),
                ["low", "primary", "first", "none"]
            );
            let descending = list(s, "/Users", &format!("sortBy={by}&sortOrder=descending"));
            assert_eq!(order(&descending), ["none", "first", "primary", "low"]);
        }
    });
}

#[test]
fn n33_sorting_follows_type_and_case() {
    both(|s| {
        for (name, external, title) in [
            ("bob", "B", Some("x")),
            ("Alice", "b", None),
            ("carol", "a", Some("Y")),
            ("Dave", "A", None),
        ] {
            s.user(json!({ "userName": name, "externalId": external, "title": title }));
            s.clock.forward(1_000);
        }
        let by = |query: &str| order(&list(s, "/Users", query));
        assert_eq!(by("sortBy=userName"), ["Alice", "bob", "carol", "Dave"]);
        assert_eq!(
            by("sortBy=USERNAME&sortOrder=ascending"),
            ["Alice", "bob", "carol", "Dave"]
        );
        assert_eq!(
            by("sortBy=userName&sortOrder=descending"),
            ["Dave", "carol", "bob", "Alice"]
        );
        assert_eq!(by("sortBy=externalId"), ["Dave", "bob", "carol", "Alice"]);
        assert_eq!(by("sortBy=title"), ["bob", "carol", "Alice", "Dave"]);
        assert_eq!(by("sortBy=title&sortOrder=descending")[2..], ["carol", "bob"]);
        assert_eq!(
            by("sortBy=meta.created&sortOrder=descending"),
            ["Dave", "carol", "Alice", "bob"]
        );
        assert_eq!(
            by(&format!("sortBy={USER}:userName&count=2&startIndex=2")),
            ["bob", "carol"]
        );
        assert_eq!(by("sortOrder=descending").len(), 4);
        s.get("/Users?sortBy=userName&sortOrder=sideways")
            .refused(400, "invalidValue");
        s.get("/Users?sortBy=zzz").refused(400, "invalidPath");
        s.get("/Users?sortBy=name").refused(400, "invalidPath");
        s.get("/Users?sortBy=userName%20or").refused(400, "invalidPath");
    });
}

#[test]
fn n34_an_order_that_cannot_be_made_is_not_pretended() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = modest(dialect, |capabilities| capabilities.sort = false);
        crowd(&s, 2);
        assert_eq!(
            s.get("/ServiceProviderConfig").body["sort"],
            json!({ "supported": false })
        );
        s.get("/Users?sortBy=userName&sortOrder=descending")
            .refused(400, "invalidPath");
        s.post("/Users/.search", json!({ "schemas": [SEARCH], "sortBy": "userName" }))
            .refused(400, "invalidPath");
        totals(&s.get("/Users"), 2, 1, 2);
    }
    assert_eq!(
        Server::rfc().get("/ServiceProviderConfig").body["sort"],
        json!({ "supported": true })
    );
}
