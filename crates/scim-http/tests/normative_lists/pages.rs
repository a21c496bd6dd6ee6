//! Totals and pages by index: N26 to N32, and N38.

use super::*;

#[test]
fn n26_no_match_is_an_empty_list() {
    both(|s| {
        s.user(json!({ "userName": "someone" }));
        let expected =
            json!({ "schemas": [LIST], "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": [] });
        let reply = s.filter("/Users", "userName eq \"none\"");
        assert_eq!((reply.status, &reply.body), (200, &expected));
        assert_eq!(
            reply.header("content-type"),
            Some("application/scim+json; charset=utf-8")
        );
        assert_eq!(s.get("/Groups").ok(200).body, expected);
        assert_eq!(s.filter("", "userName eq \"none\"").ok(200).body, expected);
        let search = json!({ "schemas": [SEARCH], "filter": "userName eq \"none\"" });
        assert_eq!(s.post("/Users/.search", search).ok(200).body, expected);
    });
}

#[test]
fn n27_a_start_below_one_is_one() {
    both(|s| {
        crowd(s, 3);
        for start in ["0", "-1", "-99999999999999999999", "1"] {
            let reply = s.get(&format!("/Users?startIndex={start}&count=2"));
            totals(reply.ok(200), 3, 1, 2);
            assert_eq!(order(&reply), ["u001", "u002"]);
        }
        totals(&list(s, "/Users", "startIndex=0"), 3, 1, 3);
        totals(&list(s, "/Users", "startIndex=-7"), 3, 1, 3);
        for wrong in ["abc", "", "1.5", "1e1"] {
            s.get(&format!("/Users?startIndex={wrong}"))
                .refused(400, "invalidValue");
        }
    });
}

#[test]
fn n28_a_count_below_zero_is_zero_and_zero_gives_totals_only() {
    both(|s| {
        crowd(s, 3);
        totals(&list(s, "/Users", "count=0"), 3, 1, 0);
        totals(&list(s, "/Users", "count=-1"), 3, 1, 0);
        totals(&list(s, "/Users", "count=-400&startIndex=2"), 3, 2, 0);
        totals(&list(s, "/Users", "count=0&sortBy=title"), 3, 1, 0);
        totals(
            &s.get(&format!("/Users?count=0&filter={}", encode("title eq \"odd\""))),
            2,
            1,
            0,
        );
        let body = s.get("/Users?count=0").body;
        let expected =
            json!({ "schemas": [LIST], "totalResults": 3, "startIndex": 1, "itemsPerPage": 0, "Resources": [] });
        assert_eq!(body, expected);
    });
}

#[test]
fn n29_without_parameters_there_is_a_page() {
    both(|s| {
        crowd(s, 103);
        let reply = s.get("/Users");
        totals(reply.ok(200), 103, 1, 100);
        assert_eq!(order(&reply)[..2], ["u001", "u002"]);
        totals(&list(s, "/Users", "startIndex=102"), 103, 102, 2);
        totals(&s.post("/Users/.search", json!({ "schemas": [SEARCH] })), 103, 1, 100);
        totals(&s.get("/Users?count=1000000"), 103, 1, 103);
    });
}

#[test]
fn n29_a_large_count_is_cut_to_the_advertised_page() {
    let limits = || Limits::default().with(|limits| (limits.default_page, limits.max_page) = (2, 3));
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::with(dialect, |builder| builder.limits(limits()));
        crowd(&s, 5);
        totals(&list(&s, "/Users", ""), 5, 1, 2);
        totals(&list(&s, "/Users", "count=4"), 5, 1, 3);
        assert_eq!(s.get("/ServiceProviderConfig").body["filter"]["maxResults"], 3);
    }
}

#[test]
fn n30_the_total_counts_all_matches() {
    both(|s| {
        crowd(s, 60);
        for gone in ["u010", "u020", "u030"] {
            let id = s.filter("/Users", &format!("userName eq \"{gone}\"")).body["Resources"][0]["id"].clone();
            s.delete(&format!("/Users/{}", id.as_str().unwrap())).ok(204);
        }
        totals(&list(s, "/Users", "count=10"), 57, 1, 10);
        totals(&list(s, "/Users", "count=10&startIndex=51"), 57, 51, 7);
        let odd = s.get(&format!("/Users?count=10&filter={}", encode("title eq \"odd\"")));
        totals(odd.ok(200), 30, 1, 10);
        assert_eq!(order(&odd)[..3], ["u001", "u003", "u005"]);
        let last = s.get(&format!(
            "/Users?count=10&startIndex=28&filter={}",
            encode("title eq \"odd\"")
        ));
        totals(last.ok(200), 30, 28, 3);
        assert_eq!(order(&last), ["u055", "u057", "u059"]);
    });
}

#[test]
fn n31_a_start_behind_the_end_is_an_empty_page() {
    both(|s| {
        crowd(s, 4);
        totals(&list(s, "/Users", "startIndex=9999"), 4, 9999, 0);
        totals(&list(s, "/Users", "startIndex=5&count=2"), 4, 5, 0);
        totals(&list(s, "/Users", "startIndex=4&count=2"), 4, 4, 1);
        assert_eq!(
            s.get("/Users?startIndex=9223372036854775808").ok(200).body["totalResults"],
            4
        );
    });
}

#[test]
fn n32_pages_name_their_place_and_join_without_gaps() {
    both(|s| {
        crowd(s, 7);
        let mut seen = Vec::new();
        for start in [1, 4, 7] {
            let reply = list(s, "/Users", &format!("startIndex={start}&count=3"));
            totals(&reply, 7, start, if start == 7 { 1 } else { 3 });
            seen.extend(order(&reply));
        }
        assert_eq!(seen, ["u001", "u002", "u003", "u004", "u005", "u006", "u007"]);
    });
}

#[test]
fn n38_too_much_to_look_through_is_too_many() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::with(dialect, |builder| {
            builder.limits(Limits::default().with(|limits| limits.look_through = Some(5)))
        });
        crowd(&s, 6);
        for endpoint in ["", "/Users"] {
            s.filter(endpoint, "title co \"e\"").refused(400, "tooMany");
            let search = json!({ "schemas": [SEARCH], "filter": "title co \"e\"" });
            s.post(&format!("{endpoint}/.search"), search).refused(400, "tooMany");
        }
        s.get(&format!("?filter={}", encode("userName pr")))
            .refused(400, "tooMany");
        assert_eq!(
            s.find("/Users", "userName eq \"u003\""),
            ["u003"],
            "an index needs no look through"
        );
    }
}
