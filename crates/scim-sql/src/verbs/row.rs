//! Rows of resources, read back.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use scim_core::{
    ResourceId, TenantId, Version,
    resource::{Found, Head, Stored},
    schema::ResourceType,
};

use crate::{
    delta::{Claim, Indexed, STRETCH},
    error::SqlError,
    session::Session,
    statement::{Row, Statement},
};

/// A resource as it is before a write.
pub(super) struct Current {
    pub(super) found: Found,
    pub(super) next_member: i64,
    pub(super) claims: Vec<Claim>,
    /// What indexes are on, where it is read for a change.
    pub(super) indexed: Option<Indexed>,
    /// Where it is counted, where it is read for its deletion.
    pub(super) stretch: i64,
}

/// What is done with a row that is read.
#[derive(Clone, Copy)]
pub(super) enum Lock {
    Delete,
    Read,
    Update,
}

/// A resource of a type, locked for what is to be done with it.
pub(super) async fn read<S: Session>(
    session: &mut S,
    tenant: &TenantId,
    kind: &Arc<ResourceType>,
    id: &ResourceId,
    lock: Lock,
) -> Result<Option<Current>, SqlError> {
    // PostgreSQL has no text with a NUL, so there is no such row.
    if id.as_str().contains('\0') {
        return Ok(None);
    }
    let statement = statement(session, tenant, kind, id, lock);
    let Some(mut row) = session.rows(&statement).await?.pop() else {
        return Ok(None);
    };
    Ok(Some(Current {
        found: found(kind, &mut row)?,
        next_member: row.int(7)?,
        claims: Claim::read(row.optional(8)?),
        indexed: matches!(lock, Lock::Update).then(|| indexed(&row)).transpose()?,
        stretch: match lock {
            Lock::Delete => row.int(9)? >> STRETCH,
            Lock::Read | Lock::Update => 0,
        },
    }))
}

fn statement<S: Session>(
    session: &S,
    tenant: &TenantId,
    kind: &ResourceType,
    id: &ResourceId,
    lock: Lock,
) -> Statement {
    let template = match lock {
        Lock::Delete => concat!(
            "SELECT r.kind, r.id, r.version, r.created, r.modified, r.public, r.hidden, r.next_member, r.claims, ",
            "r.place FROM {s}scim_resource r WHERE r.tenant = ?1 AND r.id = ?2 AND r.kind = ?3{delete}"
        ),
        Lock::Read => concat!(
            "SELECT r.kind, r.id, r.version, r.created, r.modified, r.public, r.hidden, r.next_member, r.claims ",
            "FROM {s}scim_resource r WHERE r.tenant = ?1 AND r.id = ?2 AND r.kind = ?3"
        ),
        Lock::Update => concat!(
            "SELECT r.kind, r.id, r.version, r.created, r.modified, r.public, r.hidden, r.next_member, r.claims, ",
            "r.user_name, r.display_name, r.external_id, r.active FROM {s}scim_resource r WHERE r.tenant = ?1 AND r.id = ?2 AND r.kind = ?3{update}"
        ),
    };
    session.statement(template, vec![tenant.as_str().into(), id.into(), kind.name().into()])
}

fn indexed(row: &Row) -> Result<Indexed, SqlError> {
    let text = |column| Ok::<_, SqlError>(row.optional(column)?.map(str::to_owned));
    Ok(Indexed {
        user_name: text(9)?,
        display_name: text(10)?,
        external_id: text(11)?,
        active: row.optional_flag(12)?,
    })
}

/// A resource without its relations from a row of (type, id, version, created, modified, public, hidden, ..).
pub(crate) fn found(kind: &Arc<ResourceType>, row: &mut Row) -> Result<Found, SqlError> {
    let head = Head::from_row(
        ResourceId::new(row.text(1)?),
        version(row.int(2)?),
        time(row.int(3)?)?,
        time(row.int(4)?)?,
    );
    let public = row.take_bytes(5)?.unwrap_or_else(|| Bytes::from_static(b"{}"));
    let stored = Stored::from_bytes(public, row.take_bytes(6)?);
    Ok(Found::new(Arc::clone(kind), head, stored))
}

pub(crate) fn version(number: i64) -> Version {
    Version::new(number.unsigned_abs())
}

/// A time from its milliseconds since 1970.
pub(crate) fn time(millis: i64) -> Result<DateTime<Utc>, SqlError> {
    DateTime::from_timestamp_millis(millis).ok_or_else(|| SqlError::other("a time is out of range"))
}
