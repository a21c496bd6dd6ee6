//! The databases that promises are kept on.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use scim_conformance::postgres::{Postgres, schema_name};
use scim_events::{DeliveryStore, Positions};
use scim_http::{
    core::TenantId,
    store::{Change, ChangeFeed, Guard, MemoryStore, Result, ScimStore, SeatStore},
};
use scim_sql::{PgStore, SqlBreakers, SqlCredentials, SqliteStore};
use serde_json::{Value, json};

use crate::raw;

/// A store with its record of changes and its seats.
#[async_trait]
pub(crate) trait Store: ScimStore + SeatStore {
    async fn feed(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<Change>>;
}

#[async_trait]
impl<S: ScimStore + SeatStore + ChangeFeed> Store for S {
    async fn feed(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<Change>> {
        self.changes(tenant, after, limit).await
    }
}

/// A store with all that events need of it.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub(crate) feed: Arc<dyn ChangeFeed>,
    pub(crate) positions: Arc<dyn Positions>,
    pub(crate) deliveries: Arc<dyn DeliveryStore>,
}

impl Places {
    fn of<S: ChangeFeed + DeliveryStore + Positions + Clone>(store: &S) -> Self {
        Self {
            feed: Arc::new(store.clone()),
            positions: Arc::new(store.clone()),
            deliveries: Arc::new(store.clone()),
        }
    }
}

/// Where data is kept; what only a test needs is gone with the last of its clones.
#[derive(Debug, Clone)]
pub(crate) enum Base {
    Memory(Arc<MemoryStore>),
    Sqlite(Arc<Directory>),
    Postgres { url: String, schema: String },
}

impl Base {
    pub(crate) fn memory() -> Self {
        Self::Memory(Arc::new(MemoryStore::builder().changes(1_000_000).build()))
    }

    /// A new file.
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(Arc::new(Directory::new()))
    }

    /// A new schema on the server that all tests share, which does not sync to disk.
    pub(crate) fn postgres() -> Self {
        Self::on(Postgres::shared().unwrap())
    }

    /// A new schema.
    pub(crate) fn on(server: &Postgres) -> Self {
        Self::Postgres {
            // The socket asks for no password, which takes its time to prove.
            url: server.socket_url().to_owned(),
            schema: schema_name(),
        }
    }

    /// The same schema by another way to the server.
    pub(crate) fn by(&self, url: &str) -> Self {
        match self {
            Self::Postgres { schema, .. } => Self::Postgres {
                url: url.to_owned(),
                schema: schema.clone(),
            },
            other => other.clone(),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::Sqlite(_) => "sqlite",
            Self::Postgres { .. } => "postgres",
        }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Opens the store, as a host does at its start.
    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        self.try_open().await.unwrap()
    }

    pub(crate) async fn try_open(&self) -> std::result::Result<Arc<dyn Store>, Box<dyn Error + Send + Sync>> {
        Ok(match self {
            Self::Memory(store) => Arc::clone(store) as Arc<dyn Store>,
            Self::Sqlite(directory) => Arc::new(SqliteStore::open(directory.file()).await?),
            Self::Postgres { url, schema } => Arc::new(PgStore::builder().schema(schema).connect(url).await?),
        })
    }

    /// Opens the same with its places of positions and deliveries.
    pub(crate) async fn open_events(&self) -> Places {
        match self {
            Self::Memory(_) => panic!("not for memory"),
            Self::Sqlite(directory) => Places::of(&SqliteStore::open(directory.file()).await.unwrap()),
            Self::Postgres { url, schema } => {
                Places::of(&PgStore::builder().schema(schema).connect(url).await.unwrap())
            }
        }
    }

    pub(crate) async fn open_guarded(&self, guard: Arc<dyn Guard>) -> Arc<dyn Store> {
        match self {
            Self::Memory(_) => Arc::new(MemoryStore::builder().changes(1_000_000).guard(guard).build()),
            Self::Sqlite(directory) => Arc::new(
                SqliteStore::builder()
                    .guard(guard)
                    .open(directory.file())
                    .await
                    .unwrap(),
            ),
            Self::Postgres { url, schema } => {
                let builder = PgStore::builder().schema(schema).guard(guard);
                Arc::new(builder.connect(url).await.unwrap())
            }
        }
    }

    /// Credentials and breakers that other processes share; none in memory.
    pub(crate) async fn administration(&self) -> Option<(SqlCredentials, SqlBreakers)> {
        match self {
            Self::Memory(_) => None,
            Self::Sqlite(directory) => {
                let store = SqliteStore::open(directory.file()).await.unwrap();
                Some((store.credentials(), store.breakers()))
            }
            Self::Postgres { url, schema } => {
                let store = PgStore::builder().schema(schema).connect(url).await.unwrap();
                Some((store.credentials(), store.breakers()))
            }
        }
    }

    /// Opens the store on a server, with little patience.
    pub(crate) async fn open_impatient(&self) -> Arc<dyn Store> {
        let (url, schema) = self.place();
        let builder = PgStore::builder().schema(schema).deadline(Duration::from_millis(500));
        Arc::new(builder.connect(url).await.unwrap())
    }

    /// Runs SQL past the store; the first column of each row, which must be text.
    pub(crate) async fn sql(&self, text: &str) -> Vec<String> {
        match self {
            Self::Memory(_) => Vec::new(),
            Self::Sqlite(directory) => raw::sqlite(directory.file(), text).unwrap(),
            Self::Postgres { url, schema } => raw::postgres(url, schema, text).await.unwrap(),
        }
    }

    /// Every row of a tenant but what only tells the order of rows, which a write that failed may move.
    pub(crate) async fn dump(&self, tenant: &str) -> String {
        match self {
            Self::Memory(store) => store.dump().to_string(),
            Self::Sqlite(directory) => raw::dump_sqlite(directory.file(), tenant).unwrap(),
            Self::Postgres { url, schema } => raw::dump_postgres(url, schema, tenant).await.unwrap(),
        }
    }

    /// Rows that do not fit others; none, whatever happened.
    pub(crate) async fn misfits(&self) -> Vec<String> {
        let mut misfits = Vec::new();
        if !matches!(self, Self::Memory(_)) {
            for check in raw::CHECKS {
                misfits.extend(self.sql(check).await);
            }
        }
        misfits
    }

    /// The URL and the schema, where there is a server.
    pub(crate) fn place(&self) -> (&str, &str) {
        match self {
            Self::Postgres { url, schema } => (url, schema),
            _ => panic!("not on a server"),
        }
    }

    /// Waits until the server is done with the processes that were killed: it may commit what they sent for a while yet.
    pub(crate) async fn forget_killed(&self) {
        let Self::Postgres { schema, .. } = self else { return };
        let left = format!("SELECT query FROM pg_stat_activity WHERE application_name = '{schema}'");
        let start = Instant::now();
        while !self.sql(&left).await.is_empty() {
            assert!(start.elapsed() < Duration::from_secs(60), "{:?}", self.sql(&left).await);
        }
    }

    /// For a process of its own, whose connections have the name of the schema.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Memory(_) => Value::Null,
            Self::Sqlite(directory) => json!({ "sqlite": directory.path }),
            Self::Postgres { url, schema } => {
                let mark = if url.contains('?') { '&' } else { '?' };
                json!({ "url": format!("{url}{mark}application_name={schema}"), "schema": schema })
            }
        }
    }

    pub(crate) fn from_json(value: &Value) -> Self {
        match value["sqlite"].as_str() {
            Some(path) => Self::Sqlite(Arc::new(Directory {
                path: path.into(),
                is_own: false,
            })),
            None => Self::Postgres {
                url: value["url"].as_str().unwrap().to_owned(),
                schema: value["schema"].as_str().unwrap().to_owned(),
            },
        }
    }

    pub(crate) fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite(directory) => Some(directory.file()),
            _ => None,
        }
    }
}

/// A temporary directory.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    is_own: bool,
}

impl Directory {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("scim-promises-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self { path, is_own: true }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self) -> PathBuf {
        self.path.join("scim.db")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.is_own {
            fs::remove_dir_all(&self.path).ok();
        }
    }
}
