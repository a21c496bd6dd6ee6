//! What a tenant is served by: its settings, and what is made of them, once for each change.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use http::request::Parts;
use scim_core::{Dialect, Limits, TenantId, filter::FilterLimits, schema::Registry};
use scim_store::{ScimStore, TenantSettings, TenantState, Tenants};

use crate::{
    BuildError, Pagination, PasswordSink, UrlTenant,
    base_url::{BaseUrl, Template},
    cursor::Seal,
    fault::Fault,
    operate::{Advertised, Discovery},
    route::Route,
};

/// Most tenants for which something is kept; beyond, one of them is made anew when it comes again.
const KEPT: usize = 16_384;

/// What one tenant is served by.
pub(crate) struct Site {
    pub(crate) base_url: BaseUrl,
    pub(crate) dialect: Arc<Dialect>,
    pub(crate) kinds: Arc<Registry>,
    pub(crate) limits: Limits,
    pub(crate) pagination: Pagination,
    pub(crate) password_sink: Option<Arc<dyn PasswordSink>>,
    pub(crate) seal: Arc<Seal>,
    pub(crate) settings: Arc<TenantSettings>,
    pub(crate) store: Arc<dyn ScimStore>,
    place: Place,
    common: Arc<Common>,
    discovery: OnceLock<Discovery>,
}

/// How far a request must have been sent to the tenant's own URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// One URL for all, and a framework may have taken its path off.
    Anywhere,
    /// Host and path.
    Host,
    /// The path, which the tenant is in.
    Path,
}

/// What all tenants have in common.
pub(crate) struct Common {
    pub(crate) any_host: bool,
    pub(crate) base_url: Template,
    pub(crate) challenge: String,
    pub(crate) documentation: Option<String>,
    pub(crate) kinds: Arc<Registry>,
    pub(crate) pagination: Pagination,
    pub(crate) password_sink: Option<Arc<dyn PasswordSink>>,
    pub(crate) seal: Arc<Seal>,
    /// Of a service without tenants' settings; its limits hold for all.
    pub(crate) settings: Arc<TenantSettings>,
    pub(crate) store: Arc<dyn ScimStore>,
}

/// The sites of all tenants.
pub(crate) struct Sites {
    common: Arc<Common>,
    source: Source,
}

enum Source {
    /// All tenants have one URL and the same settings.
    One(Arc<Site>),
    /// Each has its own; `None` for the same settings at different URLs.
    Each {
        tenants: Option<Arc<dyn Tenants>>,
        made: RwLock<HashMap<TenantId, Arc<Site>>>,
    },
}

impl Sites {
    pub(crate) fn new(common: Common, tenants: Option<Arc<dyn Tenants>>) -> Result<Self, BuildError> {
        let common = Arc::new(common);
        let settings = Arc::clone(&common.settings);
        // Also where it is not kept: what cannot be served is to be known before the first request.
        let site = Site::new(&common, &TenantId::new("tenant"), settings, tenants.is_some())?;
        let source = if tenants.is_some() || common.base_url.has_tenant() {
            let made = RwLock::default();
            Source::Each { tenants, made }
        } else {
            Source::One(Arc::new(site))
        };
        Ok(Self { common, source })
    }

    /// The site of a tenant, as its settings are now.
    pub(crate) async fn of(&self, tenant: &TenantId) -> Result<Arc<Site>, Fault> {
        let (tenants, made) = match &self.source {
            Source::One(site) => return Ok(Arc::clone(site)),
            Source::Each { tenants, made } => (tenants, made),
        };
        let settings = match tenants {
            None => Some(Arc::clone(&self.common.settings)),
            Some(tenants) => (**tenants).settings(tenant).await?,
        };
        let Some(settings) = settings else {
            made.write().unwrap_or_else(PoisonError::into_inner).remove(tenant);
            return Err(disabled());
        };
        if let Some(site) = made.read().unwrap_or_else(PoisonError::into_inner).get(tenant)
            && (Arc::ptr_eq(&site.settings, &settings) || site.settings == settings)
        {
            return Ok(Arc::clone(site));
        }
        let site = Site::new(&self.common, tenant, settings, tenants.is_some());
        let site = Arc::new(site.map_err(Fault::internal)?);
        let mut made = made.write().unwrap_or_else(PoisonError::into_inner);
        if made.len() >= KEPT
            && !made.contains_key(tenant)
            && let Some(any) = made.keys().next().cloned()
        {
            made.remove(&any);
        }
        made.insert(tenant.clone(), Arc::clone(&site));
        Ok(site)
    }

    /// The longest body that a request may have, as far as that can be told before anybody knows who sends it.
    pub(crate) fn body_limit(&self, path: &str) -> usize {
        let limits = self.limits();
        if let Source::One(site) = &self.source {
            let route = Route::parse(site.base_url.below(path).unwrap_or(path), &site.kinds);
            return route.map_or(limits.body, |route| crate::operate::body_limit(&route, limits));
        }
        // Whatever the base URL is, one or two segments are left behind it.
        let mut slashes = path.trim_end_matches('/').rmatch_indices('/').map(|(index, _)| index);
        let last = slashes.next().and_then(|index| path.get(index..));
        let last_two = slashes.next().and_then(|index| path.get(index..));
        let tails = [last_two, last].into_iter().flatten();
        let route = tails
            .filter_map(|tail| Route::parse(tail, &self.common.kinds).ok())
            .next();
        match route {
            Some(route) => crate::operate::body_limit(&route, limits),
            None => limits.body.max(limits.members_body).max(limits.bulk_body),
        }
    }

    /// The limits of the service.
    pub(crate) fn limits(&self) -> &Limits {
        &self.common.settings.limits
    }
}

impl Site {
    fn new(
        common: &Arc<Common>,
        tenant: &TenantId,
        settings: Arc<TenantSettings>,
        has_tenants: bool,
    ) -> Result<Self, BuildError> {
        let template = &common.base_url;
        let base_url = match &settings.base_url {
            None => template.of(tenant)?,
            Some(own) => template.own(own)?,
        };
        let is_told_by_path = template.has_tenant_in_path() && settings.base_url.is_none();
        let place = match (has_tenants || template.has_tenant(), is_told_by_path || common.any_host) {
            (false, _) => Place::Anywhere,
            (true, true) => Place::Path,
            (true, false) => Place::Host,
        };
        let kinds = settings.resource_types.as_ref().unwrap_or(&common.kinds);
        check_endpoints(kinds)?;
        let kinds = if settings.groups {
            Arc::clone(kinds)
        } else {
            let without = kinds.types().iter().filter(|kind| kind.members().is_none());
            Arc::new(Registry::new(without.cloned()))
        };
        // What is read of a body is decided before the tenant is known.
        let most = &common.settings.limits;
        let limits = settings.limits.clone().with(|limits| {
            limits.body = limits.body.min(most.body);
            limits.bulk_body = limits.bulk_body.min(most.bulk_body);
            limits.members_body = limits.members_body.min(most.members_body);
        });
        Ok(Self {
            base_url,
            dialect: Arc::new(settings.dialect.clone()),
            kinds,
            limits,
            pagination: common.pagination,
            password_sink: common.password_sink.clone(),
            seal: Arc::clone(&common.seal),
            settings,
            store: Arc::clone(&common.store),
            place,
            common: Arc::clone(common),
            discovery: OnceLock::new(),
        })
    }

    /// Lets a request of the tenant in, and gives its path below the base URL.
    pub(crate) fn admit<'a>(&self, tenant: &TenantId, head: &'a Parts) -> Result<&'a str, Fault> {
        match self.settings.state {
            TenantState::Enabled => {}
            TenantState::Paused { retry_after } => return Err(Fault::unavailable(retry_after, None)),
            _ => return Err(disabled()),
        }
        let path = head.uri.path();
        let below = self.base_url.below(path);
        let told = head.extensions.get::<UrlTenant>();
        let is_own = match (told, self.place) {
            (Some(UrlTenant(told)), _) => told == tenant,
            (None, Place::Anywhere) => true,
            (None, Place::Path) => below.is_some(),
            (None, Place::Host) => below.is_some() && self.base_url.is_host_of(head),
        };
        if !is_own {
            // The same wherever it was sent, whether anybody is there or not; no 404, which clients take for a deletion.
            return Err(Fault::new(403, "the credentials are for another base URL"));
        }
        Ok(below.unwrap_or(path))
    }

    /// The documents of discovery, which few tenants ask for.
    pub(crate) fn discovery(&self) -> &Discovery {
        self.discovery.get_or_init(|| {
            Discovery::new(&Advertised {
                base: self.base_url.as_str(),
                kinds: &self.kinds,
                limits: &self.limits,
                capabilities: self.store.capabilities(),
                pagination: self.pagination,
                documentation: self.common.documentation.as_deref(),
                passwords: self.password_sink.is_some(),
                challenge: &self.common.challenge,
            })
        })
    }

    /// A filter in a body may be twice as long as one in a URL.
    pub(crate) fn filter_limits(&self, in_url: bool) -> FilterLimits {
        let limits = self.limits.filter();
        let bytes = if in_url {
            limits.max_bytes
        } else {
            limits.max_bytes.saturating_mul(2)
        };
        limits
            .with_max_bytes(bytes)
            .with_bare_resource_type(self.dialect.bare_resource_type)
    }
}

impl fmt::Debug for Sites {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sites")
            .field("base_url", &self.common.base_url)
            .finish_non_exhaustive()
    }
}

fn check_endpoints(kinds: &Registry) -> Result<(), BuildError> {
    let own = [
        "/.search",
        "/Bulk",
        "/Me",
        "/ResourceTypes",
        "/Schemas",
        "/ServiceProviderConfig",
    ];
    for (index, kind) in kinds.types().iter().enumerate() {
        let endpoint = kind.endpoint();
        let mut others = kinds.types().iter().take(index);
        if others.any(|other| other.endpoint() == endpoint) || own.contains(&endpoint) {
            return Err(BuildError::Endpoint(endpoint.to_owned()));
        }
    }
    Ok(())
}

fn disabled() -> Fault {
    Fault::new(403, "provisioning is switched off for this organisation")
}
