//! Writes and reads of much at once, as a client may ask for them: lists as long as the limits allow, a member of thousands
//! of groups, a group of thousands of members.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a surprise ends a test")]

use std::{future::Future, sync::Arc};

use chrono::DateTime;
use scim_conformance::postgres::Postgres;
use scim_core::{
    Dialect, Draft, Edit, Limits, ResourceId,
    filter::{Filter, FilterScope, Predicate},
    query::{Page, Query, QueryPage, Relations, Target},
    resource::{Decoded, Found, Members},
    schema::{Registry, ResourceType},
};
use scim_sql::{PgStore, SqliteStore};
use scim_store::{
    ChangeFeed, ChangeKind, Principal, RandomIds, Read, Removal, Result, ScimStore, Scope, StoreError, Updated,
};
use serde_json::{Value, json};

/// Groups with one member each.
const GROUPS: &str = r#"
INSERT INTO {s}scim_resource (tenant, id, kind, version, created, modified, display_name, label, next_member, public, search)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 7000)
SELECT 'one', 'g' || n, 'Group', 1, 0, 0, 'group', 'group', 1, '{"displayName":"group"}', '{}' FROM numbers;
INSERT INTO {s}scim_member (tenant, group_id, member_id, place)
SELECT r.tenant, r.id, '{member}', 0 FROM {s}scim_resource r WHERE r.kind = 'Group';
INSERT INTO {s}scim_count (tenant, kind, stretch, shard, total) VALUES ('one', 'Group', 0, 0, 7000);"#;

/// Members of one group.
const MEMBERS: &str = r#"
INSERT INTO {s}scim_resource (tenant, id, kind, version, created, modified, user_name, label, public, search)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 4999)
SELECT 'one', 'u' || n, 'User', 1, 0, 0, 'user' || n, 'user', '{"userName":"user"}', '{}' FROM numbers;
INSERT INTO {s}scim_member (tenant, group_id, member_id, place)
SELECT r.tenant, '{group}', r.id, r.place FROM {s}scim_resource r WHERE r.kind = 'User';
UPDATE {s}scim_resource SET next_member = 10000 WHERE id = '{group}';"#;

struct Tenant<'s> {
    store: &'s dyn ScimStore,
    scope: Scope,
    dialect: Arc<Dialect>,
    users: Arc<ResourceType>,
    groups: Arc<ResourceType>,
}

impl<'s> Tenant<'s> {
    fn new(store: &'s dyn ScimStore, dialect: Dialect) -> Self {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let kinds = Arc::new(Registry::default());
        Self {
            store,
            scope: Scope::new(Principal::new("one", "tests"), now, Arc::new(RandomIds), kinds),
            dialect: Arc::new(dialect),
            users: ResourceType::user(),
            groups: ResourceType::group(),
        }
    }

    fn decoded(&self, kind: &Arc<ResourceType>, mut body: Value) -> Decoded {
        body["schemas"] = json!([kind.schema().id]);
        Decoded::decode(kind, body, &self.dialect, &Limits::default()).unwrap()
    }

    async fn create(&self, kind: &Arc<ResourceType>, body: Value) -> Result<ResourceId> {
        let draft = Draft::new(Arc::clone(kind), self.decoded(kind, body), Arc::clone(&self.dialect)).unwrap();
        Ok(self.store.create(&self.scope, &draft).await?.head.id)
    }

    async fn replace(&self, id: &ResourceId, body: Value) -> Result<Updated> {
        let (kind, decoded) = (Arc::clone(&self.users), self.decoded(&self.users, body));
        let edit = Edit::replace(kind, id.clone(), decoded, Arc::clone(&self.dialect));
        self.store.update(&self.scope, &edit.with_answer(None)).await
    }

    async fn delete(&self, id: &ResourceId) {
        let removal = Removal::new(Arc::clone(&self.users), id.clone());
        self.store.delete(&self.scope, &removal).await.unwrap();
    }

    async fn get(&self, id: &ResourceId, members: usize) -> Found {
        let relations = Relations::new(Some(members), false);
        let read = Read::new(Arc::clone(&self.groups), id.clone()).with_relations(relations);
        self.store.get(&self.scope, &read).await.unwrap()
    }

    async fn list(&self, kind: &Arc<ResourceType>, filter: Option<&str>) -> QueryPage {
        let names = FilterScope {
            kind,
            dialect: &self.dialect,
            base: "https://example.com",
            across_types: false,
            in_url: false,
        };
        let predicate = filter.map(|filter| Predicate::resolve(&Filter::parse(filter).unwrap(), &names).unwrap());
        let target = Target::new(Arc::clone(kind), predicate, None);
        let page = Page::Index {
            start: 1,
            count: 10_000,
        };
        let mut query = Query::new(vec![target], page);
        query.relations = Relations::NONE;
        self.store.query(&self.scope, &query).await.unwrap()
    }

    async fn has_email(&self, email: &str) -> bool {
        let filter = format!("emails.value eq \"{email}\"");
        self.list(&self.users, Some(&filter)).await.total == Some(1)
    }
}

/// A user with so many addresses, such as `name7@example.com`.
fn user(name: &str, addresses: usize) -> Value {
    let emails = (0..addresses).map(|n| json!({ "value": format!("{name}{n}@example.com") }));
    json!({ "userName": name, "emails": emails.collect::<Value>() })
}

async fn a_user_with_ten_thousand_emails_is_made_and_gets_ten_thousand_others(store: &dyn ScimStore) {
    let tenant = Tenant::new(store, Dialect::default());
    let id = tenant.create(&tenant.users, user("first", 10_000)).await.unwrap();
    assert!(tenant.has_email("first9999@example.com").await);
    let updated = tenant.replace(&id, user("other", 10_000)).await.unwrap();
    assert_eq!(updated.version.get(), 2);
    for (email, is_there) in [
        ("first0", false),
        ("first9999", false),
        ("other0", true),
        ("other9999", true),
    ] {
        assert_eq!(
            tenant.has_email(&format!("{email}@example.com")).await,
            is_there,
            "{email}"
        );
    }
    tenant.delete(&id).await;
}

async fn a_thousand_values_that_must_be_unique_are_all_claimed_or_none(store: &dyn ScimStore) {
    let dialect = Dialect::default().with(|dialect| dialect.unique = vec!["emails.value".to_owned()]);
    let tenant = Tenant::new(store, dialect);
    let first = tenant.create(&tenant.users, user("first", 1000)).await.unwrap();
    let mut rival = user("rival", 1000);
    rival["emails"][999] = json!({ "value": "first500@example.com" });
    let error = tenant.create(&tenant.users, rival.clone()).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Uniqueness { attribute } if attribute == "emails.value"),
        "{error}"
    );
    // Nothing of it is taken, and what is given up is free.
    let second = tenant.create(&tenant.users, user("second", 2)).await.unwrap();
    let error = tenant.replace(&second, rival.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::Uniqueness { .. }), "{error}");
    tenant.replace(&first, user("third", 1000)).await.unwrap();
    tenant.replace(&second, rival).await.unwrap();
    assert!(tenant.has_email("first500@example.com").await);
    for id in [first, second] {
        tenant.delete(&id).await;
    }
    tenant.create(&tenant.users, user("rival", 3)).await.unwrap();
}

async fn a_member_of_seven_thousand_groups_is_deleted_and_each_is_told_of<S, J>(store: &S, run: impl Fn(String) -> J)
where
    S: ScimStore + ChangeFeed,
    J: Future<Output = ()>,
{
    let tenant = Tenant::new(store, Dialect::default());
    let id = tenant.create(&tenant.users, user("ada", 1)).await.unwrap();
    run(GROUPS.replace("{member}", id.as_str())).await;
    tenant.delete(&id).await;
    assert_eq!(tenant.list(&tenant.users, None).await.total, Some(0));
    let groups = tenant.list(&tenant.groups, None).await;
    assert_eq!((groups.total, groups.items.len()), (Some(7000), 7000));
    assert!(groups.items.iter().all(|group| group.head.version.get() == 2));
    let left = tenant.get(&groups.items[6999].head.id, usize::MAX).await.members;
    assert!(matches!(&left, Members::All(members) if members.is_empty()), "{left:?}");

    // Who is deleted is told of before the groups, and those in the order of their identifiers, as everywhere.
    let changes = store.changes(tenant.scope.tenant(), 0, 10_000).await.unwrap();
    assert_eq!(changes.len(), 7002);
    assert!(changes.iter().map(|change| change.sequence).eq(1..=7002));
    assert_eq!(
        (&changes[0].kind, &changes[1].kind),
        (&ChangeKind::Created, &ChangeKind::Deleted)
    );
    assert_eq!((&changes[0].id, &changes[1].id), (&id, &id));
    assert!(changes[2..].is_sorted_by(|one, next| one.id < next.id));
    for change in &changes[2..] {
        assert_eq!((change.version.get(), change.kind), (2, ChangeKind::Updated));
        assert_eq!(
            (change.resource_type.as_str(), &change.changed[..]),
            ("Group", &["members".to_owned()][..])
        );
        assert_eq!((change.actor.as_str(), change.at), ("tests", tenant.scope.now));
    }
}

async fn a_group_is_never_answered_with_some_of_its_members_as_if_they_were_all<J: Future<Output = ()>>(
    store: &dyn ScimStore,
    run: impl Fn(String) -> J,
) {
    let mut tenant = Tenant::new(store, Dialect::default());
    let inner = tenant.create(&tenant.groups, json!({ "displayName": "inner" })).await;
    let body = json!({ "displayName": "all", "members": [{ "value": inner.unwrap().as_str() }] });
    let all = tenant.create(&tenant.groups, body).await.unwrap();
    run(MEMBERS.replace("{group}", all.as_str())).await;
    // Groups are not shown as members then (decision D53); the first of the members is one.
    tenant.scope.kinds = Arc::new(Registry::new([ResourceType::user()]));
    for (most, shown) in [
        (usize::MAX, Some(4999)),
        (5000, Some(4999)),
        (4999, None),
        (1000, None),
        (2, None),
    ] {
        let shown_now = match tenant.get(&all, most).await.members {
            Members::All(members) => Some(members.len()),
            _ => None,
        };
        assert_eq!(shown_now, shown, "{most}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    let path = std::env::temp_dir().join(format!("scim-large-{}.db", std::process::id()));
    let clear = || {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
    };
    let fresh = async || {
        clear();
        SqliteStore::open(&path).await.unwrap()
    };
    let run = |sql: String| {
        let raw = rusqlite::Connection::open(&path).unwrap();
        raw.execute_batch(&sql.replace("{s}", "")).unwrap();
        std::future::ready(())
    };
    a_user_with_ten_thousand_emails_is_made_and_gets_ten_thousand_others(&fresh().await).await;
    a_thousand_values_that_must_be_unique_are_all_claimed_or_none(&fresh().await).await;
    a_member_of_seven_thousand_groups_is_deleted_and_each_is_told_of(&fresh().await, run).await;
    a_group_is_never_answered_with_some_of_its_members_as_if_they_were_all(&fresh().await, run).await;
    clear();
}

async fn postgres_store(schema: &str) -> PgStore {
    let builder = PgStore::builder().schema(schema);
    builder.connect(Postgres::shared().unwrap().url()).await.unwrap()
}

async fn run(store: &PgStore, schema: &str, sql: String) {
    let sql = sqlx::AssertSqlSafe(sql.replace("{s}", &format!("{schema}.")));
    sqlx::raw_sql(sql).execute(store.pool()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_emails() {
    let store = postgres_store("large_emails").await;
    a_user_with_ten_thousand_emails_is_made_and_gets_ten_thousand_others(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_unique_values() {
    let store = postgres_store("large_unique").await;
    a_thousand_values_that_must_be_unique_are_all_claimed_or_none(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_groups() {
    let store = postgres_store("large_groups").await;
    a_member_of_seven_thousand_groups_is_deleted_and_each_is_told_of(&store, |sql| run(&store, "large_groups", sql))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_members() {
    let store = postgres_store("large_members").await;
    a_group_is_never_answered_with_some_of_its_members_as_if_they_were_all(&store, |sql| {
        run(&store, "large_members", sql)
    })
    .await;
}
