//! The verbs on SQLite in memory, in the smallest store that there can be.

mod dice;
mod refused;
mod same;

use std::sync::Arc;

use async_lock::Mutex;
use async_trait::async_trait;
use rusqlite::Connection;
use scim_conformance::{block_on, check_changes, check_store};
use scim_core::{
    Draft, Edit, TenantId,
    query::{Query, QueryPage},
    resource::Found,
};
use scim_store::{
    Attempt, Capabilities, Change, ChangeFeed, Guard, Read, Removal, Result, ScimStore, Scope, StoreError, TxView,
    Updated, Write, Written,
};

use super::Gate;
use crate::{Engine, error::Failure, feed, migrate, session::Session, sqlite::SqliteSession, statement::Statement};

#[derive(Debug)]
struct Small {
    session: Mutex<SqliteSession>,
    guard: Option<Arc<dyn Guard>>,
}

/// Asks the guard where the verb is.
struct Near<'a>(Option<&'a Arc<dyn Guard>>);

impl Gate for Near<'_> {
    fn is_guarded(&self) -> bool {
        self.0.is_some()
    }

    async fn ask(&mut self, scope: &Scope, attempt: Attempt<'_>, view: &mut dyn TxView) -> Result<()> {
        match self.0 {
            Some(guard) => guard.check(scope, attempt, view).await.map_err(StoreError::Denied),
            None => Ok(()),
        }
    }
}

impl Small {
    fn new() -> Self {
        Self::with(None)
    }

    fn with(guard: Option<Arc<dyn Guard>>) -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(&migrate::tests::tables(Engine::Sqlite))
            .unwrap();
        Self {
            session: Mutex::new(SqliteSession::new(connection)),
            guard,
        }
    }

    fn gate(&self) -> Near<'_> {
        Near(self.guard.as_ref())
    }
}

async fn run(session: &mut SqliteSession, text: &'static str) {
    let statement = Statement::fixed(session.engine(), text, Vec::new());
    session.run(&statement).await.unwrap();
}

async fn end<T>(session: &mut SqliteSession, outcome: Result<T, Failure>) -> Result<T> {
    let last = if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" };
    run(session, last).await;
    Ok(outcome?)
}

#[async_trait]
impl ScimStore for Small {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        let mut session = self.session.lock().await;
        run(&mut session, "BEGIN IMMEDIATE").await;
        let outcome = super::create(&mut *session, &mut self.gate(), scope, draft).await;
        end(&mut session, outcome).await
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        let mut session = self.session.lock().await;
        run(&mut session, "BEGIN IMMEDIATE").await;
        let outcome = super::delete(&mut *session, &mut self.gate(), scope, removal).await;
        end(&mut session, outcome).await
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        let mut session = self.session.lock().await;
        Ok(super::get(&mut *session, scope, read).await?)
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        let mut session = self.session.lock().await;
        Ok(super::query(&mut *session, scope, query).await?)
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        let mut session = self.session.lock().await;
        run(&mut session, "BEGIN IMMEDIATE").await;
        let outcome = super::update(&mut *session, &mut self.gate(), scope, edit).await;
        end(&mut session, outcome).await
    }

    async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>> {
        let mut session = self.session.lock().await;
        run(&mut session, "BEGIN IMMEDIATE").await;
        let outcome = super::batch(&mut *session, &mut self.gate(), scope, writes).await;
        end(&mut session, outcome).await
    }
}

#[async_trait]
impl ChangeFeed for Small {
    async fn changes(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<Change>> {
        let mut session = self.session.lock().await;
        run(&mut session, "BEGIN IMMEDIATE").await;
        let outcome = feed::changes(&mut *session, tenant, after, limit).await;
        end(&mut session, outcome.map_err(Failure::from)).await
    }

    async fn forget(&self, tenant: &TenantId, through: u64) -> Result<()> {
        let mut session = self.session.lock().await;
        Ok(feed::forget(&mut *session, tenant, through)
            .await
            .map_err(Failure::from)?)
    }
}

#[test]
fn the_contract_is_kept() {
    let store = Small::new();
    for report in [block_on(check_store(&store)), block_on(check_changes(&store, &store))] {
        assert!(report.is_clean(), "{report}");
    }
}
