//! Any error to an answer: the single place where that happens (RFC 7644 section 3.12).

use std::{error::Error as StdError, sync::Arc};

use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use scim_core::{InputError, ScimError, ScimType};
use scim_store::StoreError;

use crate::{AuthError, Body, encode};

/// An error on its way out: what the client sees, and what only the host sees.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) error: ScimError,
    header: Option<(HeaderName, HeaderValue)>,
    cause: Option<Cause>,
}

/// The cause of a failure, in the extensions of the answer: for the host's log, never for the client.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Cause(pub Arc<dyn StdError + Send + Sync>);

impl Fault {
    pub(crate) fn new(status: u16, detail: &'static str) -> Self {
        ScimError::new(status, detail).into()
    }

    pub(crate) fn unauthorized(challenge: &str) -> Self {
        let error = ScimError::new(401, "credentials are missing, wrong or no longer valid");
        Self {
            error,
            header: header(WWW_AUTHENTICATE, challenge),
            cause: None,
        }
    }

    pub(crate) fn method_not_allowed(allow: &str) -> Self {
        let error = ScimError::new(405, format!("the endpoint allows {allow}"));
        Self {
            error,
            header: header(ALLOW, allow),
            cause: None,
        }
    }

    pub(crate) fn from_auth(error: AuthError, challenge: &str) -> Self {
        match error {
            AuthError::Forbidden => Self::new(403, "the credentials do not allow this"),
            AuthError::Unauthorized => Self::unauthorized(challenge),
            AuthError::Unavailable { retry_after, source } => Self::unavailable(retry_after, source),
        }
    }

    /// The answer.
    pub(crate) fn into_response(self) -> Response<Body> {
        let mut body = Vec::with_capacity(160);
        // Writing a tree into a Vec has no way to fail.
        let _ = serde_json::to_writer(&mut body, &self.error.to_json());
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(self.error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(CONTENT_TYPE, encode::SCIM_JSON);
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(cause);
        }
        response
    }

    /// 429: the tenant asks too often (RFC 6585 section 4).
    pub(crate) fn too_often(retry_after: u32) -> Self {
        Self {
            error: ScimError::new(429, "too many requests: try again later"),
            header: Some((RETRY_AFTER, HeaderValue::from(retry_after))),
            cause: None,
        }
    }

    /// 500, with nothing for the client to see.
    pub(crate) fn internal(cause: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            error: ScimError::new(500, "the request could not be completed"),
            header: None,
            cause: Some(Cause(Arc::new(cause))),
        }
    }

    pub(crate) fn unavailable(retry_after: u32, source: Option<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            error: ScimError::new(503, "temporarily unavailable: try again later"),
            header: Some((RETRY_AFTER, HeaderValue::from(retry_after))),
            cause: source.map(|source| Cause(Arc::from(source))),
        }
    }
}

impl From<ScimError> for Fault {
    fn from(error: ScimError) -> Self {
        Self {
            error,
            header: None,
            cause: None,
        }
    }
}

impl From<InputError> for Fault {
    fn from(error: InputError) -> Self {
        ScimError::from(error).into()
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Denied(denial) => match denial.retry_after() {
                None => ScimError::new(403, denial.detail().to_owned()).into(),
                Some(retry_after) => Self {
                    error: ScimError::new(429, denial.detail().to_owned()),
                    ..Self::too_often(retry_after)
                },
            },
            StoreError::Input(error) => error.into(),
            StoreError::NotFound => Self::not_found(),
            StoreError::Precondition => Self::new(412, "the resource has another version than the request asks for"),
            StoreError::TooMany => ScimError::of(
                ScimType::TooMany,
                "too many resources to look through: narrow the filter",
            )
            .into(),
            StoreError::Unavailable { retry_after, source } => Self::unavailable(retry_after, source),
            StoreError::Uniqueness { attribute } => {
                ScimError::of(ScimType::Uniqueness, format!("the value of `{attribute}` is taken")).into()
            }
            StoreError::Unsupported { what } => {
                ScimError::of(ScimType::InvalidFilter, format!("not supported: {what}")).into()
            }
            other => Self::internal(other),
        }
    }
}

impl Fault {
    pub(crate) fn not_found() -> Self {
        Self::new(404, "no such resource")
    }
}

fn header(name: HeaderName, value: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((name, HeaderValue::from_str(value).ok()?))
}
