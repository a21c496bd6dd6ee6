//! One resource as the memory store keeps it: bytes and keys, no trees.

use std::sync::Arc;

use scim_core::{
    resource::{Found, Head, Keys, Member, Membership, Resource, Stored},
    schema::ResourceType,
};

use super::links::Links;

/// The place of a row in its tenant; it stays the same as long as the row is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RowId(u32);

impl RowId {
    pub(super) const fn new(number: u32) -> Self {
        Self(number)
    }

    pub(super) const fn place(self) -> usize {
        self.0 as usize
    }
}

/// A row with its relations.
pub(super) struct Row {
    pub(super) entry: Entry,
    /// Which shelf of the tenant it stands on.
    pub(super) shelf: usize,
    /// Its number in the order of creation over all types of the tenant.
    pub(super) sequence: u64,
    /// Its members; `None` as long as there never were any.
    pub(super) members: Option<Box<Links>>,
    /// What it is a direct member of, in the order of their identifiers.
    pub(super) groups: Vec<RowId>,
}

/// A resource without its relations; a clone shares everything.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) kind: Arc<ResourceType>,
    pub(super) head: Head,
    pub(super) content: Arc<Content>,
}

/// What changes of attributes replace as a whole.
pub(super) struct Content {
    pub(super) stored: Stored,
    /// The name that members and memberships show.
    pub(super) display: Option<Arc<str>>,
    pub(super) claims: Box<[Claim]>,
    pub(super) display_name: Option<Arc<str>>,
    pub(super) external_id: Option<Arc<str>>,
}

/// A value that must be unique. The qualifier is that of [`UniqueKey`](scim_core::resource::UniqueKey), where it has text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) attribute: Arc<str>,
    pub(super) key: Arc<str>,
    pub(super) qualifier: Option<Arc<str>>,
}

impl Claim {
    /// The rule of [`UniqueKey::conflicts`](scim_core::resource::UniqueKey::conflicts).
    pub(super) fn conflicts(&self, other: &Self) -> bool {
        self.attribute == other.attribute
            && self.key == other.key
            && match (&self.qualifier, &other.qualifier) {
                (Some(one), Some(two)) => one == two,
                _ => true,
            }
    }
}

impl Content {
    /// Content of a resource. Texts that are equal are kept once, those of the content before it too; `share` knows the
    /// names of attributes.
    pub(super) fn new(
        stored: Stored,
        resource: &Resource,
        keys: &Keys,
        before: Option<&Self>,
        share: impl Fn(&str) -> Arc<str>,
    ) -> Self {
        let same_or_new = |text: &str, known: &[Option<&Arc<str>>]| {
            let mut known = known.iter().copied().flatten();
            let same = known.find(|known| known.as_ref() == text);
            let same = same.or_else(|| before?.texts().find(|known| known.as_ref() == text));
            same.map_or_else(|| Arc::from(text), Arc::clone)
        };
        let display = resource.text("displayName").or_else(|| resource.text("userName"));
        let display: Option<Arc<str>> = display.map(|text| same_or_new(text, &[]));
        let display_name = keys
            .display_name
            .as_deref()
            .map(|text| same_or_new(text, &[display.as_ref()]));
        let external_id = keys.external_id.as_deref();
        let external_id = external_id.map(|text| same_or_new(text, &[display.as_ref()]));
        let known = [display.as_ref(), display_name.as_ref(), external_id.as_ref()];
        let claims = keys.unique.iter().map(|unique| Claim {
            attribute: share(&unique.attribute),
            key: same_or_new(&unique.key, &known),
            qualifier: unique
                .qualifier
                .as_ref()
                .and_then(Option::as_deref)
                .map(|text| same_or_new(text, &known)),
        });
        let claims = claims.collect();
        Self {
            stored,
            claims,
            display,
            display_name,
            external_id,
        }
    }

    /// The same with other bytes, of attributes that nothing is found by.
    pub(super) fn with(&self, stored: Stored) -> Self {
        Self {
            stored,
            claims: self.claims.clone(),
            display: self.display.clone(),
            display_name: self.display_name.clone(),
            external_id: self.external_id.clone(),
        }
    }

    /// Whether every index finds both by the same.
    pub(super) fn has_keys_of(&self, other: &Self) -> bool {
        self.claims == other.claims && self.display_name == other.display_name && self.external_id == other.external_id
    }

    fn texts(&self) -> impl Iterator<Item = &Arc<str>> {
        let named = [&self.display, &self.display_name, &self.external_id];
        let claimed = self.claims.iter().map(|claim| &claim.key);
        named.into_iter().flatten().chain(claimed)
    }
}

impl Entry {
    /// The resource as an element of a list of members.
    pub(super) fn as_member(&self) -> Member {
        Member::new(
            self.head.id.clone(),
            Arc::clone(&self.kind),
            self.content.display.clone(),
        )
    }

    /// The resource as an element of a list of memberships.
    pub(super) fn as_membership(&self) -> Membership {
        Membership::new(
            self.head.id.clone(),
            Arc::clone(&self.kind),
            self.content.display.clone(),
        )
    }

    /// The resource without its relations, as of this type.
    pub(super) fn found(&self, kind: &Arc<ResourceType>) -> Found {
        Found::new(Arc::clone(kind), self.head.clone(), self.content.stored.clone())
    }
}
