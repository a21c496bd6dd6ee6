use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

/// A system under test: something that answers one HTTP request.
///
/// Requests carry the target in origin form (`/scim/v2/Users?count=1`), a `Host` header, and a `Content-Length` when
/// they have a body. An implementation over a socket reports a failed connection as a 5xx answer, which every check
/// refuses.
///
/// ```
/// use bytes::Bytes;
/// use scim_conformance::{Target, block_on};
///
/// struct Teapot;
///
/// #[async_trait::async_trait]
/// impl Target for Teapot {
///     async fn send(&self, _: http::Request<Bytes>) -> http::Response<Bytes> {
///         let mut response = http::Response::new(Bytes::new());
///         *response.status_mut() = http::StatusCode::IM_A_TEAPOT;
///         response
///     }
/// }
///
/// assert_eq!(block_on(Teapot.send(http::Request::default())).status(), 418);
/// ```
#[async_trait]
pub trait Target: Send + Sync {
    /// Answers `request`.
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes>;
}

#[async_trait]
impl<T: Target + ?Sized> Target for &T {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        (**self).send(request).await
    }
}

#[async_trait]
impl<T: Target + ?Sized> Target for Arc<T> {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        (**self).send(request).await
    }
}

#[async_trait]
impl<T: Target + ?Sized> Target for Box<T> {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        (**self).send(request).await
    }
}

/// Sends `request`; a panic of the target becomes an error that tells its message.
pub(crate) async fn send_caught(target: &dyn Target, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
    let mut answer = target.send(request);
    poll_fn(|context| {
        // A panicking target is reported and its instance not judged further, so broken invariants cannot spread.
        match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))) {
            Ok(Poll::Ready(response)) => Poll::Ready(Ok(response)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(payload) => {
                let message = payload
                    .downcast_ref::<&str>()
                    .map(ToString::to_string)
                    .or_else(|| payload.downcast_ref::<String>().cloned())
                    .unwrap_or_default();
                Poll::Ready(Err(format!("panicked: {message}")))
            }
        }
    })
    .await
}
