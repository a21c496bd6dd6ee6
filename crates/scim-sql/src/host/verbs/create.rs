//! Creating a resource.

use scim_core::{
    Draft, Version,
    query::Relations,
    resource::{Found, Head, MemberEffect, MemberStep, given_paths},
};
use scim_store::{Attempt, ChangeKind, ChangeMethod};

use super::{HostTx, sidecar};
use crate::{
    delta::Record,
    error::{Failure, SqlError},
    session::Session,
    verbs::{Gate, labelled},
};

impl<S: Session, G: Gate> HostTx<'_, S, G> {
    /// Creates a resource; see [`ScimStore::create`](scim_store::ScimStore::create).
    pub(crate) async fn create(&mut self, draft: &Draft) -> Result<Found, Failure> {
        let kind = &draft.kind;
        let (shape, writes) = self.writable(kind)?;
        if let Some(id) = &draft.id {
            return self.adopt(draft, id).await;
        }
        let mut landing = shape.mapped.land(&draft.resource)?;
        landing.check(None)?;
        self.look(kind, &"".into(), &draft.keys).await?;
        let id = self.insert_row(shape, writes, &landing).await?;
        let mut content = sidecar::content(kind, &id, &draft.resource, &draft.keys, landing.rest.clone())?;
        let mut effect = MemberEffect::default();
        if !draft.members.is_empty() {
            let steps = [MemberStep::Set(draft.members.clone())];
            (effect, _) = self.members(shape, &id, &steps, &draft.dialect).await?;
        }
        let after = &draft.resource;
        self.ask(Attempt::Create { kind, id: &id, after }, Some(&id)).await?;
        self.ask_members(kind, &id, &effect, Some(&id)).await?;
        let seating = self.seat(kind, &id, None, Some(after)).await?;
        let head = Head::new(id.clone(), self.scope.now);
        let mut given = given_paths(kind, after);
        if let Some(labelled) = labelled(self.scope, kind, after, seating.has) {
            let before = std::mem::replace(&mut landing, shape.mapped.land(&labelled)?);
            content = sidecar::content(kind, &id, &labelled, &draft.keys, landing.rest.clone())?;
            if before.columns != landing.columns {
                self.update_row(shape, writes, &head, (&before, &landing)).await?;
            }
            given = given_paths(kind, &labelled);
        }
        if !effect.is_empty() {
            given.extend(kind.members().map(|members| members.name.clone()));
        }
        self.write_lists(shape, writes, &id, (None, &landing)).await?;
        self.write_links(shape, &id, &effect).await?;

        let now = self.scope.now.timestamp_millis();
        let how = (ChangeKind::Created, ChangeMethod::Create);
        let record = Record::new(self.scope, kind.name(), &id, how, (Version::FIRST, now));
        let record = record.with_changed(&given).with_external_id(after.text("externalId"));
        let content = (content, Some(&draft.keys));
        self.put_beside(kind, &head, content, sidecar::Beside::default(), (record, seating.row))
            .await?;
        let relations = Relations::new(draft.relations.members, draft.relations.memberships);
        let found = self.read(shape, &id, relations).await?;
        Ok(found.ok_or_else(|| {
            SqlError::other("a new row is not visible: see to it that the condition of `visible` holds")
        })?)
    }
}
