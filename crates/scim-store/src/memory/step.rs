//! What one write does, before it is done.

use std::sync::Arc;

use scim_core::{
    Dialect, Draft, ResourceId,
    resource::{MemberEffect, Resource},
    schema::ResourceType,
};

use super::row::Entry;
use crate::{Attempt, Change};

/// The outcome of one write, worked out against a [`Tx`](super::stage::Tx) and taken in by it once the guard agrees.
#[derive(Default)]
pub(super) struct Step {
    /// Resources as they will be.
    pub(super) puts: Vec<Entry>,
    /// The one that is new.
    pub(super) created: Option<ResourceId>,
    /// The one that will be gone.
    pub(super) deleted: Option<ResourceId>,
    /// Changes of members, by group.
    pub(super) members: Vec<(ResourceId, MemberEffect)>,
    /// What the values that must be unique were prepared by, if they were.
    pub(super) dialect: Option<(Arc<ResourceType>, Arc<Dialect>)>,
    pub(super) records: Vec<Change>,
    /// Whether a resource gets a seat, or gives its own back.
    pub(super) seat: Option<(ResourceId, bool)>,
}

impl Step {
    /// Whether nothing comes of it.
    pub(super) fn is_empty(&self) -> bool {
        self.puts.is_empty() && self.deleted.is_none() && self.members.is_empty()
    }
}

/// A question to the guard that owns what it is about; changes of members are asked from the step itself.
pub(super) enum Question<'w> {
    Create(&'w Draft, ResourceId),
    Delete(Arc<ResourceType>, ResourceId, Resource),
    Members(Arc<ResourceType>, ResourceId, MemberEffect),
    Password(Arc<ResourceType>, ResourceId, Resource),
    Update(Arc<ResourceType>, ResourceId, Resource, Resource),
}

impl Question<'_> {
    pub(super) fn attempt(&self) -> Attempt<'_> {
        match self {
            Self::Create(draft, id) => Attempt::Create {
                kind: &draft.kind,
                id,
                after: &draft.resource,
            },
            Self::Delete(kind, id, before) => Attempt::Delete { kind, id, before },
            Self::Members(kind, id, effect) => Attempt::Members {
                kind,
                id,
                added: &effect.added,
                removed: &effect.removed,
            },
            Self::Password(kind, id, before) => Attempt::Password { kind, id, before },
            Self::Update(kind, id, before, after) => Attempt::Update {
                kind,
                id,
                before,
                after,
            },
        }
    }
}
