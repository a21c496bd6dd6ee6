//! The least work that any correct implementation of a case must do, written by hand for that case.

pub(crate) mod evaluate;
pub(crate) mod filter;
pub(crate) mod group;
pub(crate) mod patch;
pub(crate) mod server;
