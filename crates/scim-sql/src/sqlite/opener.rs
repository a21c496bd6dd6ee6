//! Opens connections, each with its settings made and read back.

use std::{
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{SqliteSession, Synchronous, line::ready, worker::Role};
use crate::{
    Engine, OpenError,
    error::SqlError,
    migrate::{self, Halt},
    prepared::millis,
    retry::Retry,
};

/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 256;

/// The write-ahead log is cut to this many bytes after a checkpoint.
const LOG_BYTES: i64 = 64 << 20;

/// Where a database is and how its connections are set.
#[derive(Debug, Clone)]
pub(super) struct Opener {
    /// `None` for a database in memory.
    pub(super) path: Option<PathBuf>,
    pub(super) synchronous: Synchronous,
    pub(super) busy_timeout: Duration,
    pub(super) deadline: Duration,
    pub(super) owner: Owner,
}

/// Whose database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The host's, which is there and keeps its settings; with the library's tables in it or not.
    Host { tables: bool },
    /// The library's.
    Library,
}

impl Opener {
    pub(super) fn is_in_memory(&self) -> bool {
        self.path.is_none()
    }

    /// The first connection: makes the file and the tables where they are not there.
    pub(super) fn create(&self) -> Result<SqliteSession, OpenError> {
        if let Some(path) = self.path.as_ref().filter(|_| self.owner == Owner::Library) {
            touch(path)?;
        }
        let mut retry = Retry::within(self.deadline);
        loop {
            let busy = match self.prepared() {
                Err(Halt::Sql(error)) => error,
                Err(Halt::Open(error)) => return Err(error),
                Ok(session) => return Ok(session),
            };
            // Others may be opening, migrating or writing.
            match busy.is_temporary().then(|| retry.next()).flatten() {
                Some(pause) => thread::sleep(pause),
                None => return Err(OpenError::database(busy)),
            }
        }
    }

    /// A further connection.
    pub(super) fn connect(&self, role: Role) -> Result<SqliteSession, SqlError> {
        self.set_up(role).map_err(|halt| match halt {
            Halt::Sql(error) => error,
            Halt::Open(error) => SqlError::other(error),
        })
    }

    fn prepared(&self) -> Result<SqliteSession, Halt> {
        let mut session = self.set_up(Role::Writer)?;
        if self.owner == (Owner::Host { tables: false }) {
            return Ok(session);
        }
        let known = migrate::migrations(Engine::Sqlite);
        // Where nothing is missing, others may go on writing meanwhile.
        let mut more = !session.has_table("scim_migration")? || ended(migrate::missing(&mut session, known))?.is_some();
        while more {
            session.execute("BEGIN IMMEDIATE")?;
            let now = millis(&SystemTime::now().into());
            more = ended(migrate::step(&mut session, known, now))?;
            session.execute("COMMIT")?;
        }
        Ok(session)
    }

    fn set_up(&self, role: Role) -> Result<SqliteSession, Halt> {
        let connection = match &self.path {
            // Whoever uses the connection holds it alone, so that it needs no lock of its own. The file is there already.
            Some(path) => {
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                Connection::open_with_flags(path, flags)
            }
            None => Connection::open_in_memory(),
        };
        let connection = connection.map_err(SqlError::from)?;
        self.configure(&connection, role)?;
        Ok(SqliteSession::new(connection))
    }

    fn configure(&self, connection: &Connection, role: Role) -> Result<(), Halt> {
        connection.busy_timeout(self.busy_timeout).map_err(SqlError::from)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        for (config, on) in [
            (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
            (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
            // A misspelt column in double quotes must not pass for text.
            (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
            (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
            // With statistics, statements would be prepared again for each new value.
            (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
        ] {
            connection.set_db_config(config, on).map_err(SqlError::from)?;
        }
        if self.path.is_some() && self.owner == Owner::Library {
            set(connection, "journal_mode", "wal", "wal")?;
            set(connection, "journal_size_limit", LOG_BYTES, &LOG_BYTES.to_string())?;
        }
        let level = self.synchronous.level();
        set(connection, "synchronous", level, &level.to_string())?;
        if role == Role::Reader {
            set(connection, "query_only", 1, "1")?;
            // Lists of identifiers and small sorts are tables for the time of a statement: a file would cost more than the rest.
            set(connection, "temp_store", MEMORY, &MEMORY.to_string())?;
        }
        Ok(())
    }
}

/// What `temp_store` calls memory. A page keeps no more rows than it has, so it is little.
const MEMORY: i64 = 2;

/// The outcome of a migration, which does not wait here.
fn ended<T>(migration: impl Future<Output = Result<T, Halt>>) -> Result<T, Halt> {
    ready(migration).unwrap_or_else(|| Err(SqlError::other("a migration waited").into()))
}

/// Makes a setting, and reads it back.
fn set(connection: &Connection, name: &'static str, value: impl rusqlite::ToSql, wanted: &str) -> Result<(), Halt> {
    let ignore = |_: &rusqlite::Row<'_>| Ok(());
    connection
        .pragma_update_and_check(None, name, &value, ignore)
        .or_else(|error| match error {
            // Some settings answer with their value, others with nothing.
            rusqlite::Error::QueryReturnedNoRows => Ok(()),
            error => Err(SqlError::from(error)),
        })?;
    let found = connection.pragma_query_value(None, name, |row| {
        let value: rusqlite::types::Value = row.get(0)?;
        Ok(match value {
            rusqlite::types::Value::Integer(number) => number.to_string(),
            rusqlite::types::Value::Text(text) => text,
            _ => String::new(),
        })
    });
    let found = found.map_err(SqlError::from)?;
    if found == wanted {
        return Ok(());
    }
    let wanted = wanted.to_owned();
    Err(Halt::Open(OpenError::Setting { name, wanted, found }))
}

/// Makes the file where there is none, for its owner only; SQLite makes those beside it alike.
///
/// A file that is there is not even opened: closing it would drop the locks that other connections of the process hold.
fn touch(path: &Path) -> Result<(), OpenError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(OpenError::database(error)),
    }
}
