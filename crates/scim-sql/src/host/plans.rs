//! That filters are served by the indexes of a host's tables: the engines' own plans, for enough rows to matter.

use std::sync::Arc;

use chrono::DateTime;
use scim_core::{
    Dialect,
    filter::{Filter, FilterScope, Predicate},
    query::{Page, Query, Relations, Target},
    schema::{Registry, ResourceType},
};
use scim_store::{Principal, RandomIds, Scope};

use super::{Column, ColumnMap, Key, Link, List, Table, shape::Shapes, verbs};
use crate::{explained::Explained, session::Session};

const TABLES: &str = r#"
CREATE TABLE accounts (
  id BIGINT PRIMARY KEY, org TEXT NOT NULL, login TEXT NOT NULL, login_key TEXT COLLATE "C" NOT NULL,
  ext TEXT, revision BIGINT NOT NULL);
CREATE UNIQUE INDEX accounts_login ON accounts (org, login_key);
CREATE INDEX accounts_ext ON accounts (org, ext);
CREATE TABLE account_emails (account_id BIGINT, position BIGINT, address TEXT, address_key TEXT, PRIMARY KEY (account_id, position));
CREATE INDEX account_emails_address ON account_emails (address_key);
CREATE TABLE teams (id BIGINT PRIMARY KEY, org TEXT NOT NULL, name TEXT NOT NULL, name_key TEXT NOT NULL, revision BIGINT NOT NULL);
CREATE INDEX teams_name ON teams (org, name_key);
CREATE TABLE team_members (team_id BIGINT, account_id BIGINT, PRIMARY KEY (team_id, account_id));
CREATE INDEX team_members_account ON team_members (account_id);
CREATE TABLE numbers (n BIGINT);
WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 20000) INSERT INTO numbers SELECT n FROM g;
INSERT INTO accounts SELECT n, CASE n % 2 WHEN 0 THEN 'acme' ELSE 'other' END, 'User' || n, 'user' || n, 'x' || n, 1 FROM numbers;
INSERT INTO account_emails SELECT n, 1, 'User' || n || '@x.example', 'user' || n || '@x.example' FROM numbers;
INSERT INTO teams SELECT n, CASE n % 2 WHEN 0 THEN 'acme' ELSE 'other' END, 'Team' || n, 'team' || n, 1 FROM numbers WHERE n <= 2000;
INSERT INTO team_members SELECT t.n, a.n FROM numbers t JOIN numbers a ON a.n % 2000 = t.n % 2000 WHERE t.n <= 2000;
ANALYZE;
"#;

/// Each type with a filter, how many it finds, and the index that finds them by its name in each engine.
const CASES: [(&str, &str, usize, &str); 10] = [
    ("User", "userName eq \"USER8\"", 1, "accounts_login"),
    ("User", "userName sw \"user888\"", 6, "accounts_login"),
    ("User", "externalId eq \"x8\"", 1, "accounts_ext"),
    (
        "User",
        "emails.value eq \"USER8@x.example\"",
        1,
        "account_emails_address",
    ),
    (
        "User",
        "emails[value eq \"user8@x.example\"]",
        1,
        "account_emails_address",
    ),
    ("User", "id eq \"u8\"", 1, "accounts_pkey"),
    ("User", "groups.value eq \"t8\"", 10, "team_members_pkey"),
    ("Group", "displayName eq \"TEAM8\"", 1, "teams_name"),
    ("Group", "members.value eq \"u8\"", 1, "team_members_account"),
    ("Group", "members[value eq \"u8\"]", 1, "team_members_account"),
];

fn map() -> ColumnMap {
    let folded = |name: &str, key: &str| Column::text(name).folded(key);
    let accounts = Table::new(ResourceType::user(), "accounts", Key::integer("id").prefix("u"))
        .tenant(Key::text("org"))
        .version("revision")
        .column("userName", folded("login", "login_key"))
        .column("externalId", Column::text("ext"))
        .list(
            "emails",
            List::rows("account_emails", "account_id", "position").column("value", folded("address", "address_key")),
        );
    let teams = Table::new(ResourceType::group(), "teams", Key::integer("id").prefix("t"))
        .tenant(Key::text("org"))
        .version("revision")
        .column("displayName", folded("name", "name_key"))
        .members(Link::new("team_members", "team_id", "account_id", "User"));
    ColumnMap::new([accounts, teams]).unwrap()
}

/// Searches, and checks that a plan names the index and that none looks through a table.
async fn check<S: Session>(session: S, scans: &[&str]) {
    let shapes = Shapes::new(&map(), session.engine(), "");
    let mut explained = Explained::new(session);
    let kinds = Arc::new(Registry::default());
    let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let scope = Scope::new(
        Principal::new("acme", "tests"),
        now,
        Arc::new(RandomIds),
        Arc::clone(&kinds),
    );
    for (name, filter, found, index) in CASES {
        let kind = kinds.by_name(name).unwrap();
        let names = FilterScope {
            kind,
            dialect: &Dialect::default(),
            base: "https://example.com",
            across_types: false,
            in_url: false,
        };
        let predicate = Predicate::resolve(&Filter::parse(filter).unwrap(), &names).unwrap();
        let target = Target::new(Arc::clone(kind), Some(predicate), None);
        let mut query = Query::new(vec![target], Page::Index { start: 1, count: 20 });
        query.relations = Relations::NONE;
        let page = verbs::query(&mut explained, &shapes, &scope, &query).await.unwrap();
        assert_eq!(page.total, Some(found), "{filter}");
        let plans = std::mem::take(&mut explained.plans);
        // SQLite makes the index of a primary key by itself and names it so.
        let own = index.replace("_pkey", "_1");
        let is_served = |plan: &String| plan.contains(index) || plan.contains(&format!("sqlite_autoindex_{own}"));
        assert!(plans.iter().any(is_served), "{filter}: {plans:#?}");
        assert!(
            !plans.iter().any(|plan| scans.iter().any(|scan| plan.contains(scan))),
            "{filter}: {plans:#?}"
        );
    }
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_finds_rows_by_the_indexes_of_the_host() {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    connection.execute_batch(&TABLES.replace("COLLATE \"C\"", "")).unwrap();
    let session = crate::sqlite::SqliteSession::new(connection);
    scim_conformance::block_on(check(session, &["SCAN r", "SCAN c", "SCAN m"]));
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn postgres_finds_rows_by_the_indexes_of_the_host() {
    use scim_conformance::postgres::Postgres;

    let url = std::env::var("SCIM_TEST_POSTGRES").unwrap_or_else(|_| Postgres::shared().unwrap().url().to_owned());
    let schema = format!("host_plans_{}", std::process::id());
    let options = sqlx::postgres::PgPoolOptions::new().max_connections(1);
    let pool = options.connect(&url).await.unwrap();
    let run = async |sql: String| sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&pool).await.unwrap();
    let tables = TABLES.replace("ANALYZE;", "");
    run(format!("CREATE SCHEMA {schema}; SET search_path = {schema}; {tables}")).await;
    run("ANALYZE accounts, account_emails, teams, team_members".to_owned()).await;
    let store = crate::PgStore::new(pool.clone());
    let mut connection = pool.acquire().await.unwrap();
    check(store.session(&mut connection), &["Seq Scan"]).await;
    drop(connection);
    run(format!("DROP SCHEMA {schema} CASCADE")).await;
}
