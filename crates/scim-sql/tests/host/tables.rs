//! A host's own tables, and its map of them.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use rusqlite::Connection;
use scim_core::schema::ResourceType;
use scim_sql::host::{Column, ColumnMap, Key, Link, List, Table, TimeForm, WriteMap};

pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

pub(crate) const TABLES: &str = "
CREATE TABLE accounts (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  org         TEXT NOT NULL,
  login       TEXT NOT NULL,
  login_key   TEXT NOT NULL,
  shown_as    TEXT,
  shown_key   TEXT,
  ext         TEXT,
  first       TEXT,
  first_key   TEXT,
  last        TEXT,
  last_key    TEXT,
  nick        TEXT,
  nick_key    TEXT,
  job         TEXT,
  job_key     TEXT,
  status      TEXT NOT NULL CHECK (status IN ('enabled', 'disabled', 'unset', 'service')),
  unit        TEXT,
  unit_key    TEXT,
  created_at  INTEGER NOT NULL,
  changed_at  INTEGER NOT NULL,
  badge_color TEXT NOT NULL,
  revision    INTEGER NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX accounts_login ON accounts (org, login_key);
CREATE TABLE account_emails (
  account_id  INTEGER NOT NULL REFERENCES accounts (id),
  position    INTEGER NOT NULL,
  address     TEXT,
  address_key TEXT,
  kind        TEXT,
  kind_key    TEXT,
  label       TEXT,
  label_key   TEXT,
  is_main     INTEGER,
  PRIMARY KEY (account_id, position)
);
CREATE INDEX account_emails_address ON account_emails (address_key);
CREATE TABLE teams (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  org        TEXT NOT NULL,
  name       TEXT NOT NULL,
  name_key   TEXT NOT NULL,
  ext        TEXT,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  revision   INTEGER NOT NULL
);
CREATE TABLE team_members (
  team_id    INTEGER NOT NULL REFERENCES teams (id),
  account_id INTEGER NOT NULL REFERENCES accounts (id),
  position   INTEGER NOT NULL,
  PRIMARY KEY (team_id, account_id)
);
CREATE INDEX team_members_account ON team_members (account_id);
CREATE TABLE team_teams (
  outer_id   INTEGER NOT NULL REFERENCES teams (id),
  inner_id   INTEGER NOT NULL REFERENCES teams (id),
  position   INTEGER NOT NULL,
  PRIMARY KEY (outer_id, inner_id)
);
";

fn accounts() -> Table {
    accounts_by("last_key")
}

fn accounts_by(last_key: &str) -> Table {
    let folded = |name: &str, key: &str| Column::text(name).folded(key);
    Table::new(ResourceType::user(), "accounts", Key::integer("id").prefix("a"))
        .tenant(Key::text("org"))
        .visible("r.status <> 'service'")
        .times(
            Column::time("created_at", TimeForm::Millis),
            Column::time("changed_at", TimeForm::Millis),
        )
        .column("userName", folded("login", "login_key"))
        .column("displayName", folded("shown_as", "shown_key"))
        .column("externalId", Column::text("ext"))
        .column("name.givenName", folded("first", "first_key"))
        .column("name.familyName", folded("last", last_key))
        .column("nickName", folded("nick", "nick_key"))
        .column("title", folded("job", "job_key"))
        .column(
            "active",
            Column::codes("status", [("enabled", true), ("disabled", false)]),
        )
        .column(&format!("{ENTERPRISE}:department"), folded("unit", "unit_key"))
        .list(
            "emails",
            List::rows("account_emails", "account_id", "position")
                .column("value", folded("address", "address_key"))
                .column("type", folded("kind", "kind_key"))
                .column("display", folded("label", "label_key"))
                .column("primary", Column::boolean("is_main")),
        )
}

fn teams() -> Table {
    Table::new(ResourceType::group(), "teams", Key::integer("id").prefix("t"))
        .tenant(Key::text("org"))
        .times(
            Column::time("created_at", TimeForm::Millis),
            Column::time("changed_at", TimeForm::Millis),
        )
        .version("revision")
        .column("displayName", Column::text("name").folded("name_key"))
        .column("externalId", Column::text("ext"))
        .members(Link::new("team_members", "team_id", "account_id", "User").order("position"))
        .members(Link::new("team_teams", "outer_id", "inner_id", "Group").order("position"))
}

/// The same, but a folded column is another one's.
pub(crate) fn wrong_map() -> ColumnMap {
    ColumnMap::new([accounts_by("last").version("revision"), teams()]).unwrap()
}

/// The map for reading alone.
pub(crate) fn read_map() -> ColumnMap {
    ColumnMap::new([accounts().version("revision"), teams()]).unwrap()
}

/// Whether the map has an attribute of a type.
pub(crate) fn is_mapped(kind: &str, path: &str) -> bool {
    let department = format!("{ENTERPRISE}:department");
    let both = [
        "displayName",
        "externalId",
        "id",
        "meta",
        "meta.created",
        "meta.lastModified",
        "meta.location",
        "meta.resourceType",
        "meta.version",
    ];
    let own: &[&str] = match kind {
        "Group" => &[
            "members",
            "members.$ref",
            "members.display",
            "members.type",
            "members.value",
        ],
        _ => &[
            "active",
            "emails",
            "emails.display",
            "emails.primary",
            "emails.type",
            "emails.value",
            "groups",
            "groups.$ref",
            "groups.display",
            "groups.type",
            "groups.value",
            "name",
            "name.familyName",
            "name.givenName",
            "nickName",
            "title",
            "userName",
            &department,
        ],
    };
    both.contains(&path) || own.contains(&path)
}

/// The map with the library's tables beside them.
pub(crate) fn write_map() -> ColumnMap {
    let accounts = accounts().writable(
        WriteMap::new()
            .otherwise("status", "unset")
            .otherwise("badge_color", "grey")
            .unique("accounts.org, accounts.login_key", "userName")
            .unique("accounts_login", "userName"),
    );
    ColumnMap::with_sidecar([accounts, teams().writable(WriteMap::new())]).unwrap()
}

/// A file with the tables, which goes when this does.
#[derive(Debug)]
pub(crate) struct Database(pub(crate) PathBuf);

impl Database {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("scim-host-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let database = Self(directory.join("host.db"));
        let connection = database.connect();
        connection.pragma_update(None, "journal_mode", "wal").unwrap();
        connection.execute_batch(TABLES).unwrap();
        database
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(&self.0).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(directory) = self.0.parent() {
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}
