//! Back ends in a host's own words, and the store that is made of them.

mod entry;
mod find;
mod group;
mod members;
mod query;
mod record;
mod shelf;
mod store;
mod turns;
mod user;
mod view;
mod write;

pub use find::Lookup;
pub use group::{GroupBackend, NoGroups};
pub use record::{Record, RecordChange, RecordPage};
pub use store::Backends;
pub use user::UserBackend;
