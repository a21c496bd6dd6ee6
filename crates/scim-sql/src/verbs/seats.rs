//! The seat of a resource that is written.

use std::sync::Arc;

use scim_core::{
    ResourceId,
    resource::{Keys, Resource, Stored, changed_paths},
    schema::ResourceType,
};
use scim_store::{ChangeKind, ChangeMethod, Labels, Scope, SeatPolicy, SeatStep, StoreError, takes_seats};

use super::{
    gate::Gate,
    row::{self, Current, Lock},
    tx::Tx,
};
use crate::{
    delta::{Content, Delta, Image, Record, RowChange, SeatRow},
    error::Failure,
    prepared::millis,
    seats,
    session::Session,
};

/// What becomes of a seat.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seating {
    /// What is to be written.
    pub(crate) row: SeatRow,
    /// Whether there is a seat then, where that is known.
    pub(crate) has: Option<bool>,
}

/// Takes what a step wants of the pool; the rest of it is in the answer, to be written with the resource.
///
/// # Errors
///
/// Denied where a seat is required and none is free.
pub(crate) async fn seat<S: Session>(
    session: &mut S,
    scope: &Scope,
    id: &ResourceId,
    is_new: bool,
    step: SeatStep,
) -> Result<Seating, Failure> {
    let (row, has) = match step {
        SeatStep::Keep => (SeatRow::Keep, None),
        // Nobody takes seats meanwhile, and one is rarely left: no statement of its own.
        SeatStep::Release if scope.settings.seats == SeatPolicy::Never => (SeatRow::Drop, Some(false)),
        SeatStep::Release => {
            seats::give_back(session, scope.tenant(), id).await?;
            (SeatRow::Keep, Some(false))
        }
        SeatStep::Take { required } => {
            if !is_new && seats::has(session, scope.tenant(), id).await? {
                (SeatRow::Keep, Some(true))
            } else if seats::take(session, scope.tenant()).await? {
                (SeatRow::Put, Some(true))
            } else if required {
                return Err(SeatStep::refusal().into());
            } else {
                (SeatRow::Keep, Some(false))
            }
        }
    };
    Ok(Seating { row, has })
}

/// A resource with what the store says of it; nothing where that is what it says already.
pub(crate) fn labelled(
    scope: &Scope,
    kind: &ResourceType,
    resource: &Resource,
    has_seat: Option<bool>,
) -> Option<Resource> {
    kind.extension(Labels::URN)?;
    let mut labelled = resource.clone();
    Labels::put(scope, kind, &mut labelled, has_seat).then_some(labelled)
}

impl<S: Session, G: Gate> Tx<'_, S, G> {
    /// What a write does to the seat of a resource; to be asked when nothing else can refuse the write.
    pub(super) async fn seat(
        &mut self,
        kind: &ResourceType,
        id: &ResourceId,
        before: Option<&Resource>,
        after: Option<&Resource>,
    ) -> Result<Seating, Failure> {
        let step = SeatStep::of(self.scope.settings.seats, kind, before, after);
        seat(self.session, self.scope, id, before.is_none(), step).await
    }

    /// Gives a seat or takes it back by the host's own hand; whether that changed anything.
    pub(super) async fn seat_by_hand(&mut self, id: &ResourceId, give: bool) -> Result<bool, Failure> {
        let kinds = Arc::clone(&self.scope.kinds);
        for kind in kinds.types().iter().filter(|kind| takes_seats(kind)) {
            let current = row::read(self.session, self.scope.tenant(), kind, id, Lock::Update).await?;
            if let Some(current) = current {
                return self.seat_row_by_hand(kind, current, give).await;
            }
        }
        Err(StoreError::NotFound.into())
    }

    async fn seat_row_by_hand(
        &mut self,
        kind: &Arc<ResourceType>,
        current: Current,
        give: bool,
    ) -> Result<bool, Failure> {
        let id = current.found.head.id.clone();
        let resource = current.found.stored.resource();
        let Some(seat) = by_hand(self.session, self.scope, &id, &resource, give).await? else {
            return Ok(false);
        };
        let head = current.found.head.changed(row::time(millis(&self.scope.now))?);
        let mut delta = Delta::new(self.scope, kind, &id);
        let mut changed = Vec::new();
        match labelled(self.scope, kind, &resource, Some(give)) {
            None => delta.touched.push(id.clone()),
            Some(labelled) => {
                changed = changed_paths(kind, &resource, &labelled);
                let keys = Keys::of(&labelled, kind, &self.scope.settings.dialect)?;
                let mut content = Content::new(kind, &Stored::new(kind, &id, &labelled), &labelled, &keys)?;
                // What is unique stays as it was written.
                content.claims = current.claims;
                delta.row = RowChange::Update {
                    image: Box::new(Image {
                        version: head.version,
                        created: millis(&head.created),
                        modified: millis(&head.modified),
                        content,
                    }),
                    was: current.found.head.version,
                    before: current.indexed,
                };
            }
        }
        delta.seat = seat;
        let last = (head.version, millis(&head.modified));
        let how = (ChangeKind::Updated, ChangeMethod::Host);
        let record = Record::new(self.scope, kind.name(), &id, how, last).with_changed(&changed);
        delta.records = vec![record.with_external_id(resource.text("externalId"))];
        self.write(kind, delta, None).await?;
        Ok(true)
    }
}

/// What the host's own hand does to a seat, where it does anything.
pub(crate) async fn by_hand<S: Session>(
    session: &mut S,
    scope: &Scope,
    id: &ResourceId,
    resource: &Resource,
    give: bool,
) -> Result<Option<SeatRow>, Failure> {
    match (give, seats::has(session, scope.tenant(), id).await?) {
        (true, true) | (false, false) => Ok(None),
        (false, true) => Ok(Some(SeatRow::Drop)),
        (true, false) if !resource.is_active() => Err(SeatStep::inactive().into()),
        (true, false) if seats::take(session, scope.tenant()).await? => Ok(Some(SeatRow::Put)),
        (true, false) => Err(SeatStep::refusal().into()),
    }
}
