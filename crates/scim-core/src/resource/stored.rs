//! A resource as a store keeps it.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::{
    ResourceId, Version,
    resource::{
        Member, Membership, Resource,
        write::{write_json, write_text},
    },
    schema::{Attribute, ResourceType, Returned},
};

/// What a store knows of a resource besides its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Head {
    /// The identifier.
    pub id: ResourceId,
    /// The version; moves with each change of content.
    pub version: Version,
    /// When it was created.
    pub created: DateTime<Utc>,
    /// When its content changed last; never before `created`, never backwards.
    pub modified: DateTime<Utc>,
}

impl Head {
    /// The head of a resource that is created now.
    pub fn new(id: ResourceId, now: DateTime<Utc>) -> Self {
        Self {
            id,
            version: Version::FIRST,
            created: now,
            modified: now,
        }
    }

    /// The head of a row that a store read back.
    pub fn from_row(id: ResourceId, version: Version, created: DateTime<Utc>, modified: DateTime<Utc>) -> Self {
        Self {
            id,
            version,
            created,
            modified,
        }
    }

    /// The head after a change at `now`; a clock that went back does not take `modified` with it.
    #[must_use]
    pub fn changed(&self, now: DateTime<Utc>) -> Self {
        Self {
            version: self.version.next(),
            modified: self.modified.max(now),
            ..self.clone()
        }
    }
}

/// The bytes of a resource: what plain reads send, ready to be sent, and what they do not.
///
/// Both are JSON objects. `public` holds `schemas`, `id` and every attribute that is returned by default, in schema order;
/// `hidden` those returned only on request. Neither holds `meta` or relations: renaming a group rewrites no user.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored {
    /// The attributes that a plain read sends.
    pub public: Bytes,
    /// The attributes that it does not.
    pub hidden: Option<Bytes>,
}

impl Stored {
    /// Bytes that a store kept.
    pub fn from_bytes(public: Bytes, hidden: Option<Bytes>) -> Self {
        Self { public, hidden }
    }

    /// The bytes of a resource under its identifier.
    pub fn new(kind: &ResourceType, id: &ResourceId, resource: &Resource) -> Self {
        let attributes = resource.attributes();
        let mut public = Vec::with_capacity(512);
        let mut hidden = Vec::new();
        public.push(b'{');
        for attribute in kind.attributes() {
            if attribute.name == "id" {
                write_name("id", &mut public);
                write_text(id.as_str(), &mut public);
            } else if let Some(value) = attributes.get(&attribute.name) {
                if kind.is_relation(attribute) || attribute.name == "meta" {
                    continue;
                }
                let (shown, held) = split(attribute, value);
                if let Some(shown) = shown {
                    write_name(&attribute.name, &mut public);
                    write_json(shown.as_ref(), &mut public);
                }
                if let Some(held) = held {
                    write_name(&attribute.name, &mut hidden);
                    write_json(held.as_ref(), &mut hidden);
                }
            }
        }
        for extension in kind.extensions() {
            let Some(values) = attributes.get(&extension.schema.id).and_then(Value::as_object) else {
                continue;
            };
            let urn = &extension.schema.id;
            let (mut shows, mut holds) = (false, false);
            for attribute in &extension.schema.attributes {
                let Some(value) = values.get(&attribute.name) else {
                    continue;
                };
                let (shown, held) = split(attribute, value);
                for (value, opened, out) in [(shown, &mut shows, &mut public), (held, &mut holds, &mut hidden)] {
                    let Some(value) = value else { continue };
                    if !std::mem::replace(opened, true) {
                        write_name(urn, out);
                        out.push(b'{');
                    }
                    write_name(&attribute.name, out);
                    write_json(value.as_ref(), out);
                }
            }
            for (opened, out) in [(shows, &mut public), (holds, &mut hidden)] {
                out.extend_from_slice(if opened { b"}" } else { b"" });
            }
        }
        public.push(b'}');
        let hidden = (!hidden.is_empty()).then(|| {
            hidden.push(b'}');
            Bytes::from(hidden)
        });
        public.shrink_to_fit();
        Self {
            public: Bytes::from(public),
            hidden,
        }
    }

    /// The attributes as a tree, `id` included. Bytes that are no JSON object read as no attributes.
    pub fn resource(&self) -> Resource {
        let mut attributes = parse(&self.public);
        if let Some(hidden) = &self.hidden {
            for (name, value) in parse(hidden) {
                match (attributes.get_mut(&name), value) {
                    (Some(Value::Object(shown)), Value::Object(held)) => shown.extend(held),
                    (_, value) => {
                        attributes.insert(name, value);
                    }
                }
            }
        }
        Resource::from_canonical(attributes)
    }
}

/// Parts an attribute into what a plain read sends and what it does not. Lists are kept whole on the side that their
/// attribute says; a single complex value is parted by its sub-attributes.
fn split<'a>(
    attribute: &Attribute,
    value: &'a Value,
) -> (Option<std::borrow::Cow<'a, Value>>, Option<std::borrow::Cow<'a, Value>>) {
    use std::borrow::Cow;
    let is_hidden = |attribute: &Attribute| matches!(attribute.returned, Returned::Never | Returned::Request);
    if is_hidden(attribute) {
        return (None, Some(Cow::Borrowed(value)));
    }
    match value {
        Value::Object(subs) if attribute.sub_attributes.iter().any(|sub| is_hidden(sub)) => {
            let (held, shown): (Map<_, _>, Map<_, _>) = subs
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .partition(|(name, _)| attribute.sub(name).is_some_and(|sub| is_hidden(sub)));
            let some = |map: Map<String, Value>| (!map.is_empty()).then_some(Cow::Owned(Value::Object(map)));
            (some(shown), some(held))
        }
        _ => (Some(Cow::Borrowed(value)), None),
    }
}

fn parse(bytes: &[u8]) -> Map<String, Value> {
    // Looked at as a whole, UTF-8 costs less than text by text.
    let text = str::from_utf8(bytes).unwrap_or_default();
    serde_json::from_str(text).unwrap_or_default()
}

/// Writes the name of the next attribute of an object, which is opened with its first.
fn write_name(name: &str, out: &mut Vec<u8>) {
    match out.last() {
        None => out.push(b'{'),
        Some(b'{') => {}
        Some(_) => out.push(b','),
    }
    write_text(name, out);
    out.push(b':');
}

/// A resource that a store found, with as much of its relations as was asked for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Found {
    /// Its type.
    pub kind: Arc<ResourceType>,
    /// Identifier, version and times.
    pub head: Head,
    /// The attributes.
    pub stored: Stored,
    /// Its members.
    pub members: Members,
    /// What it is a member of; empty where it was not asked for.
    pub memberships: Vec<Membership>,
}

/// The members of a found resource.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Members {
    /// All of them.
    All(Vec<Member>),
    /// Not asked for, or a type without members.
    #[default]
    Skipped,
    /// More than were asked for.
    TooMany,
}

impl Found {
    /// A resource without its relations.
    pub fn new(kind: Arc<ResourceType>, head: Head, stored: Stored) -> Self {
        Self {
            kind,
            head,
            stored,
            members: Members::Skipped,
            memberships: Vec::new(),
        }
    }

    /// With its members.
    #[must_use]
    pub fn with_members(mut self, members: Vec<Member>) -> Self {
        self.members = Members::All(members);
        self
    }

    /// With what it is a member of.
    #[must_use]
    pub fn with_memberships(mut self, memberships: Vec<Membership>) -> Self {
        self.memberships = memberships;
        self
    }
}
