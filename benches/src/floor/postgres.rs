//! Requests as statements by hand, on one connection to PostgreSQL.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, postgres::PgRow};
use tokio::sync::Mutex;

use super::now;
use crate::{
    Failure,
    cases::sql::{ask::Ask, fill::Template},
};

/// The connection.
#[derive(Debug, Clone)]
pub(crate) struct Floor(Arc<Mutex<PgConnection>>);

const TENANT: &str = "tenant";
const ROW: &str = "SELECT r.kind, r.id, r.version, r.created, r.modified, r.public, r.hidden";
const GROUPS: &str = "SELECT m.group_id, r.kind, r.label, m.member_id FROM scim.scim_member m \
    JOIN scim.scim_resource r ON r.tenant = m.tenant AND r.id = m.group_id \
    WHERE m.tenant = $1 AND m.member_id";
const RECORD: &str = "INSERT INTO scim.scim_change \
    (tenant, kind, id, what, changed, version, at, actor, txn, method, external_id) SELECT $1";

impl Floor {
    pub(crate) async fn open(url: &str) -> Result<Self, Failure> {
        Ok(Self(Arc::new(Mutex::new(PgConnection::connect(url).await?))))
    }

    /// Does one thing after the other.
    pub(crate) async fn run(&self, asks: Vec<Ask>) -> Result<Duration, Failure> {
        let mut connection = self.0.lock().await;
        let start = Instant::now();
        for ask in &asks {
            execute(&mut connection, ask).await?;
        }
        Ok(start.elapsed())
    }

    /// What one thing finds: it must not be nothing.
    pub(crate) async fn check(&self, ask: Ask) -> Result<usize, Failure> {
        Ok(execute(&mut *self.0.lock().await, &ask).await?)
    }

    /// Runs statements that fill tables.
    pub(crate) async fn fill(&self, statements: String) -> Result<(), Failure> {
        let mut connection = self.0.lock().await;
        connection.execute(sqlx::raw_sql(AssertSqlSafe(statements))).await?;
        Ok(())
    }

    /// What new rows are made of.
    pub(crate) async fn template(&self) -> Result<Template, Failure> {
        let text = "SELECT public, search::text FROM scim.scim_resource WHERE kind = 'User' ORDER BY place LIMIT 1";
        let row = sqlx::query(text).fetch_one(&mut *self.0.lock().await).await?;
        Ok(Template {
            public: row.try_get(0)?,
            search: row.try_get(1)?,
        })
    }

    /// The number in the first row.
    pub(crate) async fn number(&self, statement: String) -> Result<i64, Failure> {
        let row = sqlx::query(AssertSqlSafe(statement))
            .fetch_one(&mut *self.0.lock().await)
            .await?;
        Ok(row.try_get(0)?)
    }

    /// How long plain OFFSET takes.
    pub(crate) async fn offset(&self, start: usize) -> Result<Duration, Failure> {
        let begun = Instant::now();
        let text = format!(
            "{ROW} FROM scim.scim_resource r WHERE r.tenant = $1 AND r.kind = 'User' ORDER BY r.place LIMIT 100 OFFSET $2"
        );
        let query = sqlx::query(AssertSqlSafe(text)).bind(TENANT).bind(whole(start - 1));
        owned(&query.fetch_all(&mut *self.0.lock().await).await?)?;
        Ok(begun.elapsed())
    }
}

/// What there is to do to rows, and how many rows were seen.
async fn execute(connection: &mut PgConnection, ask: &Ask) -> sqlx::Result<usize> {
    match ask {
        Ask::Get(id) => {
            let text = format!(
                "{ROW}, (SELECT json_agg(json_build_array(m.group_id, o.kind, o.label) ORDER BY m.group_id)::text \
                 FROM scim.scim_member m JOIN scim.scim_resource o ON o.tenant = m.tenant AND o.id = m.group_id \
                 WHERE m.tenant = $1 AND m.member_id = $2) \
                 FROM scim.scim_resource r WHERE r.tenant = $1 AND r.id = $2 AND r.kind = 'User'"
            );
            let query = sqlx::query(AssertSqlSafe(text)).bind(TENANT).bind(id);
            Ok(owned(&query.fetch_all(connection).await?)?.len())
        }
        Ask::UserName(name) => {
            let rest = "scim.scim_resource r WHERE r.tenant = $1 AND r.kind = 'User' AND r.user_name = $2";
            found(connection, rest, name, true).await
        }
        Ask::Email(email) => {
            let rest = "scim.scim_value v JOIN scim.scim_resource r ON r.tenant = v.tenant AND r.id = v.id \
                        WHERE v.tenant = $1 AND v.kind = 'User' AND v.attribute = 'emails.value' AND v.value = $2";
            found(connection, rest, email, true).await
        }
        Ask::GroupsOf(id) => {
            let rest = "scim.scim_member m JOIN scim.scim_resource r ON r.tenant = m.tenant AND r.id = m.group_id \
                        WHERE m.tenant = $1 AND m.member_id = $2 AND r.kind = 'Group' ORDER BY r.place";
            found(connection, rest, id, false).await
        }
        Ask::Total => {
            let text = "SELECT SUM(total)::bigint FROM scim.scim_count WHERE tenant = $1 AND kind = 'User'";
            let row = sqlx::query(text).bind(TENANT).fetch_one(connection).await?;
            Ok(usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default())
        }
        Ask::Index(start) => {
            let text = format!(
                "{ROW} FROM scim.scim_resource r WHERE r.tenant = $1 AND r.kind = 'User' AND r.place IN \
                 (SELECT x.place FROM scim.scim_resource x WHERE x.tenant = $1 AND x.kind = 'User' \
                 ORDER BY x.place LIMIT 100 OFFSET $2) ORDER BY r.place"
            );
            let query = sqlx::query(AssertSqlSafe(text)).bind(TENANT).bind(whole(start - 1));
            let ids = owned(&query.fetch_all(&mut *connection).await?)?;
            related(connection, ids).await
        }
        Ask::Page { after, groups, .. } => {
            let text = format!(
                "{ROW} FROM scim.scim_resource r WHERE r.tenant = $1 AND r.kind = 'User' AND r.place > $2 \
                 ORDER BY r.place LIMIT 101"
            );
            let query = sqlx::query(AssertSqlSafe(text)).bind(TENANT).bind(after);
            let ids = owned(&query.fetch_all(&mut *connection).await?)?;
            if !groups {
                return Ok(ids.len());
            }
            related(connection, ids).await
        }
        Ask::Active(id, active) => set_active(connection, id, *active).await,
        Ask::Post(user) => {
            let text = format!(
                "WITH r AS (INSERT INTO scim.scim_resource (tenant, id, kind, version, created, modified, user_name, \
                 display_name, external_id, active, label, public, search) \
                 VALUES ($1, $2, 'User', 1, $3, $3, $4, $5, $6, TRUE, $5, $7, $8::jsonb) RETURNING place), \
                 v AS (INSERT INTO scim.scim_value (tenant, kind, attribute, value, id) \
                 SELECT $1, 'User', 'emails.value', l, $2 FROM unnest($9) l), \
                 c AS ({RECORD}, 'User', $2, 'created', '[\"userName\"]', 1, $3, 'bench', '', 'create', $6) \
                 INSERT INTO scim.scim_count (tenant, kind, stretch, shard, total) \
                 SELECT $1, 'User', r.place >> 16, $10, 1 FROM r WHERE TRUE \
                 ON CONFLICT (tenant, kind, stretch, shard) DO UPDATE SET total = scim_count.total + excluded.total"
            );
            let query = sqlx::query(AssertSqlSafe(text)).bind(TENANT).bind(&user.id).bind(now());
            let query = query
                .bind(&user.user_name)
                .bind(&user.display_name)
                .bind(&user.external_id);
            let query = query.bind(&user.public).bind(&user.search).bind(user.emails.as_slice());
            let shard = i16::try_from(user.user_name.len() % 8).unwrap_or_default();
            Ok(touched(query.bind(shard).execute(connection).await?.rows_affected()))
        }
        Ask::Add { group, member } => {
            let text = format!(
                "WITH g AS (UPDATE scim.scim_resource SET version = version + 1, modified = GREATEST(modified, $4), \
                 next_member = next_member + 1 WHERE tenant = $1 AND id = $2 RETURNING version, next_member), \
                 l AS (SELECT id FROM scim.scim_resource WHERE tenant = $1 AND id = $3 FOR KEY SHARE), \
                 c AS ({RECORD}, 'Group', $2, 'updated', '[\"members\"]', g.version, $4, 'bench', '', 'patch', NULL FROM g) \
                 INSERT INTO scim.scim_member (tenant, group_id, member_id, place) \
                 SELECT $1, $2, l.id, g.next_member - 1 FROM g, l"
            );
            let query = sqlx::query(AssertSqlSafe(text)).bind(TENANT).bind(group).bind(member);
            Ok(touched(query.bind(now()).execute(connection).await?.rows_affected()))
        }
        Ask::Remove { group, member, .. } => {
            let text = format!(
                "WITH g AS (UPDATE scim.scim_resource SET version = version + 1, modified = GREATEST(modified, $4) \
                 WHERE tenant = $1 AND id = $2 RETURNING version), \
                 c AS ({RECORD}, 'Group', $2, 'updated', '[\"members\"]', g.version, $4, 'bench', '', 'patch', NULL FROM g) \
                 DELETE FROM scim.scim_member WHERE tenant = $1 AND group_id = $2 AND member_id = $3"
            );
            let query = sqlx::query(AssertSqlSafe(text)).bind(TENANT).bind(group).bind(member);
            Ok(touched(query.bind(now()).execute(connection).await?.rows_affected()))
        }
        Ask::Rename { group, name } => rename(connection, group, name).await,
    }
}

async fn rename(connection: &mut PgConnection, group: &str, name: &str) -> sqlx::Result<usize> {
    let text = "SELECT version, display_name, public FROM scim.scim_resource WHERE tenant = $1 AND id = $2";
    let row = sqlx::query(text)
        .bind(TENANT)
        .bind(group)
        .fetch_one(&mut *connection)
        .await?;
    let (old, _): (String, String) = (row.try_get(1)?, row.try_get(2)?);
    let public = format!(
        r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"{group}","displayName":"{name}"}}"#
    );
    let text = format!(
        "WITH g AS (UPDATE scim.scim_resource SET version = version + 1, modified = GREATEST(modified, $3), \
         display_name = $4, label = $5, public = $6, search = '{{}}' WHERE tenant = $1 AND id = $2 RETURNING version), \
         o AS (DELETE FROM scim.scim_unique WHERE tenant = $1 AND kind = 'Group' AND attribute = 'displayName' \
         AND key = $7 AND id = $2), \
         u AS (INSERT INTO scim.scim_unique (tenant, kind, attribute, key, qualifier, id) \
         VALUES ($1, 'Group', 'displayName', $4, '', $2)) \
         {RECORD}, 'Group', $2, 'updated', '[\"displayName\"]', g.version, $3, 'bench', '', 'patch', NULL FROM g"
    );
    let query = sqlx::query(AssertSqlSafe(text)).bind(TENANT).bind(group).bind(now());
    let query = query.bind(name.to_lowercase()).bind(name).bind(public).bind(old);
    Ok(touched(query.execute(connection).await?.rows_affected()))
}

async fn set_active(connection: &mut PgConnection, id: &str, active: bool) -> sqlx::Result<usize> {
    let text = "SELECT public FROM scim.scim_resource WHERE tenant = $1 AND id = $2";
    let row = sqlx::query(text)
        .bind(TENANT)
        .bind(id)
        .fetch_one(&mut *connection)
        .await?;
    let public: String = row.try_get(0)?;
    let (old, new) = (format!("\"active\":{}", !active), format!("\"active\":{active}"));
    let public = public.replace(&old, &new);
    let what = if active { "activated" } else { "deactivated" };
    let text = format!(
        "WITH g AS (UPDATE scim.scim_resource SET version = version + 1, modified = GREATEST(modified, $3), \
         active = $4, public = $5 WHERE tenant = $1 AND id = $2 RETURNING version) \
         {RECORD}, 'User', $2, $6, '[\"active\"]', g.version, $3, 'bench', '', 'patch', NULL FROM g"
    );
    let query = sqlx::query(AssertSqlSafe(text)).bind(TENANT).bind(id).bind(now());
    let query = query.bind(active).bind(public).bind(what);
    let seen = touched(query.execute(&mut *connection).await?.rows_affected());
    // The answer shows what the user is a member of.
    related(connection, vec![id.to_owned()]).await?;
    Ok(seen)
}

/// Rows, and what their resources are members of if that is shown.
async fn found(connection: &mut PgConnection, rest: &str, operand: &str, shows_groups: bool) -> sqlx::Result<usize> {
    let text = format!("{ROW} FROM {rest}");
    let query = sqlx::query(AssertSqlSafe(text)).bind(TENANT).bind(operand);
    let ids = owned(&query.fetch_all(&mut *connection).await?)?;
    if shows_groups {
        return related(connection, ids).await;
    }
    Ok(ids.len())
}

async fn related(connection: &mut PgConnection, ids: Vec<String>) -> sqlx::Result<usize> {
    let rows = match ids.as_slice() {
        [one] => {
            let text = format!("{GROUPS} = $2 ORDER BY m.group_id");
            let query = sqlx::query(AssertSqlSafe(text)).bind(TENANT).bind(one);
            query.fetch_all(connection).await?
        }
        _ => {
            let text = format!("{GROUPS} = ANY($2) ORDER BY m.member_id, m.group_id");
            let query = sqlx::query(AssertSqlSafe(text)).bind(TENANT).bind(&ids);
            query.fetch_all(connection).await?
        }
    };
    for row in &rows {
        std::hint::black_box(row.try_get::<String, _>(0)?);
    }
    Ok(ids.len())
}

/// The identifiers; everything else is read too.
fn owned(rows: &[PgRow]) -> sqlx::Result<Vec<String>> {
    let id = |row: &PgRow| {
        let (public, hidden): (String, Option<String>) = (row.try_get(5)?, row.try_get(6)?);
        std::hint::black_box((public, hidden, row.try_get::<i64, _>(2)?, row.try_get::<i64, _>(4)?));
        row.try_get(1)
    };
    rows.iter().map(id).collect()
}

fn touched(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
