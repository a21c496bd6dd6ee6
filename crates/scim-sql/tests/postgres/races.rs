//! Names that many want at once (promise C2), and changes that commit out of order (promise C5).

use std::sync::Arc;

use scim_core::TenantId;
use scim_store::{ChangeFeed as _, StoreError};
use serde_json::json;
use tokio::sync::Barrier;

use crate::support::{Client, groups, store};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_who_want_a_name_one_gets_it() {
    let client = Client::new(&store().await);
    for round in 0..40 {
        let barrier = Arc::new(Barrier::new(16));
        let tasks: Vec<_> = (0..16)
            .map(|number| {
                let (client, barrier) = (client.clone(), Arc::clone(&barrier));
                let name = if number % 2 == 0 {
                    format!("user{round}")
                } else {
                    format!("USER{round}")
                };
                tokio::spawn(async move {
                    barrier.wait().await;
                    client.try_user(&name).await
                })
            })
            .collect();
        let mut made = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => made += 1,
                Err(StoreError::Uniqueness { attribute }) => assert_eq!(attribute, "userName"),
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(made, 1);
    }
}

/// Decision D23: equal names of groups conflict where their external identifiers are equal or one has none.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn names_of_groups_are_kept_apart_under_load() {
    let client = Client::new(&store().await);
    for round in 0..30 {
        let barrier = Arc::new(Barrier::new(12));
        let tasks: Vec<_> = (0..12)
            .map(|number| {
                let (client, barrier) = (client.clone(), Arc::clone(&barrier));
                let mut body = json!({ "schemas": [groups().schema().id], "displayName": format!("Group {round}") });
                if number % 4 != 0 {
                    body["externalId"] = format!("x{}", number % 4).into();
                }
                tokio::spawn(async move {
                    barrier.wait().await;
                    let made = client.store.create(&client.scope, &client.draft(&groups(), body)).await;
                    (number % 4, made)
                })
            })
            .collect();
        let mut made = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                (qualifier, Ok(_)) => made.push(qualifier),
                (_, Err(StoreError::Uniqueness { attribute })) => assert_eq!(attribute, "displayName"),
                (_, Err(error)) => panic!("{error:?}"),
            }
        }
        made.sort_unstable();
        // Either the one without an external identifier, or one of each that has one.
        assert!(made == [0] || made == [1, 2, 3], "{made:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_misses_no_change() {
    let store = store().await;
    let client = Client::new(&store);
    let tenant = TenantId::new("acme");
    let writers: Vec<_> = (0..8)
        .map(|task| {
            let client = client.clone();
            tokio::spawn(async move {
                for number in 0..50 {
                    client.user(&format!("user{task}x{number}")).await;
                }
            })
        })
        .collect();
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (store, tenant) = (store.clone(), tenant.clone());
            tokio::spawn(async move {
                let (mut last, mut seen) = (0, Vec::new());
                while seen.len() < 400 {
                    for change in store.changes(&tenant, last, 17).await.unwrap() {
                        assert_eq!(change.sequence, last + 1);
                        last = change.sequence;
                        seen.push(change.id);
                    }
                }
                seen
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let mut all = Vec::new();
    for reader in readers {
        let mut seen = reader.await.unwrap();
        all.push(seen.clone());
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 400);
    }
    assert_eq!(all[0], all[1]);
    store.forget(&tenant, 399).await.unwrap();
    assert_eq!(store.changes(&tenant, 0, 10).await.unwrap().len(), 1);
}

/// A reader that comes while another one gives numbers is told of what was there before it asked, not only the next one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_at_once_are_all_told() {
    let store = store().await;
    let (client, tenant) = (Client::new(&store), TenantId::new("acme"));
    for number in 0..200 {
        client.user(&format!("user{number}")).await;
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let (store, tenant) = (store.clone(), tenant.clone());
                tokio::spawn(async move { store.changes(&tenant, number, 10).await.unwrap().len() })
            })
            .collect();
        for reader in readers {
            assert_eq!(reader.await.unwrap(), 1, "change {number}");
        }
    }
}
