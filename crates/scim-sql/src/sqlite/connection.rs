//! A connection to an SQLite database as a session.

use std::{fmt, sync::Arc};

use rusqlite::{
    Connection, ErrorCode, ToSql, ffi,
    types::{ToSqlOutput, ValueRef},
};

use scim_core::schema::Registry;

use crate::{
    Engine,
    error::SqlError,
    map::{KeptMaps, Maps},
    session::Session,
    statement::{Row, Statement, Value},
};

/// A connection that runs statements where it is asked to, on the thread of the caller.
pub(crate) struct SqliteSession {
    connection: Connection,
    maps: KeptMaps,
}

impl SqliteSession {
    pub(crate) fn new(connection: Connection) -> Self {
        let maps = KeptMaps::default();
        Self { connection, maps }
    }

    /// Runs a statement that begins or ends a transaction.
    pub(super) fn execute(&mut self, text: &'static str) -> Result<(), SqlError> {
        self.connection.prepare_cached(text)?.execute([])?;
        Ok(())
    }

    pub(super) fn is_in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    pub(super) fn has_table(&self, name: &str) -> Result<bool, SqlError> {
        Ok(self.connection.table_exists(None, name)?)
    }
}

impl Session for SqliteSession {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn schema(&self) -> &'static str {
        ""
    }

    fn maps(&mut self, kinds: &Arc<Registry>) -> Arc<Maps> {
        self.maps.get(Engine::Sqlite, "", kinds)
    }

    async fn rows(&mut self, statement: &Statement) -> Result<Vec<Row>, SqlError> {
        read(&self.connection, statement)
    }

    async fn run(&mut self, statement: &Statement) -> Result<u64, SqlError> {
        write(&self.connection, statement)
    }
}

impl fmt::Debug for SqliteSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteSession").finish_non_exhaustive()
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Bool(value) => value.to_sql(),
            Self::Int(value) => value.to_sql(),
            Self::Text(value) => value.to_sql(),
            Self::Texts(list) => Ok(ToSqlOutput::from(serde_json::Value::from(list.as_slice()).to_string())),
        }
    }
}

impl From<rusqlite::Error> for SqlError {
    fn from(error: rusqlite::Error) -> Self {
        let Some(kind) = error.sqlite_error() else {
            return Self::other(error);
        };
        match (kind.code, kind.extended_code) {
            // The protocol of the write-ahead log fails where many connections come and go at once.
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed, _) => {
                Self::Conflict(Box::new(error))
            }
            (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => Self::Unique(error.to_string()),
            _ => Self::other(error),
        }
    }
}

/// Runs a statement for its rows.
pub(crate) fn read(connection: &Connection, statement: &Statement) -> Result<Vec<Row>, SqlError> {
    let mut prepared = connection.prepare_cached(statement.text())?;
    let columns = prepared.column_count();
    let mut found = prepared.query(rusqlite::params_from_iter(statement.values()))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let values = (0..columns).map(|column| value(row.get_ref(column)?));
        rows.push(Row::new(values.collect::<Result<_, SqlError>>()?));
    }
    Ok(rows)
}

/// Runs a statement for its effect: how many rows it touched.
pub(crate) fn write(connection: &Connection, statement: &Statement) -> Result<u64, SqlError> {
    let mut prepared = connection.prepare_cached(statement.text())?;
    let touched = prepared.execute(rusqlite::params_from_iter(statement.values()))?;
    Ok(u64::try_from(touched).unwrap_or(u64::MAX))
}

fn value(value: ValueRef<'_>) -> Result<Value, SqlError> {
    match value {
        ValueRef::Null => Ok(Value::Text(None)),
        ValueRef::Integer(value) => Ok(Value::Int(Some(value))),
        ValueRef::Text(text) => Ok(Value::Text(Some(
            str::from_utf8(text).map_err(SqlError::other)?.to_owned(),
        ))),
        ValueRef::Real(_) | ValueRef::Blob(_) => Err(SqlError::other("a column holds a value of another type")),
    }
}
