//! The product's own database: SQLite or PostgreSQL, by the same statements.
//!
//! Statements number their parameters in the order of their first appearance (`$1`, `$2`, ..), which both engines read alike.

mod beside;
mod row;
mod sqlite;
mod tables;
mod told;

use std::path::PathBuf;

use rusqlite::ErrorCode;
use scim_sql::{
    OpenError, PgStoreBuilder, SqliteStore, SqliteStoreBuilder,
    host::{ColumnMap, HostError, HostStore},
};
use sqlx::{Executor as _, PgPool, postgres::PgPoolOptions};

pub(crate) use self::{
    beside::Beside,
    row::{Row, Value},
    told::Told,
};
use self::{row::bind, sqlite::Line};
use crate::options::Location;

/// A clone is the same database.
#[derive(Clone)]
pub(crate) enum Db {
    Postgres(PgPool),
    Sqlite { line: Line, path: PathBuf },
}

/// Why a statement failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DbError {
    #[error(transparent)]
    Postgres(#[from] sqlx::Error),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("the change cannot be told to provisioning: {0}")]
    Told(#[from] scim_http::store::StoreError),
    #[error("the database's file cannot be made")]
    File(#[from] std::io::Error),
    #[error("a value is not what the statement promised")]
    Shape,
    #[error("the database's thread ended")]
    Ended,
}

pub(crate) type Result<T, E = DbError> = std::result::Result<T, E>;

/// A statement and its parameters.
pub(crate) struct Sql(pub(crate) &'static str, pub(crate) Vec<Value>);

/// A statement with its parameters: `sql!("DELETE FROM sessions WHERE hash = $1", hash)`.
macro_rules! sql {
    ($text:expr $(, $value:expr)* $(,)?) => {
        $crate::db::Sql($text, vec![$($crate::db::Value::from($value)),*])
    };
}
pub(crate) use sql;

impl Db {
    /// Opens the database, and makes its file and tables where they are missing.
    pub(crate) async fn open(location: &Location) -> Result<Self> {
        match location {
            Location::Postgres(url) => {
                let pool = PgPoolOptions::new().max_connections(10).connect(url).await?;
                pool.execute(sqlx::AssertSqlSafe(tables::postgres())).await?;
                Ok(Self::Postgres(pool))
            }
            Location::Sqlite(path) => {
                let line = Line::open(path, &tables::sqlite())?;
                let path = path.clone();
                Ok(Self::Sqlite { line, path })
            }
        }
    }

    /// The library's store on these tables, by a map of them.
    pub(crate) async fn host_store(
        &self,
        map: &ColumnMap,
        guard: std::sync::Arc<dyn scim_http::store::Guard>,
    ) -> std::result::Result<HostStore, HostError> {
        match self {
            Self::Postgres(pool) => {
                HostStore::postgres_with(PgStoreBuilder::default().guard(guard), pool.clone(), map).await
            }
            Self::Sqlite { path, .. } => {
                HostStore::sqlite_with(SqliteStoreBuilder::default().guard(guard), path, map).await
            }
        }
    }

    /// What the library keeps beside the tables.
    pub(crate) async fn beside(&self) -> std::result::Result<Beside, OpenError> {
        Ok(match self {
            Self::Postgres(pool) => Beside::Postgres(PgStoreBuilder::default().open(pool.clone()).await?),
            Self::Sqlite { path, .. } => Beside::Sqlite(SqliteStore::open(path).await?),
        })
    }

    /// The rows that a statement answers with.
    pub(crate) async fn rows(&self, sql: Sql) -> Result<Vec<Row>> {
        match self {
            Self::Postgres(pool) => {
                let rows = bind(sql).fetch_all(pool).await?;
                rows.iter().map(Row::from_postgres).collect()
            }
            Self::Sqlite { line, .. } => line.run(move |connection| sqlite::rows(connection, &sql)).await,
        }
    }

    /// The first row, if there is one.
    pub(crate) async fn row(&self, sql: Sql) -> Result<Option<Row>> {
        Ok(self.rows(sql).await?.into_iter().next())
    }

    /// Runs a statement, and says how many rows it changed.
    pub(crate) async fn run(&self, sql: Sql) -> Result<u64> {
        match self {
            Self::Postgres(pool) => Ok(bind(sql).execute(pool).await?.rows_affected()),
            Self::Sqlite { line, .. } => line.run(move |connection| sqlite::run(connection, &sql)).await,
        }
    }

    /// Makes a change that SCIM clients see: the statements and what is told of them, in one transaction.
    ///
    /// The rows of the last statement say what is told. Where there are none, nothing changes and `false` is answered.
    pub(crate) async fn change(
        &self,
        store: &HostStore,
        scope: scim_http::store::Scope,
        statements: Vec<Sql>,
        told: impl FnOnce(&[Row]) -> Result<Vec<Told>> + Send + 'static,
    ) -> Result<bool> {
        match self {
            Self::Postgres(pool) => {
                let mut transaction = pool.begin().await?;
                let mut rows = Vec::new();
                for sql in statements {
                    rows = bind(sql).fetch_all(&mut *transaction).await?;
                }
                if rows.is_empty() {
                    return Ok(false);
                }
                let rows: Vec<Row> = rows.iter().map(Row::from_postgres).collect::<Result<_>>()?;
                for Told { kind, id, changed } in told(&rows)? {
                    store
                        .announce_postgres(&mut transaction, &scope, &kind, &id, changed)
                        .await?;
                }
                transaction.commit().await?;
                Ok(true)
            }
            Self::Sqlite { line, .. } => {
                let store = store.clone();
                line.run(move |connection| sqlite::change(connection, &store, &scope, &statements, told))
                    .await
            }
        }
    }
}

impl DbError {
    /// Whether a unique index refused a row.
    pub(crate) fn is_conflict(&self) -> bool {
        match self {
            Self::Postgres(sqlx::Error::Database(error)) => error.is_unique_violation(),
            Self::Sqlite(rusqlite::Error::SqliteFailure(error, _)) => error.code == ErrorCode::ConstraintViolation,
            Self::Told(scim_http::store::StoreError::Uniqueness { .. }) => true,
            _ => false,
        }
    }
}
