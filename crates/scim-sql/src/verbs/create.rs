//! Creating a resource.

use std::sync::Arc;

use scim_core::{
    Draft, InputError, ResourceId, Version,
    resource::{Found, Head, MemberEffect, MemberStep, Stored, given_paths},
};
use scim_store::{Attempt, ChangeKind, ChangeMethod, StoreError};

use super::{gate::Gate, members::MemberPlan, relations::Relate, rivals, row, seats::labelled, tx::Tx};
use crate::{
    delta::{Content, Delta, Image, Joined, Record, RowChange},
    error::Failure,
    prepared::millis,
    session::Session,
};

impl<S: Session, G: Gate> Tx<'_, S, G> {
    pub(super) async fn create(&mut self, draft: &Draft) -> Result<Found, Failure> {
        let kind = &draft.kind;
        let id = self.new_id(draft).await?;
        let mut stored = draft.stored(&id);
        let mut content = Content::new(kind, &stored, &draft.resource, &draft.keys)?;
        if self.looks_first() || !draft.members.is_empty() {
            self.look(kind, &id, &draft.keys).await?;
        }
        let effect = self.first_members(draft, &id).await?;
        let (resource, after) = (&draft.resource, &id);
        let attempt = Attempt::Create {
            kind,
            id: after,
            after: resource,
        };
        self.ask(attempt).await?;
        if draft.adopts && draft.password.is_some() {
            let (id, before) = (&id, resource);
            self.ask(Attempt::Password { kind, id, before }).await?;
        }
        self.ask_members(kind, &id, &effect).await?;
        let seating = self.seat(kind, &id, None, Some(resource)).await?;
        let mut given = given_paths(kind, resource);
        if let Some(labelled) = labelled(self.scope, kind, resource, seating.has) {
            stored = Stored::new(kind, &id, &labelled);
            content = Content::new(kind, &stored, &labelled, &draft.keys)?;
            given = given_paths(kind, &labelled);
        }

        let now = row::time(millis(&self.scope.now))?;
        let mut found = Found::new(Arc::clone(kind), Head::new(id.clone(), now), stored);
        let joined = i64::try_from(effect.added.len()).unwrap_or(i64::MAX);
        if joined > 0 {
            given.extend(kind.members().map(|members| members.name.clone()));
        }
        let mut delta = Delta::new(self.scope, kind, &id);
        delta.index((Vec::new(), Vec::new()), (&content.claims, &content.listed));
        delta.joined = (joined > 0).then_some(Joined {
            first: 0,
            members: effect.added,
        });
        let head = (Version::FIRST, delta.now);
        let how = (ChangeKind::Created, ChangeMethod::Create);
        let record = Record::new(self.scope, kind.name(), &id, how, head);
        let record = record.with_external_id(draft.keys.external_id.as_deref());
        delta.records = vec![record.with_changed(&given)];
        delta.row = RowChange::Insert(Box::new(Image {
            version: Version::FIRST,
            created: delta.now,
            modified: delta.now,
            content,
        }));
        delta.count = Some(self.count(kind, &id, None));
        delta.seat = seating.row;
        self.write(kind, delta, Some(&draft.keys)).await?;

        if self.batch.is_none() {
            let mut relations = draft.relations;
            // Nobody has had the time to make it a member.
            relations.memberships = false;
            let relate = Relate::new(self.scope, relations);
            relate.one(self.session, &mut found, Some(joined)).await?;
        }
        Ok(found)
    }

    /// The draft's own identifier, if nobody has it, or a new one.
    async fn new_id(&mut self, draft: &Draft) -> Result<ResourceId, Failure> {
        let Some(id) = &draft.id else {
            return Ok(self.scope.ids.next());
        };
        if id.as_str().contains('\0') {
            return Err(InputError::value("`id` holds a NUL").into());
        }
        let was_freed = self.batch.as_ref().is_some_and(|batch| batch.freed.contains(id));
        if was_freed || rivals::is_known(self.session, self.scope.tenant(), id).await? {
            let attribute = "id".to_owned();
            return Err(StoreError::Uniqueness { attribute }.into());
        }
        Ok(id.clone())
    }

    async fn first_members(&mut self, draft: &Draft, id: &ResourceId) -> Result<MemberEffect, Failure> {
        if draft.members.is_empty() {
            return Ok(MemberEffect::default());
        }
        let Some(mut members) = MemberPlan::new(self.scope, self.batch.as_ref(), &draft.kind, id, &draft.dialect)
        else {
            return Ok(MemberEffect::default());
        };
        let steps = [MemberStep::Add(draft.members.clone())];
        members.apply(self.session, &steps).await?;
        let (effect, _) = members.finish();
        Ok(effect)
    }
}
