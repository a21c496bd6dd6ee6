//! Outcomes to answers.

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, LOCATION, X_CONTENT_TYPE_OPTIONS},
};
use scim_core::Version;

use crate::Body;

/// The media type of every body (RFC 7644 section 3.1).
pub(crate) const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json; charset=utf-8");

/// What an operation came to.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Option<Bytes>,
    pub(crate) version: Option<Version>,
    pub(crate) location: Option<String>,
    pub(crate) notes: scim_core::Notes,
    pub(crate) allow: Option<&'static str>,
}

impl Answer {
    pub(crate) fn new(status: StatusCode) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    pub(crate) fn ok(body: impl Into<Bytes>) -> Self {
        Self {
            body: Some(body.into()),
            ..Self::default()
        }
    }

    pub(crate) fn with_version(mut self, version: Version) -> Self {
        self.version = Some(version);
        self
    }

    pub(crate) fn with_location(mut self, location: String) -> Self {
        self.location = Some(location);
        self
    }

    pub(crate) fn with_notes(mut self, notes: scim_core::Notes) -> Self {
        self.notes = notes;
        self
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = match self.body {
            None => Response::new(Body::empty()),
            Some(body) => {
                let mut response = Response::new(Body::from(body));
                response.headers_mut().insert(CONTENT_TYPE, SCIM_JSON);
                response
            }
        };
        *response.status_mut() = self.status;
        if let Some(version) = self.version {
            put(&mut response, ETAG, version.etag());
        }
        if let Some(location) = self.location {
            put(&mut response, LOCATION, location);
        }
        if let Some(allow) = self.allow {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        }
        if !self.notes.is_empty() {
            response.extensions_mut().insert(self.notes);
        }
        response
    }
}

/// Headers of every answer: nothing of it may be cached or taken for another type (R19, V15).
pub(crate) fn harden(response: &mut Response<Body>) {
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

fn put(response: &mut Response<Body>, name: HeaderName, value: String) {
    // The text is taken over, not copied.
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}
