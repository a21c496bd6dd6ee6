//! The store that the tests run on.

use std::sync::Arc;

use async_trait::async_trait;
use scim_conformance::{
    Inspect, StoreFactory, StoreOptions,
    stores::{StoreKind, block_on},
};
use scim_http::{
    core::{
        Draft, Edit, TenantId,
        query::{Query, QueryPage},
        resource::Found,
    },
    store::{Capabilities, Change, Guard, Read, Removal, Result, ScimStore, Scope, Updated, Write, Written},
};
use serde_json::Value;

/// A new store of the kind that `SCIM_TEST_STORE` names, with looks into it that need no await.
#[derive(Debug, Clone)]
pub struct TestStore(Arc<dyn Inspect>, Capabilities);

#[derive(Debug, Default)]
pub struct TestStoreBuilder(StoreOptions, Option<Capabilities>);

impl TestStore {
    pub fn new() -> Self {
        Self::builder().build()
    }

    pub fn builder() -> TestStoreBuilder {
        TestStoreBuilder::default()
    }

    pub fn with_guard(guard: Arc<dyn Guard>) -> Self {
        Self::builder().guard(guard).build()
    }

    /// Everything that is kept of all tenants.
    pub fn dump(&self) -> Value {
        block_on(self.0.dump()).unwrap()
    }

    pub fn changes(&self, tenant: &TenantId, after: u64, limit: usize) -> Vec<Change> {
        block_on(self.0.changes(tenant, after, limit)).unwrap()
    }
}

impl TestStoreBuilder {
    pub fn guard(self, guard: Arc<dyn Guard>) -> Self {
        Self(self.0.guard(guard), self.1)
    }

    /// So many changes are enough in dumps.
    pub fn changes(self, count: usize) -> Self {
        Self(self.0.changes(count), self.1)
    }

    /// A store that says it can do less, as a host's own might.
    pub fn capabilities(self, capabilities: Capabilities) -> Self {
        Self(self.0, Some(capabilities))
    }

    pub fn build(self) -> TestStore {
        let store = block_on(kind().open(self.0)).unwrap();
        let capabilities = self.1.unwrap_or_else(|| store.capabilities());
        TestStore(store, capabilities)
    }
}

/// Which store the tests run on.
fn kind() -> StoreKind {
    StoreKind::from_env().unwrap()
}

/// Whether the store is the one in memory: it takes no time, and a request to it is dropped before it is done or after.
pub fn is_in_memory() -> bool {
    kind() == StoreKind::Memory
}

/// How often something is tried that is random: all of it in memory, a part where each request takes its time.
pub fn rounds(count: usize) -> usize {
    if is_in_memory() { count } else { count.div_ceil(5) }
}

#[async_trait]
impl ScimStore for TestStore {
    fn capabilities(&self) -> Capabilities {
        self.1
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        self.0.create(scope, draft).await
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        self.0.delete(scope, removal).await
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        self.0.get(scope, read).await
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        self.0.query(scope, query).await
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        self.0.update(scope, edit).await
    }

    async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>> {
        self.0.batch(scope, writes).await
    }
}
