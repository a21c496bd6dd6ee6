//! The provisioning log: what identity providers asked, and what they were answered. Bounded, and without anybody's data.

use super::{now, time};
use crate::db::{Db, Result, sql};

/// How many requests of an organisation are kept.
const KEPT: i64 = 1000;

/// Requests between two clean-ups.
const PRUNED_EVERY: i64 = 64;

/// What names the requests of strangers, all of which are one row.
const STRANGERS: &str = "";

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
    /// How many there were: of those without a token of the organisation the latest is shown.
    pub(crate) times: i64,
}

/// Which requests are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    All,
    /// Those that may change something.
    Changes,
    /// Those that were done.
    Done,
    /// Those that were refused, or failed.
    Problems,
}

impl History {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Keeps a request that came with a token of the organisation.
    pub(crate) async fn record(&self, organisation: &str, entry: &Entry) -> Result<()> {
        self.keep(organisation, entry, &entry.request_id).await
    }

    /// Counts a request that came without one, in the one row that there is for all of them: strangers shall push nobody out.
    pub(crate) async fn count(&self, organisation: &str, entry: &Entry) -> Result<()> {
        self.keep(organisation, entry, STRANGERS).await
    }

    /// The latest requests, newest first.
    pub(crate) async fn list(&self, organisation: &str, which: Which, limit: i64) -> Result<Vec<Entry>> {
        let (least, most) = match which {
            Which::All | Which::Changes => (0, 999),
            Which::Done => (0, 399),
            Which::Problems => (400, 999),
        };
        let rows = self.db.rows(sql!(
            "SELECT at, method, route, status, micros, resource, tolerated, problem, request_id, times
             FROM provisioning_log WHERE org = $1 AND status BETWEEN $2 AND $3 AND method <> $4
             ORDER BY at DESC, id DESC LIMIT $5",
            organisation,
            least,
            most,
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

    async fn keep(&self, organisation: &str, entry: &Entry, request_id: &str) -> Result<()> {
        let kept = self.db.row(sql!(
            "INSERT INTO provisioning_log
               (org, at, method, route, status, micros, resource, tolerated, problem, request_id, times)
             SELECT slug, $1, $2, $3, $4, $5, $6, $7, $8, $9, 1 FROM organisations WHERE slug = $10
             ON CONFLICT (org) WHERE request_id = '' DO UPDATE SET times = provisioning_log.times + 1,
               at = excluded.at, method = excluded.method, route = excluded.route, status = excluded.status,
               micros = excluded.micros, resource = excluded.resource, tolerated = excluded.tolerated, problem = excluded.problem
             RETURNING id",
            now(),
            &entry.method,
            &entry.route,
            i64::from(entry.status),
            entry.micros,
            entry.resource.clone(),
            entry.tolerated.clone(),
            entry.problem.clone(),
            request_id,
            organisation,
        ));
        match kept.await? {
            Some(row) if row.int(0)? % PRUNED_EVERY == 0 => self.prune(organisation).await,
            _ => Ok(()),
        }
    }

    async fn prune(&self, organisation: &str) -> Result<()> {
        let pruned = self.db.run(sql!(
            "DELETE FROM provisioning_log WHERE org = $1 AND request_id <> '' AND id <=
               (SELECT id FROM provisioning_log WHERE org = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)",
            organisation,
            KEPT,
        ));
        pruned.await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::{domain::Organisations, options::Location, secret};

    /// A database of its own, removed behind the test.
    struct Directory(PathBuf);

    impl Directory {
        fn new() -> Self {
            let name = format!("password-manager-history-{}", secret::random().unwrap());
            let path = std::env::temp_dir().join(name);
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }

        async fn history(&self) -> History {
            let db = Db::open(&Location::Sqlite(self.0.join("pm.db"))).await.unwrap();
            Organisations::new(db.clone()).create("acme", "Acme").await.unwrap();
            History::new(db)
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn entry(status: u16, request_id: usize) -> Entry {
        Entry {
            method: "GET".to_owned(),
            route: "/Users".to_owned(),
            status,
            request_id: request_id.to_string(),
            ..Entry::default()
        }
    }

    #[tokio::test]
    async fn the_log_is_bounded_and_keeps_the_latest() {
        let directory = Directory::new();
        let (history, most) = (directory.history().await, usize::try_from(KEPT + PRUNED_EVERY).unwrap());
        for number in 0..most + 100 {
            history.record("acme", &entry(200, number)).await.unwrap();
        }
        let kept = history.list("acme", Which::All, i64::MAX).await.unwrap();
        assert!((1000..most).contains(&kept.len()), "{}", kept.len());
        let names = kept.iter().map(|entry| entry.request_id.parse::<usize>().unwrap());
        let latest = (0..most + 100).rev().take(kept.len());
        assert!(names.eq(latest), "those that are kept are the latest");
    }

    #[tokio::test]
    async fn strangers_are_one_row_that_pushes_nobody_out() {
        let directory = Directory::new();
        let history = directory.history().await;
        history.record("acme", &entry(200, 1)).await.unwrap();
        for number in 0..1500 {
            let status = [401, 403, 400][number % 3];
            history.count("acme", &entry(status, number)).await.unwrap();
            if number % 500 == 0 {
                history.record("acme", &entry(404, number)).await.unwrap();
            }
        }
        let all = history.list("acme", Which::All, i64::MAX).await.unwrap();
        assert_eq!((all.len(), all[0].times, all[0].status), (5, 1500, 400), "{all:?}");
        let done = history.list("acme", Which::Done, 1).await.unwrap();
        assert_eq!(done[0].request_id, "1");
        history.count("nobody", &entry(401, 1)).await.unwrap();
        assert!(history.list("nobody", Which::All, 9).await.unwrap().is_empty());
    }
}
