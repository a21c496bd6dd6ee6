//! Connections that are lost, servers that go away, requests that nobody waits for.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use scim_conformance::postgres::Postgres;
use scim_core::{EntityTags, Precondition, Version};
use scim_sql::PgStore;
use scim_store::StoreError;
use serde_json::json;
use sqlx::{
    Connection as _, Executor as _, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{
    proxy::Proxy,
    support::{Client, groups, schema, store, url, users},
};

/// A store behind a proxy, with the statements that a warm one has prepared already.
async fn behind_proxy() -> (PgStore, Proxy) {
    let options: PgConnectOptions = url().parse().unwrap();
    let proxy = Proxy::start(options.get_port()).await;
    let options = options.host("127.0.0.1").port(proxy.port);
    let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false);
    let pool = pool.connect_with(options).await.unwrap();
    let store = PgStore::builder().schema(schema()).open(pool).await.unwrap();
    (store, proxy)
}

async fn count(store: &PgStore, kind: &str) -> usize {
    let dump = store.dump().await.unwrap();
    dump["acme"]["resources"][kind].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_whose_answer_was_lost_is_made_once_and_answered() {
    let (store, proxy) = behind_proxy().await;
    let client = Client::new(&store);
    client.user("first").await;
    proxy.lose_statement(1);
    let id = client.user("second").await;
    assert!(proxy.has_lost());
    assert_eq!(count(&store, "User").await, 2);
    assert_eq!(client.version(&users(), &id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_whose_commit_was_not_answered_is_done_once_and_answered() {
    let (store, proxy) = behind_proxy().await;
    let client = Client::new(&store);
    let (ada, bob) = (client.user("ada").await, client.user("bob").await);
    client.group("warm", &[&ada]).await;
    proxy.lose_commit();
    let group = client.group("lost", &[&ada, &bob]).await;
    assert!(proxy.has_lost());
    assert_eq!(client.members(&group).await, [ada.clone(), bob.clone()]);
    assert_eq!(count(&store, "Group").await, 2);
    proxy.lose_commit();
    client.delete(&users(), &bob).await.unwrap();
    assert!(proxy.has_lost());
    assert_eq!(client.members(&group).await, [ada]);
    assert_eq!(client.version(&groups(), &group).await, 2);
}

/// Members that come behind another process: the change is a transaction then, whose fate the server knows.
#[tokio::test(flavor = "multi_thread")]
async fn members_behind_others_whose_commit_was_not_answered_come_once_and_are_answered() {
    let (store, proxy) = behind_proxy().await;
    let client = Client::new(&store);
    let (ada, bob) = (client.user("ada").await, client.user("bob").await);
    let group = client.group("all", &[&ada]).await;
    let schema = format!("{store:?}").split('"').nth(1).unwrap().to_owned();
    let mut other = PgConnection::connect(&url()).await.unwrap();
    other.execute("BEGIN").await.unwrap();
    let lock = format!("SELECT 1 FROM {schema}.scim_resource WHERE id = '{group}' FOR NO KEY UPDATE");
    other.execute(sqlx::AssertSqlSafe(lock)).await.unwrap();
    let added = tokio::spawn({
        let (client, group, bob) = (client.clone(), group.clone(), bob.clone());
        async move { client.add(&group, &[&bob]).await }
    });
    let waits = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)))";
    while !sqlx::query_scalar::<_, bool>(waits)
        .fetch_one(&mut other)
        .await
        .unwrap()
    {}
    proxy.lose_commit();
    other.execute("COMMIT").await.unwrap();
    assert!(added.await.unwrap().unwrap().changed);
    assert!(proxy.has_lost());
    assert_eq!(client.members(&group).await, [ada, bob]);
    assert_eq!(client.version(&groups(), &group).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_answer_was_lost_is_made_once() {
    let (store, proxy) = behind_proxy().await;
    let client = Client::new(&store);
    let (ada, bob) = (client.user("ada").await, client.user("bob").await);
    let group = client.group("all", &[&ada]).await;
    proxy.lose_statement(1);
    client.add(&group, &[&bob]).await.unwrap();
    assert!(proxy.has_lost());
    assert_eq!(client.members(&group).await, [ada.clone(), bob]);
    assert_eq!(client.version(&groups(), &group).await, 2);
    let edit = client.patch(
        &users(),
        &ada,
        json!([{ "op": "replace", "path": "title", "value": "Dr" }]),
    );
    proxy.lose_statement(2);
    client.update(&edit).await.unwrap();
    assert!(proxy.has_lost());
    assert_eq!(client.version(&users(), &ada).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_the_lost_change_itself_ended_is_not_held_against_the_client() {
    let (store, proxy) = behind_proxy().await;
    let client = Client::new(&store);
    let ada = client.user("ada").await;
    let edit = client.patch(
        &users(),
        &ada,
        json!([{ "op": "replace", "path": "title", "value": "Dr" }]),
    );
    let first = EntityTags::List(vec![Version::FIRST]);
    let edit = edit.with_precondition(Precondition::new(Some(first), None));
    proxy.lose_statement(2);
    let error = client.update(&edit).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(proxy.has_lost());
    assert_eq!(client.version(&users(), &ada).await, 2);
    let error = client.update(&edit).await.unwrap_err();
    assert!(matches!(error, StoreError::Precondition), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connections_that_the_server_ends_lose_nothing() {
    let store = store().await;
    let client = Client::new(&store);
    let group = client.group("crowd", &[]).await;
    let made = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (client, group, made) = (client.clone(), group.clone(), Arc::clone(&made));
            tokio::spawn(async move {
                for number in 0..25 {
                    let id = client.user(&format!("user{task}x{number}")).await;
                    client.add(&group, &[&id]).await.unwrap();
                    made.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    let killer = PgPoolOptions::new().connect(&url()).await.unwrap();
    let mut next = 10;
    while next < 200 {
        if made.load(Ordering::SeqCst) < next {
            tokio::task::yield_now().await;
            continue;
        }
        next += 10;
        // Everything that ever named this schema.
        let schema = format!("{store:?}").split('"').nth(1).unwrap().to_owned();
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE $1 AND pid <> pg_backend_pid()",
        )
        .bind(format!("%\"{schema}\".%"))
        .execute(&killer)
        .await
        .unwrap();
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(count(&store, "User").await, 200);
    assert_eq!(client.members(&group).await.len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_unavailable_and_a_server_that_is_back_is_used() {
    let server = Postgres::start().unwrap();
    let builder = PgStore::builder().deadline(std::time::Duration::from_millis(300));
    let store = builder.schema(schema()).connect(server.url()).await.unwrap();
    let client = Client::new(&store);
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move { client.user(&format!("user{number}")).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    server.kill().unwrap();
    let error = client.try_user("nobody").await.unwrap_err();
    assert!(
        matches!(error, StoreError::Unavailable { retry_after: 1.., .. }),
        "{error:?}"
    );
    server.start_again().unwrap();
    client.user("somebody").await;
    assert_eq!(count(&store, "User").await, 9);
    // The same without a request in between, with connections that died in the pool.
    server.restart().unwrap();
    client.user("anybody").await;
    assert_eq!(count(&store, "User").await, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_that_are_dropped_leave_nothing_open() {
    let store = store().await;
    let client = Client::new(&store);
    let people = [
        client.user("ada").await,
        client.user("bob").await,
        client.user("cleo").await,
    ];
    let members: Vec<_> = people.iter().collect();
    let mut whole = 0;
    for polls in 1..60 {
        let name = format!("group{polls}");
        let mut left = polls;
        let mut making = pin!(client.group(&name, &members));
        let made = poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(false);
            }
            left -= 1;
            making.as_mut().poll(context).map(|_| true)
        });
        whole += usize::from(made.await);
    }
    // Whoever comes after finds every connection, and no transaction in the way.
    let mut held = Vec::new();
    for _ in 0..20 {
        let mut connection = store.pool().acquire().await.unwrap();
        sqlx::query("SELECT 1").execute(&mut *connection).await.unwrap();
        held.push(connection);
    }
    let schema = format!("{store:?}").split('"').nth(1).unwrap().to_owned();
    let idle =
        sqlx::query("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND query LIKE $1")
            .bind(format!("%\"{schema}\".%"))
            .fetch_one(&mut *held[0])
            .await
            .unwrap();
    assert_eq!(idle.get::<i64, _>(0), 0);
    drop(held);
    let dump = store.dump().await.unwrap();
    let made = dump["acme"]["resources"]["Group"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    assert!(made.len() >= whole);
    assert!(
        made.iter().all(|group| group["members"].as_array().unwrap().len() == 3),
        "{made:?}"
    );
}
