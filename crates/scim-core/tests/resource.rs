//! Resources: the examples of RFC 7643 section 8, and what holds for every resource.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by a panic")]

use std::sync::Arc;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use scim_core::{
    Dialect, Limits, ResourceId,
    resource::{Decoded, Encoder, Found, Head, Member, Membership, Projection, Resource, Stored},
    schema::{Attribute, Mutability, ResourceType, Schema, SchemaBuilder},
    typed::{Group, TypedResource, User},
    urn,
};
use serde_json::{Value, json};

mod support;

use support::{any_json, assert_canonical, bodies};

const BASE: &str = "https://example.com/v2";

const MINIMAL: &str = include_str!("data/rfc7643/user-minimal.json");
const FULL: &str = include_str!("data/rfc7643/user-full.json");
const ENTERPRISE: &str = include_str!("data/rfc7643/user-enterprise.json");
const GROUP: &str = include_str!("data/rfc7643/group.json");

fn examples() -> [(Arc<ResourceType>, Value); 4] {
    let example = |kind: Arc<ResourceType>, text: &str| (kind, serde_json::from_str(text).unwrap());
    [
        example(ResourceType::user(), MINIMAL),
        example(ResourceType::user(), FULL),
        example(ResourceType::user(), ENTERPRISE),
        example(ResourceType::group(), GROUP),
    ]
}

fn dialects() -> Vec<Dialect> {
    Dialect::NAMES.iter().filter_map(|name| Dialect::named(name)).collect()
}

fn decode(kind: &Arc<ResourceType>, body: Value, dialect: &Dialect) -> Result<Decoded, scim_core::InputError> {
    Decoded::decode(kind, body, dialect, &Limits::default())
}

/// The resource as clients get it, all that may be shown of it.
fn encode(kind: &Arc<ResourceType>, resource: &Resource) -> Value {
    let found = found(kind, resource);
    let bytes = Encoder::new(BASE).to_bytes(&found, &Projection::Default);
    serde_json::from_slice(&bytes).unwrap()
}

fn found(kind: &Arc<ResourceType>, resource: &Resource) -> Found {
    let id = ResourceId::new("2819c223-7f76-453a-919d-413861904646");
    let stored = Stored::new(kind, &id, resource);
    let now = DateTime::<Utc>::UNIX_EPOCH;
    Found::new(Arc::clone(kind), Head::new(id, now), stored)
}

#[test]
fn the_examples_of_the_rfc_are_read_by_every_dialect() {
    for (kind, example) in examples() {
        for dialect in dialects() {
            let decoded = decode(&kind, example.clone(), &dialect).unwrap();
            assert!(decoded.notes.is_empty(), "{}", dialect.name);
            assert_eq!(decoded.password.is_some(), example.get("password").is_some());
        }
    }
}

#[test]
fn the_examples_of_the_rfc_come_back_as_they_were() {
    for (kind, example) in examples() {
        let decoded = decode(&kind, example.clone(), &Dialect::rfc()).unwrap();
        let mut answer = encode(&kind, &decoded.resource);
        let mut expected = example;
        for body in [&mut answer, &mut expected] {
            let body = body.as_object_mut().unwrap();
            // Given by the service, by its store, or never shown.
            for name in ["id", "meta", "groups", "members", "password"] {
                body.remove(name);
            }
            if let Some(manager) = body
                .get_mut("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")
                .and_then(|enterprise| enterprise.get_mut("manager"))
            {
                manager.as_object_mut().unwrap().remove("displayName"); // readOnly
            }
        }
        assert_eq!(answer, expected);
    }
}

#[test]
fn relations_come_back_with_their_urls() {
    let users = [
        "2819c223-7f76-453a-919d-413861904646",
        "902c246b-6245-4190-8e05-00816be7344a",
    ];
    let names = ["Babs Jensen", "Mandy Pepperidge"];
    let (kind, example) = examples().into_iter().next_back().unwrap();
    let decoded = decode(&kind, example.clone(), &Dialect::rfc()).unwrap();
    let members: Vec<&str> = decoded
        .members
        .iter()
        .flatten()
        .map(|member| member.value.as_str())
        .collect();
    assert_eq!(members, users);
    let rows = users.iter().zip(names);
    let rows = rows.map(|(id, name)| Member::new((*id).into(), ResourceType::user(), Some(name.into())));
    let found = found(&kind, &decoded.resource).with_members(rows.collect());
    let answer: Value = serde_json::from_slice(&Encoder::new(BASE).to_bytes(&found, &Projection::Default)).unwrap();
    for (member, expected) in answer["members"]
        .as_array()
        .unwrap()
        .iter()
        .zip(example["members"].as_array().unwrap())
    {
        for name in ["value", "$ref"] {
            assert_eq!(member[name], expected[name]);
        }
        assert_eq!(member["type"], "User");
        // RFC 7643 section 8.7.1 defines no `display` of a member; a schema that does gets it.
        assert_eq!(member.get("display"), None);
    }
}

#[test]
fn members_show_their_names_where_the_schema_has_a_place_for_them() {
    let members = Attribute::complex("members")
        .multi_valued()
        .sub_attribute(Attribute::string("value").case_exact())
        .sub_attribute(Attribute::string("display").mutability(Mutability::ReadOnly));
    let schema = SchemaBuilder::from_schema(&Schema::group())
        .attribute(members)
        .build()
        .unwrap();
    let kind = ResourceType::builder("Group", "/Groups", schema)
        .members("members")
        .build()
        .unwrap();
    let body = json!({ "schemas": [urn::GROUP], "displayName": "Tour Guides" });
    let decoded = decode(&kind, body, &Dialect::rfc()).unwrap();
    let row = Member::new("2819c223".into(), ResourceType::user(), Some("Babs".into()));
    let found = found(&kind, &decoded.resource).with_members(vec![row]);
    let answer: Value = serde_json::from_slice(&Encoder::new(BASE).to_bytes(&found, &Projection::Default)).unwrap();
    assert_eq!(answer["members"][0]["display"], "Babs");
}

fn sees_itself<T: TypedResource>(kind: &Arc<ResourceType>, example: Value) -> T {
    let decoded = decode(kind, example, &Dialect::rfc()).unwrap();
    let view: T = decoded.resource.view().unwrap();
    assert_eq!(Resource::from_view(kind, &view).unwrap(), decoded.resource);
    view
}

#[test]
fn the_examples_of_the_rfc_are_seen_as_structs() {
    let [minimal, full, enterprise, group] = examples();
    let user: User = sees_itself(&minimal.0, minimal.1);
    assert_eq!(user, User::new("bjensen@example.com"));
    let user: User = sees_itself(&full.0, full.1);
    assert_eq!(
        user.name.as_ref().and_then(|name| name.family_name.as_deref()),
        Some("Jensen")
    );
    assert_eq!(user.primary_email(), Some("bjensen@example.com"));
    assert_eq!(user.x509_certificates.len(), 1);
    assert_eq!(user.phone_numbers[1].kind.as_deref(), Some("mobile"));
    assert!(user.is_active() && user.enterprise.is_none());
    let user: User = sees_itself(&enterprise.0, enterprise.1);
    let work = user.enterprise.unwrap();
    assert_eq!(work.cost_center.as_deref(), Some("4130"));
    assert_eq!(
        work.manager.unwrap().value.as_deref(),
        Some("26118915-6090-4610-87e4-49d8ca9f808d")
    );
    let group: Group = sees_itself(&group.0, group.1);
    assert_eq!(group.display_name.as_deref(), Some("Tour Guides"));
}

#[test]
fn whole_answers_are_seen_as_structs() {
    let (_, full) = examples().into_iter().nth(1).unwrap();
    let resource = Resource::from_canonical(serde_json::from_value(full).unwrap());
    let user: User = resource.view().unwrap();
    assert_eq!(user.id.as_deref(), Some("2819c223-7f76-453a-919d-413861904646"));
    assert_eq!(user.groups.len(), 3);
    assert_eq!(user.groups[0].display.as_deref(), Some("Tour Guides"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_read_is_canonical_and_reads_as_itself((kind, body) in bodies()) {
        for dialect in [Dialect::rfc(), Dialect::default()] {
            let once = decode(&kind, body.clone(), &dialect).unwrap();
            assert_canonical(&Value::Object(once.resource.attributes().clone()));
            let twice = decode(&kind, encode(&kind, &once.resource), &dialect).unwrap();
            prop_assert_eq!(&twice.resource, &once.resource);
            prop_assert!(twice.notes.is_empty());
        }
    }

    #[test]
    fn what_was_stored_is_what_was_read((kind, body) in bodies()) {
        let decoded = decode(&kind, body, &Dialect::default()).unwrap();
        let id = ResourceId::new("7");
        let stored = Stored::new(&kind, &id, &decoded.resource);
        let mut expected = decoded.resource;
        expected.attributes_mut().insert("id".to_owned(), "7".into());
        prop_assert_eq!(&stored.resource(), &expected);
        prop_assert_eq!(Stored::new(&kind, &id, &stored.resource()), stored);
    }

    #[test]
    fn views_lose_nothing_of_the_core((kind, body) in bodies()) {
        let decoded = decode(&kind, body, &Dialect::default()).unwrap();
        let again = match kind.name() {
            "User" => Resource::from_view(&kind, &decoded.resource.view::<User>().unwrap()),
            _ => Resource::from_view(&kind, &decoded.resource.view::<Group>().unwrap()),
        };
        prop_assert_eq!(again.unwrap(), decoded.resource);
    }

    #[test]
    fn asking_for_everything_by_name_is_asking_for_nothing_by_name((kind, body) in bodies()) {
        let decoded = decode(&kind, body, &Dialect::default()).unwrap();
        let group = Membership::new("g".into(), ResourceType::group(), Some("G".into()));
        let found = found(&kind, &decoded.resource).with_memberships(vec![group]);
        let names = kind.attributes().iter().map(|attribute| attribute.name.clone());
        let urns = kind.extensions().iter().map(|extension| extension.schema.id.clone());
        let names: Vec<String> = names.chain(urns).collect();
        let none: Option<std::iter::Empty<&str>> = None;
        let all = Projection::parse(Some(names.iter().map(String::as_str)), none).unwrap();
        let encoder = Encoder::new(BASE);
        let value = |want: &Projection| -> Value { serde_json::from_slice(&encoder.to_bytes(&found, want)).unwrap() };
        prop_assert_eq!(value(&all), value(&Projection::Default));
    }

    #[test]
    fn read_only_attributes_never_come_from_a_client((kind, body) in bodies(), value in any_json()) {
        let Value::Object(mut body) = body else { panic!() };
        let read_only = kind.attributes().iter().filter(|attribute| attribute.mutability == Mutability::ReadOnly);
        let names: Vec<String> = read_only.map(|attribute| attribute.name.clone()).collect();
        let expected = decode(&kind, Value::Object(body.clone()), &Dialect::rfc()).unwrap().resource;
        body.extend(names.into_iter().map(|name| (name, value.clone())));
        prop_assert_eq!(decode(&kind, Value::Object(body), &Dialect::rfc()).unwrap().resource, expected);
    }

    #[test]
    fn anything_is_read_or_refused(mut body in any_json()) {
        for (kind, _) in examples() {
            for dialect in dialects() {
                let _ = decode(&kind, body.clone(), &dialect);
            }
            if let Some(body) = body.as_object_mut() {
                body.insert("schemas".to_owned(), json!([kind.schema().id]));
                body.insert("userName".to_owned(), json!("a"));
            }
            for dialect in dialects() {
                if let Ok(decoded) = decode(&kind, body.clone(), &dialect) {
                    assert_canonical(&Value::Object(decoded.resource.attributes().clone()));
                }
            }
        }
    }
}
