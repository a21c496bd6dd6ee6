//! Between the types of http 0.2, which actix-web has, and those of http 1.

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
};
use http::{Request, Version, header::EXPECT, response::Parts};
use scim_http::{Cause, UrlTenant, core::Notes};

/// The request with another body.
pub(crate) fn request<B>(from: &HttpRequest, body: B) -> Result<Request<B>, http::Error> {
    let mut request = Request::builder()
        .method(from.method().as_str())
        .uri(from.uri().to_string())
        .version(version(from.version()));
    for (name, value) in from.headers() {
        // actix-web has given leave to send the body by now.
        if name.as_str() != EXPECT.as_str() {
            request = request.header(name.as_str(), value.as_bytes());
        }
    }
    if let Some(tenant) = from.extensions().get::<UrlTenant>() {
        request = request.extension(tenant.clone());
    }
    request.body(body)
}

/// The answer with another body.
pub(crate) fn response(head: &Parts, body: impl MessageBody + 'static) -> HttpResponse<BoxBody> {
    let status = StatusCode::from_u16(head.status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::with_body(status, BoxBody::new(body));
    for (name, value) in &head.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        // What is legal in one version is legal in the other.
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().append(name, value);
        }
    }
    let mut extensions = response.extensions_mut();
    if let Some(notes) = head.extensions.get::<Notes>() {
        extensions.insert(notes.clone());
    }
    if let Some(cause) = head.extensions.get::<Cause>() {
        extensions.insert(cause.clone());
    }
    drop(extensions);
    response
}

fn version(from: actix_web::http::Version) -> Version {
    match from {
        actix_web::http::Version::HTTP_09 => Version::HTTP_09,
        actix_web::http::Version::HTTP_10 => Version::HTTP_10,
        actix_web::http::Version::HTTP_2 => Version::HTTP_2,
        actix_web::http::Version::HTTP_3 => Version::HTTP_3,
        _ => Version::HTTP_11,
    }
}
