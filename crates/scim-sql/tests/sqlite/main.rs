//! The store on SQLite: `cargo test -p scim-sql --features sqlite --test sqlite`.

#![cfg(feature = "sqlite")]

#[cfg(test)]
#[expect(
    dead_code,
    reason = "shared with the tests of the store in memory, which use all of it"
)]
#[path = "../../../scim-store/tests/memory/common.rs"]
mod common;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod files;
#[cfg(test)]
mod guards;
#[cfg(test)]
mod races;
#[cfg(test)]
mod support;
