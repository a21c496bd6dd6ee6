//! PATCH (RFC 7644 section 3.5.2): read, compiled against a type, then applied all or nothing.

mod apply;
mod compile;
mod members;
mod message;
mod step;

pub(crate) use apply::apply;
pub(crate) use compile::compile;
pub(crate) use message::fields;
pub use message::{PatchMessage, PatchOp, PatchOperation, check_message_schema};
pub(crate) use step::{Change, Select, Step};
