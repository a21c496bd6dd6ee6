//! Credentials and links, looked up.

use scim_core::TenantId;
use scim_store::{Credential, RevealLink};

use super::row;
use crate::{
    database::Task,
    error::{Failure, SqlError},
    session::Session,
    statement::Row,
};

/// See [`CredentialStore::find`](scim_store::CredentialStore::find).
pub(super) struct Find(pub(super) String);

/// See [`CredentialStore::find_link`](scim_store::CredentialStore::find_link).
pub(super) struct FindLink(pub(super) String);

/// See [`CredentialStore::list`](scim_store::CredentialStore::list).
pub(super) struct List(pub(super) TenantId);

impl Task for Find {
    type Answer = Option<Credential>;

    async fn run<S: Session>(&self, session: &mut S) -> Result<Self::Answer, Failure> {
        let found = one(
            session,
            "SELECT id, tenant, name, access, created, expires, ends, revoked, last_used, digest \
             FROM {s}scim_credential WHERE id = ?1",
            &self.0,
        );
        Ok(found.await?.as_ref().map(row::credential).transpose()?)
    }
}

impl Task for FindLink {
    type Answer = Option<RevealLink>;

    async fn run<S: Session>(&self, session: &mut S) -> Result<Self::Answer, Failure> {
        let found = one(
            session,
            "SELECT id, tenant, name, access, expires, replaces, replaced, overlap, created, ends, digest \
             FROM {s}scim_link WHERE id = ?1",
            &self.0,
        );
        Ok(found.await?.as_ref().map(row::link).transpose()?)
    }
}

impl Task for List {
    type Answer = Vec<Credential>;

    async fn run<S: Session>(&self, session: &mut S) -> Result<Self::Answer, Failure> {
        let statement = session.statement(
            "SELECT id, tenant, name, access, created, expires, ends, revoked, last_used, digest \
             FROM {s}scim_credential WHERE tenant = ?1 ORDER BY created, id",
            vec![self.0.as_str().into()],
        );
        let rows = session.rows(&statement).await?;
        let credentials = rows.iter().map(row::credential);
        Ok(credentials.collect::<Result<_, SqlError>>()?)
    }
}

/// The row of an identifier that a client may have sent.
async fn one<S: Session>(session: &mut S, template: &str, id: &str) -> Result<Option<Row>, SqlError> {
    // PostgreSQL has no text with a NUL, so there is no such row.
    if id.contains('\0') {
        return Ok(None);
    }
    let statement = session.statement(template, vec![id.into()]);
    Ok(session.rows(&statement).await?.pop())
}
