//! The stores of this project by name, and test binaries that run again on each of them.
//!
//! A test that makes its stores with [`StoreKind::from_env`] runs on the one that `SCIM_TEST_STORE` names. A test binary
//! says in which other stores its tests must end the same:
//!
//! ```no_run
//! use scim_conformance::stores::{Rerun, StoreKind};
//!
//! #[test]
//! fn same_on_sqlite() {
//!     Rerun::on(StoreKind::Sqlite).run().unwrap();
//! }
//! ```

mod kind;
mod open;
mod rerun;
mod runtime;
mod schemas;

pub use kind::{StoreKind, UnknownStore};
pub use rerun::{Rerun, RerunError};
pub use runtime::block_on;
