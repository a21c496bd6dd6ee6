//! What is read, and as what.

use super::*;

#[test]
fn reads_every_form() {
    assert_eq!(verified(r#"userName eq "bjensen""#), equal("userName", "bjensen"));
    assert_eq!(verified("title pr"), present("title"));
    assert_eq!(
        verified("userType ne \"Employee\" and not (emails co \"example.com\" or emails.value co \"example.org\")"),
        Filter::And(vec![
            compare("userType", CompareOp::NotEqual, Literal::String("Employee".into())),
            Filter::Not(Box::new(Filter::Or(vec![
                compare("emails", CompareOp::Contains, Literal::String("example.com".into())),
                compare(
                    "emails.value",
                    CompareOp::Contains,
                    Literal::String("example.org".into())
                ),
            ]))),
        ])
    );
    assert_eq!(
        verified(r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp"]"#),
        Filter::Or(vec![
            values(
                "emails",
                Filter::And(vec![
                    equal("type", "work"),
                    compare("value", CompareOp::Contains, Literal::String("@example.com".into()))
                ])
            ),
            values("ims", equal("type", "xmpp")),
        ])
    );
    assert_eq!(
        verified(r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "26""#),
        equal(
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
            "26"
        )
    );
    assert_eq!(verified(r#"members.$ref eq """#), equal("members.$ref", ""));
}

#[test]
fn reads_the_examples_of_the_rfc() {
    // RFC 7644 section 3.4.2.2.
    for text in [
        r#"userName eq "bjensen""#,
        r#"name.familyName co "O'Malley""#,
        r#"userName sw "J""#,
        r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#,
        "title pr",
        r#"meta.lastModified gt "2011-05-13T04:42:34Z""#,
        r#"meta.lastModified ge "2011-05-13T04:42:34Z""#,
        r#"meta.lastModified lt "2011-05-13T04:42:34Z""#,
        r#"meta.lastModified le "2011-05-13T04:42:34Z""#,
        r#"title pr and userType eq "Employee""#,
        r#"title pr or userType eq "Intern""#,
        r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#,
        r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
        r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
        r#"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#,
        r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
    ] {
        assert_eq!(verified(text).to_string(), text);
    }
    let text = r#"userType eq "Employee" and (emails.type eq "work")"#;
    assert_eq!(
        verified(text).to_string(),
        r#"userType eq "Employee" and emails.type eq "work""#
    );
}

#[test]
fn agrees_with_the_grammar_on_filters_of_other_libraries() {
    #[derive(Deserialize)]
    struct Vectors {
        filters: Vec<Vector>,
    }

    #[derive(Deserialize)]
    struct Vector {
        filter: String,
        grammar: bool,
        accepted: Option<bool>,
        reason: Option<String>,
    }

    let Vectors { filters } = serde_json::from_str(include_str!("../data/filters.json")).unwrap();
    assert!(filters.len() > 150);
    for Vector {
        filter,
        grammar,
        accepted,
        reason,
    } in filters
    {
        assert_eq!(accepted.is_some(), reason.is_some());
        match accepted.unwrap_or(grammar) {
            true => drop(verified(&filter)),
            false => drop(refused(&filter)),
        }
    }
}

#[test]
fn and_binds_more_tightly_than_or() {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(present);
    let or = |parts: &[&Filter]| Filter::Or(parts.iter().copied().cloned().collect());
    let and = |parts: &[&Filter]| Filter::And(parts.iter().copied().cloned().collect());
    assert_eq!(
        verified("a pr or b pr and c pr or d pr"),
        or(&[&a, &and(&[&b, &c]), &d])
    );
    assert_eq!(
        verified("a pr and b pr or c pr and d pr"),
        or(&[&and(&[&a, &b]), &and(&[&c, &d])])
    );
    assert_eq!(verified("(a pr or b pr) and c pr"), and(&[&or(&[&a, &b]), &c]));
    assert_eq!(
        verified("not (a pr) and b pr"),
        and(&[&Filter::Not(Box::new(a.clone())), &b])
    );
    assert_eq!(verified("a pr and b pr and c pr and d pr"), and(&[&a, &b, &c, &d]));
    assert_eq!(verified("(a pr and b pr) and c pr"), and(&[&and(&[&a, &b]), &c]));
}

#[test]
fn case_matters_only_in_literals() {
    assert_eq!(
        verified("USERNAME EQ \"x\" AND NOT (Title Pr) Or a SW \"b\""),
        verified("userName eq \"x\" and not (title pr) or A sw \"b\"")
    );
    assert_ne!(verified("userName eq \"x\""), verified("userName eq \"X\""));
    assert_eq!(refused("active eq True"), (Kind::ExpectedValue, (10, 14)));
    assert_eq!(refused("active eq NULL"), (Kind::ExpectedValue, (10, 14)));
}

#[test]
fn names_may_be_words_of_the_language() {
    assert_eq!(verified("not pr"), present("not"));
    assert_eq!(
        verified("and pr or or pr and eq eq \"eq\""),
        verified("and pr or (or pr and eq eq \"eq\")")
    );
    assert_eq!(
        verified("notes pr and android pr or order pr"),
        verified("(notes pr and android pr) or order pr")
    );
    assert_eq!(
        verified("true eq true"),
        compare("true", CompareOp::Equal, Literal::Bool(true))
    );
}

#[test]
fn blanks_may_repeat_and_stand_beside_brackets() {
    let filter = verified("not (a eq 1 or emails[type pr]) and b pr");
    assert_eq!(
        verified("  not  (  a   eq  1   or  emails[  type  pr  ]  )   and   b   pr  "),
        filter
    );
    assert_eq!(verified("not(a eq 1 or emails[type pr]) and b pr"), filter);
    assert_eq!(refused("userName\teq\t\"a\""), (Kind::ExpectedOperator, (8, 9)));
    assert_eq!(refused("a\npr"), (Kind::ExpectedOperator, (1, 2)));
    assert_eq!(refused("userName\u{a0}eq \"a\""), (Kind::InvalidAttribute, (0, 12)));
    assert_eq!(refused("emails [type pr]"), (Kind::ExpectedOperator, (7, 8)));
}

#[test]
fn condition_after_a_value_path_is_one_on_the_same_value() {
    assert_eq!(
        verified(r#"emails[type eq "work"].value eq "x""#),
        verified(r#"emails[type eq "work" and value eq "x"]"#)
    );
    assert_eq!(
        verified(r#"emails[type eq "work" and primary eq true].value pr and b pr"#),
        verified(r#"emails[type eq "work" and primary eq true and value pr] and b pr"#)
    );
    assert_eq!(
        verified(r#"emails[type eq "work" or type eq "home"].value sw "x""#),
        verified(r#"emails[(type eq "work" or type eq "home") and value sw "x"]"#)
    );
    assert_eq!(refused(r#"emails[type pr].value"#), (Kind::ExpectedOperator, (21, 21)));
    assert_eq!(
        refused(r#"emails[type pr].value.x pr"#),
        (Kind::InvalidAttribute, (16, 23))
    );
    assert_eq!(refused(r#"emails[type pr]. pr"#), (Kind::InvalidAttribute, (16, 16)));
    assert_eq!(
        refused(r#"emails[type pr].value[x pr]"#),
        (Kind::ExpectedOperator, (21, 22))
    );
}

#[test]
fn literals_are_those_of_json() {
    let literal = |text: &str| match verified(&format!("a eq {text}")) {
        Filter::Compare(comparison) => comparison.value,
        filter => panic!("{filter:?}"),
    };
    let string = |text: &str| Literal::String(text.into());
    assert_eq!(literal("true"), Literal::Bool(true));
    assert_eq!(literal("false"), Literal::Bool(false));
    assert_eq!(literal("null"), Literal::Null);
    assert_eq!(literal("0"), Literal::Number(0.into()));
    assert_eq!(literal("-12"), Literal::Number((-12).into()));
    assert_eq!(literal("18446744073709551615"), Literal::Number(u64::MAX.into()));
    assert_eq!(literal("-9223372036854775808"), Literal::Number(i64::MIN.into()));
    assert_eq!(literal("1.50e+1"), Literal::Number(Number::from_f64(15.0).unwrap()));
    assert_eq!(literal("-0"), Literal::Number(Number::from_f64(-0.0).unwrap()));
    assert_eq!(literal(r#""""#), string(""));
    assert_eq!(literal("\"José \u{1f600} ) ] or\""), string("José \u{1f600} ) ] or"));
    assert_eq!(literal(r#""\"\\\/\b\f\n\r\t""#), string("\"\\/\u{8}\u{c}\n\r\t"));
    assert_eq!(literal(r#""é\u0062\u00E9\u0000é""#), string("ébé\0é"));
    assert_eq!(literal(r#""\ud83d\uDE00!""#), string("\u{1f600}!"));
    assert_eq!(literal(r#""domain\\user.name""#), string("domain\\user.name"));
}

#[test]
fn parts_know_where_they_stood() {
    let text = r#" é"#;
    assert_eq!(refused(text), (Kind::InvalidAttribute, (1, 3)));
    let text = r#"(a eq "é" and emails[type eq 12].value pr)"#;
    let Filter::And(parts) = verified(text) else { panic!() };
    let [Filter::Compare(first), Filter::Values(second)] = parts.as_slice() else {
        panic!()
    };
    assert_eq!(first.path.span().of(text), Some("a"));
    assert_eq!(first.value_span().of(text), Some("\"é\""));
    assert_eq!(second.path.span().of(text), Some("emails"));
    let Filter::And(parts) = &*second.filter else { panic!() };
    let [Filter::Compare(kind), Filter::Present(value)] = parts.as_slice() else {
        panic!()
    };
    assert_eq!(kind.path.span().of(text), Some("type"));
    assert_eq!(kind.value_span().of(text), Some("12"));
    assert_eq!(value.span().of(text), Some("value"));
    assert_eq!(value.span(), Span::new(34, 39));
}

#[test]
fn a_bare_resource_type_is_taken_on_request() {
    let limits = FilterLimits::default().with_bare_resource_type(true);
    assert_eq!(
        Filter::parse_with("(meta.resourceType eq User) or (META.resourcetype eq Group)", &limits),
        Ok(Filter::Or(vec![
            equal("meta.resourceType", "User"),
            equal("meta.resourceType", "Group")
        ]))
    );
    assert_eq!(
        Filter::parse_with("meta.resourceType eq \"User\"", &limits),
        Ok(equal("meta.resourceType", "User"))
    );
    assert_eq!(
        refused_with("userName eq User", &limits),
        (Kind::ExpectedValue, (12, 16))
    );
    assert_eq!(
        refused_with("meta.resourceType eq 'User'", &limits),
        (Kind::ExpectedValue, (21, 27))
    );
}

/// Found by fuzzing: the nearest double of `998e99` was printed as text that read back as the one beside it.
#[test]
fn a_number_with_an_exponent_keeps_its_value() {
    for number in [
        "998e99",
        "998e099",
        "1.7976931348623157e308",
        "5e-324",
        "0.1",
        "123456789.123456789",
    ] {
        let filter = Filter::parse(&format!("level eq {number}")).unwrap();
        assert_eq!(Filter::parse(&filter.to_string()), Ok(filter), "{number}");
    }
}
