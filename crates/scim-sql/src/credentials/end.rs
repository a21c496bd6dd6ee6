//! The end of credentials, and their use until then.

use chrono::{DateTime, TimeDelta, Utc};
use scim_core::TenantId;
use scim_store::{CredentialId, StoreError};

use super::row;
use crate::{
    database::Task,
    error::{Failure, SqlError},
    session::Session,
};

/// See [`CredentialStore::end`](scim_store::CredentialStore::end).
pub(super) struct End {
    tenant: TenantId,
    which: Option<CredentialId>,
    now: DateTime<Utc>,
}

/// See [`CredentialStore::used`](scim_store::CredentialStore::used).
pub(super) struct Used(pub(super) CredentialId, pub(super) DateTime<Utc>);

impl End {
    pub(super) fn new(tenant: &TenantId, which: Option<&CredentialId>, now: DateTime<Utc>) -> Self {
        Self {
            tenant: tenant.clone(),
            which: which.cloned(),
            now,
        }
    }
}

impl Task for End {
    type Answer = ();

    async fn run<S: Session>(&self, session: &mut S) -> Result<(), Failure> {
        let Some(id) = &self.which else {
            take_turn(session, &self.tenant).await?;
            return Ok(end_all(session, &self.tenant, self.now, TimeDelta::zero()).await?);
        };
        let own = || vec![id.as_str().into(), self.tenant.as_str().into()];
        let link = session.statement("DELETE FROM {s}scim_link WHERE id = ?1 AND tenant = ?2", own());
        if session.run(&link).await? > 0 {
            return Ok(());
        }
        let mut values = own();
        values.push(row::micros(self.now).into());
        let end = session.statement(
            "UPDATE {s}scim_credential SET ends = {least}(COALESCE(ends, ?3), ?3), revoked = TRUE \
             WHERE id = ?1 AND tenant = ?2",
            values,
        );
        match session.run(&end).await? {
            0 => Err(StoreError::NotFound.into()),
            _ => Ok(()),
        }
    }
}

impl Task for Used {
    type Answer = ();

    async fn run<S: Session>(&self, session: &mut S) -> Result<(), Failure> {
        let Self(id, at) = self;
        let statement = session.statement(
            "UPDATE {s}scim_credential SET last_used = {greatest}(COALESCE(last_used, ?2), ?2) WHERE id = ?1",
            vec![id.as_str().into(), row::micros(*at).into()],
        );
        session.run(&statement).await?;
        Ok(())
    }
}

/// Waits for others that replace or end tokens of the tenant, and keeps them waiting until the transaction is over: what
/// another one has added and not committed yet would be missed.
pub(super) async fn take_turn<S: Session>(session: &mut S, tenant: &TenantId) -> Result<(), SqlError> {
    let statement = session.statement(
        "INSERT INTO {s}scim_turn (tenant, turns) VALUES (?1, 1) \
         ON CONFLICT (tenant) DO UPDATE SET turns = scim_turn.turns + 1",
        vec![tenant.as_str().into()],
    );
    session.run(&statement).await.map(drop)
}

/// Ends all credentials of a tenant after the overlap, and its links at once.
pub(super) async fn end_all<S: Session>(
    session: &mut S,
    tenant: &TenantId,
    now: DateTime<Utc>,
    overlap: TimeDelta,
) -> Result<(), SqlError> {
    let credentials = session.statement(
        "UPDATE {s}scim_credential SET ends = {least}(COALESCE(ends, ?2), ?2), revoked = (revoked OR ?3) \
         WHERE tenant = ?1",
        vec![
            tenant.as_str().into(),
            row::end(now, overlap).into(),
            (overlap <= TimeDelta::zero()).into(),
        ],
    );
    session.run(&credentials).await?;
    let links = session.statement(
        "DELETE FROM {s}scim_link WHERE tenant = ?1",
        vec![tenant.as_str().into()],
    );
    session.run(&links).await.map(drop)
}
