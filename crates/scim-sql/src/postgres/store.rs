//! The verbs, each on the connection and in the transaction that it needs.

use std::sync::Arc;

use async_trait::async_trait;
use scim_core::{
    Draft, Edit, ResourceId,
    query::{Query, QueryPage},
    resource::Found,
};
use scim_store::{
    Attempt, Capabilities, IdSource, Read, Removal, Result, ScimStore, Scope, StoreError, TxView, Updated, Write,
    Written,
};
use serde_json::Value;

use super::{
    Inner, PgSession, PgStore,
    get::get_at_once,
    members::{Done, MemberEdit},
    transact::Job,
};
use crate::{
    dump,
    error::Failure,
    session::Session,
    verbs::{self, Gate},
};

#[async_trait]
impl ScimStore for PgStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        // Every try uses the same identifier, so that one whose answer was lost is recognised.
        let id = draft.id.clone().unwrap_or_else(|| scope.ids.next());
        let mut scope = scope.clone();
        scope.ids = Arc::new(Chosen(id.clone()));
        let store = &*self.inner;
        let job = Create {
            store,
            scope: &scope,
            draft,
            id,
        };
        let is_seated = scope.settings.seats.concerns(&draft.kind);
        let found = if store.guard.is_none() && draft.members.is_empty() && !is_seated {
            store.alone(&job).await?
        } else {
            store.write(&job).await?
        };
        store.grow(1).await;
        Ok(found)
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        let store = &*self.inner;
        let _turn = store.turn(scope, &removal.id).await?;
        let deleted = store.write(&Delete { store, scope, removal }).await;
        self.breakers().keep(scope, deleted).await
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        self.inner.get(scope, read).await
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        self.inner.read(&Find { scope, query }).await
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        let store = &*self.inner;
        let is_plain = store.guard.is_none() && !scope.settings.seats.concerns(edit.kind());
        let members = MemberEdit::of(edit, scope).filter(|_| is_plain);
        let is_single = is_plain && (members.is_some() || edit.member_steps().is_empty());
        let job = Update {
            store,
            scope,
            edit,
            members,
        };
        let turn = store.turn(scope, edit.id()).await?;
        let updated = if is_single {
            store.alone(&job).await?
        } else {
            let updated = store.write(&job).await;
            self.breakers().keep(scope, updated).await?
        };
        drop(turn);
        store.grow(1).await;
        store.told(scope, edit, updated).await
    }

    async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>> {
        let store = &*self.inner;
        let written = store.write(&Batch { store, scope, writes }).await;
        let written = self.breakers().keep(scope, written).await?;
        store.grow(writes.len()).await;
        Ok(written)
    }
}

/// The guard of the store, asked on the host's own runtime.
pub(crate) struct Guarded<'s>(pub(crate) &'s Inner);

impl Gate for Guarded<'_> {
    fn is_guarded(&self) -> bool {
        self.0.guard.is_some()
    }

    async fn ask(&mut self, scope: &Scope, attempt: Attempt<'_>, view: &mut dyn TxView) -> Result<()> {
        match &self.0.guard {
            Some(guard) => guard.check(scope, attempt, view).await.map_err(StoreError::Denied),
            None => Ok(()),
        }
    }
}

/// The one identifier that a creation uses.
#[derive(Debug)]
struct Chosen(ResourceId);

impl IdSource for Chosen {
    fn next(&self) -> ResourceId {
        self.0.clone()
    }
}

struct Create<'j> {
    store: &'j Inner,
    scope: &'j Scope,
    draft: &'j Draft,
    id: ResourceId,
}

impl Job for Create<'_> {
    type Answer = Found;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<Found, Failure> {
        verbs::create(session, &mut Guarded(self.store), self.scope, self.draft).await
    }

    async fn recall(&self) -> Result<Option<Found>> {
        let read = Read::new(Arc::clone(&self.draft.kind), self.id.clone()).with_relations(self.draft.relations);
        match self.store.get(self.scope, &read).await {
            Ok(found) => Ok(Some(found)),
            Err(StoreError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

struct Delete<'j> {
    store: &'j Inner,
    scope: &'j Scope,
    removal: &'j Removal,
}

impl Job for Delete<'_> {
    type Answer = ();

    async fn run(&self, session: &mut PgSession<'_>) -> Result<(), Failure> {
        verbs::delete(session, &mut Guarded(self.store), self.scope, self.removal).await
    }
}

struct Update<'j> {
    store: &'j Inner,
    scope: &'j Scope,
    edit: &'j Edit,
    members: Option<MemberEdit<'j>>,
}

impl Job for Update<'_> {
    type Answer = Updated;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<Updated, Failure> {
        if let Some(members) = &self.members
            && let Some(updated) = self.change_members(members, session).await?
        {
            return Ok(updated);
        }
        verbs::update(session, &mut Guarded(self.store), self.scope, self.edit).await
    }
}

impl Update<'_> {
    /// Changes members by one statement. In a transaction, behind others who are at work on the group, it is locked first; the
    /// answer is for [`Inner::told`] then, so that those who wait do not wait for that too.
    async fn change_members(
        &self,
        members: &MemberEdit<'_>,
        session: &mut PgSession<'_>,
    ) -> Result<Option<Updated>, Failure> {
        let is_alone = session.is_alone();
        if !is_alone {
            let lock = members.lock(self.scope, session.schema(), session.is_numbered());
            session.rows_with_number(&lock).await?;
        }
        let statement = members.statement(self.scope, session.schema());
        let rows = session.rows_of_write(&statement).await?;
        let Some(Done { version, changed }) = MemberEdit::done(&rows)? else {
            return if is_alone { Err(Failure::overtaken()) } else { Ok(None) };
        };
        let updated = Updated::new(version, changed, None);
        let Some(relations) = self.edit.answer().filter(|_| is_alone) else {
            return Ok(Some(updated));
        };
        let read = Read::new(Arc::clone(self.edit.kind()), self.edit.id().clone()).with_relations(relations);
        let found = match get_at_once(session, self.scope, &read).await {
            // More members than one statement is good for; they may be later than the version.
            Ok(None) => verbs::get(session, self.scope, &read).await,
            Ok(Some(found)) => Ok(found),
            Err(failure) => Err(failure),
        };
        match found {
            Ok(found) => Ok(Some(Updated::new(found.head.version, changed, Some(found)))),
            Err(Failure::Store(StoreError::NotFound)) => Ok(Some(updated)),
            Err(failure) => Err(failure),
        }
    }
}

struct Batch<'j> {
    store: &'j Inner,
    scope: &'j Scope,
    writes: &'j [Write],
}

impl Job for Batch<'_> {
    type Answer = Vec<Written>;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<Vec<Written>, Failure> {
        verbs::batch(session, &mut Guarded(self.store), self.scope, self.writes).await
    }
}

struct Find<'j> {
    scope: &'j Scope,
    query: &'j Query,
}

impl Job for Find<'_> {
    type Answer = QueryPage;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<QueryPage, Failure> {
        verbs::query(session, self.scope, self.query).await
    }
}

struct Get<'j> {
    scope: &'j Scope,
    read: &'j Read,
}

impl Job for Get<'_> {
    type Answer = Found;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<Found, Failure> {
        verbs::get(session, self.scope, self.read).await
    }
}

/// The same in one statement; no answer where there are more members than that is good for.
struct GetAtOnce<'j>(Get<'j>);

impl Job for GetAtOnce<'_> {
    type Answer = Option<Found>;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<Option<Found>, Failure> {
        get_at_once(session, self.0.scope, self.0.read).await
    }
}

impl Inner {
    /// The answer to an edit with the resource in it, if that was asked for and is not there yet. Where the resource is gone
    /// again, the edit was done all the same.
    async fn told(&self, scope: &Scope, edit: &Edit, updated: Updated) -> Result<Updated> {
        let Some(relations) = edit.answer().filter(|_| updated.found.is_none()) else {
            return Ok(updated);
        };
        let read = Read::new(Arc::clone(edit.kind()), edit.id().clone()).with_relations(relations);
        match self.get(scope, &read).await {
            Ok(found) => Ok(Updated::new(found.head.version, updated.changed, Some(found))),
            Err(StoreError::NotFound) => Ok(updated),
            Err(error) => Err(error),
        }
    }

    /// Reads a resource with its relations, all of one state of the database: by one statement, or in a transaction that
    /// sees nothing of others.
    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        let job = GetAtOnce(Get { scope, read });
        match self.read(&job).await? {
            Some(found) => Ok(found),
            None => self.snapshot(&job.0).await,
        }
    }
}

impl PgStore {
    /// Everything that is kept as one JSON value, in the form of [`MemoryStore::dump`](scim_store::MemoryStore::dump) and
    /// with a little more: for tests that nothing was left behind. It reads all tables at once.
    ///
    /// # Errors
    ///
    /// The database cannot be read.
    pub async fn dump(&self) -> Result<Value> {
        self.inner.snapshot(&Dump).await
    }
}

struct Dump;

impl Job for Dump {
    type Answer = Value;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<Value, Failure> {
        Ok(dump::dump(session).await?)
    }
}
