//! Tests for authors of SCIM stores and hosts.
//!
//! Two corpora run against anything that answers [`http::Request`]s (a [`Target`]): recorded exchanges of identity
//! providers ([`ExchangeFile`]) and hostile or malformed input ([`badinput`]). Both come with this crate as data files
//! and can be read from another directory. Each run yields a [`Report`] that names every difference; nothing panics.
//!
//! [`check_store`] holds a [`ScimStore`](scim_store::ScimStore) against its contract, [`check_changes`] its
//! [record of changes](scim_store::ChangeFeed), [`check_guard`] what it asks its guard, [`check_semantics`] its searches against what filters mean, a [`differential`] one store against another, and [`check_credentials`] a
//! [`CredentialStore`](scim_store::CredentialStore). Whoever has a store that tests can
//! look into ([`Inspect`]) and that can be made anew ([`StoreFactory`]) runs both corpora on it: see [`StoreWorld`].

/// Ends a check of a contract with a text, unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err(format!($($text)+));
        }
    };
}

pub mod badinput;
mod block_on;
mod credentials;
pub mod differential;
#[cfg(feature = "events")]
pub mod events;
mod exchanges;
pub mod fuzz;
mod inspect;
mod load;
mod matcher;
mod outgoing;
mod placeholder;
#[cfg(all(unix, feature = "postgres"))]
pub mod postgres;
mod protect;
mod report;
pub mod seeds;
mod semantics;
pub mod socket;
mod store;
#[cfg(all(unix, feature = "stores"))]
pub mod stores;
mod target;
mod world;

pub use block_on::block_on;
pub use credentials::check_credentials;
pub use exchanges::{Client, ExchangeFile};
pub use inspect::{InMemory, Inspect, StoreFactory, StoreOptions};
pub use load::{LoadError, bundled_badinput, bundled_exchanges};
pub use protect::ProtectedUsers;
pub use report::{FileReport, Outcome, Report, Verdict};
pub use semantics::check_semantics;
pub use store::{Asked, check_changes, check_guard, check_store};
pub use target::Target;
pub use world::{InProcess, MemoryWorld, StoreWorld};
