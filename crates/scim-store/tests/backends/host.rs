//! The documented back ends, watched and disturbed.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use async_trait::async_trait;
use scim_core::{
    Dialect, ResourceId,
    typed::{Group, User},
    username::UserNameKey,
};
use scim_store::{
    Backends, GroupBackend, Guard, Lookup, Record, RecordChange, RecordPage, Result, ScimStore, Scope, StoreError,
    UserBackend,
};

use crate::{backends::Table, common::Client};

type Hook = Box<dyn Fn(usize) -> Result<()> + Send>;

/// What happens in a host besides its work.
#[derive(Default)]
pub(crate) struct Events {
    /// How often everything was listed.
    pub(crate) lists: AtomicUsize,
    /// The calls that write, by number; an error of the hook is their answer.
    pub(crate) hook: Mutex<Option<Hook>>,
    pub(crate) writes: AtomicUsize,
    /// Whether pages and external identifiers are served.
    pub(crate) is_clever: bool,
    /// Whether identifiers are the host's own, counted.
    pub(crate) is_counting: bool,
    pub(crate) counted: AtomicUsize,
}

impl Events {
    pub(crate) fn lists(&self) -> usize {
        self.lists.swap(0, Ordering::Relaxed)
    }

    pub(crate) fn on_write(&self, hook: impl Fn(usize) -> Result<()> + Send + 'static) {
        self.writes.store(0, Ordering::Relaxed);
        *self.hook.lock().unwrap() = Some(Box::new(hook));
    }

    /// Lets others go on first, as a database does.
    async fn write(&self) -> Result<()> {
        let mut is_first = true;
        std::future::poll_fn(|context| {
            if std::mem::take(&mut is_first) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        self.hook.lock().unwrap().as_ref().map_or(Ok(()), |hook| hook(number))
    }
}

/// One of the back ends.
#[derive(Clone)]
pub(crate) struct Host<T> {
    pub(crate) table: Arc<Table<T>>,
    pub(crate) events: Arc<Events>,
}

impl<T> fmt::Debug for Host<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Host")
    }
}

pub(crate) type Both = Backends<Host<User>, Host<Group>>;

pub(crate) fn host<T: Default>(events: Events) -> Host<T> {
    Host {
        table: Arc::default(),
        events: Arc::new(events),
    }
}

pub(crate) fn both() -> (Both, Arc<Events>, Arc<Events>) {
    let (users, groups) = (host(Events::default()), host(Events::default()));
    let events = (Arc::clone(&users.events), Arc::clone(&groups.events));
    (Backends::new(users, groups), events.0, events.1)
}

pub(crate) fn client(store: impl ScimStore) -> Client {
    Client::new(Arc::new(store), "acme", Dialect::default())
}

pub(crate) fn guarded(store: Both, guard: Arc<dyn Guard>) -> Client {
    client(store.with_guard(guard))
}

#[async_trait]
impl UserBackend for Host<User> {
    type View = User;

    async fn create(&self, scope: &Scope, new: Record<User>) -> Result<Record<User>> {
        self.events.write().await?;
        self.table.create(scope, new).await
    }

    async fn delete(&self, scope: &Scope, was: &Record<User>) -> Result<()> {
        self.events.write().await?;
        UserBackend::delete(&*self.table, scope, was).await
    }

    async fn get(&self, scope: &Scope, id: &ResourceId) -> Result<Option<Record<User>>> {
        UserBackend::get(&*self.table, scope, id).await
    }

    async fn new_id(&self, scope: &Scope) -> Result<ResourceId> {
        if !self.events.is_counting {
            return Ok(scope.ids.next());
        }
        let number = self.events.counted.fetch_add(1, Ordering::Relaxed);
        Ok(ResourceId::new(format!("own{number}")))
    }

    async fn list(&self, scope: &Scope) -> Result<Vec<Record<User>>> {
        self.events.lists.fetch_add(1, Ordering::Relaxed);
        UserBackend::list(&*self.table, scope).await
    }

    async fn update(&self, scope: &Scope, change: RecordChange<'_, User>) -> Result<Record<User>> {
        self.events.write().await?;
        let now = UserBackend::get(&*self.table, scope, &change.was.id).await?;
        if now.as_ref() != Some(change.was) {
            return Err(StoreError::Precondition);
        }
        self.table.update(scope, change).await
    }

    async fn find(&self, scope: &Scope, by: Lookup<'_>) -> Result<Option<Vec<Record<User>>>> {
        let mut found = UserBackend::list(&*self.table, scope).await?;
        match by {
            Lookup::ExternalId(id) if self.events.is_clever => {
                found.retain(|record| record.value.external_id.as_deref() == Some(id));
            }
            Lookup::UserName(key) => found.retain(|record| {
                let name = record.value.user_name.as_ref();
                name.is_some_and(|name| UserNameKey::map(name) == key)
            }),
            _ => return Ok(None),
        }
        Ok(Some(found))
    }

    async fn page(&self, scope: &Scope, skip: usize, count: usize) -> Result<Option<RecordPage<User>>> {
        if !self.events.is_clever {
            return Ok(None);
        }
        let mut all = UserBackend::list(&*self.table, scope).await?;
        all.sort_by(|one, two| (one.created, &one.id).cmp(&(two.created, &two.id)));
        let total = all.len();
        Ok(Some(RecordPage::new(
            total,
            all.into_iter().skip(skip).take(count).collect(),
        )))
    }
}

#[async_trait]
impl GroupBackend for Host<Group> {
    type View = Group;

    async fn create(&self, scope: &Scope, new: Record<Group>) -> Result<Record<Group>> {
        self.events.write().await?;
        self.table.create(scope, new).await
    }

    async fn delete(&self, scope: &Scope, was: &Record<Group>) -> Result<()> {
        self.events.write().await?;
        GroupBackend::delete(&*self.table, scope, was).await
    }

    async fn get(&self, scope: &Scope, id: &ResourceId) -> Result<Option<Record<Group>>> {
        GroupBackend::get(&*self.table, scope, id).await
    }

    async fn list(&self, scope: &Scope) -> Result<Vec<Record<Group>>> {
        self.events.lists.fetch_add(1, Ordering::Relaxed);
        GroupBackend::list(&*self.table, scope).await
    }

    async fn update(&self, scope: &Scope, change: RecordChange<'_, Group>) -> Result<Record<Group>> {
        self.events.write().await?;
        self.table.update(scope, change).await
    }
}
