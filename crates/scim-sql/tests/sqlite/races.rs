//! Many writers at once, in one store and in several on one file.

use std::{sync::Arc, thread};

use scim_sql::SqliteStore;
use scim_store::{RandomIds, StoreError};
use serde_json::json;

use crate::{
    common::values,
    support::{Directory, client},
};

fn stores(directory: &Directory, count: usize) -> Vec<Arc<SqliteStore>> {
    (0..count).map(|_| directory.store()).collect()
}

#[test]
fn no_member_that_was_added_is_lost() {
    for count in [1, 3] {
        let directory = Directory::new();
        let stores = stores(&directory, count);
        let one = client(&stores[0]);
        let users: Vec<String> = (0..60).map(|number| one.user(&format!("user {number}"))).collect();
        let group = one.group("team", &[]);
        thread::scope(|threads| {
            for (number, chunk) in users.chunks(10).enumerate() {
                let store = &stores[number % count];
                let group = &group;
                threads.spawn(move || {
                    let own = client(store);
                    for user in chunk {
                        let add = json!([{ "op": "add", "path": "members", "value": [{ "value": user }] }]);
                        own.edit(&own.groups, group, add).unwrap();
                    }
                });
            }
        });
        let shown = one.json(&one.groups, &group);
        let mut members = values(&shown, "members");
        members.sort();
        let mut users = users;
        users.sort();
        assert_eq!(members, users);
        assert_eq!(one.get(&one.groups, &group).unwrap().head.version.get(), 61);
    }
}

#[test]
fn a_name_is_taken_once() {
    for count in [1, 3] {
        let directory = Directory::new();
        let stores = stores(&directory, count);
        for round in 0..10 {
            let outcomes: Vec<_> = thread::scope(|threads| {
                let spawn = |number: usize| {
                    let store = &stores[number % count];
                    threads.spawn(move || {
                        let mut own = client(store);
                        own.scope.ids = Arc::new(RandomIds);
                        let name = if number.is_multiple_of(2) {
                            format!("name {round}")
                        } else {
                            format!("NAME {round}")
                        };
                        own.create(&own.user_draft(&name))
                    })
                };
                let racing: Vec<_> = (0..6).map(spawn).collect();
                racing.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
            let taken = |outcome: &&Result<_, _>| matches!(outcome, Err(StoreError::Uniqueness { .. }));
            assert_eq!((made, outcomes.iter().filter(taken).count()), (1, 5), "{outcomes:?}");
        }
    }
}
