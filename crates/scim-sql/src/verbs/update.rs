//! Changing a resource.

use scim_core::{
    Applied, Edit,
    resource::{Found, Keys, MemberEffect, Stored, changed_paths},
};
use scim_store::{Attempt, ChangeKind, ChangeMethod, StoreError, Updated};

use super::{
    gate::Gate,
    members::MemberPlan,
    relations::Relate,
    row::{self, Current, Lock},
    seats::labelled,
    tx::Tx,
};
use crate::{
    delta::{Content, Delta, Image, Joined, Listed, Record, RowChange, SeatRow, external_id},
    error::Failure,
    prepared::millis,
    session::Session,
};

/// What an edit makes of attributes, where it changes any.
struct NewContent {
    content: Content,
    applied: Applied,
    change: ChangeKind,
    seat: SeatRow,
}

impl<S: Session, G: Gate> Tx<'_, S, G> {
    pub(super) async fn update(&mut self, edit: &Edit) -> Result<Updated, Failure> {
        let (kind, id) = (edit.kind(), edit.id());
        let current = row::read(self.session, self.scope.tenant(), kind, id, Lock::Update).await?;
        let current = current.ok_or(StoreError::NotFound)?;
        if !edit.precondition().allows_write(current.found.head.version) {
            return Err(StoreError::Precondition.into());
        }
        let mut new = new_content(edit, &current)?;
        if let Some(new) = &new
            && (self.looks_first() || !edit.member_steps().is_empty())
        {
            self.look(kind, id, &new.applied.keys).await?;
        }
        let (effect, unknown_members) = self.new_members(edit, &current).await?;
        if edit.password().is_some() && self.gate.is_guarded() {
            let before = &current.found.stored.resource();
            self.ask(Attempt::Password { kind, id, before }).await?;
        }
        if new.is_none() && effect.is_empty() {
            return self
                .answer(edit, current.found, current.next_member, false, unknown_members)
                .await;
        }
        if let Some(NewContent { applied, .. }) = &new {
            let (before, after) = (&applied.before, &applied.after);
            let attempt = Attempt::Update {
                kind,
                id,
                before,
                after,
            };
            self.ask(attempt).await?;
        }
        self.ask_members(kind, id, &effect).await?;
        if let Some(new) = &mut new {
            self.seat_and_label(edit, new).await?;
        }
        let (found, next_member) = self.put(edit, current, new, effect).await?;
        self.answer(edit, found, next_member, true, unknown_members).await
    }

    /// Decides of the seat, and writes it into the resource if that shows it.
    async fn seat_and_label(&mut self, edit: &Edit, new: &mut NewContent) -> Result<(), Failure> {
        let (kind, id, applied) = (edit.kind(), edit.id(), &mut new.applied);
        let seating = self.seat(kind, id, Some(&applied.before), Some(&applied.after)).await?;
        new.seat = seating.row;
        if let Some(labelled) = labelled(self.scope, kind, &applied.after, seating.has) {
            let stored = Stored::new(kind, id, &labelled);
            new.content = Content::new(kind, &stored, &labelled, &applied.keys)?;
            applied.changed = changed_paths(kind, &applied.before, &labelled);
            applied.stored = Some(stored);
            applied.after = labelled;
        }
        Ok(())
    }

    async fn new_members(&mut self, edit: &Edit, current: &Current) -> Result<(MemberEffect, usize), Failure> {
        let plan = MemberPlan::new(
            self.scope,
            self.batch.as_ref(),
            edit.kind(),
            &current.found.head.id,
            edit.dialect(),
        );
        match plan {
            Some(mut members) if !edit.member_steps().is_empty() => {
                members.apply(self.session, edit.member_steps()).await?;
                Ok(members.finish())
            }
            _ => Ok(Default::default()),
        }
    }

    /// Writes what changes; the resource as it is then, and the place of its next member.
    async fn put(
        &mut self,
        edit: &Edit,
        current: Current,
        new: Option<NewContent>,
        effect: MemberEffect,
    ) -> Result<(Found, i64), Failure> {
        let (kind, id, was) = (edit.kind(), edit.id(), current.found.head.version);
        let mut found = current.found;
        found.head = found.head.changed(row::time(millis(&self.scope.now))?);
        let mut delta = Delta::new(self.scope, kind, id);
        let mut next_member = current.next_member;
        let mut changed = Vec::new();
        let mut change = ChangeKind::Updated;
        if !effect.is_empty() {
            changed.extend(kind.members().map(|members| members.name.clone()));
        }
        delta.left = effect.removed;
        if !effect.added.is_empty() {
            next_member += i64::try_from(effect.added.len()).unwrap_or(i64::MAX);
            let (first, members) = (current.next_member, effect.added);
            delta.joined = Some(Joined { first, members });
        }
        let mut keys: Option<Keys> = None;
        let external;
        match new {
            None => {
                let column = current
                    .indexed
                    .as_ref()
                    .and_then(|indexed| indexed.external_id.as_deref());
                external = external_id(column, &found.stored);
                delta.touched.push(id.clone());
            }
            Some(new) => {
                let listed = Listed::of(kind, &new.applied.before);
                delta.index((current.claims, listed), (&new.content.claims, &new.content.listed));
                if let Some(stored) = new.applied.stored {
                    found.stored = stored;
                }
                let mut attributes = new.applied.changed;
                attributes.append(&mut changed);
                external = new.applied.keys.external_id.clone();
                (changed, change, keys) = (attributes, new.change, Some(new.applied.keys));
                delta.seat = new.seat;
                delta.row = RowChange::Update {
                    image: Box::new(Image {
                        version: found.head.version,
                        created: millis(&found.head.created),
                        modified: millis(&found.head.modified),
                        content: new.content,
                    }),
                    was,
                    before: current.indexed,
                };
            }
        }
        let head = (found.head.version, millis(&found.head.modified));
        let how = (change, ChangeMethod::of(edit));
        let record = Record::new(self.scope, kind.name(), id, how, head);
        delta.records = vec![record.with_changed(&changed).with_external_id(external.as_deref())];
        self.write(kind, delta, keys.as_ref()).await?;
        Ok((found, next_member))
    }

    async fn answer(
        &mut self,
        edit: &Edit,
        mut found: Found,
        next_member: i64,
        changed: bool,
        unknown_members: usize,
    ) -> Result<Updated, Failure> {
        let version = found.head.version;
        let mut answer = None;
        if let Some(relations) = edit.answer() {
            // A batch answers from what there is at its end.
            if self.batch.is_none() {
                let relate = Relate::new(self.scope, relations);
                relate.one(self.session, &mut found, Some(next_member)).await?;
            }
            answer = Some(found);
        }
        Ok(Updated::new(version, changed, answer).with_unknown_members(unknown_members))
    }
}

fn new_content(edit: &Edit, current: &Current) -> Result<Option<NewContent>, Failure> {
    if !edit.touches_attributes() {
        return Ok(None);
    }
    let applied = edit.apply(&current.found.stored)?;
    let Some(stored) = &applied.stored else { return Ok(None) };
    let content = Content::changed(edit.kind(), stored, &applied)?;
    let change = match (applied.before.is_active(), applied.after.is_active()) {
        (false, true) => ChangeKind::Activated,
        (true, false) => ChangeKind::Deactivated,
        _ => ChangeKind::Updated,
    };
    Ok(Some(NewContent {
        content,
        applied,
        change,
        seat: SeatRow::Keep,
    }))
}
