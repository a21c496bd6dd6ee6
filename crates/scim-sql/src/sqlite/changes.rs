//! The record of changes.

use scim_core::TenantId;
use scim_store::{Change, Result};

use super::{
    SqliteSession,
    line::{Line, done},
    threads::Threads,
};
use crate::feed;

impl Threads {
    /// See [`ChangeFeed::changes`](scim_store::ChangeFeed::changes).
    pub(crate) async fn changes(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<Change>> {
        let own = tenant.clone();
        let look =
            move |session: &mut SqliteSession| done(async { Ok(feed::known(session, &own, after, limit).await?) });
        // Only changes that have no number yet need the writer.
        if let Some(known) = self.read(look).await? {
            return Ok(known);
        }
        let own = tenant.clone();
        let verb = move |session: &mut SqliteSession, _: &mut Line<_>| {
            done(async { Ok(feed::changes(session, &own, after, limit).await?) })
        };
        self.write(None, verb).await
    }

    /// See [`ChangeFeed::forget`](scim_store::ChangeFeed::forget).
    pub(crate) async fn forget(&self, tenant: &TenantId, through: u64) -> Result<()> {
        let own = tenant.clone();
        let verb = move |session: &mut SqliteSession, _: &mut Line<_>| {
            done(async { Ok(feed::forget(session, &own, through).await?) })
        };
        self.write(None, verb).await
    }
}
