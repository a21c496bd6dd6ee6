//! What the manual promises, on tables like its own.

use std::sync::Arc;

use rusqlite::Connection;
use scim_conformance::block_on;
use scim_core::{
    Dialect, Draft, Edit, Limits, ResourceId,
    filter::{Filter, FilterScope, Predicate},
    patch::PatchMessage,
    query::{Page, Query, QueryPage, Target},
    resource::{Decoded, Encoder, Found, Projection},
    schema::{Registry, ResourceType},
};
use scim_sql::{
    SqliteStoreBuilder,
    host::{Column, ColumnMap, HostError, HostStore, Key, Link, Table, WriteMap},
};
use scim_store::{
    Attempt, ChangeFeed as _, Denial, Guard, Principal, RandomIds, Read, Removal, Result, ScimStore, Scope, StoreError,
    TxView,
};
use serde_json::{Value, json};

use crate::tables::{Database, ENTERPRISE, read_map, write_map};

/// A client of one tenant.
struct Client {
    store: HostStore,
    users: Arc<ResourceType>,
    groups: Arc<ResourceType>,
    dialect: Arc<Dialect>,
}

impl Client {
    async fn new(database: &Database, map: &ColumnMap) -> Self {
        Self {
            store: HostStore::sqlite(&database.0, map).await.unwrap(),
            users: ResourceType::user(),
            groups: ResourceType::group(),
            dialect: Arc::new(Dialect::default()),
        }
    }

    fn draft(&self, kind: &Arc<ResourceType>, body: Value) -> Draft {
        let decoded = Decoded::decode(kind, body, &self.dialect, &Limits::default()).unwrap();
        Draft::new(Arc::clone(kind), decoded, Arc::clone(&self.dialect)).unwrap()
    }

    async fn create(&self, kind: &Arc<ResourceType>, mut body: Value) -> Result<Found> {
        body["schemas"] = json!([kind.schema().id]);
        self.store.create(&scope(), &self.draft(kind, body)).await
    }

    async fn user(&self, name: &str) -> ResourceId {
        let found = self.create(&self.users, json!({ "userName": name })).await.unwrap();
        found.head.id
    }

    async fn patch(&self, kind: &Arc<ResourceType>, id: &ResourceId, operations: Value) -> Result<Value> {
        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
        let limits = Limits::default();
        let message = PatchMessage::parse(body, &self.dialect, &limits)?;
        let (kind, dialect) = (Arc::clone(kind), Arc::clone(&self.dialect));
        let edit = Edit::patch(kind, id.clone(), message, dialect, &limits, "https://x.example")?;
        let updated = self.store.update(&scope(), &edit).await?;
        Ok(shown(&updated.found.unwrap()))
    }

    async fn find(&self, filter: &str) -> Result<QueryPage> {
        let scope_of = FilterScope {
            kind: &self.users,
            dialect: &self.dialect,
            base: "https://x.example",
            across_types: false,
            in_url: false,
        };
        let predicate = Predicate::resolve(&Filter::parse(filter).unwrap(), &scope_of).unwrap();
        let target = Target::new(Arc::clone(&self.users), Some(predicate), None);
        self.store
            .query(&scope(), &Query::new(vec![target], Page::Index { start: 1, count: 10 }))
            .await
    }

    async fn names(&self, filter: &str) -> Vec<String> {
        let page = self.find(filter).await.unwrap();
        page.items
            .iter()
            .map(|found| shown(found)["userName"].as_str().unwrap().to_owned())
            .collect()
    }

    async fn read(&self, kind: &Arc<ResourceType>, id: &ResourceId) -> Result<Value> {
        let read = Read::new(Arc::clone(kind), id.clone());
        Ok(shown(&self.store.get(&scope(), &read).await?))
    }
}

fn scope() -> Scope {
    let now = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let kinds = Arc::new(Registry::default());
    Scope::new(Principal::new("acme", "tester"), now, Arc::new(RandomIds), kinds).with_request_id("r1")
}

fn shown(found: &Found) -> Value {
    serde_json::from_slice(&Encoder::new("https://x.example").to_bytes(found, &Projection::Default)).unwrap()
}

fn row(connection: &Connection, columns: &str, id: i64) -> String {
    let sql = format!("SELECT json_array({columns}) FROM accounts WHERE id = ?1");
    connection.query_row(&sql, [id], |row| row.get(0)).unwrap()
}

fn what(result: Result<impl std::fmt::Debug>) -> String {
    match result.unwrap_err() {
        StoreError::Unsupported { what } => what,
        error => panic!("{error:?}"),
    }
}

#[test]
fn a_write_lands_in_the_columns_and_the_rest_beside_them() {
    let database = Database::new();
    block_on(async {
        let client = Client::new(&database, &write_map()).await;
        let body = json!({
            "userName": "Jürgen", "active": false, "timezone": "Europe/Berlin", "name": { "givenName": "Jürgen", "middleName": "K" },
            "emails": [{ "value": "J@x.example", "type": "work", "primary": true }, { "value": "k@x.example" }],
            "phoneNumbers": [{ "value": "555" }], ENTERPRISE: { "department": "Labs", "employeeNumber": "7" },
        });
        let found = client.create(&client.users, body).await.unwrap();
        let made = shown(&found);
        assert_eq!(
            (found.head.id.as_str(), &made["timezone"], &made["name"]["middleName"]),
            ("a1", &json!("Europe/Berlin"), &json!("K"))
        );
        assert_eq!(made[ENTERPRISE], json!({ "department": "Labs", "employeeNumber": "7" }));

        let host = database.connect();
        let columns = "org, login, login_key, first, first_key, status, badge_color, unit, created_at";
        assert_eq!(
            row(&host, columns, 1),
            r#"["acme","Jürgen","jürgen","Jürgen","jürgen","disabled","grey","Labs",1700000000000]"#
        );
        let emails = |host: &Connection| -> String {
            let sql = "SELECT json_group_array(address_key || ':' || position) FROM (SELECT * FROM account_emails ORDER BY position)";
            host.query_row(sql, [], |row| row.get(0)).unwrap()
        };
        assert_eq!(emails(&host), r#"["j@x.example:1","k@x.example:2"]"#);

        for filter in [
            "timezone eq \"europe/berlin\"",
            "name.middleName eq \"k\"",
            "phoneNumbers.value eq \"555\"",
            "nickName ne \"x\"",
            "emails[type eq \"WORK\" and value sw \"j@\"]",
            "active eq false",
            "name.givenName eq \"JÜRGEN\"",
        ] {
            assert_eq!(client.names(filter).await, ["Jürgen"], "{filter}");
        }
        assert!(client.names("timezone pr and nickName pr").await.is_empty());

        let operations = json!([
            { "op": "remove", "path": "active" }, { "op": "replace", "path": "timezone", "value": "UTC" },
            { "op": "add", "path": "emails", "value": [{ "value": "L@x.example" }] }, { "op": "remove", "path": "name.givenName" },
        ]);
        let after = client.patch(&client.users, &found.head.id, operations).await.unwrap();
        assert_eq!(
            (after.get("active"), &after["timezone"], &after["name"]),
            (None, &json!("UTC"), &json!({ "middleName": "K" }))
        );
        assert_eq!(after["meta"]["version"], "W/\"2\"");
        assert_eq!(row(&host, "first, first_key, status", 1), r#"[null,null,"unset"]"#);
        assert_eq!(emails(&host), r#"["j@x.example:1","k@x.example:2","l@x.example:3"]"#);

        let removal = Removal::new(Arc::clone(&client.users), found.head.id.clone());
        client.store.delete(&scope(), &removal).await.unwrap();
        let left: i64 = host
            .query_row("SELECT (SELECT COUNT(*) FROM accounts) + (SELECT COUNT(*) FROM account_emails) + (SELECT COUNT(*) FROM scim_resource)", [], |row| row.get(0))
            .unwrap();
        assert_eq!(left, 0);
        client.store.close().await;
    });
}

#[test]
fn what_the_map_does_not_have_is_refused_by_name() {
    let database = Database::new();
    block_on(async {
        let client = Client::new(&database, &read_map()).await;
        database
            .connect()
            .execute("INSERT INTO accounts (org, login, login_key, status, created_at, changed_at, badge_color) VALUES ('acme', 'Ann', 'ann', 'enabled', 0, 0, 'x')", [])
            .unwrap();
        assert_eq!(what(client.find("timezone eq \"x\"").await), "timezone");
        assert_eq!(
            what(client.find("userName pr and addresses[locality pr]").await),
            "addresses"
        );
        assert_eq!(
            what(client.create(&client.users, json!({ "userName": "x" })).await),
            "writes of User"
        );
        assert_eq!(client.names("userName eq \"ANN\"").await, ["Ann"]);
        client.store.close().await;

        let bare = Table::new(ResourceType::user(), "accounts", Key::integer("id"))
            .tenant(Key::text("org"))
            .column("userName", Column::text("login"))
            .column("title", Column::text("job").read_only())
            .column("active", Column::codes("status", [("enabled", true)]))
            .writable(WriteMap::new());
        let client = Client::new(&database, &ColumnMap::with_sidecar([bare]).unwrap()).await;
        assert_eq!(what(client.find("userName eq \"Ann\"").await), "userName");
        assert_eq!(client.names("userName pr").await, ["Ann"]);
        assert_eq!(
            what(
                client
                    .create(&client.users, json!({ "userName": "x", "title": "y" }))
                    .await
            ),
            "title"
        );
        assert_eq!(
            what(
                client
                    .create(&client.users, json!({ "userName": "x", "active": false }))
                    .await
            ),
            "this value of active"
        );
        client.store.close().await;
    });
}

#[test]
fn a_value_that_is_taken_is_told_by_the_hosts_own_index() {
    let database = Database::new();
    block_on(async {
        let client = Client::new(&database, &write_map()).await;
        // A row that the library was not told of.
        database
            .connect()
            .execute("INSERT INTO accounts (org, login, login_key, status, created_at, changed_at, badge_color) VALUES ('acme', 'Ann', 'ann', 'enabled', 0, 0, 'x')", [])
            .unwrap();
        let error = client
            .create(&client.users, json!({ "userName": "ANN" }))
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::Uniqueness { attribute } if attribute == "userName"));
        let bob = client.user("bob").await;
        let operations = json!([{ "op": "replace", "path": "userName", "value": "aNN" }]);
        let error = client.patch(&client.users, &bob, operations).await.unwrap_err();
        assert!(matches!(error, StoreError::Uniqueness { attribute } if attribute == "userName"));
        client.store.close().await;
    });
}

#[test]
fn an_edit_of_the_hosts_is_announced() {
    let database = Database::new();
    block_on(async {
        let client = Client::new(&database, &write_map()).await;
        let ann = client.user("ann").await;
        let mut host = database.connect();
        let announce = |host: &mut Connection, sql: &str, id: &str, changed: &[&str]| {
            let kind = if id.starts_with('a') {
                &client.users
            } else {
                &client.groups
            };
            let transaction = host.transaction().unwrap();
            transaction.execute_batch(sql).unwrap();
            let done = client
                .store
                .announce_sqlite(&transaction, &scope(), kind, &id.into(), changed);
            if done.is_ok() {
                transaction.commit().unwrap();
            }
            done
        };
        let sql = "UPDATE accounts SET last = 'JENSEN' WHERE id = 1;
                   INSERT INTO account_emails (account_id, position, address) VALUES (1, 4, 'A@X.example')";
        announce(&mut host, sql, "a1", &["name.familyName", "emails"]).unwrap();
        assert_eq!(
            client
                .names("name.familyName eq \"jensen\" and emails.value eq \"a@x.EXAMPLE\"")
                .await,
            ["ann"]
        );
        assert_eq!(
            client.read(&client.users, &ann).await.unwrap()["meta"]["version"],
            "W/\"2\""
        );

        let sql = "INSERT INTO accounts (id, org, login, login_key, ext, status, created_at, changed_at, badge_color)
                   VALUES (7, 'acme', 'Bob', '', 'ext-7', 'enabled', 5, 5, 'x')";
        announce(&mut host, sql, "a7", &[]).unwrap();
        assert_eq!(client.names("userName eq \"BOB\"").await, ["Bob"]);
        announce(&mut host, "DELETE FROM accounts WHERE id = 7", "a7", &[]).unwrap();
        let sql =
            "INSERT INTO teams (id, org, name, name_key, created_at, changed_at, revision) VALUES (3, 'acme', 'T', '', 5, 5, 1);
                   INSERT INTO team_members VALUES (3, 1, 1)";
        announce(&mut host, sql, "t3", &["members", "nonsense"]).unwrap();
        let error = announce(&mut host, "SELECT 1", "a7", &[]).unwrap_err();
        assert!(matches!(error, StoreError::NotFound));

        let sql = "SELECT json_group_array(what || ' ' || method || ' ' || id || ' ' || changed || ' ' || COALESCE(external_id, '-') || ' ' || version)
                   FROM (SELECT * FROM scim_change ORDER BY ordinal)";
        let told: String = host.query_row(sql, [], |row| row.get(0)).unwrap();
        let told: Vec<String> = serde_json::from_str(&told).unwrap();
        assert_eq!(
            told,
            [
                "created create a1 [\"userName\"] - 1",
                "updated host a1 [\"name.familyName\",\"emails\"] - 2",
                "created host a7 [\"active\",\"externalId\",\"userName\"] ext-7 1",
                "deleted host a7 [] ext-7 1",
                "created host t3 [\"displayName\",\"members\"] - 1"
            ]
        );
        client.store.close().await;
    });
}

#[test]
fn writes_and_announcements_are_in_the_record_of_changes() {
    let database = Database::new();
    block_on(async {
        let client = Client::new(&database, &write_map()).await;
        let tenant = scope().tenant().clone();
        let ann = client.user("ann").await;
        client.user("bob").await;
        let told = feed(&client.store, 0, 1).await;
        assert_eq!(told, ["1 Created a1 [\"userName\"] r1"]);

        let mut host = database.connect();
        let transaction = host.transaction().unwrap();
        transaction
            .execute("UPDATE accounts SET last = 'Jensen' WHERE id = 2", [])
            .unwrap();
        let announced = client.store.announce_sqlite(
            &transaction,
            &scope(),
            &client.users,
            &"a2".into(),
            &["name.familyName"],
        );
        announced.unwrap();
        assert_eq!(feed(&client.store, 1, 10).await, ["2 Created a2 [\"userName\"] r1"]);
        transaction.commit().unwrap();
        let operations = json!([{ "op": "replace", "path": "active", "value": true }]);
        client.patch(&client.users, &ann, operations).await.unwrap();
        let told = feed(&client.store, 2, 10).await;
        assert_eq!(
            told,
            ["3 Updated a2 [\"name.familyName\"] r1", "4 Updated a1 [\"active\"] r1"]
        );

        client.store.forget(&tenant, 3).await.unwrap();
        assert_eq!(feed(&client.store, 0, 10).await.len(), 1);
        assert!(client.store.changes(&"other".into(), 0, 10).await.unwrap().is_empty());
        client.store.close().await;

        let bare = HostStore::sqlite(&database.0, &read_map()).await.unwrap();
        let what_is_missing = "the record of changes without the library's tables";
        assert_eq!(what(bare.changes(&tenant, 0, 10).await), what_is_missing);
        assert_eq!(what(bare.forget(&tenant, 9).await), what_is_missing);
        bare.close().await;
    });
}

async fn feed(store: &HostStore, after: u64, limit: usize) -> Vec<String> {
    let changes = store.changes(scope().tenant(), after, limit).await.unwrap();
    let told = changes.iter().map(|change| {
        let (sequence, kind, id) = (change.sequence, change.kind, change.id.as_str());
        format!("{sequence} {kind:?} {id} {:?} {}", change.changed, change.transaction)
    });
    told.collect()
}

/// Lets no team lose its last member, and no account be the fourth.
#[derive(Debug)]
struct Strict;

#[async_trait::async_trait]
impl Guard for Strict {
    async fn check(&self, _: &Scope, attempt: Attempt<'_>, view: &mut dyn TxView) -> std::result::Result<(), Denial> {
        match attempt {
            Attempt::Members { removed, .. } if !removed.is_empty() => Err(Denial::new("members stay")),
            Attempt::Create { kind, id, .. } if kind.name() == "User" => {
                assert!(view.get(kind, id).await.unwrap().is_none());
                match view.count(kind, None).await {
                    Ok(count) if count < 3 => Ok(()),
                    _ => Err(Denial::new("enough")),
                }
            }
            _ => Ok(()),
        }
    }
}

#[test]
fn a_guard_sees_the_state_before_and_leaves_nothing_of_what_it_denies() {
    let database = Database::new();
    block_on(async {
        let options = SqliteStoreBuilder::default().guard(Arc::new(Strict));
        let mut client = Client::new(&database, &write_map()).await;
        client.store.close().await;
        client.store = HostStore::sqlite_with(options, &database.0, &write_map())
            .await
            .unwrap();
        for name in ["a", "b", "c"] {
            client.user(name).await;
        }
        let error = client
            .create(&client.users, json!({ "userName": "d" }))
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::Denied(_)));
        let team = json!({ "displayName": "Crew", "members": [{ "value": "a1" }] });
        let team = client.create(&client.groups, team).await.unwrap().head.id;
        let removal = Removal::new(Arc::clone(&client.users), "a1".into());
        assert!(matches!(
            client.store.delete(&scope(), &removal).await,
            Err(StoreError::Denied(_))
        ));
        let members = client.read(&client.groups, &team).await.unwrap();
        assert_eq!(members["members"][0]["value"], "a1");
        let accounts: i64 = database
            .connect()
            .query_row("SELECT COUNT(*) FROM accounts", [], |row| row.get(0))
            .unwrap();
        assert_eq!(accounts, 3);
        client.store.close().await;
    });
}

#[test]
fn a_deletion_may_leave_the_row() {
    let database = Database::new();
    let table = Table::new(ResourceType::user(), "accounts", Key::integer("id"))
        .tenant(Key::text("org"))
        .visible("r.status <> 'service'")
        .column("userName", Column::text("login").folded("login_key"))
        .writable(
            WriteMap::new()
                .otherwise("status", "enabled")
                .otherwise("badge_color", "grey")
                .otherwise("created_at", 0)
                .otherwise_sql("changed_at", "unixepoch() * 1000")
                .delete_by("status", "service"),
        );
    let map = ColumnMap::with_sidecar([table]).unwrap();
    block_on(async {
        let client = Client::new(&database, &map).await;
        let body = json!({ "userName": "ann", "active": false });
        let ann = client.create(&client.users, body).await.unwrap().head.id;
        assert_eq!(client.names("active eq false and active pr").await, ["ann"]);
        client
            .store
            .delete(&scope(), &Removal::new(Arc::clone(&client.users), ann.clone()))
            .await
            .unwrap();
        assert!(matches!(
            client.read(&client.users, &ann).await,
            Err(StoreError::NotFound)
        ));
        assert_eq!(row(&database.connect(), "login, status", 1), r#"["ann","service"]"#);
        client.store.close().await;
    });
}

#[test]
fn v05_rows_that_the_map_hides_are_not_there_for_anybody() {
    let database = Database::new();
    let insert = "INSERT INTO accounts (id, org, login, login_key, status, created_at, changed_at, badge_color) \
                  VALUES (7, 'acme', 'backup', 'backup', 'service', 0, 0, 'grey'), \
                  (8, 'other', 'theirs', 'theirs', 'enabled', 0, 0, 'grey')";
    database.connect().execute_batch(insert).unwrap();
    block_on(async {
        let client = Client::new(&database, &write_map()).await;
        client.user("ann").await;
        assert_eq!(client.names("userName pr").await, ["ann"]);
        for id in ["a7", "a8"].map(ResourceId::new) {
            let read = client.read(&client.users, &id).await;
            let deactivate = json!([{ "op": "replace", "path": "active", "value": false }]);
            let patched = client.patch(&client.users, &id, deactivate).await;
            let removal = Removal::new(Arc::clone(&client.users), id.clone());
            let deleted = client.store.delete(&scope(), &removal).await;
            assert!(matches!(read, Err(StoreError::NotFound)), "{id}: {read:?}");
            assert!(matches!(patched, Err(StoreError::NotFound)), "{id}: {patched:?}");
            assert!(matches!(deleted, Err(StoreError::NotFound)), "{id}: {deleted:?}");
        }
        assert_eq!(row(&database.connect(), "login, status", 7), r#"["backup","service"]"#);
        assert_eq!(row(&database.connect(), "login, status", 8), r#"["theirs","enabled"]"#);
        client.store.close().await;
    });
}

#[test]
fn a_map_that_the_database_does_not_have_is_refused_on_opening() {
    let database = Database::new();
    let table = Table::new(ResourceType::user(), "accounts", Key::integer("id"))
        .tenant(Key::text("org"))
        .column("userName", Column::text("username"));
    let error = block_on(HostStore::sqlite(&database.0, &ColumnMap::new([table]).unwrap())).unwrap_err();
    assert!(error.to_string().contains("`username`"), "{error}");
    let nowhere = database.0.with_file_name("nowhere.db");
    assert!(matches!(
        block_on(HostStore::sqlite(&nowhere, &read_map())),
        Err(HostError::Open(_))
    ));
    assert!(!nowhere.exists());
    let link = Link::new("team_members", "team_id", "account_id", "User");
    let teams = Table::new(ResourceType::group(), "teams", Key::integer("id")).members(link);
    assert!(ColumnMap::new([teams]).is_err());
}
