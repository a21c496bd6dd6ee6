//! Deleting a resource.

use std::sync::Arc;

use scim_core::{
    ResourceId, Version,
    resource::{MemberEffect, Resource, Stored},
    schema::ResourceType,
};
use scim_store::{Attempt, ChangeKind, ChangeMethod, Removal, StoreError};

use super::{
    gate::Gate,
    row::{self, Lock},
    tx::Tx,
};
use crate::{
    Engine,
    delta::{Delta, Listed, Record, RowChange, external_id},
    error::Failure,
    prepared::millis,
    session::Session,
};

/// The groups of a member, in the order in which every writer locks groups.
const HOLDERS: &str = concat!(
    "SELECT r.id, r.kind, r.version, r.modified, r.external_id, ",
    "CASE WHEN r.external_id IS NULL AND r.public LIKE '%\"externalId\"%' THEN r.public END ",
    "FROM {s}scim_resource r WHERE r.tenant = ?1 AND r.id IN ",
    "(SELECT m.group_id FROM {s}scim_member m WHERE m.tenant = ?1 AND m.member_id = ?2) ORDER BY r.id{update}"
);

/// Whether a row is waited for that another transaction has locked.
#[derive(Clone, Copy)]
enum Wait {
    Gladly,
    Never,
}

/// A group that the resource is a direct member of.
struct Holder {
    id: ResourceId,
    kind: String,
    /// Version and time of the last change.
    head: (Version, i64),
    external_id: Option<String>,
}

impl<S: Session, G: Gate> Tx<'_, S, G> {
    pub(super) async fn delete(&mut self, removal: &Removal) -> Result<(), Failure> {
        let (kind, id) = (&removal.kind, &removal.id);
        if self.session.engine() == Engine::Postgres {
            // Whoever changes members locks the group first and then the members; so does this.
            self.holders(id, Wait::Gladly).await?;
        }
        let current = row::read(self.session, self.scope.tenant(), kind, id, Lock::Delete).await?;
        let current = current.ok_or(StoreError::NotFound)?;
        let head = &current.found.head;
        if !removal.precondition.allows_write(head.version) {
            return Err(StoreError::Precondition.into());
        }
        // It comes into no more groups. For one that it came into meanwhile nobody waits: who has that may be waiting for it.
        let holders = self.holders(id, Wait::Never).await?;
        let before = current.found.stored.resource();
        if self.gate.is_guarded() {
            self.ask_deletion(kind, id, &before, &holders).await?;
        }

        let seating = self.seat(kind, id, Some(&before), None).await?;
        let mut delta = Delta::new(self.scope, kind, id);
        delta.row = RowChange::Delete;
        delta.seat = seating.row;
        delta.index((current.claims, Listed::of(kind, &before)), (&[], &[]));
        let last = (head.version, millis(&head.modified));
        let how = (ChangeKind::Deleted, ChangeMethod::Delete);
        let record = Record::new(self.scope, kind.name(), id, how, last);
        delta.records = vec![record.with_external_id(before.text("externalId"))];
        for holder in holders {
            // Groups that are not served now are kept right all the same (D53).
            let members = self.scope.kinds.by_name(&holder.kind).and_then(|kind| kind.members());
            let changed = [members.map_or_else(|| "members".to_owned(), |members| members.name.clone())];
            let (version, modified) = (holder.head.0.next(), holder.head.1.max(delta.now));
            let (how, last) = ((ChangeKind::Updated, ChangeMethod::Patch), (version, modified));
            let record = Record::new(self.scope, &holder.kind, &holder.id, how, last);
            let record = record.with_external_id(holder.external_id.as_deref());
            delta.records.push(record.with_changed(&changed));
            delta.touched.push(holder.id);
        }
        delta.count = Some(self.count(kind, id, Some(current.stretch)));
        if let Some(batch) = &mut self.batch {
            batch.freed.insert(id.clone());
        }
        self.write(kind, delta, None).await
    }

    /// The groups that hold a resource, locked, in the order of their identifiers. Where it is not waited and one is locked by
    /// another transaction, the verb is to be tried again.
    async fn holders(&mut self, id: &ResourceId, wait: Wait) -> Result<Vec<Holder>, Failure> {
        if id.as_str().contains('\0') {
            return Ok(Vec::new());
        }
        let template = match wait {
            Wait::Gladly => HOLDERS.to_owned(),
            Wait::Never => format!("{HOLDERS}{{nowait}}"),
        };
        let values = vec![self.scope.tenant().as_str().into(), id.into()];
        let statement = self.session.statement(&template, values);
        let rows = self.session.rows(&statement).await?;
        let holders = rows.into_iter().map(|mut row| {
            let stored = Stored::from_bytes(row.take_bytes(5)?.unwrap_or_default(), None);
            Ok(Holder {
                id: ResourceId::new(row.text(0)?),
                kind: row.text(1)?.to_owned(),
                head: (row::version(row.int(2)?), row.int(3)?),
                external_id: external_id(row.optional(4)?, &stored),
            })
        });
        holders.collect()
    }

    async fn ask_deletion(
        &mut self,
        kind: &Arc<ResourceType>,
        id: &ResourceId,
        before: &Resource,
        holders: &[Holder],
    ) -> Result<(), Failure> {
        self.ask(Attempt::Delete { kind, id, before }).await?;
        let members = self.member_ids(id).await?;
        self.ask_members(kind, id, &MemberEffect::new(Vec::new(), members))
            .await?;
        for holder in holders {
            let Some(kind) = self.scope.kinds.by_name(&holder.kind) else {
                continue;
            };
            let effect = MemberEffect::new(Vec::new(), vec![id.clone()]);
            self.ask_members(&Arc::clone(kind), &holder.id, &effect).await?;
        }
        Ok(())
    }

    async fn member_ids(&mut self, group: &ResourceId) -> Result<Vec<ResourceId>, Failure> {
        let statement = self.session.statement(
            "SELECT m.member_id FROM {s}scim_member m WHERE m.tenant = ?1 AND m.group_id = ?2 ORDER BY m.place",
            vec![self.scope.tenant().as_str().into(), group.into()],
        );
        let rows = self.session.rows(&statement).await?;
        rows.iter().map(|row| Ok(ResourceId::new(row.text(0)?))).collect()
    }
}
