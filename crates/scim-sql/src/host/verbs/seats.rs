//! The seat of a resource in a host's table.

use scim_core::{
    ResourceId,
    query::Relations,
    resource::{Found, Resource, changed_paths},
    schema::ResourceType,
};
use scim_store::{ChangeKind, ChangeMethod, SeatStep, StoreError, takes_seats};

use super::{HostTx, WriteMap, lock::Lock, sidecar};
use crate::{
    delta::Record,
    error::Failure,
    host::shape::Shape,
    session::Session,
    verbs::{Gate, Seating, labelled, seat, seat_change},
};

impl<S: Session, G: Gate> HostTx<'_, S, G> {
    /// What a write does to the seat of a resource; to be asked when nothing else can refuse the write. A row that is new to
    /// the library may have one from before, if the host deleted another and did not announce it.
    pub(super) async fn seat(
        &mut self,
        kind: &ResourceType,
        id: &ResourceId,
        before: Option<&Resource>,
        after: Option<&Resource>,
    ) -> Result<Seating, Failure> {
        let step = SeatStep::of(self.scope.settings.seats, kind, before, after);
        seat(self.session, self.scope, id, false, step).await
    }

    /// Gives a seat or takes it back by the host's own hand; whether that changed anything.
    pub(crate) async fn seat_by_hand(&mut self, id: &ResourceId, give: bool) -> Result<bool, Failure> {
        let kinds = self.scope.kinds.types().iter().filter(|kind| takes_seats(kind));
        for kind in kinds {
            let Some(shape) = self.shapes.of(kind.name()) else {
                continue;
            };
            self.lock(shape, id, Lock::Row).await?;
            if let Some(current) = self.read(shape, id, Relations::NONE).await? {
                return self.seat_row_by_hand(shape, current, give).await;
            }
        }
        Err(StoreError::NotFound.into())
    }

    async fn seat_row_by_hand(&mut self, shape: &Shape, current: Found, give: bool) -> Result<bool, Failure> {
        let (kind, id) = (&current.kind, &current.head.id);
        let before = current.stored.resource();
        let Some(seat) = seat_change(self.session, self.scope, id, &before, give).await? else {
            return Ok(false);
        };
        let (before, keys) = sidecar::keys(&current, &self.scope.settings.dialect)?;
        let labelled = labelled(self.scope, kind, &before, Some(give));
        let changed = labelled
            .as_ref()
            .map_or_else(Vec::new, |after| changed_paths(kind, &before, after));
        let resource = labelled.unwrap_or_else(|| before.clone());
        let (before, after) = (shape.mapped.land(&before)?, shape.mapped.land(&resource)?);
        let head = current.head.changed(self.scope.now);
        let plain = WriteMap::new();
        let writes = shape.mapped.table.writes.as_ref().unwrap_or(&plain);
        self.update_row(shape, writes, &head, (&before, &after)).await?;
        let last = (head.version, head.modified.timestamp_millis());
        let how = (ChangeKind::Updated, ChangeMethod::Host);
        let record = Record::new(self.scope, kind.name(), id, how, last);
        let record = record
            .with_changed(&changed)
            .with_external_id(resource.text("externalId"));
        let beside = self.beside(kind, id).await?;
        let mut content = sidecar::content(kind, id, &resource, &keys, after.rest)?;
        // What is unique stays as it was written.
        content.claims.clone_from(&beside.claims);
        self.put_beside(kind, &head, (content, Some(&keys)), beside, (record, seat))
            .await?;
        Ok(true)
    }
}
