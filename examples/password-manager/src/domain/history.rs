//! The provisioning log: what identity providers asked, and what they were answered. Bounded, and without anybody's data.

use super::{now, time};
use crate::db::{Db, Result, sql};

/// How many requests of an organisation are kept.
const KEPT: i64 = 1000;

/// Requests between two clean-ups.
const PRUNED_EVERY: i64 = 64;

/// The requests of identity providers.
#[derive(Clone)]
pub(crate) struct History {
    db: Db,
}

/// One request. It names routes, attributes and identifiers, never values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    pub(crate) at: chrono::DateTime<chrono::Utc>,
    pub(crate) method: String,
    /// The route without identifiers and query, such as `/Users/{id}`.
    pub(crate) route: String,
    pub(crate) status: u16,
    pub(crate) micros: i64,
    /// The identifier of the resource that was touched.
    pub(crate) resource: Option<String>,
    /// What was tolerated, one in a line.
    pub(crate) tolerated: Option<String>,
    /// What the client was told was wrong.
    pub(crate) problem: Option<String>,
    pub(crate) request_id: String,
    /// How many of the same came one after the other.
    pub(crate) times: i64,
}

/// Which requests are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    All,
    /// Those that may change something.
    Changes,
    /// Those that were refused, or failed.
    Problems,
}

impl History {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Keeps a request of an organisation. Requests without valid credentials are counted, not listed one by one: strangers
    /// shall not push the others out.
    pub(crate) async fn record(&self, organisation: &str, entry: &Entry) -> Result<()> {
        if entry.status == 401 && self.count_again(organisation).await? {
            return Ok(());
        }
        let kept = self.db.row(sql!(
            "INSERT INTO provisioning_log
               (org, at, method, route, status, micros, resource, tolerated, problem, request_id, times)
             SELECT slug, $1, $2, $3, $4, $5, $6, $7, $8, $9, 1 FROM organisations WHERE slug = $10 RETURNING id",
            now(),
            &entry.method,
            &entry.route,
            i64::from(entry.status),
            entry.micros,
            entry.resource.clone(),
            entry.tolerated.clone(),
            entry.problem.clone(),
            &entry.request_id,
            organisation,
        ));
        match kept.await? {
            Some(row) if row.int(0)? % PRUNED_EVERY == 0 => self.prune(organisation).await,
            _ => Ok(()),
        }
    }

    /// The latest requests, newest first.
    pub(crate) async fn list(&self, organisation: &str, which: Which, limit: i64) -> Result<Vec<Entry>> {
        let rows = self.db.rows(sql!(
            "SELECT at, method, route, status, micros, resource, tolerated, problem, request_id, times
             FROM provisioning_log WHERE org = $1 AND status >= $2 AND method <> $3 ORDER BY id DESC LIMIT $4",
            organisation,
            if which == Which::Problems { 400 } else { 0 },
            if which == Which::Changes { "GET" } else { "" },
            limit,
        ));
        let entries = rows.await?.into_iter().map(|row| {
            Ok(Entry {
                at: time(row.int(0)?),
                method: row.text(1)?,
                route: row.text(2)?,
                status: u16::try_from(row.int(3)?).unwrap_or_default(),
                micros: row.int(4)?,
                resource: row.optional_text(5)?,
                tolerated: row.optional_text(6)?,
                problem: row.optional_text(7)?,
                request_id: row.text(8)?,
                times: row.int(9)?,
            })
        });
        entries.collect()
    }

    /// Counts one more where the latest request had no valid credentials either.
    async fn count_again(&self, organisation: &str) -> Result<bool> {
        let counted = self.db.run(sql!(
            "UPDATE provisioning_log SET times = times + 1, at = $1
             WHERE id = (SELECT MAX(id) FROM provisioning_log WHERE org = $2) AND status = 401",
            now(),
            organisation,
        ));
        Ok(counted.await? > 0)
    }

    async fn prune(&self, organisation: &str) -> Result<()> {
        let pruned = self.db.run(sql!(
            "DELETE FROM provisioning_log WHERE org = $1 AND id <=
               (SELECT id FROM provisioning_log WHERE org = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)",
            organisation,
            KEPT,
        ));
        pruned.await.map(drop)
    }
}
