//! Bodies and values for property tests, and what holds for every canonical resource.

use std::sync::Arc;

use proptest::prelude::*;
use scim_core::schema::{Attribute, AttributeType, ResourceType};
use serde_json::{Map, Value, json};

/// A value that an attribute may have; sometimes none.
pub(crate) fn value_of(attribute: &Attribute) -> BoxedStrategy<Value> {
    let one = match attribute.kind {
        AttributeType::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        AttributeType::Integer => any::<i64>().prop_map(Value::from).boxed(),
        AttributeType::Decimal => (-1e6..1e6).prop_map(Value::from).boxed(),
        AttributeType::DateTime => Just(json!("2011-05-13T04:42:34Z")).boxed(),
        AttributeType::Binary => "([A-Za-z0-9+/]{4}){0,4}".prop_map(Value::from).boxed(),
        AttributeType::Reference | AttributeType::String => {
            "\\PC{0,8}|[a-z\"\\\\\n\u{2028}]{1,6}".prop_map(Value::from).boxed()
        }
        AttributeType::Complex => object_of(&attribute.sub_attributes),
    };
    let one = prop_oneof![8 => one, 1 => Just(Value::Null)];
    if attribute.multi_valued {
        prop::collection::vec(one, 0..4).prop_map(Value::Array).boxed()
    } else {
        one.boxed()
    }
}

/// An object with some of the attributes, in whatever case their names.
fn object_of(attributes: &[Arc<Attribute>]) -> BoxedStrategy<Value> {
    let members: Vec<_> = attributes
        .iter()
        .map(|attribute| {
            let name = attribute.name.clone();
            let name = prop_oneof![
                3 => Just(name.clone()),
                1 => Just(name.to_ascii_uppercase()),
            ];
            prop::option::weighted(0.4, (name, value_of(attribute)))
        })
        .collect();
    members
        .prop_map(|members| Value::Object(members.into_iter().flatten().collect()))
        .boxed()
}

/// A body for a type: what its schemas know, and something that they do not.
fn body_of(kind: &ResourceType) -> BoxedStrategy<Value> {
    let core: Vec<Arc<Attribute>> = kind
        .schema()
        .attributes
        .iter()
        .filter(|attribute| !attribute.required && !kind.is_relation(attribute))
        .map(Arc::clone)
        .collect();
    let extensions: Vec<_> = kind
        .extensions()
        .iter()
        .map(|extension| {
            let urn = extension.schema.id.clone();
            prop::option::of(object_of(&extension.schema.attributes)).prop_map(move |value| Some((urn.clone(), value?)))
        })
        .collect();
    let mut schemas = vec![Value::from(kind.schema().id.as_str())];
    schemas.extend(
        kind.extensions()
            .iter()
            .map(|extension| Value::from(extension.schema.id.as_str())),
    );
    let required: Vec<String> = kind
        .schema()
        .attributes
        .iter()
        .filter(|attribute| attribute.required)
        .map(|attribute| attribute.name.clone())
        .collect();
    (object_of(&core), extensions, prop::option::of("[a-z]{9}"), "[a-z]{1,8}")
        .prop_map(move |(core, extensions, unknown, text)| {
            let Value::Object(mut body) = core else { return core };
            body.extend(extensions.into_iter().flatten());
            body.extend(unknown.map(|name| (format!("x-{name}"), json!({ "a": [1] }))));
            body.extend(required.iter().map(|name| (name.clone(), Value::from(text.as_str()))));
            body.insert("externalId".to_owned(), text.into());
            body.insert("schemas".to_owned(), schemas.clone().into());
            Value::Object(body)
        })
        .boxed()
}

pub(crate) fn bodies() -> BoxedStrategy<(Arc<ResourceType>, Value)> {
    let body = |kind: Arc<ResourceType>| body_of(&kind).prop_map(move |body| (Arc::clone(&kind), body));
    prop_oneof![body(ResourceType::user()), body(ResourceType::group())].boxed()
}

pub(crate) fn any_json() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop_oneof![Just(""), Just("a"), Just("true"), Just("\0")].prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("userName"),
        Just("USERNAME"),
        Just("emails"),
        Just("name"),
        Just("value"),
        Just("schemas"),
        Just("manager"),
        Just("primary"),
        Just("type"),
        Just("addresses"),
        Just("password"),
        Just("meta"),
        Just("groups"),
        Just("active"),
        Just("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"),
        Just("displayName"),
        Just("members"),
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
    .boxed()
}

/// No nulls, no empty lists or objects, at most one primary.
pub(crate) fn assert_canonical(value: &Value) {
    match value {
        Value::Null => panic!("null"),
        Value::Array(list) => {
            assert!(!list.is_empty());
            let primaries = list
                .iter()
                .filter(|element| element.get("primary") == Some(&json!(true)));
            assert!(primaries.count() <= 1);
            list.iter().for_each(assert_canonical);
        }
        Value::Object(map) => {
            assert!(!map.is_empty());
            map.values().for_each(assert_canonical);
        }
        _ => {}
    }
}
