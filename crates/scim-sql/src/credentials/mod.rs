//! The tokens of tenants, in the library's tables.

mod add;
mod end;
mod find;
mod row;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scim_core::TenantId;
use scim_store::{Credential, CredentialId, CredentialStore, Replaces, Result, RevealLink};

use self::{
    add::{Add, AddLink},
    end::{End, Used},
    find::{Find, FindLink, List},
};
use crate::database::Database;

/// The [`CredentialStore`] of a database: `store.credentials()` of an [`SqliteStore`](crate::SqliteStore) or a
/// [`PgStore`](crate::PgStore). A clone is the same.
///
/// There are digests in the tables and no tokens. Each question is one indexed read and nothing is cached, so that what was
/// revoked is dead at once in every process. Whoever replaces or ends several tokens of a tenant takes turns with others who do.
#[derive(Debug, Clone)]
pub struct SqlCredentials {
    database: Database,
}

impl SqlCredentials {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl CredentialStore for SqlCredentials {
    async fn add(&self, new: &Credential, replaces: &Replaces, link: Option<&CredentialId>) -> Result<()> {
        self.database.write(Add::new(new, replaces, link)).await
    }

    async fn add_link(&self, link: &RevealLink) -> Result<()> {
        self.database.write(AddLink(link.clone())).await
    }

    async fn end(&self, tenant: &TenantId, which: Option<&CredentialId>, now: DateTime<Utc>) -> Result<()> {
        self.database.write(End::new(tenant, which, now)).await
    }

    async fn find(&self, id: &str) -> Result<Option<Credential>> {
        self.database.read(Find(id.to_owned())).await
    }

    async fn find_link(&self, id: &str) -> Result<Option<RevealLink>> {
        self.database.read(FindLink(id.to_owned())).await
    }

    async fn list(&self, tenant: &TenantId) -> Result<Vec<Credential>> {
        self.database.read(List(tenant.clone())).await
    }

    async fn used(&self, id: &CredentialId, at: DateTime<Utc>) -> Result<()> {
        self.database.write(Used(id.clone(), at)).await
    }
}
