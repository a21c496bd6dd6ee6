//! Deleting a resource.

use scim_core::{
    ResourceId,
    query::Relations,
    resource::{MemberEffect, Members},
};
use scim_store::{Attempt, ChangeKind, ChangeMethod, Removal, StoreError};

use super::{HostTx, sidecar};
use crate::{
    delta::{Record, SeatRow},
    error::Failure,
    host::{WriteMap, shape::Shape},
    session::Session,
    verbs::Gate,
};

impl<S: Session, G: Gate> HostTx<'_, S, G> {
    /// Deletes a resource; see [`ScimStore::delete`](scim_store::ScimStore::delete).
    pub(crate) async fn delete(&mut self, removal: &Removal) -> Result<(), Failure> {
        let (kind, id) = (&removal.kind, &removal.id);
        let (shape, writes) = self.writable(kind)?;
        let holders = self.lock_with_holders(shape, id).await?;
        let most = Relations::new(self.gate.is_guarded().then_some(usize::MAX), false);
        let current = self.read(shape, id, most).await?.ok_or(StoreError::NotFound)?;
        if !removal.precondition.allows_write(current.head.version) {
            return Err(StoreError::Precondition.into());
        }
        let before = current.stored.resource();
        self.ask(
            Attempt::Delete {
                kind,
                id,
                before: &before,
            },
            None,
        )
        .await?;
        if let Members::All(members) = &current.members {
            let members = members.iter().map(|member| member.value.clone()).collect();
            let effect = MemberEffect::new(Vec::new(), members);
            self.ask_members(kind, id, &effect, None).await?;
        }
        let effect = MemberEffect::new(Vec::new(), vec![id.clone()]);
        for (group, holder) in &holders {
            // Nobody is asked about groups that are not served (D53).
            let Some(kind) = self.scope.kinds.by_name(group.mapped.kind().name()) else {
                continue;
            };
            self.ask_members(kind, holder, &effect, None).await?;
        }

        self.cut_links(shape, id).await?;
        self.delete_row(shape, writes, id).await?;
        let last = (current.head.version, current.head.modified.timestamp_millis());
        let how = (ChangeKind::Deleted, ChangeMethod::Delete);
        let record = Record::new(self.scope, kind.name(), id, how, last);
        let record = record.with_external_id(before.text("externalId"));
        let beside = self.beside(kind, id).await?;
        self.delete_beside(kind, id, beside, record).await?;
        for (group, holder) in holders {
            self.touch(group, &holder).await?;
        }
        Ok(())
    }

    /// A group has a member more or less: its version moves.
    pub(super) async fn touch(&mut self, shape: &Shape, id: &ResourceId) -> Result<(), Failure> {
        let Some(current) = self.read(shape, id, Relations::NONE).await? else {
            return Ok(());
        };
        let kind = shape.mapped.kind();
        let head = current.head.changed(self.scope.now);
        let (resource, keys) = sidecar::keys(&current, &self.scope.settings.dialect)?;
        let landing = shape.mapped.land(&resource)?;
        let plain = WriteMap::new();
        let writes = shape.mapped.table.writes.as_ref().unwrap_or(&plain);
        self.update_row(shape, writes, &head, (&landing, &landing)).await?;
        let changed: Vec<String> = kind.members().map(|members| members.name.clone()).into_iter().collect();
        let last = (head.version, head.modified.timestamp_millis());
        let how = (ChangeKind::Updated, ChangeMethod::Patch);
        let record = Record::new(self.scope, kind.name(), id, how, last);
        let record = record
            .with_changed(&changed)
            .with_external_id(resource.text("externalId"));
        let beside = self.beside(kind, id).await?;
        let mut content = sidecar::content(kind, id, &resource, &keys, landing.rest)?;
        // What is unique stays as it was written.
        content.claims.clone_from(&beside.claims);
        self.put_beside(kind, &head, (content, None), beside, (record, SeatRow::Keep))
            .await
    }
}
