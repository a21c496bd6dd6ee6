//! Bulk (RFC 7644 section 3.7): the request read operation by operation, and an order in which its references resolve.
//!
//! [`BulkMessage::parse`] reads a request, [`Plan::new`] says what to do first, and [`substitute`] puts identifiers in the
//! place of `bulkId:` references once they are known.

mod components;
mod message;
mod plan;
mod reference;

pub use message::{BulkError, BulkFault, BulkMessage, BulkMethod, BulkOperation};
pub use plan::{Plan, Step};
pub use reference::{Unresolved, substitute, substitute_path};
