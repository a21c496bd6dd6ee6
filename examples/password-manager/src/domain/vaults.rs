//! Vaults, and the teams that they are shared with: what the product does with groups, and no concern of SCIM's.

use crate::db::{Db, Result, Sql, sql};

/// The vaults of all organisations.
#[derive(Clone)]
pub(crate) struct Vaults {
    db: Db,
}

/// One vault.
#[derive(Debug, Clone)]
pub(crate) struct Vault {
    pub(crate) key: i64,
    pub(crate) name: String,
    pub(crate) items: i64,
}

impl Vaults {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// What makes a vault.
    pub(crate) fn creation(organisation: &str, name: &str, items: i64) -> Sql {
        sql!(
            "INSERT INTO vaults (org, name, items) VALUES ($1, $2, $3)",
            organisation,
            name,
            items,
        )
    }

    pub(crate) async fn list(&self, organisation: &str) -> Result<Vec<Vault>> {
        let rows = self.db.rows(sql!(
            "SELECT id, name, items FROM vaults WHERE org = $1 ORDER BY name",
            organisation,
        ));
        let vaults = rows.await?.into_iter().map(|row| {
            Ok(Vault {
                key: row.int(0)?,
                name: row.text(1)?,
                items: row.int(2)?,
            })
        });
        vaults.collect()
    }

    /// Shares a vault with a team of the same organisation.
    pub(crate) async fn share(&self, organisation: &str, vault: i64, team: i64) -> Result<()> {
        let shared = self.db.run(sql!(
            "INSERT INTO vault_teams (vault_id, team_id)
             SELECT v.id, t.id FROM vaults v JOIN teams t ON t.org = v.org
             WHERE v.org = $1 AND v.id = $2 AND t.id = $3 ON CONFLICT DO NOTHING",
            organisation,
            vault,
            team,
        ));
        shared.await.map(drop)
    }

    /// Takes a vault back from a team.
    pub(crate) async fn take_back(&self, organisation: &str, vault: i64, team: i64) -> Result<()> {
        let taken = self.db.run(sql!(
            "DELETE FROM vault_teams WHERE team_id = $1 AND vault_id IN (SELECT id FROM vaults WHERE org = $2 AND id = $3)",
            team,
            organisation,
            vault,
        ));
        taken.await.map(drop)
    }
}
