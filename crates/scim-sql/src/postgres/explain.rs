//! That filters are served by indexes: the server's own plans, for enough rows to matter.

use std::sync::Arc;

use chrono::DateTime;
use scim_conformance::postgres::Postgres;
use scim_core::{
    Dialect,
    filter::{Filter, FilterScope, Predicate},
    query::{Page, Query, Relations, Target},
    schema::{Registry, ResourceType},
};
use scim_store::{Principal, RandomIds, Scope};

use super::{PgStore, session::Mode};
use crate::{explained::Explained, postgres::PgSession, verbs};

const ROWS: &str = "
    INSERT INTO {s}scim_resource (tenant, id, kind, version, created, modified, user_name, display_name, external_id,
        active, label, public, search)
    SELECT t, 'u' || n, 'User', 1, n, n, 'user' || n, 'name ' || n, 'x' || n, n % 100 <> 0, 'name', '{}',
        jsonb_build_object('displayName', 'name ' || n, 'externalId', 'x' || n,
            'emails', jsonb_build_array(jsonb_build_object('value', 'user' || n || '@example.com')))
    FROM generate_series(1, 20000) n, unnest(ARRAY['acme', 'other']) t;
    INSERT INTO {s}scim_resource (tenant, id, kind, version, created, modified, display_name, label, public, search)
    SELECT 'acme', 'g' || n, 'Group', 1, n, n, 'group ' || n, 'group', '{}',
        jsonb_build_object('displayName', 'group ' || n) FROM generate_series(1, 2000) n;
    INSERT INTO {s}scim_value (tenant, kind, attribute, value, id)
    SELECT t, 'User', 'emails.value', 'user' || n || '@example.com', 'u' || n
    FROM generate_series(1, 20000) n, unnest(ARRAY['acme', 'other']) t;
    INSERT INTO {s}scim_member (tenant, group_id, member_id, place)
    SELECT 'acme', 'g' || (n % 2000 + 1), 'u' || n, n FROM generate_series(1, 20000) n;
    INSERT INTO {s}scim_count (tenant, kind, stretch, shard, total) VALUES ('acme', 'User', 0, 0, 20000), ('acme', 'Group', 0, 0, 2000);
    ANALYZE {s}scim_resource; ANALYZE {s}scim_value; ANALYZE {s}scim_member";

#[tokio::test(flavor = "multi_thread")]
async fn filters_use_indexes() {
    let url = std::env::var("SCIM_TEST_POSTGRES").unwrap_or_else(|_| Postgres::shared().unwrap().url().to_owned());
    let schema = format!("explain_{}", std::process::id());
    let store = PgStore::builder().schema(schema).connect(&url).await.unwrap();
    let rows = ROWS.replace("{s}", store.inner.shared.schema.prefix());
    sqlx::raw_sql(sqlx::AssertSqlSafe(rows))
        .execute(store.pool())
        .await
        .unwrap();
    let (users, groups) = (ResourceType::user(), ResourceType::group());
    let cases = [
        (&users, "userName eq \"USER7\"", 1, "scim_resource_user_name"),
        (&users, "userName sw \"user777\"", 11, "scim_resource_user_name"),
        (&users, "externalId eq \"x7\"", 1, "scim_resource_external_id"),
        (&users, "displayName eq \"Name 7\"", 1, "scim_resource_display_name"),
        (&groups, "displayName eq \"Group 7\"", 1, "scim_resource_display_name"),
        (&users, "emails.value eq \"user7@example.com\"", 1, "scim_value_pkey"),
        (&users, "emails[value eq \"user7@example.com\"]", 1, "scim_value_pkey"),
        (&users, "active eq false", 200, "scim_resource_active"),
        (
            &users,
            "meta.lastModified gt \"1970-01-01T00:00:19.990Z\"",
            10,
            "scim_resource_modified",
        ),
        (&users, "id eq \"u7\"", 1, "scim_resource_pkey"),
        (&groups, "members.value eq \"u7\"", 1, "scim_member_"),
        (&groups, "members[value eq \"u7\"]", 1, "scim_member_"),
        (&users, "groups.value eq \"g7\"", 10, "scim_member_"),
    ];
    for (kind, filter, found, index) in cases {
        let plans = plans(&store, &[kind], Some(filter), found).await;
        assert!(plans.iter().any(|plan| plan.contains(index)), "{filter}: {plans:#?}");
        let scans = |plan: &String| plan.contains("Seq Scan");
        assert!(!plans.iter().any(scans), "{filter}: {plans:#?}");
    }
    // A page over several types, and the rows on it.
    for kinds in [&[&users][..], &[&users, &groups]] {
        let found = if kinds.len() == 1 { 20_000 } else { 22_000 };
        let plans = plans(&store, kinds, None, found).await;
        let is_whole = |plan: &&String| !plan.contains("scim_count");
        for plan in plans.iter().filter(is_whole) {
            assert!(plan.contains("scim_resource_place"), "{plans:#?}");
            assert!(!plan.contains("Seq Scan"), "{plans:#?}");
        }
    }
    let sql = format!("DROP SCHEMA {} CASCADE", store.inner.shared.schema.name());
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(store.pool())
        .await
        .unwrap();
}

/// The plans of the statements that a search takes.
async fn plans(store: &PgStore, searched: &[&Arc<ResourceType>], filter: Option<&str>, found: usize) -> Vec<String> {
    let kinds = Arc::new(Registry::default());
    let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let scope = Scope::new(Principal::new("acme", "tests"), now, Arc::new(RandomIds), kinds);
    let targets = searched.iter().map(|kind| {
        let names = FilterScope {
            kind,
            dialect: &Dialect::default(),
            base: "https://example.com",
            across_types: false,
            in_url: false,
        };
        let predicate = filter.map(|filter| Predicate::resolve(&Filter::parse(filter).unwrap(), &names).unwrap());
        Target::new(Arc::clone(kind), predicate, None)
    });
    let mut query = Query::new(targets.collect(), Page::Index { start: 1, count: 10 });
    query.relations = Relations::NONE;
    let mut connection = store.pool().acquire().await.unwrap();
    let session = PgSession::new(&mut connection, &store.inner.shared, Mode::Alone);
    let mut explained = Explained::new(session);
    let page = verbs::query(&mut explained, &scope, &query).await.unwrap();
    assert_eq!(page.total, Some(found), "{filter:?}");
    explained.plans
}
