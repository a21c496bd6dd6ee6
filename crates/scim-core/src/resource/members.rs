//! Membership as a relation: references, rows, and steps that change them (decision D16, N72).

use std::{collections::HashSet, sync::Arc};

use serde_json::Value;

use crate::{
    Dialect, InputError, Limits, ResourceId,
    filter::Predicate,
    resource::Resource,
    schema::{Attribute, ResourceType},
};

/// A member as a client named it; whether it exists is for the store to say.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberRef {
    /// The identifier.
    pub value: ResourceId,
    /// The resource type that the client said it is.
    pub kind: Option<Box<str>>,
}

impl MemberRef {
    /// A member by its identifier.
    pub fn new(value: impl Into<ResourceId>) -> Self {
        Self {
            value: value.into(),
            kind: None,
        }
    }

    /// With the resource type that the client says it is.
    #[must_use]
    pub fn with_kind(mut self, kind: &str) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Refuses a reference that says another type than the resource has; none said is right.
    ///
    /// # Errors
    ///
    /// `mutability` where it is a member already (RFC 7643 section 4.2: `type` is immutable), else `invalidValue`.
    pub fn check_kind(&self, kind: &ResourceType, is_member: bool) -> Result<(), InputError> {
        match &self.kind {
            Some(said) if !said.eq_ignore_ascii_case(kind.name()) => Err(if is_member {
                InputError::mutability("the `type` of a member is immutable and has another value")
            } else {
                InputError::value("the `type` of a member is not that of the resource")
            }),
            _ => Ok(()),
        }
    }
}

/// A member as a store has it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Member {
    /// The identifier.
    pub value: ResourceId,
    /// Its type.
    pub kind: Arc<ResourceType>,
    /// Its name, if the store knows it without another look-up.
    pub display: Option<Arc<str>>,
}

impl Member {
    /// A row of a store.
    pub fn new(value: ResourceId, kind: Arc<ResourceType>, display: Option<Arc<str>>) -> Self {
        Self { value, kind, display }
    }

    /// The member as the element of a list that a value filter looks at.
    pub fn element(&self) -> Value {
        let mut element = serde_json::Map::new();
        element.insert("value".to_owned(), self.value.as_str().into());
        element.insert("type".to_owned(), self.kind.name().into());
        if let Some(display) = &self.display {
            element.insert("display".to_owned(), display.as_ref().into());
        }
        Value::Object(element)
    }
}

/// A group that a resource is a direct member of.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Membership {
    /// The identifier of the group.
    pub value: ResourceId,
    /// The type of the group.
    pub kind: Arc<ResourceType>,
    /// Its name.
    pub display: Option<Arc<str>>,
}

impl Membership {
    /// A row of a store.
    pub fn new(value: ResourceId, kind: Arc<ResourceType>, display: Option<Arc<str>>) -> Self {
        Self { value, kind, display }
    }
}

/// A change of members. A store applies steps in order, to rows, without reading the members it is not told of.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum MemberStep {
    /// Those that are not members yet become members.
    Add(Vec<MemberRef>),
    /// Those that are members cease to be.
    Remove(Vec<ResourceId>),
    /// Members whose element matches cease to be; the one step that reads members.
    RemoveMatching(Predicate),
    /// These are the members, and no others.
    Set(Vec<MemberRef>),
}

/// What steps did to the members of one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberEffect {
    /// Who became a member.
    pub added: Vec<ResourceId>,
    /// Who ceased to be one.
    pub removed: Vec<ResourceId>,
}

impl MemberEffect {
    /// An effect that a store worked out by itself.
    pub fn new(added: Vec<ResourceId>, removed: Vec<ResourceId>) -> Self {
        Self { added, removed }
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

impl MemberStep {
    /// Applies steps to a list of members, for stores that keep members as one.
    ///
    /// `resolve` answers whether a reference exists, as a [`Member`]; an error of it ends the change.
    ///
    /// # Errors
    ///
    /// Whatever `resolve` answers, and that of [`MemberRef::check_kind`].
    pub fn apply<E: From<InputError>>(
        steps: &[Self],
        members: &mut Vec<Member>,
        mut resolve: impl FnMut(&MemberRef) -> Result<Option<Member>, E>,
    ) -> Result<MemberEffect, E> {
        let before: HashSet<ResourceId> = members.iter().map(|member| member.value.clone()).collect();
        let mut present = before.clone();
        let mut resolve = |reference: &MemberRef, is_member: bool| {
            let member = resolve(reference)?;
            if let Some(member) = &member {
                reference.check_kind(&member.kind, is_member)?;
            }
            Ok::<_, E>(member)
        };
        for step in steps {
            match step {
                Self::Add(refs) => {
                    for reference in refs {
                        let is_member = present.contains(&reference.value);
                        if is_member && reference.kind.is_none() {
                            continue;
                        }
                        if let Some(member) = resolve(reference, is_member)?
                            && !is_member
                        {
                            present.insert(member.value.clone());
                            members.push(member);
                        }
                    }
                }
                Self::Remove(ids) => {
                    let gone: HashSet<&ResourceId> = ids.iter().filter(|id| present.contains(*id)).collect();
                    members.retain(|member| !gone.contains(&member.value));
                    present.retain(|id| !gone.contains(id));
                }
                Self::RemoveMatching(predicate) => {
                    members.retain(|member| !predicate.matches_element(&member.element()));
                    present = members.iter().map(|member| member.value.clone()).collect();
                }
                Self::Set(refs) => {
                    let mut next = Vec::with_capacity(refs.len());
                    let mut seen = HashSet::with_capacity(refs.len());
                    for reference in refs {
                        if seen.insert(reference.value.clone())
                            && let Some(member) = resolve(reference, present.contains(&reference.value))?
                        {
                            next.push(member);
                        }
                    }
                    present = next.iter().map(|member| member.value.clone()).collect();
                    *members = next;
                }
            }
        }
        Ok(MemberEffect {
            added: members
                .iter()
                .map(|member| &member.value)
                .filter(|id| !before.contains(*id))
                .cloned()
                .collect(),
            removed: before.into_iter().filter(|id| !present.contains(id)).collect(),
        })
    }
}

/// A group as the element of the list of memberships.
pub(crate) fn membership_element(membership: &Membership) -> Value {
    let mut element = serde_json::Map::new();
    element.insert("value".to_owned(), membership.value.as_str().into());
    element.insert("type".to_owned(), "direct".into());
    if let Some(display) = &membership.display {
        element.insert("display".to_owned(), display.as_ref().into());
    }
    Value::Object(element)
}

impl Resource {
    /// Puts members in for a filter to look at.
    #[must_use]
    pub fn with_members(mut self, kind: &ResourceType, members: &[Member]) -> Self {
        if let Some(attribute) = kind.members()
            && !members.is_empty()
        {
            let list = members.iter().map(Member::element).collect();
            self.attributes_mut().insert(attribute.name.clone(), Value::Array(list));
        }
        self
    }

    /// Puts memberships in for a filter to look at.
    #[must_use]
    pub fn with_memberships(mut self, kind: &ResourceType, memberships: &[Membership]) -> Self {
        if let Some(attribute) = kind.memberships()
            && !memberships.is_empty()
        {
            let list = memberships.iter().map(membership_element).collect();
            self.attributes_mut().insert(attribute.name.clone(), Value::Array(list));
        }
        self
    }
}

/// Reads member references: a list of objects with `value`, one such object, or (where the dialect allows) bare text.
pub(crate) fn member_refs(
    attribute: &Attribute,
    value: Value,
    dialect: &Dialect,
    limits: &Limits,
) -> Result<Vec<MemberRef>, InputError> {
    let name = &attribute.name;
    let list = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) => list,
        one => vec![one],
    };
    if list.len() > limits.members {
        return Err(InputError::value(format!(
            "`{name}` has more than {} values",
            limits.members
        )));
    }
    let missing = || {
        InputError::value(format!(
            "each of `{name}` must be an object with a `value` that is text"
        ))
    };
    list.into_iter()
        .map(|element| match element {
            Value::String(text) if dialect.bare_values && !text.is_empty() => member_id(name, &text),
            Value::Object(element) => {
                let field = |field: &str| {
                    element
                        .iter()
                        .find(|(key, _)| key.eq_ignore_ascii_case(field))
                        .map(|(_, value)| value)
                };
                let text = field("value")
                    .and_then(Value::as_str)
                    .filter(|text| !text.is_empty())
                    .ok_or_else(missing)?;
                let kind = match field("type") {
                    None | Some(Value::Null) => None,
                    Some(Value::String(kind)) if kind.is_empty() => None,
                    Some(Value::String(kind)) => Some(kind.as_str().into()),
                    Some(_) => return Err(InputError::value(format!("`{name}.type` must be text"))),
                };
                Ok(MemberRef {
                    kind,
                    ..member_id(name, text)?
                })
            }
            _ => Err(missing()),
        })
        .collect()
}

/// Longest identifier that is looked for, in bytes; identifiers are the store's, so no limit of a client's values holds for them.
const LONGEST_ID: usize = 1024;

fn member_id(name: &str, text: &str) -> Result<MemberRef, InputError> {
    if text.len() > LONGEST_ID || text.contains('\0') {
        return Err(InputError::value(format!(
            "a `value` of `{name}` is too long or holds a NUL"
        )));
    }
    Ok(MemberRef::new(text))
}
