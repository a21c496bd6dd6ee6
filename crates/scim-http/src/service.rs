//! [`ScimService`]: the request's one straight path.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, request::Parts};
use scim_core::Limits;
use scim_store::{Clock, IdSource, RandomIds, ScimStore, Scope};

use crate::{
    Authenticator, Body, ScimServiceBuilder,
    encode::{self, Answer},
    fault::Fault,
    operate,
    rate::Limiter,
    route::Route,
    site::{Site, Sites},
};

/// A SCIM 2.0 service provider: requests in, answers out. Cheap to clone; clones share everything.
///
/// See the [crate's documentation](crate) for a whole example.
#[derive(Debug, Clone)]
pub struct ScimService {
    inner: Arc<Inner>,
}

/// How lists are paged where a request does not say (RFC 9865 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "RFC 9865 has these two ways")]
pub enum Pagination {
    /// By cursor.
    Cursor,
    /// By index.
    #[default]
    Index,
}

pub(crate) struct Inner {
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) limiter: Limiter,
    pub(crate) sites: Sites,
}

/// A request whose sender is known and let in.
pub(crate) struct Admitted<'a> {
    scope: Scope,
    site: Arc<Site>,
    /// Below the base URL.
    path: &'a str,
}

impl ScimService {
    /// A service at `base_url`, such as `https://example.com/scim/v2`, on a store.
    ///
    /// Every location in answers starts with the base URL; nothing of a request changes it (decision D20). With `{tenant}` in it,
    /// such as `https://example.com/scim/{tenant}/v2`, each tenant has a URL of its own, which no credentials of others open
    /// (decision D48).
    pub fn builder(base_url: &str, store: impl ScimStore, authenticator: impl Authenticator) -> ScimServiceBuilder {
        ScimServiceBuilder::new(base_url, Arc::new(store), Arc::new(authenticator))
    }

    pub(crate) fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// Answers a request. It never fails: every error is an answer too.
    ///
    /// The path may carry the path of the base URL or not, so that a framework may mount the service anywhere. Where tenants have
    /// URLs or settings of their own it must, unless the adapter says by [`UrlTenant`](crate::UrlTenant) whose URL it was.
    pub async fn handle<B: AsRef<[u8]>>(&self, request: Request<B>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let admitted = self.admit(&head).await;
        self.respond(admitted, &head, body.as_ref()).await
    }

    /// The longest body that the route of this request takes, in bytes: an adapter need not read further.
    ///
    /// It is asked before anybody knows which tenant sends the request, so it comes from the limits of the service.
    pub fn body_limit(&self, head: &Parts) -> usize {
        self.inner.sites.body_limit(head.uri.path())
    }

    /// The limits of the service. Those of a tenant with settings of its own may be narrower, and others but for bodies.
    pub fn limits(&self) -> &Limits {
        self.inner.sites.limits()
    }

    /// The answer to a body that is longer than [`body_limit`](Self::body_limit), for adapters that stopped reading.
    pub async fn refuse_body(&self, head: &Parts) -> Response<Body> {
        let refused = match self.admit(head).await {
            Ok(_) => operate::too_long(self.body_limit(head)),
            Err(fault) => fault,
        };
        finish(refused.into_response(), false)
    }

    /// Whose request it is, which a body need not be read for.
    pub(crate) async fn admit<'a>(&self, head: &'a Parts) -> Result<Admitted<'a>, Fault> {
        self.inner.admit(head).await
    }

    /// Answers who was let in, when a body has come that may have taken its time.
    pub(crate) async fn answer(&self, mut admitted: Admitted<'_>, head: &Parts, body: &[u8]) -> Response<Body> {
        admitted.scope.now = self.inner.clock.now();
        self.respond(Ok(admitted), head, body).await
    }

    /// Everything but the type of the body is the same for all callers, so it is compiled once.
    async fn respond(&self, admitted: Result<Admitted<'_>, Fault>, head: &Parts, body: &[u8]) -> Response<Body> {
        let answer = match admitted {
            Ok(admitted) => self.inner.run(admitted, head, body).await,
            Err(fault) => Err(fault),
        };
        let response = match answer {
            Ok(answer) => answer.into_response(),
            Err(fault) => fault.into_response(),
        };
        finish(response, head.method == Method::HEAD)
    }
}

impl Inner {
    /// Behind `admit`: route, decode, operate. No step calls an earlier one.
    async fn run(&self, admitted: Admitted<'_>, head: &Parts, body: &[u8]) -> Result<Answer, Fault> {
        let Admitted { mut scope, site, path } = admitted;
        let route = Route::parse(path, &site.kinds)?;
        if head.method == Method::OPTIONS {
            return Ok(Answer {
                allow: Some(route.methods()),
                ..Answer::new(StatusCode::NO_CONTENT)
            });
        }
        if !route.allows(&head.method) {
            return Err(Fault::method_not_allowed(route.methods()));
        }
        let is_write = !matches!(head.method, Method::GET | Method::HEAD) && !matches!(route, Route::Search(_));
        if is_write {
            if !scope.principal.can_write {
                return Err(Fault::new(403, "the credentials allow reading only"));
            }
            scope.request_id = request_id(head);
        }
        operate::call(&site, &scope, route, head, body).await
    }

    /// Whose request it is, and whether that tenant is answered here and now.
    async fn admit<'a>(&self, head: &'a Parts) -> Result<Admitted<'a>, Fault> {
        let now = self.clock.now();
        // Asked of what is in the `Arc`, not of the `Arc`, which would put one boxed future into another.
        let principal = (*self.authenticator).authenticate(head, now).await;
        let principal = principal.map_err(|error| Fault::from_auth(error, self.authenticator.challenge()))?;
        let site = self.sites.of(&principal.tenant).await?;
        let path = site.admit(&principal.tenant, head)?;
        if let Some(limit) = site.settings.rate_limit {
            let taken = self.limiter.take(&principal.tenant, limit, now);
            taken.map_err(Fault::too_often)?;
        }
        let scope = Scope::new(principal, now, Arc::clone(&self.ids), Arc::clone(&site.kinds));
        let scope = scope.with_settings(Arc::clone(&site.settings));
        Ok(Admitted { scope, site, path })
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScimService")
            .field("sites", &self.sites)
            .finish_non_exhaustive()
    }
}

/// The name of a request in logs and change records: what a proxy gave it, or a new one.
fn request_id(head: &Parts) -> String {
    let given = head.headers.get("x-request-id").and_then(|value| value.to_str().ok());
    match given.filter(|text| !text.is_empty() && text.len() <= 128) {
        Some(text) => text.to_owned(),
        // Not from the host's source, which makes identifiers of resources.
        None => RandomIds.next().as_str().to_owned(),
    }
}

pub(crate) fn finish(mut response: Response<Body>, is_head: bool) -> Response<Body> {
    encode::harden(&mut response);
    if is_head {
        let length = response.body().as_bytes().map_or(0, <[u8]>::len);
        if length > 0 {
            response
                .headers_mut()
                .insert(http::header::CONTENT_LENGTH, length.into());
        }
        *response.body_mut() = Body::from(Bytes::new());
    }
    response
}
