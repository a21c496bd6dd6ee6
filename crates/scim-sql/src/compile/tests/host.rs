//! Tables of a host's, with every form of column, against the evaluator.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{Connection, params};
use scim_conformance::block_on;
use scim_core::{
    filter::Predicate,
    fold::fold,
    query::Page,
    resource::Resource,
    schema::{Attribute, ResourceType, Schema},
    sort::SortKey,
};
use scim_store::StoreError;
use serde_json::{Value, json};

use super::{predicate, query};
use crate::{
    Engine,
    compile::Search,
    map::{Column, Form, Native, Rows, Source, TableMap},
    sqlite::SqliteSession,
};

fn gadget() -> Arc<ResourceType> {
    let schema = Schema::builder("urn:example:params:scim:schemas:core:2.0:Gadget", "Gadget")
        .attribute(Attribute::string("serial").case_exact())
        .attribute(Attribute::string("name"))
        .attribute(Attribute::integer("count"))
        .attribute(Attribute::date_time("seen"))
        .attribute(Attribute::boolean("on"))
        .attribute(Attribute::boolean("off"))
        .attribute(Attribute::string("level"))
        .attribute(Attribute::string("maker"))
        .attribute(Attribute::string("unknown"))
        .attribute(
            Attribute::complex("spot")
                .sub_attribute(Attribute::string("town"))
                .sub_attribute(Attribute::integer("number")),
        )
        .attribute(
            Attribute::complex("parts")
                .multi_valued()
                .sub_attribute(Attribute::string("value"))
                .sub_attribute(Attribute::string("type"))
                .sub_attribute(Attribute::boolean("primary")),
        )
        .attribute(Attribute::string("tags").multi_valued())
        .build()
        .unwrap();
    ResourceType::builder("Gadget", "/Gadgets", schema).build().unwrap()
}

fn map() -> Arc<TableMap> {
    let column = |sql: &str, form: Form| Source::Column(Column::new(sql, form));
    let folded = |sql: &str| {
        let prepared = format!("{sql}_key");
        Column::new(sql, Form::Folded { prepared })
    };
    let rows = |from: &str, alias: &str| Rows {
        from: format!("{from} {alias}"),
        near: format!("{alias}.gadget"),
        row: "g.id".to_owned(),
        within: "TRUE".to_owned(),
        order: format!("{alias}.n"),
    };
    let parts = HashMap::from([
        ("value".to_owned(), folded("p.name").indexed()),
        (
            "type".to_owned(),
            Column::new("'spare'", Form::Constant("Spare".into())),
        ),
        ("primary".to_owned(), Column::new("p.main", Form::Bool)),
    ]);
    let tags = HashMap::from([("value".to_owned(), folded("t.tag"))]);
    let levels = [("1", json!("low")), ("2", json!("High")), ("3", json!(""))];
    let levels = levels.map(|(code, value)| (code.to_owned(), value));
    let states = [("enabled", json!(true)), ("disabled", json!(false))].map(|(code, value)| (code.to_owned(), value));
    let sources = [
        ("serial", column("g.serial", Form::Exact)),
        ("name", Source::Column(folded("g.name").indexed())),
        ("count", column("g.count", Form::Int)),
        ("seen", column("g.seen", Form::Millis)),
        ("on", column("g.on_", Form::Bool)),
        ("off", column("g.state", Form::Coded(states.to_vec()))),
        ("level", column("g.level", Form::Coded(levels.to_vec()))),
        ("maker", column("", Form::Constant("ACME".into()))),
        ("spot.town", Source::Column(folded("g.town"))),
        ("spot.number", column("g.number", Form::Int)),
        (
            "parts",
            Source::Child {
                rows: rows("part", "p"),
                subs: parts,
            },
        ),
        (
            "tags",
            Source::Child {
                rows: rows("tag", "t"),
                subs: tags,
            },
        ),
    ];
    Arc::new(TableMap {
        from: "gadget g".to_owned(),
        visible: "g.org = {tenant} AND NOT g.secret".to_owned(),
        columns: vec!["g.serial".to_owned()],
        id: Column::new(
            "g.id",
            Form::Key {
                native: Native::Numeral,
                prefix: String::new(),
            },
        )
        .indexed()
        .filled(),
        place: "g.id".to_owned(),
        across: None,
        total: None,
        stretches: None,
        sources: sources
            .into_iter()
            .map(|(path, source)| (path.to_owned(), source))
            .collect(),
        document: None,
        members: None,
        memberships: None,
    })
}

/// A row of the tables, and what the evaluator sees of it.
fn fill(connection: &Connection) -> Vec<(i64, Resource)> {
    connection
        .execute_batch(
            "CREATE TABLE gadget (id INTEGER PRIMARY KEY, org TEXT NOT NULL, secret INTEGER NOT NULL, serial TEXT, name TEXT,
               name_key TEXT, count INTEGER, seen INTEGER, on_ INTEGER, state TEXT, level INTEGER, town TEXT, town_key TEXT,
               number INTEGER);
             CREATE TABLE part (gadget INTEGER NOT NULL, n INTEGER NOT NULL, name TEXT, name_key TEXT, main INTEGER);
             CREATE TABLE tag (gadget INTEGER NOT NULL, n INTEGER NOT NULL, tag TEXT, tag_key TEXT);
             INSERT INTO gadget (id, org, secret, serial) VALUES (1000, 'other', FALSE, 'a'), (1001, 'org', TRUE, 'a');",
        )
        .unwrap();
    let texts = [
        None,
        Some("a"),
        Some("A"),
        Some("ab"),
        Some(""),
        Some("É"),
        Some("%"),
        Some("zz"),
    ];
    let numbers = [
        None,
        Some(0),
        Some(1),
        Some(-1),
        Some(i64::MAX),
        Some(i64::MIN),
        Some(9_007_199_254_740_993),
    ];
    let times = [
        None,
        Some(0),
        Some(1_500),
        Some(-1),
        Some(-1_500),
        Some(1_700_000_000_123),
    ];
    let mut resources = Vec::new();
    for id in 1..=60_usize {
        let text = |by: usize| texts[(id * by + id / 7) % texts.len()];
        let (count, number) = (numbers[id * 3 % numbers.len()], numbers[(id * 5 + 1) % numbers.len()]);
        let number = number.filter(|_| id % 3 != 0);
        let seen: Option<i64> = times[id % times.len()];
        let on = [None, Some(true), Some(false)][id % 3];
        let state = [None, Some("enabled"), Some("disabled"), Some("else")][id % 4];
        let level = [None, Some(1), Some(2), Some(3), Some(4)][id % 5];
        let (serial, name, town) = (text(1), text(3), text(5).filter(|_| id % 4 != 0));
        let key = |text: Option<&str>| text.map(|text| fold(text).into_owned());
        connection
            .execute(
                "INSERT INTO gadget VALUES (?, 'org', FALSE, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    id as i64,
                    serial,
                    name,
                    key(name),
                    count,
                    seen,
                    on,
                    state,
                    level,
                    town,
                    key(town),
                    number
                ],
            )
            .unwrap();
        let mut body = json!({
            "id": id.to_string(), "serial": serial, "name": name, "count": count, "on": on, "maker": "ACME",
            "seen": seen.map(|seen| scim_core::datetime::format(&chrono::DateTime::from_timestamp_millis(seen).unwrap())),
            "off": match state { Some("enabled") => Some(true), Some("disabled") => Some(false), _ => None },
            "level": match level { Some(1) => Some("low"), Some(2) => Some("High"), Some(3) => Some(""), _ => None },
        });
        if town.is_some() || number.is_some() {
            body["spot"] = without_nulls(json!({ "town": town, "number": number }));
        }
        let (mut parts, mut tags) = (Vec::new(), Vec::new());
        for n in 0..id % 4 {
            let (name, tag) = (text(n + 2), text(n + 4));
            let main = [None, Some(false), Some(true)][(id + n) % 3];
            let row = params![id as i64, n as i64, name, key(name), main];
            connection
                .execute("INSERT INTO part VALUES (?, ?, ?, ?, ?)", row)
                .unwrap();
            let row = params![id as i64, n as i64, tag, key(tag)];
            connection.execute("INSERT INTO tag VALUES (?, ?, ?, ?)", row).unwrap();
            parts.push(without_nulls(
                json!({ "value": name, "type": "Spare", "primary": main }),
            ));
            tags.push(json!(tag));
        }
        if !parts.is_empty() {
            body["parts"] = parts.into();
            body["tags"] = tags.into();
        }
        let Value::Object(body) = without_nulls(body) else {
            panic!("an object")
        };
        resources.push((id as i64, Resource::from_canonical(body)));
    }
    resources
}

fn without_nulls(value: Value) -> Value {
    let Value::Object(map) = value else { return value };
    Value::Object(map.into_iter().filter(|(_, value)| !value.is_null()).collect())
}

fn tests() -> Vec<String> {
    const ALL: [&str; 9] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];
    let mut tests = Vec::new();
    let mut add = |path: &str, operators: &[&str], operands: &[&str]| {
        tests.push(format!("{path} pr"));
        tests.extend(["eq", "ne"].map(|operator| format!("{path} {operator} null")));
        for operator in operators {
            tests.extend(operands.iter().map(|operand| format!("{path} {operator} {operand}")));
        }
    };
    let texts = [
        "\"a\"",
        "\"A\"",
        "\"\"",
        "\"b\"",
        "\"é\"",
        "\"%\"",
        "\"z\"",
        "\"a\\u0000\"",
        "\"high\"",
        "\"spare\"",
        "\"ACME\"",
    ];
    for path in [
        "serial",
        "name",
        "level",
        "maker",
        "spot.town",
        "parts",
        "parts.value",
        "parts.type",
        "tags",
    ] {
        add(path, &ALL, &texts);
    }
    add("id", &ALL, &["\"1\"", "\"01\"", "\"7\"", "\"x\"", "\"10\""]);
    let numbers = [
        "0",
        "1",
        "-1",
        "0.5",
        "-0.5",
        "9007199254740993",
        "9007199254740992.0",
        "1e300",
        "-1e300",
        "9223372036854775807",
    ];
    for path in ["count", "spot.number"] {
        add(path, &["eq", "ne", "gt", "ge", "lt", "le"], &numbers);
    }
    let times = [
        "\"1970-01-01T00:00:00Z\"",
        "\"1970-01-01T00:00:01.5Z\"",
        "\"1970-01-01T00:00:01.5001Z\"",
        "\"1969-12-31T23:59:59.9995Z\"",
        "\"1969-12-31T23:59:58.5Z\"",
        "\"12345-01-01T00:00:00Z\"",
    ];
    add("seen", &["eq", "ne", "gt", "ge", "lt", "le"], &times);
    for path in ["on", "off", "parts.primary"] {
        add(path, &["eq", "ne"], &["true", "false"]);
    }
    for whole in [
        "spot pr",
        "parts pr",
        "tags pr",
        "meta pr",
        "meta.resourceType eq \"gadget\"",
        "meta.resourceType eq \"Gadget\"",
        "spot[town eq \"a\"]",
        "spot[not (town eq \"a\")]",
        "spot[number gt 0 or town pr]",
        "parts[value eq \"a\"]",
        "parts[value eq \"a\" and primary eq true]",
        "parts[not (value eq \"a\")]",
        "parts[not (primary eq true) and type eq \"SPARE\"]",
        "parts[value pr and not (primary pr)]",
        "tags[value sw \"a\"]",
        "tags[not (value pr)]",
        "name eq \"a\" and (count gt 0 or tags eq \"zz\")",
        "not (name eq \"a\" or parts.primary eq true)",
    ] {
        tests.push(whole.to_owned());
    }
    let nots: Vec<String> = tests.iter().map(|test| format!("not ({test})")).collect();
    tests.extend(nots);
    tests
}

#[test]
fn every_form_of_column_answers_as_the_evaluator_does() {
    let connection = Connection::open_in_memory().unwrap();
    let resources = fill(&connection);
    let (kind, map, mut session) = (gadget(), map(), SqliteSession::new(connection));
    let mut found = 0;
    for filter in tests() {
        let query = query(&kind, Some(&filter), None, Page::Index { start: 1, count: 1000 });
        let search = Search::new(Engine::Sqlite, "org", &query, |_| Some(Arc::clone(&map))).unwrap();
        let answer = block_on(search.run(&mut session)).unwrap();
        let places: Vec<i64> = answer.rows.iter().map(|(_, row)| row.int(1).unwrap()).collect();
        let predicate: Predicate = predicate(&kind, &filter);
        let head = |resource: &Resource| {
            let id = scim_core::ResourceId::new(resource.text("id").unwrap());
            resource
                .clone()
                .with_meta(&kind, &scim_core::resource::Head::new(id, chrono::DateTime::default()))
        };
        let expected = resources
            .iter()
            .filter(|(_, resource)| predicate.matches(&head(resource)));
        let expected: Vec<i64> = expected.map(|(id, _)| *id).collect();
        assert_eq!(places, expected, "{filter}");
        found += usize::from(!expected.is_empty());
    }
    assert!(found > 200, "{found}");
}

#[test]
fn every_form_of_column_is_an_order() {
    let connection = Connection::open_in_memory().unwrap();
    let resources = fill(&connection);
    let (kind, map, mut session) = (gadget(), map(), SqliteSession::new(connection));
    for path in [
        "id",
        "serial",
        "name",
        "count",
        "seen",
        "on",
        "off",
        "level",
        "maker",
        "spot.town",
        "spot.number",
        "parts",
        "parts.type",
        "parts.primary",
        "tags",
        "meta.resourceType",
    ] {
        for descending in [false, true] {
            let mut query = query(&kind, None, Some(path), Page::Index { start: 1, count: 1000 });
            query.descending = descending;
            let locator = query.targets[0].sort.clone().unwrap();
            let mut expected: Vec<(SortKey, i64)> = resources
                .iter()
                .map(|(id, resource)| (SortKey::of(resource, &locator), *id))
                .collect();
            expected.sort_by(|(one, first), (two, second)| {
                let by_key = if descending { two.cmp(one) } else { one.cmp(two) };
                by_key.then(first.cmp(second))
            });
            let expected: Vec<i64> = expected.into_iter().map(|(_, id)| id).collect();
            for count in [1000, 7] {
                let (mut after, mut walked) = (None, Vec::new());
                loop {
                    query.page = Page::Cursor { after, count };
                    let search = Search::new(Engine::Sqlite, "org", &query, |_| Some(Arc::clone(&map))).unwrap();
                    let answer = block_on(search.run(&mut session)).unwrap();
                    walked.extend(answer.rows.iter().map(|(_, row)| row.int(1).unwrap()));
                    after = answer.next;
                    if after.is_none() {
                        break;
                    }
                }
                assert_eq!(walked, expected, "{path} {descending} {count}");
            }
        }
    }
}

#[test]
fn what_is_not_mapped_is_unsupported_by_its_name() {
    let (kind, map) = (gadget(), map());
    for filter in [
        "unknown eq \"x\"",
        "not (unknown pr)",
        "name eq \"a\" or unknown co \"x\"",
    ] {
        let query = query(&kind, Some(filter), None, Page::Index { start: 1, count: 1 });
        let outcome = Search::new(Engine::Sqlite, "org", &query, |_| Some(Arc::clone(&map)))
            .map(|search| search.page_of_one(&search.sides[0], &search.start().0, 1).map(drop));
        let outcome = outcome.and_then(|page| page);
        assert!(
            matches!(outcome, Err(StoreError::Unsupported { what }) if what == "unknown"),
            "{filter}"
        );
    }
    let query = query(&kind, None, Some("unknown"), Page::Index { start: 1, count: 1 });
    let outcome = Search::new(Engine::Sqlite, "org", &query, |_| Some(Arc::clone(&map)));
    assert!(matches!(outcome, Err(StoreError::Unsupported { what }) if what == "unknown"));
}
