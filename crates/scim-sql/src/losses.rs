//! What tenants lose, kept with the changes by which they lose it (decision D60).

use chrono::{DateTime, Utc};
use scim_core::TenantId;
use scim_store::{BreakerAction, Loss, Losses, Tally, Trip};

use crate::{
    error::SqlError,
    session::Session,
    statement::{Row, Value},
};

/// Keeps what a change loses and counts it with what was lost before; see [`TxView::lose`](scim_store::TxView::lose).
pub(crate) async fn keep<S: Session>(session: &mut S, tenant: &TenantId, losses: &Losses) -> Result<Tally, SqlError> {
    let trip = take_turn(session, tenant).await?;
    let count = losses.ids.len().saturating_add(others(session, tenant, losses).await?);
    // What goes beyond is refused, or warned of once; there is no use in rows that only count on.
    if trip.is_none() && count <= losses.most {
        let mut values = scope_of(tenant, losses);
        values.push(micros(losses.since).into());
        let over = "DELETE FROM {s}scim_loss WHERE tenant = ?1 AND what = ?2 AND at <= ?3";
        let over = session.statement(over, values);
        session.run(&over).await?;
        let mut values = rows_of(tenant, losses);
        values.push(micros(losses.at).into());
        let new = session.statement(
            "INSERT INTO {s}scim_loss (tenant, what, group_id, id, at) \
             SELECT ?1, ?2, ?3, d.value, ?5 FROM (SELECT DISTINCT l.value FROM {each 4}) AS d WHERE TRUE \
             ON CONFLICT (tenant, what, group_id, id) DO UPDATE SET at = excluded.at",
            values,
        );
        session.run(&new).await?;
    }
    Ok(Tally::new(count, trip))
}

/// What the breaker of a tenant tripped at.
pub(crate) fn trip(row: &Row) -> Result<Option<Trip>, SqlError> {
    let Some(what) = row.optional(0)? else { return Ok(None) };
    let what = match what {
        "members" => Loss::Members,
        _ => Loss::Resources,
    };
    let count = usize::try_from(row.int(1)?).unwrap_or_default();
    let at = DateTime::from_timestamp_micros(row.int(2)?).unwrap_or_default();
    Ok(Some(Trip::new(what, count, BreakerAction::Enforce, at, row.text(3)?)))
}

pub(crate) fn name(what: Loss) -> &'static str {
    match what {
        Loss::Members => "members",
        _ => "resources",
    }
}

pub(crate) fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

/// Waits for other changes by which the tenant loses something, and keeps others waiting until this one is over: one that is
/// not committed yet cannot be counted.
async fn take_turn<S: Session>(session: &mut S, tenant: &TenantId) -> Result<Option<Trip>, SqlError> {
    let statement = session.statement(
        "INSERT INTO {s}scim_breaker (tenant, turns) VALUES (?1, 1) \
         ON CONFLICT (tenant) DO UPDATE SET turns = scim_breaker.turns + 1 RETURNING what, lost, at, actor",
        vec![tenant.as_str().into()],
    );
    let rows = session.rows(&statement).await?;
    rows.first().map_or(Ok(None), trip)
}

/// How much the tenant lost besides this, as far as it matters.
async fn others<S: Session>(session: &mut S, tenant: &TenantId, losses: &Losses) -> Result<usize, SqlError> {
    let limit = i64::try_from(losses.most).unwrap_or(i64::MAX).saturating_add(1);
    let mut values = rows_of(tenant, losses);
    values.extend([micros(losses.since).into(), limit.into()]);
    let statement = session.statement(
        "SELECT COUNT(*) FROM (SELECT 1 FROM {s}scim_loss WHERE tenant = ?1 AND what = ?2 AND at > ?5 \
         AND NOT (group_id = ?3 AND id {in 4}) LIMIT ?6) o",
        values,
    );
    let rows = session.rows(&statement).await?;
    let count = rows.first().map_or(Ok(0), |row| row.int(0))?;
    Ok(usize::try_from(count).unwrap_or_default())
}

fn scope_of(tenant: &TenantId, losses: &Losses) -> Vec<Value> {
    vec![tenant.as_str().into(), name(losses.what).into()]
}

fn rows_of(tenant: &TenantId, losses: &Losses) -> Vec<Value> {
    let mut values = scope_of(tenant, losses);
    let group = losses.group.as_ref().map_or("", |group| group.as_str());
    let ids: Vec<String> = losses.ids.iter().map(|id| id.as_str().to_owned()).collect();
    values.extend([group.into(), ids.into()]);
    values
}
