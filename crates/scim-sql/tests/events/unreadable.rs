//! An endpoint that cannot be read keeps no others back.

use std::{env, fs, process};

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;
use scim_conformance::postgres::{Postgres, schema_name};
use scim_core::TenantId;
use scim_events::{
    Claiming, Delivery, DeliveryStore, Endpoint, EndpointId, EndpointSettings, EndpointUrl, EventId, EventType,
};
use scim_sql::{PgStore, SqliteStore};
use sqlx::AssertSqlSafe;

const SPOIL: &str = "scim_endpoint SET settings = '{}' WHERE id = 'spoilt'";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
}

/// An endpoint with deliveries of different resources.
async fn add(store: &dyn DeliveryStore, name: &str, sequences: &[u64], due: DateTime<Utc>) {
    let (tenant, id) = (TenantId::new(name), EndpointId::new(name));
    let url = EndpointUrl::parse("https://example.com/").unwrap();
    let endpoint = Endpoint::new(tenant.clone(), id.clone(), EndpointSettings::new(url).unwrap(), due);
    store.put_endpoint(&endpoint).await.unwrap();
    let deliveries = sequences.iter().map(|sequence| {
        Delivery::new(
            tenant.clone(),
            id.clone(),
            *sequence,
            EventId::new(format!("evt_{sequence}")),
            EventType::new("user.updated"),
            format!("User/{sequence}"),
            "{}".to_owned(),
            due,
        )
    });
    let deliveries: Vec<Delivery> = deliveries.collect();
    store.enqueue(&tenant, &id, &deliveries, 9).await.unwrap();
}

/// What is due the longest is of the endpoint that will not be readable.
async fn fill(store: &dyn DeliveryStore) {
    add(store, "spoilt", &[1, 2], at(-1)).await;
    add(store, "sound", &[3, 4], at(0)).await;
}

async fn claim(store: &dyn DeliveryStore, now: DateTime<Utc>, most: usize) -> Vec<u64> {
    let claiming = Claiming::new(now, now + TimeDelta::seconds(10)).most(most, 1);
    let claims = store.claim(&claiming).await.unwrap();
    claims.iter().map(|claim| claim.delivery.sequence).collect()
}

async fn check(store: &dyn DeliveryStore) {
    let spoilt = store.endpoint(&"spoilt".into(), &EndpointId::new("spoilt")).await;
    assert!(spoilt.is_err(), "{spoilt:?}");
    assert_eq!(claim(store, at(0), 9).await, [3]);
    // Also where there is room for one only, and it comes first.
    let (first, second) = (claim(store, at(20), 1).await, claim(store, at(20), 1).await);
    assert_eq!([first, second].concat(), [4]);
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_read_keeps_no_other_back_on_sqlite() {
    let directory = env::temp_dir().join(format!("scim-events-{}", process::id()));
    fs::create_dir(&directory).unwrap();
    let file = directory.join("scim.db");
    let store = SqliteStore::open(&file).await.unwrap();
    fill(&store).await;
    let other = Connection::open(&file).unwrap();
    assert_eq!(other.execute(&format!("UPDATE {SPOIL}"), []).unwrap(), 1);
    drop(other);
    check(&store).await;
    store.close().await;
    fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_read_keeps_no_other_back_on_postgres() {
    let (server, schema) = (Postgres::shared().unwrap(), schema_name());
    let builder = PgStore::builder().schema(schema.clone());
    let store = builder.connect(server.socket_url()).await.unwrap();
    fill(&store).await;
    let spoil = sqlx::query(AssertSqlSafe(format!("UPDATE {schema}.{SPOIL}")));
    assert_eq!(spoil.execute(store.pool()).await.unwrap().rows_affected(), 1);
    check(&store).await;
}
