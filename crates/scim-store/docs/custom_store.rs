use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use scim_core::{
    Dialect, Draft, Edit, InputError, ResourceId,
    dialect::Unknown,
    query::{Query, QueryPage, Relations},
    resource::{Found, Head, Keys, Member, MemberRef, MemberStep, Members, Membership, Resource, Stored},
    schema::ResourceType,
};
use scim_store::{Capabilities, Read, Removal, Result, ScimStore, Scope, StoreError, Updated, Write, Written};

/// A store that keeps everything in one list.
#[derive(Debug, Default)]
pub struct ListStore {
    rows: Mutex<Vec<Row>>,
}

#[derive(Debug, Clone)]
struct Row {
    tenant: scim_core::TenantId,
    kind: Arc<ResourceType>,
    head: Head,
    stored: Stored,
    keys: Keys,
    display: Option<Arc<str>>,
    members: Vec<ResourceId>,
}

/// The rows of one tenant, as a transaction changes them.
struct Tx<'a> {
    scope: &'a Scope,
    rows: Vec<Row>,
}

impl ListStore {
    /// Works on a copy of the tenant's rows, which takes their place where all went well: writes are atomic and take turns.
    fn transact<T>(&self, scope: &Scope, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let (own, mut others): (Vec<Row>, Vec<Row>) =
            rows.iter().cloned().partition(|row| row.tenant == *scope.tenant());
        let mut tx = Tx { scope, rows: own };
        let answer = work(&mut tx)?;
        others.extend(tx.rows);
        *rows = others;
        Ok(answer)
    }
}

impl Tx<'_> {
    fn find(&self, kind: &ResourceType, id: &ResourceId) -> Result<&Row> {
        let found = self
            .rows
            .iter()
            .find(|row| row.head.id == *id && row.kind.name() == kind.name());
        found.ok_or(StoreError::NotFound)
    }

    /// Uniqueness, decided under the lock.
    fn check_unique(&self, kind: &ResourceType, id: &ResourceId, keys: &Keys) -> Result<()> {
        let is_other = |row: &&Row| row.kind.name() == kind.name() && row.head.id != *id;
        for key in &keys.unique {
            let mut others = self.rows.iter().filter(is_other);
            if others.any(|row| row.keys.unique.iter().any(|other| other.conflicts(key))) {
                let attribute = key.attribute.clone();
                return Err(StoreError::Uniqueness { attribute });
            }
        }
        Ok(())
    }

    /// Whether a member exists in the tenant: `None` is left out where the dialect says so, else it ends the write.
    fn resolve(&self, group: &ResourceId, reference: &MemberRef, dialect: &Dialect) -> Result<Option<Member>> {
        let row = self
            .rows
            .iter()
            .find(|row| row.head.id == reference.value && row.head.id != *group);
        if row.is_none() && dialect.unknown_members == Unknown::Reject {
            return Err(InputError::value("`members` names members that do not exist").into());
        }
        Ok(row.map(|row| Member::new(row.head.id.clone(), Arc::clone(&row.kind), row.display.clone())))
    }

    fn members(&self, row: &Row) -> Vec<Member> {
        let rows = row
            .members
            .iter()
            .filter_map(|id| self.rows.iter().find(|row| row.head.id == *id));
        rows.map(|row| Member::new(row.head.id.clone(), Arc::clone(&row.kind), row.display.clone()))
            .collect()
    }

    fn found(&self, row: &Row, relations: Relations) -> Found {
        let mut found = Found::new(Arc::clone(&row.kind), row.head.clone(), row.stored.clone());
        if let Some(most) = relations.members.filter(|_| row.kind.members().is_some()) {
            found.members = if row.members.len() > most {
                Members::TooMany
            } else {
                Members::All(self.members(row))
            };
        }
        if relations.memberships && row.kind.memberships().is_some() {
            let groups = self.rows.iter().filter(|group| group.members.contains(&row.head.id));
            let groups =
                groups.map(|row| Membership::new(row.head.id.clone(), Arc::clone(&row.kind), row.display.clone()));
            found.memberships = groups.collect();
        }
        found
    }

    fn create(&mut self, draft: &Draft) -> Result<Found> {
        let id = draft.id.clone().unwrap_or_else(|| self.scope.ids.next());
        if self.rows.iter().any(|row| row.head.id == id) {
            let attribute = "id".to_owned();
            return Err(StoreError::Uniqueness { attribute });
        }
        self.check_unique(&draft.kind, &id, &draft.keys)?;
        let steps = [MemberStep::Set(draft.members.clone())];
        let mut members = Vec::new();
        MemberStep::apply(&steps, &mut members, |reference| {
            self.resolve(&id, reference, &draft.dialect)
        })?;
        let row = Row {
            tenant: self.scope.tenant().clone(),
            kind: Arc::clone(&draft.kind),
            head: Head::new(id.clone(), self.scope.now),
            stored: draft.stored(&id),
            keys: draft.keys.clone(),
            display: display(&draft.resource),
            members: members.into_iter().map(|member| member.value).collect(),
        };
        self.rows.push(row.clone());
        Ok(self.found(&row, draft.relations))
    }

    fn delete(&mut self, removal: &Removal) -> Result<()> {
        let row = self.find(&removal.kind, &removal.id)?;
        if !removal.precondition.allows_write(row.head.version) {
            return Err(StoreError::Precondition);
        }
        self.rows.retain(|row| row.head.id != removal.id);
        for group in self.rows.iter_mut().filter(|group| group.members.contains(&removal.id)) {
            group.members.retain(|id| *id != removal.id);
            group.head = group.head.changed(self.scope.now);
        }
        Ok(())
    }

    fn update(&mut self, edit: &Edit) -> Result<Updated> {
        let before = self.find(edit.kind(), edit.id())?;
        if !edit.precondition().allows_write(before.head.version) {
            return Err(StoreError::Precondition);
        }
        let mut row = before.clone();
        let applied = edit.apply(&before.stored)?;
        let mut changed = false;
        if let Some(stored) = applied.stored {
            self.check_unique(edit.kind(), edit.id(), &applied.keys)?;
            (row.stored, row.keys, row.display) = (stored, applied.keys, display(&applied.after));
            changed = true;
        }
        let (mut members, mut unknown) = (self.members(before), HashSet::new());
        let effect = MemberStep::apply(edit.member_steps(), &mut members, |reference| {
            let member = self.resolve(edit.id(), reference, edit.dialect())?;
            unknown.extend(member.is_none().then(|| reference.value.clone()));
            Ok::<_, StoreError>(member)
        })?;
        if !effect.is_empty() {
            row.members = members.into_iter().map(|member| member.value).collect();
            changed = true;
        }
        if changed {
            row.head = before.head.changed(self.scope.now);
            if let Some(place) = self.rows.iter_mut().find(|other| other.head.id == row.head.id) {
                *place = row.clone();
            }
        }
        let found = edit.answer().map(|relations| self.found(&row, relations));
        Ok(Updated::new(row.head.version, changed, found).with_unknown_members(unknown.len()))
    }
}

/// The name that lists of members and of groups show.
fn display(resource: &Resource) -> Option<Arc<str>> {
    let name = resource.text("displayName").or_else(|| resource.text("userName"));
    name.map(Arc::from)
}

#[async_trait]
impl ScimStore for ListStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities::all_but(|capabilities| capabilities.batch = false)
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        self.transact(scope, |tx| tx.create(draft))
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        self.transact(scope, |tx| tx.delete(removal))
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        self.transact(scope, |tx| Ok(tx.found(tx.find(&read.kind, &read.id)?, read.relations)))
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        self.transact(scope, |tx| {
            Ok(query.run(tx.rows.iter().map(|row| tx.found(row, Relations::ALL))))
        })
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        self.transact(scope, |tx| tx.update(edit))
    }

    async fn batch(&self, _: &Scope, _: &[Write]) -> Result<Vec<Written>> {
        let what = "several writes in one transaction".to_owned();
        Err(StoreError::Unsupported { what })
    }
}
