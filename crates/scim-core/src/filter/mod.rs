//! The filter language of SCIM (RFC 7644 section 3.4.2.2): text to tree and back, then resolved and evaluated.
//!
//! [`Filter::parse`] reads a filter and [`Filter`]'s `Display` writes one; [`Predicate::resolve`] gives its names and
//! literals their meaning against a resource type, and [`Predicate::matches`] evaluates it.

mod ast;
pub(crate) mod compare;
mod error;
mod fail;
mod limits;
mod literal;
pub(crate) mod parse;
mod predicate;
mod print;
mod resolve;
mod token;

pub use ast::{CompareOp, Comparison, Filter, Literal, ValuePath};
pub use error::{FilterError, FilterErrorKind};
pub use limits::FilterLimits;
pub use predicate::{Operand, Predicate, Test, TextMode};
pub use resolve::FilterScope;
pub(crate) use resolve::text_mode;
