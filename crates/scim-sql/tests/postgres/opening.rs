//! Opening, migrating, refusing.

use std::time::Duration;

use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::support::{Client, schema, store, url, users};
use scim_sql::{OpenError, PgStore};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_there_after_opening_again() {
    let schema = schema();
    let open = || async { PgStore::builder().schema(&schema).connect(&url()).await.unwrap() };
    let id = Client::new(&open().await).user("ada").await;
    let found = Client::new(&open().await).get(&users(), &id).await.unwrap();
    assert_eq!(found.head.id, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_open_at_once_take_turns() {
    let schema = schema();
    let opens = (0..8).map(|_| {
        let schema = schema.clone();
        tokio::spawn(async move { PgStore::builder().schema(schema).connect(&url()).await })
    });
    for open in opens.collect::<Vec<_>>() {
        open.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_takes_longer_than_the_deadline_is_waited_for() {
    let (schema, deadline) = (schema(), Duration::from_millis(200));
    let mut other = PgConnection::connect(&url()).await.unwrap();
    let turn = format!("SELECT pg_advisory_lock(hashtextextended('migration of the schema {schema}', 0))");
    other.execute(sqlx::AssertSqlSafe(turn)).await.unwrap();
    let builder = PgStore::builder().schema(schema).deadline(deadline);
    let open = tokio::spawn(async move { builder.connect(&url()).await });
    // By the clock of the server, so that it is the wait of the server that is long.
    let waits = "SELECT EXISTS (SELECT 1 FROM pg_locks l WHERE NOT l.granted AND clock_timestamp() - l.waitstart > '1 s' \
                 AND pg_backend_pid() = ANY(pg_blocking_pids(l.pid)))";
    while !open.is_finished()
        && !sqlx::query_scalar::<_, bool>(waits)
            .fetch_one(&mut other)
            .await
            .unwrap()
    {}
    assert!(!open.is_finished(), "{:?}", open.await);
    other.close().await.unwrap();
    let store = open.await.unwrap().unwrap();
    Client::new(&store).user("ada").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_a_later_release_are_refused() {
    let store = store().await;
    let schema = format!("{store:?}").split('"').nth(1).unwrap().to_owned();
    let sql = format!("INSERT INTO {schema}.scim_migration (version, name, applied) VALUES (99, 'later', 0)");
    store.pool().execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    let error = PgStore::builder().schema(schema).connect(&url()).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_may_migrate_elsewhere() {
    let schema = schema();
    let builder = PgStore::builder().schema(&schema).migrations(false);
    let error = builder.clone().connect(&url()).await.unwrap_err();
    assert!(error.to_string().contains("migrate it first"), "{error}");
    PgStore::builder().schema(&schema).connect(&url()).await.unwrap();
    builder.connect(&url()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_only_read_and_write_rows_is_enough() {
    let store = store().await;
    let schema = format!("{store:?}").split('"').nth(1).unwrap().to_owned();
    let role = format!("role_{schema}");
    let sql = format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'secret'; GRANT USAGE ON SCHEMA {schema} TO {role}; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(store.pool())
        .await
        .unwrap();
    let options: sqlx::postgres::PgConnectOptions = url().parse().unwrap();
    let options = options.username(&role).password("secret");
    let pool = sqlx::postgres::PgPoolOptions::new()
        .connect_with(options)
        .await
        .unwrap();
    let store = PgStore::builder().schema(schema).open(pool).await.unwrap();
    // Also where the store would have the tables analysed.
    for number in 0..101 {
        Client::new(&store).user(&format!("user{number}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_encoding_is_refused() {
    let store = store().await;
    let name = schema();
    let sql = format!("CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
    store.pool().execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    let options: sqlx::postgres::PgConnectOptions = url().parse().unwrap();
    let pool = sqlx::postgres::PgPoolOptions::new()
        .connect_with(options.database(&name))
        .await
        .unwrap();
    let error = PgStore::builder().open(pool.clone()).await.unwrap_err();
    assert!(error.to_string().contains("server_encoding LATIN1"), "{error}");
    pool.close().await;
    let sql = format!("DROP DATABASE {name}");
    store.pool().execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_no_schema_are_refused() {
    for name in ["", "a\"b", "Scim", "pg_catalog"] {
        assert!(PgStore::builder().schema(name).connect(&url()).await.is_err(), "{name}");
    }
}
