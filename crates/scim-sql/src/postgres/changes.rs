//! The record of changes.

use async_trait::async_trait;
use scim_core::TenantId;
use scim_store::{Change, ChangeFeed, Result};

use super::{PgSession, PgStore, transact::Job};
use crate::{error::Failure, feed};

#[async_trait]
impl ChangeFeed for PgStore {
    /// A reader that comes first gives the new changes their numbers, in a transaction in which it locks the tenant's row of
    /// `scim_feed`; readers of one tenant so take turns, and writers wait for none of them.
    async fn changes(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<Change>> {
        let read = Changes { tenant, after, limit };
        match self.inner.read(&Known(&read)).await? {
            Some(changes) => Ok(changes),
            None => self.inner.write(&read).await,
        }
    }

    async fn forget(&self, tenant: &TenantId, through: u64) -> Result<()> {
        self.inner.write(&Forget { tenant, through }).await
    }
}

struct Changes<'j> {
    tenant: &'j TenantId,
    after: u64,
    limit: usize,
}

impl Job for Changes<'_> {
    type Answer = Vec<Change>;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<Vec<Change>, Failure> {
        Ok(feed::changes(session, self.tenant, self.after, self.limit).await?)
    }
}

/// The same where no change waits for its number, or enough have theirs; else no answer.
struct Known<'j>(&'j Changes<'j>);

impl Job for Known<'_> {
    type Answer = Option<Vec<Change>>;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<Self::Answer, Failure> {
        let Changes { tenant, after, limit } = self.0;
        Ok(feed::known(session, tenant, *after, *limit).await?)
    }
}

struct Forget<'j> {
    tenant: &'j TenantId,
    through: u64,
}

impl Job for Forget<'_> {
    type Answer = ();

    async fn run(&self, session: &mut PgSession<'_>) -> Result<(), Failure> {
        Ok(feed::forget(session, self.tenant, self.through).await?)
    }
}
