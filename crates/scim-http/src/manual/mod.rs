//! Reading matter for whoever runs the endpoint: what each identity provider sends and how to set it up, and operations.
//!
//! What is said about a provider's requests is from its public documentation, its published test suites and requests that
//! people recorded; the exchanges of scim-conformance are the same, runnable, with their sources. No live tenant was asked.
//! Decisions (D1, ..) are those of [`scim_core::manual::decisions`].

#[doc = include_str!("entra.md")]
pub mod entra {}

#[doc = include_str!("jumpcloud.md")]
pub mod jumpcloud {}

#[doc = include_str!("okta.md")]
pub mod okta {}

#[doc = include_str!("onelogin.md")]
pub mod onelogin {}

#[doc = include_str!("operations.md")]
pub mod operations {}

#[doc = include_str!("others.md")]
pub mod others {}

#[doc = include_str!("ping.md")]
pub mod ping {}
