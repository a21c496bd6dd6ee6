//! The store in an SQLite file.

mod builder;
mod changes;
mod connection;
mod line;
mod opener;
mod queue;
mod seats;
mod store;
#[cfg(test)]
mod tests;
mod threads;
mod worker;

pub use self::{
    builder::{SqliteStoreBuilder, Synchronous},
    store::SqliteStore,
};

pub(crate) use connection::{SqliteSession, read, write};
pub(crate) use line::{Line, done};
pub(crate) use threads::Threads;
