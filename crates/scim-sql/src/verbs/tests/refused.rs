//! What a database does not keep is refused before it sees it.

use std::sync::Arc;

use chrono::DateTime;
use scim_conformance::block_on;
use scim_core::{
    Dialect, Draft, Limits, ResourceId, ScimType,
    resource::{Decoded, MemberRef},
    schema::{Registry, ResourceType},
};
use scim_store::{ChangeFeed, Principal, RandomIds, Read, ScimStore, Scope, StoreError};
use serde_json::{Value, json};

use super::Small;

fn scope() -> Scope {
    let kinds = Arc::new(Registry::default());
    let principal = Principal::new("one", "a\0b");
    Scope::new(principal, DateTime::default(), Arc::new(RandomIds), kinds)
}

fn draft(kind: &Arc<ResourceType>, body: Value) -> Draft {
    let mut limits = Limits::default();
    (limits.external_id, limits.user_name, limits.string) = (4000, 4000, 4000);
    let dialect = Arc::new(Dialect::default());
    let decoded = Decoded::decode(kind, body, &dialect, &limits).unwrap();
    Draft::new(Arc::clone(kind), decoded, dialect).unwrap()
}

fn user(attribute: &str, value: Value) -> Draft {
    let kind = ResourceType::user();
    let mut body = json!({ "schemas": [kind.schema().id], "userName": "ann" });
    body[attribute] = value;
    draft(&kind, body)
}

#[test]
fn text_that_no_database_keeps_is_named() {
    let store = Small::new();
    let refused = |name: &str, draft: &Draft| match block_on(store.create(&scope(), draft)) {
        Err(StoreError::Input(error)) => {
            assert_eq!(error.scim_type(), ScimType::InvalidValue);
            assert!(error.detail().contains(&format!("`{name}`")), "{error}");
        }
        other => panic!("`{name}` is answered by {other:?}"),
    };
    let kind = ResourceType::group();
    let body = json!({ "schemas": [kind.schema().id], "displayName": "a".repeat(2001) });
    refused("displayName", &draft(&kind, body));
    for (name, value) in [
        ("title", json!("a\0b")),
        ("name", json!({ "givenName": "a\0b" })),
        ("emails", json!([{ "value": "a@x.org" }, { "value": "a\0b@x.org" }])),
    ] {
        // Where a host makes resources by itself; what clients send is looked at before.
        let mut draft = user("active", json!(true));
        draft.resource.attributes_mut().insert(name.to_owned(), value);
        refused(name, &draft);
    }
    assert!(block_on(store.changes(scope().tenant(), 0, 9)).unwrap().is_empty());
}

#[test]
fn a_group_is_told_apart_by_no_more_than_an_index_takes() {
    let kind = ResourceType::group();
    let body = json!({ "schemas": [kind.schema().id], "displayName": "Crew", "externalId": "1".repeat(2000) });
    let refused = block_on(Small::new().create(&scope(), &draft(&kind, body)));
    assert!(
        matches!(&refused, Err(StoreError::Input(error)) if error.detail().contains("`externalId`")),
        "{refused:?}"
    );
}

#[test]
fn long_values_that_are_only_looked_up_by_are_kept() {
    let store = Small::new();
    let long = "a".repeat(1500);
    let created = block_on(store.create(&scope(), &user("externalId", json!(long)))).unwrap();
    let read = Read::new(ResourceType::user(), created.head.id.clone());
    let found = block_on(store.get(&scope(), &read)).unwrap();
    assert_eq!(found.stored.resource().text("externalId"), Some(long.as_str()));
}

#[test]
fn an_identifier_with_a_nul_is_that_of_nothing() {
    let store = Small::new();
    let read = Read::new(ResourceType::user(), ResourceId::new("a\0b"));
    assert!(matches!(
        block_on(store.get(&scope(), &read)),
        Err(StoreError::NotFound)
    ));
    let kind = ResourceType::group();
    let mut group = draft(&kind, json!({ "schemas": [kind.schema().id], "displayName": "Crew" }));
    group.members = vec![MemberRef::new("a\0b")];
    let created = block_on(store.create(&scope(), &group)).unwrap();
    assert!(matches!(created.members, scim_core::resource::Members::All(members) if members.is_empty()));
    let changes = block_on(store.changes(scope().tenant(), 0, 9)).unwrap();
    assert_eq!(changes[0].actor, "a\u{fffd}b");
}

#[test]
fn changes_are_numbered_when_they_are_read_and_forgotten_by_number() {
    let store = Small::new();
    let create = |name: &str| block_on(store.create(&scope(), &user("userName", json!(name)))).unwrap();
    let numbers = |after, limit| -> Vec<u64> {
        let changes = block_on(store.changes(scope().tenant(), after, limit)).unwrap();
        changes.iter().map(|change| change.sequence).collect()
    };
    let forget = |through| block_on(store.forget(scope().tenant(), through)).unwrap();
    for name in ["ann", "bob", "cy"] {
        create(name);
    }
    assert_eq!(numbers(0, 2), [1, 2]);
    create("dan");
    assert_eq!(numbers(2, 9), [3, 4]);
    forget(3);
    assert_eq!(numbers(0, 9), [4]);
    forget(9);
    create("eve");
    assert_eq!(numbers(0, 9), [5], "a number is never used again");
}
