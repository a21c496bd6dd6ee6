//! New empty stores of SQL. Here, and only here, the tests meet them.

use std::{env, error::Error, sync::Arc};

use async_trait::async_trait;
use scim_sql::{PgStore, SqliteStore};
use scim_store::Result;
use serde_json::Value;
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::sync::OnceCell;

use super::schemas;
use crate::{
    Inspect, StoreOptions,
    postgres::{Postgres, schema_name},
};

/// The variable with the URL of the server for tests.
pub(super) const SERVER: &str = "SCIM_TEST_POSTGRES";

/// Most connections that the stores of one process have together.
const CONNECTIONS: u32 = 16;

type Failure = Box<dyn Error + Send + Sync>;
type Opened = std::result::Result<Arc<dyn Inspect>, Failure>;

#[async_trait]
impl Inspect for SqliteStore {
    async fn dump(&self) -> Result<Value> {
        Self::dump(self).await
    }
}

#[async_trait]
impl Inspect for PgStore {
    async fn dump(&self) -> Result<Value> {
        Self::dump(self).await
    }
}

/// A store on SQLite, in memory.
pub(super) async fn sqlite(options: StoreOptions) -> Opened {
    let mut builder = SqliteStore::builder();
    if let Some(guard) = options.guard {
        builder = builder.guard(guard);
    }
    Ok(Arc::new(builder.in_memory().await?))
}

/// A store on PostgreSQL, in a schema of its own, or in one that another store is done with.
pub(super) async fn postgres(options: StoreOptions) -> Opened {
    static POOL: OnceCell<PgPool> = OnceCell::const_new();
    let connect = async || {
        let options = PgPoolOptions::new().max_connections(CONNECTIONS);
        Ok::<_, Failure>(options.connect(&server()?).await?)
    };
    let pool = POOL.get_or_try_init(connect).await?;
    let schema = match options.reused.then(schemas::take).flatten() {
        Some(schema) => schemas::emptied(pool, schema).await?,
        None => schema_name(),
    };
    let mut builder = PgStore::builder().schema(&schema);
    if let Some(guard) = options.guard {
        builder = builder.guard(guard);
    }
    let store = Arc::new(builder.open(pool.clone()).await?);
    if options.reused {
        schemas::lend(schema, &store);
    }
    Ok(store)
}

/// The URL of the server that all stores of this process are on.
pub(super) fn server() -> std::result::Result<String, Failure> {
    match env::var(SERVER) {
        Ok(url) => Ok(url),
        Err(_) => Ok(Postgres::shared().map_err(Clone::clone)?.url().to_owned()),
    }
}
