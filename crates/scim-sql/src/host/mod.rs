//! Resources in a host's own tables.
#![cfg_attr(feature = "sqlite", doc = "")]
#![cfg_attr(feature = "sqlite", doc = include_str!("manual.md"))]

#[cfg(feature = "sqlite")]
mod borrowed;
mod check;
mod column;
mod error;
mod key;
mod landing;
mod link;
mod list;
mod map;
mod name;
#[cfg(test)]
mod plans;
#[cfg(feature = "postgres")]
mod postgres;
mod read;
mod relation;
mod shape;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod store;
mod table;
#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests;
mod verbs;
mod writes;

pub use column::{Column, TimeForm};
pub use error::{HostError, MapError};
pub use key::Key;
pub use link::Link;
pub use list::List;
pub use map::ColumnMap;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use store::HostStore;
pub use table::Table;
pub use writes::WriteMap;
