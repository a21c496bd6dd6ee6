//! Values and how they compare: N12 to N18.

use super::*;

#[test]
fn n12_what_is_empty_is_not_present() {
    both(|s| {
        s.user(
            json!({ "userName": "empty", "nickName": "", "emails": [], "name": { "givenName": "" }, "title": null }),
        );
        s.user(json!({ "userName": "hollow", "name": {}, "emails": [{ "value": "" }], "phoneNumbers": [{}] }));
        let full = json!({ "userName": "full", "nickName": "n", "emails": [{ "value": "a@b" }], "title": "t" });
        s.user(with_name(full));
        for attribute in ["nickName", "emails", "emails.value", "name", "name.givenName", "title"] {
            assert_eq!(s.find("/Users", &format!("{attribute} pr")), ["full"], "{attribute}");
            assert_eq!(
                s.find("/Users", &format!("not ({attribute} pr)")),
                ["empty", "hollow"],
                "{attribute}"
            );
        }
        assert_eq!(s.find("/Users", "phoneNumbers pr"), [""; 0]);
    });
}

fn with_name(mut user: Value) -> Value {
    user["name"] = json!({ "givenName": "g" });
    user
}

#[test]
fn n13_unassigned_null_and_empty_are_one_state() {
    both(|s| {
        s.user(json!({ "userName": "absent" }));
        s.user(json!({ "userName": "null", "title": null, "emails": null }));
        s.user(json!({ "userName": "empty", "emails": [] }));
        s.user(json!({ "userName": "boss", "title": "Boss", "emails": [{ "value": "a@b" }] }));
        s.user(json!({ "userName": "clerk", "title": "Clerk", "emails": [{ "value": "c@d" }] }));
        assert_eq!(s.find("/Users", "title eq null"), ["absent", "empty", "null"]);
        assert_eq!(s.find("/Users", "title ne null"), ["boss", "clerk"]);
        assert_eq!(
            s.find("/Users", "title ne \"Boss\""),
            ["absent", "clerk", "empty", "null"]
        );
        assert_eq!(
            s.find("/Users", "not (title eq \"Boss\")"),
            ["absent", "clerk", "empty", "null"]
        );
        assert_eq!(s.find("/Users", "emails eq null"), ["absent", "empty", "null"]);
        assert_eq!(s.find("/Users", "emails.value eq null"), ["absent", "empty", "null"]);
        assert_eq!(
            s.find("/Users", "emails.value ne \"a@b\""),
            ["absent", "clerk", "empty", "null"]
        );
        assert_eq!(s.find("/Users", "title gt \"A\""), ["boss", "clerk"]);
    });
}

#[test]
fn n14_points_in_time_compare_as_time() {
    both(|s| {
        s.user(json!({ "userName": "midnight" })); // 2026-01-01T00:00:00Z
        s.clock.forward(1_500);
        s.user(json!({ "userName": "later" }));
        for attribute in ["meta.lastModified", "meta.created"] {
            let find = |test: &str| s.find("/Users", &format!("{attribute} {test}"));
            assert_eq!(find("gt \"2026-01-01T01:00:00+02:00\""), ["later", "midnight"]);
            assert_eq!(find("gt \"2026-01-01T00:00:00+01:00\""), ["later", "midnight"]);
            for same in [
                "2026-01-01T00:00:00Z",
                "2026-01-01T00:00:00.000Z",
                "2026-01-01T00:00:00.0Z",
                "2026-01-01T02:00:00+02:00",
                "2025-12-31T18:30:00-05:30",
            ] {
                assert_eq!(find(&format!("eq \"{same}\"")), ["midnight"], "{same}");
                assert_eq!(find(&format!("ne \"{same}\"")), ["later"], "{same}");
                assert_eq!(find(&format!("gt \"{same}\"")), ["later"], "{same}");
                assert_eq!(find(&format!("le \"{same}\"")), ["midnight"], "{same}");
                assert_eq!(find(&format!("lt \"{same}\"")), [""; 0], "{same}");
                assert_eq!(find(&format!("ge \"{same}\"")), ["later", "midnight"], "{same}");
            }
            assert_eq!(find("eq \"2026-01-01T00:00:01.5Z\""), ["later"]);
            for wrong in ["\"yesterday\"", "\"2026-13-01T00:00:00Z\"", "5", "true"] {
                refused(s, "/Users", &format!("{attribute} gt {wrong}"));
            }
        }
    });
}

#[test]
fn n15_order_of_text_follows_case_exact() {
    both(|s| {
        s.user(json!({ "userName": "JSmith", "externalId": "J" }));
        s.user(json!({ "userName": "adams", "externalId": "c" }));
        s.user(json!({ "userName": "b", "externalId": "b" }));
        assert_eq!(s.find("/Users", "userName gt \"b\""), ["JSmith"]);
        assert_eq!(s.find("/Users", "userName ge \"B\""), ["JSmith", "b"]);
        assert_eq!(s.find("/Users", "userName lt \"B\""), ["adams"]);
        assert_eq!(s.find("/Users", "userName le \"JSMITH\""), ["JSmith", "adams", "b"]);
        assert_eq!(s.find("/Users", "externalId gt \"b\""), ["adams"]);
        assert_eq!(s.find("/Users", "externalId lt \"b\""), ["JSmith"]);
    });
}

#[test]
fn n16_values_are_json() {
    both(|s| {
        s.user(json!({ "userName": "a", "displayName": "say \"hi\"", "nickName": "Babs", "active": true }));
        s.user(json!({ "userName": "b", "displayName": "C:\\new", "nickName": "tab\there", "active": false }));
        for filter in [
            r#"displayName eq "say \"hi\"""#,
            r#"nickName eq "\u0042abs""#,
            r#"displayName co "\"""#,
            "active eq true",
        ] {
            assert_eq!(s.find("/Users", filter), ["a"], "{filter}");
        }
        for filter in [
            r#"displayName eq "C:\\new""#,
            r#"nickName eq "tab\there""#,
            r#"displayName eq "C:\u005Cnew""#,
            "active eq false",
        ] {
            assert_eq!(s.find("/Users", filter), ["b"], "{filter}");
        }
        assert_eq!(s.find("/Users", "title eq null"), ["a", "b"]);
        for wrong in [
            "nickName eq 5",
            "nickName eq true",
            "nickName eq {}",
            "nickName eq [\"a\"]",
            "active eq 1",
        ] {
            refused(s, "/Users", wrong);
        }
    });
}

#[test]
fn n16_numbers_are_json() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::with(dialect, |builder| builder.resource_types(devices()));
        for (name, level) in [("cold", json!(-1500)), ("cool", json!(-1500.5)), ("warm", json!(20))] {
            let device = json!({ "schemas": [DEVICE], "displayName": name, "level": level });
            s.post("/Devices", device).ok(201);
        }
        assert_eq!(s.find("/Devices", "level eq -1.5e3"), ["cold"]);
        assert_eq!(s.find("/Devices", "level eq -1500.0"), ["cold"]);
        assert_eq!(s.find("/Devices", "level lt -1.5E+3"), ["cool"]);
        assert_eq!(s.find("/Devices", "level gt -1.5e3"), ["warm"]);
        assert_eq!(s.find("/Devices", "level ge 2e1"), ["warm"]);
        for wrong in [
            "level eq 01",
            "level eq +1",
            "level eq .5",
            "level eq 1.",
            "level eq \"20\"",
            "level co 2",
        ] {
            refused(&s, "/Devices", wrong);
        }
    }
}

#[test]
fn n17_quoted_digits_stay_text() {
    both(|s| {
        s.user(json!({ "userName": "a", "externalId": "701984", (ENTERPRISE): { "employeeNumber": "701984" } }));
        s.user(json!({ "userName": "b", "externalId": "0701984", (ENTERPRISE): { "employeeNumber": "0701984" } }));
        assert_eq!(
            s.find("/Users", &format!("{ENTERPRISE}:employeeNumber eq \"701984\"")),
            ["a"]
        );
        assert_eq!(s.find("/Users", "externalId eq \"701984\""), ["a"]);
        assert_eq!(s.find("/Users", "externalId eq \"701984.0\""), [""; 0]);
        refused(s, "/Users", "externalId eq 701984");
    });
}

#[test]
fn n18_the_empty_text_is_a_value_to_ask_for() {
    both(|s| {
        s.user(json!({ "userName": "none" }));
        s.user(json!({ "userName": "empty", "nickName": "" }));
        s.user(json!({ "userName": "some", "nickName": "n" }));
        assert_eq!(s.find("/Users", "nickName eq \"\""), ["empty", "none"]);
        assert_eq!(s.find("/Users", "nickName ne \"\""), ["some"]);
        assert_eq!(s.find("/Users", "nickName sw \"\" and nickName pr"), ["some"]);
    });
}
