//! The filter language of SCIM (RFC 7644 section 3.4.2.2): text to tree and back.
//!
//! [`Filter::parse`] reads a filter and [`Filter`]'s `Display` writes one. What the names in it mean
//! is decided later, against a schema.

mod ast;
mod error;
mod fail;
mod limits;
mod literal;
pub(crate) mod parse;
mod print;
mod token;

pub use ast::{CompareOp, Comparison, Filter, Literal, ValuePath};
pub use error::{FilterError, FilterErrorKind};
pub use limits::FilterLimits;
