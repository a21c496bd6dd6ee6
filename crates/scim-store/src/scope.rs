//! Who asks, for which tenant, and when: what every verb of a store is told.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use scim_core::{ResourceId, TenantId, schema::Registry};

use crate::{IdSource, TenantSettings};

/// Whoever was authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Principal {
    /// The tenant that the credentials belong to; nothing else chooses it (RFC 7644 section 6.1).
    pub tenant: TenantId,
    /// A name for logs and change records, such as the identifier of a credential; never a secret.
    pub name: Arc<str>,
    /// The resource that `/Me` stands for.
    pub me: Option<ResourceId>,
    /// Whether writes are allowed.
    pub can_write: bool,
    /// Moves when the permissions change; cursors of another epoch are refused (RFC 9865).
    pub epoch: u64,
}

impl Principal {
    /// A principal of a tenant that may read and write. A clone of it shares its texts.
    pub fn new(tenant: impl Into<TenantId>, name: &str) -> Self {
        Self {
            tenant: tenant.into(),
            name: Arc::from(name),
            me: None,
            can_write: true,
            epoch: 0,
        }
    }

    /// With the resource that `/Me` stands for.
    #[must_use]
    pub fn with_me(mut self, me: ResourceId) -> Self {
        self.me = Some(me);
        self
    }

    /// May read only.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.can_write = false;
        self
    }

    /// With another epoch.
    #[must_use]
    pub fn with_epoch(mut self, epoch: u64) -> Self {
        self.epoch = epoch;
        self
    }
}

/// What every verb is told: the tenant first of all. A store touches nothing outside `tenant()`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Scope {
    /// Who asks.
    pub principal: Principal,
    /// The request, for logs and change records.
    pub request_id: String,
    /// The time of the request.
    pub now: DateTime<Utc>,
    /// Where identifiers come from.
    pub ids: Arc<dyn IdSource>,
    /// The resource types that are served.
    pub kinds: Arc<Registry>,
    /// What is set for the tenant.
    pub settings: Arc<TenantSettings>,
    /// Whatever the host carries from its authenticator to its store.
    pub extensions: http::Extensions,
}

/// The mark of an edit that the host makes itself.
#[derive(Debug, Clone, Copy)]
struct ByHost;

static DEFAULT: LazyLock<Arc<TenantSettings>> = LazyLock::new(Arc::default);

impl Scope {
    /// A scope with default settings.
    pub fn new(principal: Principal, now: DateTime<Utc>, ids: Arc<dyn IdSource>, kinds: Arc<Registry>) -> Self {
        Self {
            principal,
            request_id: String::new(),
            now,
            ids,
            kinds,
            settings: Arc::clone(&DEFAULT),
            extensions: http::Extensions::new(),
        }
    }

    /// With the name of the request.
    #[must_use]
    pub fn with_request_id(mut self, request_id: impl Into<String>) -> Self {
        self.request_id = request_id.into();
        self
    }

    /// With what is set for the tenant.
    #[must_use]
    pub fn with_settings(mut self, settings: Arc<TenantSettings>) -> Self {
        self.settings = settings;
        self
    }

    /// For an edit that the host makes itself, by its own rights: a [`Protection`](crate::Protection) is not asked about it.
    #[must_use]
    pub fn by_host(mut self) -> Self {
        self.extensions.insert(ByHost);
        self
    }

    /// Whether the host makes the edit itself.
    pub fn is_by_host(&self) -> bool {
        self.extensions.get::<ByHost>().is_some()
    }

    /// The tenant.
    pub fn tenant(&self) -> &TenantId {
        &self.principal.tenant
    }
}
