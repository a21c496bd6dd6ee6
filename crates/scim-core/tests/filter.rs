//! Filters through the public interface: what is read, what is refused and where, and that every
//! tree is written in a form that reads back as the same tree.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by a panic")]

use std::{collections::HashSet, thread};

use proptest::prelude::*;
use scim_core::{
    attr::{AttrPath, PatchPath},
    filter::{CompareOp, Comparison, Filter, FilterErrorKind as Kind, FilterLimits, Literal, ValuePath},
    span::Span,
};
use serde::Deserialize;
use serde_json::Number;

/// Reads `text`, and checks that what it prints as reads back as the same tree.
#[track_caller]
fn verified(text: &str) -> Filter {
    let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{}", error.render(text)));
    let printed = filter.to_string();
    assert_eq!(
        Filter::parse(&printed).as_ref(),
        Ok(&filter),
        "{text} was printed as {printed}"
    );
    filter
}

fn path(text: &str) -> AttrPath {
    AttrPath::parse(text).unwrap()
}

fn present(text: &str) -> Filter {
    Filter::Present(path(text))
}

fn compare(text: &str, op: CompareOp, value: Literal) -> Filter {
    Filter::Compare(Comparison::new(path(text), op, value))
}

fn equal(text: &str, value: &str) -> Filter {
    compare(text, CompareOp::Equal, Literal::String(value.into()))
}

fn values(text: &str, filter: Filter) -> Filter {
    Filter::Values(ValuePath::new(path(text), filter))
}

/// What is wrong with `text`, and where.
#[track_caller]
fn refused(text: &str) -> (Kind, (u32, u32)) {
    refused_with(text, &FilterLimits::default())
}

#[track_caller]
fn refused_with(text: &str, limits: &FilterLimits) -> (Kind, (u32, u32)) {
    let error = match Filter::parse_with(text, limits) {
        Ok(filter) => panic!("{text:?} was read as {filter:?}"),
        Err(error) => error,
    };
    let message = error.to_string();
    assert!(!message.contains('\n') && message.len() < 160, "{message}");
    let hostile: Vec<char> = text.chars().collect();
    for piece in hostile.windows(12) {
        assert!(
            !message.contains(&piece.iter().collect::<String>()),
            "{message:?} repeats {text:?}"
        );
    }
    assert!(error.render(text).starts_with(&message));
    (*error.kind(), (error.span().start, error.span().end))
}

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

    let Vectors { filters } = serde_json::from_str(include_str!("data/filters.json")).unwrap();
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
fn every_fault_has_its_kind_and_place() {
    for (text, kind, span) in [
        ("", Kind::Empty, (0, 0)),
        ("   ", Kind::Empty, (0, 3)),
        ("()", Kind::ExpectedAttribute, (1, 2)),
        ("a pr and", Kind::ExpectedAttribute, (8, 8)),
        ("a pr or )", Kind::ExpectedAttribute, (8, 9)),
        ("emails[]", Kind::ExpectedAttribute, (7, 8)),
        (r#""userName" eq "a""#, Kind::ExpectedAttribute, (0, 1)),
        ("userName", Kind::ExpectedOperator, (8, 8)),
        ("userName ", Kind::ExpectedOperator, (9, 9)),
        ("(userName)", Kind::ExpectedOperator, (9, 10)),
        (r#"eq "bjensen""#, Kind::ExpectedOperator, (3, 4)),
        (r#"emails]type eq "work"["#, Kind::ExpectedOperator, (6, 7)),
        (r#"not userName eq "x""#, Kind::ExpectedParenthesis, (4, 12)),
        ("userName eq", Kind::ExpectedValue, (11, 11)),
        ("userName eq ", Kind::ExpectedValue, (12, 12)),
        (r#"userName eq"a""#, Kind::ExpectedValue, (11, 12)),
        ("userName eq bjensen", Kind::ExpectedValue, (12, 19)),
        ("userName eq 'bjensen'", Kind::ExpectedValue, (12, 21)),
        ("userName eq \u{201c}a\u{201d}", Kind::ExpectedValue, (12, 19)),
        (r#"userName eq ["a"]"#, Kind::ExpectedValue, (12, 13)),
        ("userName eq NaN", Kind::ExpectedValue, (12, 15)),
        ("meta.resourceType eq User", Kind::ExpectedValue, (21, 25)),
        ("1userName pr", Kind::InvalidAttribute, (0, 9)),
        ("__proto__ pr", Kind::InvalidAttribute, (0, 9)),
        ("us\u{435}rName pr", Kind::InvalidAttribute, (0, 9)),
        ("a pr and name.givenName.first pr", Kind::InvalidAttribute, (9, 29)),
        (".userName pr", Kind::InvalidAttribute, (0, 9)),
        ("name. pr", Kind::InvalidAttribute, (0, 5)),
        ("urn:example: pr", Kind::InvalidAttribute, (0, 12)),
        ("<script>alert(1)</script> eq \"x\"", Kind::InvalidAttribute, (0, 13)),
        ("userName;DROP TABLE users eq \"x\"", Kind::InvalidAttribute, (0, 13)),
        ("a eq 01", Kind::InvalidNumber, (5, 7)),
        ("a eq -", Kind::InvalidNumber, (5, 6)),
        ("a eq 1.", Kind::InvalidNumber, (5, 7)),
        ("a eq 1e", Kind::InvalidNumber, (5, 7)),
        ("a eq 1and", Kind::InvalidNumber, (5, 9)),
        ("a eq 0x1F", Kind::InvalidNumber, (5, 9)),
        ("a eq +1", Kind::ExpectedValue, (5, 7)),
        ("a eq .5", Kind::ExpectedValue, (5, 7)),
        (r#"a eq "b\x41""#, Kind::InvalidString, (7, 9)),
        (r#"a eq "b\u12""#, Kind::InvalidString, (7, 9)),
        (r#"a eq "\u+041""#, Kind::InvalidString, (6, 8)),
        (r#"a eq "\é""#, Kind::InvalidString, (6, 7)),
        (r#"a eq "\ud800""#, Kind::InvalidString, (6, 12)),
        (r#"a eq "\udc00\ud800""#, Kind::InvalidString, (6, 12)),
        (r#"a eq "\ud800\u0041""#, Kind::InvalidString, (6, 12)),
        ("a eq \"b\u{1}\"", Kind::InvalidString, (7, 8)),
        ("a eq \"b\tc\"", Kind::InvalidString, (7, 8)),
        (r#"emails[type pr and value[x eq 1]]"#, Kind::NestedValuePath, (19, 25)),
        ("a eq 1e999", Kind::NumberOutOfRange, (5, 10)),
        ("a eq 18446744073709551616", Kind::NumberOutOfRange, (5, 25)),
        ("a eq -9223372036854775809", Kind::NumberOutOfRange, (5, 25)),
        ("emails[type pr", Kind::UnclosedBracket, (6, 7)),
        ("(a pr or (b pr)", Kind::UnclosedParenthesis, (0, 1)),
        (r#"a pr and b eq "c"#, Kind::UnclosedString, (14, 15)),
        (r#"a eq "b\""#, Kind::UnclosedString, (5, 6)),
        (r#"a eq "\"#, Kind::InvalidString, (6, 7)),
        ("a pr)", Kind::UnexpectedText, (4, 5)),
        ("emails[type pr)", Kind::UnexpectedText, (14, 15)),
        ("(a pr]", Kind::UnexpectedText, (5, 6)),
        ("emails[type pr]]", Kind::UnexpectedText, (15, 16)),
        ("a pr && b pr", Kind::UnexpectedText, (5, 7)),
        ("a pr b pr", Kind::UnexpectedText, (5, 6)),
        ("a pr \"x\"", Kind::UnexpectedText, (5, 8)),
        ("a eq \"x\" \"y\"", Kind::UnexpectedText, (9, 12)),
        ("a eq \"x\"and b pr", Kind::UnexpectedText, (8, 11)),
        ("a pr and(b pr)", Kind::UnexpectedText, (5, 10)),
        ("a pr andb pr", Kind::UnexpectedText, (5, 9)),
        ("a eq \"x\" -- ", Kind::UnexpectedText, (9, 11)),
        ("userName regex \"b.*\"", Kind::UnknownOperator, (9, 14)),
        ("userName == \"b\"", Kind::UnknownOperator, (9, 11)),
        ("userName e\u{200b}q \"b\"", Kind::UnknownOperator, (9, 14)),
        ("userName in (\"a\",\"b\")", Kind::UnknownOperator, (9, 11)),
        ("and userName eq \"b\"", Kind::UnknownOperator, (4, 12)),
        ("a present", Kind::UnknownOperator, (2, 9)),
    ] {
        assert_eq!(refused(text), (kind, span), "{text:?}");
    }
}

#[test]
fn errors_tell_the_position_in_characters() {
    for (text, message) in [
        ("", "empty filter"),
        (
            "é",
            "invalid attribute at character 1: expected a letter, then letters, digits, `-` or `_`, with at most \
               one sub-attribute after a `.`",
        ),
        (
            "a eq \"é\" é",
            "unexpected text at character 10: expected a blank and `and` or `or`, or the end",
        ),
        (
            "a eq",
            "expected a blank and a value at character 5: a string in double quotes, a number, true, false or \
                  null",
        ),
        ("(a pr", "unclosed parenthesis at character 1"),
    ] {
        assert_eq!(Filter::parse(text).unwrap_err().to_string(), message);
    }
    let text = "a pr and\u{1b} b eq \"x\"";
    assert_eq!(
        Filter::parse(text).unwrap_err().render(text),
        "unexpected text at character 6: expected a blank and `and` or `or`, or the end\n\
         a pr and\u{fffd} b eq \"x\"\n     ^^^^"
    );
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

#[test]
fn limits_are_exact() {
    let limits = FilterLimits::default()
        .with_max_bytes(4)
        .with_max_depth(2)
        .with_max_terms(3);
    assert!(Filter::parse_with("a pr", &limits).is_ok());
    assert_eq!(refused_with("a pr ", &limits), (Kind::TooLong { max: 4 }, (4, 5)));

    let limits = limits.with_max_bytes(100);
    assert!(Filter::parse_with("((a pr)) and not (b[c pr])", &limits).is_ok());
    assert_eq!(refused_with("(((a pr)))", &limits), (Kind::TooDeep { max: 2 }, (2, 3)));
    assert_eq!(
        refused_with("not (not (not (a pr)))", &limits),
        (Kind::TooDeep { max: 2 }, (14, 15))
    );
    assert_eq!(refused_with("((a[b pr]))", &limits), (Kind::TooDeep { max: 2 }, (3, 4)));

    assert!(Filter::parse_with("a pr or b[c pr and d pr]", &limits).is_ok());
    assert_eq!(
        refused_with("a pr or b[c pr and d pr] or efg pr", &limits),
        (Kind::TooManyTerms { max: 3 }, (28, 31))
    );
    assert_eq!(
        refused_with("a pr or b[c pr and d pr].efg pr", &limits),
        (Kind::TooManyTerms { max: 3 }, (25, 28))
    );

    let endless = limits.with_max_depth(u32::MAX).with_max_bytes(u32::MAX);
    let max = FilterLimits::DEPTH_CEILING;
    assert_eq!(
        refused_with(&"(".repeat(100_000), &endless),
        (Kind::TooDeep { max }, (max, max + 1))
    );
}

#[test]
fn deep_and_wide_filters_are_safe_on_a_small_stack() {
    let run = || {
        let depth = FilterLimits::default().max_depth as usize;
        for (open, close) in [
            ("(", ")"),
            ("not (", ")"),
            ("(a pr or not (b pr and ", "))"),
            ("(a pr and (b pr or ", "))"),
        ] {
            let times = depth / close.len();
            let filter = verified(&format!("{}title pr{}", open.repeat(times), close.repeat(times)));
            assert!(!format!("{filter:?}").is_empty());
            assert_eq!(filter, filter.clone());
            refused(&format!(
                "{}title pr{}",
                open.repeat(times + 1),
                close.repeat(times + 1)
            ));
            refused(&open.repeat(times));
            refused(&format!("{}title pr", open.repeat(times)));
            refused(&open.repeat(300));
        }

        let limits = FilterLimits::default().with_max_depth(FilterLimits::DEPTH_CEILING);
        let times = FilterLimits::DEPTH_CEILING as usize - 1;
        let deepest = format!("{}a[b eq \"\\u0063\"]{}", "not (".repeat(times), ")".repeat(times));
        let filter = Filter::parse_with(&deepest, &limits).unwrap();
        assert_eq!(Filter::parse_with(&filter.to_string(), &limits), Ok(filter.clone()));
        assert_eq!(HashSet::from([filter.clone(), filter.clone()]).len(), 1);
        assert!(!format!("{filter:#?}").is_empty());

        let limits = FilterLimits::default().with_max_bytes(1_000_000).with_max_terms(2_000);
        let wide = vec!["userName eq \"a\""; 1_000].join(" or ");
        let Filter::Or(parts) = Filter::parse_with(&wide, &limits).unwrap() else {
            panic!()
        };
        assert_eq!(parts.len(), 1_000);
        assert_eq!(Filter::Or(parts).to_string(), wide);
        let blanks = format!("userName{}eq \"a\"", " ".repeat(500_000));
        assert!(Filter::parse_with(&blanks, &limits).is_ok());
        let blanks = format!("{}a pr{}{}", "(".repeat(32), " ".repeat(500_000), ")".repeat(32));
        assert!(Filter::parse_with(&blanks, &limits).is_ok());
        assert_eq!(
            Filter::parse(&blanks).unwrap_err().kind(),
            &Kind::TooLong { max: 8_192 }
        );
    };
    thread::Builder::new()
        .stack_size(256 * 1_024)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}

fn attr_path() -> impl Strategy<Value = AttrPath> {
    let uri = prop::option::weighted(0.2, "[a-zA-Z][a-zA-Z0-9.:_~%+/-]{0,20}");
    let name = || "[a-zA-Z$][a-zA-Z0-9_-]{0,10}";
    (uri, name(), prop::option::weighted(0.3, name()))
        .prop_map(|(uri, name, sub)| AttrPath::new(uri.as_deref(), &name, sub.as_deref()).unwrap())
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Bool),
        any::<i64>().prop_map(|number| Literal::Number(number.into())),
        any::<u64>().prop_map(|number| Literal::Number(number.into())),
        // serde_json reads floats of few digits exactly.
        any::<i32>().prop_map(|number| Literal::Number(Number::from_f64(f64::from(number) / 8.0).unwrap())),
        any::<String>().prop_map(|text| Literal::String(text.into())),
        "[\"\\\\\u{0}-\u{20}a-z\u{e9}\u{1f600}]*".prop_map(|text| Literal::String(text.into())),
    ]
}

fn tree(leaf: BoxedStrategy<Filter>) -> impl Strategy<Value = Filter> {
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..5).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 2..5).prop_map(Filter::Or),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

fn test() -> BoxedStrategy<Filter> {
    let op = prop::sample::select(vec![
        CompareOp::Contains,
        CompareOp::EndsWith,
        CompareOp::Equal,
        CompareOp::GreaterOrEqual,
        CompareOp::GreaterThan,
        CompareOp::LessOrEqual,
        CompareOp::LessThan,
        CompareOp::NotEqual,
        CompareOp::StartsWith,
    ]);
    prop_oneof![
        attr_path().prop_map(Filter::Present),
        (attr_path(), op, literal()).prop_map(|(path, op, value)| Filter::Compare(Comparison::new(path, op, value))),
    ]
    .boxed()
}

fn filter_of_values() -> impl Strategy<Value = Filter> {
    tree(test())
}

fn filter() -> impl Strategy<Value = Filter> {
    let values = (attr_path(), filter_of_values()).prop_map(|(path, filter)| values(path.text(), filter));
    tree(prop_oneof![3 => test(), 1 => values].boxed())
}

proptest! {
    #[test]
    fn every_tree_reads_back(filter in filter()) {
        let limits = FilterLimits::default().with_max_bytes(1_000_000).with_max_terms(10_000);
        let text = filter.to_string();
        prop_assert_eq!(Filter::parse_with(&text, &limits), Ok(filter), "{}", text);
    }

    #[test]
    fn every_patch_path_reads_back(path in attr_path(), filter in filter_of_values(), sub in prop::option::of("[a-z$][a-z]{0,5}")) {
        let sub = sub.map(|sub| AttrPath::parse(&sub).unwrap());
        let path = PatchPath::Values { values: ValuePath::new(path, filter), sub };
        let limits = FilterLimits::default().with_max_bytes(1_000_000).with_max_terms(10_000);
        prop_assert_eq!(PatchPath::parse(&path.to_string(), &limits), Ok(path));
    }

    #[test]
    fn arbitrary_text_gets_an_answer(text in any::<String>()) {
        let _ = Filter::parse(&text).map_err(|error| error.render(&text));
        let _ = text.parse::<PatchPath>().map_err(|error| error.render(&text));
        let _ = AttrPath::parse(&text).map_err(|error| error.render(&text));
    }

    #[test]
    fn text_of_the_right_words_gets_an_answer(
        words in prop::collection::vec(prop::sample::select(vec![
            " ", "  ", "(", ")", "[", "]", ".", "a", "urn:b:c", "eq", "pr", "and", "or", "not", "\"", "\"x\"", "\\u00", "1", "-", "true",
            "é",
        ]), 0..40)
    ) {
        let text = words.concat();
        match Filter::parse(&text) {
            Ok(filter) => prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter)),
            Err(error) => prop_assert!(error.span().of(&text).is_some(), "{:?} {:?}", text, error),
        }
        match text.parse::<PatchPath>() {
            Ok(path) => prop_assert_eq!(path.to_string().parse(), Ok(path)),
            Err(error) => prop_assert!(error.span().of(&text).is_some(), "{:?} {:?}", text, error),
        }
    }
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
