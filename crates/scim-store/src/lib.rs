//! The storage seam of SCIM 2.0: [`ScimStore`], what crosses it, and [`MemoryStore`].
//!
//! A service provider needs a store that creates, reads, searches, changes and deletes resources, each verb inside the
//! tenant of its [`Scope`]. What crosses the seam is ready to be worked with: bodies are checked ([`Draft`]), filters and
//! orders are resolved ([`Query`]), a PUT or PATCH is compiled ([`Edit`]). The store adds what only it can: transactions,
//! uniqueness, members that exist, versions. Its contract is told at [`ScimStore`].
//!
//! [`MemoryStore`] keeps everything in memory and fits tests and small installations. A [`Guard`] is the host's veto inside
//! each transaction, and [`Change`]s, read from a [`ChangeFeed`], are what events are made from. Beside the resources,
//! [`Tenants`] tells what is set for each tenant, and a [`CredentialStore`] keeps its tokens.
//!
//! A host that has code for its users and groups already, and no wish to write a store, gives it to [`Backends`].
//!
//! # A store of one's own
//!
//! This is a whole store: tenants, uniqueness, versions, members and searches. It is slow, as it copies the rows of a tenant
//! for each write and looks through them for each search, and it keeps the contract.
//!
//! ```
#![doc = include_str!("../docs/custom_store.rs")]
//!
//! # let store: Arc<dyn ScimStore> = Arc::new(ListStore::default());
//! # assert!(!store.capabilities().batch);
//! ```
//!
//! [`Draft`]: scim_core::Draft
//! [`Edit`]: scim_core::Edit
//! [`Query`]: scim_core::query::Query

mod adoption;
mod backend;
mod breaker;
mod capabilities;
mod changes;
mod clock;
mod credential;
mod credential_store;
mod error;
mod guard;
mod label;
mod license;
mod licensed;
mod memory;
mod protection;
mod provenance;
mod requests;
mod scope;
mod seat;
mod settings;
mod store;
mod tenants;

pub use adoption::{Account, Accounts, Adoption};
pub use backend::{Backends, GroupBackend, Lookup, NoGroups, Record, RecordChange, RecordPage, UserBackend};
pub use breaker::{Alarm, Breaker, Loss, Losses, Tally, Trip};
pub use capabilities::Capabilities;
pub use changes::{Change, ChangeFeed, ChangeKind, ChangeMethod};
pub use clock::{Clock, IdSource, RandomIds, SystemClock};
pub use credential::{Access, Credential, CredentialId, Digest, Expiry, Replaces, RevealLink};
pub use credential_store::{CredentialStore, MemoryCredentials};
pub use error::{Result, StoreError};
pub use guard::{Attempt, Denial, Guard, Guards, NoGuard, TxView};
pub use label::Labels;
pub use license::{LicenseBackend, MemoryLicenses, Reservation};
pub use licensed::{LicenseGuard, Licensed, Reconciled};
pub use memory::{MemoryStore, MemoryStoreBuilder};
pub use protection::{Protected, ProtectedIds, Protection};
pub use provenance::{ByHand, Provenance, Refusal};
pub use requests::{Read, Removal, Updated, Write, Written};
pub use scope::{Principal, Scope};
pub use seat::{SeatCount, SeatStep, SeatStore, takes_seats};
pub use settings::{
    AdoptionPolicy, BreakerAction, BreakerPolicy, RateLimit, Reprovision, SeatPolicy, TenantSettings, TenantState,
};
pub use store::{ScimStore, ScimStoreExt};
pub use tenants::{MemoryTenants, Tenants};
