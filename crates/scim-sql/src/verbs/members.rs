//! Steps on the members of one group to their effect, with a look at those only that they name.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use scim_core::{
    Dialect, InputError, ResourceId,
    dialect::Unknown,
    filter::Predicate,
    query::Relations,
    resource::{Member, MemberEffect, MemberRef, MemberStep},
    schema::{Attribute, ResourceType},
};
use scim_store::Scope;

use super::{relations::Relate, tx::Pending};
use crate::{
    Engine,
    error::{Failure, SqlError},
    session::Session,
    statement::Value,
};

/// The members of one group, as far as steps named them.
pub(super) struct MemberPlan<'a> {
    scope: &'a Scope,
    batch: Option<&'a Pending>,
    group: &'a ResourceId,
    attribute: &'a Attribute,
    dialect: &'a Dialect,
    /// What is known of the resources that steps name.
    known: HashMap<ResourceId, Known>,
    /// Who is a member now, where it is not as it was or was looked at.
    present: HashMap<ResourceId, bool>,
    /// The same names in the order in which they came up.
    named: Vec<ResourceId>,
    unknown: HashSet<ResourceId>,
}

/// A resource that a step names.
#[derive(Default)]
struct Known {
    /// Its type, where it is there or will be at the end of the batch.
    kind: Option<Arc<ResourceType>>,
    /// As an element of the list, where it is there.
    member: Option<Member>,
    was_member: bool,
}

impl<'a> MemberPlan<'a> {
    /// A plan for a group; `None` where its type has no members.
    pub(super) fn new(
        scope: &'a Scope,
        batch: Option<&'a Pending>,
        kind: &'a ResourceType,
        group: &'a ResourceId,
        dialect: &'a Dialect,
    ) -> Option<Self> {
        Some(Self {
            scope,
            batch,
            group,
            attribute: kind.members()?,
            dialect,
            known: HashMap::new(),
            present: HashMap::new(),
            named: Vec::new(),
            unknown: HashSet::new(),
        })
    }

    /// Works steps out; the row of the group is locked.
    pub(super) async fn apply<S: Session>(&mut self, session: &mut S, steps: &[MemberStep]) -> Result<(), Failure> {
        self.learn(session, steps).await?;
        for step in steps {
            match step {
                MemberStep::Add(refs) => self.add(refs)?,
                MemberStep::Remove(ids) => ids.iter().for_each(|id| self.remove(id)),
                MemberStep::RemoveMatching(predicate) => self.remove_matching(session, predicate).await?,
                MemberStep::Set(refs) => {
                    self.remove_others(session, refs).await?;
                    self.add(refs)?;
                }
                // A step that is not known here must not be taken for none.
                _ => return Err(InputError::value("the change of members is not supported").into()),
            }
        }
        Ok(())
    }

    /// What came of it, and how many members do not exist.
    pub(super) fn finish(self) -> (MemberEffect, usize) {
        let mut effect = MemberEffect::default();
        for id in self.named {
            let is_member = self.present.get(&id) == Some(&true);
            if is_member == self.known.get(&id).is_some_and(|known| known.was_member) {
                continue;
            }
            if is_member {
                effect.added.push(id);
            } else {
                effect.removed.push(id);
            }
        }
        (effect, self.unknown.len())
    }

    /// Looks up everything that steps name, at once.
    async fn learn<S: Session>(&mut self, session: &mut S, steps: &[MemberStep]) -> Result<(), SqlError> {
        let (mut added, mut removed) = (HashSet::new(), HashSet::new());
        for step in steps {
            match step {
                MemberStep::Add(refs) | MemberStep::Set(refs) => added.extend(refs.iter().map(|one| &one.value)),
                MemberStep::Remove(ids) => removed.extend(ids),
                _ => {}
            }
        }
        let unknown = self.learn_resources(session, added).await?;
        removed.extend(unknown);
        removed.retain(|id| !self.known.contains_key(*id));
        self.learn_members(session, removed).await
    }

    /// Looks resources up, and keeps them from being deleted meanwhile. What is not there but will be is left to be looked
    /// up as a member.
    async fn learn_resources<'s, S: Session>(
        &mut self,
        session: &mut S,
        ids: HashSet<&'s ResourceId>,
    ) -> Result<Vec<&'s ResourceId>, SqlError> {
        let Some((comparison, list)) = names(&ids) else {
            return Ok(Vec::new());
        };
        let template = format!(
            "SELECT r.id, r.kind, r.label, EXISTS (SELECT 1 FROM {{s}}scim_member m WHERE m.tenant = ?1 \
             AND m.group_id = ?3 AND m.member_id = r.id) \
             FROM {{s}}scim_resource r WHERE r.tenant = ?1 AND r.id {comparison} ORDER BY r.id{{share}}"
        );
        let tenant = self.scope.tenant().as_str().into();
        let statement = session.statement(&template, vec![tenant, list, self.group.into()]);
        for row in session.rows(&statement).await? {
            let id = ResourceId::new(row.text(0)?);
            let kind = self.scope.kinds.by_name(row.text(1)?).map(Arc::clone);
            let label = row.optional(2)?.map(Arc::from);
            let member = kind
                .as_ref()
                .map(|kind| Member::new(id.clone(), Arc::clone(kind), label));
            let was_member = row.flag(3)?;
            self.known.insert(
                id,
                Known {
                    kind,
                    member,
                    was_member,
                },
            );
        }
        let Some(batch) = self.batch else { return Ok(Vec::new()) };
        let missing = ids.into_iter().filter(|id| !self.known.contains_key(*id));
        Ok(missing.filter(|id| batch.expected.contains_key(*id)).collect())
    }

    /// Looks up which of these are members.
    async fn learn_members<S: Session>(&mut self, session: &mut S, ids: HashSet<&ResourceId>) -> Result<(), SqlError> {
        let Some((comparison, list)) = names(&ids) else {
            return Ok(());
        };
        let template = format!(
            "SELECT m.member_id FROM {{s}}scim_member m WHERE m.tenant = ?1 AND m.group_id = ?3 AND m.member_id {comparison}"
        );
        let tenant = self.scope.tenant().as_str().into();
        let statement = session.statement(&template, vec![tenant, list, self.group.into()]);
        for id in ids {
            let kind = self.batch.and_then(|batch| batch.expected.get(id)).map(Arc::clone);
            let known = self.known.entry(id.clone()).or_default();
            known.kind = kind;
        }
        for row in session.rows(&statement).await? {
            self.was_member(ResourceId::new(row.text(0)?), None);
        }
        Ok(())
    }

    fn add(&mut self, refs: &[MemberRef]) -> Result<(), InputError> {
        for reference in refs {
            let is_member = self.is_member(&reference.value);
            let kind = self.known.get(&reference.value).and_then(|known| known.kind.as_ref());
            match kind.filter(|kind| reference.value != *self.group && self.attribute.may_refer_to(kind)) {
                None => {
                    if self.dialect.unknown_members == Unknown::Reject {
                        let name = &self.attribute.name;
                        return Err(InputError::value(format!("`{name}` names members that do not exist")));
                    }
                    self.unknown.insert(reference.value.clone());
                }
                Some(kind) => {
                    reference.check_kind(kind, is_member)?;
                    if !is_member {
                        self.set(&reference.value, true);
                    }
                }
            }
        }
        Ok(())
    }

    fn remove(&mut self, id: &ResourceId) {
        if self.is_member(id) {
            self.set(id, false);
        }
    }

    /// The one step that reads members, page by page.
    async fn remove_matching<S: Session>(&mut self, session: &mut S, predicate: &Predicate) -> Result<(), SqlError> {
        let added = self.added();
        let relate = Relate::new(self.scope, Relations::NONE);
        let mut last = None;
        loop {
            let (page, next) = relate.members_behind(session, self.group, last).await?;
            for member in page {
                let id = member.value.clone();
                let matches = predicate.matches_element(&member.element());
                if matches {
                    self.was_member(id.clone(), Some(member));
                    self.remove(&id);
                }
            }
            if next.is_none() {
                break;
            }
            last = next;
        }
        for id in added {
            let member = self.known.get(&id).and_then(|known| known.member.as_ref());
            if member.is_some_and(|member| predicate.matches_element(&member.element())) {
                self.remove(&id);
            }
        }
        Ok(())
    }

    /// Takes out whoever is not named; the database tells who that is.
    async fn remove_others<S: Session>(&mut self, session: &mut S, refs: &[MemberRef]) -> Result<(), SqlError> {
        let kept: HashSet<&ResourceId> = refs.iter().map(|reference| &reference.value).collect();
        let added = self.added();
        // Each engine has its own form that makes one pass over a long list.
        let template = match session.engine() {
            Engine::Postgres => {
                "SELECT m.member_id FROM {s}scim_member m WHERE m.tenant = ?1 AND m.group_id = ?2 \
                 AND NOT EXISTS (SELECT 1 FROM unnest(?3::text[]) AS l(value) WHERE l.value = m.member_id) \
                 ORDER BY m.place"
            }
            Engine::Sqlite => {
                "SELECT m.member_id FROM {s}scim_member m WHERE m.tenant = ?1 AND m.group_id = ?2 \
                 AND m.member_id NOT IN (SELECT value FROM json_each(?3)) ORDER BY m.place"
            }
        };
        let tenant = self.scope.tenant().as_str().into();
        let statement = session.statement(template, vec![tenant, self.group.into(), list(&kept)]);
        for row in session.rows(&statement).await? {
            let id = ResourceId::new(row.text(0)?);
            self.was_member(id.clone(), None);
            self.remove(&id);
        }
        for id in added {
            if !kept.contains(&id) {
                self.remove(&id);
            }
        }
        Ok(())
    }

    /// Those that became members by the steps so far, in order.
    fn added(&self) -> Vec<ResourceId> {
        let is_added = |id: &&ResourceId| {
            self.present.get(*id) == Some(&true) && !self.known.get(*id).is_some_and(|known| known.was_member)
        };
        self.named.iter().filter(is_added).cloned().collect()
    }

    fn was_member(&mut self, id: ResourceId, member: Option<Member>) {
        let known = self.known.entry(id).or_default();
        known.was_member = true;
        if member.is_some() {
            known.member = member;
        }
    }

    fn is_member(&self, id: &ResourceId) -> bool {
        let was_member = || self.known.get(id).is_some_and(|known| known.was_member);
        self.present.get(id).copied().unwrap_or_else(was_member)
    }

    fn set(&mut self, id: &ResourceId, is_member: bool) {
        if self.present.insert(id.clone(), is_member).is_none() {
            self.named.push(id.clone());
        }
    }
}

/// How a column is compared with names, as the second parameter. PostgreSQL has no text with a NUL, so nothing is called so.
fn names(ids: &HashSet<&ResourceId>) -> Option<(&'static str, Value)> {
    let mut texts = ids.iter().filter(|id| !id.as_str().contains('\0'));
    let first = texts.next()?;
    Some(match texts.next() {
        None => ("= ?2", (*first).into()),
        Some(_) => ("{in 2}", list(ids)),
    })
}

fn list(ids: &HashSet<&ResourceId>) -> Value {
    let texts = ids.iter().filter(|id| !id.as_str().contains('\0'));
    Value::Texts(texts.map(|id| id.as_str().to_owned()).collect())
}
