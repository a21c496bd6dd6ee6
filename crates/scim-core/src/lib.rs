//! SCIM 2.0 (RFC 7643, RFC 7644, RFC 9865) as pure data.

pub mod attr;
pub mod datetime;
pub mod dialect;
mod draft;
mod edit;
mod error;
pub mod filter;
pub mod fold;
mod id;
mod input;
pub mod json;
mod limits;
mod note;
pub mod patch;
mod precondition;
pub mod query;
pub mod resource;
pub mod schema;
pub mod sort;
pub mod span;
pub mod urn;
pub mod username;

pub use dialect::Dialect;
pub use draft::Draft;
pub use edit::{Applied, Edit};
pub use error::{ScimError, ScimType};
pub use id::{ExternalId, ResourceId, TenantId, Version};
pub use input::InputError;
pub use limits::Limits;
pub use note::{Note, Notes};
pub use precondition::{EntityTags, Precondition};
