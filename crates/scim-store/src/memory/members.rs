//! Steps on the members of one group to their effect, without a look at the members that they do not name.

use std::collections::{HashMap, HashSet};

use scim_core::{
    Dialect, InputError, ResourceId,
    dialect::Unknown,
    resource::{MemberEffect, MemberRef, MemberStep},
    schema::{Attribute, ResourceType},
};

use super::stage::Tx;

/// The members of one group, as far as steps named them.
pub(super) struct MemberPlan<'a> {
    tx: Tx<'a>,
    group: &'a ResourceId,
    attribute: &'a Attribute,
    dialect: &'a Dialect,
    /// Who is a member now, where it is not as it was or was looked at.
    present: HashMap<ResourceId, bool>,
    /// The same names in the order in which they came up.
    named: Vec<ResourceId>,
    unknown: HashSet<ResourceId>,
}

impl<'a> MemberPlan<'a> {
    /// A plan for a group; `None` where its type has no members.
    pub(super) fn new(tx: Tx<'a>, kind: &'a ResourceType, group: &'a ResourceId, dialect: &'a Dialect) -> Option<Self> {
        Some(Self {
            tx,
            group,
            attribute: kind.members()?,
            dialect,
            present: HashMap::new(),
            named: Vec::new(),
            unknown: HashSet::new(),
        })
    }

    pub(super) fn apply(&mut self, steps: &[MemberStep]) -> Result<(), InputError> {
        for step in steps {
            match step {
                MemberStep::Add(refs) => self.add(refs)?,
                MemberStep::Remove(ids) => {
                    for id in ids {
                        self.remove(id);
                    }
                }
                MemberStep::RemoveMatching(predicate) => {
                    for id in self.members() {
                        let member = self.tx.entry(&id).map(|entry| entry.as_member());
                        if member.is_some_and(|member| predicate.matches_element(&member.element())) {
                            self.remove(&id);
                        }
                    }
                }
                MemberStep::Set(refs) => {
                    let kept: HashSet<&ResourceId> = refs.iter().map(|reference| &reference.value).collect();
                    for id in self.members() {
                        if !kept.contains(&id) {
                            self.remove(&id);
                        }
                    }
                    self.add(refs)?;
                }
                // A step that is not known here must not be taken for none.
                _ => return Err(InputError::value("the change of members is not supported")),
            }
        }
        Ok(())
    }

    pub(super) fn add(&mut self, refs: &[MemberRef]) -> Result<(), InputError> {
        for reference in refs {
            let is_member = self.is_member(&reference.value);
            match self
                .tx
                .kind_of(&reference.value)
                .filter(|kind| reference.value != *self.group && self.attribute.may_refer_to(kind))
            {
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

    /// What came of it, and how many members do not exist.
    pub(super) fn finish(self) -> (MemberEffect, usize) {
        let mut effect = MemberEffect::default();
        for id in self.named {
            let is_member = self.present.get(&id) == Some(&true);
            if is_member == self.tx.is_member(self.group, &id) {
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

    fn is_member(&self, id: &ResourceId) -> bool {
        let named = self.present.get(id).copied();
        named.unwrap_or_else(|| self.tx.is_member(self.group, id))
    }

    fn remove(&mut self, id: &ResourceId) {
        if self.is_member(id) {
            self.set(id, false);
        }
    }

    fn set(&mut self, id: &ResourceId, is_member: bool) {
        if self.present.insert(id.clone(), is_member).is_none() {
            self.named.push(id.clone());
        }
    }

    /// All members as they are now.
    fn members(&self) -> Vec<ResourceId> {
        let mut members = self.tx.members(self.group);
        let before: HashSet<ResourceId> = if self.present.is_empty() {
            HashSet::new()
        } else {
            members.iter().cloned().collect()
        };
        members.retain(|id| self.present.get(id) != Some(&false));
        let is_new = |id: &&ResourceId| !before.contains(*id) && self.present.get(*id) == Some(&true);
        members.extend(self.named.iter().filter(is_new).cloned());
        members
    }
}
