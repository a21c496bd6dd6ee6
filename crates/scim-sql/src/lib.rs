//! SQL stores for SCIM 2.0: SQLite embedded, PostgreSQL for the many, and a host's own tables.
//!
//! | store | feature | what it is for |
//! | --- | --- | --- |
//! | `SqliteStore` | `sqlite` | a file and no set-up; runs on threads of its own, under any executor |
//! | `PgStore` | `postgres` | a URL or the host's own sqlx pool, a schema of its own |
//! | [`host::HostStore`] | either | users and groups that stand in the host's tables already, told of by a [`host::ColumnMap`] |
//!
//! All of them keep the contract of [`ScimStore`](scim_store::ScimStore) and answer what
//! [`MemoryStore`](scim_store::MemoryStore) answers. A filter is compiled to SQL as a whole; what a store cannot do is
//! `Unsupported` with the name of the attribute, never left out. Each write is one transaction, with its precondition, the
//! guard's verdict, what must be unique, and its record in the [`ChangeFeed`](scim_store::ChangeFeed).
//!
#![cfg_attr(feature = "sqlite", doc = "```no_run")]
#![cfg_attr(not(feature = "sqlite"), doc = "```ignore")]
//! use scim_http::{BearerTokens, ScimService};
//! use scim_sql::SqliteStore;
//!
//! # async fn open(tokens: BearerTokens) -> Result<(), Box<dyn std::error::Error>> {
//! let store = SqliteStore::open("scim.db").await?;
//! let service = ScimService::builder("https://id.example.com/scim/v2", store, tokens).build()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Tenants and their tokens
//!
//! `credentials()` and `tenants()` of a store are the [`CredentialStore`](scim_store::CredentialStore) and the
//! [`Tenants`](scim_store::Tenants) of a service, in tables beside the resources:
//!
#![cfg_attr(feature = "sqlite", doc = "```no_run")]
#![cfg_attr(not(feature = "sqlite"), doc = "```ignore")]
//! use scim_core::Dialect;
//! use scim_http::{Credentials, Mint, ScimService, TokenAuth};
//! use scim_sql::SqliteStore;
//! use scim_store::{Expiry, TenantSettings};
//!
//! # async fn open() -> Result<(), Box<dyn std::error::Error>> {
//! let store = SqliteStore::open("scim.db").await?;
//! let (tenants, credentials) = (store.tenants(), Credentials::new("acme", store.credentials())?);
//! let auth = TokenAuth::new().credentials(credentials.clone());
//! let service = ScimService::builder("https://id.example.com/scim/{tenant}/v2", store, auth)
//!     .tenants(tenants.clone())
//!     .build()?;
//!
//! // In the host's administration, in this process or in another one:
//! let settings = TenantSettings::default().with(|settings| settings.dialect = Dialect::okta());
//! tenants.put(&"org1".into(), &settings).await?;
//! let minted = credentials.mint(&"org1".into(), Mint::new("Okta", Expiry::Never)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Events
//!
//! With the feature `events`, `SqliteStore` and `PgStore` are also where `scim_events` keeps how far readers of changes are
//! (`Positions`), and endpoints of webhooks with what is on its way to them (`DeliveryStore`).
//!
//! # How it is kept
//!
//! A resource is a row of `scim_resource`: the bytes that plain reads send, and beside them a document whose values are
//! prepared for comparison (decision D44). What is looked up often has a column with an index, or a row of `scim_value` or
//! `scim_unique`. Members are rows of `scim_member`, so a group is patched without being read. The tenant is the first column
//! of every key. Every statement is made of fixed text and bound values; nothing that a client sent is part of the text.

#![cfg_attr(
    not(any(feature = "postgres", feature = "sqlite")),
    expect(dead_code, unused_imports, reason = "without a database there is nothing that calls")
)]

#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod breakers;
mod compile;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod credentials;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod database;
mod delta;
mod dump;
mod engine;
mod error;
#[cfg(all(feature = "events", any(feature = "postgres", feature = "sqlite")))]
mod events;
#[cfg(test)]
mod explained;
mod feed;
pub mod host;
mod losses;
mod map;
mod migrate;
mod open;
#[cfg(feature = "postgres")]
mod postgres;
mod prepared;
mod retry;
mod seats;
mod session;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statement;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod tenants;
mod verbs;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use breakers::SqlBreakers;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use credentials::SqlCredentials;
pub use engine::Engine;
pub use open::OpenError;
#[cfg(feature = "postgres")]
pub use postgres::{PgStore, PgStoreBuilder};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteStore, SqliteStoreBuilder, Synchronous};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use tenants::SqlTenants;
