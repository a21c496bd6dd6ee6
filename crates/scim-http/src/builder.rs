//! What a service is made of.

use std::{fmt, sync::Arc};

use http::Uri;
use scim_core::{Dialect, Limits, schema::Registry};
use scim_store::{Clock, IdSource, RandomIds, ScimStore, SystemClock};

use crate::{
    Authenticator, Pagination, PasswordSink, ScimService,
    cursor::Seal,
    operate::{Advertised, Discovery},
    service::Inner,
};

/// Builds a [`ScimService`].
#[must_use]
pub struct ScimServiceBuilder {
    authenticator: Arc<dyn Authenticator>,
    base_url: String,
    clock: Arc<dyn Clock>,
    cursor_key: Option<[u8; 32]>,
    dialect: Dialect,
    documentation: Option<String>,
    ids: Arc<dyn IdSource>,
    insecure: bool,
    kinds: Registry,
    limits: Limits,
    pagination: Pagination,
    password_sink: Option<Arc<dyn PasswordSink>>,
    store: Arc<dyn ScimStore>,
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
            authenticator,
            base_url: base_url.trim_end_matches('/').to_owned(),
            clock: Arc::new(SystemClock),
            cursor_key: None,
            dialect: Dialect::default(),
            documentation: None,
            ids: Arc::new(RandomIds),
            insecure: false,
            kinds: Registry::default(),
            limits: Limits::default(),
            pagination: Pagination::default(),
            password_sink: None,
            store,
        }
    }

    /// Takes an `http` base URL: for tests on one machine, never for a service (RFC 7644 section 7.2).
    pub fn allow_insecure_base_url(mut self) -> Self {
        self.insecure = true;
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
        self.dialect = dialect;
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
        self.limits = limits;
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

    /// The service.
    ///
    /// # Errors
    ///
    /// Any [`BuildError`].
    pub fn build(self) -> Result<ScimService, BuildError> {
        let uri: Uri = self.base_url.parse().map_err(|_| BuildError::BaseUrl)?;
        if uri.host().is_none() || uri.query().is_some() || self.base_url.contains('#') {
            return Err(BuildError::BaseUrl);
        }
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if self.insecure => {}
            Some("http") => return Err(BuildError::Insecure),
            _ => return Err(BuildError::BaseUrl),
        }
        let own = [
            "/.search",
            "/Bulk",
            "/Me",
            "/ResourceTypes",
            "/Schemas",
            "/ServiceProviderConfig",
        ];
        for (index, kind) in self.kinds.types().iter().enumerate() {
            let endpoint = kind.endpoint();
            let twice = self
                .kinds
                .types()
                .iter()
                .take(index)
                .any(|other| other.endpoint() == endpoint);
            if twice || own.contains(&endpoint) {
                return Err(BuildError::Endpoint(endpoint.to_owned()));
            }
        }
        let key = match self.cursor_key {
            Some(key) => key,
            None => {
                let mut key = [0; 32];
                getrandom::fill(&mut key).map_err(BuildError::Randomness)?;
                key
            }
        };
        let seal = Seal::new(&key).ok_or(BuildError::CursorKey)?;
        let discovery = Discovery::new(&Advertised {
            base: &self.base_url,
            kinds: &self.kinds,
            limits: &self.limits,
            capabilities: self.store.capabilities(),
            pagination: self.pagination,
            documentation: self.documentation.as_deref(),
            passwords: self.password_sink.is_some(),
            challenge: self.authenticator.challenge(),
        });
        Ok(ScimService::new(Inner {
            authenticator: self.authenticator,
            base_path: uri.path().trim_end_matches('/').to_owned(),
            base_url: self.base_url,
            clock: self.clock,
            dialect: Arc::new(self.dialect),
            discovery,
            ids: self.ids,
            kinds: Arc::new(self.kinds),
            limits: self.limits,
            pagination: self.pagination,
            password_sink: self.password_sink,
            seal,
            store: self.store,
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
