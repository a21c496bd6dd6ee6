//! One line for each request.

use std::time::Instant;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};
use host_common::Line;

/// A middleware that writes the line of a request.
#[expect(clippy::future_not_send, reason = "actix-web keeps each request on one thread")]
pub(crate) async fn line<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    let response = next.call(request).await?;
    let extensions = response.response().extensions();
    let line = Line {
        method: response.request().method().as_str(),
        path: response.request().path(),
        status: response.status().as_u16(),
        elapsed: started.elapsed(),
        notes: extensions.get(),
        cause: extensions.get(),
    };
    line.write();
    drop(extensions);
    Ok(response)
}
