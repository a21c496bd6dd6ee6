//! What breakers tripped at, for operators (decision D60).

use scim_core::TenantId;
use scim_store::{Result, Scope, StoreError, Trip};

use crate::{
    database::{Database, Task},
    error::{Failure, SqlError},
    losses,
    session::Session,
};

/// The breakers of the tenants of a database, for operators: `store.breakers()` of an [`SqliteStore`](crate::SqliteStore) or a
/// [`PgStore`](crate::PgStore). A clone is the same.
///
/// A [`Breaker`](scim_store::Breaker) that is [kept in the store](scim_store::Breaker::kept_in_store) counts by rows that are written
/// with the changes, so it holds across processes and restarts. When it trips, the change is rolled back and the trip is kept
/// thereafter. If that fails, since the process was killed between the two for instance, the next such change trips it again.
#[derive(Debug, Clone)]
pub struct SqlBreakers {
    database: Database,
}

impl SqlBreakers {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }

    /// Why the breaker of a tenant has tripped, if it has and was not released.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering.
    pub async fn trip(&self, tenant: &TenantId) -> Result<Option<Trip>> {
        self.database.read(Look(tenant.clone())).await
    }

    /// All tenants whose breaker has tripped, in the order of their identifiers, and why.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering.
    pub async fn tripped(&self) -> Result<Vec<(TenantId, Trip)>> {
        self.database.read(List).await
    }

    /// Lets a tenant go on, in all processes, and counts anew; whether it had tripped.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from it.
    pub async fn release(&self, tenant: &TenantId) -> Result<bool> {
        self.database.write(Release(tenant.clone())).await
    }

    /// Keeps what a breaker tripped at, behind the roll-back of the write that it refused.
    pub(crate) async fn keep<T>(&self, scope: &Scope, written: Result<T>) -> Result<T> {
        if let Err(StoreError::Denied(denial)) = &written
            && let Some(trip) = denial.trip()
        {
            // If it cannot be kept, the next one trips it again.
            let _ = self.database.write(Keep(scope.tenant().clone(), trip.clone())).await;
        }
        written
    }
}

struct Keep(TenantId, Trip);

impl Task for Keep {
    type Answer = ();

    async fn run<S: Session>(&self, session: &mut S) -> Result<(), Failure> {
        let Self(tenant, trip) = self;
        let statement = session.statement(
            "INSERT INTO {s}scim_breaker (tenant, turns, what, lost, at, actor) VALUES (?1, 1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (tenant) DO UPDATE SET what = excluded.what, lost = excluded.lost, at = excluded.at, \
             actor = excluded.actor WHERE scim_breaker.what IS NULL",
            vec![
                tenant.as_str().into(),
                losses::name(trip.what).into(),
                i64::try_from(trip.count).unwrap_or(i64::MAX).into(),
                losses::micros(trip.at).into(),
                trip.actor.as_str().into(),
            ],
        );
        session.run(&statement).await?;
        Ok(())
    }
}

struct Release(TenantId);

impl Task for Release {
    type Answer = bool;

    async fn run<S: Session>(&self, session: &mut S) -> Result<bool, Failure> {
        let tenant = || vec![self.0.as_str().into()];
        let trip = session.statement(
            "UPDATE {s}scim_breaker SET what = NULL, lost = NULL, at = NULL, actor = NULL \
             WHERE tenant = ?1 AND what IS NOT NULL",
            tenant(),
        );
        let had_tripped = session.run(&trip).await? > 0;
        let counts = session.statement("DELETE FROM {s}scim_loss WHERE tenant = ?1", tenant());
        session.run(&counts).await?;
        Ok(had_tripped)
    }
}

struct Look(TenantId);

impl Task for Look {
    type Answer = Option<Trip>;

    async fn run<S: Session>(&self, session: &mut S) -> Result<Self::Answer, Failure> {
        let statement = session.statement(
            "SELECT what, lost, at, actor FROM {s}scim_breaker WHERE tenant = ?1",
            vec![self.0.as_str().into()],
        );
        let rows = session.rows(&statement).await?;
        Ok(rows.first().map_or(Ok(None), losses::trip)?)
    }
}

struct List;

impl Task for List {
    type Answer = Vec<(TenantId, Trip)>;

    async fn run<S: Session>(&self, session: &mut S) -> Result<Self::Answer, Failure> {
        let statement = session.statement(
            "SELECT what, lost, at, actor, tenant FROM {s}scim_breaker WHERE what IS NOT NULL ORDER BY tenant",
            Vec::new(),
        );
        let rows = session.rows(&statement).await?;
        let trips = rows.iter().filter_map(|row| {
            let trip = losses::trip(row).transpose()?;
            Some(trip.and_then(|trip| Ok((TenantId::new(row.text(4)?), trip))))
        });
        Ok(trips.collect::<Result<_, SqlError>>()?)
    }
}
