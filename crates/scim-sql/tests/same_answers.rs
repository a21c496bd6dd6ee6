//! Random resources and searches: memory, SQLite and PostgreSQL answer alike.
//!
//! `SCIM_CASES` says how many searches (600 unless it does), `SCIM_SEED` which; a failure names the seed.

#![expect(clippy::unwrap_used, reason = "a surprise ends a test")]

use std::time::Duration;

use scim_conformance::{
    check_semantics,
    differential::{Differential, Tally},
    postgres::Postgres,
};
use scim_sql::{PgStore, SqliteStore};
use scim_store::MemoryStore;

fn number(name: &str, default: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// Worlds of 100 searches.
fn differential() -> Differential {
    let worlds = number("SCIM_CASES", 600).div_ceil(100);
    let seed = number("SCIM_SEED", 1) as u64;
    Differential::new(seed).with_worlds(worlds).with_cases(100)
}

fn check(outcome: Result<Tally, String>) {
    assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    let tally = outcome.unwrap();
    assert!(tally.found > tally.cases / 3, "{tally:?}");
    assert_eq!(tally.refused, 0, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_answers_as_memory_does() {
    let store = SqliteStore::in_memory().await.unwrap();
    let report = check_semantics(&store).await;
    assert!(report.is_clean() && report.outcomes().count() > 100, "{report}");
    check(differential().run(&MemoryStore::new(), &store).await);
}

/// In a database whose texts are sorted by the rules of a language unless a statement says otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_answers_as_memory_does() {
    let server = Postgres::shared().unwrap();
    let pool = sqlx::PgPool::connect(server.url()).await.unwrap();
    let create =
        "CREATE DATABASE same_answers TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'";
    sqlx::query(create).execute(&pool).await.unwrap();
    let url = server.url().rsplit_once('/').unwrap().0.to_owned() + "/same_answers";
    // A search that is made to be slow may take its time on a busy machine.
    let builder = PgStore::builder().deadline(Duration::from_secs(120));
    let store = builder.connect(&url).await.unwrap();
    let report = check_semantics(&store).await;
    assert!(report.is_clean() && report.outcomes().count() > 100, "{report}");
    check(differential().run(&MemoryStore::new(), &store).await);
}
