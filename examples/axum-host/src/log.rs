//! One line for each request.

use std::time::Instant;

use axum::{extract::Request, middleware::Next, response::Response};
use host_common::Line;

/// A layer that writes the line of a request.
pub(crate) async fn line(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let response = next.run(request).await;
    let line = Line {
        method: method.as_str(),
        path: uri.path(),
        status: response.status().as_u16(),
        elapsed: started.elapsed(),
        notes: response.extensions().get(),
        cause: response.extensions().get(),
    };
    line.write();
    response
}
