//! Requests as statements by hand, on a thread with one connection to SQLite.

use std::{
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, Row, config::DbConfig, params};
use tokio::sync::oneshot;

use super::now;
use crate::{
    Failure,
    cases::sql::{ask::Ask, fill::Template},
};

type Work = Box<dyn FnOnce(&Connection) + Send>;

/// A thread that has the connection.
#[derive(Debug, Clone)]
pub(crate) struct Floor(mpsc::Sender<Work>);

const TENANT: &str = "tenant";
const ROW: &str = "r.kind, r.id, r.version, r.created, r.modified, r.public, r.hidden";
const GROUPS: &str = "SELECT m.group_id, r.kind, r.label, m.member_id FROM scim_member m \
    JOIN scim_resource r ON r.tenant = m.tenant AND r.id = m.group_id WHERE m.tenant = ?1 AND m.member_id";
const RECORD: &str = "INSERT INTO scim_change (tenant, kind, id, what, changed, version, at, actor, txn, method, external_id) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'bench', '', 'patch', NULL)";

impl Floor {
    /// Opens a file, with the settings that the store has.
    pub(crate) fn open(path: &Path, synchronous: &str) -> Result<Self, Failure> {
        let connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(256);
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
        connection.pragma_update(None, "synchronous", synchronous)?;
        // With statistics, statements would be prepared again for each new value.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        let (sender, receiver) = mpsc::channel::<Work>();
        thread::spawn(move || {
            for work in receiver {
                work(&connection);
            }
        });
        Ok(Self(sender))
    }

    /// Does one thing after the other, each sent to the thread by itself.
    pub(crate) async fn run(&self, asks: Vec<Ask>) -> Result<Duration, Failure> {
        let start = Instant::now();
        for ask in asks {
            let seen = self.call(move |connection| execute(connection, &ask)).await??;
            debug_assert!(seen > 0, "a statement has no effect");
        }
        Ok(start.elapsed())
    }

    /// The same, with everything sent to the thread at once.
    pub(crate) async fn inline(&self, asks: Vec<Ask>) -> Result<Duration, Failure> {
        let run = move |connection: &Connection| {
            let start = Instant::now();
            for ask in &asks {
                execute(connection, ask)?;
            }
            Ok::<_, rusqlite::Error>(start.elapsed())
        };
        Ok(self.call(run).await??)
    }

    /// What one thing finds: it must not be nothing.
    pub(crate) async fn check(&self, ask: Ask) -> Result<usize, Failure> {
        Ok(self.call(move |connection| execute(connection, &ask)).await??)
    }

    /// Runs statements that fill tables.
    pub(crate) async fn fill(&self, statements: String) -> Result<(), Failure> {
        Ok(self
            .call(move |connection| connection.execute_batch(&statements))
            .await??)
    }

    /// What new rows are made of.
    pub(crate) async fn template(&self) -> Result<Template, Failure> {
        let read = |connection: &Connection| {
            connection.query_row(
                "SELECT public, json(search) FROM scim_resource WHERE kind = 'User' ORDER BY place LIMIT 1",
                [],
                |row| {
                    Ok(Template {
                        public: row.get(0)?,
                        search: row.get(1)?,
                    })
                },
            )
        };
        Ok(self.call(read).await??)
    }

    /// The number in the first row.
    pub(crate) async fn number(&self, statement: String) -> Result<i64, Failure> {
        Ok(self
            .call(move |connection| connection.query_row(&statement, [], |row| row.get(0)))
            .await??)
    }

    /// How long plain OFFSET takes.
    pub(crate) async fn offset(&self, start: usize) -> Result<Duration, Failure> {
        let run = move |connection: &Connection| {
            let begun = Instant::now();
            let text = format!(
                "SELECT {ROW} FROM scim_resource r WHERE r.tenant = ?1 AND r.kind = 'User' ORDER BY r.place \
                 LIMIT 100 OFFSET ?2"
            );
            rows(connection, &text, params![TENANT, whole(start - 1)])?;
            Ok::<_, rusqlite::Error>(begun.elapsed())
        };
        Ok(self.call(run).await??)
    }

    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let (sender, receiver) = oneshot::channel();
        self.0
            .send(Box::new(move |connection| drop(sender.send(work(connection)))))
            .map_err(|_| "the thread has ended")?;
        Ok(receiver.await?)
    }
}

/// What there is to do to rows, and how many rows or bytes were seen.
fn execute(connection: &Connection, ask: &Ask) -> rusqlite::Result<usize> {
    let writes = matches!(
        ask,
        Ask::Active(..) | Ask::Post(_) | Ask::Add { .. } | Ask::Remove { .. } | Ask::Rename { .. }
    );
    let begin = if writes { "BEGIN IMMEDIATE" } else { "BEGIN" };
    connection.prepare_cached(begin)?.execute([])?;
    let seen = inside(connection, ask)?;
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(seen)
}

fn inside(connection: &Connection, ask: &Ask) -> rusqlite::Result<usize> {
    match ask {
        Ask::Get(id) => {
            let text = concat_row("scim_resource r WHERE r.tenant = ?1 AND r.id = ?2 AND r.kind = 'User'");
            let seen = rows(connection, &text, params![TENANT, id])?;
            groups_of(connection, id)?;
            Ok(seen)
        }
        Ask::UserName(name) => {
            let text = concat_row("scim_resource r WHERE r.tenant = ?1 AND r.kind = 'User' AND r.user_name = ?2");
            related(connection, &text, params![TENANT, name])
        }
        Ask::Email(email) => {
            let text = concat_row(
                "scim_value v JOIN scim_resource r ON r.tenant = v.tenant AND r.id = v.id WHERE v.tenant = ?1 \
                 AND v.kind = 'User' AND v.attribute = 'emails.value' AND v.value = ?2",
            );
            related(connection, &text, params![TENANT, email])
        }
        Ask::GroupsOf(id) => {
            let text = concat_row(
                "scim_member m JOIN scim_resource r ON r.tenant = m.tenant AND r.id = m.group_id \
                 WHERE m.tenant = ?1 AND m.member_id = ?2 AND r.kind = 'Group' ORDER BY r.place",
            );
            rows(connection, &text, params![TENANT, id])
        }
        Ask::Total => connection
            .prepare_cached("SELECT SUM(total) FROM scim_count WHERE tenant = ?1 AND kind = 'User'")?
            .query_row([TENANT], |row| row.get::<_, i64>(0))
            .map(|total| usize::try_from(total).unwrap_or_default()),
        Ask::Index(start) => {
            let text = format!(
                "SELECT {ROW} FROM scim_resource r WHERE r.place IN (SELECT x.place FROM scim_resource x \
                 WHERE x.tenant = ?1 AND x.kind = 'User' ORDER BY x.place LIMIT 100 OFFSET ?2) ORDER BY r.place"
            );
            related(connection, &text, params![TENANT, whole(start - 1)])
        }
        Ask::Page { after, groups, .. } => {
            let text = concat_row(
                "scim_resource r WHERE r.tenant = ?1 AND r.kind = 'User' AND r.place > ?2 ORDER BY r.place LIMIT 101",
            );
            if !groups {
                return rows(connection, &text, params![TENANT, after]);
            }
            related(connection, &text, params![TENANT, after])
        }
        Ask::Active(id, active) => set_active(connection, id, *active),
        Ask::Post(user) => {
            connection
                .prepare_cached(
                    "INSERT INTO scim_resource (tenant, id, kind, version, created, modified, user_name, display_name, \
                     external_id, active, label, public, search) \
                     VALUES (?1, ?2, 'User', 1, ?3, ?3, ?4, ?5, ?6, TRUE, ?5, ?7, jsonb(?8))",
                )?
                .execute(params![
                    TENANT,
                    user.id,
                    now(),
                    user.user_name,
                    user.display_name,
                    user.external_id,
                    user.public,
                    user.search
                ])?;
            let stretch = connection.last_insert_rowid() >> 16;
            for email in &user.emails {
                connection
                    .prepare_cached(
                        "INSERT INTO scim_value (tenant, kind, attribute, value, id) \
                         VALUES (?1, 'User', 'emails.value', ?2, ?3)",
                    )?
                    .execute(params![TENANT, email, user.id])?;
            }
            connection
                .prepare_cached(
                    "INSERT INTO scim_count (tenant, kind, stretch, shard, total) VALUES (?1, 'User', ?2, 0, 1) \
                     ON CONFLICT (tenant, kind, stretch, shard) DO UPDATE SET total = scim_count.total + excluded.total",
                )?
                .execute(params![TENANT, stretch])?;
            record(connection, "User", &user.id, "created", "[]", 1)
        }
        Ask::Add { group, member } => {
            let (version, place): (i64, i64) = connection
                .prepare_cached("SELECT version, next_member FROM scim_resource WHERE tenant = ?1 AND id = ?2")?
                .query_row([TENANT, group], |row| Ok((row.get(0)?, row.get(1)?)))?;
            connection
                .prepare_cached("SELECT kind FROM scim_resource WHERE tenant = ?1 AND id = ?2")?
                .query_row([TENANT, member], |row| row.get::<_, String>(0))?;
            let added = connection
                .prepare_cached("INSERT INTO scim_member (tenant, group_id, member_id, place) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![TENANT, group, member, place])?;
            touch(connection, group, 1)?;
            record(connection, "Group", group, "updated", "[\"members\"]", version + 1)?;
            Ok(added)
        }
        Ask::Remove { group, member, .. } => {
            let version: i64 = connection
                .prepare_cached("SELECT version FROM scim_resource WHERE tenant = ?1 AND id = ?2")?
                .query_row([TENANT, group], |row| row.get(0))?;
            let removed = connection
                .prepare_cached("DELETE FROM scim_member WHERE tenant = ?1 AND group_id = ?2 AND member_id = ?3")?
                .execute([TENANT, group, member])?;
            touch(connection, group, 0)?;
            record(connection, "Group", group, "updated", "[\"members\"]", version + 1)?;
            Ok(removed)
        }
        Ask::Rename { group, name } => rename(connection, group, name),
    }
}

fn rename(connection: &Connection, group: &str, name: &str) -> rusqlite::Result<usize> {
    let (version, old): (i64, String) = connection
        .prepare_cached("SELECT version, display_name, public FROM scim_resource WHERE tenant = ?1 AND id = ?2")?
        .query_row([TENANT, group], |row| {
            row.get::<_, String>(2)?;
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let public = format!(
        r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"{group}","displayName":"{name}"}}"#
    );
    let key = name.to_lowercase();
    let changed = connection
        .prepare_cached(
            "UPDATE scim_resource SET version = version + 1, modified = ?3, display_name = ?4, label = ?5, \
             public = ?6, search = jsonb('{}') WHERE tenant = ?1 AND id = ?2",
        )?
        .execute(params![TENANT, group, now(), key, name, public])?;
    connection
        .prepare_cached(
            "DELETE FROM scim_unique WHERE tenant = ?1 AND kind = 'Group' AND attribute = 'displayName' AND key = ?2 \
             AND id = ?3",
        )?
        .execute([TENANT, &old, group])?;
    connection
        .prepare_cached(
            "INSERT INTO scim_unique (tenant, kind, attribute, key, qualifier, id) \
             VALUES (?1, 'Group', 'displayName', ?2, '', ?3)",
        )?
        .execute([TENANT, &key, group])?;
    record(connection, "Group", group, "updated", "[\"displayName\"]", version + 1)?;
    Ok(changed)
}

fn set_active(connection: &Connection, id: &str, active: bool) -> rusqlite::Result<usize> {
    let (version, public): (i64, String) = connection
        .prepare_cached("SELECT version, public FROM scim_resource WHERE tenant = ?1 AND id = ?2")?
        .query_row([TENANT, id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (old, new) = (format!("\"active\":{}", !active), format!("\"active\":{active}"));
    let public = public.replace(&old, &new);
    let changed = connection
        .prepare_cached(
            "UPDATE scim_resource SET version = version + 1, modified = ?3, active = ?4, public = ?5 \
             WHERE tenant = ?1 AND id = ?2",
        )?
        .execute(params![TENANT, id, now(), active, public])?;
    let what = if active { "activated" } else { "deactivated" };
    record(connection, "User", id, what, "[\"active\"]", version + 1)?;
    // The answer shows what the user is a member of.
    groups_of(connection, id)?;
    Ok(changed)
}

fn concat_row(rest: &str) -> String {
    format!("SELECT {ROW} FROM {rest}")
}

fn touch(connection: &Connection, group: &str, joins: i64) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "UPDATE scim_resource SET version = version + 1, modified = max(modified, ?3), \
             next_member = next_member + ?4 WHERE tenant = ?1 AND id = ?2",
        )?
        .execute(params![TENANT, group, now(), joins])
}

fn record(
    connection: &Connection,
    kind: &str,
    id: &str,
    what: &str,
    changed: &str,
    version: i64,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(RECORD)?
        .execute(params![TENANT, kind, id, what, changed, version, now()])
}

fn groups_of(connection: &Connection, id: &str) -> rusqlite::Result<usize> {
    let text = format!("{GROUPS} = ?2 ORDER BY m.group_id");
    let mut statement = connection.prepare_cached(&text)?;
    let mut found = statement.query([TENANT, id])?;
    let mut seen = 0;
    while let Some(row) = found.next()? {
        seen += row.get::<_, String>(0)?.len();
    }
    Ok(seen)
}

/// Rows with what their resources are members of.
fn related(connection: &Connection, text: &str, parameters: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare_cached(text)?;
    let ids: Vec<String> = statement.query_map(parameters, owned)?.collect::<Result<_, _>>()?;
    if let [one] = ids.as_slice() {
        groups_of(connection, one)?;
        return Ok(1);
    }
    let list = serde_json::Value::from(ids.as_slice()).to_string();
    let text = format!("{GROUPS} IN (SELECT value FROM json_each(?2)) ORDER BY m.member_id, m.group_id");
    let mut statement = connection.prepare_cached(&text)?;
    let mut found = statement.query([TENANT, &list])?;
    while let Some(row) = found.next()? {
        row.get::<_, String>(0)?;
    }
    Ok(ids.len())
}

fn rows(connection: &Connection, text: &str, parameters: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare_cached(text)?;
    let mut seen = 0;
    for id in statement.query_map(parameters, owned)? {
        seen += id?.len();
    }
    Ok(seen)
}

/// The identifier; everything else is read too.
fn owned(row: &Row<'_>) -> rusqlite::Result<String> {
    let public: String = row.get(5)?;
    let hidden: Option<String> = row.get(6)?;
    std::hint::black_box((public, hidden, row.get::<_, i64>(2)?, row.get::<_, i64>(4)?));
    row.get(1)
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
