//! The store that keeps everything in memory.

mod dump;
mod feed;
mod index;
mod links;
mod lookup;
mod members;
mod order;
mod row;
mod search;
mod seats;
mod stage;
mod state;
mod step;
mod view;
mod write;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use async_trait::async_trait;
use scim_core::{
    Draft, Edit, TenantId,
    query::{Query, QueryPage},
    resource::Found,
    schema::ResourceType,
};
use serde_json::Value;

use self::{
    search::Search,
    stage::{Staged, Tx},
    state::State,
    view::View,
    write::{Job, Plan, Planner},
};
use crate::{
    Capabilities, Change, ChangeFeed, Guard, Read, Removal, Result, ScimStore, Scope, StoreError, Updated, Write,
    Written,
};

/// A store in memory, for resources of any type; tenants appear with their first write.
///
/// Reads by identifier, by the attributes that identify (`userName`, `externalId`, `displayName` and whatever is unique),
/// by membership, and pages of everything at any depth take about the same time however many resources there are. Other
/// filters, and orders, look at every resource of the type. Adding or removing a member does not touch the other members.
///
/// Writes of one tenant take turns; reads wait for none of them but for the moment of the commit. A write that fails, that
/// the guard denies or whose future is dropped leaves nothing behind.
///
/// ```
/// use scim_store::{MemoryStore, ScimStore};
///
/// let store = std::sync::Arc::new(MemoryStore::new());
/// assert!(store.capabilities().batch);
/// ```
pub struct MemoryStore {
    tenants: RwLock<HashMap<TenantId, Arc<Tenant>>>,
    guard: Option<Arc<dyn Guard>>,
    changes: usize,
}

/// Options of a [`MemoryStore`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MemoryStoreBuilder {
    guard: Option<Arc<dyn Guard>>,
    changes: usize,
}

/// One tenant.
struct Tenant {
    /// Held by the one transaction that is at work, also while it waits for the guard.
    turn: async_lock::Mutex<()>,
    /// Held for moments only, never while anything is waited for.
    state: RwLock<State>,
}

impl MemoryStore {
    /// An empty store without a guard.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// An empty store with options.
    pub fn builder() -> MemoryStoreBuilder {
        MemoryStoreBuilder {
            guard: None,
            changes: 10_000,
        }
    }

    /// An empty store with a guard.
    pub fn with_guard(guard: Arc<dyn Guard>) -> Self {
        Self::builder().guard(guard).build()
    }

    /// The changes of a tenant behind a sequence number (0 for all that are kept), oldest first, at most `limit`.
    pub fn changes(&self, tenant: &TenantId, after: u64, limit: usize) -> Vec<Change> {
        let tenant = self.existing(tenant);
        tenant.map_or_else(Vec::new, |tenant| tenant.read().feed.after(after, limit))
    }

    /// How many resources of a type a tenant has.
    pub fn len(&self, tenant: &TenantId, kind: &ResourceType) -> usize {
        let tenant = self.existing(tenant);
        tenant.map_or(0, |tenant| {
            tenant.read().shelf(kind).map_or(0, |(_, shelf)| shelf.order.len())
        })
    }

    /// Everything that is kept of all tenants, for tests: two dumps are equal exactly where nothing happened in between.
    pub fn dump(&self) -> Value {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        let dumps = tenants
            .iter()
            .filter_map(|(id, tenant)| Some((id.as_str().to_owned(), tenant.read().dump()?)));
        Value::Object(dumps.collect())
    }

    /// A tenant that something was written to.
    fn existing(&self, id: &TenantId) -> Option<Arc<Tenant>> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.get(id).map(Arc::clone)
    }

    fn tenant(&self, id: &TenantId) -> Arc<Tenant> {
        self.existing(id).unwrap_or_else(|| {
            let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
            let new = || {
                Arc::new(Tenant {
                    turn: async_lock::Mutex::new(()),
                    state: RwLock::new(State::new(self.changes)),
                })
            };
            Arc::clone(tenants.entry(id.clone()).or_insert_with(new))
        })
    }

    /// Works the jobs out one by one, asks the guard about each, and commits all of them at once.
    async fn transact(&self, scope: &Scope, mut staged: Staged, jobs: &[Job<'_>]) -> Result<Vec<Written>> {
        let tenant = self.tenant(scope.tenant());
        let _turn = tenant.turn.lock().await;
        let mut answers = Vec::with_capacity(jobs.len());
        for job in jobs {
            let plan = self.plan(&tenant, scope, &staged, *job).await?;
            staged.absorb(plan.step);
            answers.push(plan.answer);
        }
        // From here on nothing is waited for and nothing fails.
        if !staged.is_empty() {
            tenant.write().commit(staged);
        }
        let state = tenant.read();
        Ok(answers.into_iter().map(|answer| answer.finish(&state)).collect())
    }

    /// The same for a single job, which needs no stage.
    async fn transact_one(&self, scope: &Scope, job: Job<'_>) -> Result<Written> {
        let tenant = self.tenant(scope.tenant());
        let _turn = tenant.turn.lock().await;
        let plan = self.plan(&tenant, scope, &Staged::default(), job).await?;
        if !plan.step.is_empty() {
            tenant.write().apply(plan.step);
        }
        Ok(plan.answer.finish(&tenant.read()))
    }

    /// Works a job out on top of what is staged, and asks the guard about it.
    async fn plan<'j>(&self, tenant: &Tenant, scope: &Scope, staged: &Staged, job: Job<'j>) -> Result<Plan<'j>> {
        let plan = {
            let state = tenant.read();
            let planner = Planner {
                tx: Tx { state: &state, staged },
                scope,
                guarded: self.guard.is_some(),
            };
            planner.plan(job)?
        };
        if let Some(guard) = &self.guard {
            let mut view = View { tenant, staged };
            for question in &plan.questions {
                let answer = guard.check(scope, question.attempt(), &mut view).await;
                answer.map_err(StoreError::Denied)?;
            }
        }
        Ok(plan)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows how many tenants there are and nothing of what they keep.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner).len();
        f.debug_struct("MemoryStore")
            .field("tenants", &tenants)
            .field("guard", &self.guard)
            .finish_non_exhaustive()
    }
}

impl MemoryStoreBuilder {
    /// With a guard that is asked about every write.
    #[must_use]
    pub fn guard(mut self, guard: Arc<dyn Guard>) -> Self {
        self.guard = Some(guard);
        self
    }

    /// How many changes are kept for each tenant; the oldest are forgotten. Default 10,000.
    #[must_use]
    pub fn changes(mut self, capacity: usize) -> Self {
        self.changes = capacity;
        self
    }

    /// The store.
    pub fn build(self) -> MemoryStore {
        MemoryStore {
            tenants: RwLock::default(),
            guard: self.guard,
            changes: self.changes,
        }
    }
}

impl Tenant {
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ScimStore for MemoryStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        match self.transact_one(scope, Job::Create(draft)).await? {
            Written::Created(found) => Ok(found),
            _ => Err(misplaced()),
        }
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        self.transact_one(scope, Job::Delete(removal)).await.map(drop)
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        let tenant = self.existing(scope.tenant()).ok_or(StoreError::NotFound)?;
        let state = tenant.read();
        let (_, row) = state.find_of(&read.kind, &read.id).ok_or(StoreError::NotFound)?;
        Ok(state.found(row, &read.kind, read.relations))
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        let Some(tenant) = self.existing(scope.tenant()) else {
            return Ok(QueryPage::new(Some(0), Vec::new(), None));
        };
        let candidates = {
            let state = tenant.read();
            let search = Search::new(&state, query);
            if let Some(page) = search.plain().or_else(|| search.certain()) {
                return Ok(page);
            }
            search.candidates()?
        };
        // Looking at resources may take long: meanwhile writes go on.
        let matches = candidates.matches();
        Ok(matches.answer(&tenant.read()))
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        match self.transact_one(scope, Job::Update(edit)).await? {
            Written::Updated(updated) => Ok(updated),
            _ => Err(misplaced()),
        }
    }

    async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>> {
        let jobs: Vec<Job<'_>> = writes.iter().map(Job::of).collect();
        self.transact(scope, Staged::expecting(writes), &jobs).await
    }
}

#[async_trait]
impl ChangeFeed for MemoryStore {
    async fn changes(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<Change>> {
        Ok(Self::changes(self, tenant, after, limit))
    }

    async fn forget(&self, tenant: &TenantId, through: u64) -> Result<()> {
        if let Some(tenant) = self.existing(tenant) {
            tenant.write().feed.forget(through);
        }
        Ok(())
    }
}

/// Cannot be: each job has the answer of its kind.
fn misplaced() -> StoreError {
    StoreError::other("a write has the answer of another one")
}
