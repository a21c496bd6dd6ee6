//! Few values for each type of attribute, so that equal and nearly equal ones are frequent.

use std::sync::Arc;

use scim_core::schema::{Attribute, AttributeType};
use serde_json::{Map, Value, json};

use super::random::Random;

const TEXTS: [&str; 40] = [
    "",
    "a",
    "A",
    "ab",
    "AB",
    "aB",
    "b",
    "B",
    "ba",
    "abc",
    "work",
    "home",
    "Work",
    "é",
    "É",
    "e\u{301}",
    "e",
    "straße",
    "STRASSE",
    "strasse",
    "ss",
    "x y",
    " ",
    "%",
    "_",
    "a%b",
    "a_b",
    "'",
    "\"",
    "\\",
    "a'b",
    "😀",
    "\u{ffff}",
    "\u{10000}",
    "zz",
    "10",
    "9",
    "true",
    "null",
    "ｗｉｄｅ",
];

const NAMES: [&str; 10] = [
    "ann",
    "Ann",
    "BOB",
    "bob",
    "josé",
    "JOSÉ",
    "Straße",
    "strasse",
    "x y",
    "ｗｉｄｅ",
];

const TIMES: [&str; 14] = [
    "2011-05-13T04:42:34Z",
    "2011-05-13T04:42:34.000Z",
    "2011-05-13T06:42:34+02:00",
    "2011-05-13T04:42:34.000000001Z",
    "2011-05-13T04:42:33.999999999Z",
    "1969-12-31T23:59:59.5Z",
    "1969-12-31T23:59:60Z",
    "1970-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "-0044-03-15T12:00:00Z",
    "12345-01-01T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "2026-01-02T03:04:05.678Z",
    "2026-01-02T03:04:05.6789Z",
];

const WHOLE: [&str; 13] = [
    "0",
    "1",
    "-1",
    "2",
    "10",
    "9",
    "9007199254740992",
    "9007199254740993",
    "-9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775806",
    "18446744073709551615",
];

const DECIMALS: [&str; 16] = [
    "0",
    "-0.0",
    "0.5",
    "-0.5",
    "1",
    "1.0",
    "1.5",
    "1e300",
    "-1e300",
    "5e-324",
    "9007199254740992.0",
    "9007199254740993",
    "9223372036854775808.0",
    "18446744073709551615",
    "-9223372036854775808",
    "0.1",
];

const BINARIES: [&str; 5] = ["", "YQ==", "YWI=", "YWJj", "eWVz"];

const REFERENCES: [&str; 6] = [
    "",
    "https://example.com/A",
    "https://example.com/a",
    "https://example.com/a/b",
    "urn:example:a",
    "../Users/1",
];

/// A user name that no other number makes.
pub(super) fn user_name(random: &mut Random, number: usize) -> String {
    format!("{}{number}", random.text(&NAMES))
}

/// Some text; now and then one that no index takes.
pub(super) fn text(random: &mut Random) -> String {
    if random.chance(2) {
        let length = [999, 1000, 1001, 3000].get(random.below(4)).copied().unwrap_or(1000);
        return format!("{}{}", "l".repeat(length), random.text(&["", "a", "B"]));
    }
    random.text(&TEXTS).to_owned()
}

/// A value that an attribute may have, without its list.
pub(super) fn simple(kind: AttributeType, random: &mut Random) -> Value {
    match kind {
        AttributeType::Boolean => random.chance(50).into(),
        AttributeType::Integer => number(random.text(&WHOLE)),
        AttributeType::Decimal => number(random.text(&DECIMALS)),
        AttributeType::DateTime => random.text(&TIMES).into(),
        AttributeType::Binary => random.text(&BINARIES).into(),
        AttributeType::Reference => random.text(&REFERENCES).into(),
        AttributeType::Complex | AttributeType::String => text(random).into(),
    }
}

/// An operand for a filter, as it is written there.
pub(super) fn operand(kind: AttributeType, random: &mut Random) -> String {
    match kind {
        AttributeType::Integer | AttributeType::Decimal if random.chance(50) => random.text(&DECIMALS).to_owned(),
        AttributeType::Integer | AttributeType::Decimal => random.text(&WHOLE).to_owned(),
        kind => simple(kind, random).to_string(),
    }
}

/// A value of an attribute with those of its sub-attributes that are allowed; `path` is that of the attribute.
pub(super) fn value(attribute: &Attribute, path: &str, allow: &dyn Fn(&str) -> bool, random: &mut Random) -> Value {
    if !attribute.multi_valued {
        return single(attribute, path, allow, random);
    }
    let count = random.below(4);
    let list = (0..count).map(|_| single(attribute, path, allow, random));
    list.collect()
}

fn single(attribute: &Attribute, path: &str, allow: &dyn Fn(&str) -> bool, random: &mut Random) -> Value {
    if !attribute.is_complex() {
        return simple(attribute.kind, random);
    }
    let mut object = Map::new();
    for sub in &attribute.sub_attributes {
        let path = format!("{path}.{}", sub.name);
        let wanted = if sub.name == "value" { 80 } else { 45 };
        if allow(&path) && random.chance(wanted) {
            object.insert(sub.name.clone(), value(sub, &path, allow, random));
        }
    }
    Value::Object(object)
}

/// A body of attributes, each of which is there or not.
pub(super) fn body(
    attributes: &[Arc<Attribute>],
    prefix: &str,
    allow: &dyn Fn(&str) -> bool,
    random: &mut Random,
) -> Map<String, Value> {
    let mut body = Map::new();
    for attribute in attributes {
        let path = format!("{prefix}{}", attribute.name);
        if allow(&path) && random.chance(35) {
            body.insert(attribute.name.clone(), value(attribute, &path, allow, random));
        }
    }
    body
}

fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(0))
}
