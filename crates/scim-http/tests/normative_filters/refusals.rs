//! What is refused, and what hostile values find: N09 to N11, N24 and N25.

use super::*;

#[test]
fn n09_an_unknown_operator_is_refused_and_never_finds_all() {
    both(|s| {
        two_users(s);
        for filter in [
            "userName regex \"b.*\"",
            "userName like \"b%\"",
            "userName = \"bjensen\"",
            "userName eqq \"b\"",
        ] {
            refused(s, "/Users", filter);
        }
        refused(s, "/Users", "title pr xor nickName pr");
        refused(s, "/Users", "emails[value regex \"x\"]");
    });
}

#[test]
fn n10_a_syntax_error_is_refused() {
    both(|s| {
        two_users(s);
        for filter in [
            "userName eq",
            "title pr garbage",
            "userName",
            "eq \"a\"",
            "userName eq \"a",
            "userName eq 'a'",
            "userName eq a",
            "(title pr",
            "title pr)",
            "title pr and",
            "and title pr",
            "not title pr",
            "title pr or or nickName pr",
            "emails[type eq \"work\"",
            "emails[]",
            "userName eq \"a\" \"b\"",
            "userName eq tru",
            "userName eq \"\\x\"",
            " ",
        ] {
            refused(s, "/Users", filter);
        }
    });
}

#[test]
fn n11_an_unknown_attribute_is_refused_on_one_type() {
    both(|s| {
        s.user(json!({ "userName": "a" }));
        for filter in [
            "userName eq \"a\" and zzz eq \"b\"",
            "userName eq \"a\" or zzz eq \"b\"",
            "not (zzz pr)",
            "zzz pr",
            "name.zzz eq \"a\"",
            "emails[zzz eq \"a\"]",
            "urn:example:none:userName eq \"a\"",
            "members pr",
        ] {
            refused(s, "/Users", filter);
        }
    });
}

#[test]
fn n11_an_unknown_attribute_has_no_value_in_a_search_across_types() {
    both(|s| {
        let id = s.user(json!({ "userName": "a" }));
        s.group("g", &[&id]);
        assert_eq!(s.find("", "members pr"), ["g"]);
        assert_eq!(s.find("", "userName pr"), ["a"]);
        assert_eq!(s.find("", "zzz pr"), [""; 0]);
        assert_eq!(s.find("", "zzz eq \"b\""), [""; 0]);
        assert_eq!(s.find("", "userName eq \"a\" and zzz eq \"b\""), [""; 0]);
        assert_eq!(s.find("", "userName eq \"a\" or zzz eq \"b\""), ["a"]);
        assert_eq!(s.find("", "not (zzz pr)"), ["a", "g"]);
        assert_eq!(s.find("", "members[value pr]"), ["g"]);
        assert_eq!(
            s.find("", &format!("id eq \"{id}\" or displayName eq \"g\"")),
            ["a", "g"]
        );
    });
}

#[test]
fn n24_what_is_never_returned_cannot_be_probed() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::with(dialect, |builder| builder.resource_types(devices()));
        s.user(json!({ "userName": "a", "password": "abcSecret" }));
        s.post(
            "/Devices",
            json!({ "schemas": [DEVICE], "displayName": "d", "pin": "1234" }),
        )
        .ok(201);
        for (endpoint, name) in [
            ("/Users", "password"),
            ("/Users", &format!("{USER}:PassWord")),
            ("/Devices", "pin"),
        ] {
            for test in [
                "sw \"a\"",
                "eq \"abcSecret\"",
                "co \"1\"",
                "gt \"a\"",
                "pr",
                "eq null",
                "ne \"x\"",
            ] {
                refused(&s, endpoint, &format!("{name} {test}"));
                refused(&s, endpoint, &format!("id pr and not ({name} {test})"));
                refused(&s, "", &format!("{name} {test}"));
            }
            for order in ["ascending", "descending"] {
                s.get(&format!("{endpoint}?sortBy={name}&sortOrder={order}"))
                    .refused(400, "invalidPath");
                let search = json!({ "schemas": [SEARCH], "sortBy": name, "sortOrder": order });
                s.post(&format!("{endpoint}/.search"), search)
                    .refused(400, "invalidPath");
            }
        }
    }
}

#[test]
fn n25_values_are_data() {
    both(|s| {
        for (name, display) in [
            ("x'-OR-1=1---", "x' OR 1=1 --"),
            ("%corp", "100%_sure"),
            ("_under", "100 sure"),
            ("plain", "'; DROP TABLE users; --"),
            ("back\\slash", "a\" or userName pr or \"a"),
        ] {
            s.user(json!({ "userName": name, "displayName": display }));
        }
        let find = |filter: &str| s.find("/Users", filter);
        assert_eq!(find("userName eq \"x' OR 1=1 --\""), [""; 0]);
        assert_eq!(find("displayName eq \"x' OR 1=1 --\""), ["x'-OR-1=1---"]);
        assert_eq!(find("userName sw \"%\""), ["%corp"]);
        assert_eq!(find("userName co \"%\""), ["%corp"]);
        assert_eq!(find("userName sw \"_\""), ["_under"]);
        assert_eq!(find("userName ew \"_\""), [""; 0]);
        assert_eq!(find("displayName co \"%_\""), ["%corp"]);
        assert_eq!(find("displayName co \"'; DROP\""), ["plain"]);
        assert_eq!(find("userName co \"\\\\\""), ["back\\slash"]);
        assert_eq!(find(r#"displayName eq "a\" or userName pr or \"a""#), ["back\\slash"]);
        assert_eq!(find("userName co \".*\""), [""; 0]);
        assert_eq!(s.get("/Users").body["totalResults"], 5);
    });
}
