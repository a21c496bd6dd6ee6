//! Checks of the server, and migrations that take turns.

use std::time::{Duration, SystemTime};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::{
    Engine, OpenError,
    error::SqlError,
    migrate::{self, Halt},
    postgres::{
        PgSession,
        schema::Schema,
        session::{Mode, Shared},
    },
    prepared::millis,
};

/// The oldest server, as it numbers itself: 14.
const OLDEST: i32 = 140_000;

/// A change of the tables may take long where there is much in them.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// Refuses a server that the store cannot work with.
pub(super) async fn check_server(connection: &mut PgConnection) -> Result<(), Halt> {
    let sql = "SELECT current_setting('server_version_num')::int4, current_setting('server_version'), \
               current_setting('server_encoding')";
    let row = sqlx::query(sql).fetch_one(connection).await.map_err(SqlError::from)?;
    let number: i32 = row.try_get(0).map_err(SqlError::from)?;
    let text = |column: usize| row.try_get::<String, _>(column).map_err(SqlError::from);
    let setting = |name, wanted: &str, found| {
        let wanted = wanted.to_owned();
        Halt::Open(OpenError::Setting { name, wanted, found })
    };
    if number < OLDEST {
        return Err(setting("server_version", "14 or later", text(1)?));
    }
    let encoding = text(2)?;
    if encoding != "UTF8" {
        return Err(setting("server_encoding", "UTF8", encoding));
    }
    Ok(())
}

/// Refuses tables that are missing, older or newer than this release needs.
pub(super) async fn check_tables(connection: &mut PgConnection, shared: &Shared) -> Result<(), Halt> {
    match missing(connection, &shared.schema).await? {
        false => Ok(()),
        true => Err(Halt::Open(OpenError::Place(format!(
            "the schema {} does not have the tables of this release: migrate it first",
            shared.schema.name()
        )))),
    }
}

/// Applies what is missing, each step in a transaction of its own, so that an interrupted migration goes on where it was.
///
/// Processes that do so at once take turns by a lock. Where nothing is missing nothing is locked or written, and no right
/// but to read is needed.
pub(super) async fn migrate(connection: &mut PgConnection, shared: &Shared) -> Result<(), Halt> {
    let known = migrate::migrations(Engine::Postgres);
    let schema = &shared.schema;
    let patient = Shared::new(schema.clone(), PATIENCE);
    let mut more = missing(connection, schema).await?;
    while more {
        // The turn of another process may take longer than a request may wait for a lock.
        let begin = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = 0";
        let mut transaction = connection.begin_with(begin).await.map_err(SqlError::from)?;
        take_turn(&mut transaction, shared).await?;
        let mut session = PgSession::new(&mut transaction, &patient, Mode::Transaction { numbered: false });
        let now = millis(&SystemTime::now().into());
        more = migrate::step(&mut session, known, now).await?;
        transaction.commit().await.map_err(SqlError::from)?;
    }
    Ok(())
}

/// Waits until no other process migrates, and sees to it that the schema is there.
async fn take_turn(transaction: &mut PgConnection, shared: &Shared) -> Result<(), SqlError> {
    let schema = &shared.schema;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(format!("migration of the schema {}", schema.name()))
        .execute(&mut *transaction)
        .await?;
    // Whoever serves already holds locks for moments only.
    let wait = shared.patience.as_millis().clamp(1, i32::MAX as u128);
    let sql = format!("SET LOCAL lock_timeout = {wait}");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *transaction).await?;
    // `CREATE SCHEMA IF NOT EXISTS` asks for the right to create even where there is nothing to do.
    let is_there = sqlx::query("SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1)")
        .bind(schema.name())
        .fetch_one(&mut *transaction)
        .await?;
    if !is_there.try_get::<bool, _>(0)? {
        let sql = format!("CREATE SCHEMA \"{}\"", schema.name());
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(transaction).await?;
    }
    Ok(())
}

/// Whether migrations are missing; an error where the tables are not for this release.
async fn missing(connection: &mut PgConnection, schema: &Schema) -> Result<bool, Halt> {
    let table = format!("{}scim_migration", schema.prefix());
    let is_there = sqlx::query("SELECT to_regclass($1) IS NOT NULL")
        .bind(&table)
        .fetch_one(&mut *connection)
        .await
        .map_err(SqlError::from)?;
    if !is_there.try_get::<bool, _>(0).map_err(SqlError::from)? {
        return Ok(true);
    }
    let sql = format!("SELECT version, name FROM {table} ORDER BY version");
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(connection)
        .await
        .map_err(SqlError::from)?;
    let applied = rows
        .iter()
        .map(|row| Ok((row.try_get::<i64, _>(0)?, row.try_get::<String, _>(1)?)));
    let applied: Vec<_> = applied.collect::<Result<_, sqlx::Error>>().map_err(SqlError::from)?;
    let known = migrate::migrations(Engine::Postgres);
    Ok(migrate::next(known, &applied).map_err(Halt::Open)?.is_some())
}
