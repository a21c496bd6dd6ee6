//! Reading and searching.

use std::{collections::HashMap, sync::Arc};

use scim_core::{
    ResourceId,
    filter::Predicate,
    query::{Page, Query, QueryPage, Relations},
    resource::{Found, Membership},
    schema::ResourceType,
    typed::TypedResource,
    urn,
};

use super::{
    Backends, GroupBackend, Lookup, Record, UserBackend,
    entry::{Entry, kind_of, trimmed},
    find::Hint,
    shelf::Shelf,
    store::Side,
};
use crate::{Read, Result, Scope, StoreError};

impl<U: UserBackend, G: GroupBackend> Backends<U, G> {
    pub(super) async fn entry<S: Shelf>(
        &self,
        shelf: &S,
        scope: &Scope,
        kind: &Arc<ResourceType>,
        id: &ResourceId,
    ) -> Result<Option<Entry<S::View>>> {
        let record = shelf.get(scope, id).await?;
        record.map(|record| Entry::of(scope, kind, record)).transpose()
    }

    pub(super) async fn get_in<S: Shelf>(&self, shelf: &S, scope: &Scope, read: &Read) -> Result<Found> {
        let entry = self.entry(shelf, scope, &read.kind, &read.id).await?;
        let found = entry.ok_or(StoreError::NotFound)?.found;
        self.shown(scope, found, read.relations).await
    }

    /// A resource with the relations that are asked for.
    pub(super) async fn shown(&self, scope: &Scope, found: Found, relations: Relations) -> Result<Found> {
        let mut found = [trimmed(found, relations)];
        if relations.memberships {
            self.add_memberships(scope, &mut found).await?;
        }
        let [found] = found;
        Ok(found)
    }

    pub(super) async fn search(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        let mut page = match self.pushed_down(scope, query).await? {
            Some(page) => page,
            None => {
                let mut all = Vec::new();
                for target in &query.targets {
                    let mut found = self
                        .candidates(scope, &target.kind, target.predicate.as_ref(), query.look_through)
                        .await?;
                    if query.reads_memberships(&target.kind) {
                        self.add_memberships(scope, &mut found).await?;
                    }
                    all.append(&mut found);
                }
                query.run(all)
            }
        };
        let is_done = |found: &Found| query.reads_memberships(&found.kind);
        if query.relations.memberships && !page.items.iter().all(is_done) {
            self.add_memberships(scope, &mut page.items).await?;
        }
        Ok(page)
    }

    /// Resources of a type with their members, all that can match a predicate among them.
    pub(super) async fn candidates(
        &self,
        scope: &Scope,
        kind: &Arc<ResourceType>,
        predicate: Option<&Predicate>,
        look_through: Option<usize>,
    ) -> Result<Vec<Found>> {
        match self.side(kind)? {
            Side::Groups => candidates(&self.groups, scope, kind, predicate, look_through).await,
            Side::Users => candidates(&self.users, scope, kind, predicate, look_through).await,
        }
    }

    /// A page that a back end cuts by itself: one of a type in the order of creation.
    async fn pushed_down(&self, scope: &Scope, query: &Query) -> Result<Option<QueryPage>> {
        let ([target], Page::Index { start, count }, false, false) =
            (query.targets.as_slice(), &query.page, query.sorted, query.descending)
        else {
            return Ok(None);
        };
        if target.predicate.is_some() {
            return Ok(None);
        }
        match self.side(&target.kind)? {
            Side::Groups => page(&self.groups, scope, query, &target.kind, (*start, *count)).await,
            Side::Users => page(&self.users, scope, query, &target.kind, (*start, *count)).await,
        }
    }

    /// Puts in what resources are direct members of. All groups are read once where there are several resources.
    pub(super) async fn add_memberships(&self, scope: &Scope, found: &mut [Found]) -> Result<()> {
        let Some(groups) = kind_of(scope, urn::GROUP) else {
            return Ok(());
        };
        found.iter_mut().for_each(|found| found.memberships.clear());
        let mut wanting: Vec<&mut Found> = found
            .iter_mut()
            .filter(|found| found.kind.memberships().is_some())
            .collect();
        let around = match wanting.as_slice() {
            [] => return Ok(()),
            [one] => self.groups_with(scope, &one.head.id).await?,
            _ => self.groups.list(scope).await?,
        };
        let around = entries(scope, groups, around)?;
        let mut by_member: HashMap<ResourceId, Vec<Membership>> = HashMap::new();
        for group in &around {
            let head = &group.found.head;
            let display = group.found.stored.resource().text("displayName").map(Arc::from);
            for member in group.members() {
                let membership = Membership::new(head.id.clone(), Arc::clone(groups), display.clone());
                by_member.entry(member.value.clone()).or_default().push(membership);
            }
        }
        for found in &mut wanting {
            found.memberships = by_member.remove(&found.head.id).unwrap_or_default();
            found.memberships.sort_by(|one, two| one.value.cmp(&two.value));
        }
        Ok(())
    }

    /// The groups that have a member, also where groups are not served, and perhaps others.
    pub(super) async fn groups_with(&self, scope: &Scope, member: &ResourceId) -> Result<Vec<Record<G::View>>> {
        match self.groups.find(scope, Lookup::Member(member.as_str())).await? {
            Some(records) => Ok(records),
            None => self.groups.list(scope).await,
        }
    }
}

async fn candidates<S: Shelf>(
    shelf: &S,
    scope: &Scope,
    kind: &Arc<ResourceType>,
    predicate: Option<&Predicate>,
    look_through: Option<usize>,
) -> Result<Vec<Found>> {
    let known = match predicate.and_then(Hint::of) {
        None => None,
        Some(Hint::By(lookup)) => shelf.find(scope, lookup).await?,
        Some(Hint::Id(id)) => Some(shelf.get(scope, &ResourceId::new(id)).await?.into_iter().collect()),
        Some(Hint::Nowhere) => Some(Vec::new()),
    };
    let records = match known {
        Some(records) => records,
        None => {
            let records = shelf.list(scope).await?;
            if predicate.is_some() && look_through.is_some_and(|most| records.len() > most) {
                return Err(StoreError::TooMany);
            }
            records
        }
    };
    let entries = entries(scope, kind, records)?;
    Ok(entries.into_iter().map(|entry| entry.found).collect())
}

async fn page<S: Shelf>(
    shelf: &S,
    scope: &Scope,
    query: &Query,
    kind: &Arc<ResourceType>,
    (start, count): (usize, usize),
) -> Result<Option<QueryPage>> {
    let Some(part) = shelf.page(scope, start.saturating_sub(1), count).await? else {
        return Ok(None);
    };
    let entries = entries(scope, kind, part.records)?;
    let found = entries.into_iter().take(count);
    let found = found.map(|entry| trimmed(entry.found, query.relations)).collect();
    Ok(Some(QueryPage::new(Some(part.total), found, None)))
}

fn entries<V: TypedResource>(
    scope: &Scope,
    kind: &Arc<ResourceType>,
    records: Vec<Record<V>>,
) -> Result<Vec<Entry<V>>> {
    records
        .into_iter()
        .map(|record| Entry::of(scope, kind, record))
        .collect()
}
