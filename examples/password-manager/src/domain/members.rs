//! The members of an organisation: what SCIM clients know as Users.

use std::{collections::HashMap, sync::Arc};

use scim_http::{
    core::{ResourceId, fold::fold, username::UserNameKey},
    store::{self, ByHand, Provenance},
};
use scim_sql::host::HostStore;

use super::{Organisation, Organisations, Role, now, scope, teams::team_id, time};
use crate::{
    db::{Db, DbError, Result, Row, Sql, Step, Told, sql},
    scim::{Kinds, MEMBER},
};

/// Most members in one page of the console.
pub(crate) const PAGE: i64 = 100;

macro_rules! waiting {
    ($seats:literal) => {
        concat!(
            "SELECT m.id, m.user_name, m.display_name, m.given_name, m.family_name, m.title, m.department, m.status, m.role,
                    m.origin, m.synced_at, CAST(0 AS BIGINT), CAST(0 AS BIGINT)
             FROM members m
             WHERE m.org = $1 AND m.status = 'active'
               AND NOT EXISTS (SELECT 1 FROM ",
            $seats,
            " s WHERE s.tenant = m.org AND s.id = 'm' || m.id)
             ORDER BY m.id LIMIT $2"
        )
    };
}

/// The members of all organisations.
#[derive(Clone)]
pub(crate) struct Members {
    db: Db,
    kinds: Kinds,
    organisations: Organisations,
    store: HostStore,
}

/// One member, as the console shows it.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) key: i64,
    pub(crate) user_name: String,
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) department: Option<String>,
    pub(crate) is_active: bool,
    pub(crate) role: Role,
    /// Whether it came by provisioning; otherwise it was invited.
    pub(crate) is_provisioned: bool,
    pub(crate) synced: Option<chrono::DateTime<chrono::Utc>>,
    /// How many teams, and how many vaults these open.
    pub(crate) teams: i64,
    pub(crate) vaults: i64,
}

/// Somebody to be invited by hand.
pub(crate) struct Invitation<'a> {
    pub(crate) organisation: &'a str,
    pub(crate) user_name: &'a str,
    pub(crate) name: &'a str,
    pub(crate) role: Role,
}

/// Why a member was not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("Somebody with this e-mail address is a member already.")]
    Exists,
    #[error("There is no such member.")]
    Missing,
    #[error("{name} was provisioned; {reason}, or comes back with the next sync.")]
    Provisioned { name: String, reason: store::Refusal },
    #[error("{0} owns this organisation. Give it another owner first.")]
    Owner(String),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Members {
    pub(crate) fn new(db: Db, kinds: Kinds, store: HostStore) -> Self {
        let organisations = Organisations::new(db.clone());
        Self {
            db,
            kinds,
            organisations,
            store,
        }
    }

    /// A page of members whose names contain a text; empty for all.
    pub(crate) async fn list(&self, organisation: &str, search: &str, page: i64) -> Result<Vec<Member>> {
        let like = like(search);
        let rows = self.db.rows(sql!(
            "SELECT m.id, m.user_name, m.display_name, m.given_name, m.family_name, m.title, m.department, m.status, m.role,
                    m.origin, m.synced_at,
                    (SELECT COUNT(*) FROM team_members t WHERE t.member_id = m.id),
                    (SELECT COUNT(DISTINCT v.vault_id) FROM team_members t JOIN vault_teams v ON v.team_id = t.team_id
                     WHERE t.member_id = m.id)
             FROM members m
             WHERE m.org = $1 AND (m.user_key LIKE $2 ESCAPE '!' OR m.display_key LIKE $2 ESCAPE '!')
             ORDER BY CASE m.role WHEN 'owner' THEN 0 WHEN 'admin' THEN 1 ELSE 2 END, m.user_key
             LIMIT $3 OFFSET $4",
            organisation,
            like,
            PAGE + 1,
            page.max(0).saturating_mul(PAGE),
        ));
        rows.await?.iter().map(Member::from_row).collect()
    }

    pub(crate) async fn get(&self, organisation: &str, key: i64) -> Result<Option<Member>> {
        let row = self.db.row(sql!(
            "SELECT m.id, m.user_name, m.display_name, m.given_name, m.family_name, m.title, m.department, m.status, m.role,
                    m.origin, m.synced_at, CAST(0 AS BIGINT), CAST(0 AS BIGINT)
             FROM members m WHERE m.org = $1 AND m.id = $2",
            organisation,
            key,
        ));
        row.await?.map(|row| Member::from_row(&row)).transpose()
    }

    /// Active members without a licence, those first who came first: a page of them, and one more where there are more.
    pub(crate) async fn waiting(&self, organisation: &str) -> Result<Vec<Member>> {
        // The library keeps licences in the same database, by what clients know members by.
        let text = match self.db {
            Db::Postgres(_) => waiting!("scim.scim_seat"),
            Db::Sqlite { .. } => waiting!("scim_seat"),
        };
        let rows = self.db.rows(sql!(text, organisation, PAGE + 1));
        rows.await?.iter().map(Member::from_row).collect()
    }

    /// The names of members and teams, by what SCIM clients know them by. Whoever is gone has none.
    pub(crate) async fn names<'a>(
        &self,
        organisation: &str,
        ids: impl Iterator<Item = &'a str>,
    ) -> Result<HashMap<String, String>> {
        let mut names = HashMap::new();
        for id in ids {
            if names.contains_key(id) {
                continue;
            }
            let key = |prefix| id.strip_prefix(prefix).and_then(|key| key.parse::<i64>().ok());
            let sql = match (key('m'), key('t')) {
                (Some(key), _) => sql!(
                    "SELECT COALESCE(display_name, user_name) FROM members WHERE org = $1 AND id = $2",
                    organisation,
                    key,
                ),
                (None, Some(key)) => sql!("SELECT name FROM teams WHERE org = $1 AND id = $2", organisation, key),
                (None, None) => continue,
            };
            if let Some(row) = self.db.row(sql).await? {
                names.insert(id.to_owned(), row.text(0)?);
            }
        }
        Ok(names)
    }

    /// Members in all, those of them that are active, and those that came by provisioning.
    pub(crate) async fn counts(&self, organisation: &str) -> Result<(i64, i64, i64)> {
        let row = self.db.row(sql!(
            "SELECT COUNT(*), COUNT(CASE WHEN status = 'active' THEN 1 END), COUNT(CASE WHEN origin = 'scim' THEN 1 END)
             FROM members WHERE org = $1",
            organisation,
        ));
        let row = row.await?.ok_or(DbError::Shape)?;
        Ok((row.int(0)?, row.int(1)?, row.int(2)?))
    }

    /// Invites somebody by hand. SCIM clients are told of the new User.
    pub(crate) async fn invite(&self, by: &str, invitation: &Invitation<'_>) -> Result<ResourceId, Refusal> {
        self.invite_behind(Vec::new(), by, invitation).await
    }

    /// The same behind other statements, in one transaction with them.
    pub(crate) async fn invite_behind(
        &self,
        before: Vec<Sql>,
        by: &str,
        invitation: &Invitation<'_>,
    ) -> Result<ResourceId, Refusal> {
        let Invitation {
            organisation,
            user_name,
            name,
            role,
        } = invitation;
        let insert = sql!(
            "INSERT INTO members (org, user_name, user_key, display_name, display_key, status, role, origin, created_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, 'active', $6, 'invitation', $7, $7) RETURNING id",
            *organisation,
            *user_name,
            UserNameKey::map(user_name).as_ref(),
            *name,
            fold(name).as_ref(),
            role.key(),
            now(),
        );
        let steps = before.into_iter().map(Step::from);
        let steps = steps.chain([self.told(insert, &[])]).collect();
        match self.change(by, organisation, steps).await {
            Err(Refusal::Db(error)) if error.is_conflict() => Err(Refusal::Exists),
            done => done,
        }
    }

    /// Removes somebody who was invited by hand. Those who are provisioned are for the identity provider to remove.
    pub(crate) async fn remove(&self, by: &str, organisation: &Organisation, key: i64) -> Result<Member, Refusal> {
        let slug = &organisation.slug;
        let member = self.get(slug, key).await?.ok_or(Refusal::Missing)?;
        if member.role == Role::Owner {
            return Err(Refusal::Owner(member.name));
        }
        member.check(&organisation.provenance(), ByHand::Remove)?;
        // The teams lose a member, so clients are told of them too. They come first: whoever else changes one waits for us.
        let teams = sql!(
            "UPDATE teams SET changed_at = $1
             WHERE org = $2 AND id IN (SELECT team_id FROM team_members WHERE member_id = $3) RETURNING id",
            now(),
            slug,
            key,
        );
        let teams = Step {
            sql: teams,
            told: Some(Told {
                kind: Arc::clone(&self.kinds.group),
                id: team_id,
                changed: &["members"],
            }),
        };
        // What was checked is checked again where it counts: inside of the transaction.
        let member_itself = sql!(
            "DELETE FROM members WHERE org = $1 AND id = $2 AND origin = 'invitation' AND role <> 'owner' RETURNING id",
            slug,
            key,
        );
        self.change(by, slug, vec![teams, self.told(member_itself, &[])])
            .await?;
        Ok(member)
    }

    /// Hands somebody who was invited over to provisioning: from now on the identity provider may change the account.
    pub(crate) async fn hand_over(&self, by: &str, organisation: &str, key: i64) -> Result<(), Refusal> {
        let statement = sql!(
            "UPDATE members SET origin = 'scim' WHERE org = $1 AND id = $2 AND origin = 'invitation' RETURNING id",
            organisation,
            key,
        );
        let changed = &["urn:ietf:params:scim:schemas:extension:latchkey:2.0:User:origin"];
        let handed = self.change(by, organisation, vec![self.told(statement, changed)]);
        handed.await.map(drop)
    }

    /// Gives another role; owners keep theirs.
    pub(crate) async fn set_role(
        &self,
        by: &str,
        organisation: &Organisation,
        key: i64,
        role: Role,
    ) -> Result<(), Refusal> {
        let slug = &organisation.slug;
        let member = self.get(slug, key).await?.ok_or(Refusal::Missing)?;
        member.check(&organisation.provenance(), ByHand::Edit(&format!("{MEMBER}:role")))?;
        let statement = sql!(
            "UPDATE members SET role = $1 WHERE org = $2 AND id = $3 AND role <> 'owner' RETURNING id",
            role.key(),
            slug,
            key,
        );
        let changed = &["urn:ietf:params:scim:schemas:extension:latchkey:2.0:User:role"];
        let set = self.change(by, slug, vec![self.told(statement, changed)]);
        set.await.map(drop)
    }

    /// Notes that the identity provider was here. SCIM clients see nothing of it.
    pub(crate) async fn synced(&self, organisation: &str, id: &str) -> Result<()> {
        let Some(key) = id.strip_prefix('m').and_then(|key| key.parse::<i64>().ok()) else {
            return Ok(());
        };
        let noted = self.db.run(sql!(
            "UPDATE members SET synced_at = $1 WHERE org = $2 AND id = $3",
            now(),
            organisation,
            key,
        ));
        noted.await.map(drop)
    }

    /// A statement that answers with members, of which clients are told.
    fn told(&self, sql: Sql, changed: &'static [&'static str]) -> Step {
        let told = Told {
            kind: Arc::clone(&self.kinds.user),
            id: user_id,
            changed,
        };
        Step { sql, told: Some(told) }
    }

    async fn change(&self, by: &str, organisation: &str, steps: Vec<Step>) -> Result<ResourceId, Refusal> {
        let scope = scope(&self.organisations, &self.kinds, organisation, by).await;
        let scope = scope.map_err(DbError::from)?;
        let changed = self.db.change(&self.store, scope, steps).await?;
        changed.ok_or(Refusal::Missing)
    }
}

impl Member {
    fn from_row(row: &Row) -> Result<Self> {
        let user_name = row.text(1)?;
        let name = row.optional_text(2)?.or_else(|| {
            let (given, family) = (row.optional_text(3).ok()??, row.optional_text(4).ok()??);
            Some(format!("{given} {family}"))
        });
        Ok(Self {
            key: row.int(0)?,
            name: name.unwrap_or_else(|| user_name.clone()),
            user_name,
            title: row.optional_text(5)?,
            department: row.optional_text(6)?,
            is_active: row.text(7)? == "active",
            role: Role::from_key(&row.text(8)?).unwrap_or(Role::Member),
            is_provisioned: row.text(9)? == "scim",
            synced: row.optional_int(10)?.map(time),
            teams: row.int(11)?,
            vaults: row.int(12)?,
        })
    }

    /// Title and department, as far as they are known.
    pub(crate) fn work(&self) -> Option<String> {
        match (&self.title, &self.department) {
            (Some(title), Some(department)) => Some(format!("{title}, {department}")),
            (one, other) => one.clone().or_else(|| other.clone()),
        }
    }

    /// Whether something may be done by hand: where the member came by provisioning, that is the identity provider's to say.
    fn check(&self, provenance: &Provenance, action: ByHand<'_>) -> Result<(), Refusal> {
        let allowed = match self.is_provisioned {
            true => provenance.check(action),
            false => Ok(()),
        };
        allowed.map_err(|reason| Refusal::Provisioned {
            name: self.name.clone(),
            reason,
        })
    }

    /// What SCIM clients know it by.
    pub(crate) fn id(&self) -> ResourceId {
        user_id(self.key)
    }
}

/// What SCIM clients know a member by.
pub(crate) fn user_id(key: i64) -> ResourceId {
    ResourceId::new(format!("m{key}"))
}

/// A pattern that finds a text anywhere, whatever signs are in it.
fn like(search: &str) -> String {
    let mut pattern = "%".to_owned();
    for c in fold(search.trim()).chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_takes_its_signs_as_they_are() {
        assert_eq!(like(" A_b% "), "%a!_b!%%");
        assert_eq!(like(""), "%%");
    }
}
