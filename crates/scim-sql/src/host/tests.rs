//! Accounts and teams of a host, read from an SQLite database.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use rusqlite::Connection;
use scim_core::{
    query::Relations,
    resource::{Encoder, Members, Projection},
    schema::ResourceType,
};
use serde_json::{Value, json};

use super::{Column, ColumnMap, Key, Link, List, MapError, Table, TimeForm, shape::Shapes};
use crate::{Engine, session::Session, sqlite::SqliteSession};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

const TABLES: &str = "
CREATE TABLE departments (id INTEGER PRIMARY KEY, name TEXT, name_key TEXT);
CREATE TABLE accounts (
  id INTEGER PRIMARY KEY, org TEXT NOT NULL, login TEXT NOT NULL, login_key TEXT NOT NULL, ext TEXT, first TEXT,
  first_key TEXT, status TEXT NOT NULL, profile TEXT, phone TEXT, department_id INTEGER, created_at TEXT, changed INTEGER);
CREATE TABLE account_emails (account_id INTEGER, position INTEGER, address TEXT, address_key TEXT, kind TEXT, is_main INTEGER);
CREATE TABLE teams (id INTEGER PRIMARY KEY, org TEXT NOT NULL, name TEXT NOT NULL, name_key TEXT NOT NULL, revision INTEGER NOT NULL);
CREATE TABLE team_members (team_id INTEGER, account_id INTEGER, position INTEGER);
INSERT INTO departments VALUES (3, 'Labs', 'labs');
INSERT INTO accounts VALUES
  (1, 'acme', 'Ann', 'ann', 'e1', 'Anna', 'anna', 'enabled', '{\"nick\":\"Nan\"}', '555', 3, '2024-05-01 10:00:00.25', 1714600000),
  (2, 'acme', 'bot', 'bot', NULL, NULL, NULL, 'service', NULL, NULL, NULL, NULL, NULL),
  (3, 'acme', 'Bob', 'bob', NULL, NULL, NULL, 'disabled', NULL, NULL, NULL, NULL, NULL),
  (4, 'other', 'Eve', 'eve', NULL, NULL, NULL, 'enabled', NULL, NULL, NULL, NULL, NULL);
INSERT INTO account_emails VALUES (1, 2, 'B@x.example', 'b@x.example', 'home', 0), (1, 1, 'a@x.example', 'a@x.example', 'work', 1);
INSERT INTO teams VALUES (1, 'acme', 'Crew', 'crew', 7), (2, 'acme', 'All', 'all', 1);
INSERT INTO team_members VALUES (1, 3, 1), (1, 1, 2), (1, 2, 3), (1, 4, 4), (2, 1, 1);
";

fn accounts() -> Table {
    Table::new(ResourceType::user(), "accounts", Key::integer("id").prefix("u"))
        .tenant(Key::text("org"))
        .visible("r.status <> 'service'")
        .join("LEFT JOIN departments d ON d.id = r.department_id")
        .times(
            Column::time("created_at", TimeForm::Native),
            Column::time("changed", TimeForm::Seconds),
        )
        .column("userName", Column::text("login").folded("login_key"))
        .column("externalId", Column::text("ext"))
        .column("name.givenName", Column::text("first").folded("first_key"))
        .column("nickName", Column::text("profile").inside(&["nick"]))
        .column(
            "active",
            Column::codes("status", [("enabled", true), ("disabled", false)]),
        )
        .column(
            &format!("{ENTERPRISE}:department"),
            Column::text("d.name").folded("d.name_key"),
        )
        .list(
            "emails",
            List::rows("account_emails", "account_id", "position")
                .column("value", Column::text("address").folded("address_key"))
                .column("type", Column::text("kind"))
                .column("primary", Column::boolean("is_main")),
        )
        .list(
            "phoneNumbers",
            List::of_row()
                .column("value", Column::text("phone"))
                .column("type", Column::constant("work"))
                .column("primary", Column::constant(true)),
        )
}

fn teams() -> Table {
    Table::new(ResourceType::group(), "teams", Key::integer("id").prefix("t"))
        .tenant(Key::text("org"))
        .version("revision")
        .column("displayName", Column::text("name").folded("name_key"))
        .members(Link::new("team_members", "team_id", "account_id", "User").order("position"))
}

fn map() -> ColumnMap {
    ColumnMap::new([accounts(), teams()]).unwrap()
}

fn session() -> SqliteSession {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(TABLES).unwrap();
    SqliteSession::new(connection)
}

/// Futures of SQLite are ready at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("an SQLite session waits"),
    }
}

fn read(kind: &str, ids: &[&str], relations: Relations) -> Vec<Value> {
    let shapes = Shapes::new(&map(), Engine::Sqlite, "");
    let shape = shapes.of(kind).unwrap();
    let statement = shapes.select(shape, "acme", ids, relations);
    let rows = now(session().rows(&statement)).unwrap();
    let found = rows.iter().map(|row| shape.found(row, relations, &shapes).unwrap());
    found
        .map(|found| {
            let bytes = Encoder::new("https://x.example").to_bytes(&found, &Projection::Default);
            let mut shown: Value = serde_json::from_slice(&bytes).unwrap();
            if matches!(found.members, Members::TooMany) {
                shown["members"] = "too many".into();
            }
            shown
        })
        .collect()
}

#[test]
fn a_row_is_a_resource() {
    let [ann] = read("User", &["u1"], Relations::ALL).try_into().unwrap();
    assert_eq!(
        ann,
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
            "id": "u1", "externalId": "e1", "userName": "Ann", "nickName": "Nan", "active": true,
            "name": { "givenName": "Anna" },
            "emails": [
                { "value": "a@x.example", "type": "work", "primary": true },
                { "value": "B@x.example", "type": "home", "primary": false },
            ],
            "phoneNumbers": [{ "value": "555", "type": "work", "primary": true }],
            ENTERPRISE: { "department": "Labs" },
            "groups": [
                { "value": "t1", "type": "direct", "display": "Crew", "$ref": "https://x.example/Groups/t1" },
                { "value": "t2", "type": "direct", "display": "All", "$ref": "https://x.example/Groups/t2" },
            ],
            "meta": {
                "resourceType": "User", "created": "2024-05-01T10:00:00.250Z", "lastModified": "2024-05-01T21:46:40.000Z",
                "location": "https://x.example/Users/u1", "version": ann["meta"]["version"],
            },
        })
    );
    let [bob] = read("User", &["u3"], Relations::NONE).try_into().unwrap();
    assert_eq!(bob["active"], false);
    assert_ne!(bob["meta"]["version"], ann["meta"]["version"]);
    assert!(
        ["name", "emails", "phoneNumbers", "groups"]
            .iter()
            .all(|name| bob.get(name).is_none())
    );
}

#[test]
fn only_rows_of_the_tenant_that_are_visible_are_read() {
    let names = |kind, ids: &[&str]| -> Vec<Value> {
        let read = read(kind, ids, Relations::NONE).into_iter();
        read.map(|shown| shown["id"].clone()).collect()
    };
    assert_eq!(
        names("User", &["u1", "u2", "u3", "u4", "u9", "1", "u01", "t1"]),
        ["u1", "u3"]
    );
    assert_eq!(names("Group", &["u1", "t2"]), ["t2"]);
    assert!(names("User", &[]).is_empty());
}

#[test]
fn members_are_seen_as_their_own_rows_are() {
    let [crew] = read("Group", &["t1"], Relations::ALL).try_into().unwrap();
    let members: Vec<&Value> = crew["members"].as_array().unwrap().iter().collect();
    let told: Vec<_> = members
        .iter()
        .map(|member| (&member["value"], &member["type"]))
        .collect();
    assert_eq!(told, [(&json!("u3"), &json!("User")), (&json!("u1"), &json!("User"))]);
    assert_eq!(crew["meta"]["version"], "W/\"7\"");
    assert_eq!(
        read("Group", &["t1"], Relations::new(Some(1), true))[0]["members"],
        "too many"
    );
    assert!(read("Group", &["t1"], Relations::new(Some(2), true))[0]["members"].is_array());
}

fn problem(table: Table) -> String {
    ColumnMap::new([table]).unwrap_err().to_string()
}

#[test]
fn a_map_that_cannot_be_served_is_refused() {
    let bare = || Table::new(ResourceType::user(), "accounts", Key::integer("id"));
    let own = || bare().only_tenant("acme").column("userName", Column::text("login"));
    for (table, part) in [
        (
            bare().column("userName", Column::text("login")),
            "`tenant` or `only_tenant`",
        ),
        (bare().only_tenant("acme"), "`userName` is required"),
        (
            own().column("nickname", Column::text("a; b")),
            "not the name of a column",
        ),
        (
            own().column("shoeSize", Column::integer("size")),
            "`shoeSize` is no attribute of User",
        ),
        (own().column("name", Column::text("name")), "`name.formatted`"),
        (own().column("emails", Column::text("mail")), "map it by `list`"),
        (
            own().column("USERNAME", Column::text("login")),
            "`userName` is mapped twice",
        ),
        (
            own().column("active", Column::text("status")),
            "does not hold what `active` is",
        ),
        (
            own().column("active", Column::codes("status", [("on", "yes")])),
            "does not hold what `active` is",
        ),
        (
            own().column("externalId", Column::text("ext").folded("ext_key")),
            "leave `folded` out",
        ),
        (own().column("id", Column::text("id")), "see `Table::new`"),
        (own().column("password", Column::text("hash")), "never read"),
        (own().column("groups.value", Column::text("g")), "made from links"),
        (own().list("title", List::of_row()), "map it by `column`"),
        (
            own().list("emails", List::of_row().column("type", Column::constant("work"))),
            "needs a column for its `value`",
        ),
        (
            own().list("emails", List::of_row().column("size", Column::integer("n"))),
            "no sub-attribute `size`",
        ),
        (
            own().members(Link::new("m", "g", "u", "User")),
            "the type has no members",
        ),
        (
            Table::new(ResourceType::user(), "accounts", Key::uuid("id")).only_tenant("acme"),
            "what lists are in the order of",
        ),
        (
            Table::new(ResourceType::group(), "teams", Key::integer("id")).only_tenant("acme"),
            "say where the version stands",
        ),
        (teams(), "members are of type `User`, which has no table"),
    ] {
        let problem = problem(table);
        assert!(problem.contains(part), "{problem}");
    }
    let both = ColumnMap::new([own(), teams()]);
    assert!(both.is_ok());
    let alike = Table::new(ResourceType::group(), "teams", Key::integer("id"));
    let alike = alike
        .only_tenant("acme")
        .version("v")
        .column("displayName", Column::text("name"));
    let error = ColumnMap::new([own(), alike]).unwrap_err().to_string();
    assert!(error.contains("`Key::prefix`"), "{error}");
}

#[test]
fn the_database_is_asked_for_everything_that_is_mapped() {
    let check = |map: &ColumnMap| now(Shapes::new(map, Engine::Sqlite, "").check(&mut session()));
    check(&map()).unwrap();
    for (table, part) in [
        (accounts().column("title", Column::text("job")), "`job`"),
        (
            accounts().column("title", Column::text("first").folded("job_key")),
            "`r.job_key`",
        ),
        (accounts().visible("r.deleted = 0"), "`visible`"),
        (accounts().join("JOIN nowhere n ON n.id = r.id"), "a join"),
        (accounts().place("nth"), "`nth`"),
        (
            accounts().list(
                "ims",
                List::rows("ims", "account_id", "n").column("value", Column::text("v")),
            ),
            "table `ims`",
        ),
        (
            accounts().list(
                "ims",
                List::rows("account_emails", "account_id", "n").column("value", Column::text("v")),
            ),
            "`account_emails.n`",
        ),
        (
            Table::new(ResourceType::user(), "users", Key::integer("id"))
                .only_tenant("a")
                .column("userName", Column::text("n")),
            "table `users`",
        ),
    ] {
        let error = check(&ColumnMap::new([table]).unwrap()).unwrap_err();
        assert!(
            matches!(&error, MapError::Database { what, .. } if what.contains(part)),
            "{error}"
        );
    }
}
