//! PATCH: the examples of RFC 7644 section 3.5.2 with their results, and what holds for every operation.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by a panic")]

use std::sync::Arc;

use proptest::prelude::*;
use scim_core::{
    Applied, Dialect, Edit, InputError, Limits, ResourceId, ScimType,
    attr::AttrPath,
    patch::{PatchMessage, PatchOp, PatchOperation},
    resource::{Decoded, Member, MemberStep, Stored},
    schema::{Attribute, AttributeType, Mutability, ResourceType, Returned},
};
use serde_json::{Value, json};

mod support;

use support::{any_json, assert_canonical, bodies, value_of};

const BASE: &str = "https://example.com/v2";
const BABS: &str = "2819c223-7f76-453a-919d-413861904646";
const MANDY: &str = "902c246b-6245-4190-8e05-00816be7344a";
const JAMES: &str = "08e1d05d-121c-4561-8b96-473d93df9210";

fn stored(kind: &Arc<ResourceType>, body: Value) -> Stored {
    let decoded = Decoded::decode(kind, body, &Dialect::default(), &Limits::default()).unwrap();
    Stored::new(kind, &ResourceId::new("1"), &decoded.resource)
}

fn babs() -> Stored {
    let body = serde_json::from_str(include_str!("data/rfc7643/user-full.json")).unwrap();
    stored(&ResourceType::user(), body)
}

fn edit(kind: &Arc<ResourceType>, message: PatchMessage, dialect: &Dialect) -> Result<Edit, InputError> {
    let (kind, id) = (Arc::clone(kind), ResourceId::new("1"));
    Edit::patch(kind, id, message, Arc::new(dialect.clone()), &Limits::default(), BASE)
}

fn message(operations: Value) -> PatchMessage {
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
    PatchMessage::parse(body, &Dialect::rfc(), &Limits::default()).unwrap()
}

fn patch(before: &Stored, operations: Value) -> Result<Applied, InputError> {
    edit(&ResourceType::user(), message(operations), &Dialect::rfc())?.apply(before)
}

/// The attributes after a PATCH by the RFC's rules.
fn after(before: &Stored, operations: Value) -> Value {
    Value::Object(patch(before, operations).unwrap().after.into_attributes())
}

/// The members after a PATCH of a group of Babs and Mandy.
fn members(operations: Value) -> Vec<String> {
    let kind = ResourceType::group();
    let edit = edit(&kind, message(operations), &Dialect::rfc()).unwrap();
    assert!(!edit.touches_attributes());
    let member = |id: &str| Member::new(id.into(), ResourceType::user(), None);
    let mut members = vec![member(BABS), member(MANDY)];
    MemberStep::apply(edit.member_steps(), &mut members, |reference| {
        Ok::<_, InputError>(Some(member(reference.value.as_str())))
    })
    .unwrap();
    members.iter().map(|member| member.value.as_str().to_owned()).collect()
}

fn reference(id: &str, display: &str) -> Value {
    json!({ "display": display, "$ref": format!("{BASE}/Users/{id}"), "value": id })
}

#[test]
fn rfc_add_a_member() {
    let add = |id| members(json!([{ "op": "add", "path": "members", "value": [reference(id, "x")] }]));
    assert_eq!(add(JAMES), [BABS, MANDY, JAMES]);
    assert_eq!(add(BABS), [BABS, MANDY]);
}

#[test]
fn rfc_add_attributes_without_a_path() {
    let add = json!([{
        "op": "add",
        "value": { "emails": [{ "value": "babs@example.net", "type": "other" }], "nickname": "Babsie" },
    }]);
    let after = after(&babs(), add);
    let emails: Vec<&Value> = after["emails"]
        .as_array()
        .unwrap()
        .iter()
        .map(|email| &email["value"])
        .collect();
    assert_eq!(emails, ["bjensen@example.com", "babs@jensen.org", "babs@example.net"]);
    assert_eq!(after["nickName"], "Babsie");
}

#[test]
fn rfc_add_what_is_there_changes_nothing() {
    let add = json!([{
        "op": "add",
        "value": { "emails": [{ "value": "babs@jensen.org", "type": "home" }], "nickname": "Babs" },
    }]);
    assert!(patch(&babs(), add).unwrap().stored.is_none());
}

#[test]
fn rfc_remove_a_member() {
    let path = |id: &str| format!("members[value eq \"{id}\"]");
    let remove = |id| members(json!([{ "op": "remove", "path": path(id) }]));
    assert_eq!(remove(BABS), [MANDY]);
    assert_eq!(remove(JAMES), [BABS, MANDY]);
}

#[test]
fn rfc_remove_all_members() {
    assert!(members(json!([{ "op": "remove", "path": "members" }])).is_empty());
}

#[test]
fn rfc_remove_values_by_a_filter() {
    let path = "emails[type eq \"work\" and value ew \"example.com\"]";
    let after = after(&babs(), json!([{ "op": "remove", "path": path }]));
    assert_eq!(after["emails"], json!([{ "value": "babs@jensen.org", "type": "home" }]));
}

#[test]
fn rfc_remove_and_add_a_member() {
    let operations = json!([
        { "op": "remove", "path": format!("members[value eq \"{BABS}\"]") },
        { "op": "add", "path": "members", "value": [reference(JAMES, "James Smith")] },
    ]);
    assert_eq!(members(operations), [MANDY, JAMES]);
}

#[test]
fn rfc_remove_all_and_add_members() {
    let operations = json!([
        { "op": "remove", "path": "members" },
        { "op": "add", "path": "members", "value": [reference(BABS, "Babs Jensen"), reference(JAMES, "James Smith")] },
    ]);
    assert_eq!(members(operations), [BABS, JAMES]);
}

#[test]
fn rfc_replace_all_members() {
    let value = [reference(JAMES, "James Smith"), reference(BABS, "Babs Jensen")];
    let mut found = members(json!([{ "op": "replace", "path": "members", "value": value }]));
    found.sort();
    assert_eq!(found, [JAMES, BABS]);
}

#[test]
fn rfc_replace_a_whole_address() {
    let mut home_first = babs().resource().into_attributes();
    home_first["addresses"][1]["primary"] = true.into();
    home_first["addresses"][0]["primary"] = false.into();
    let before = stored(&ResourceType::user(), Value::Object(home_first));
    let address = json!({
        "type": "work",
        "streetAddress": "911 Universal City Plaza",
        "locality": "Hollywood",
        "region": "CA",
        "postalCode": "91608",
        "country": "US",
        "formatted": "911 Universal City Plaza\nHollywood, CA 91608 US",
        "primary": true
    });
    let replace = json!([{ "op": "replace", "path": "addresses[type eq \"work\"]", "value": address }]);
    let after = after(&before, replace);
    assert_eq!(after["addresses"][0], address);
    assert_eq!(after["addresses"][1]["type"], "home");
    assert_eq!(after["addresses"][1]["primary"], false);
}

#[test]
fn rfc_replace_a_street() {
    let path = "addresses[type eq \"work\"].streetAddress";
    let after = after(
        &babs(),
        json!([{ "op": "replace", "path": path, "value": "1010 Broadway Ave" }]),
    );
    assert_eq!(after["addresses"][0]["streetAddress"], "1010 Broadway Ave");
    assert_eq!(after["addresses"][0]["locality"], "Hollywood");
    assert_eq!(after["addresses"][1]["streetAddress"], "456 Hollywood Blvd");
}

#[test]
fn rfc_replace_attributes_without_a_path() {
    let emails = json!([{ "value": "b@example.com", "type": "work", "primary": true }, { "value": "b@jensen.org" }]);
    let replace = json!([{ "op": "replace", "value": { "emails": emails, "nickname": "Barb" } }]);
    let before = babs();
    let mut expected = Value::Object(before.resource().into_attributes());
    expected["emails"] = emails;
    expected["nickName"] = "Barb".into();
    expected["id"] = "1".into();
    assert_eq!(after(&before, replace), expected);
}

#[test]
fn rfc_rules_that_have_no_example() {
    let fault = |operation: Value| patch(&babs(), json!([operation])).unwrap_err().scim_type();
    assert_eq!(fault(json!({ "op": "remove" })), ScimType::NoTarget);
    assert_eq!(
        fault(json!({ "op": "remove", "path": "userName" })),
        ScimType::Mutability
    );
    assert_eq!(fault(json!({ "op": "remove", "path": "id" })), ScimType::Mutability);
    assert_eq!(fault(json!({ "op": "remove", "path": "groups" })), ScimType::Mutability);
    let nobody = json!({ "op": "replace", "path": "emails[type eq \"x\"].value", "value": "a" });
    assert_eq!(fault(nobody), ScimType::NoTarget);
    assert_eq!(
        fault(json!({ "op": "add", "path": "nope", "value": 1 })),
        ScimType::InvalidPath
    );
    assert_eq!(fault(json!({ "op": "add", "path": "title" })), ScimType::InvalidValue);

    let merged = after(
        &babs(),
        json!([{ "op": "replace", "path": "name", "value": { "givenName": "Barb" } }]),
    );
    assert_eq!(merged["name"]["givenName"], "Barb");
    assert_eq!(merged["name"]["familyName"], "Jensen");
    let added = after(
        &babs(),
        json!([{ "op": "replace", "path": "name.middleName", "value": "J" }]),
    );
    assert_eq!(added["name"]["middleName"], "J");
    let removed = after(
        &babs(),
        json!([{ "op": "remove", "path": "emails" }, { "op": "remove", "path": "title" }]),
    );
    assert_eq!((removed.get("emails"), removed.get("title")), (None, None));
    let last = after(&babs(), json!([{ "op": "remove", "path": "photos[value pr]" }]));
    assert_eq!(last.get("photos"), None);
}

#[test]
fn one_failure_undoes_all() {
    let before = babs();
    let operations = json!([
        { "op": "replace", "path": "title", "value": "Boss" },
        { "op": "replace", "path": "emails[type eq \"x\"].value", "value": "a" },
    ]);
    assert_eq!(patch(&before, operations).unwrap_err().scim_type(), ScimType::NoTarget);
    assert_eq!(before, babs());
}

#[test]
fn nothing_makes_no_element() {
    let before = stored(&ResourceType::user(), json!({ "userName": "a" }));
    for path in [
        "emails.value",
        "emails[type eq \"work\"].value",
        "emails[type eq \"work\"]",
    ] {
        let operation = PatchOperation::new(PatchOp::Add, Some(path), Some(Value::Null));
        let edit = edit(
            &ResourceType::user(),
            PatchMessage::new(vec![operation]),
            &Dialect::default(),
        )
        .unwrap();
        assert!(edit.apply(&before).unwrap().stored.is_none(), "{path}");
    }
}

#[test]
fn the_primary_of_many_is_the_same_when_sent_again() {
    let set = json!([{ "op": "replace", "path": "emails.primary", "value": true }]);
    for primaries in [[false, false], [true, false], [false, true]] {
        let emails = primaries.map(|primary| json!({ "value": "a", "primary": primary }));
        let before = stored(&ResourceType::user(), json!({ "userName": "a", "emails": emails }));
        let once = patch(&before, set.clone()).unwrap();
        let once = once.stored.unwrap_or(before);
        let emails = &once.resource().into_attributes()["emails"];
        let expected = primaries[1];
        assert_eq!([&emails[0]["primary"], &emails[1]["primary"]], [!expected, expected]);
        assert!(patch(&once, set.clone()).unwrap().stored.is_none());
    }
}

/// A path of the type, with the attribute at its end; sometimes one that leads nowhere.
fn paths(kind: &ResourceType) -> Vec<(Option<String>, Option<Arc<Attribute>>)> {
    let mut paths: Vec<(String, Option<Arc<Attribute>>)> = Vec::new();
    let mut add = |prefix: &str, attribute: &Arc<Attribute>| {
        let name = format!("{prefix}{}", attribute.name);
        let leaf = |attribute: &Arc<Attribute>| Some(Arc::clone(attribute));
        paths.push((name.clone(), leaf(attribute)));
        for sub in &attribute.sub_attributes {
            paths.push((format!("{name}.{}", sub.name), leaf(sub)));
            if attribute.multi_valued {
                paths.push((format!("{name}[type eq \"work\"].{}", sub.name), leaf(sub)));
            }
        }
        if attribute.multi_valued && attribute.is_complex() {
            for filter in [
                "type eq \"work\"",
                "value pr",
                "not (value eq \"a\")",
                "primary eq true and type eq \"b\"",
            ] {
                paths.push((format!("{name}[{filter}]"), leaf(attribute)));
            }
        }
    };
    for attribute in kind.attributes() {
        add("", attribute);
    }
    for extension in kind.extensions() {
        let schema = &extension.schema;
        for attribute in &schema.attributes {
            add(&format!("{}:", schema.id), attribute);
            add("", attribute);
        }
    }
    for extension in kind.extensions() {
        paths.push((extension.schema.id.clone(), None));
    }
    for odd in [
        "",
        "nope",
        "emails[",
        "emails[type eq]",
        "name[givenName pr]",
        "userName.x",
        "a.b.c",
        "emails[type eq 1].",
        "$",
    ] {
        paths.push((odd.to_owned(), None));
    }
    let none = std::iter::once((None, None));
    paths
        .into_iter()
        .map(|(path, leaf)| (Some(path), leaf))
        .chain(none)
        .collect()
}

fn operation(kind: &ResourceType) -> BoxedStrategy<PatchOperation> {
    let op = prop_oneof![Just(PatchOp::Add), Just(PatchOp::Remove), Just(PatchOp::Replace)];
    let place = prop::sample::select(paths(kind)).prop_flat_map(|(path, leaf)| {
        let value = match leaf {
            Some(leaf) => prop_oneof![4 => value_of(&leaf), 1 => any_json()].boxed(),
            None => any_json(),
        };
        (Just(path), prop::option::weighted(0.8, value))
    });
    (op, place)
        .prop_map(|(op, (path, value))| PatchOperation::new(op, path.as_deref(), value))
        .boxed()
}

/// A resource and operations on it.
fn changes() -> BoxedStrategy<(Arc<ResourceType>, Value, Vec<PatchOperation>)> {
    bodies()
        .prop_flat_map(|(kind, body)| {
            let operations = prop::collection::vec(operation(&kind), 1..5);
            (Just(kind), Just(body), operations)
        })
        .boxed()
}

fn dialects() -> [Dialect; 2] {
    [Dialect::rfc(), Dialect::default()]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_patch_succeeds_whole_or_changes_nothing((kind, body, operations) in changes()) {
        let before = stored(&kind, body);
        let kept = before.clone();
        for dialect in dialects() {
            let Ok(edit) = edit(&kind, PatchMessage::new(operations.clone()), &dialect) else { continue };
            let outcome = edit.apply(&before);
            prop_assert_eq!(&before, &kept);
            let Ok(applied) = outcome else { continue };
            prop_assert_eq!(&applied.before, &before.resource());
            assert_canonical(&Value::Object(applied.after.attributes().clone()));
            match &applied.stored {
                None => {
                    prop_assert_eq!(&applied.before, &applied.after);
                    prop_assert!(applied.changed.is_empty());
                }
                Some(stored) => {
                    prop_assert_eq!(&stored.resource(), &applied.after);
                    prop_assert_ne!(stored, &before);
                }
            }
            // What came out is a resource that a client could have sent.
            let limits = Limits::default();
            let mut sent = applied.after.attributes().clone();
            sent.retain(|name, _| kind.extension(name).is_some() || kind.attribute(name).is_some_and(|attribute| {
                attribute.returned != Returned::Never
            }));
            let again = Decoded::decode(&kind, Value::Object(sent), &Dialect::rfc(), &limits).unwrap().resource;
            let mut expected = applied.after.clone();
            expected.attributes_mut().remove("id");
            prop_assert_eq!(again, expected);
        }
    }

    #[test]
    fn a_whole_replace_by_itself_changes_nothing((kind, body) in bodies(), with_path in any::<bool>()) {
        let before = stored(&kind, body);
        let resource = before.resource();
        for dialect in dialects() {
            let operations = if with_path {
                let attributes = resource.attributes().iter();
                attributes.map(|(name, value)| PatchOperation::new(PatchOp::Replace, Some(name), Some(value.clone()))).collect()
            } else {
                let value = Value::Object(resource.attributes().clone());
                vec![PatchOperation::new(PatchOp::Replace, None, Some(value))]
            };
            let applied = edit(&kind, PatchMessage::new(operations), &dialect).unwrap().apply(&before).unwrap();
            prop_assert_eq!(applied.after, applied.before);
            prop_assert!(applied.stored.is_none());
        }
    }

    #[test]
    fn to_add_twice_is_to_add_once((kind, body, operations) in changes()) {
        let before = stored(&kind, body);
        for dialect in dialects() {
            // An operation with a filter may change what the filter looks at.
            let has_filter = |operation: &PatchOperation| operation.path.as_ref().is_some_and(|path| path.contains('['));
            for operation in operations.iter().filter(|o| o.op == PatchOp::Add && !has_filter(o)) {
                let once = PatchMessage::new(vec![operation.clone()]);
                let Ok(once) = edit(&kind, once, &dialect).and_then(|edit| edit.apply(&before)) else { continue };
                let twice = PatchMessage::new(vec![operation.clone(), operation.clone()]);
                let twice = edit(&kind, twice, &dialect).unwrap().apply(&before).unwrap();
                prop_assert_eq!(&twice.after, &once.after);
            }
        }
    }

    #[test]
    fn to_add_a_new_value_and_remove_it_changes_nothing(
        (kind, body) in bodies(),
        list in prop::sample::select(vec!["emails", "phoneNumbers", "ims", "photos", "entitlements", "roles"]),
        kind_of in prop::option::of("[a-z]{1,4}"),
    ) {
        let before = stored(&ResourceType::user(), match kind.name() {
            "User" => body,
            _ => json!({ "userName": "a" }),
        });
        let mut value = json!({ "value": "new-value@example.com" });
        if let Some(kind) = kind_of {
            value["type"] = kind.into();
        }
        let removal = format!("{list}[value eq \"new-value@example.com\"]");
        for dialect in dialects() {
            for added in [value.clone(), json!([value])] {
                let operations = vec![
                    PatchOperation::new(PatchOp::Add, Some(list), Some(added)),
                    PatchOperation::new(PatchOp::Remove, Some(&removal), None),
                ];
                let edit = edit(&ResourceType::user(), PatchMessage::new(operations), &dialect).unwrap();
                prop_assert!(edit.apply(&before).unwrap().stored.is_none());
            }
        }
    }

    #[test]
    fn to_add_an_absent_attribute_and_remove_it_changes_nothing((before, path, value) in settings()) {
        let apply = |operations: Vec<PatchOperation>| {
            let kind = ResourceType::user();
            edit(&kind, PatchMessage::new(operations), &Dialect::rfc()).and_then(|edit| edit.apply(&before))
        };
        let remove = PatchOperation::new(PatchOp::Remove, Some(&path), None);
        // It is absent if to remove it changes nothing.
        if apply(vec![remove.clone()]).is_ok_and(|removed| removed.stored.is_none()) {
            let add = PatchOperation::new(PatchOp::Add, Some(&path), Some(value));
            let added = apply(vec![add, remove]).unwrap();
            prop_assert!(added.stored.is_none(), "{}: {:?}", path, added.changed);
        }
    }

    #[test]
    fn any_message_is_read_or_refused(body in any_json(), operations in any_json()) {
        for dialect in dialects() {
            let _ = PatchMessage::parse(body.clone(), &dialect, &Limits::default());
            let body = json!({ "Operations": [{ "op": "add", "value": operations }, { "op": "Replace", "value": body }] });
            if let Ok(message) = PatchMessage::parse(body, &dialect, &Limits::default())
                && let Ok(edit) = edit(&ResourceType::user(), message, &dialect)
            {
                let _ = edit.apply(&babs());
            }
        }
    }
}

/// A user, and a single attribute or sub-attribute that may be set on it.
fn settings() -> BoxedStrategy<(Stored, String, Value)> {
    let kind = ResourceType::user();
    let read_write = |attribute: &Attribute| attribute.mutability == Mutability::ReadWrite;
    let places: Vec<(String, AttributeType)> = paths(&kind)
        .into_iter()
        .filter_map(|(path, leaf)| path.zip(leaf))
        .filter(|(path, leaf)| !leaf.multi_valued && !path.contains('[') && read_write(leaf))
        .filter(|(path, _)| {
            !matches!(
                path.split('.').next(),
                Some("emails" | "phoneNumbers" | "ims" | "photos")
            )
        })
        .filter(|(path, _)| {
            !["addresses.", "entitlements.", "roles.", "x509", "userName"]
                .iter()
                .any(|p| path.starts_with(p))
        })
        .filter(|(path, _)| kind.locate(&AttrPath::parse(path).unwrap(), false).is_some())
        .map(|(path, leaf)| (path, leaf.kind))
        .collect();
    let users = bodies().prop_filter_map("users", |(kind, body)| {
        (kind.name() == "User").then(|| stored(&kind, body))
    });
    (users, prop::sample::select(places))
        .prop_map(|(user, (path, kind))| {
            let value = match kind {
                AttributeType::Boolean => json!(true),
                AttributeType::Complex if path == "name" => json!({ "givenName": "x" }),
                AttributeType::Complex => json!({ "value": "x" }),
                _ => json!("x"),
            };
            (user, path, value)
        })
        .boxed()
}
