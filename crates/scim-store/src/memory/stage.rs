//! Changes that are worked out but not committed, and the state as it looks with them.

use std::{collections::HashMap, sync::Arc};

use scim_core::{
    Dialect, ResourceId,
    resource::{Member, Membership},
    schema::ResourceType,
};

use super::{
    row::{Claim, Entry},
    state::State,
    step::Step,
};
use crate::{Change, Write};

/// What a transaction will change. It is dropped without a trace if the transaction does not come to its end.
#[derive(Default)]
pub(super) struct Staged {
    /// Resources as they will be; `None` for those that will be gone.
    pub(super) rows: HashMap<ResourceId, Option<Entry>>,
    /// Resources that are new, in order.
    pub(super) created: Vec<ResourceId>,
    /// Members of groups.
    pub(super) members: LinkMap,
    /// The same the other way round.
    pub(super) groups: LinkMap,
    /// What the values that must be unique were prepared by.
    pub(super) dialects: Vec<(Arc<ResourceType>, Arc<Dialect>)>,
    pub(super) records: Vec<Change>,
    /// Who gets a seat, and who gives one back.
    pub(super) seats: HashMap<ResourceId, bool>,
    /// How many seats more are used.
    pub(super) more_seats: i64,
    /// Claims of staged resources, to find rivals by.
    claims: HashMap<(Arc<str>, Arc<str>), Vec<ResourceId>>,
    /// Resources that later writes of the batch create: members may name them already.
    expected: HashMap<ResourceId, Arc<ResourceType>>,
}

/// Changes of members, by one side of the relation and then the other.
#[derive(Default)]
pub(super) struct LinkMap {
    map: HashMap<ResourceId, HashMap<ResourceId, Link>>,
    last: u64,
}

/// How a membership will differ from what is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// It is new; the number tells which came first.
    Added(u64),
    /// It is gone.
    Removed,
}

impl Staged {
    /// Nothing yet, but the identifiers that the writes will create.
    pub(super) fn expecting(writes: &[Write]) -> Self {
        let drafts = writes.iter().filter_map(|write| match write {
            Write::Create(draft) => Some((draft.id.clone()?, Arc::clone(&draft.kind))),
            _ => None,
        });
        Self {
            expected: drafts.collect(),
            ..Self::default()
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.members.map.is_empty()
    }

    /// Takes one more step of the transaction in.
    pub(super) fn absorb(&mut self, step: Step) {
        for entry in step.puts {
            let id = entry.head.id.clone();
            for claim in &entry.content.claims {
                let holders = self.claims.entry(claim.place()).or_default();
                if !holders.contains(&id) {
                    holders.push(id.clone());
                }
            }
            self.rows.insert(id, Some(entry));
        }
        if let Some(id) = step.created {
            self.expected.remove(&id);
            self.created.push(id);
        }
        if let Some(id) = step.deleted {
            self.rows.insert(id, None);
        }
        for (group, effect) in step.members {
            for member in effect.removed {
                self.members.remove(&group, &member);
                self.groups.remove(&member, &group);
            }
            for member in effect.added {
                self.members.add(&group, &member);
                self.groups.add(&member, &group);
            }
        }
        if let Some((id, has)) = step.seat {
            self.more_seats += if has { 1 } else { -1 };
            self.seats.insert(id, has);
        }
        self.dialects.extend(step.dialect);
        self.records.extend(step.records);
    }
}

impl LinkMap {
    pub(super) fn into_inner(self) -> HashMap<ResourceId, HashMap<ResourceId, Link>> {
        self.map
    }

    fn of(&self, one: &ResourceId) -> Option<&HashMap<ResourceId, Link>> {
        self.map.get(one)
    }

    fn add(&mut self, one: &ResourceId, other: &ResourceId) {
        self.last += 1;
        let links = self.map.entry(one.clone()).or_default();
        match links.get(other) {
            Some(Link::Removed) => {
                links.remove(other);
            }
            Some(Link::Added(_)) => {}
            None => {
                links.insert(other.clone(), Link::Added(self.last));
            }
        }
    }

    fn remove(&mut self, one: &ResourceId, other: &ResourceId) {
        let links = self.map.entry(one.clone()).or_default();
        match links.get(other) {
            Some(Link::Added(_)) => {
                links.remove(other);
            }
            Some(Link::Removed) => {}
            None => {
                links.insert(other.clone(), Link::Removed);
            }
        }
    }

    /// A committed list as it will be: without what is gone, and what is new at its end.
    fn overlay(&self, one: &ResourceId, committed: impl Iterator<Item = ResourceId>) -> Vec<ResourceId> {
        let Some(links) = self.of(one) else {
            return committed.collect();
        };
        let mut list: Vec<ResourceId> = committed.filter(|other| !links.contains_key(other)).collect();
        let mut added: Vec<(u64, &ResourceId)> = links
            .iter()
            .filter_map(|(other, link)| match link {
                Link::Added(number) => Some((*number, other)),
                Link::Removed => None,
            })
            .collect();
        added.sort_unstable();
        list.extend(added.into_iter().map(|(_, other)| other.clone()));
        list
    }
}

/// The state of a tenant as a transaction sees it: what is committed, and on top of it what is staged.
#[derive(Clone, Copy)]
pub(super) struct Tx<'a> {
    pub(super) state: &'a State,
    pub(super) staged: &'a Staged,
}

impl<'a> Tx<'a> {
    /// A resource of any type.
    pub(super) fn entry(self, id: &ResourceId) -> Option<&'a Entry> {
        match self.staged.rows.get(id) {
            Some(entry) => entry.as_ref(),
            None => {
                let at = self.state.find(id.as_str())?;
                self.state.row(at).map(|row| &row.entry)
            }
        }
    }

    /// A resource of a type.
    pub(super) fn entry_of(self, kind: &ResourceType, id: &ResourceId) -> Option<&'a Entry> {
        self.entry(id).filter(|entry| entry.kind.name() == kind.name())
    }

    /// Whether an identifier is or was in use. One that this transaction freed is not used again.
    pub(super) fn knows(self, id: &ResourceId) -> bool {
        self.staged.rows.contains_key(id) || self.state.find(id.as_str()).is_some()
    }

    /// The type of a resource that is there, or will be at the end of the batch.
    pub(super) fn kind_of(self, id: &ResourceId) -> Option<&'a Arc<ResourceType>> {
        let there = self.entry(id).map(|entry| &entry.kind);
        there.or_else(|| self.staged.expected.get(id))
    }

    pub(super) fn is_member(self, group: &ResourceId, id: &ResourceId) -> bool {
        match self.staged.members.of(group).and_then(|links| links.get(id)) {
            Some(link) => *link != Link::Removed,
            None => {
                let row = |id: &ResourceId| self.state.find(id.as_str());
                let links = row(group).and_then(|at| self.state.row(at)?.members.as_ref());
                links.is_some_and(|links| row(id).is_some_and(|member| links.contains(member)))
            }
        }
    }

    /// The members of a group, in order.
    pub(super) fn members(self, group: &ResourceId) -> Vec<ResourceId> {
        let row = self.state.find(group.as_str()).and_then(|at| self.state.row(at));
        let links = row.and_then(|row| row.members.as_ref());
        let rows = links.into_iter().flat_map(|links| links.iter());
        let committed = rows
            .filter_map(|at| self.state.row(at))
            .map(|row| row.entry.head.id.clone());
        self.staged.members.overlay(group, committed)
    }

    /// What a resource is a direct member of, in the order of their identifiers.
    pub(super) fn groups(self, member: &ResourceId) -> Vec<ResourceId> {
        let row = self.state.find(member.as_str()).and_then(|at| self.state.row(at));
        let rows = row.into_iter().flat_map(|row| row.groups.iter());
        let committed = rows
            .filter_map(|at| self.state.row(*at))
            .map(|row| row.entry.head.id.clone());
        let mut groups = self.staged.groups.overlay(member, committed);
        groups.sort_unstable();
        groups
    }

    pub(super) fn member_rows(self, group: &ResourceId) -> Vec<Member> {
        let members = self.members(group);
        members
            .iter()
            .filter_map(|id| self.entry(id))
            .map(Entry::as_member)
            .collect()
    }

    pub(super) fn membership_rows(self, member: &ResourceId) -> Vec<Membership> {
        let groups = self.groups(member);
        groups
            .iter()
            .filter_map(|id| self.entry(id))
            .map(Entry::as_membership)
            .collect()
    }

    /// Whether another resource of the type has what this one claims.
    pub(super) fn is_taken(self, kind: &ResourceType, claim: &Claim, but: &ResourceId) -> bool {
        let unique = self
            .state
            .shelf(kind)
            .and_then(|(_, shelf)| shelf.unique(&claim.attribute));
        let committed = unique.into_iter().flat_map(|unique| unique.rivals(claim));
        let mut committed = committed
            .filter_map(|at| self.state.row(at))
            .map(|row| &row.entry.head.id);
        if committed.any(|id| id != but && !self.staged.rows.contains_key(id)) {
            return true;
        }
        let staged = self.staged.claims.get(&claim.place()).into_iter().flatten();
        let mut staged = staged.filter(|id| *id != but).filter_map(|id| self.entry_of(kind, id));
        staged.any(|entry| entry.content.claims.iter().any(|other| other.conflicts(claim)))
    }
}

impl Claim {
    fn place(&self) -> (Arc<str>, Arc<str>) {
        (Arc::clone(&self.attribute), Arc::clone(&self.key))
    }
}
