//! Tables that grow from nothing.

use crate::support::{Client, store};

/// PostgreSQL knows nothing of new tables before its autovacuum comes by, and makes plans for them that are good for a few
/// rows only.
#[tokio::test(flavor = "multi_thread")]
async fn statistics_are_there_before_autovacuum_comes_by() {
    let store = store().await;
    let schema = format!("{store:?}").split('"').nth(1).unwrap().to_owned();
    let known = || {
        let known = sqlx::query_scalar::<_, f32>(
            "SELECT reltuples FROM pg_class WHERE oid = ($1 || '.scim_resource')::regclass",
        );
        known.bind(&schema).fetch_one(store.pool())
    };
    assert!(known().await.unwrap() < 1.0);
    let client = Client::new(&store);
    for number in 0..100 {
        client.user(&format!("user{number}")).await;
    }
    assert!(known().await.unwrap() > 90.0);
}
