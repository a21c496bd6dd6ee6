//! The product's own database: SQLite or PostgreSQL, by the same statements.
//!
//! Statements number their parameters in the order of their first appearance (`$1`, `$2`, ..), which both engines read alike.

mod beside;
mod row;
mod sqlite;
mod tables;
mod told;

use std::path::PathBuf;

use rusqlite::ffi;
use scim_http::{core::ResourceId, store::Scope};
use scim_sql::{
    OpenError, PgStoreBuilder, SqliteStore, SqliteStoreBuilder,
    host::{ColumnMap, HostError, HostStore},
};
use sqlx::{Executor as _, PgPool, postgres::PgPoolOptions};

pub(crate) use self::{
    beside::Beside,
    row::{Row, Value},
    told::{Step, Told},
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

    /// Makes a change that SCIM clients see: all steps and what is told of them, in one transaction.
    ///
    /// Answers with the resource that the last step is about. Where that has none, nothing changes.
    pub(crate) async fn change(&self, store: &HostStore, scope: Scope, steps: Vec<Step>) -> Result<Option<ResourceId>> {
        match self {
            Self::Postgres(pool) => {
                let mut transaction = pool.begin().await?;
                let mut changed = Vec::new();
                for Step { sql, told } in steps {
                    let rows = bind(sql).fetch_all(&mut *transaction).await?;
                    let rows: Vec<Row> = rows.iter().map(Row::from_postgres).collect::<Result<_>>()?;
                    if let Some(told) = told {
                        changed.push((told.ids(&rows)?, told));
                    }
                }
                let Some(id) = changed.last().and_then(|(ids, _)| ids.first()).cloned() else {
                    return Ok(None);
                };
                for (ids, told) in &changed {
                    for id in ids {
                        store
                            .announce_postgres(&mut transaction, &scope, &told.kind, id, told.changed)
                            .await?;
                    }
                }
                transaction.commit().await?;
                Ok(Some(id))
            }
            Self::Sqlite { line, .. } => {
                let store = store.clone();
                line.run(move |connection| sqlite::change(connection, &store, &scope, steps))
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
            Self::Sqlite(rusqlite::Error::SqliteFailure(error, _)) => matches!(
                error.extended_code,
                ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_UNIQUE
            ),
            Self::Told(scim_http::store::StoreError::Uniqueness { .. }) => true,
            _ => false,
        }
    }
}
