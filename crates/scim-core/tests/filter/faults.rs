//! What is refused, of which kind and where.

use super::*;

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
