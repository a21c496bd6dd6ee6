//! The storage seam of SCIM 2.0: [`ScimStore`], what crosses it, and [`MemoryStore`].

mod capabilities;
mod changes;
mod clock;
mod error;
mod guard;
mod memory;
mod requests;
mod scope;
mod store;

pub use capabilities::Capabilities;
pub use changes::{Change, ChangeKind};
pub use clock::{Clock, IdSource, RandomIds, SystemClock};
pub use error::{Result, StoreError};
pub use guard::{Attempt, Denial, Guard, NoGuard, TxView};
pub use memory::{MemoryStore, MemoryStoreBuilder};
pub use requests::{Read, Removal, Updated, Write, Written};
pub use scope::{Principal, Scope};
pub use store::{ScimStore, ScimStoreExt};
