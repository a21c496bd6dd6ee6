//! What must be unique, where the host writes too.

use std::sync::Arc;

use scim_core::{
    Dialect, Draft, Edit, Limits, ResourceId,
    patch::PatchMessage,
    resource::{Decoded, Encoder, Projection},
    schema::{Registry, ResourceType},
};
use scim_sql::host::{Column, ColumnMap, HostStore, Key, List, Table, WriteMap};
use scim_store::{
    Principal, RandomIds, Read, Removal, Result, ScimStore, Scope, SeatStore as _, StoreError, TenantSettings,
};
use serde_json::{Value, json};

use crate::tables::{Database, write_map};

/// Accounts whose mails are marked and not deleted, and whose indexes have names that are the start of others.
pub(crate) fn marked_map() -> ColumnMap {
    let accounts = Table::new(ResourceType::user(), "accounts", Key::integer("id").prefix("a"))
        .tenant(Key::text("org"))
        .column("userName", Column::text("login").folded("login_key"))
        .column("displayName", Column::text("shown_as").folded("shown_key"))
        .column("nickName", Column::text("nick").folded("nick_key"))
        .list(
            "emails",
            List::rows("account_emails", "account_id", "position")
                .only("c.kind IS NULL")
                .column("value", Column::text("address").folded("address_key")),
        )
        .writable(
            WriteMap::new()
                .otherwise("status", "enabled")
                .otherwise("badge_color", "grey")
                .otherwise("created_at", 0)
                .otherwise("changed_at", 0)
                .unique("accounts_nick", "title")
                .unique("accounts.org, accounts.nick", "title")
                .unique("accounts_nick_key", "nickName")
                .unique("accounts.org, accounts.nick_key", "nickName")
                .unique("accounts_shown", "displayName"),
        );
    ColumnMap::with_sidecar([accounts]).unwrap()
}

/// The type of the resource with an identifier.
pub(crate) fn kind_of(id: &str) -> Arc<ResourceType> {
    match id.starts_with('t') {
        true => ResourceType::group(),
        false => ResourceType::user(),
    }
}

/// A client of one tenant.
struct Client<'a> {
    store: &'a HostStore,
    dialect: Arc<Dialect>,
}

impl<'a> Client<'a> {
    fn new(store: &'a HostStore, dialect: Dialect) -> Self {
        let dialect = Arc::new(dialect);
        Self { store, dialect }
    }

    fn scope(&self) -> Scope {
        let now = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let settings = TenantSettings::default().with(|settings| settings.dialect = Dialect::clone(&self.dialect));
        let principal = Principal::new("acme", "tester");
        Scope::new(principal, now, Arc::new(RandomIds), Arc::new(Registry::default())).with_settings(Arc::new(settings))
    }

    async fn create(&self, kind: Arc<ResourceType>, mut body: Value) -> Result<ResourceId> {
        body["schemas"] = json!([kind.schema().id]);
        let decoded = Decoded::decode(&kind, body, &self.dialect, &Limits::default())?;
        let draft = Draft::new(kind, decoded, Arc::clone(&self.dialect))?;
        Ok(self.store.create(&self.scope(), &draft).await?.head.id)
    }

    async fn user(&self, body: Value) -> Result<ResourceId> {
        self.create(ResourceType::user(), body).await
    }

    async fn group(&self, name: &str, member: &ResourceId) -> ResourceId {
        let body = json!({ "displayName": name, "members": [{ "value": member.as_str() }] });
        self.create(ResourceType::group(), body).await.unwrap()
    }

    async fn patch(&self, id: &ResourceId, operation: Value) -> Result<()> {
        let schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
        let (body, limits) = (
            json!({ "schemas": [schema], "Operations": [operation] }),
            Limits::default(),
        );
        let message = PatchMessage::parse(body, &self.dialect, &limits)?;
        let dialect = Arc::clone(&self.dialect);
        let edit = Edit::patch(kind_of(id.as_str()), id.clone(), message, dialect, &limits, "")?;
        self.store.update(&self.scope(), &edit).await.map(drop)
    }

    async fn delete(&self, id: &ResourceId) -> Result<()> {
        let removal = Removal::new(kind_of(id.as_str()), id.clone());
        self.store.delete(&self.scope(), &removal).await
    }

    async fn read(&self, id: &ResourceId) -> Result<Value> {
        let read = Read::new(kind_of(id.as_str()), id.clone());
        let found = self.store.get(&self.scope(), &read).await?;
        let bytes = Encoder::new("https://x.example").to_bytes(&found, &Projection::Default);
        Ok(serde_json::from_slice(&bytes).unwrap())
    }
}

/// Runs SQL of the host's in a transaction, which announces a resource where it says one.
pub(crate) type Announced<'a> = Option<(&'a Scope, &'a str)>;

fn is_taken<T: std::fmt::Debug>(answer: Result<T>, attribute: &str) {
    assert!(
        matches!(&answer, Err(StoreError::Uniqueness { attribute: taken }) if taken == attribute),
        "{answer:?}"
    );
}

/// Where groups may have one name, those who are in two of them can be deleted.
pub(crate) async fn check_groups_of_one_name(store: &HostStore) {
    let client = Client::new(
        store,
        Dialect::default().with(|dialect| dialect.unique_group_names = false),
    );
    let ann = client.user(json!({ "userName": "ann" })).await.unwrap();
    let crews = [client.group("Crew", &ann).await, client.group("Crew", &ann).await];
    client.delete(&ann).await.unwrap();
    for crew in crews {
        let crew = client.read(&crew).await.unwrap();
        assert_eq!(
            (crew.get("members"), &crew["meta"]["version"]),
            (None, &json!("W/\"2\""))
        );
    }
}

/// What the tenant's dialect makes unique is so behind a seat that is given by hand, and behind an announcement.
pub(crate) async fn check_unique_by_the_dialect(
    store: &HostStore,
    host: impl AsyncFn(&str, Announced<'_>) -> Result<()>,
) {
    let unique = |dialect: &mut Dialect| dialect.unique.push("emails.value".to_owned());
    let client = Client::new(store, Dialect::default().with(unique));
    let named = |name: &str| json!({ "userName": name, "emails": [{ "value": "A@x.example" }] });
    let ann = client.user(named("ann")).await.unwrap();
    is_taken(client.user(named("bob")).await, "emails.value");

    store.set_bought(client.scope().tenant(), 1).await.unwrap();
    assert!(store.assign(&client.scope(), &ann).await.unwrap());
    is_taken(client.user(named("bob")).await, "emails.value");

    let rename = "UPDATE accounts SET last = 'Jensen'";
    host(rename, Some((&client.scope(), ann.as_str()))).await.unwrap();
    is_taken(client.user(named("bob")).await, "emails.value");

    let insert = "INSERT INTO accounts (id, org, login, login_key, status, created_at, changed_at, badge_color)
                  VALUES (70, 'acme', 'eve', 'eve', 'enabled', 0, 0, 'x');
                  INSERT INTO account_emails (account_id, position, address) VALUES (70, 1, 'a@X.example')";
    is_taken(host(insert, Some((&client.scope(), "a70"))).await, "emails.value");
}

/// A group that the host gave the name of another one, and told nobody: its members cannot be changed, which is said at once;
/// but those who are in it can be deleted.
pub(crate) async fn check_unannounced_rename(store: &HostStore, host: impl AsyncFn(&str, Announced<'_>) -> Result<()>) {
    let client = Client::new(store, Dialect::default());
    let ann = client.user(json!({ "userName": "ann" })).await.unwrap();
    let bob = client.user(json!({ "userName": "bob" })).await.unwrap();
    let (crew, other) = (client.group("Crew", &ann).await, client.group("Other", &ann).await);
    let rename = "UPDATE teams SET name = 'Crew', name_key = 'crew' WHERE name = 'Other'";
    host(rename, None).await.unwrap();
    let add = json!({ "op": "add", "path": "members", "value": [{ "value": bob.as_str() }] });
    is_taken(client.patch(&other, add.clone()).await, "displayName");
    client.delete(&ann).await.unwrap();
    assert_eq!(client.read(&other).await.unwrap()["meta"]["version"], "W/\"2\"");
    client.delete(&crew).await.unwrap();
    client.patch(&other, add).await.unwrap();
}

/// The host's own index speaks up where an announcement writes what the host left out.
pub(crate) async fn check_folded_by_an_announcement(
    store: &HostStore,
    host: impl AsyncFn(&str, Announced<'_>) -> Result<()>,
) {
    let client = Client::new(store, Dialect::default());
    let insert = "INSERT INTO accounts (id, org, login, login_key, status, created_at, changed_at, badge_color)
                  VALUES (1, 'acme', 'ann', 'ann', 'enabled', 0, 0, 'x'), (2, 'acme', 'ANN', 'not yet', 'enabled', 0, 0, 'x')";
    host(insert, None).await.unwrap();
    is_taken(
        host("UPDATE accounts SET last = 'x'", Some((&client.scope(), "a2"))).await,
        "userName",
    );
}

/// Of indexes whose names are alike, the one that refused a row is told.
pub(crate) async fn check_names_of_indexes(store: &HostStore, host: impl AsyncFn(&str, Announced<'_>) -> Result<()>) {
    let client = Client::new(store, Dialect::default());
    let indexes = "CREATE UNIQUE INDEX accounts_nick ON accounts (org, nick);
                   CREATE UNIQUE INDEX accounts_nick_key ON accounts (org, nick_key);
                   CREATE UNIQUE INDEX accounts_shown ON accounts (lower(shown_as))";
    host(indexes, None).await.unwrap();
    let ann = json!({ "userName": "ann", "nickName": "Nan", "displayName": "Ann" });
    client.user(ann).await.unwrap();
    let bob = client.user(json!({ "userName": "bob", "nickName": "NAN" })).await;
    is_taken(bob, "nickName");
    let bob = client.user(json!({ "userName": "bob", "displayName": "ANN" })).await;
    is_taken(bob, "displayName");
}

/// Values stand behind those that the list does not show.
pub(crate) async fn check_hidden_values(store: &HostStore, host: impl AsyncFn(&str, Announced<'_>) -> Result<()>) {
    let client = Client::new(store, Dialect::default());
    let body = json!({ "userName": "ann", "emails": [{ "value": "a@x.example" }] });
    let ann = client.user(body).await.unwrap();
    let mark = "UPDATE account_emails SET kind = 'gone'";
    host(mark, None).await.unwrap();
    for address in ["b@x.example", "c@x.example"] {
        let replace = json!({ "op": "replace", "path": "emails", "value": [{ "value": address }] });
        client.patch(&ann, replace).await.unwrap();
        let emails = client.read(&ann).await.unwrap()["emails"].clone();
        assert_eq!(emails, json!([{ "value": address }]));
    }
    host("UPDATE account_emails SET kind = NULL", None).await.unwrap();
    let emails = client.read(&ann).await.unwrap()["emails"].clone();
    assert_eq!(emails, json!([{ "value": "a@x.example" }, { "value": "c@x.example" }]));
}

/// A store over the tables in a file.
async fn open(map: &ColumnMap) -> (HostStore, Database) {
    let database = Database::new();
    (HostStore::sqlite(&database.0, map).await.unwrap(), database)
}

fn edit(store: &HostStore, database: &Database, sql: &str, announced: Announced<'_>) -> Result<()> {
    let mut connection = database.connect();
    let transaction = connection.transaction().unwrap();
    transaction.execute_batch(sql).unwrap();
    if let Some((scope, id)) = announced {
        store.announce_sqlite(&transaction, scope, &kind_of(id), &id.into(), &[])?;
    }
    transaction.commit().unwrap();
    Ok(())
}

#[tokio::test]
async fn a_user_in_groups_of_one_name_is_deleted() {
    let (store, _database) = open(&write_map()).await;
    check_groups_of_one_name(&store).await;
    store.close().await;
}

#[tokio::test]
async fn seats_and_announcements_keep_what_the_dialect_makes_unique() {
    let (store, database) = open(&write_map()).await;
    check_unique_by_the_dialect(&store, async |sql, announced| edit(&store, &database, sql, announced)).await;
    store.close().await;
}

#[tokio::test]
async fn a_rename_that_was_not_announced_is_a_conflict() {
    let (store, database) = open(&write_map()).await;
    check_unannounced_rename(&store, async |sql, announced| edit(&store, &database, sql, announced)).await;
    store.close().await;
}

#[tokio::test]
async fn an_announcement_that_the_hosts_index_refuses_is_a_conflict() {
    let (store, database) = open(&write_map()).await;
    check_folded_by_an_announcement(&store, async |sql, announced| edit(&store, &database, sql, announced)).await;
    store.close().await;
}

#[tokio::test]
async fn the_index_that_refused_a_row_is_told_from_those_like_it() {
    let (store, database) = open(&marked_map()).await;
    check_names_of_indexes(&store, async |sql, announced| edit(&store, &database, sql, announced)).await;
    store.close().await;
}

#[tokio::test]
async fn values_that_the_map_hides_stay_in_their_places() {
    let (store, database) = open(&marked_map()).await;
    check_hidden_values(&store, async |sql, announced| edit(&store, &database, sql, announced)).await;
    store.close().await;
}
