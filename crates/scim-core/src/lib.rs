//! SCIM 2.0 (RFC 7643, RFC 7644, RFC 9865) as pure data.

pub mod attr;
pub mod datetime;
pub mod filter;
pub mod fold;
pub mod json;
pub mod span;
pub mod username;
