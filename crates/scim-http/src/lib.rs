//! SCIM 2.0 over [`http`]: requests in, answers out, on a store and credentials of the host's. No framework, no runtime.
//!
//! A [`ScimService`] is made of a [`ScimStore`](store::ScimStore), which keeps the resources, and an [`Authenticator`], which
//! tells who asks; [`BearerTokens`] and [`MemoryStore`](store::MemoryStore) are ready to start with. A product with many
//! organisations gives each its [settings](store::TenantSettings), by [`ScimServiceBuilder::tenants`], and its tokens, by
//! [`Credentials`].
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
//! TLS, sockets, slow clients and the rates of strangers are the framework's; those of tenants can be [set](store::RateLimit). It logs nothing by itself: what was tolerated
//! ([`Notes`](core::Notes)) and why a request failed ([`Cause`]) are in the extensions of the answer.
//!
//! # One dependency
//!
//! [`core`] and [`store`] are the two crates below, so that a host depends on this one alone.

mod access_token;
mod auth;
mod base_url;
mod body;
mod builder;
mod credentials;
mod cursor;
mod encode;
mod fault;
mod forms;
mod intake;
pub mod manual;
mod operate;
mod params;
mod password;
mod rate;
mod route;
mod search;
mod secret;
mod service;
mod site;
mod token_auth;
mod tokens;

pub use access_token::{AccessTokens, Claims, TokenValidator};
pub use auth::{AuthError, Authenticator};
pub use base_url::UrlTenant;
pub use body::Body;
pub use builder::{BuildError, ScimServiceBuilder};
pub use credentials::{CredentialError, Credentials, LinkNote, Mint, Minted, Notifier};
pub use fault::Cause;
pub use forms::TokenForms;
pub use intake::{Intake, Pace, Rest};
pub use password::PasswordSink;
pub use scim_core as core;
pub use scim_store as store;
pub use scim_store::Expiry;
pub use secret::Secret;
pub use service::{Pagination, ScimService};
pub use token_auth::TokenAuth;
pub use tokens::{BearerTokens, TokenError};

/// The example of the README, so that it compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
