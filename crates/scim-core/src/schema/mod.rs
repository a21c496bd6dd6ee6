//! Schemas and resource types as data (RFC 7643 sections 2, 6 and 7).
//!
//! The documents of RFC 7643 section 8.7 are compiled in with their errata applied; a host adds extensions and whole
//! resource types of its own by [`Schema::builder`] and [`ResourceType::builder`].

mod attribute;
mod builder;
mod registry;
mod resource_type;
#[expect(clippy::module_inception, reason = "the RFC's own noun for the document of a schema")]
mod schema;

pub use attribute::{Attribute, AttributeType, Mutability, Returned, Uniqueness};
pub use builder::{AttributeBuilder, ResourceTypeBuilder, SchemaBuilder};
pub use registry::Registry;
pub use resource_type::{Extension, Located, Locator, ResourceType};
pub use schema::{Schema, SchemaError};
