//! The three writes, each worked out against the state without changing it.

use std::sync::Arc;

use scim_core::{
    Draft, Edit, ResourceId, Version,
    query::Relations,
    resource::{Found, Head, Keys, MemberEffect, Resource, Stored, changed_paths, given_paths},
    schema::ResourceType,
};

use super::{
    members::MemberPlan,
    row::{Content, Entry},
    stage::Tx,
    state::State,
    step::{Question, Step},
};
use crate::{
    Change, ChangeKind, ChangeMethod, Labels, Removal, Result, Scope, SeatStep, StoreError, Updated, Write, Written,
};

/// One write of a transaction.
#[derive(Clone, Copy)]
pub(super) enum Job<'w> {
    Create(&'w Draft),
    Delete(&'w Removal),
    Update(&'w Edit),
}

/// A write that was worked out.
pub(super) struct Plan<'w> {
    pub(super) step: Step,
    pub(super) questions: Vec<Question<'w>>,
    pub(super) answer: Answer,
}

/// What to answer once the transaction is committed.
pub(super) enum Answer {
    Created(Found, Relations),
    Deleted,
    Updated {
        version: Version,
        changed: bool,
        unknown_members: usize,
        found: Option<(Found, Relations)>,
    },
}

/// What a write is worked out with.
#[derive(Clone, Copy)]
pub(super) struct Planner<'a> {
    pub(super) tx: Tx<'a>,
    pub(super) scope: &'a Scope,
    /// Whether there is a guard to ask.
    pub(super) guarded: bool,
}

impl<'w> Job<'w> {
    pub(super) fn of(write: &'w Write) -> Self {
        match write {
            Write::Create(draft) => Self::Create(draft),
            Write::Delete(removal) => Self::Delete(removal),
            Write::Update(edit) => Self::Update(edit),
        }
    }
}

impl Planner<'_> {
    pub(super) fn plan<'w>(self, job: Job<'w>) -> Result<Plan<'w>> {
        match job {
            Job::Create(draft) => self.create(draft),
            Job::Delete(removal) => self.delete(removal),
            Job::Update(edit) => self.update(edit),
        }
    }

    fn create(self, draft: &Draft) -> Result<Plan<'_>> {
        let kind = &draft.kind;
        let id = draft.id.clone().unwrap_or_else(|| self.scope.ids.next());
        if self.tx.knows(&id) {
            let attribute = "id".to_owned();
            return Err(StoreError::Uniqueness { attribute });
        }
        let (seat, has_seat) = self.seat(kind, &id, None, Some(&draft.resource))?;
        let labelled = self.labelled(kind, &draft.resource, has_seat);
        let resource = labelled.as_ref().unwrap_or(&draft.resource);
        let stored = Stored::new(kind, &id, resource);
        let content = self.content(kind, &id, stored, resource, &draft.keys, None)?;
        let mut effect = MemberEffect::default();
        if let Some(mut members) = MemberPlan::new(self.tx, kind, &id, &draft.dialect) {
            members.add(&draft.members)?;
            (effect, _) = members.finish();
        }
        let entry = Entry {
            kind: Arc::clone(kind),
            head: Head::new(id.clone(), self.scope.now),
            content,
        };
        let mut questions = Vec::new();
        if self.guarded {
            questions.push(Question::Create(draft, id.clone()));
            if draft.adopts && draft.password.is_some() {
                questions.push(Question::Password(Arc::clone(kind), id.clone(), draft.resource.clone()));
            }
        }
        let answer = Answer::Created(entry.found(kind), draft.relations);
        let mut given = given_paths(kind, resource);
        if !effect.is_empty() {
            given.extend(kind.members().map(|members| members.name.clone()));
        }
        let how = (ChangeKind::Created, ChangeMethod::Create);
        let mut step = Step {
            records: vec![self.record(&entry, how, given)],
            puts: vec![entry],
            created: Some(id.clone()),
            dialect: Some((Arc::clone(kind), Arc::clone(&draft.dialect))),
            seat,
            ..Step::default()
        };
        self.move_members(kind, &id, effect, &mut step, &mut questions);
        Ok(Plan {
            step,
            questions,
            answer,
        })
    }

    fn delete(self, removal: &Removal) -> Result<Plan<'_>> {
        let entry = self
            .tx
            .entry_of(&removal.kind, &removal.id)
            .ok_or(StoreError::NotFound)?;
        if !removal.precondition.allows_write(entry.head.version) {
            return Err(StoreError::Precondition);
        }
        let (kind, id) = (&removal.kind, &removal.id);
        let mut questions = Vec::new();
        if self.guarded {
            let before = entry.content.stored.resource();
            questions.push(Question::Delete(Arc::clone(kind), id.clone(), before));
        }
        let how = (ChangeKind::Deleted, ChangeMethod::Delete);
        let mut step = Step {
            records: vec![self.record(entry, how, Vec::new())],
            deleted: Some(id.clone()),
            seat: self.seat(kind, id, None, None)?.0,
            ..Step::default()
        };
        let removed = |ids: Vec<ResourceId>| MemberEffect::new(Vec::new(), ids);
        self.move_members(kind, id, removed(self.tx.members(id)), &mut step, &mut questions);
        for group in self.tx.groups(id) {
            let Some(entry) = self.tx.entry(&group) else { continue };
            let entry = self.moved(entry);
            let name = entry.kind.members().map(|members| members.name.clone());
            let how = (ChangeKind::Updated, ChangeMethod::Patch);
            step.records.push(self.record(&entry, how, name.into_iter().collect()));
            let kind = Arc::clone(&entry.kind);
            step.puts.push(entry);
            let effect = removed(vec![id.clone()]);
            if self.scope.kinds.by_name(kind.name()).is_some() {
                self.move_members(&kind, &group, effect, &mut step, &mut questions);
            } else {
                // Nobody is asked about groups that are not served (D53).
                step.members.push((group, effect));
            }
        }
        Ok(Plan {
            step,
            questions,
            answer: Answer::Deleted,
        })
    }

    fn update(self, edit: &Edit) -> Result<Plan<'_>> {
        let (kind, id) = (edit.kind(), edit.id());
        let entry = self.tx.entry_of(kind, id).ok_or(StoreError::NotFound)?;
        if !edit.precondition().allows_write(entry.head.version) {
            return Err(StoreError::Precondition);
        }
        let mut changed = Vec::new();
        let mut change = ChangeKind::Updated;
        let mut step = Step::default();
        let mut questions = Vec::new();
        if self.guarded && edit.password().is_some() {
            let before = entry.content.stored.resource();
            questions.push(Question::Password(Arc::clone(kind), id.clone(), before));
        }
        let mut after = None;
        if edit.touches_attributes() {
            let mut applied = edit.apply(&entry.content.stored)?;
            if let Some(mut stored) = applied.stored.take() {
                let (seat, has_seat) = self.seat(kind, id, Some(&applied.before), Some(&applied.after))?;
                if let Some(labelled) = self.labelled(kind, &applied.after, has_seat) {
                    stored = Stored::new(kind, id, &labelled);
                    applied.changed = changed_paths(kind, &applied.before, &labelled);
                    applied.after = labelled;
                }
                step.seat = seat;
                let before = Some(&*entry.content);
                after = Some(self.content(kind, id, stored, &applied.after, &applied.keys, before)?);
                change = match (applied.before.is_active(), applied.after.is_active()) {
                    (false, true) => ChangeKind::Activated,
                    (true, false) => ChangeKind::Deactivated,
                    _ => ChangeKind::Updated,
                };
                changed = applied.changed;
                step.dialect = Some((Arc::clone(kind), Arc::clone(edit.dialect())));
                if self.guarded {
                    let (before, after) = (applied.before, applied.after);
                    questions.push(Question::Update(Arc::clone(kind), id.clone(), before, after));
                }
            }
        }
        let (mut effect, mut unknown_members) = (MemberEffect::default(), 0);
        if !edit.member_steps().is_empty()
            && let Some(mut members) = MemberPlan::new(self.tx, kind, id, edit.dialect())
        {
            members.apply(edit.member_steps())?;
            (effect, unknown_members) = members.finish();
        }
        if !effect.is_empty() {
            changed.extend(kind.members().map(|members| members.name.clone()));
        }
        let is_changed = after.is_some() || !effect.is_empty();
        let mut entry = entry.clone();
        if is_changed {
            entry = self.moved(&entry);
            entry.content = after.unwrap_or(entry.content);
            let how = (change, ChangeMethod::of(edit));
            step.records.push(self.record(&entry, how, changed));
            step.puts.push(entry.clone());
            self.move_members(kind, id, effect, &mut step, &mut questions);
        }
        let answer = Answer::Updated {
            version: entry.head.version,
            changed: is_changed,
            unknown_members,
            found: edit.answer().map(|relations| (entry.found(kind), relations)),
        };
        Ok(Plan {
            step,
            questions,
            answer,
        })
    }

    /// A resource that gets a seat or gives it back by the host's own hand; nothing where that changes nothing.
    pub(super) fn seat_by_hand(self, id: &ResourceId, give: bool) -> Result<Option<Step>> {
        let kind = self.tx.seated_kind(id).ok_or(StoreError::NotFound)?;
        let entry = self.tx.entry(id).ok_or(StoreError::NotFound)?;
        let before = entry.content.stored.resource();
        match (give, self.tx.has_seat(id)) {
            (true, true) | (false, false) => return Ok(None),
            (true, false) if !before.is_active() => return Err(SeatStep::inactive()),
            (true, false) if !self.tx.has_free_seat() => return Err(SeatStep::refusal()),
            _ => {}
        }
        let mut changed = Vec::new();
        let mut entry = self.moved(entry);
        if let Some(labelled) = self.labelled(kind, &before, Some(give)) {
            changed = changed_paths(kind, &before, &labelled);
            entry.content = Arc::new(entry.content.with(Stored::new(kind, id, &labelled)));
        }
        let how = (ChangeKind::Updated, ChangeMethod::Host);
        Ok(Some(Step {
            records: vec![self.record(&entry, how, changed)],
            puts: vec![entry],
            seat: Some((id.clone(), give)),
            ..Step::default()
        }))
    }

    /// A resource with what the store says of it; nothing where that is what it says already.
    fn labelled(self, kind: &ResourceType, resource: &Resource, has_seat: Option<bool>) -> Option<Resource> {
        kind.extension(Labels::URN)?;
        let mut labelled = resource.clone();
        Labels::put(self.scope, kind, &mut labelled, has_seat).then_some(labelled)
    }

    /// The new content of a resource, with keys that no other one has.
    fn content(
        self,
        kind: &ResourceType,
        id: &ResourceId,
        stored: Stored,
        resource: &Resource,
        keys: &Keys,
        before: Option<&Content>,
    ) -> Result<Arc<Content>> {
        let shelf = self.tx.state.shelf(kind).map(|(_, shelf)| shelf);
        let share = |name: &str| {
            let known = shelf.and_then(|shelf| shelf.attribute(name));
            known.map_or_else(|| Arc::from(name), Arc::clone)
        };
        let content = Content::new(stored, resource, keys, before, share);
        match content.claims.iter().find(|claim| self.tx.is_taken(kind, claim, id)) {
            Some(claim) => {
                let attribute = claim.attribute.as_ref().to_owned();
                Err(StoreError::Uniqueness { attribute })
            }
            None => Ok(Arc::new(content)),
        }
    }

    /// A resource with its version moved.
    fn moved(self, entry: &Entry) -> Entry {
        Entry {
            head: entry.head.changed(self.scope.now),
            ..entry.clone()
        }
    }

    /// Adds a change of members to a step, with the question to the guard.
    fn move_members(
        self,
        kind: &Arc<ResourceType>,
        group: &ResourceId,
        effect: MemberEffect,
        step: &mut Step,
        questions: &mut Vec<Question<'_>>,
    ) {
        if effect.is_empty() {
            return;
        }
        if self.guarded {
            questions.push(Question::Members(Arc::clone(kind), group.clone(), effect.clone()));
        }
        step.members.push((group.clone(), effect));
    }

    fn record(self, entry: &Entry, (kind, method): (ChangeKind, ChangeMethod), changed: Vec<String>) -> Change {
        let (scope, head) = (self.scope, &entry.head);
        let (tenant, at) = (scope.tenant().clone(), head.modified.max(scope.now));
        // It is numbered when it is committed.
        Change::new(tenant, entry.kind.name(), head.id.clone(), kind, head.version, at)
            .with_method(method.within(scope))
            .with_changed(changed)
            .with_external_id(entry.content.external_id.as_deref().map(str::to_owned))
            .with_request(&scope.principal.name, &scope.request_id)
    }
}

impl Answer {
    /// The answer from the committed state; a resource that a later write of its batch deleted is told as it was.
    pub(super) fn finish(self, state: &State) -> Written {
        let now = |found: Found, relations: Relations| match state.find_of(&found.kind, &found.head.id) {
            Some((_, row)) => state.found(row, &found.kind, relations),
            None => found,
        };
        match self {
            Self::Created(found, relations) => Written::Created(now(found, relations)),
            Self::Deleted => Written::Deleted,
            Self::Updated {
                version,
                changed,
                unknown_members,
                found,
            } => {
                let found = found.map(|(found, relations)| now(found, relations));
                let version = found.as_ref().map_or(version, |found| found.head.version);
                Written::Updated(Updated::new(version, changed, found).with_unknown_members(unknown_members))
            }
        }
    }
}
