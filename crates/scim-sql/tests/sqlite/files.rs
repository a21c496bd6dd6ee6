//! What stays in a file.

use scim_sql::SqliteStore;
use scim_store::{ChangeFeed, ChangeKind, StoreError};
use serde_json::json;

use crate::{
    common::block_on,
    support::{Directory, client},
};

#[test]
fn everything_is_there_after_opening_again() {
    let directory = Directory::new();
    let store = directory.store();
    let one = client(&store);
    let ann = one.user("ann");
    let team = one.group("team", &[&ann]);
    one.edit(
        &one.users,
        &ann,
        json!([{ "op": "add", "path": "title", "value": "Dr" }]),
    )
    .unwrap();
    let gone = one.user("gone");
    one.delete(&one.users, &gone).unwrap();
    let (before, shown) = (block_on(store.dump()).unwrap(), one.json(&one.groups, &team));
    block_on(store.close());
    assert!(matches!(one.get(&one.users, &ann), Err(StoreError::Unavailable { .. })));
    for _ in 0..2 {
        let store = directory.store();
        assert_eq!(block_on(store.dump()).unwrap(), before);
        assert_eq!(client(&store).json(&one.groups, &team), shown);
        assert_eq!(client(&store).find(&one.users, "title eq \"dr\""), ["ann"]);
        // This time without a word.
        drop(store);
    }
}

#[test]
fn two_stores_on_one_file_are_one() {
    let directory = Directory::new();
    let stores = [directory.store(), directory.store()];
    let [one, two] = stores.each_ref().map(client);
    let ann = one.user("ann");
    assert!(two.get(&two.users, &ann).is_ok());
    let taken = two.create(&two.user_draft("ANN"));
    assert!(matches!(taken, Err(StoreError::Uniqueness { attribute }) if attribute == "userName"));
    two.delete(&two.users, &ann).unwrap();
    assert!(matches!(one.get(&one.users, &ann), Err(StoreError::NotFound)));
    let [first, second] = stores.map(|store| block_on(store.dump()).unwrap());
    assert_eq!(first, second);
}

#[test]
fn clones_are_the_same_store() {
    let store = std::sync::Arc::new(block_on(SqliteStore::in_memory()).unwrap());
    let clone = std::sync::Arc::new(SqliteStore::clone(&store));
    let ann = client(&store).user("ann");
    drop(store);
    assert!(client(&clone).get(&client(&clone).users, &ann).is_ok());
}

#[test]
fn changes_are_recorded_and_forgotten() {
    let directory = Directory::new();
    let store = directory.store();
    let one = client(&store);
    let ann = one.user("ann");
    let changes = |store: &SqliteStore, after| block_on(store.changes(&"one".into(), after, 100)).unwrap();
    one.edit(
        &one.users,
        &ann,
        json!([{ "op": "replace", "path": "active", "value": false }]),
    )
    .unwrap();
    let seen = changes(&store, 0);
    let told: Vec<_> = seen.iter().map(|change| (change.sequence, change.kind)).collect();
    assert_eq!(told, [(1, ChangeKind::Created), (2, ChangeKind::Deactivated)]);
    assert_eq!(
        (seen[1].changed.as_slice(), seen[1].transaction.as_str()),
        (&["active".to_owned()][..], "q1")
    );
    one.delete(&one.users, &ann).unwrap();
    assert_eq!(changes(&store, 2).len(), 1);
    block_on(store.forget(&"one".into(), 2)).unwrap();
    let later = directory.store();
    assert_eq!(changes(&later, 0), changes(&store, 2));
    assert_eq!(block_on(later.changes(&"two".into(), 0, 100)).unwrap(), []);
}

#[test]
fn debug_output_shows_nothing_of_the_resources() {
    let store = std::sync::Arc::new(block_on(SqliteStore::in_memory()).unwrap());
    client(&store).user("ann");
    let shown = format!("{store:?}");
    assert!(shown.starts_with("SqliteStore") && !shown.contains("ann"), "{shown}");
}
