//! The forms that paths come in: N19 to N23, and members.

use super::*;

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
