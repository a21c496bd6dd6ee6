//! SCIM 2.0 over [`http`]: requests in, answers out, on a store and credentials of the host's. No framework, no runtime.
//!
//! A [`ScimService`] is made of a [`ScimStore`](store::ScimStore), which keeps the resources, and an [`Authenticator`], which
//! tells who asks; [`BearerTokens`] and [`MemoryStore`](store::MemoryStore) are ready to start with.
//!
//! ```
//! use http::Request;
//! use scim_http::{BearerTokens, Expiry, ScimService, store::{MemoryStore, Principal}};
//!
//! let tokens = BearerTokens::new();
//! let token = BearerTokens::generate("acme")?;
//! tokens.add(&token, Principal::new("acme", "first token"), Expiry::Never)?;
//! let scim = ScimService::builder("https://example.com/scim/v2", MemoryStore::new(), tokens).build()?;
//!
//! let request = Request::post("/scim/v2/Users")
//!     .header("authorization", format!("Bearer {token}"))
//!     .header("content-type", "application/scim+json")
//!     .body(r#"{ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "bjensen" }"#)?;
//! # let mut answer = std::pin::pin!(scim.handle(request));
//! # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
//! # let std::task::Poll::Ready(answer) = answer.as_mut().poll(&mut context) else { return Err("pending".into()) };
//! # let _ = stringify! {
//! let answer = scim.handle(request).await;
//! # };
//! assert_eq!(answer.status(), 201);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! TLS, sockets, slow clients and rates are the framework's. It logs nothing by itself: what was tolerated
//! ([`Notes`](core::Notes)) and why a request failed ([`Cause`]) are in the extensions of the answer.
//!
//! # One dependency
//!
//! [`core`] and [`store`] are the two crates below, so that a host depends on this one alone.

mod auth;
mod body;
mod builder;
mod cursor;
mod encode;
mod fault;
mod operate;
mod params;
mod password;
mod route;
mod search;
mod service;
mod tokens;

pub use auth::{AuthError, Authenticator};
pub use body::Body;
pub use builder::{BuildError, ScimServiceBuilder};
pub use fault::Cause;
pub use password::PasswordSink;
pub use scim_core as core;
pub use scim_store as store;
pub use service::{Pagination, ScimService};
pub use tokens::{BearerTokens, Expiry, TokenError};

/// The example of the README, so that it compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
