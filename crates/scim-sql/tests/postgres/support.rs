//! A store in a schema of its own, and requests as a service would make them.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use chrono::{DateTime, Utc};
use scim_conformance::postgres::Postgres;
use scim_core::{
    Dialect, Draft, Edit, Limits, ResourceId,
    patch::PatchMessage,
    query::Relations,
    resource::{Decoded, Found, Members},
    schema::{Registry, ResourceType},
};
use scim_sql::{PgStore, PgStoreBuilder};
use scim_store::{Principal, RandomIds, Read, Removal, Result, ScimStore, Scope, Updated};
use serde_json::{Value, json};

/// The server of this process, or one that is running.
pub(crate) fn url() -> String {
    std::env::var("SCIM_TEST_POSTGRES").unwrap_or_else(|_| Postgres::shared().unwrap().url().to_owned())
}

/// The name of a schema that nobody else uses.
pub(crate) fn schema() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("test_{}_{number}", std::process::id())
}

pub(crate) async fn store() -> PgStore {
    store_with(PgStore::builder()).await
}

pub(crate) async fn store_with(builder: PgStoreBuilder) -> PgStore {
    builder.connections(20).schema(schema()).connect(&url()).await.unwrap()
}

/// One tenant's client.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) store: Arc<dyn ScimStore>,
    pub(crate) scope: Scope,
    pub(crate) dialect: Arc<Dialect>,
}

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

pub(crate) fn users() -> Arc<ResourceType> {
    ResourceType::user()
}

pub(crate) fn groups() -> Arc<ResourceType> {
    ResourceType::group()
}

impl Client {
    pub(crate) fn new(store: &PgStore) -> Self {
        let principal = Principal::new("acme", "tests");
        Self {
            store: Arc::new(store.clone()),
            scope: Scope::new(principal, at(0), Arc::new(RandomIds), Arc::new(Registry::default()))
                .with_request_id("r1"),
            dialect: Arc::new(Dialect::default()),
        }
    }

    pub(crate) fn draft(&self, kind: &Arc<ResourceType>, body: Value) -> Draft {
        let decoded = Decoded::decode(kind, body, &self.dialect, &Limits::default()).unwrap();
        Draft::new(Arc::clone(kind), decoded, Arc::clone(&self.dialect)).unwrap()
    }

    pub(crate) async fn try_user(&self, name: &str) -> Result<Found> {
        let email = format!("{name}@example.com");
        let body = json!({
            "schemas": [users().schema().id], "userName": name, "displayName": format!("The {name}"),
            "emails": [{ "value": email, "type": "work" }], "active": true, "externalId": format!("x-{name}"),
        });
        self.store.create(&self.scope, &self.draft(&users(), body)).await
    }

    pub(crate) async fn user(&self, name: &str) -> ResourceId {
        self.try_user(name).await.unwrap().head.id
    }

    pub(crate) async fn group(&self, name: &str, members: &[&ResourceId]) -> ResourceId {
        let body = json!({ "schemas": [groups().schema().id], "displayName": name, "members": refs(members) });
        let draft = self.draft(&groups(), body);
        self.store.create(&self.scope, &draft).await.unwrap().head.id
    }

    pub(crate) fn patch(&self, kind: &Arc<ResourceType>, id: &ResourceId, operations: Value) -> Edit {
        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
        let message = PatchMessage::parse(body, &self.dialect, &Limits::default()).unwrap();
        let (kind, dialect) = (Arc::clone(kind), Arc::clone(&self.dialect));
        let edit = Edit::patch(
            kind,
            id.clone(),
            message,
            dialect,
            &Limits::default(),
            "https://example.com",
        )
        .unwrap();
        edit.with_answer(None)
    }

    pub(crate) async fn update(&self, edit: &Edit) -> Result<Updated> {
        self.store.update(&self.scope, edit).await
    }

    pub(crate) async fn add(&self, group: &ResourceId, members: &[&ResourceId]) -> Result<Updated> {
        let operations = json!([{ "op": "add", "path": "members", "value": refs(members) }]);
        self.update(&self.patch(&groups(), group, operations)).await
    }

    pub(crate) async fn remove(&self, group: &ResourceId, members: &[&ResourceId]) -> Result<Updated> {
        let operations = json!([{ "op": "remove", "path": "members", "value": refs(members) }]);
        self.update(&self.patch(&groups(), group, operations)).await
    }

    pub(crate) async fn rename(&self, group: &ResourceId, name: &str) -> Result<Updated> {
        let operations = json!([{ "op": "replace", "path": "displayName", "value": name }]);
        self.update(&self.patch(&groups(), group, operations)).await
    }

    pub(crate) async fn get(&self, kind: &Arc<ResourceType>, id: &ResourceId) -> Result<Found> {
        let read = Read::new(Arc::clone(kind), id.clone()).with_relations(Relations::ALL);
        self.store.get(&self.scope, &read).await
    }

    pub(crate) async fn delete(&self, kind: &Arc<ResourceType>, id: &ResourceId) -> Result<()> {
        self.store
            .delete(&self.scope, &Removal::new(Arc::clone(kind), id.clone()))
            .await
    }

    /// The members of a group, in their order.
    pub(crate) async fn members(&self, group: &ResourceId) -> Vec<ResourceId> {
        match self.get(&groups(), group).await.unwrap().members {
            Members::All(members) => members.into_iter().map(|member| member.value).collect(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn version(&self, kind: &Arc<ResourceType>, id: &ResourceId) -> u64 {
        self.get(kind, id).await.unwrap().head.version.get()
    }
}

fn refs(members: &[&ResourceId]) -> Value {
    members.iter().map(|id| json!({ "value": id.as_str() })).collect()
}
