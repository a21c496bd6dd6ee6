//! What SCIM clients are to be told of a change that the product made by itself.

use std::sync::Arc;

use scim_http::core::{ResourceId, schema::ResourceType};

/// A resource that changed, with the paths of the attributes that did.
pub(crate) struct Told {
    pub(crate) kind: Arc<ResourceType>,
    pub(crate) id: ResourceId,
    pub(crate) changed: &'static [&'static str],
}
