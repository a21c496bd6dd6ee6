//! Making a resource of a row that the host had before (decision D71).

use scim_core::{
    Draft, ResourceId, Version,
    query::Relations,
    resource::{Found, Head, Keys, Resource, given_paths},
    schema::ResourceType,
};
use scim_store::{Attempt, ChangeKind, ChangeMethod, StoreError};
use serde_json::Value as Json;

use super::{
    HostTx, read_where,
    sidecar::{self, Beside},
    unsupported,
};
use crate::{
    delta::Record,
    error::{Failure, SqlError},
    host::{read::settle_schemas, shape::Shape},
    session::Session,
    verbs::{Gate, labelled},
};

impl<S: Session, G: Gate> HostTx<'_, S, G> {
    /// Makes a row that `visible` hides what a draft says, and seen. What the draft does not say stays as it is.
    pub(super) async fn adopt(&mut self, draft: &Draft, id: &ResourceId) -> Result<Found, Failure> {
        let kind = &draft.kind;
        let (shape, writes) = self.writable(kind)?;
        let Some(mark) = &writes.adoption else {
            return Err(unsupported("an identifier of the request's own").into());
        };
        let holders = self.lock_with_holders(shape, id).await?;
        let current = self.hidden(shape, id).await?;
        let before = current.stored.resource();
        let mut after = overlaid(kind, &before, &draft.resource);
        let keys = Keys::of(&after, kind, &draft.dialect)?;
        self.look(kind, id, &keys).await?;
        let old = shape.mapped.land(&before)?;
        shape.mapped.land(&after)?.check(Some(&old))?;
        self.ask_adoption(draft, id, (&before, &after)).await?;
        let seating = self.seat(kind, id, None, Some(&after)).await?;
        if let Some(labelled) = labelled(self.scope, kind, &after, seating.has) {
            after = labelled;
        }
        let new = shape.mapped.land(&after)?;

        let beside = self.beside(kind, id).await?;
        let head = self.head(shape, &current.head, &beside);
        self.mark_row(shape, writes, id, mark).await?;
        self.update_row(shape, writes, &head, (&old, &new)).await?;
        self.write_lists(shape, writes, id, (Some(&old), &new)).await?;
        let folded = self.fold(shape, id, &new.columns).await;
        folded.map_err(|error| self.refused(writes, error))?;

        let last = (head.version, head.modified.timestamp_millis());
        let how = (ChangeKind::Created, ChangeMethod::Create);
        let record = Record::new(self.scope, kind.name(), id, how, last);
        let record = record
            .with_changed(&given_paths(kind, &after))
            .with_external_id(after.text("externalId"));
        let content = sidecar::content(kind, id, &after, &keys, new.rest)?;
        self.put_beside(kind, &head, (content, Some(&keys)), beside, (record, seating.row))
            .await?;
        // They had it as a member before, and show it from now on.
        for (group, holder) in holders {
            self.touch(group, &holder).await?;
        }
        let found = self.read(shape, id, draft.relations).await?;
        Ok(found.ok_or_else(|| {
            SqlError::other(
                "an adopted row is not visible: see to it that `adopt_by` makes the condition of `visible` hold",
            )
        })?)
    }

    /// The row of an account that is not a resource yet.
    async fn hidden(&mut self, shape: &Shape, id: &ResourceId) -> Result<Found, Failure> {
        let of = (self.shapes, shape);
        let hidden = read_where(self.session, of, self.scope, id, Relations::NONE, &shape.hidden).await?;
        if let Some(found) = hidden {
            return Ok(found);
        }
        if self.read(shape, id, Relations::NONE).await?.is_some() {
            let attribute = "id".to_owned();
            return Err(StoreError::Uniqueness { attribute }.into());
        }
        Err(StoreError::other("an account that is to be adopted is not among the rows of its tenant").into())
    }

    /// It is a creation to those who count users, and a change to those who protect accounts.
    async fn ask_adoption(
        &mut self,
        draft: &Draft,
        id: &ResourceId,
        (before, after): (&Resource, &Resource),
    ) -> Result<(), Failure> {
        let kind = &draft.kind;
        self.ask(Attempt::Create { kind, id, after }, Some(id)).await?;
        let update = Attempt::Update {
            kind,
            id,
            before,
            after,
        };
        self.ask(update, Some(id)).await?;
        if draft.password.is_some() {
            self.ask(Attempt::Password { kind, id, before }, Some(id)).await?;
        }
        Ok(())
    }

    /// The first head of a row that nobody knew, or the next of one that was a resource before.
    fn head(&self, shape: &Shape, current: &Head, beside: &Beside) -> Head {
        let (table, now) = (&shape.mapped.table, self.scope.now);
        let next = current.changed(now);
        let was_known = beside.version.is_some();
        let has_version = was_known || table.version.is_some();
        let version = if has_version { next.version } else { Version::FIRST };
        let has_created = was_known || table.created.is_some();
        let created = if has_created { current.created } else { now };
        Head::from_row(current.id.clone(), version, created, next.modified.max(created))
    }
}

/// A resource with what another one says put in: complex attributes and extensions by their parts, lists as a whole.
fn overlaid(kind: &ResourceType, before: &Resource, draft: &Resource) -> Resource {
    let mut after = before.clone();
    let attributes = after.attributes_mut();
    for (name, value) in draft.attributes() {
        match (attributes.get_mut(name), value) {
            (Some(Json::Object(old)), Json::Object(new)) => {
                old.extend(new.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            (Some(old), _) => *old = value.clone(),
            (None, _) => {
                attributes.insert(name.clone(), value.clone());
            }
        }
    }
    settle_schemas(attributes, kind);
    after
}
