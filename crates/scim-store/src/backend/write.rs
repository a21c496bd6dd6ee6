//! The three writes.

use std::sync::Arc;

use scim_core::{
    Dialect, Draft, Edit, ResourceId,
    resource::{Found, Keys, MemberEffect, MemberStep},
    schema::ResourceType,
    typed::TypedResource,
    urn,
};

use super::{
    Backends, GroupBackend, Lookup, Record, RecordChange, UserBackend,
    entry::{self, Entry, kind_of},
    members::Settled,
    shelf::Shelf,
};
use crate::{Attempt, Removal, Result, Scope, StoreError, Updated};

/// How often a change is worked out again after somebody else was faster.
const TRIES: usize = 5;

/// Others change the resource all the time.
const BUSY: StoreError = StoreError::Unavailable {
    retry_after: 1,
    source: None,
};

impl<U: UserBackend, G: GroupBackend> Backends<U, G> {
    pub(super) async fn create_in<S: Shelf>(&self, shelf: &S, scope: &Scope, draft: &Draft) -> Result<Found> {
        let _turn = self.turns.take(scope.tenant()).await;
        let kind = &draft.kind;
        let id = match &draft.id {
            Some(id) => id.clone(),
            None => shelf.new_id(scope).await?,
        };
        check_unique(shelf, scope, kind, None, &draft.keys, &draft.dialect).await?;
        let mut settled = Settled::default();
        if kind.members().is_some() {
            let steps = [MemberStep::Set(draft.members.clone())];
            settled = self.settle(scope, &id, &[], &steps, &draft.dialect).await?;
        }
        let (resource, after) = (draft.resource.clone(), &draft.resource);
        self.ask(scope, Attempt::Create { kind, id: &id, after }).await?;
        if draft.adopts && draft.password.is_some() {
            let (id, before) = (&id, after);
            self.ask(scope, Attempt::Password { kind, id, before }).await?;
        }
        self.ask_members(scope, kind, &id, &settled.effect).await?;
        let value = entry::view(kind, &id, resource, &settled.members)?;
        let record = shelf.create(scope, Record::new(id, value, scope.now)).await?;
        let found = Entry::of(scope, kind, record)?.found;
        self.shown(scope, found, draft.relations).await
    }

    pub(super) async fn update_in<S: Shelf>(&self, shelf: &S, scope: &Scope, edit: &Edit) -> Result<Updated> {
        let _turn = self.turns.take(scope.tenant()).await;
        for _ in 0..TRIES {
            if let Some(updated) = self.try_update(shelf, scope, edit).await? {
                return Ok(updated);
            }
        }
        Err(BUSY)
    }

    pub(super) async fn delete_in<S: Shelf>(&self, shelf: &S, scope: &Scope, removal: &Removal) -> Result<()> {
        let _turn = self.turns.take(scope.tenant()).await;
        let (kind, id) = (&removal.kind, &removal.id);
        let Some(entry) = self.entry(shelf, scope, kind, id).await? else {
            // A deletion that ended half-way is repeated: what is left of it goes now.
            if self.member(scope, id).await?.is_none() {
                self.leave(scope, &self.around(scope, id).await?, id).await?;
            }
            return Err(StoreError::NotFound);
        };
        if !removal.precondition.allows_write(entry.found.head.version) {
            return Err(StoreError::Precondition);
        }
        let around = self.around(scope, id).await?;
        if self.guard.is_some() {
            let before = &entry.found.stored.resource();
            self.ask(scope, Attempt::Delete { kind, id, before }).await?;
            let own = entry.members().iter().map(|member| member.value.clone());
            self.ask_members(scope, kind, id, &MemberEffect::new(Vec::new(), own.collect()))
                .await?;
            let effect = MemberEffect::new(Vec::new(), vec![id.clone()]);
            // Nobody is asked about groups that are not served (D53).
            if let Some(groups) = kind_of(scope, urn::GROUP) {
                for group in &around {
                    self.ask_members(scope, groups, group, &effect).await?;
                }
            }
        }
        shelf.delete(scope, &entry.record).await?;
        self.leave(scope, &around, id).await
    }

    /// Changes a resource as it is now; `None` where somebody else was faster.
    async fn try_update<S: Shelf>(&self, shelf: &S, scope: &Scope, edit: &Edit) -> Result<Option<Updated>> {
        let (kind, id) = (edit.kind(), edit.id());
        let before = self.entry(shelf, scope, kind, id).await?;
        let before = before.ok_or(StoreError::NotFound)?;
        let version = before.found.head.version;
        if !edit.precondition().allows_write(version) {
            return Err(StoreError::Precondition);
        }
        let mut applied = None;
        if edit.touches_attributes() {
            applied = Some(edit.apply(&before.found.stored)?).filter(|applied| applied.stored.is_some());
        }
        if let Some(applied) = &applied {
            check_unique(shelf, scope, kind, Some(id), &applied.keys, edit.dialect()).await?;
        }
        let mut settled = Settled::default();
        if kind.members().is_some() {
            let steps = edit.member_steps();
            settled = self.settle(scope, id, before.members(), steps, edit.dialect()).await?;
        }
        let answer = async |found: Found, version, changed| {
            let found = match edit.answer() {
                Some(relations) => Some(self.shown(scope, found, relations).await?),
                None => None,
            };
            let updated = Updated::new(version, changed, found);
            Ok(Some(updated.with_unknown_members(settled.unknown)))
        };
        if edit.password().is_some() && self.guard.is_some() {
            let before = &before.found.stored.resource();
            self.ask(scope, Attempt::Password { kind, id, before }).await?;
        }
        if applied.is_none() && settled.effect.is_empty() {
            return answer(before.found, version, false).await;
        }
        if let Some(applied) = &applied {
            let (before, after) = (&applied.before, &applied.after);
            let attempt = Attempt::Update {
                kind,
                id,
                before,
                after,
            };
            self.ask(scope, attempt).await?;
        }
        self.ask_members(scope, kind, id, &settled.effect).await?;
        let resource = applied.map_or_else(|| before.found.stored.resource(), |applied| applied.after);
        let value = entry::view(kind, id, resource, &settled.members)?;
        let change = RecordChange::new(&before.record, value, scope.now).with_members(settled.effect);
        let record = match shelf.update(scope, change).await {
            Err(StoreError::Precondition) => return Ok(None),
            other => other?,
        };
        let found = Entry::of(scope, kind, record)?.found;
        let now = found.head.version;
        answer(found, now, now != version).await
    }

    async fn ask_members(
        &self,
        scope: &Scope,
        kind: &Arc<ResourceType>,
        id: &ResourceId,
        effect: &MemberEffect,
    ) -> Result<()> {
        if effect.is_empty() {
            return Ok(());
        }
        let (added, removed) = (&effect.added, &effect.removed);
        let attempt = Attempt::Members {
            kind,
            id,
            added,
            removed,
        };
        self.ask(scope, attempt).await
    }

    /// The groups that have a member, also where groups are not served.
    async fn around(&self, scope: &Scope, member: &ResourceId) -> Result<Vec<ResourceId>> {
        let mut around = Vec::new();
        for group in self.groups_with(scope, member).await? {
            if entry::has_member(&group.value, member)? {
                around.push(group.id);
            }
        }
        Ok(around)
    }

    /// Takes a member that is gone out of groups, each as it is now.
    async fn leave(&self, scope: &Scope, groups: &[ResourceId], gone: &ResourceId) -> Result<()> {
        for id in groups {
            let mut tries = TRIES;
            while let Some(group) = self.groups.get(scope, id).await? {
                if !entry::has_member(&group.value, gone)? {
                    break;
                }
                let left = entry::without_member(&group.value, gone)?;
                let effect = MemberEffect::new(Vec::new(), vec![gone.clone()]);
                let change = RecordChange::new(&group, left, scope.now).with_members(effect);
                match self.groups.update(scope, change).await {
                    Err(StoreError::Precondition) if tries > 1 => tries -= 1,
                    Err(StoreError::Precondition) => return Err(BUSY),
                    Err(StoreError::NotFound) | Ok(_) => break,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

/// Looks for other records with one of these keys.
async fn check_unique<S: Shelf>(
    shelf: &S,
    scope: &Scope,
    kind: &Arc<ResourceType>,
    own: Option<&ResourceId>,
    keys: &Keys,
    dialect: &Dialect,
) -> Result<()> {
    let mut all: Option<Vec<(ResourceId, Keys)>> = None;
    for key in &keys.unique {
        let found = match Lookup::of_key(key) {
            Some(by) => shelf.find(scope, by).await?,
            None => None,
        };
        let found = found.map(|records| known_keys(kind, records, dialect)).transpose()?;
        let rivals = match (&found, &all) {
            (Some(rivals), _) | (None, Some(rivals)) => rivals,
            (None, None) => all.insert(known_keys(kind, shelf.list(scope).await?, dialect)?),
        };
        let mut others = rivals.iter().filter(|(id, _)| own != Some(id));
        if others.any(|(_, keys)| keys.unique.iter().any(|other| other.conflicts(key))) {
            let attribute = key.attribute.clone();
            return Err(StoreError::Uniqueness { attribute });
        }
    }
    Ok(())
}

/// What records claim. A user name of the host's own that is none to SCIM claims nothing.
fn known_keys<V: TypedResource>(
    kind: &ResourceType,
    records: Vec<Record<V>>,
    dialect: &Dialect,
) -> Result<Vec<(ResourceId, Keys)>> {
    let keys_of = |record: Record<V>| {
        let resource = entry::resource(kind, &record)?;
        Ok((record.id, Keys::of(&resource, kind, dialect).unwrap_or_default()))
    };
    records.into_iter().map(keys_of).collect()
}
