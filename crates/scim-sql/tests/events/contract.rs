//! The contracts, on each database.

use scim_conformance::{
    events::{check_deliveries, check_positions},
    postgres::{Postgres, schema_name},
};
use scim_events::{DeliveryStore, Positions};
use scim_sql::{PgStore, SqliteStore};

pub(crate) async fn postgres() -> PgStore {
    let server = Postgres::shared().unwrap();
    let builder = PgStore::builder().schema(schema_name());
    builder.connect(server.socket_url()).await.unwrap()
}

async fn check(store: &(impl DeliveryStore + Positions)) {
    for report in [check_positions(store).await, check_deliveries(store).await] {
        assert!(report.is_clean(), "{report}");
    }
}

#[tokio::test]
async fn sqlite_keeps_the_contracts() {
    check(&SqliteStore::in_memory().await.unwrap()).await;
}

#[tokio::test]
async fn postgres_keeps_the_contracts() {
    check(&postgres().await).await;
}
