//! Who waits for whom (promise C17). Two that wait for each other would be parted by PostgreSQL, but not before
//! `deadlock_timeout`, a second.

use std::time::Duration;

use scim_core::ResourceId;
use scim_sql::PgStore;
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::task::{JoinHandle, JoinSet};

use crate::support::{Client, groups, schema, url, users};

/// How many connections a store has.
const CONNECTIONS: u32 = 3;

/// A store in a database of its own, whose statistics are of nobody else.
struct Bed {
    name: String,
    place: PgConnectOptions,
    store: PgStore,
    client: Client,
}

impl Bed {
    async fn new() -> Self {
        let name = schema();
        let mut server = PgConnection::connect(&url()).await.unwrap();
        let create = format!("CREATE DATABASE {name}");
        server.execute(AssertSqlSafe(create)).await.unwrap();
        let place = url().parse::<PgConnectOptions>().unwrap().database(&name);
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS);
        let pool = pool.connect_with(place.clone()).await.unwrap();
        let store = PgStore::builder().open(pool).await.unwrap();
        let client = Client::new(&store);
        Self {
            name,
            place,
            store,
            client,
        }
    }

    /// Another service at work on the same rows, in a transaction.
    async fn other(&self, id: &ResourceId, sql: &str) -> Other {
        Other::begin(&self.place, id, sql).await
    }

    /// One who waits for a row, and then has it.
    fn waiter(&self, id: &ResourceId) -> JoinHandle<Other> {
        let (place, id) = (self.place.clone(), id.clone());
        tokio::spawn(async move { Other::begin(&place, &id, LOCK).await })
    }

    /// How many connections wait for a lock.
    async fn waiting(&self) -> usize {
        let mut server = PgConnection::connect_with(&self.place).await.unwrap();
        let waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        server.fetch_all(waiting).await.unwrap().len()
    }

    /// Until so many wait for a lock.
    async fn until_waiting(&self, count: usize) {
        let waiting = async { while self.waiting().await < count {} };
        tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap();
    }

    /// How often two waited for each other.
    async fn deadlocks(self) -> i64 {
        // What a connection counted is told at its end at the latest.
        self.store.pool().close().await;
        let mut server = PgConnection::connect(&url()).await.unwrap();
        let left = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = $1)";
        let left = || sqlx::query_scalar::<_, bool>(left).bind(&self.name);
        while left().fetch_one(&mut server).await.unwrap() {}
        let deadlocks = sqlx::query_scalar("SELECT deadlocks FROM pg_stat_database WHERE datname = $1");
        let deadlocks = deadlocks.bind(&self.name).fetch_one(&mut server).await.unwrap();
        let drop = format!("DROP DATABASE {}", self.name);
        server.execute(AssertSqlSafe(drop)).await.unwrap();
        deadlocks
    }
}

struct Other(PgConnection);

impl Other {
    async fn begin(place: &PgConnectOptions, id: &ResourceId, sql: &str) -> Self {
        let mut other = Self(PgConnection::connect_with(place).await.unwrap());
        other.0.execute("BEGIN").await.unwrap();
        other.run(id, sql).await;
        other
    }

    async fn run(&mut self, id: &ResourceId, sql: &str) {
        let query = sqlx::query(AssertSqlSafe(sql)).bind(id.as_str());
        query.execute(&mut self.0).await.unwrap();
    }

    async fn commit(mut self) {
        self.0.execute("COMMIT").await.unwrap();
        self.0.close().await.unwrap();
    }
}

const SHARE: &str = "SELECT 1 FROM scim.scim_resource WHERE tenant = 'acme' AND id = $1 FOR KEY SHARE";
const LOCK: &str = "SELECT 1 FROM scim.scim_resource WHERE tenant = 'acme' AND id = $1 FOR NO KEY UPDATE";
const TOUCH: &str = "UPDATE scim.scim_resource SET version = version + 1 WHERE tenant = 'acme' AND id = $1";

/// Members that come while the group is changed by one and referred to by another: who waits with a statement that began
/// before the change asks for locks on the version of the row that is past, which the next in the queue has.
#[tokio::test(flavor = "multi_thread")]
async fn members_come_to_a_group_at_which_others_are_at_work() {
    let bed = Bed::new().await;
    let client = &bed.client;
    let (user, group) = (client.user("ada").await, client.group("all", &[]).await);
    let referring = bed.other(&group, SHARE).await;
    let changing = bed.other(&group, TOUCH).await;
    let added = tokio::spawn({
        let (client, user, group) = (client.clone(), user.clone(), group.clone());
        async move { client.add(&group, &[&user]).await }
    });
    bed.until_waiting(1).await;
    let next = bed.waiter(&group);
    let next = tokio::spawn(async move { next.await.unwrap().commit().await });
    bed.until_waiting(2).await;
    changing.commit().await;
    assert!(added.await.unwrap().unwrap().changed);
    next.await.unwrap();
    referring.commit().await;
    assert_eq!(client.members(&group).await, [user]);
    assert_eq!(client.version(&groups(), &group).await, 3);
    assert_eq!(bed.deadlocks().await, 0);
}

/// A user who comes into a group while it is deleted, and another who is to come into the same group with it: the deletion
/// has the user and wants the group, the other has the group and wants the user.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_goes_that_has_just_become_a_member() {
    let bed = Bed::new().await;
    let client = &bed.client;
    let (user, group) = (client.user("ada").await, client.group("all", &[]).await);
    let mut first = bed.other(&group, LOCK).await;
    first.run(&user, SHARE).await;
    let join =
        format!("INSERT INTO scim.scim_member (tenant, group_id, member_id, place) VALUES ('acme', '{group}', $1, 7)");
    first.run(&user, &join).await;
    let second = bed.waiter(&group);
    bed.until_waiting(1).await;
    let deleted = tokio::spawn({
        let (client, user) = (client.clone(), user.clone());
        async move { client.delete(&users(), &user).await }
    });
    bed.until_waiting(2).await;
    first.commit().await;
    let mut second = second.await.unwrap();
    second.run(&user, SHARE).await;
    second.commit().await;
    deleted.await.unwrap().unwrap();
    assert!(client.members(&group).await.is_empty());
    assert_eq!(bed.deadlocks().await, 0);
}

/// A group that everybody wants keeps one connection waiting, not all of them.
#[tokio::test(flavor = "multi_thread")]
async fn one_resource_that_many_want_leaves_connections_for_others() {
    let bed = Bed::new().await;
    let client = &bed.client;
    let (user, group) = (client.user("ada").await, client.group("all", &[]).await);
    let other = bed.other(&group, LOCK).await;
    let mut crowd = JoinSet::new();
    for number in 0..8 {
        let (client, user, group) = (client.clone(), user.clone(), group.clone());
        crowd.spawn(async move {
            match number % 2 {
                0 => client.rename(&group, &format!("everybody {number}")).await,
                _ => client.add(&group, &[&user]).await,
            }
        });
    }
    bed.until_waiting(1).await;
    for number in 0..20 {
        client.user(&format!("user{number}")).await;
    }
    assert_eq!(bed.waiting().await, 1);
    other.commit().await;
    let changed = crowd.join_all().await;
    let changed = changed.into_iter().filter(|updated| updated.as_ref().unwrap().changed);
    // One of those who add the user is the first.
    assert_eq!(changed.count(), 5);
    assert_eq!(client.version(&groups(), &group).await, 6);
    assert_eq!(bed.deadlocks().await, 0);
}
