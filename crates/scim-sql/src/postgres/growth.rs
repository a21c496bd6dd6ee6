//! Statistics of tables that grow from nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{AssertSqlSafe, Executor as _};

use super::{Inner, session::within};

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
    /// Counts a write; whether it is time to look at the tables.
    fn is_time(&self) -> bool {
        LOOKS.contains(&(self.0.fetch_add(1, Ordering::Relaxed) + 1))
    }
}

impl Inner {
    /// Counts a write that was done, and has the server look at the tables when it is time: it makes its plans anew then.
    ///
    /// Where that cannot be done, by a role that may only read and write rows or while autovacuum is at it, nothing is lost
    /// but speed.
    pub(super) async fn grow(&self) {
        if !self.growth.is_time() {
            return;
        }
        let Ok(mut connection) = self.pool.acquire().await else {
            return;
        };
        let tables = ["resource", "member", "unique", "value"];
        let tables = tables.map(|table| format!("{}scim_{table}", self.shared.schema.prefix()));
        // One string is one transaction, so that the limit is of this look only.
        let look = format!("SET LOCAL lock_timeout = '100ms'; ANALYZE {}", tables.join(", "));
        let looked = within(self.deadline, connection.execute(AssertSqlSafe(look))).await;
        if looked.is_err() {
            connection.close_on_drop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_looked_at_three_times() {
        let growth = Growth::default();
        let times = (1..=20_000).filter(|_| growth.is_time());
        assert_eq!(times.count(), 3);
    }
}
