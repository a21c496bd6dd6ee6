//! What a service is made of.

use std::{fmt, sync::Arc};

use scim_core::{Dialect, Limits, schema::Registry};
use scim_store::{Clock, IdSource, RandomIds, ScimStore, SystemClock, TenantSettings, Tenants};

use crate::{
    Authenticator, Pagination, PasswordSink, ScimService,
    base_url::Template,
    cursor::Seal,
    rate::Limiter,
    service::Inner,
    site::{Common, Sites},
};

/// Builds a [`ScimService`].
#[must_use]
pub struct ScimServiceBuilder {
    any_host: bool,
    authenticator: Arc<dyn Authenticator>,
    base_url: String,
    clock: Arc<dyn Clock>,
    cursor_key: Option<[u8; 32]>,
    documentation: Option<String>,
    ids: Arc<dyn IdSource>,
    insecure: bool,
    kinds: Registry,
    pagination: Pagination,
    password_sink: Option<Arc<dyn PasswordSink>>,
    settings: TenantSettings,
    store: Arc<dyn ScimStore>,
    tenants: Option<Arc<dyn Tenants>>,
}

/// Why a service cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The base URL is not absolute, or has a query.
    #[error("the base URL must be absolute, without query and fragment, such as https://example.com/scim/v2")]
    BaseUrl,
    /// The base URL is not https (RFC 7644 section 7.2).
    #[error("the base URL must be https; for a test, say so by allow_insecure_base_url")]
    Insecure,
    /// The cursor key is none of the cipher's.
    #[error("the cursor key cannot be used")]
    CursorKey,
    /// A type's endpoint is one of the protocol's own, or two types share one.
    #[error("the endpoint `{0}` is taken")]
    Endpoint(String),
    /// The operating system gives no randomness for a cursor key.
    #[error("the operating system gives no randomness: {0}")]
    Randomness(getrandom::Error),
}

impl ScimServiceBuilder {
    pub(crate) fn new(base_url: &str, store: Arc<dyn ScimStore>, authenticator: Arc<dyn Authenticator>) -> Self {
        Self {
            any_host: false,
            authenticator,
            base_url: base_url.to_owned(),
            clock: Arc::new(SystemClock),
            cursor_key: None,
            documentation: None,
            ids: Arc::new(RandomIds),
            insecure: false,
            kinds: Registry::default(),
            pagination: Pagination::default(),
            password_sink: None,
            settings: TenantSettings::default(),
            store,
            tenants: None,
        }
    }

    /// Takes an `http` base URL: for tests on one machine, never for a service (RFC 7644 section 7.2).
    pub fn allow_insecure_base_url(mut self) -> Self {
        self.insecure = true;
        self
    }

    /// Takes requests to any host, for proxies that change it.
    ///
    /// With [`tenants`](Self::tenants) a request must name the host of its tenant's base URL, unless `{tenant}` is in the path of
    /// the service's. This is safe as long as no two tenants have base URLs that differ by their hosts alone.
    pub fn any_host(mut self) -> Self {
        self.any_host = true;
        self
    }

    /// Where the time comes from; the machine by default.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The key that cursors are sealed with. Servers of one cluster need the same; by default it is random.
    pub fn cursor_key(mut self, key: [u8; 32]) -> Self {
        self.cursor_key = Some(key);
        self
    }

    /// What clients may send beyond the RFCs; [`Dialect::default`] by default.
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.settings.dialect = dialect;
        self
    }

    /// Where people read about the service, for `ServiceProviderConfig`.
    pub fn documentation(mut self, uri: &str) -> Self {
        self.documentation = Some(uri.to_owned());
        self
    }

    /// Where identifiers come from; random UUIDs by default.
    pub fn ids(mut self, ids: impl IdSource) -> Self {
        self.ids = Arc::new(ids);
        self
    }

    /// What a request may cost.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// How lists are paged where a request does not say; by index by default.
    pub fn pagination(mut self, pagination: Pagination) -> Self {
        self.pagination = pagination;
        self
    }

    /// Takes passwords. Without it they are accepted and dropped, and `/Schemas` does not list them (decision D30).
    pub fn password_sink(mut self, sink: impl PasswordSink) -> Self {
        self.password_sink = Some(Arc::new(sink));
        self
    }

    /// The resource types; User with the enterprise extension and Group by default.
    pub fn resource_types(mut self, kinds: Registry) -> Self {
        self.kinds = kinds;
        self
    }

    /// Changes other settings that hold for all tenants, as long as there are no [`tenants`](Self::tenants) with their own.
    ///
    /// ```
    /// # use scim_http::{BearerTokens, ScimService, store::{MemoryStore, RateLimit}};
    /// let service = ScimService::builder("https://example.com/scim/v2", MemoryStore::new(), BearerTokens::new())
    ///     .settings(|settings| {
    ///         settings.groups = false;
    ///         settings.rate_limit = Some(RateLimit::per_second(25));
    ///     })
    ///     .build()?;
    /// # Ok::<(), scim_http::BuildError>(())
    /// ```
    pub fn settings(mut self, change: impl FnOnce(&mut TenantSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Settings for each tenant, which may change at any time. Those of the builder are not used then, but for the limits of
    /// bodies, which no tenant's exceed, and for the resource types of tenants that have none of their own.
    ///
    /// Requests must come with the whole path, or with a [`UrlTenant`](crate::UrlTenant); credentials open the base URL of
    /// their own tenant only (decision D48).
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use scim_http::{BearerTokens, ScimService, core::Dialect, store::{MemoryStore, MemoryTenants, TenantSettings}};
    /// let tenants = Arc::new(MemoryTenants::new());
    /// tenants.put("acme", TenantSettings::default().with(|settings| settings.dialect = Dialect::okta()));
    /// let base = "https://example.com/scim/{tenant}/v2";
    /// let service = ScimService::builder(base, MemoryStore::new(), BearerTokens::new())
    ///     .tenants(Arc::clone(&tenants))
    ///     .build()?;
    /// tenants.change(&"acme".into(), |settings| settings.groups = false); // from the next request on
    /// # Ok::<(), scim_http::BuildError>(())
    /// ```
    pub fn tenants(mut self, tenants: impl Tenants) -> Self {
        self.tenants = Some(Arc::new(tenants));
        self
    }

    /// The service.
    ///
    /// # Errors
    ///
    /// Any [`BuildError`].
    pub fn build(self) -> Result<ScimService, BuildError> {
        let base_url = Template::parse(&self.base_url, self.insecure)?;
        let key = match self.cursor_key {
            Some(key) => key,
            None => {
                let mut key = [0; 32];
                getrandom::fill(&mut key).map_err(BuildError::Randomness)?;
                key
            }
        };
        let seal = Seal::new(&key).ok_or(BuildError::CursorKey)?;
        let common = Common {
            any_host: self.any_host,
            base_url,
            challenge: self.authenticator.challenge().to_owned(),
            documentation: self.documentation,
            kinds: Arc::new(self.kinds),
            pagination: self.pagination,
            password_sink: self.password_sink,
            seal: Arc::new(seal),
            settings: Arc::new(self.settings),
            store: self.store,
        };
        Ok(ScimService::new(Inner {
            authenticator: self.authenticator,
            clock: self.clock,
            ids: self.ids,
            limiter: Limiter::default(),
            sites: Sites::new(common, self.tenants)?,
        }))
    }
}

impl fmt::Debug for ScimServiceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScimServiceBuilder")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}
