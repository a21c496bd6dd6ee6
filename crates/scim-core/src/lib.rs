//! SCIM 2.0 (RFC 7643, RFC 7644, RFC 9865) as pure data: bytes to checked values, and values to bytes.
//!
//! - [`Registry`](schema::Registry) and [`ResourceType`](schema::ResourceType) say what there is, from the RFC's own schema
//!   documents and a host's extensions;
//! - [`Draft`], [`Edit`] and [`Query`](query::Query) are what a client asked for, with every name resolved and every value
//!   checked, ready to cross to a store;
//! - [`Stored`](resource::Stored) and [`Found`](resource::Found) are what a store has, ready to be sent.
//!
//! ```
//! use scim_core::{Dialect, filter::{Filter, FilterScope, Predicate}, resource::Resource, schema::ResourceType};
//!
//! let filter = Filter::parse(r#"userName sw "BJ" and not (title pr)"#)?;
//! let (kind, dialect) = (ResourceType::user(), Dialect::default());
//! let scope = FilterScope { kind: &kind, dialect: &dialect, base: "", across_types: false, in_url: true };
//! let predicate = Predicate::resolve(&filter, &scope)?;
//! let user = serde_json::from_str(r#"{ "userName": "bjensen" }"#).map(Resource::from_canonical)?;
//! assert!(predicate.matches(&user));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! No HTTP, no storage, no clock, no randomness, no `async`: `scim-http` and `scim-store` are for that. No input makes it
//! panic, recurse without bound, or cost more than linear time, within the [`Limits`].

pub mod attr;
pub mod bulk;
pub mod datetime;
pub mod dialect;
pub mod discovery;
mod document;
mod draft;
mod edit;
mod error;
pub mod filter;
pub mod fold;
mod id;
mod input;
pub mod json;
mod limits;
pub mod manual;
mod note;
pub mod patch;
mod precondition;
pub mod query;
pub mod resource;
pub mod schema;
pub mod sort;
pub mod sortable;
pub mod span;
pub mod typed;
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
