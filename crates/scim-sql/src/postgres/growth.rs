//! Statistics of tables that grow from nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{AssertSqlSafe, Executor as _};

use super::{Inner, session::within};
use crate::error::SqlError;

/// After how many writes of a store its tables are looked at.
///
/// PostgreSQL makes the plan of a statement once, by what it knows of the tables then. Of tables that were empty it knows
/// nothing, and one index is as good as another: the members of a group would be looked for among all users of the tenant.
/// Its autovacuum looks at tables that grew, but not before a minute (`autovacuum_naptime`), and a first provisioning is
/// mostly done by then.
const LOOKS: [u64; 3] = [100, 1_000, 10_000];

/// How many writes a store has done.
#[derive(Debug, Default)]
pub(super) struct Growth(AtomicU64);

impl Growth {
    /// Counts writes; how many there are, where it is time to look at the tables.
    fn count(&self, writes: u64) -> Option<u64> {
        let before = self.0.fetch_add(writes, Ordering::Relaxed);
        let count = before.saturating_add(writes);
        LOOKS
            .iter()
            .any(|look| before < *look && *look <= count)
            .then_some(count)
    }
}

impl Inner {
    /// Counts writes that were done, and has the server look at the tables when it is time and it does not know of as many
    /// rows: it makes its plans anew then.
    ///
    /// Where that cannot be done, by a role that may only read and write rows or while autovacuum is at it, nothing is lost
    /// but speed.
    pub(super) async fn grow(&self, writes: usize) {
        if let Some(count) = self.growth.count(u64::try_from(writes).unwrap_or(u64::MAX)) {
            // The writes are done, and their answer does not depend on this.
            self.analyze(count).await.unwrap_or_default();
        }
    }

    async fn analyze(&self, count: u64) -> Result<(), SqlError> {
        let mut connection = self.connection().await?;
        let tables = ["resource", "member", "unique", "value"];
        let tables = tables.map(|table| format!("{}scim_{table}", self.shared.schema.prefix()));
        let known = "SELECT reltuples FROM pg_class WHERE oid = to_regclass($1)";
        let known = sqlx::query_scalar::<_, f32>(known).bind(tables.first());
        let known = within(self.deadline, known.fetch_optional(&mut *connection)).await?;
        if known.is_some_and(|rows| f64::from(rows) >= count as f64) {
            return Ok(());
        }
        // One string is one transaction, so that the limit is of this look only.
        let look = format!("SET LOCAL lock_timeout = '100ms'; ANALYZE {}", tables.join(", "));
        let looked = within(self.deadline, connection.execute(AssertSqlSafe(look))).await;
        if looked.is_err() {
            connection.close_on_drop();
        }
        looked.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_looked_at_three_times() {
        let growth = Growth::default();
        let looks: Vec<u64> = (0..20_000).filter_map(|_| growth.count(1)).collect();
        assert_eq!(looks, LOOKS);
    }

    #[test]
    fn a_batch_counts_by_its_writes() {
        let growth = Growth::default();
        assert_eq!(growth.count(99), None);
        assert_eq!(growth.count(1_500), Some(1_599));
        assert_eq!(growth.count(1_000), None);
    }
}
