//! New empty stores of SQL. Here, and only here, the tests meet them.

use std::{env, error::Error, sync::Arc};

use crate::{
    Inspect, StoreOptions,
    postgres::{Postgres, schema_name},
};

/// The variable with the URL of the server for tests.
pub(super) const SERVER: &str = "SCIM_TEST_POSTGRES";

type Opened = Result<Arc<dyn Inspect>, Box<dyn Error + Send + Sync>>;

/// To be filled in: a store on SQLite, in memory.
pub(super) async fn sqlite(_options: StoreOptions) -> Opened {
    Err("there is no store on SQLite yet".into())
}

/// To be filled in: a store on PostgreSQL, in a schema of its own.
pub(super) async fn postgres(_options: StoreOptions) -> Opened {
    let (_url, _schema) = (server()?, schema_name());
    Err("there is no store on PostgreSQL yet".into())
}

/// The URL of the server that all stores of this process are on.
pub(super) fn server() -> Result<String, Box<dyn Error + Send + Sync>> {
    match env::var(SERVER) {
        Ok(url) => Ok(url),
        Err(_) => Ok(Postgres::shared().map_err(Clone::clone)?.url().to_owned()),
    }
}
