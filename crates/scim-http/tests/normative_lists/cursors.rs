//! Pages by cursor: N39 and N40.

use super::*;

#[test]
fn n39_pages_by_cursor() {
    both(|s| {
        crowd(s, 25);
        let first = s.get("/Users?cursor&count=10");
        assert_eq!(first.ok(200).body["schemas"], json!([LIST]));
        assert_eq!(first.body["totalResults"], 25);
        assert_eq!(first.body["itemsPerPage"], 10);
        assert_eq!(
            keys(&first.body),
            ["Resources", "itemsPerPage", "nextCursor", "schemas", "totalResults"]
        );
        let mut seen = order(&first);
        let mut next = first.body["nextCursor"].as_str().map(str::to_owned);
        let mut pages = 1;
        while let Some(cursor) = next {
            assert!(
                cursor
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)),
                "{cursor}"
            );
            let page = s.get(&format!("/Users?cursor={cursor}&count=10"));
            assert_eq!(page.ok(200).body["totalResults"], 25);
            assert_eq!(page.body.get("startIndex"), None);
            seen.extend(order(&page));
            next = page.body["nextCursor"].as_str().map(str::to_owned);
            pages += 1;
        }
        let expected: Vec<String> = (1..=25).map(|number| format!("u{number:03}")).collect();
        assert_eq!((pages, seen), (3, expected));
        assert_eq!(s.get("/Users?cursor=&count=25").ok(200).body.get("nextCursor"), None);
        assert_eq!(s.get("/Groups?cursor").ok(200).body.get("nextCursor"), None);
    });
}

#[test]
fn n39_cursors_work_in_a_search_request_and_in_an_order() {
    both(|s| {
        crowd(s, 5);
        let mut search = json!({
            "schemas": [SEARCH], "cursor": "", "count": 2, "sortBy": "userName", "sortOrder": "descending",
        });
        let mut seen = Vec::new();
        loop {
            let page = s.post("/Users/.search", search.clone());
            seen.extend(order(page.ok(200)));
            match page.body.get("nextCursor") {
                Some(cursor) => search["cursor"] = cursor.clone(),
                None => break,
            }
        }
        assert_eq!(seen, ["u005", "u004", "u003", "u002", "u001"]);
    });
}

#[test]
fn n39_errors_of_cursors_have_their_keywords() {
    both(|s| {
        crowd(s, 5);
        for garbage in ["garbage", "1", "AAAA", "%00", "a%20b", &"A".repeat(10_000)] {
            s.get(&format!("/Users?cursor={garbage}")).refused(400, "invalidCursor");
        }
        let next = s.get("/Users?cursor&count=2").body["nextCursor"]
            .as_str()
            .unwrap()
            .to_owned();
        s.get(&format!("/Users?cursor={next}&count=3"))
            .refused(400, "invalidCount");
        s.get("/Users?cursor&count=-1").refused(400, "invalidCount");
        s.get("/Users?cursor&count=100000").refused(400, "invalidCount");
        s.get("/Users?cursor&startIndex=2").refused(400, "invalidValue");
        s.get(&format!("/Users?cursor={next}&count=2")).ok(200);
        s.get(&format!("/Users?cursor={next}")).ok(200);
        s.clock.forward(3_600_000);
        s.get(&format!("/Users?cursor={next}&count=2")).ok(200);
        s.clock.forward(1_000);
        s.get(&format!("/Users?cursor={next}&count=2"))
            .refused(400, "expiredCursor");
    });
}

#[test]
fn n39_paging_is_advertised_as_it_is_done() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::new(dialect.clone());
        let expected = json!({
            "cursor": true, "index": true, "defaultPaginationMethod": "index",
            "defaultPageSize": 100, "maxPageSize": 200, "cursorTimeout": 3600,
        });
        assert_eq!(s.get("/ServiceProviderConfig").body["pagination"], expected);

        let s = Server::with(dialect.clone(), |builder| builder.pagination(Pagination::Cursor));
        crowd(&s, 3);
        assert_eq!(
            s.get("/ServiceProviderConfig").body["pagination"]["defaultPaginationMethod"],
            "cursor"
        );
        assert!(s.get("/Users?count=2").ok(200).body["nextCursor"].is_string());
        totals(s.get("/Users?count=2&startIndex=1").ok(200), 3, 1, 2);

        let s = modest(dialect, |capabilities| capabilities.cursors = false);
        assert_eq!(s.get("/ServiceProviderConfig").body["pagination"]["cursor"], false);
        s.get("/Users?cursor").refused(400, "invalidValue");
    }
}

#[test]
fn n40_a_cursor_is_bound_to_its_query_and_caller() {
    both(|s| {
        crowd(s, 5);
        for number in 0..3 {
            s.group(&format!("g{number}"), &[]);
        }
        let filter = encode("externalId eq null");
        let next = |query: &str| s.get(query).body["nextCursor"].as_str().unwrap().to_owned();
        let cursor = next(&format!("/Users?cursor&count=2&filter={filter}"));
        s.get(&format!("/Users?cursor={cursor}&count=2&filter={filter}"))
            .ok(200);
        for other in [
            format!("/Groups?cursor={cursor}&count=2&filter={filter}"),
            format!("/Groups?cursor={cursor}&count=2"),
            format!("?cursor={cursor}&count=2&filter={filter}"),
            format!("/Users?cursor={cursor}&count=2"),
            format!("/Users?cursor={cursor}&count=2&filter={}", encode("id pr")),
            format!("/Users?cursor={cursor}&count=2&filter={filter}&sortBy=userName"),
            format!("/Users?cursor={cursor}&count=2&filter={filter}&sortOrder=descending"),
        ] {
            s.get(&other).refused(400, "invalidCursor");
        }
        let plain = next("/Users?cursor&count=2");
        s.get(&format!("/Groups?cursor={plain}")).refused(400, "invalidCursor");
        for token in ["Bearer tokB", "Bearer readA"] {
            let path = format!("/Users?cursor={plain}&count=2");
            s.send("GET", &path, &[("authorization", token)], None)
                .refused(400, "invalidCursor");
        }
        s.send(
            "GET",
            &format!("/Users?cursor={plain}"),
            &[("authorization", "Bearer no")],
            None,
        )
        .refused(401, "");
    });
}
