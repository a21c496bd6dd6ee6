//! Changing a resource.

use scim_core::{
    Applied, Edit,
    resource::{Found, changed_paths},
};
use scim_store::{Attempt, ChangeKind, ChangeMethod, StoreError, Updated};

use super::{HostTx, lock::Lock, sidecar};
use crate::{
    delta::{Record, SeatRow},
    error::Failure,
    host::{landing::Landing, shape::Shape},
    session::Session,
    verbs::{Gate, labelled},
};

impl<S: Session, G: Gate> HostTx<'_, S, G> {
    /// Changes a resource; see [`ScimStore::update`](scim_store::ScimStore::update).
    pub(crate) async fn update(&mut self, edit: &Edit) -> Result<Updated, Failure> {
        let (kind, id) = (edit.kind(), edit.id());
        let (shape, writes) = self.writable(kind)?;
        let lock = if edit.touches_attributes() {
            Lock::Row
        } else {
            Lock::Members
        };
        self.lock(shape, id, lock).await?;
        let current = self.read(shape, id, scim_core::query::Relations::NONE).await?;
        let current = current.ok_or(StoreError::NotFound)?;
        if !edit.precondition().allows_write(current.head.version) {
            return Err(StoreError::Precondition.into());
        }
        let mut applied = applied(edit, &current)?;
        if let Some(applied) = &applied {
            self.look(kind, id, &applied.keys).await?;
        }
        let (effect, unknown) = self.members(shape, id, edit.member_steps(), edit.dialect()).await?;
        if edit.password().is_some() && self.gate.is_guarded() {
            let before = &current.stored.resource();
            self.ask(Attempt::Password { kind, id, before }, None).await?;
        }
        if applied.is_none() && effect.is_empty() {
            return self.answer(shape, edit, current.head.version, false, unknown).await;
        }
        let (mut resource, keys) = match &applied {
            Some(applied) => (applied.after.clone(), applied.keys.clone()),
            None => sidecar::keys(&current, edit.dialect())?,
        };
        let before = shape.mapped.land(&current.stored.resource())?;
        shape.mapped.land(&resource)?.check(Some(&before))?;
        if let Some(applied) = &applied {
            let (before, after) = (&applied.before, &applied.after);
            let attempt = Attempt::Update {
                kind,
                id,
                before,
                after,
            };
            self.ask(attempt, None).await?;
        }
        self.ask_members(kind, id, &effect, None).await?;
        let mut seat = SeatRow::Keep;
        if let Some(applied) = &mut applied {
            let seating = self.seat(kind, id, Some(&applied.before), Some(&resource)).await?;
            seat = seating.row;
            if let Some(labelled) = labelled(self.scope, kind, &resource, seating.has) {
                applied.changed = changed_paths(kind, &applied.before, &labelled);
                resource = labelled;
            }
        }
        let after = shape.mapped.land(&resource)?;

        let head = current.head.changed(self.scope.now);
        let mut changed = applied
            .as_ref()
            .map_or_else(Vec::new, |applied| applied.changed.clone());
        if !effect.is_empty() {
            changed.extend(kind.members().map(|members| members.name.clone()));
        }
        let what = applied.as_ref().map_or(ChangeKind::Updated, change_of);
        let last = (head.version, head.modified.timestamp_millis());
        let record = Record::new(self.scope, kind.name(), id, (what, ChangeMethod::of(edit)), last);
        let record = record
            .with_changed(&changed)
            .with_external_id(resource.text("externalId"));
        self.update_row(shape, writes, &head, (&before, &after)).await?;
        self.write_lists(shape, writes, id, (Some(&before), &after)).await?;
        self.write_links(shape, id, &effect).await?;
        let Landing { rest, .. } = after;
        let content = sidecar::content(kind, id, &resource, &keys, rest)?;
        let beside = self.beside(kind, id).await?;
        self.put_beside(kind, &head, (content, Some(&keys)), beside, (record, seat))
            .await?;
        self.answer(shape, edit, head.version, true, unknown).await
    }

    async fn answer(
        &mut self,
        shape: &Shape,
        edit: &Edit,
        version: scim_core::Version,
        changed: bool,
        unknown: usize,
    ) -> Result<Updated, Failure> {
        let found = match edit.answer() {
            Some(relations) => self.read(shape, edit.id(), relations).await?,
            None => None,
        };
        Ok(Updated::new(version, changed, found).with_unknown_members(unknown))
    }
}

/// What the edit makes of the attributes, where it changes any.
fn applied(edit: &Edit, current: &Found) -> Result<Option<Applied>, Failure> {
    if !edit.touches_attributes() {
        return Ok(None);
    }
    let applied = edit.apply(&current.stored)?;
    Ok(applied.stored.is_some().then_some(applied))
}

fn change_of(applied: &Applied) -> ChangeKind {
    match (applied.before.is_active(), applied.after.is_active()) {
        (false, true) => ChangeKind::Activated,
        (true, false) => ChangeKind::Deactivated,
        _ => ChangeKind::Updated,
    }
}
