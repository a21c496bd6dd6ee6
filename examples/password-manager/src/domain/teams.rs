//! Teams: what SCIM clients know as Groups.

use scim_http::core::ResourceId;

use super::time;
use crate::db::{Db, Result, sql};

/// Most teams that are listed in the console.
pub(crate) const LISTED: i64 = 200;

/// Most members of a team that are named in the console.
const NAMED: i64 = 6;

/// The teams of all organisations.
#[derive(Clone)]
pub(crate) struct Teams {
    db: Db,
}

/// One team, as the console shows it.
#[derive(Debug, Clone)]
pub(crate) struct Team {
    pub(crate) key: i64,
    pub(crate) name: String,
    pub(crate) members: i64,
    /// The names of the first of them.
    pub(crate) named: Vec<String>,
    /// The vaults that are shared with it, by key and name.
    pub(crate) vaults: Vec<(i64, String)>,
    pub(crate) changed: chrono::DateTime<chrono::Utc>,
}

impl Teams {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// The teams of an organisation by name, the first [`LISTED`].
    pub(crate) async fn list(&self, organisation: &str) -> Result<Vec<Team>> {
        let rows = self.db.rows(sql!(
            "SELECT t.id, t.name, (SELECT COUNT(*) FROM team_members m WHERE m.team_id = t.id), t.changed_at
             FROM teams t WHERE t.org = $1 ORDER BY t.name_key, t.id LIMIT $2",
            organisation,
            LISTED,
        ));
        let mut teams = Vec::new();
        for row in rows.await? {
            teams.push(Team {
                key: row.int(0)?,
                name: row.text(1)?,
                members: row.int(2)?,
                named: Vec::new(),
                vaults: Vec::new(),
                changed: time(row.int(3)?),
            });
        }
        for (key, name) in self.named(organisation).await? {
            if let Some(team) = teams.iter_mut().find(|team| team.key == key) {
                team.named.push(name);
            }
        }
        let shared = self.db.rows(sql!(
            "SELECT s.team_id, v.id, v.name FROM vault_teams s JOIN vaults v ON v.id = s.vault_id
             WHERE v.org = $1 ORDER BY v.name",
            organisation,
        ));
        for row in shared.await? {
            let key = row.int(0)?;
            if let Some(team) = teams.iter_mut().find(|team| team.key == key) {
                team.vaults.push((row.int(1)?, row.text(2)?));
            }
        }
        Ok(teams)
    }

    pub(crate) async fn count(&self, organisation: &str) -> Result<i64> {
        let row = self
            .db
            .row(sql!("SELECT COUNT(*) FROM teams WHERE org = $1", organisation));
        row.await?.map_or(Ok(0), |row| row.int(0))
    }

    /// The first members of each team.
    async fn named(&self, organisation: &str) -> Result<Vec<(i64, String)>> {
        let rows = self.db.rows(sql!(
            "SELECT team_id, name FROM (
               SELECT l.team_id, COALESCE(m.display_name, m.user_name) AS name, m.user_key,
                      ROW_NUMBER() OVER (PARTITION BY l.team_id ORDER BY m.user_key) AS place
               FROM team_members l JOIN members m ON m.id = l.member_id WHERE m.org = $1) AS firsts
             WHERE place <= $2 ORDER BY team_id, place",
            organisation,
            NAMED,
        ));
        rows.await?.iter().map(|row| Ok((row.int(0)?, row.text(1)?))).collect()
    }
}

/// What SCIM clients know a team by.
pub(super) fn team_id(key: i64) -> ResourceId {
    ResourceId::new(format!("t{key}"))
}
