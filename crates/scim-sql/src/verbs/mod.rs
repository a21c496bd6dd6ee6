//! The verbs of a store, written once for every session.
//!
//! Each runs inside a transaction that the store began, and does nothing to it: the store commits where a verb answers, and
//! rolls back where it fails. A [temporary](crate::error::Failure::is_temporary) failure is worth the whole verb again.

mod batch;
mod counts;
mod create;
mod delete;
mod gate;
mod get;
mod members;
mod query;
mod relations;
mod rivals;
mod row;
mod seats;
mod tx;
mod update;
mod view;

#[cfg(feature = "sqlite")]
#[cfg(test)]
mod tests;

use scim_core::{Draft, Edit, ResourceId, resource::Found};
use scim_store::{Removal, Scope, Updated, Write, Written};

use self::tx::Tx;
use crate::{error::Failure, session::Session};

pub(crate) use gate::{Gate, OpenGate};
pub(crate) use get::get;
pub(crate) use query::query;
pub(crate) use rivals::find as rival;
#[cfg(feature = "postgres")]
pub(crate) use row::found;
pub(crate) use row::{time, version};
pub(crate) use seats::{Seating, by_hand as seat_change, labelled, seat};
pub(crate) use view::{hold, keep};

/// Creates a resource; see [`ScimStore::create`](scim_store::ScimStore::create).
pub(crate) async fn create<S: Session, G: Gate>(
    session: &mut S,
    gate: &mut G,
    scope: &Scope,
    draft: &Draft,
) -> Result<Found, Failure> {
    Tx::new(session, gate, scope).create(draft).await
}

/// Changes a resource; see [`ScimStore::update`](scim_store::ScimStore::update).
pub(crate) async fn update<S: Session, G: Gate>(
    session: &mut S,
    gate: &mut G,
    scope: &Scope,
    edit: &Edit,
) -> Result<Updated, Failure> {
    Tx::new(session, gate, scope).update(edit).await
}

/// Deletes a resource; see [`ScimStore::delete`](scim_store::ScimStore::delete).
pub(crate) async fn delete<S: Session, G: Gate>(
    session: &mut S,
    gate: &mut G,
    scope: &Scope,
    removal: &Removal,
) -> Result<(), Failure> {
    Tx::new(session, gate, scope).delete(removal).await
}

/// Does several writes, all or none; see [`ScimStore::batch`](scim_store::ScimStore::batch).
pub(crate) async fn batch<S: Session, G: Gate>(
    session: &mut S,
    gate: &mut G,
    scope: &Scope,
    writes: &[Write],
) -> Result<Vec<Written>, Failure> {
    Tx::new(session, gate, scope).batch(writes).await
}

/// Gives a seat or takes it back by the host's own hand; see [`SeatStore::assign`](scim_store::SeatStore::assign).
pub(crate) async fn seat_by_hand<S: Session>(
    session: &mut S,
    scope: &Scope,
    id: &ResourceId,
    give: bool,
) -> Result<bool, Failure> {
    Tx::new(session, &mut OpenGate, scope).seat_by_hand(id, give).await
}
