//! Broken stores, for checks to catch.

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use scim_http::{
    core::{
        Draft, Edit,
        query::{Query, QueryPage},
        resource::Found,
    },
    store::{Capabilities, Read, Removal, Result, ScimStore, Scope, Updated, Write, Written},
};

/// What is broken about a store; the verbs that it leaves out are those of the store inside.
#[async_trait]
pub(crate) trait Flaw: Debug + Send + Sync + 'static {
    fn inner(&self) -> &dyn ScimStore;

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        self.inner().create(scope, draft).await
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        self.inner().delete(scope, removal).await
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        self.inner().get(scope, read).await
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        self.inner().query(scope, query).await
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        self.inner().update(scope, edit).await
    }

    async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>> {
        self.inner().batch(scope, writes).await
    }
}

/// A broken store.
#[derive(Debug)]
pub(crate) struct Flawed<F>(pub(crate) F);

/// A store of which a test keeps another handle.
pub(crate) type Shared = Arc<dyn crate::base::Store>;

#[async_trait]
impl<F: Flaw> ScimStore for Flawed<F> {
    fn capabilities(&self) -> Capabilities {
        self.0.inner().capabilities()
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

/// Lets others go first, as anything does that asks a database.
pub(crate) async fn pause() {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
}
