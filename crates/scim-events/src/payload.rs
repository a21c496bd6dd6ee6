//! What events carry.

use std::{fmt, sync::Arc};

use scim_core::{TenantId, query::Relations, resource::Encoder, resource::Projection, schema::Registry};
use scim_store::{Change, ChangeKind, Clock, Principal, RandomIds, Read, Result, ScimStore, Scope, StoreError};
use serde_json::{Map, Value};

/// What events carry to a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Payload {
    /// Names of attributes. A receiver that wants values asks for them, with its own rights.
    #[default]
    Names,
    /// Also the external identifier, and the resource as it is when the event is made: what a plain GET would answer, so
    /// nothing of `returned: never` or `request`; without members and groups, which may be many.
    Values,
}

/// Reads the resources of events, where the host chose values.
#[derive(Clone)]
pub struct Values {
    store: Arc<dyn ScimStore>,
    kinds: Arc<Registry>,
    base: Arc<dyn Fn(&TenantId) -> String + Send + Sync>,
}

impl Values {
    /// Reads from a store by these resource types; `base` tells the base URL of a tenant, without a slash at its end, for
    /// `meta.location`.
    pub fn new(
        store: Arc<dyn ScimStore>,
        kinds: Arc<Registry>,
        base: impl Fn(&TenantId) -> String + Send + Sync + 'static,
    ) -> Self {
        let base = Arc::new(base);
        Self { store, kinds, base }
    }

    /// The resource of a change as it is now; `None` where it is gone, or of a type that is not served.
    pub(crate) async fn read(&self, change: &Change, clock: &dyn Clock) -> Result<Option<Map<String, Value>>> {
        let kind = self.kinds.by_name(&change.resource_type);
        let (Some(kind), false) = (kind, change.kind == ChangeKind::Deleted) else {
            return Ok(None);
        };
        let principal = Principal::new(change.tenant.clone(), "events").read_only();
        let scope = Scope::new(principal, clock.now(), Arc::new(RandomIds), Arc::clone(&self.kinds));
        let read = Read::new(Arc::clone(kind), change.id.clone()).with_relations(Relations::NONE);
        let found = match self.store.get(&scope, &read).await {
            Ok(found) => found,
            Err(StoreError::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        let base = (self.base)(&change.tenant);
        let bytes = Encoder::new(&base).to_bytes(&found, &Projection::Default);
        serde_json::from_slice(&bytes).map(Some).map_err(StoreError::other)
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
