//! A record as the verbs look at it.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use scim_core::{
    ResourceId, Version,
    query::Relations,
    resource::{Found, Head, Member, Members, Resource, Stored},
    schema::ResourceType,
    typed::TypedResource,
    urn,
};
use serde_json::Value;

use super::Record;
use crate::{Result, Scope, StoreError};

/// The list of members in the struct of a group (RFC 7643 section 4.2).
const MEMBERS: &str = "members";

/// A record with the resource that it stands for, which has its members and no memberships.
pub(super) struct Entry<V> {
    pub(super) record: Record<V>,
    pub(super) found: Found,
}

impl<V: TypedResource> Entry<V> {
    pub(super) fn of(scope: &Scope, kind: &Arc<ResourceType>, record: Record<V>) -> Result<Self> {
        let stored = Stored::new(kind, &record.id, &resource(kind, &record)?);
        let members = members(scope, kind, &record.value)?;
        let version = record
            .revision
            .map_or_else(|| fingerprint(&stored, &members), Version::new);
        let modified = record.modified.max(record.created);
        let head = Head::from_row(record.id.clone(), version, record.created, modified);
        let mut found = Found::new(Arc::clone(kind), head, stored);
        if kind.members().is_some() {
            found = found.with_members(members);
        }
        Ok(Self { record, found })
    }

    pub(super) fn members(&self) -> &[Member] {
        match &self.found.members {
            Members::All(members) => members,
            _ => &[],
        }
    }
}

/// The attributes of a record.
pub(super) fn resource<V: TypedResource>(kind: &ResourceType, record: &Record<V>) -> Result<Resource> {
    Resource::from_view(kind, &record.value).map_err(StoreError::other)
}

/// A resource and its members as the struct of a back end.
pub(super) fn view<V: TypedResource>(
    kind: &ResourceType,
    id: &ResourceId,
    mut resource: Resource,
    members: &[Member],
) -> Result<V> {
    let id = Value::from(id.as_str());
    resource.attributes_mut().insert("id".to_owned(), id);
    resource.with_members(kind, members).view().map_err(StoreError::other)
}

/// Whether a group has a member, also where groups are not served.
pub(super) fn has_member<V: TypedResource>(group: &V, id: &ResourceId) -> Result<bool> {
    let group = serde_json::to_value(group).map_err(StoreError::other)?;
    let members = group.get(MEMBERS).and_then(Value::as_array);
    Ok(members.into_iter().flatten().any(|member| is_member(member, id)))
}

/// The same group without a member, and with all else that its struct has.
pub(super) fn without_member<V: TypedResource>(group: &V, id: &ResourceId) -> Result<V> {
    let mut group = serde_json::to_value(group).map_err(StoreError::other)?;
    if let Some(members) = group.get_mut(MEMBERS).and_then(Value::as_array_mut) {
        members.retain(|member| !is_member(member, id));
    }
    serde_json::from_value(group).map_err(StoreError::other)
}

/// The resource with as much of its members as is asked for.
pub(super) fn trimmed(mut found: Found, relations: Relations) -> Found {
    if let Members::All(members) = &found.members {
        match relations.members {
            None => found.members = Members::Skipped,
            Some(most) if members.len() > most => found.members = Members::TooMany,
            Some(_) => {}
        }
    }
    found
}

/// The type of users or of groups, where it is served.
pub(super) fn kind_of<'a>(scope: &'a Scope, schema: &str) -> Option<&'a Arc<ResourceType>> {
    let mut kinds = scope.kinds.types().iter();
    kinds.find(|kind| kind.schema().id.eq_ignore_ascii_case(schema))
}

fn members<V: TypedResource>(scope: &Scope, kind: &ResourceType, value: &V) -> Result<Vec<Member>> {
    let Some(attribute) = kind.members() else {
        return Ok(Vec::new());
    };
    let value = serde_json::to_value(value).map_err(StoreError::other)?;
    let list = value.get(&attribute.name).and_then(Value::as_array);
    let users = kind_of(scope, urn::USER);
    let member = |element: &Value| {
        let text = |name: &str| element.get(name).and_then(Value::as_str);
        let kind = text("type").and_then(|name| scope.kinds.by_name(name)).or(users)?;
        Some(Member::new(
            text("value")?.into(),
            Arc::clone(kind),
            text("display").map(Arc::from),
        ))
    };
    Ok(list.into_iter().flatten().filter_map(member).collect())
}

fn is_member(member: &Value, id: &ResourceId) -> bool {
    member.get("value").and_then(Value::as_str) == Some(id.as_str())
}

/// A version from the content: the same as long as that is, on every server.
fn fingerprint(stored: &Stored, members: &[Member]) -> Version {
    // Of another release of Rust it may be another one: clients read again then.
    let mut hasher = std::hash::DefaultHasher::new();
    (&stored.public, &stored.hidden).hash(&mut hasher);
    let mut ids: Vec<&str> = members.iter().map(|member| member.value.as_str()).collect();
    ids.sort_unstable();
    ids.hash(&mut hasher);
    Version::new(hasher.finish())
}
