use std::{error::Error, fmt::Debug, sync::Arc};

use async_trait::async_trait;
use scim_store::{ChangeFeed, Guard, MemoryStore, Result, ScimStore};
use serde_json::Value;

/// A store that tests can look into.
#[async_trait]
pub trait Inspect: ChangeFeed + ScimStore {
    /// Everything that is kept of all tenants: two dumps are equal if and only if nothing happened in between.
    ///
    /// By tenant, where it has anything: `{ "resources": { <type>: [..] }, "changes": [..] }`, resources and changes in the
    /// order of their making. A resource has its `id`, `version`, `created`, `modified`, `attributes`, the ids of its
    /// `members` and `groups`, and what else is kept for it, such as keys; a change has the fields of
    /// [`Change`](scim_store::Change). Of
    /// the changes there need not be more than [`StoreOptions::changes`].
    ///
    /// # Errors
    /// The store cannot be read.
    async fn dump(&self) -> Result<Value>;
}

#[async_trait]
impl Inspect for MemoryStore {
    async fn dump(&self) -> Result<Value> {
        Ok(Self::dump(self))
    }
}

/// Makes stores to run tests on, each of them empty.
#[async_trait]
pub trait StoreFactory: Debug + Send + Sync {
    /// A new empty store.
    ///
    /// # Errors
    /// It cannot be made.
    async fn open(&self, options: StoreOptions) -> std::result::Result<Arc<dyn Inspect>, Box<dyn Error + Send + Sync>>;
}

/// What a test asks of a store.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct StoreOptions {
    /// The guard that is asked about every write.
    pub guard: Option<Arc<dyn Guard>>,
    /// How many changes of each tenant dumps must have: the last ones. Without a number, what the store has.
    pub changes: Option<usize>,
    /// Whether it may be one that another test is done with, emptied: faster where a new one takes its time, and only for
    /// those that leave nothing unfinished behind.
    pub reused: bool,
}

impl StoreOptions {
    /// With a guard.
    #[must_use]
    pub fn guard(mut self, guard: Arc<dyn Guard>) -> Self {
        self.guard = Some(guard);
        self
    }

    /// With so many changes in dumps.
    #[must_use]
    pub fn changes(mut self, count: usize) -> Self {
        self.changes = Some(count);
        self
    }

    /// Perhaps one that another test is done with.
    #[must_use]
    pub fn reused(mut self) -> Self {
        self.reused = true;
        self
    }
}

/// Makes [`MemoryStore`]s.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "has no state")]
pub struct InMemory;

#[async_trait]
impl StoreFactory for InMemory {
    async fn open(&self, options: StoreOptions) -> std::result::Result<Arc<dyn Inspect>, Box<dyn Error + Send + Sync>> {
        let mut builder = MemoryStore::builder();
        if let Some(guard) = options.guard {
            builder = builder.guard(guard);
        }
        if let Some(count) = options.changes {
            builder = builder.changes(count);
        }
        Ok(Arc::new(builder.build()))
    }
}
