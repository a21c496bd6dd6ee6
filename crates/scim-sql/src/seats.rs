//! Rows of licences.

use scim_core::{ResourceId, TenantId};
use scim_store::SeatCount;

use crate::{error::SqlError, session::Session};

/// See [`SeatStore::set_bought`](scim_store::SeatStore::set_bought).
pub(crate) async fn set_bought<S: Session>(session: &mut S, tenant: &TenantId, bought: u32) -> Result<(), SqlError> {
    let statement = session.statement(
        "INSERT INTO {s}scim_seat_pool (tenant, bought, most) VALUES (?1, ?2, ?2) ON CONFLICT (tenant) DO UPDATE SET \
         bought = excluded.bought, most = {greatest}(excluded.bought, scim_seat_pool.used)",
        vec![tenant.as_str().into(), i64::from(bought).into()],
    );
    session.run(&statement).await.map(drop)
}

/// See [`SeatStore::seats`](scim_store::SeatStore::seats).
pub(crate) async fn count<S: Session>(session: &mut S, tenant: &TenantId) -> Result<SeatCount, SqlError> {
    let statement = session.statement(
        "SELECT p.bought, p.used FROM {s}scim_seat_pool p WHERE p.tenant = ?1",
        vec![tenant.as_str().into()],
    );
    let rows = session.rows(&statement).await?;
    let Some(row) = rows.first() else {
        return Ok(SeatCount::default());
    };
    let number = |column| Ok::<_, SqlError>(u32::try_from(row.int(column)?).unwrap_or(u32::MAX));
    Ok(SeatCount {
        bought: number(0)?,
        used: number(1)?,
    })
}

/// See [`SeatStore::has_seat`](scim_store::SeatStore::has_seat).
pub(crate) async fn has<S: Session>(session: &mut S, tenant: &TenantId, id: &ResourceId) -> Result<bool, SqlError> {
    // PostgreSQL has no text with a NUL, so there is no such row.
    if id.as_str().contains('\0') {
        return Ok(false);
    }
    let statement = session.statement(
        "SELECT 1 FROM {s}scim_seat h WHERE h.tenant = ?1 AND h.id = ?2",
        vec![tenant.as_str().into(), id.into()],
    );
    Ok(!session.rows(&statement).await?.is_empty())
}

/// See [`SeatStore::seat_holders`](scim_store::SeatStore::seat_holders).
pub(crate) async fn holders<S: Session>(
    session: &mut S,
    tenant: &TenantId,
    after: Option<&ResourceId>,
    limit: usize,
) -> Result<Vec<ResourceId>, SqlError> {
    let after = after.map_or("", ResourceId::as_str).replace('\0', "");
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let statement = session.statement(
        "SELECT h.id FROM {s}scim_seat h WHERE h.tenant = ?1 AND h.id > ?2 ORDER BY h.id LIMIT ?3",
        vec![tenant.as_str().into(), after.into(), limit.into()],
    );
    let rows = session.rows(&statement).await?;
    rows.iter().map(|row| Ok(ResourceId::new(row.text(0)?))).collect()
}

/// Gives the seat of a resource back to its tenant, if it has one. As with taking one, the pool is locked before the rest is
/// written: one statement of all would lock in an order of its own, and writers would get into each other's way.
pub(crate) async fn give_back<S: Session>(session: &mut S, tenant: &TenantId, id: &ResourceId) -> Result<(), SqlError> {
    for template in [
        "UPDATE {s}scim_seat_pool SET used = used - 1 WHERE tenant = ?1 AND EXISTS \
         (SELECT 1 FROM {s}scim_seat h WHERE h.tenant = ?1 AND h.id = ?2)",
        "DELETE FROM {s}scim_seat WHERE tenant = ?1 AND id = ?2",
    ] {
        let statement = session.statement(template, vec![tenant.as_str().into(), id.into()]);
        session.run(&statement).await?;
    }
    Ok(())
}

/// Takes one of the free seats of a tenant; whether there was one. Whoever else wants one waits until this transaction ends.
pub(crate) async fn take<S: Session>(session: &mut S, tenant: &TenantId) -> Result<bool, SqlError> {
    let statement = session.statement(
        "UPDATE {s}scim_seat_pool SET used = used + 1 WHERE tenant = ?1 AND used < bought",
        vec![tenant.as_str().into()],
    );
    Ok(session.run(&statement).await? > 0)
}
