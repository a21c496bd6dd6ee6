//! Resources as the documents that searches look at.
//!
//! A document is the resource's attributes with each value prepared for comparison, as text: folded as the attribute says,
//! points in time and numbers as [sortable](scim_core::sortable) text, Booleans as `true` and `false`. So every comparison is one of texts,
//! byte by byte, and the same in all engines. Lists hold objects only; a simple value stands in one under `value`. A value
//! that compares with nothing but is not empty (a list in a list, a point in time that is none) leaves no text, but the
//! [mark] of its name; an object without any value that is not empty has the mark of no name.

use std::{borrow::Cow, sync::Arc};

use chrono::{DateTime, Utc};
use scim_core::{
    datetime,
    fold::fold,
    resource::{Resource, lookup_key},
    schema::{Attribute, AttributeType, ResourceType},
    sortable,
};
use serde_json::{Map, Value};

/// The name under which the folded label stands, where it is not what display name or user name are prepared to.
pub(crate) const LABEL: &str = "!label";

/// The document of a resource, as JSON text, without the paths that have a column or table of their own.
pub(crate) fn document(kind: &ResourceType, resource: &Resource, has_own: &dyn Fn(&str) -> bool) -> String {
    let attributes = resource.attributes();
    let mut document = prepare_all(kind.attributes(), attributes, "", has_own);
    for extension in kind.extensions() {
        let urn = &extension.schema.id;
        if let Some(Value::Object(values)) = attributes.get(urn) {
            let attributes = &extension.schema.attributes;
            let values = prepare_all(attributes, values, &format!("{urn}:"), has_own);
            if !values.is_empty() {
                document.insert(key(urn).into_owned(), Value::Object(values));
            }
        }
    }
    if let Some(label) = unusual_label(kind, resource) {
        document.insert(LABEL.to_owned(), label.into());
    }
    Value::Object(document).to_string()
}

/// The name in a document; quotes and backslashes cannot be in a path of every engine.
pub(crate) fn key(name: &str) -> Cow<'_, str> {
    if name.contains(['"', '\\']) {
        Cow::Owned(name.replace('"', "%22").replace('\\', "%5C"))
    } else {
        Cow::Borrowed(name)
    }
}

/// The name that marks a value without text.
pub(crate) fn mark(name: &str) -> String {
    format!("{name}!")
}

/// Whole milliseconds since 1970, as rows keep them and as [`datetime::format`] shows them.
pub(crate) fn millis(time: &DateTime<Utc>) -> i64 {
    let millis = time.timestamp_subsec_millis().min(999);
    time.timestamp().saturating_mul(1000).saturating_add(i64::from(millis))
}

fn prepare_all(
    attributes: &[Arc<Attribute>],
    values: &Map<String, Value>,
    prefix: &str,
    has_own: &dyn Fn(&str) -> bool,
) -> Map<String, Value> {
    let mut prepared = Map::new();
    for attribute in attributes {
        let Some(value) = values.get(&attribute.name).filter(|_| is_kept(attribute, prefix)) else {
            continue;
        };
        let path = format!("{prefix}{}", attribute.name);
        if has_own(&path) {
            continue;
        }
        if attribute.multi_valued {
            prepare_list(attribute, value, &mut prepared);
        } else if let (AttributeType::Complex, Value::Object(subs)) = (attribute.kind, value) {
            let is_elsewhere = |sub: &str| has_own(&format!("{path}.{sub}"));
            prepared.insert(attribute.name.clone(), prepare_object(attribute, subs, is_elsewhere));
        } else {
            prepare_leaf(attribute, value, &mut prepared);
        }
    }
    prepared
}

/// What is never read cannot be searched by; identifier, `meta` and relations stand elsewhere.
fn is_kept(attribute: &Attribute, prefix: &str) -> bool {
    attribute.is_readable() && !(prefix.is_empty() && matches!(attribute.name.as_str(), "id" | "meta"))
}

fn prepare_list(attribute: &Attribute, value: &Value, prepared: &mut Map<String, Value>) {
    let one = std::slice::from_ref(value);
    let list = match value {
        Value::Null => return,
        Value::Array(list) => list.as_slice(),
        _ => one,
    };
    let list: Vec<Value> = list.iter().map(|element| prepare_element(attribute, element)).collect();
    if !list.is_empty() {
        prepared.insert(attribute.name.clone(), list.into());
    }
}

fn prepare_element(attribute: &Attribute, element: &Value) -> Value {
    match element {
        Value::Object(subs) if attribute.is_complex() => prepare_object(attribute, subs, |_| false),
        simple if attribute.is_complex() && simple.is_null() => prepare_object(attribute, &Map::new(), |_| false),
        simple => {
            let mut value = attribute.clone();
            "value".clone_into(&mut value.name);
            let mut prepared = Map::new();
            prepare_leaf(&value, simple, &mut prepared);
            Value::Object(prepared)
        }
    }
}

fn prepare_object(attribute: &Attribute, subs: &Map<String, Value>, is_elsewhere: impl Fn(&str) -> bool) -> Value {
    let mut prepared = Map::new();
    for sub in &attribute.sub_attributes {
        let Some(value) = subs
            .get(&sub.name)
            .filter(|_| sub.is_readable() && !is_elsewhere(&sub.name))
        else {
            continue;
        };
        if sub.multi_valued {
            prepare_list(sub, value, &mut prepared);
            if !is_empty(value) {
                prepared.insert(mark(&sub.name), true.into());
            }
        } else {
            prepare_leaf(sub, value, &mut prepared);
        }
    }
    if subs.values().all(is_empty) {
        prepared.insert(mark(""), true.into());
    }
    Value::Object(prepared)
}

fn prepare_leaf(attribute: &Attribute, value: &Value, prepared: &mut Map<String, Value>) {
    use AttributeType::{Binary, Boolean, Complex, DateTime, Decimal, Integer, Reference, String};
    let text = match (attribute.kind, value) {
        (_, Value::Null) => return,
        (Boolean, Value::Bool(value)) => Some(value.to_string()),
        (Decimal | Integer, Value::Number(value)) => Some(sortable::number(value)),
        (DateTime, Value::String(text)) => datetime::parse(text).map(|time| sortable::time(&time)),
        (Binary | Reference | String, Value::String(text)) => Some(lookup_key(attribute, text).into_owned()),
        (Binary | Boolean | Complex | DateTime | Decimal | Integer | Reference | String, _) => None,
    };
    match text {
        Some(text) => prepared.insert(attribute.name.clone(), text.into()),
        None if is_empty(value) => None,
        None => prepared.insert(mark(&attribute.name), true.into()),
    };
}

/// As scim-core has it (RFC 7643 section 2.5).
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.iter().all(is_empty),
        Value::Object(map) => map.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The folded label, unless it is what is found without it: the prepared display name, else the prepared user name.
fn unusual_label(kind: &ResourceType, resource: &Resource) -> Option<String> {
    let name = ["displayName", "userName"]
        .into_iter()
        .find(|name| resource.text(name).is_some())?;
    let text = resource.text(name)?;
    let folded = fold(text);
    let usual = kind
        .attribute(name)
        .filter(|attribute| attribute.is_readable() && attribute.kind == AttributeType::String)
        .map(|attribute| lookup_key(attribute, text));
    (usual.as_deref() != Some(folded.as_ref())).then(|| folded.into_owned())
}

#[cfg(test)]
mod tests {
    use scim_conformance::differential::{PROBE, kinds};
    use serde_json::json;

    use super::*;
    use crate::{Engine, map::table_map};

    fn prepared(name: &str, attributes: Value) -> Value {
        let kinds = kinds();
        let kind = kinds.by_name(name).unwrap();
        let map = table_map(kind, &kinds, "", Engine::Sqlite);
        let Value::Object(attributes) = attributes else {
            panic!("an object")
        };
        let resource = Resource::from_canonical(attributes);
        serde_json::from_str(&document(kind, &resource, &|path| map.has_own(path))).unwrap()
    }

    #[test]
    fn values_are_prepared_as_their_attributes_say() {
        let user = json!({
            "id": "1", "userName": "ANN", "active": true, "displayName": "STRASSE", "externalId": "X",
            "emails": [{ "value": "A@B", "primary": true }, {}],
            PROBE: { "count": 1, "exact": "Aa", "flag": false, "tags": ["A", ""], "since": "1970-01-01T00:00:00Z" },
        });
        let one = sortable::number(&1.into());
        let start = sortable::time(&DateTime::default());
        let expected = json!({
            "displayName": "strasse", "externalId": "X",
            "emails": [{ "value": "a@b", "primary": "true" }, { "!": true }],
            PROBE: { "count": one, "exact": "Aa", "flag": "false", "tags": [{ "value": "a" }, { "value": "" }], "since": start },
        });
        assert_eq!(prepared("User", user), expected);
    }

    #[test]
    fn values_that_compare_with_nothing_leave_a_mark() {
        let user = json!({
            "userName": "a", "title": 7, "nickName": null, "locale": [], "emails": [],
            PROBE: {
                "since": "yesterday", "stamps": ["never", "1970-01-01T00:00:00Z"], "count": "",
                "place": { "lines": ["One"], "town": "" }, "codes": [{ "marks": [""] }],
            },
        });
        let start = sortable::time(&DateTime::default());
        let expected = json!({
            "title!": true,
            PROBE: {
                "since!": true, "stamps": [{ "value!": true }, { "value": start }],
                "place": { "lines": [{ "value": "one" }], "lines!": true, "town": "" },
                "codes": [{ "marks": [{ "value": "" }], "!": true }],
            },
        });
        assert_eq!(prepared("User", user), expected);
    }

    #[test]
    fn a_single_value_of_a_list_is_a_list_of_one() {
        let user = json!({ "userName": "a", "emails": { "value": "A" }, "schemas": "urn:x" });
        let expected = json!({ "emails": [{ "value": "a" }], "schemas": [{ "value": "urn:x" }] });
        assert_eq!(prepared("User", user), expected);
    }

    #[test]
    fn a_label_that_is_folded_in_another_way_is_kept() {
        assert_eq!(prepared("User", json!({ "userName": "ANN" })), json!({}));
        assert_eq!(
            prepared("User", json!({ "userName": "ＡＮＮ" })),
            json!({ LABEL: "ａｎｎ" })
        );
    }
}
