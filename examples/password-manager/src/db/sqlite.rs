//! SQLite behind a lock, off the threads that serve.

use std::{
    fs::OpenOptions,
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, params_from_iter, types::ValueRef};
use scim_http::{core::ResourceId, store::Scope};
use scim_sql::host::HostStore;

use super::{DbError, Result, Row, Sql, Step, Value};

/// How long a statement waits for another process.
const PATIENCE: Duration = Duration::from_secs(10);

/// One connection, used by one at a time.
#[derive(Clone)]
pub(crate) struct Line(Arc<Mutex<Connection>>);

impl Line {
    pub(super) fn open(path: &Path, tables: &str) -> Result<Self> {
        touch(path)?;
        let connection = Connection::open(path)?;
        connection.busy_timeout(PATIENCE)?;
        // Readers and the writer do not wait for each other; the mode stays with the file.
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.execute_batch(tables)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let connection = Arc::clone(&self.0);
        let done =
            tokio::task::spawn_blocking(move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner)));
        done.await.map_err(|_| DbError::Ended)?
    }
}

/// Makes the file where there is none, for its owner only: it holds secrets of webhooks. SQLite makes those beside it alike.
fn touch(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

pub(super) fn rows(connection: &Connection, Sql(text, values): &Sql) -> Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(text)?;
    let columns = statement.column_count();
    let mut found = statement.query(params_from_iter(values))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let values = (0..columns).map(|column| match row.get_ref(column)? {
            ValueRef::Integer(number) => Ok(Value::Int(number)),
            ValueRef::Null => Ok(Value::Null),
            ValueRef::Text(text) => Ok(Value::Text(String::from_utf8_lossy(text).into_owned())),
            ValueRef::Real(_) | ValueRef::Blob(_) => Err(DbError::Shape),
        });
        rows.push(Row(values.collect::<Result<_>>()?));
    }
    Ok(rows)
}

pub(super) fn run(connection: &Connection, Sql(text, values): &Sql) -> Result<u64> {
    let changed = connection.prepare_cached(text)?.execute(params_from_iter(values))?;
    Ok(u64::try_from(changed).unwrap_or(u64::MAX))
}

pub(super) fn change(
    connection: &mut Connection,
    store: &HostStore,
    scope: &Scope,
    steps: Vec<Step>,
) -> Result<Option<ResourceId>> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut changed = Vec::new();
    for Step { sql, told } in steps {
        let rows = rows(&transaction, &sql)?;
        if let Some(told) = told {
            changed.push((told.ids(&rows)?, told));
        }
    }
    let Some(id) = changed.last().and_then(|(ids, _)| ids.first()).cloned() else {
        return Ok(None);
    };
    for (ids, told) in &changed {
        for id in ids {
            store.announce_sqlite(&transaction, scope, &told.kind, id, told.changed)?;
        }
    }
    transaction.commit()?;
    Ok(Some(id))
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        match self {
            Self::Int(number) => number.to_sql(),
            Self::Null => rusqlite::types::Null.to_sql(),
            Self::Text(text) => text.to_sql(),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn a_new_database_is_for_its_owner_only() {
        let directory = std::env::temp_dir().join(format!("password-manager-mode-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let _line = Line::open(&directory.join("pm.db"), "CREATE TABLE t (a INTEGER);").unwrap();
        let mut files = 0;
        for file in fs::read_dir(&directory).unwrap() {
            let mode = file.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            files += 1;
        }
        assert_eq!(files, 3, "with the log and its index");
        fs::remove_dir_all(&directory).unwrap();
    }
}
