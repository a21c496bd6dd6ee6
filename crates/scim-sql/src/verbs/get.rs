//! Reading one resource.

use scim_core::resource::Found;
use scim_store::{Read, Scope, StoreError};

use super::{
    relations::Relate,
    row::{self, Lock},
};
use crate::{error::Failure, session::Session};

/// Reads a resource; see [`ScimStore::get`](scim_store::ScimStore::get). The caller sees to it that the statements see one
/// state of the database.
pub(crate) async fn get<S: Session>(session: &mut S, scope: &Scope, read: &Read) -> Result<Found, Failure> {
    let current = row::read(session, scope.tenant(), &read.kind, &read.id, Lock::Read).await?;
    let mut current = current.ok_or(StoreError::NotFound)?;
    let relate = Relate::new(scope, read.relations);
    relate
        .one(session, &mut current.found, Some(current.next_member))
        .await?;
    Ok(current.found)
}
