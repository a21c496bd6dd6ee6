//! What a service says of itself (RFC 7643 sections 5 to 7, RFC 7644 section 4, RFC 9865 section 4).
//!
//! Everything comes from the values that are enforced, so that only what is served is advertised.

mod config;
mod documents;

pub use config::{
    AuthenticationScheme, BulkSupport, DocumentMeta, FilterSupport, PaginationSupport, ServiceProviderConfig, Support,
    Supported,
};
pub use documents::{list_document, resource_type_document, schema_document};
