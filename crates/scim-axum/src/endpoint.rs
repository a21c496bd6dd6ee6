//! [`Endpoint`]: a service of SCIM as a service of tower.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use axum::Router;
use http::{Request, Response};
use scim_http::{Body, Intake, Pace, ScimService};
use tokio::time::{Sleep, sleep};
use tower_service::Service;

/// A [`ScimService`] as a [`tower_service::Service`], for axum and whatever else is built on tower. Cheap to clone.
///
/// Bodies are read to the limit of their route and no further, and no slower than a [`Pace`]. Answers are sent as the
/// service makes them, which is whole today; a stream would be sent as one. It never fails: errors are answers, those of reading a body included (400, 408, 413). It needs a runtime
/// of tokio with its timer. See the [crate's documentation](crate) for where to mount it.
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
}

/// A router whose every path belongs to the service, so that unknown ones are answered as SCIM asks for too.
///
/// ```
/// use axum::{Router, routing::get};
/// use scim_http::ScimService;
///
/// fn app(service: ScimService) -> Router {
///     Router::new()
///         .route("/health", get(async || "ok"))
///         .nest_service("/scim/v2", scim_axum::router(service))
/// }
/// ```
pub fn router(service: ScimService) -> Router {
    Router::new().fallback_service(Endpoint::new(service))
}

impl<B> Service<Request<B>> for Endpoint
where
    B: http_body::Body + Send + Unpin + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let intake = self.intake.clone();
        Box::pin(async move {
            let (answer, rest) = intake.answer(request).await;
            if let Some(rest) = rest {
                // It ends with the connection, or within the limits of the pace.
                tokio::spawn(rest);
            }
            Ok(answer)
        })
    }
}
