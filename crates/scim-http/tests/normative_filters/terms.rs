//! Names, operators and how terms are joined: N01 to N08.

use super::*;

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
