//! Pages by `startIndex` where resources stand far apart: what is skipped is counted in stretches of places, and each page
//! holds what the whole list has there.

#![expect(clippy::unwrap_used, reason = "a surprise ends a test")]

use std::{future::Future, sync::Arc};

use chrono::DateTime;
use scim_conformance::postgres::Postgres;
use scim_core::{
    Dialect, Draft, Limits, ResourceId,
    query::{Page, Query, Target},
    resource::Decoded,
    schema::{Registry, ResourceType},
};
use scim_sql::{PgStore, SqliteStore};
use scim_store::{Principal, RandomIds, Removal, ScimStore, Scope, Write};
use serde_json::json;

/// Places that the next resources get, some in a stretch of their own.
const JUMPS: [i64; 4] = [65_533, 65_536 * 3 - 1, 65_536 * 9 + 7, 65_536 * 40];

struct Tenant<'s> {
    store: &'s dyn ScimStore,
    scope: Scope,
    users: Arc<ResourceType>,
}

impl<'s> Tenant<'s> {
    fn new(store: &'s dyn ScimStore, name: &str) -> Self {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let kinds = Arc::new(Registry::default());
        Self {
            store,
            scope: Scope::new(Principal::new(name, "tests"), now, Arc::new(RandomIds), kinds),
            users: ResourceType::user(),
        }
    }

    fn draft(&self, name: &str) -> Draft {
        let dialect = Arc::new(Dialect::default());
        let body = json!({ "schemas": [self.users.schema().id], "userName": name });
        let decoded = Decoded::decode(&self.users, body, &dialect, &Limits::default()).unwrap();
        Draft::new(Arc::clone(&self.users), decoded, dialect).unwrap()
    }

    async fn create(&self, name: &str) -> ResourceId {
        self.store.create(&self.scope, &self.draft(name)).await.unwrap().head.id
    }

    fn removal(&self, id: &ResourceId) -> Removal {
        Removal::new(Arc::clone(&self.users), id.clone())
    }

    async fn delete(&self, id: &ResourceId) {
        self.store.delete(&self.scope, &self.removal(id)).await.unwrap();
    }

    async fn page(&self, start: usize, count: usize) -> (Vec<ResourceId>, usize) {
        let target = Target::new(Arc::clone(&self.users), None, None);
        let query = Query::new(vec![target], Page::Index { start, count });
        let page = self.store.query(&self.scope, &query).await.unwrap();
        let ids = page.items.into_iter().map(|found| found.head.id).collect();
        (ids, page.total.unwrap())
    }

    /// Each page of each size is what the list has there.
    async fn check(&self, expected: &[ResourceId]) {
        for count in [1, 4, 100] {
            for start in 1..expected.len() + 3 {
                let rest = expected.get(start - 1..).unwrap_or_default();
                let (ids, total) = self.page(start, count).await;
                let there: Vec<_> = rest.iter().take(count).cloned().collect();
                assert_eq!(ids, there, "from {start} on, {count}");
                assert_eq!(total, expected.len());
            }
        }
    }
}

async fn pages_hold_what_the_list_has<J: Future<Output = ()>>(store: &dyn ScimStore, jump: impl Fn(i64) -> J) {
    let (tenant, other) = (Tenant::new(store, "one"), Tenant::new(store, "other"));
    let mut ids = Vec::new();
    for (turn, place) in JUMPS.into_iter().enumerate() {
        jump(place).await;
        for number in 0..5 {
            ids.push(tenant.create(&format!("{turn} {number}")).await);
            other.create(&format!("{turn} {number}")).await;
        }
    }
    tenant.check(&ids).await;

    // A stretch that is empty, the first of all and one in the middle of a stretch.
    for at in [14, 13, 12, 11, 10, 7, 0] {
        tenant.delete(&ids.remove(at)).await;
    }
    tenant.check(&ids).await;

    // One request that makes, takes away, and takes away what it made.
    jump(65_536 * 41 - 2).await;
    let made = ["made-0", "made-1", "made-2", "made-3"].map(ResourceId::new);
    let drafts = made.iter().map(|id| {
        let mut draft = tenant.draft(id.as_str());
        draft.id = Some(id.clone());
        Write::Create(draft)
    });
    let [first, second, third, last] = made.clone();
    let gone = [ids.remove(3), second];
    let writes: Vec<Write> = drafts
        .chain(gone.iter().map(|id| Write::Delete(tenant.removal(id))))
        .collect();
    store.batch(&tenant.scope, &writes).await.unwrap();
    ids.extend([first, third, last]);
    tenant.check(&ids).await;
    assert_eq!(other.page(20, 5).await.0.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    let path = std::env::temp_dir().join(format!("scim-deep-pages-{}.db", std::process::id()));
    let store = SqliteStore::open(&path).await.unwrap();
    let raw = rusqlite::Connection::open(&path).unwrap();
    Tenant::new(&store, "before")
        .create("so that there is a sequence")
        .await;
    pages_hold_what_the_list_has(&store, |place| {
        let change = "UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'scim_resource'";
        assert_eq!(raw.execute(change, [place - 1]).unwrap(), 1);
        std::future::ready(())
    })
    .await;
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres() {
    let store = PgStore::builder()
        .schema("deep_pages")
        .connect(Postgres::shared().unwrap().url())
        .await
        .unwrap();
    pages_hold_what_the_list_has(&store, |place| {
        let pool = store.pool().clone();
        async move {
            let sql = format!("ALTER TABLE deep_pages.scim_resource ALTER COLUMN place RESTART WITH {place}");
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&pool).await.unwrap();
        }
    })
    .await;
}
