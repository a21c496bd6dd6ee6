//! [`Endpoint`]: a service of SCIM as a route of actix-web.

use actix_web::{HttpRequest, HttpResponse, Route, body::BoxBody, web};
use scim_http::{Intake, Pace, ScimService, core::ScimError};
use tokio::time::{Sleep, sleep};

use crate::{convert, incoming::Incoming, outgoing::Outgoing};

/// A [`ScimService`] for actix-web. Cheap to clone; each worker may have its own.
///
/// Bodies are read to the limit of their route and no further, and no slower than a [`Pace`]. Answers are sent as the
/// service makes them, which is whole today; a stream would be sent as one. It never fails: errors are answers, those of reading a body included (400, 408, 413).
///
/// A client that goes away drops the future of its request. Nothing is left half done: each change is one transaction of the
/// store, which happened or did not.
#[derive(Debug, Clone)]
pub struct Endpoint {
    intake: Intake<Sleep>,
}

impl Endpoint {
    /// The endpoint of a service.
    pub fn new(service: ScimService) -> Self {
        Self {
            intake: Intake::new(service, sleep),
        }
    }

    /// Sets how long is waited for bodies.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.intake = self.intake.with_pace(pace);
        self
    }

    /// A route that takes every request: the default service of an application or of a scope.
    ///
    /// ```
    /// use actix_web::{Scope, web};
    /// use scim_actix::Endpoint;
    ///
    /// fn scim(endpoint: &Endpoint) -> Scope {
    ///     web::scope("/scim/v2").default_service(endpoint.route())
    /// }
    /// ```
    pub fn route(&self) -> Route {
        let endpoint = self.clone();
        web::route().to(move |request: HttpRequest, payload: web::Payload| {
            let endpoint = endpoint.clone();
            async move { endpoint.answer(&request, payload).await }
        })
    }

    /// The answer to a request, for handlers of your own.
    ///
    /// A [`UrlTenant`](scim_http::UrlTenant) in the extensions of the request is heeded. [`Notes`](scim_http::core::Notes) and the
    /// [`Cause`](scim_http::Cause) of a failure are in the extensions of the answer, where a middleware of yours can log them.
    #[expect(clippy::future_not_send, reason = "actix-web keeps each request on one thread")]
    pub async fn answer(&self, request: &HttpRequest, payload: web::Payload) -> HttpResponse<BoxBody> {
        let Ok(request) = convert::request(request, Incoming::new(request, payload)) else {
            // What was a request for one version of http is none for the other.
            let error = ScimError::new(400, "the request is malformed").to_json();
            return HttpResponse::BadRequest()
                .content_type("application/scim+json; charset=utf-8")
                .body(error.to_string());
        };
        let (answer, rest) = self.intake.answer(request).await;
        let (head, body) = answer.into_parts();
        convert::response(&head, Outgoing::new(&head, body, rest))
    }
}
