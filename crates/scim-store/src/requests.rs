//! What the verbs of a store take and give; each may get new fields without breaking a store.

use std::sync::Arc;

use scim_core::{
    Draft, Edit, Precondition, ResourceId, Version, query::Relations, resource::Found, schema::ResourceType,
};

/// One resource to be read.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Read {
    /// The type.
    pub kind: Arc<ResourceType>,
    /// The identifier.
    pub id: ResourceId,
    /// Which relations are wanted with it.
    pub relations: Relations,
}

impl Read {
    /// A resource with all its relations.
    pub fn new(kind: Arc<ResourceType>, id: ResourceId) -> Self {
        Self {
            kind,
            id,
            relations: Relations::ALL,
        }
    }

    /// With these relations only.
    #[must_use]
    pub fn with_relations(mut self, relations: Relations) -> Self {
        self.relations = relations;
        self
    }
}

/// One resource to be deleted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Removal {
    /// The type.
    pub kind: Arc<ResourceType>,
    /// The identifier.
    pub id: ResourceId,
    /// What must hold of its version.
    pub precondition: Precondition,
}

impl Removal {
    /// A deletion of whatever version.
    pub fn new(kind: Arc<ResourceType>, id: ResourceId) -> Self {
        Self {
            kind,
            id,
            precondition: Precondition::default(),
        }
    }

    /// With a condition on the version.
    #[must_use]
    pub fn with_precondition(mut self, precondition: Precondition) -> Self {
        self.precondition = precondition;
        self
    }
}

/// What became of an edit.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Updated {
    /// The version afterwards.
    pub version: Version,
    /// Whether anything changed; if not, version and time stayed still.
    pub changed: bool,
    /// How many members that do not exist were left out.
    pub unknown_members: usize,
    /// The resource with the relations that [`Edit::answer`] names; `None` where it names nothing.
    pub found: Option<Found>,
}

impl Updated {
    /// What became of an edit.
    pub fn new(version: Version, changed: bool, found: Option<Found>) -> Self {
        Self {
            version,
            changed,
            unknown_members: 0,
            found,
        }
    }

    /// With members that were left out.
    #[must_use]
    pub fn with_unknown_members(mut self, unknown_members: usize) -> Self {
        self.unknown_members = unknown_members;
        self
    }
}

/// One write of a batch.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Write {
    /// A new resource.
    Create(Draft),
    /// A deletion.
    Delete(Removal),
    /// A change.
    Update(Edit),
}

/// What became of one write of a batch.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Written {
    /// The new resource.
    Created(Found),
    /// It is gone.
    Deleted,
    /// What became of the change.
    Updated(Updated),
}
