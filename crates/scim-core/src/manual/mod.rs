//! Reading matter: why things are as they are.

#[doc = include_str!("decisions.md")]
pub mod decisions {}

#[doc = include_str!("incidents.md")]
pub mod incidents {}
