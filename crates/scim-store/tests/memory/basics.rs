//! The memory store: relations, uniqueness, versions, changes, tenants.

use std::sync::Arc;

use scim_core::{
    Dialect,
    query::{Page, Query},
};
use scim_store::{ChangeFeed, ChangeKind, MemoryStore, StoreError};
use serde_json::json;

use crate::common::{Client, at, block_on, name, values};

fn client() -> (Arc<MemoryStore>, Client) {
    let store = Arc::new(MemoryStore::new());
    let client = Client::new(Arc::clone(&store) as _, "one", Dialect::default());
    (store, client)
}

#[test]
fn members_and_groups_are_two_sides_of_one_relation() {
    let (_, client) = client();
    let (ann, bob) = (client.user("ann"), client.user("bob"));
    let group = client.group("G", &[&ann, &bob, "nobody"]);
    assert_eq!(
        values(&client.json(&client.groups, &group), "members"),
        [ann.as_str(), bob.as_str()]
    );
    assert_eq!(values(&client.json(&client.users, &ann), "groups"), [group.as_str()]);

    let updated = client
        .edit(
            &client.groups,
            &group,
            json!([{ "op": "remove", "path": format!("members[value eq \"{ann}\"]") }]),
        )
        .unwrap();
    assert!(updated.changed);
    assert_eq!(values(&client.json(&client.groups, &group), "members"), [bob.as_str()]);
    assert!(values(&client.json(&client.users, &ann), "groups").is_empty());

    client.delete(&client.users, &bob).unwrap();
    let shown = client.json(&client.groups, &group);
    assert!(values(&shown, "members").is_empty());
    assert_eq!(shown["meta"]["version"], "W/\"3\"");
}

#[test]
fn a_new_name_shows_at_once_everywhere() {
    let (_, client) = client();
    let ann = client.user("ann");
    let group = client.group("G", &[&ann]);
    client
        .edit(
            &client.users,
            &ann,
            json!([{ "op": "add", "path": "displayName", "value": "Ann" }]),
        )
        .unwrap();
    client
        .edit(
            &client.groups,
            &group,
            json!([{ "op": "replace", "path": "displayName", "value": "H" }]),
        )
        .unwrap();
    assert_eq!(client.json(&client.users, &ann)["groups"][0]["display"], "H");
    assert_eq!(client.find(&client.users, "displayName eq \"ANN\""), ["ann"]);
    assert_eq!(client.find(&client.groups, "displayName eq \"h\""), ["H"]);
    assert!(client.find(&client.groups, "displayName eq \"g\"").is_empty());
}

#[test]
fn names_are_taken_and_free_again() {
    let (_, client) = client();
    let ann = client.user("ann");
    match client.create(&client.user_draft("ANN")) {
        Err(StoreError::Uniqueness { attribute }) => assert_eq!(attribute, "userName"),
        other => panic!("{other:?}"),
    }
    client.delete(&client.users, &ann).unwrap();
    assert!(matches!(client.delete(&client.users, &ann), Err(StoreError::NotFound)));
    client.user("Ann");
}

#[test]
fn changes_are_recorded_with_their_kind_and_names() {
    let (store, client) = client();
    let ann = client.user("ann");
    let group = client.group("G", &[&ann]);
    let set = |value| json!([{ "op": "replace", "path": "active", "value": value }]);
    client.edit(&client.users, &ann, set(false)).unwrap();
    assert!(!client.edit(&client.users, &ann, set(false)).unwrap().changed);
    client.edit(&client.users, &ann, set(true)).unwrap();
    client.delete(&client.users, &ann).unwrap();
    let changes = store.changes(client.scope.tenant(), 0, 100);
    let told: Vec<_> = changes
        .iter()
        .map(|change| {
            (
                change.sequence,
                change.id.as_str(),
                change.kind,
                change.changed.join(" "),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (1, ann.as_str(), ChangeKind::Created, "userName".to_owned()),
            (2, group.as_str(), ChangeKind::Created, "displayName members".to_owned()),
            (3, ann.as_str(), ChangeKind::Deactivated, "active".to_owned()),
            (4, ann.as_str(), ChangeKind::Activated, "active".to_owned()),
            (5, ann.as_str(), ChangeKind::Deleted, String::new()),
            (6, group.as_str(), ChangeKind::Updated, "members".to_owned()),
        ]
    );
    assert_eq!(changes[0].actor, "client");
    assert_eq!(changes[0].transaction, "q1");
    assert_eq!(store.changes(client.scope.tenant(), 4, 1)[0].sequence, 5);
}

#[test]
fn tenants_do_not_see_each_other() {
    let (store, client) = client();
    let other = Client::new(Arc::clone(&store) as _, "two", Dialect::rfc());
    let ann = client.user("ann");
    assert!(matches!(other.get(&other.users, &ann), Err(StoreError::NotFound)));
    let refused = other.create(&other.group_draft("G", &[&ann])).unwrap_err();
    let unknown = other.create(&other.group_draft("G", &["no-such-id"])).unwrap_err();
    assert_eq!(refused.to_string(), unknown.to_string());
    assert!(other.find(&other.users, "userName pr").is_empty());
    assert_eq!(store.len(other.scope.tenant(), &other.users), 0);
    other.user("ann");
    assert_eq!(name(&client.get(&client.users, &ann).unwrap()), "ann");
}

#[test]
fn a_clock_that_goes_back_takes_no_time_with_it() {
    let (store, client) = client();
    let later = client.clone().at(100);
    let ann = later.user("ann");
    let title = |title| json!([{ "op": "replace", "path": "title", "value": title }]);
    client.edit(&client.users, &ann, title("a")).unwrap();
    let found = client.get(&client.users, &ann).unwrap();
    assert_eq!(found.head.created, at(100));
    assert_eq!(found.head.modified, at(100));
    assert_eq!(found.head.version.get(), 2);
    later.clone().at(200).edit(&client.users, &ann, title("b")).unwrap();
    client.edit(&client.users, &ann, title("c")).unwrap();
    let found = client.get(&client.users, &ann).unwrap();
    assert_eq!((found.head.modified, found.head.version.get()), (at(200), 4));
    let times: Vec<_> = store
        .changes(client.scope.tenant(), 0, 9)
        .iter()
        .map(|change| change.at)
        .collect();
    assert!(times.is_sorted());
}

#[test]
fn a_limit_on_looking_through_is_for_scans_only() {
    let (_, client) = client();
    for number in 0..5 {
        client.user(&format!("u{number}"));
    }
    let page = || Page::Index { start: 1, count: 10 };
    let search = |filter: Option<&str>, sort: Option<&str>| {
        let mut query = Query::new(vec![client.target(&client.users, filter, sort)], page());
        query.look_through = Some(4);
        query.sorted = sort.is_some();
        block_on(client.store.query(&client.scope, &query))
    };
    for (filter, sort) in [(Some("userName co \"u\""), None), (None, Some("userName"))] {
        assert!(matches!(search(filter, sort), Err(StoreError::TooMany)));
    }
    assert_eq!(search(None, None).unwrap().total, Some(5));
    let indexed = search(
        Some("userName eq \"U1\" and active pr or userName eq \"u2\""),
        Some("userName"),
    );
    assert_eq!(indexed.unwrap().total, Some(1));
}

#[test]
fn the_record_of_changes_forgets_the_oldest() {
    let store = Arc::new(MemoryStore::builder().changes(3).build());
    let client = Client::new(Arc::clone(&store) as _, "one", Dialect::default());
    for number in 0..5 {
        client.user(&format!("u{number}"));
    }
    let changes = store.changes(client.scope.tenant(), 0, 9);
    assert_eq!(
        changes.iter().map(|change| change.sequence).collect::<Vec<_>>(),
        [3, 4, 5]
    );
    let shown = format!("{store:?}");
    assert!(!shown.contains("u4"), "{shown}");
}

#[test]
fn changes_are_forgotten_up_to_a_number() {
    let (feed, client) = client();
    for number in 0..4 {
        client.user(&format!("u{number}"));
    }
    let feed: Arc<dyn ChangeFeed> = feed;
    let tenant = client.scope.tenant();
    let numbers = |after| -> Vec<u64> {
        let changes = block_on(feed.changes(tenant, after, 9)).unwrap();
        changes.iter().map(|change| change.sequence).collect()
    };
    assert_eq!(numbers(0), [1, 2, 3, 4]);
    block_on(feed.forget(tenant, 2)).unwrap();
    assert_eq!(numbers(0), [3, 4]);
    assert_eq!(numbers(3), [4]);
    block_on(feed.forget(tenant, 9)).unwrap();
    assert!(numbers(0).is_empty());
}

#[test]
fn groups_are_in_the_order_of_their_identifiers() {
    let (_, client) = client();
    let ann = client.user("ann");
    for number in 0..9 {
        client.group(&format!("G{number}"), &[&ann]);
    }
    let groups = client.json(&client.users, &ann)["groups"].clone();
    let groups = groups.as_array().unwrap().iter();
    let groups: Vec<&str> = groups.map(|group| group["value"].as_str().unwrap()).collect();
    assert_eq!(groups.len(), 9);
    assert!(groups.is_sorted(), "{groups:?}");
}
