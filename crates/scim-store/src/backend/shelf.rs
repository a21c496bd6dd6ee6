//! Users and groups as one kind of thing, so that the verbs are written once.

use async_trait::async_trait;
use scim_core::{ResourceId, typed::TypedResource};

use super::{GroupBackend, Lookup, Record, RecordChange, RecordPage, UserBackend};
use crate::{Result, Scope};

/// The back end of one type.
#[async_trait]
pub(super) trait Shelf: Send + Sync {
    type View: TypedResource + Send + Sync + 'static;

    async fn create(&self, scope: &Scope, new: Record<Self::View>) -> Result<Record<Self::View>>;
    async fn delete(&self, scope: &Scope, was: &Record<Self::View>) -> Result<()>;
    async fn find(&self, scope: &Scope, by: Lookup<'_>) -> Result<Option<Vec<Record<Self::View>>>>;
    async fn get(&self, scope: &Scope, id: &ResourceId) -> Result<Option<Record<Self::View>>>;
    async fn list(&self, scope: &Scope) -> Result<Vec<Record<Self::View>>>;
    async fn new_id(&self, scope: &Scope) -> Result<ResourceId>;
    async fn page(&self, scope: &Scope, skip: usize, count: usize) -> Result<Option<RecordPage<Self::View>>>;
    async fn update(&self, scope: &Scope, change: RecordChange<'_, Self::View>) -> Result<Record<Self::View>>;
}

#[derive(Debug)]
pub(super) struct Users<U>(pub(super) U);

#[derive(Debug)]
pub(super) struct Groups<G>(pub(super) G);

macro_rules! shelf {
    ($shelf:ident, $backend:ident) => {
        #[async_trait]
        impl<B: $backend> Shelf for $shelf<B> {
            type View = B::View;

            async fn create(&self, scope: &Scope, new: Record<B::View>) -> Result<Record<B::View>> {
                self.0.create(scope, new).await
            }

            async fn delete(&self, scope: &Scope, was: &Record<B::View>) -> Result<()> {
                self.0.delete(scope, was).await
            }

            async fn find(&self, scope: &Scope, by: Lookup<'_>) -> Result<Option<Vec<Record<B::View>>>> {
                self.0.find(scope, by).await
            }

            async fn get(&self, scope: &Scope, id: &ResourceId) -> Result<Option<Record<B::View>>> {
                self.0.get(scope, id).await
            }

            async fn list(&self, scope: &Scope) -> Result<Vec<Record<B::View>>> {
                self.0.list(scope).await
            }

            async fn new_id(&self, scope: &Scope) -> Result<ResourceId> {
                self.0.new_id(scope).await
            }

            async fn page(&self, scope: &Scope, skip: usize, count: usize) -> Result<Option<RecordPage<B::View>>> {
                self.0.page(scope, skip, count).await
            }

            async fn update(&self, scope: &Scope, change: RecordChange<'_, B::View>) -> Result<Record<B::View>> {
                self.0.update(scope, change).await
            }
        }
    };
}

shelf!(Users, UserBackend);
shelf!(Groups, GroupBackend);
