//! placeholder

pub mod datetime;
pub mod fold;
pub mod json;
pub mod username;
