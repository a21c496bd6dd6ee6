//! The record of changes, read and forgotten.
//!
//! Writers leave changes without a number; whoever reads gives the committed ones theirs, one reader at a time. So a change
//! that is committed late gets a late number, and nobody who has read on passes it over.

use scim_core::{ResourceId, TenantId};
use scim_store::{Change, ChangeMethod};

use crate::{
    delta::kind_of,
    error::SqlError,
    session::Session,
    statement::Row,
    verbs::{time, version},
};

/// Most changes that get their numbers in one go.
const MOST: usize = 10_000;

/// The changes behind a number where none of them waits for its own, or enough have theirs; nothing is written.
///
/// The two questions are asked in this order: what another reader numbers between them is told by the second one.
pub(crate) async fn known<S: Session>(
    session: &mut S,
    tenant: &TenantId,
    after: u64,
    limit: usize,
) -> Result<Option<Vec<Change>>, SqlError> {
    let has_new = has_new(session, tenant).await?;
    let known = numbered(session, tenant, after, limit).await?;
    Ok((!has_new || known.len() >= limit).then_some(known))
}

/// The changes behind a number that have theirs.
async fn numbered<S: Session>(
    session: &mut S,
    tenant: &TenantId,
    after: u64,
    limit: usize,
) -> Result<Vec<Change>, SqlError> {
    let statement = session.statement(
        "SELECT sequence, kind, id, what, changed, version, at, actor, txn, method, external_id FROM {s}scim_change \
         WHERE tenant = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
        vec![
            tenant.as_str().into(),
            i64::try_from(after).unwrap_or(i64::MAX).into(),
            i64::try_from(limit).unwrap_or(i64::MAX).into(),
        ],
    );
    let rows = session.rows(&statement).await?;
    rows.iter().map(|row| change(tenant, row)).collect()
}

/// Whether there are changes that wait for their number.
async fn has_new<S: Session>(session: &mut S, tenant: &TenantId) -> Result<bool, SqlError> {
    let statement = session.statement(
        "SELECT 1 FROM {s}scim_change WHERE tenant = ?1 AND sequence IS NULL LIMIT 1",
        vec![tenant.as_str().into()],
    );
    Ok(!session.rows(&statement).await?.is_empty())
}

/// Gives changes that wait their numbers, the oldest first and at least `limit` of them if there are so many. It needs a
/// transaction that sees what was committed before the lock was had: `READ COMMITTED` on PostgreSQL.
async fn number<S: Session>(session: &mut S, tenant: &TenantId, limit: usize) -> Result<(), SqlError> {
    let most = i64::try_from(limit.max(MOST)).unwrap_or(i64::MAX);
    let first = session.statement(
        "INSERT INTO {s}scim_feed (tenant, last) VALUES (?1, 0) ON CONFLICT DO NOTHING",
        vec![tenant.as_str().into()],
    );
    session.run(&first).await?;
    let lock = session.statement(
        "SELECT r.last FROM {s}scim_feed r WHERE r.tenant = ?1{update}",
        vec![tenant.as_str().into()],
    );
    let rows = session.rows(&lock).await?;
    let last = rows.first().map_or(Ok(0), |row| row.int(0))?;
    let number = session.statement(
        "UPDATE {s}scim_change SET sequence = n.sequence FROM (SELECT o.ordinal, \
         ?2 + ROW_NUMBER() OVER (ORDER BY o.ordinal) AS sequence FROM (SELECT c.ordinal FROM {s}scim_change c \
         WHERE c.tenant = ?1 AND c.sequence IS NULL ORDER BY c.ordinal LIMIT ?3) AS o) AS n \
         WHERE scim_change.tenant = ?1 AND scim_change.ordinal = n.ordinal",
        vec![tenant.as_str().into(), last.into(), most.into()],
    );
    let count = i64::try_from(session.run(&number).await?).unwrap_or(i64::MAX);
    let next = session.statement(
        "UPDATE {s}scim_feed SET last = ?2 WHERE tenant = ?1",
        vec![tenant.as_str().into(), last.saturating_add(count).into()],
    );
    session.run(&next).await?;
    Ok(())
}

/// The changes behind a number, with those that still had none; see [`ChangeFeed::changes`](scim_store::ChangeFeed::changes).
/// It needs a transaction as [`number`] does.
pub(crate) async fn changes<S: Session>(
    session: &mut S,
    tenant: &TenantId,
    after: u64,
    limit: usize,
) -> Result<Vec<Change>, SqlError> {
    if let Some(known) = known(session, tenant, after, limit).await? {
        return Ok(known);
    }
    number(session, tenant, limit).await?;
    numbered(session, tenant, after, limit).await
}

/// Forgets the changes up to a number.
pub(crate) async fn forget<S: Session>(session: &mut S, tenant: &TenantId, through: u64) -> Result<(), SqlError> {
    let statement = session.statement(
        "DELETE FROM {s}scim_change WHERE tenant = ?1 AND sequence <= ?2",
        vec![
            tenant.as_str().into(),
            i64::try_from(through).unwrap_or(i64::MAX).into(),
        ],
    );
    session.run(&statement).await.map(drop)
}

fn change(tenant: &TenantId, row: &Row) -> Result<Change, SqlError> {
    let changed = serde_json::from_str(row.text(4)?).map_err(SqlError::other)?;
    let (id, what) = (ResourceId::new(row.text(2)?), kind_of(row.text(3)?));
    let (version, at) = (version(row.int(5)?), time(row.int(6)?)?);
    Ok(Change::new(tenant.clone(), row.text(1)?, id, what, version, at)
        .with_sequence(row.int(0)?.unsigned_abs())
        .with_method(ChangeMethod::from_name(row.text(9)?))
        .with_changed(changed)
        .with_external_id(row.optional(10)?.map(str::to_owned))
        .with_request(row.text(7)?, row.text(8)?))
}
