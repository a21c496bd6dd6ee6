//! Accounts that stand in the host's tables before SCIM comes, and are not seen by it.

#![expect(clippy::future_not_send, reason = "each test runs on its own thread")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use rusqlite::Connection;
use scim_core::{
    Dialect, Draft, Edit, Limits, TenantId,
    patch::{PatchMessage, PatchOp, PatchOperation},
    resource::{Decoded, Encoder, Found, Projection, Resource},
    schema::{Registry, ResourceType, Schema},
};
use scim_sql::{
    SqliteStoreBuilder,
    host::{Column, ColumnMap, HostStore, Key, Link, List, Table, TimeForm, WriteMap},
};
use scim_store::{
    Account, Accounts, Adoption, AdoptionPolicy, ChangeFeed as _, Guard, Labels, Principal, ProtectedIds, Protection,
    RandomIds, Read, Removal, Result, ScimStore, Scope, SeatPolicy, SeatStore as _, StoreError, TenantSettings,
};
use serde_json::{Value, json};
use tokio::{sync::Barrier, task::JoinSet};

use crate::tables::Database;

pub(crate) const TABLES: &str = "
CREATE TABLE people (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  org         TEXT NOT NULL,
  login       TEXT NOT NULL,
  login_key   TEXT NOT NULL,
  first       TEXT,
  first_key   TEXT,
  last        TEXT,
  job         TEXT,
  status      TEXT NOT NULL,
  origin      TEXT,
  manager     TEXT,
  seat        TEXT,
  created_at  INTEGER NOT NULL,
  changed_at  INTEGER NOT NULL
);
CREATE UNIQUE INDEX people_login ON people (org, login_key);
CREATE TABLE mails (
  person_id   INTEGER NOT NULL REFERENCES people (id),
  position    INTEGER NOT NULL,
  address     TEXT,
  address_key   TEXT,
  PRIMARY KEY (person_id, position)
);
CREATE TABLE crews (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  org         TEXT NOT NULL,
  name        TEXT NOT NULL,
  name_key   TEXT NOT NULL,
  revision    INTEGER NOT NULL
);
CREATE TABLE crew_people (
  crew_id     INTEGER NOT NULL REFERENCES crews (id),
  person_id   INTEGER NOT NULL REFERENCES people (id),
  PRIMARY KEY (crew_id, person_id)
);
INSERT INTO people (org, login, login_key, first, last, job, status, created_at, changed_at) VALUES
  ('acme', 'Ann', 'wrong', 'Anna', 'Jensen', 'Dev', 'on', 1000, 2000);
INSERT INTO people (org, login, login_key, status, origin, created_at, changed_at) VALUES
  ('acme', 'boss', 'boss', 'on', 'own', 1000, 2000),
  ('acme', 'seen', 'seen', 'on', 'scim', 1000, 2000),
  ('other', 'eve', 'eve', 'on', 'own', 1000, 2000);
INSERT INTO mails VALUES (1, 1, 'Ann@Acme.example', 'wrong'), (1, 2, 'a@home.example', 'a@home.example');
INSERT INTO crews (org, name, name_key, revision) VALUES ('acme', 'Crew', 'crew', 7), ('acme', 'Other', 'other', 3);
INSERT INTO crew_people VALUES (1, 1), (1, 3), (2, 2);
";

/// Everything of a row that the tests look at.
const ROW: &str = "SELECT COALESCE(login_key, '-') || ' ' || COALESCE(first, '-') || ' ' || COALESCE(first_key, '-') || ' ' || \
    COALESCE(last, '-') || ' ' || COALESCE(job, '-') || ' ' || status || ' ' || COALESCE(origin, '-') || ' ' || \
    COALESCE(manager, '-') || ' ' || COALESCE(seat, '-') || ' ' || \
    (SELECT COUNT(*) FROM mails WHERE person_id = p.id) FROM people p WHERE login = ";

fn user_type() -> Arc<ResourceType> {
    let builder = ResourceType::builder("User", "/Users", Schema::user()).memberships("groups");
    builder.extension(Labels::schema()).build().unwrap()
}

fn people(writes: WriteMap) -> Table {
    let label = |name: &str| format!("{}:{name}", Labels::URN);
    Table::new(user_type(), "people", Key::integer("id").prefix("p"))
        .tenant(Key::text("org"))
        .visible("r.origin = 'scim'")
        .times(
            Column::time("created_at", TimeForm::Millis),
            Column::time("changed_at", TimeForm::Millis),
        )
        .column("userName", Column::text("login").folded("login_key"))
        .column("name.givenName", Column::text("first").folded("first_key"))
        .column("name.familyName", Column::text("last"))
        .column("title", Column::text("job"))
        .column("active", Column::codes("status", [("on", true), ("off", false)]))
        .column(&label("managedBy"), Column::text("manager"))
        .column(&label("seat"), Column::codes("seat", [("yes", true), ("no", false)]))
        .list(
            "emails",
            List::rows("mails", "person_id", "position").column("value", Column::text("address").folded("address_key")),
        )
        .writable(writes)
}

fn crews(writes: WriteMap) -> Table {
    Table::new(ResourceType::group(), "crews", Key::integer("id").prefix("c"))
        .tenant(Key::text("org"))
        .version("revision")
        .column("displayName", Column::text("name").folded("name_key"))
        .members(Link::new("crew_people", "crew_id", "person_id", "User"))
        .writable(writes)
}

fn writes() -> WriteMap {
    WriteMap::new()
        .otherwise("status", "on")
        .otherwise("origin", "scim")
        .unique("people_login", "userName")
        .unique("people.org, people.login_key", "userName")
        .delete_by("origin", "gone")
}

pub(crate) fn map() -> ColumnMap {
    let people = people(writes().adopt_by("origin", "scim"));
    ColumnMap::with_sidecar([people, crews(WriteMap::new())]).unwrap()
}

/// What the host knows of its accounts, by user name.
#[derive(Debug, Clone, Default)]
struct Book(Arc<Mutex<Vec<(String, Account)>>>);

impl Book {
    fn add(&self, name: &str, account: Account) {
        self.0.lock().unwrap().push((name.to_owned(), account));
    }
}

#[async_trait]
impl Accounts for Book {
    async fn find(&self, _: &TenantId, user: &Resource) -> Result<Option<Account>> {
        let book = self.0.lock().unwrap();
        let name = user.text("userName").unwrap();
        let known = book.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        Ok(known.map(|(_, account)| account.clone()))
    }

    async fn adopted(&self, _: &TenantId, _: &Account) -> Result<()> {
        Ok(())
    }
}

/// A client of one tenant, whose host has accounts.
#[derive(Clone)]
struct Client {
    store: HostStore,
    outer: Arc<Adoption<HostStore>>,
    book: Book,
    settings: TenantSettings,
    users: Arc<ResourceType>,
}

impl Client {
    fn new(store: &HostStore, policy: AdoptionPolicy) -> Self {
        let book = Book::default();
        Self {
            store: store.clone(),
            outer: Arc::new(Adoption::new(store.clone(), book.clone())),
            book,
            settings: TenantSettings::default().with(|settings| {
                settings.adoption = policy;
                settings.managed_by = Some("Okta".to_owned());
            }),
            users: user_type(),
        }
    }

    fn scope(&self) -> Scope {
        let now = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let kinds = Arc::new(Registry::new([Arc::clone(&self.users), ResourceType::group()]));
        Scope::new(Principal::new("acme", "tester"), now, Arc::new(RandomIds), kinds)
            .with_settings(Arc::new(self.settings.clone()))
    }

    fn draft(&self, mut body: Value) -> Draft {
        body["schemas"] = json!([self.users.schema().id]);
        let dialect = Arc::new(Dialect::default());
        let decoded = Decoded::decode(&self.users, body, &dialect, &Limits::default()).unwrap();
        Draft::new(Arc::clone(&self.users), decoded, dialect).unwrap()
    }

    async fn create(&self, body: Value) -> Result<Value> {
        let found = self.outer.create(&self.scope(), &self.draft(body)).await?;
        Ok(shown(&found))
    }

    async fn read(&self, kind: &Arc<ResourceType>, id: &str) -> Result<Value> {
        let read = Read::new(Arc::clone(kind), id.into());
        Ok(shown(&self.outer.get(&self.scope(), &read).await?))
    }

    async fn set_title(&self, id: &str, title: &str) -> Result<()> {
        let operation = PatchOperation::new(PatchOp::Replace, Some("title"), Some(title.into()));
        let message = PatchMessage::new(vec![operation]);
        let (kind, dialect) = (Arc::clone(&self.users), Arc::new(Dialect::default()));
        let edit = Edit::patch(kind, id.into(), message, dialect, &Limits::default(), "")?;
        self.outer.update(&self.scope(), &edit).await.map(drop)
    }

    async fn changes(&self, after: u64) -> Vec<String> {
        let changes = self.store.changes(&"acme".into(), after, 100).await.unwrap();
        let told = changes
            .iter()
            .map(|change| format!("{:?} {} {:?}", change.kind, change.id, change.changed));
        told.collect()
    }
}

fn shown(found: &Found) -> Value {
    serde_json::from_slice(&Encoder::new("https://x.example").to_bytes(found, &Projection::Default)).unwrap()
}

fn is_taken<T: std::fmt::Debug>(answer: Result<T>, attribute: &str) {
    assert!(
        matches!(&answer, Err(StoreError::Uniqueness { attribute: taken }) if taken == attribute),
        "{answer:?}"
    );
}

/// An account that the host marked is adopted, once, and keeps what the request does not say.
pub(crate) async fn check(store: &HostStore, sql: impl AsyncFn(&str) -> String) {
    let row = async |login: &str| sql(&format!("{ROW}'{login}'")).await;
    let before = "wrong Anna - Jensen Dev on - - - 2";
    assert_eq!(row("Ann").await, before);
    let body = json!({
        "userName": "ANN", "active": true, "name": { "givenName": "Änne" }, "emails": [{ "value": "Ann@Acme.example" }],
        "timezone": "Europe/Berlin",
    });

    let mut client = Client::new(store, AdoptionPolicy::Never);
    client.book.add("ann", Account::new("p1").allow());
    is_taken(client.create(body.clone()).await, "userName");
    client.settings.adoption = AdoptionPolicy::Explicit;
    client.book.0.lock().unwrap()[0].1.allowed = false;
    is_taken(client.create(body.clone()).await, "userName");
    assert!(matches!(
        client.read(&client.users, "p1").await,
        Err(StoreError::NotFound)
    ));
    let crew = ResourceType::group();
    let members = client.read(&crew, "c1").await.unwrap()["members"].clone();
    assert_eq!(
        (members.as_array().unwrap().len(), &members[0]["value"]),
        (1, &json!("p3"))
    );
    assert_eq!(row("Ann").await, before);

    client.book.0.lock().unwrap()[0].1.allowed = true;
    let adopted = client.create(body.clone()).await.unwrap();
    assert_eq!(
        (
            &adopted["id"],
            &adopted["title"],
            &adopted["name"],
            &adopted["timezone"]
        ),
        (
            &json!("p1"),
            &json!("Dev"),
            &json!({ "givenName": "Änne", "familyName": "Jensen" }),
            &json!("Europe/Berlin")
        )
    );
    assert_eq!(adopted["emails"].as_array().unwrap().len(), 1);
    assert_eq!(adopted[Labels::URN], json!({ "managedBy": "Okta" }));
    assert_eq!(
        (&adopted["meta"]["created"], &adopted["meta"]["version"]),
        (&json!("1970-01-01T00:00:01.000Z"), &json!("W/\"1\""))
    );
    assert_eq!(row("ANN").await, "ann Änne änne Jensen Dev on scim Okta - 1");
    let mail = sql("SELECT address_key FROM mails WHERE person_id = 1").await;
    assert_eq!(mail, "ann@acme.example");
    let told = client.changes(0).await;
    let label = format!("{}:managedBy", Labels::URN);
    let given = json!(["active", "emails", "name", "timezone", "title", label, "userName"]).to_string();
    assert_eq!(
        told,
        [
            format!("Created p1 {}", given.replace(",", ", ")),
            "Updated c1 [\"members\"]".to_owned()
        ]
    );
    let seen = client.read(&crew, "c1").await.unwrap();
    assert_eq!(seen["members"].as_array().unwrap().len(), 2);
    assert_eq!(seen["meta"]["version"], "W/\"8\"");
    assert_eq!(client.read(&crew, "c2").await.unwrap()["meta"]["version"], "W/\"3\"");

    // It is a user like any other from here on, whom nobody adopts again.
    is_taken(client.create(body).await, "id");
    client.set_title("p1", "Lead").await.unwrap();
    let removal = Removal::new(Arc::clone(&client.users), "p1".into());
    client.outer.delete(&client.scope(), &removal).await.unwrap();
    assert_eq!(row("ANN").await, "ann Änne änne Jensen Lead on gone Okta - 0");
    // Unless the host says so again.
    let again = client.create(json!({ "userName": "ann" })).await.unwrap();
    assert_eq!((&again["id"], &again["title"]), (&json!("p1"), &json!("Lead")));
}

/// What may not be adopted is not, and nothing has changed.
pub(crate) async fn check_refusals(store: &HostStore, sql: impl AsyncFn(&str) -> String) {
    let row = async |login: &str| sql(&format!("{ROW}'{login}'")).await;
    let rows = [row("Ann").await, row("boss").await, row("seen").await, row("eve").await];
    let domains = vec!["acme.example".to_owned()];
    let client = Client::new(store, AdoptionPolicy::MatchVerified { domains });
    client.book.add("ann", Account::new("p1").verified("ann@acme.example"));
    client
        .book
        .add("boss", Account::new("p2").verified("boss@evil.example"));
    client.book.add("eve", Account::new("p4").allow());
    client
        .book
        .add("seen", Account::new("p1").verified("seen@acme.example"));
    client.book.add("nobody", Account::new("p99").allow());
    client.book.add("nonsense", Account::new("x").allow());
    let named = |name: &str, address: &str| json!({ "userName": name, "emails": [{ "value": address }] });
    is_taken(client.create(named("ann", "ann@other.example")).await, "userName");
    is_taken(client.create(named("boss", "boss@evil.example")).await, "userName");
    // A name that somebody else has is taken, whosever the account is.
    is_taken(client.create(named("seen", "seen@acme.example")).await, "userName");
    // What the host says of another organisation, or of nobody, is its mistake and opens nothing.
    for name in ["eve", "nobody", "nonsense"] {
        let error = client.create(json!({ "userName": name })).await.unwrap_err();
        assert!(matches!(error, StoreError::Other(_)), "{error:?}");
    }
    assert_eq!(
        [row("Ann").await, row("boss").await, row("seen").await, row("eve").await],
        rows
    );
    assert!(client.changes(0).await.is_empty());
    let adopted = client.create(named("ann", "Ann@Acme.Example")).await.unwrap();
    assert_eq!(adopted["id"], "p1");
}

/// Of those who adopt one account at once, one succeeds.
pub(crate) async fn check_race(store: &HostStore) {
    let client = Client::new(store, AdoptionPolicy::Explicit);
    client.book.add("ann", Account::new("p1").allow());
    let (mut clients, barrier) = (JoinSet::new(), Arc::new(Barrier::new(6)));
    for number in 0..6 {
        let (client, barrier) = (client.clone(), Arc::clone(&barrier));
        clients.spawn(async move {
            barrier.wait().await;
            client
                .create(json!({ "userName": "ann", "title": number.to_string() }))
                .await
        });
    }
    let answers = clients.join_all().await;
    let adopted: Vec<&Value> = answers.iter().flatten().collect();
    assert_eq!(adopted.len(), 1, "{answers:?}");
    let title = client.read(&client.users, "p1").await.unwrap()["title"].clone();
    assert_eq!(title, adopted[0]["title"]);
    for answer in answers.into_iter().filter(Result::is_err) {
        is_taken(answer, "id");
    }
    assert_eq!(client.changes(0).await.len(), 2);
}

/// An account is adopted: what the record tells.
#[cfg(feature = "postgres")]
pub(crate) async fn adopt_ann(store: HostStore) -> Vec<String> {
    let client = Client::new(&store, AdoptionPolicy::Explicit);
    client.book.add("ann", Account::new("p1").allow());
    client.create(json!({ "userName": "ann" })).await.unwrap();
    client.changes(0).await
}

/// Licences are taken by adoption as by creation; what is refused for want of one leaves the account as it was.
pub(crate) async fn check_seats(store: &HostStore, sql: impl AsyncFn(&str) -> String) {
    let row = async |login: &str| sql(&format!("{ROW}'{login}'")).await;
    let mut client = Client::new(store, AdoptionPolicy::Explicit);
    client.settings.seats = SeatPolicy::Require;
    client.book.add("ann", Account::new("p1").allow());
    client.book.add("boss", Account::new("p2").allow());
    let tenant = TenantId::from("acme");
    store.set_bought(&tenant, 1).await.unwrap();
    client.create(json!({ "userName": "boss" })).await.unwrap();
    assert!(store.has_seat(&tenant, &"p2".into()).await.unwrap());
    assert_eq!(row("boss").await, "boss - - - - on scim Okta yes 0");
    let before = row("Ann").await;
    let refused = client.create(json!({ "userName": "ann" })).await;
    assert!(matches!(refused, Err(StoreError::Denied(_))), "{refused:?}");
    assert_eq!(row("Ann").await, before);
    assert_eq!(store.seats(&tenant).await.unwrap().used, 1);
    // What the store says of a new user stands in the host's columns too.
    store.set_bought(&tenant, 2).await.unwrap();
    let new = client
        .create(json!({ "userName": "new", "title": "Dr" }))
        .await
        .unwrap();
    assert_eq!(new[Labels::URN], json!({ "managedBy": "Okta", "seat": true }));
    assert_eq!(row("new").await, "new - - - Dr on scim Okta yes 0");
}

/// Adopting an administrator of the host takes nothing over: neither name nor password, nor is anybody switched off.
pub(crate) async fn check_protected(store: &HostStore, ids: &ProtectedIds, sql: impl AsyncFn(&str) -> String) {
    let row = async |login: &str| sql(&format!("{ROW}'{login}'")).await;
    let client = Client::new(store, AdoptionPolicy::Explicit);
    for name in ["boss", "other", "ann"] {
        client
            .book
            .add(name, Account::new(if name == "ann" { "p1" } else { "p2" }).allow());
    }
    ids.protect("acme", "p2");
    let before = row("boss").await;
    for attack in [
        json!({ "userName": "boss", "password": "secret" }),
        json!({ "userName": "boss", "active": false }),
        json!({ "userName": "other" }),
    ] {
        let denied = client.create(attack.clone()).await;
        assert!(matches!(denied, Err(StoreError::Denied(_))), "{attack}: {denied:?}");
        assert_eq!(row("boss").await, before);
    }
    assert!(client.changes(0).await.is_empty());
    client
        .create(json!({ "userName": "boss", "title": "Dr" }))
        .await
        .unwrap();
    assert_eq!(row("boss").await, "boss - - - Dr on scim Okta - 0");
    client
        .create(json!({ "userName": "ann", "active": false, "password": "secret" }))
        .await
        .unwrap();
}

fn database() -> Database {
    let database = Database::new();
    database.connect().execute_batch(TABLES).unwrap();
    database
}

fn one(connection: &Connection, sql: &str) -> String {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

async fn open(database: &Database, guard: Option<Arc<dyn Guard>>) -> HostStore {
    let mut options = SqliteStoreBuilder::default();
    if let Some(guard) = guard {
        options = options.guard(guard);
    }
    HostStore::sqlite_with(options, &database.0, &map()).await.unwrap()
}

#[tokio::test]
async fn an_account_of_the_host_is_adopted_in_its_row() {
    let database = database();
    let (store, host) = (open(&database, None).await, database.connect());
    check(&store, async |sql| one(&host, sql)).await;
    store.close().await;
}

#[tokio::test]
async fn v03_accounts_that_may_not_be_adopted_stay_what_they_are() {
    let database = database();
    let (store, host) = (open(&database, None).await, database.connect());
    check_refusals(&store, async |sql| one(&host, sql)).await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_adopted_once() {
    let database = database();
    let store = open(&database, None).await;
    check_race(&store).await;
    store.close().await;
}

#[tokio::test]
async fn adoption_takes_a_licence_and_labels_the_row() {
    let database = database();
    let (store, host) = (open(&database, None).await, database.connect());
    check_seats(&store, async |sql| one(&host, sql)).await;
    store.close().await;
}

#[tokio::test]
async fn v03_a_protected_account_is_not_taken_over_by_adoption() {
    let (database, ids) = (database(), Arc::new(ProtectedIds::new()));
    let guard = Protection::new(Arc::clone(&ids));
    let (store, host) = (open(&database, Some(Arc::new(guard))).await, database.connect());
    check_protected(&store, &ids, async |sql| one(&host, sql)).await;
    store.close().await;
}

/// Without the guard each of these goes through: the test above looks at something.
#[tokio::test]
async fn v03_adoption_without_a_guard_is_caught() {
    let database = database();
    let (store, host) = (open(&database, None).await, database.connect());
    let client = Client::new(&store, AdoptionPolicy::Explicit);
    client.book.add("other", Account::new("p2").allow());
    client
        .create(json!({ "userName": "other", "active": false, "password": "secret" }))
        .await
        .unwrap();
    assert_eq!(one(&host, &format!("{ROW}'other'")), "other - - - - off scim Okta - 0");
    store.close().await;
}

#[tokio::test]
async fn identifiers_are_refused_where_the_map_says_nothing_of_adoption() {
    let database = database();
    let map = ColumnMap::with_sidecar([people(writes())]).unwrap();
    let store = HostStore::sqlite(&database.0, &map).await.unwrap();
    let client = Client::new(&store, AdoptionPolicy::Explicit);
    client.book.add("ann", Account::new("p1").allow());
    let error = client.create(json!({ "userName": "ann" })).await.unwrap_err();
    assert_eq!(error.to_string(), "unsupported: an identifier of the request's own");
    store.close().await;

    let groups = ColumnMap::with_sidecar([people(writes()), crews(WriteMap::new().adopt_by("name", "x"))]);
    assert!(groups.unwrap_err().to_string().contains("only accounts are adopted"));
    let open = Table::new(ResourceType::user(), "people", Key::integer("id"))
        .tenant(Key::text("org"))
        .column("userName", Column::text("login").folded("login_key"))
        .writable(WriteMap::new().adopt_by("origin", "scim"));
    let error = ColumnMap::with_sidecar([open]).unwrap_err().to_string();
    assert!(error.contains("by `visible`"), "{error}");
    let wrong = ColumnMap::with_sidecar([people(writes().adopt_by("nowhere", 1))]).unwrap();
    let error = HostStore::sqlite(&database.0, &wrong).await.unwrap_err().to_string();
    assert!(error.contains("`nowhere`"), "{error}");
}
