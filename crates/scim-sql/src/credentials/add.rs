//! New credentials and links, with all that comes with them.

use chrono::{DateTime, TimeDelta, Utc};
use scim_core::TenantId;
use scim_store::{Credential, CredentialId, Replaces, RevealLink, StoreError};

use super::{
    end::{end_all, take_turn},
    row,
};
use crate::{database::Task, error::Failure, session::Session};

/// See [`CredentialStore::add`](scim_store::CredentialStore::add).
pub(super) struct Add {
    new: Credential,
    replaces: Replaces,
    link: Option<CredentialId>,
}

/// See [`CredentialStore::add_link`](scim_store::CredentialStore::add_link).
pub(super) struct AddLink(pub(super) RevealLink);

impl Add {
    pub(super) fn new(new: &Credential, replaces: &Replaces, link: Option<&CredentialId>) -> Self {
        Self {
            new: new.clone(),
            replaces: replaces.clone(),
            link: link.cloned(),
        }
    }
}

impl Task for Add {
    type Answer = ();

    async fn run<S: Session>(&self, session: &mut S) -> Result<(), Failure> {
        let (tenant, now) = (&self.new.tenant, self.new.created);
        if self.link.is_some() || self.replaces != Replaces::Nothing {
            take_turn(session, tenant).await?;
        }
        if let Some(link) = &self.link {
            take_link(session, tenant, link, now).await?;
        }
        match &self.replaces {
            Replaces::Nothing => {}
            Replaces::All { overlap } => end_all(session, tenant, now, *overlap).await?,
            Replaces::One { id, overlap } => replace(session, tenant, id, now, *overlap).await?,
            _ => return Err(StoreError::other("a replacement of an unknown kind").into()),
        }
        let statement = session.statement(
            "INSERT INTO {s}scim_credential \
             (id, tenant, name, access, created, expires, ends, revoked, last_used, digest) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO NOTHING",
            row::of_credential(&self.new),
        );
        match session.run(&statement).await? {
            0 => Err(taken()),
            _ => Ok(()),
        }
    }
}

impl Task for AddLink {
    type Answer = ();

    async fn run<S: Session>(&self, session: &mut S) -> Result<(), Failure> {
        let Self(link) = self;
        // Links that are over are of no use to anybody.
        let over = session.statement(
            "DELETE FROM {s}scim_link WHERE tenant = ?1 AND ends <= ?2",
            vec![link.tenant.as_str().into(), row::micros(link.created).into()],
        );
        session.run(&over).await?;
        let values = row::of_link(link).ok_or_else(|| StoreError::other("a replacement of an unknown kind"))?;
        let statement = session.statement(
            "INSERT INTO {s}scim_link \
             (id, tenant, name, access, expires, replaces, replaced, overlap, created, ends, digest) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (id) DO NOTHING",
            values,
        );
        match session.run(&statement).await? {
            0 => Err(taken()),
            _ => Ok(()),
        }
    }
}

async fn take_link<S: Session>(
    session: &mut S,
    tenant: &TenantId,
    link: &CredentialId,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let statement = session.statement(
        "DELETE FROM {s}scim_link WHERE id = ?1 AND tenant = ?2 AND ends > ?3",
        vec![link.as_str().into(), tenant.as_str().into(), row::micros(now).into()],
    );
    match session.run(&statement).await? {
        0 => Err(StoreError::NotFound.into()),
        _ => Ok(()),
    }
}

/// Ends a live credential that was not replaced before.
async fn replace<S: Session>(
    session: &mut S,
    tenant: &TenantId,
    id: &CredentialId,
    now: DateTime<Utc>,
    overlap: TimeDelta,
) -> Result<(), Failure> {
    let statement = session.statement(
        "UPDATE {s}scim_credential SET ends = ?3, revoked = ?4 WHERE id = ?1 AND tenant = ?2 \
         AND ends IS NULL AND NOT revoked AND (expires IS NULL OR expires > ?5)",
        vec![
            id.as_str().into(),
            tenant.as_str().into(),
            row::end(now, overlap).into(),
            (overlap <= TimeDelta::zero()).into(),
            row::micros(now).into(),
        ],
    );
    match session.run(&statement).await? {
        0 => Err(StoreError::NotFound.into()),
        _ => Ok(()),
    }
}

fn taken() -> Failure {
    let attribute = "id".to_owned();
    StoreError::Uniqueness { attribute }.into()
}
