//! Forms that random searches do not reach.

use scim_conformance::block_on;
use scim_core::filter::{CompareOp, Operand, Predicate, Test, TextMode};
use scim_store::StoreError;

use super::{kind, map, predicate, session};
use crate::{
    Engine,
    compile::Compiler,
    map::{Column, Form, Native},
    session::Session,
    statement::Statement,
};

/// Runs a condition over no rows: whether the engine takes it.
fn runs(name: &str, predicate: &Predicate) {
    let (kind, mut session) = (kind(name), session());
    let map = map(&kind);
    let mut statement = Statement::new(Engine::Sqlite);
    let mut compiler = Compiler::new(&kind, &map, "t", &mut statement);
    compiler.out.push("SELECT r.id FROM scim_resource r WHERE ");
    compiler.condition(predicate, true).unwrap();
    block_on(session.rows(&statement)).unwrap_or_else(|error| panic!("{error:?}: {}", statement.text()));
}

#[test]
fn the_deepest_filters_are_taken() {
    let deep = (0..31).fold("title eq \"x\"".to_owned(), |inner, at| match at % 3 {
        0 => format!("not ({inner})"),
        1 => format!("(nickName co \"y\" and {inner})"),
        _ => format!("(userName eq \"z\" or {inner})"),
    });
    runs("User", &predicate(&kind("User"), &deep));
    let nots = (0..31).fold("emails[not (value sw \"x\")]".to_owned(), |inner, _| {
        format!("not ({inner})")
    });
    runs("User", &predicate(&kind("User"), &nots));
}

#[test]
fn the_longest_filters_are_taken() {
    for word in [" and ", " or "] {
        let terms: Vec<String> = (0..3000).map(|at| format!("title ne \"{at}\"")).collect();
        runs("User", &predicate(&kind("User"), &terms.join(word)));
        let terms: Vec<String> = (0..256)
            .map(|at| format!("emails[type eq \"a\" and value sw \"{at}\"]"))
            .collect();
        runs("User", &predicate(&kind("User"), &terms.join(word)));
    }
}

#[test]
fn an_operand_that_is_prepared_in_another_way_is_unsupported() {
    let kind = kind("User");
    let Predicate::Compare(test) = predicate(&kind, "title eq \"x\"") else {
        panic!("a comparison is one")
    };
    let exact = Test::new(
        test.locator,
        CompareOp::Equal,
        Operand::Text("x".into(), TextMode::Exact),
    );
    let map = map(&kind);
    let mut statement = Statement::new(Engine::Sqlite);
    let mut compiler = Compiler::new(&kind, &map, "t", &mut statement);
    let outcome = compiler.condition(&Predicate::Compare(exact), true);
    assert!(matches!(outcome, Err(StoreError::Unsupported { what }) if what == "title"));
}

#[test]
fn terms_that_are_the_same_are_written_once() {
    let kind = kind("User");
    let text = |filter: &str| {
        let map = map(&kind);
        let mut statement = Statement::new(Engine::Sqlite);
        Compiler::new(&kind, &map, "t", &mut statement)
            .condition(&predicate(&kind, filter), true)
            .unwrap();
        statement.text().to_owned()
    };
    let one = "emails[type eq \"a\" and not (value sw \"b\")]";
    for word in ["and", "or"] {
        let many = [one; 20].join(&format!(" {word} "));
        assert_eq!(text(&many), text(one));
        let others = [
            &one.replace("\"a\"", "\"c\""),
            &one.replace("sw", "ew"),
            &one.replace("emails", "ims"),
        ];
        for other in others {
            assert_ne!(text(&format!("{one} {word} {other}")), text(one), "{other}");
        }
    }
    assert_ne!(text("title eq \"x\" or title eq null"), text("title eq null"));
    assert_ne!(text("not (title pr) and title pr"), text("title pr"));
}

#[test]
fn nothing_that_was_sent_is_in_the_text() {
    let kind = kind("User");
    let hostile =
        "userName eq \"zq'; --\" or emails[value co \"zq\\\\\"] or meta.version sw \"zq\" or title ew \"zq{tenant}\"";
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let map = crate::map::table_map(&kind, &scim_conformance::differential::kinds(), "", engine);
        let mut statement = Statement::new(engine);
        Compiler::new(&kind, &map, "zq", &mut statement)
            .condition(&predicate(&kind, hostile), true)
            .unwrap();
        assert!(!statement.text().contains("zq"), "{}", statement.text());
    }
}

#[test]
fn an_identifier_of_the_engine_s_own_type_is_looked_up_by_its_index() {
    let kind = kind("User");
    let text = |form: Form, filter: &str| {
        let mut map = crate::map::table_map(&kind, &scim_conformance::differential::kinds(), "", Engine::Postgres);
        map.id = Column::new("r.key", form);
        let mut statement = Statement::new(Engine::Postgres);
        Compiler::new(&kind, &map, "t", &mut statement)
            .condition(&predicate(&kind, filter), true)
            .unwrap();
        statement.text().to_owned()
    };
    let key = |native, prefix: &str| Form::Key {
        native,
        prefix: prefix.to_owned(),
    };
    let uuid = "id eq \"0b5c1a2e-9f7d-4e0a-8a35-1f6f0c1d2e3f\"";
    assert_eq!(text(key(Native::Uuid, ""), uuid), "r.key = CAST($1 AS UUID)");
    // Only the text that the engine makes of a UUID is that of the identifier.
    assert_eq!(text(key(Native::Uuid, ""), &uuid.replace("0b", "0B")), "FALSE");
    assert_eq!(text(key(Native::Uuid, ""), "id ne \"x\""), "TRUE");
    assert_eq!(text(key(Native::Numeral, ""), "id eq \"12\""), "r.key = $1");
    assert_eq!(text(key(Native::Numeral, ""), "id eq \"+12\""), "FALSE");
    assert_eq!(text(key(Native::Numeral, "u"), "id eq \"u12\""), "r.key = $1");
    assert_eq!(text(key(Native::Numeral, "u"), "id eq \"12\""), "FALSE");
    assert_eq!(
        text(key(Native::Text, "u"), "id ne \"u12\""),
        "r.key IS DISTINCT FROM $1"
    );
}
