//! Schemas on PostgreSQL that are used again: to make the tables takes longer than most tests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use scim_sql::PgStore;
use sqlx::{AssertSqlSafe, Executor as _, PgPool, Result};

/// The schemas of this process that are used again, each with the store that has it.
static LENT: Mutex<Vec<(String, Weak<PgStore>)>> = Mutex::new(Vec::new());

/// Takes a schema whose store is gone.
pub(super) fn take() -> Option<String> {
    let mut lent = lock();
    let free = lent.iter().position(|(_, store)| store.strong_count() == 0)?;
    Some(lent.swap_remove(free).0)
}

/// Remembers which store has a schema.
pub(super) fn lend(schema: String, store: &Arc<PgStore>) {
    lock().push((schema, Arc::downgrade(store)));
}

/// The schema with nothing in its tables but the versions of these.
pub(super) async fn emptied(pool: &PgPool, schema: String) -> Result<String> {
    let list = "SELECT string_agg(format('DELETE FROM %I.%I', schemaname, tablename), ';') FROM pg_tables \
                WHERE schemaname = $1 AND tablename <> 'scim_migration'";
    let deletes: Option<String> = sqlx::query_scalar(list).bind(&schema).fetch_one(pool).await?;
    // The names of our own tables, quoted by the server.
    pool.execute(AssertSqlSafe(deletes.unwrap_or_default())).await?;
    Ok(schema)
}

fn lock() -> MutexGuard<'static, Vec<(String, Weak<PgStore>)>> {
    LENT.lock().unwrap_or_else(PoisonError::into_inner)
}
