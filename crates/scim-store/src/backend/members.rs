//! Members that a write names: whether they exist, and what becomes of them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use scim_core::{
    Dialect, InputError, ResourceId,
    dialect::Unknown,
    resource::{Member, MemberEffect, MemberStep},
    urn,
};

use super::{Backends, GroupBackend, UserBackend, entry::kind_of, shelf::Shelf};
use crate::{Result, Scope};

/// Most members that are looked up one by one; for more, all users and groups are listed once.
const MOST_LOOK_UPS: usize = 32;

/// What a write makes of the members of a group.
#[derive(Default)]
pub(super) struct Settled {
    pub(super) members: Vec<Member>,
    pub(super) effect: MemberEffect,
    /// How many that do not exist were left out.
    pub(super) unknown: usize,
}

impl<U: UserBackend, G: GroupBackend> Backends<U, G> {
    /// Applies steps to the members of a group.
    pub(super) async fn settle(
        &self,
        scope: &Scope,
        group: &ResourceId,
        present: &[Member],
        steps: &[MemberStep],
        dialect: &Dialect,
    ) -> Result<Settled> {
        let known = self.known(scope, group, present, steps).await?;
        let mut unknown = HashSet::new();
        let mut members = present.to_vec();
        let effect = MemberStep::apply(steps, &mut members, |reference| {
            let member = known.get(&reference.value).cloned();
            if member.is_none() {
                if dialect.unknown_members == Unknown::Reject {
                    return Err(InputError::value("`members` names members that do not exist"));
                }
                unknown.insert(reference.value.clone());
            }
            Ok(member)
        })?;
        Ok(Settled {
            members,
            effect,
            unknown: unknown.len(),
        })
    }

    /// The members among those that are named. A group is none of its own.
    async fn known(
        &self,
        scope: &Scope,
        group: &ResourceId,
        present: &[Member],
        steps: &[MemberStep],
    ) -> Result<HashMap<ResourceId, Member>> {
        let mut known: HashMap<ResourceId, Member> = present
            .iter()
            .map(|member| (member.value.clone(), member.clone()))
            .collect();
        let named = steps.iter().flat_map(|step| match step {
            MemberStep::Add(refs) | MemberStep::Set(refs) => refs.as_slice(),
            _ => &[],
        });
        let strangers: HashSet<&ResourceId> = named
            .map(|reference| &reference.value)
            .filter(|id| *id != group && !known.contains_key(*id))
            .collect();
        let found = if strangers.len() <= MOST_LOOK_UPS {
            let mut found = Vec::new();
            for id in strangers {
                found.extend(self.member(scope, id).await?);
            }
            found
        } else {
            let mut all = self.everybody(scope).await?;
            all.retain(|member| strangers.contains(&member.value));
            all
        };
        known.extend(found.into_iter().map(|member| (member.value.clone(), member)));
        Ok(known)
    }

    /// The user or the group with an identifier.
    pub(super) async fn member(&self, scope: &Scope, id: &ResourceId) -> Result<Option<Member>> {
        let mut schema = None;
        if self.users.get(scope, id).await?.is_some() {
            schema = Some(urn::USER);
        } else if self.groups.get(scope, id).await?.is_some() {
            schema = Some(urn::GROUP);
        }
        let kind = schema.and_then(|schema| kind_of(scope, schema));
        Ok(kind.map(|kind| Member::new(id.clone(), Arc::clone(kind), None)))
    }

    async fn everybody(&self, scope: &Scope) -> Result<Vec<Member>> {
        let mut all = Vec::new();
        if let Some(kind) = kind_of(scope, urn::GROUP) {
            let groups = self.groups.list(scope).await?;
            all.extend(
                groups
                    .into_iter()
                    .map(|record| Member::new(record.id, Arc::clone(kind), None)),
            );
        }
        if let Some(kind) = kind_of(scope, urn::USER) {
            let users = self.users.list(scope).await?;
            all.extend(
                users
                    .into_iter()
                    .map(|record| Member::new(record.id, Arc::clone(kind), None)),
            );
        }
        Ok(all)
    }
}
