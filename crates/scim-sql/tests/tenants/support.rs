//! A database that several stores are opened on, as several processes would.

use std::{
    env, fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use scim_conformance::postgres::Postgres;
use scim_sql::{PgStore, SqlCredentials, SqlTenants, SqliteStore};
use scim_store::Guard;

/// A database of its own, gone with the test.
pub(crate) enum Base {
    Postgres(String),
    Sqlite(PathBuf),
}

/// A store on it.
#[derive(Debug, Clone)]
pub(crate) enum Store {
    Postgres(PgStore),
    Sqlite(SqliteStore),
}

impl Base {
    /// One of each kind.
    pub(crate) fn all() -> [Self; 2] {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("scim-tenants-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        let schema = format!("tenants_{}_{number}", std::process::id());
        [Self::Sqlite(path), Self::Postgres(schema)]
    }

    /// Opens a store on it, as a process of its own would.
    pub(crate) async fn open(&self) -> Store {
        self.open_with(None).await
    }

    pub(crate) async fn open_with(&self, guard: Option<Arc<dyn Guard>>) -> Store {
        match self {
            Self::Postgres(schema) => {
                let mut builder = PgStore::builder().connections(20).schema(schema.clone());
                if let Some(guard) = guard {
                    builder = builder.guard(guard);
                }
                Store::Postgres(builder.connect(&url()).await.unwrap())
            }
            Self::Sqlite(path) => {
                let mut builder = SqliteStore::builder();
                if let Some(guard) = guard {
                    builder = builder.guard(guard);
                }
                Store::Sqlite(builder.open(path.join("scim.db")).await.unwrap())
            }
        }
    }

    /// All that is in the database.
    pub(crate) async fn bytes(&self, store: &Store) -> Vec<u8> {
        match (self, store) {
            (Self::Sqlite(path), _) => {
                let files = fs::read_dir(path).unwrap();
                files.flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
            }
            (Self::Postgres(schema), Store::Postgres(store)) => {
                let tables: Vec<String> =
                    sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = $1")
                        .bind(schema)
                        .fetch_all(store.pool())
                        .await
                        .unwrap();
                assert!(tables.len() > 8);
                let mut all = String::new();
                for table in tables {
                    let text = format!("SELECT t::text FROM {schema}.{table} t");
                    let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_all(store.pool());
                    let rows: Vec<String> = rows.await.unwrap();
                    all.extend(rows);
                }
                all.into_bytes()
            }
            _ => panic!("a store on another base"),
        }
    }

    /// Runs a statement past the stores.
    pub(crate) async fn execute(&self, store: &Store, text: &str) {
        match (self, store) {
            (Self::Sqlite(path), _) => {
                let connection = rusqlite::Connection::open(path.join("scim.db")).unwrap();
                connection.execute_batch(&text.replace("{s}", "")).unwrap();
            }
            (Self::Postgres(schema), Store::Postgres(store)) => {
                let text = text.replace("{s}", &format!("{schema}."));
                sqlx::raw_sql(sqlx::AssertSqlSafe(text))
                    .execute(store.pool())
                    .await
                    .unwrap();
            }
            _ => panic!("a store on another base"),
        }
    }
}

impl Store {
    pub(crate) fn credentials(&self) -> SqlCredentials {
        match self {
            Self::Postgres(store) => store.credentials(),
            Self::Sqlite(store) => store.credentials(),
        }
    }

    pub(crate) fn tenants(&self) -> SqlTenants {
        match self {
            Self::Postgres(store) => store.tenants(),
            Self::Sqlite(store) => store.tenants(),
        }
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        if let Self::Sqlite(path) = self {
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// The server of this process, or one that is running.
fn url() -> String {
    env::var("SCIM_TEST_POSTGRES").unwrap_or_else(|_| Postgres::shared().unwrap().url().to_owned())
}
