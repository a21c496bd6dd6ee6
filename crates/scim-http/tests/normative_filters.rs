//! Filters as a client meets them: N01 to N25 (RFC 7644 sections 3.4.2.1 and 3.4.2.2).

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod support;

use scim_http::core::{
    Dialect,
    schema::{Attribute, Registry, ResourceType, Returned, Schema},
};
use serde_json::{Value, json};
use support::{ENTERPRISE, GROUP, Reply, Server, USER, both, with_schema};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// A filter that must be refused, in a URL and in a body.
#[track_caller]
fn refused(s: &Server, endpoint: &str, filter: &str) -> Reply {
    let got = s.filter(endpoint, filter);
    eprintln!("{filter}");
    got.refused(400, "invalidFilter");
    let posted = s.post(
        &format!("{endpoint}/.search"),
        json!({ "schemas": [SEARCH], "filter": filter }),
    );
    posted.refused(400, "invalidFilter");
    assert!(got.body.get("Resources").is_none() && posted.body.get("Resources").is_none());
    got
}

/// Barbara with two addresses, and John with none.
fn two_users(s: &Server) {
    s.user(json!({
        "userName": "bjensen", "externalId": "abc", "displayName": "Babs Jensen", "nickName": "Babs",
        "userType": "Employee", "active": true, "name": { "givenName": "Barbara", "familyName": "Jensen" },
        "emails": [
            { "type": "work", "value": "a@x.example.com", "primary": true },
            { "type": "home", "value": "b@y.example.org", "primary": false },
        ],
    }));
    s.user(json!({ "userName": "JSmith", "title": "Boss", "userType": "Intern", "active": false }));
}

#[test]
fn n01_names_operators_and_urns_have_no_case() {
    both(|s| {
        two_users(s);
        for filter in [
            "USERNAME Eq \"bjensen\"",
            "username EQ \"bjensen\"",
            "URN:ietf:params:scim:schemas:core:2.0:user:username eq \"bjensen\"",
            "urn:IETF:params:SCIM:schemas:Core:2.0:USER:NAME.GIVENNAME eq \"Barbara\"",
            "NickName PR",
            "userName Sw \"b\" AND Name.FamilyName Co \"ens\"",
            "NOT (userName eq \"JSmith\")",
            "title EQ \"nobody\" OR nickName Ew \"abs\"",
            "EMAILS[TYPE Eq \"work\" And VALUE Co \"@x\"]",
        ] {
            assert_eq!(s.find("/Users", filter), ["bjensen"], "{filter}");
        }
    });
}

#[test]
fn n02_text_compares_by_case_exact() {
    both(|s| {
        two_users(s);
        for filter in [
            "userName eq \"BJENSEN\"",
            "displayName eq \"babs jensen\"",
            "name.familyName sw \"JEN\"",
            "emails.value co \"@X.EXAMPLE\"",
            "externalId eq \"abc\"",
            "externalId sw \"ab\"",
        ] {
            assert_eq!(s.find("/Users", filter), ["bjensen"], "{filter}");
        }
        for filter in [
            "externalId eq \"ABC\"",
            "externalId sw \"AB\"",
            "externalId co \"B\"",
            "externalId ew \"C\"",
        ] {
            assert_eq!(s.find("/Users", filter), [""; 0], "{filter}");
        }
        assert_eq!(s.find("/Users", "externalId ne \"ABC\""), ["JSmith", "bjensen"]);

        let found = &s.filter("/Users", "userName eq \"bjensen\"").body["Resources"][0];
        let (id, version) = (
            found["id"].as_str().unwrap(),
            found["meta"]["version"].as_str().unwrap(),
        );
        assert_eq!(s.find("/Users", &format!("id eq \"{id}\"")), ["bjensen"]);
        assert_eq!(s.find("/Users", &format!("id eq \"{}\"", id.to_uppercase())), [""; 0]);
        let quoted = json!(version).to_string();
        assert_eq!(
            s.find(
                "/Users",
                &format!("userName eq \"bjensen\" and meta.version eq {quoted}")
            ),
            ["bjensen"]
        );
        assert_eq!(
            s.find("/Users", &format!("meta.version eq {}", quoted.replace('W', "w"))),
            [""; 0]
        );
    });
}

#[test]
fn n03_not_binds_closer_than_and_and_and_closer_than_or() {
    both(|s| {
        s.user(json!({ "userName": "a", "title": "t" }));
        s.user(json!({ "userName": "b", "nickName": "n" }));
        s.user(json!({ "userName": "bc", "nickName": "n", "userType": "u" }));
        s.user(json!({ "userName": "c", "userType": "u" }));
        let plain = s.find("/Users", "title pr or nickName pr and userType pr");
        assert_eq!(plain, ["a", "bc"]);
        assert_eq!(plain, s.find("/Users", "title pr or (nickName pr and userType pr)"));
        assert_eq!(s.find("/Users", "(title pr or nickName pr) and userType pr"), ["bc"]);
        assert_eq!(s.find("/Users", "nickName pr and userType pr or title pr"), ["a", "bc"]);
        assert_eq!(
            s.find("/Users", "not (title pr) and userType pr or title pr"),
            ["a", "bc", "c"]
        );
        assert_eq!(
            s.find("/Users", "not (title pr and userType pr) and nickName pr"),
            ["b", "bc"]
        );
    });
}

#[test]
fn n04_a_value_filter_looks_at_one_value_at_a_time() {
    both(|s| {
        two_users(s);
        assert_eq!(
            s.find("/Users", "emails[type eq \"work\" and value co \"@y\"]"),
            [""; 0]
        );
        assert_eq!(
            s.find("/Users", "emails[type eq \"home\" and value co \"@y\"]"),
            ["bjensen"]
        );
        assert_eq!(
            s.find("/Users", "emails[type eq \"work\" and primary eq false]"),
            [""; 0]
        );
        assert_eq!(
            s.find("/Users", "emails[not (type eq \"work\") and value co \"@y\"]"),
            ["bjensen"]
        );
    });
}

#[test]
fn n05_a_value_path_alone_is_a_filter() {
    both(|s| {
        two_users(s);
        assert_eq!(s.find("/Users", "emails[type eq \"work\"]"), ["bjensen"]);
        assert_eq!(s.find("/Users", "emails[type eq \"other\"]"), [""; 0]);
        assert_eq!(s.find("/Users", "not (emails[type eq \"work\"])"), ["JSmith"]);
        assert_eq!(
            s.find("/Users", "emails[type eq \"work\"] and userName sw \"b\""),
            ["bjensen"]
        );
    });
}

#[test]
fn n06_terms_without_brackets_each_match_any_value() {
    both(|s| {
        two_users(s);
        assert_eq!(
            s.find("/Users", "emails.type eq \"work\" and emails.value co \"@y\""),
            ["bjensen"]
        );
        assert_eq!(s.find("/Users", "emails.type eq \"home\""), ["bjensen"]);
        assert_eq!(
            s.find("/Users", "emails.type eq \"work\" and emails.value co \"@z\""),
            [""; 0]
        );
    });
}

#[test]
fn n07_a_complex_attribute_compares_by_its_value() {
    both(|s| {
        two_users(s);
        for filter in [
            "emails co \"example.com\"",
            "emails eq \"b@y.example.org\"",
            "emails sw \"a@\"",
            "userType eq \"Employee\" and (emails co \"example.com\" or emails.value co \"example.org\")",
        ] {
            assert_eq!(s.find("/Users", filter), ["bjensen"], "{filter}");
        }
        let none = "userType eq \"Employee\" and (emails co \"nowhere\" or emails.value co \"nowhere\")";
        assert_eq!(s.find("/Users", none), [""; 0]);
    });
}

#[test]
fn n08_booleans_and_binaries_have_no_order() {
    both(|s| {
        two_users(s);
        for op in ["gt", "ge", "lt", "le"] {
            refused(s, "/Users", &format!("active {op} true"));
            refused(s, "/Users", &format!("active {op} false"));
            refused(s, "/Users", &format!("emails.primary {op} true"));
            refused(s, "/Users", &format!("emails[primary {op} true]"));
            refused(s, "/Users", &format!("x509Certificates.value {op} \"AAAA\""));
            refused(s, "/Users", &format!("x509Certificates[value {op} \"AAAA\"]"));
        }
        assert_eq!(s.find("/Users", "active eq true"), ["bjensen"]);
        assert_eq!(s.find("/Users", "active ne true"), ["JSmith"]);
    });
}

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

const DEVICE: &str = "urn:example:params:scim:schemas:core:2.0:Device";

fn devices() -> Registry {
    let schema = Schema::builder(DEVICE, "Device")
        .attribute(Attribute::string("displayName"))
        .attribute(Attribute::decimal("level"))
        .attribute(Attribute::string("pin").returned(Returned::Never))
        .build()
        .unwrap();
    let device = ResourceType::builder("Device", "/Devices", schema).build().unwrap();
    Registry::new([ResourceType::user(), ResourceType::group(), device])
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

#[test]
fn n19_not_may_stand_with_or_without_a_blank() {
    both(|s| {
        two_users(s);
        for filter in ["not(title pr)", "not (title pr)", "not  ( title pr )", "NOT(title pr)"] {
            assert_eq!(s.find("/Users", filter), ["bjensen"], "{filter}");
        }
        assert_eq!(s.find("/Users", "userName pr and not(title pr)"), ["bjensen"]);
    });
}

#[test]
fn n20_the_last_colon_parts_the_urn_from_the_attribute() {
    both(|s| {
        s.user(json!({ "userName": "a", (ENTERPRISE): { "manager": { "value": "26" }, "department": "Sales" } }));
        s.user(json!({ "userName": "b", (ENTERPRISE): { "manager": { "value": "27" } } }));
        for filter in [
            format!("{ENTERPRISE}:manager.value eq \"26\""),
            format!("{ENTERPRISE}:manager eq \"26\""),
            format!("{ENTERPRISE}:manager[value eq \"26\"]"),
            format!("{ENTERPRISE}:department pr"),
            format!("{USER}:userName eq \"a\""),
            format!("{USER}:userName eq \"a\" and {ENTERPRISE}:department sw \"S\""),
        ] {
            assert_eq!(s.find("/Users", &filter), ["a"], "{filter}");
        }
        refused(s, "/Users", &format!("{ENTERPRISE}:userName eq \"a\""));
        refused(s, "/Users", &format!("{USER}:department eq \"Sales\""));
    });
}

#[test]
fn n21_references_can_be_asked_for() {
    both(|s| {
        let (one, two) = (
            s.user(json!({ "userName": "one" })),
            s.user(json!({ "userName": "two" })),
        );
        let group = s.group("ones", &[&one]);
        s.group("both", &[&one, &two]);
        let to_one = s.get(&format!("/Groups/{group}")).body["members"][0]["$ref"].clone();
        let to_two = to_one.as_str().unwrap().replace(&one, &two);
        assert_eq!(
            s.find("/Groups", &format!("members.$ref eq {to_one}")),
            ["both", "ones"]
        );
        assert_eq!(s.find("/Groups", &format!("members.$REF eq \"{to_two}\"")), ["both"]);
        assert_eq!(s.find("/Groups", &format!("members[$ref eq \"{to_two}\"]")), ["both"]);
        assert_eq!(
            s.find("/Groups", "members.$ref eq \"https://elsewhere.example/Users/1\""),
            [""; 0]
        );
        let elsewhere = format!("members.$ref eq \"https://elsewhere.example/Users/{one}\"");
        assert_eq!(s.find("/Groups", &elsewhere), [""; 0]);
        assert_eq!(s.find("/Groups", "members.$ref pr"), ["both", "ones"]);
        assert_eq!(s.find("/Groups", "members[$ref pr]"), ["both", "ones"]);
        assert_eq!(s.find("/Groups", &format!("members.$ref ne {to_one}")), ["both"]);
        assert_eq!(s.find("/Groups", "members.$ref eq null"), [""; 0]);
        refused(s, "/Groups", "members.$ref sw \"https\"");
        let groups = s.get(&format!("/Users/{one}")).body["groups"].clone();
        let mut groups = groups.as_array().unwrap().iter();
        let to_group = &groups.find(|other| other["value"] == json!(group)).unwrap()["$ref"];
        assert_eq!(s.find("/Users", &format!("groups.$ref eq {to_group}")), ["one"]);
        let location = s.get(&format!("/Users/{one}")).body["meta"]["location"].clone();
        assert_eq!(s.find("", &format!("meta.location eq {location}")), ["one"]);
        assert_eq!(s.find("/Users", &format!("meta.location ne {location}")), ["two"]);
        assert_eq!(s.find("/Groups", &format!("meta.location eq {location}")), [""; 0]);
        assert_eq!(s.find("/Groups", "meta.location pr"), ["both", "ones"]);
    });
}

#[test]
fn n22_a_sub_attribute_may_follow_a_value_filter() {
    both(|s| {
        two_users(s);
        assert_eq!(
            s.find("/Users", "emails[type eq \"work\"].value eq \"a@x.example.com\""),
            ["bjensen"]
        );
        assert_eq!(
            s.find("/Users", "emails[type eq \"home\"].value eq \"a@x.example.com\""),
            [""; 0]
        );
        assert_eq!(
            s.find("/Users", "emails[type eq \"work\"].value co \"@X\" and active eq true"),
            ["bjensen"]
        );
        assert_eq!(
            s.find("/Users", "emails[type eq \"work\"].primary eq true"),
            ["bjensen"]
        );
        assert_eq!(s.find("/Users", "emails[type eq \"work\"].value pr"), ["bjensen"]);
        refused(s, "/Users", "emails[type eq \"work\"].zzz eq \"a\"");
    });
}

#[test]
fn n23_the_bare_word_of_the_rfc_is_read_by_default() {
    let s = Server::tolerant();
    let id = s.user(json!({ "userName": "u" }));
    s.group("g", &[&id]);
    assert_eq!(
        s.find("", "(meta.resourceType eq User) or (meta.resourceType eq Group)"),
        ["g", "u"]
    );
    assert_eq!(s.find("", "meta.resourceType eq User"), ["u"]);
    assert_eq!(s.find("", "META.resourcetype EQ Group and members pr"), ["g"]);
    refused(&s, "", "userType eq Employee");
    refused(&s, "/Users", "userName eq User");
    refused(&s, "", "meta.location eq User");
}

#[test]
fn n23_the_bare_word_of_the_rfc_is_refused_when_strict() {
    let s = Server::rfc();
    let id = s.user(json!({ "userName": "u" }));
    s.group("g", &[&id]);
    refused(&s, "", "(meta.resourceType eq User) or (meta.resourceType eq Group)");
    refused(&s, "", "userType eq Employee");
}

#[test]
fn n23_with_quotes_it_is_read_by_all() {
    both(|s| {
        let id = s.user(json!({ "userName": "u" }));
        s.group("g", &[&id]);
        assert_eq!(
            s.find(
                "",
                "(meta.resourceType eq \"User\") or (meta.resourceType eq \"Group\")"
            ),
            ["g", "u"]
        );
        assert_eq!(s.find("", "meta.resourceType eq \"Group\""), ["g"]);
        assert_eq!(s.find("", "meta.resourceType eq \"Device\""), [""; 0]);
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

#[test]
fn every_group_can_be_found_by_its_members() {
    both(|s| {
        let id = s.user(json!({ "userName": "u" }));
        let body = with_schema(
            GROUP,
            json!({ "displayName": "g", "members": [{ "value": id, "type": "User" }] }),
        );
        s.post("/Groups", body).ok(201);
        s.group("none", &[]);
        assert_eq!(s.find("/Groups", &format!("members eq \"{id}\"")), ["g"]);
        assert_eq!(
            s.find("/Groups", &format!("members[value eq \"{id}\" and type eq \"User\"]")),
            ["g"]
        );
        assert_eq!(s.find("/Groups", "not (members pr)"), ["none"]);
        assert_eq!(s.find("/Users", "groups.display eq \"G\""), ["u"]);
    });
}
