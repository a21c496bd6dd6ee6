//! A resource that is to be created, as it crosses to a store.

use std::sync::Arc;

use crate::{
    Dialect, InputError, Notes, ResourceId,
    query::Relations,
    resource::{Decoded, Keys, MemberRef, Password, Resource, Stored},
    schema::ResourceType,
};

/// A checked resource without an identifier yet.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Draft {
    /// The type.
    pub kind: Arc<ResourceType>,
    /// The identifier to use, where the caller had to know it before; a store that cannot obey says so in its capabilities.
    pub id: Option<ResourceId>,
    /// Whether the identifier is that of an account that the host had before, which becomes this resource.
    pub adopts: bool,
    /// The attributes.
    pub resource: Resource,
    /// The members to start with.
    pub members: Vec<MemberRef>,
    /// What must be unique, and what to look up by.
    pub keys: Keys,
    /// The password, for a host that wants it; never to be stored as it is.
    pub password: Option<Password>,
    /// The tenant's dialect, for what becomes of members that do not exist.
    pub dialect: Arc<Dialect>,
    /// What was tolerated.
    pub notes: Notes,
    /// The relations that the answer needs.
    pub relations: Relations,
}

impl Draft {
    /// A draft from a decoded body.
    ///
    /// # Errors
    ///
    /// `invalidValue` where a value that must be unique cannot be prepared for comparison.
    pub fn new(kind: Arc<ResourceType>, decoded: Decoded, dialect: Arc<Dialect>) -> Result<Self, InputError> {
        let keys = Keys::of(&decoded.resource, &kind, &dialect)?;
        let members = decoded.members.unwrap_or_default();
        let (resource, password, notes) = (decoded.resource, decoded.password, decoded.notes);
        Ok(Self {
            kind,
            id: None,
            adopts: false,
            resource,
            members,
            keys,
            password,
            dialect,
            notes,
            relations: Relations::ALL,
        })
    }

    /// The bytes to keep.
    pub fn stored(&self, id: &ResourceId) -> Stored {
        Stored::new(&self.kind, id, &self.resource)
    }
}
