//! The resource types that one service provider serves.

use std::sync::Arc;

use crate::schema::{ResourceType, Schema};

/// A list of resource types; names and endpoints are told apart without case.
#[derive(Debug, Clone)]
pub struct Registry {
    types: Vec<Arc<ResourceType>>,
}

impl Registry {
    /// A registry of these types. Where two share an endpoint, the first is served.
    pub fn new(types: impl IntoIterator<Item = Arc<ResourceType>>) -> Self {
        Self {
            types: types.into_iter().collect(),
        }
    }

    /// All types, in order.
    pub fn types(&self) -> &[Arc<ResourceType>] {
        &self.types
    }

    /// The type of this name.
    pub fn by_name(&self, name: &str) -> Option<&Arc<ResourceType>> {
        self.types.iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// The type served at this endpoint, such as `/Users`.
    pub fn by_endpoint(&self, endpoint: &str) -> Option<&Arc<ResourceType>> {
        self.types
            .iter()
            .find(|kind| kind.endpoint().eq_ignore_ascii_case(endpoint))
    }

    /// Every schema that a type uses, once.
    pub fn schemas(&self) -> Vec<Arc<Schema>> {
        let mut schemas: Vec<Arc<Schema>> = Vec::new();
        for kind in &self.types {
            let extensions = kind.extensions().iter().map(|extension| &extension.schema);
            for schema in std::iter::once(kind.schema()).chain(extensions) {
                if !schemas.iter().any(|known| known.id.eq_ignore_ascii_case(&schema.id)) {
                    schemas.push(Arc::clone(schema));
                }
            }
        }
        schemas
    }
}

impl Default for Registry {
    /// User with the enterprise extension, and Group.
    fn default() -> Self {
        Self::new([ResourceType::user(), ResourceType::group()])
    }
}
