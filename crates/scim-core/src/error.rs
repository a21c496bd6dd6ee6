//! Errors as clients see them (RFC 7644 section 3.12).

use std::{borrow::Cow, fmt};

use serde_json::{Value, json};

use crate::urn;

/// The detail error keyword (RFC 7644 Table 9, RFC 9865 section 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScimType {
    /// The cursor has expired.
    ExpiredCursor,
    /// The `count` is out of range, or not that of the first page.
    InvalidCount,
    /// The cursor was not made by this service for this query and caller.
    InvalidCursor,
    /// The filter is malformed, or asks what an attribute cannot answer.
    InvalidFilter,
    /// The path of a PATCH operation is malformed or names no attribute.
    InvalidPath,
    /// The body is not of the form of the message.
    InvalidSyntax,
    /// A value is missing, or not one the attribute can have.
    InvalidValue,
    /// The protocol version is not supported.
    InvalidVers,
    /// The attribute may not be changed, or not so.
    Mutability,
    /// The path matched nothing.
    NoTarget,
    /// The URL carries what must not stand in one.
    Sensitive,
    /// The query yields more than the service will look through.
    TooMany,
    /// A value is taken.
    Uniqueness,
}

impl ScimType {
    /// The keyword on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExpiredCursor => "expiredCursor",
            Self::InvalidCount => "invalidCount",
            Self::InvalidCursor => "invalidCursor",
            Self::InvalidFilter => "invalidFilter",
            Self::InvalidPath => "invalidPath",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::Mutability => "mutability",
            Self::NoTarget => "noTarget",
            Self::Sensitive => "sensitive",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
        }
    }

    /// The status that goes with the keyword.
    pub const fn status(self) -> u16 {
        match self {
            Self::Sensitive => 403,
            Self::Uniqueness => 409,
            _ => 400,
        }
    }
}

impl fmt::Display for ScimType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error as it goes to the client: a status, perhaps a keyword, and a detail that is safe to show.
///
/// ```
/// use scim_core::{ScimError, ScimType};
///
/// let error = ScimError::of(ScimType::InvalidFilter, "expected an operator at position 9");
/// assert_eq!(error.to_json()["status"], "400");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {detail}")]
pub struct ScimError {
    status: u16,
    scim_type: Option<ScimType>,
    detail: Cow<'static, str>,
}

impl ScimError {
    /// An error with a status and no keyword.
    pub fn new(status: u16, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            scim_type: None,
            detail: detail.into(),
        }
    }

    /// An error with a keyword and the status that goes with it.
    pub fn of(scim_type: ScimType, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: scim_type.status(),
            scim_type: Some(scim_type),
            detail: detail.into(),
        }
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The keyword.
    pub const fn scim_type(&self) -> Option<ScimType> {
        self.scim_type
    }

    /// The text for the client.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The message of RFC 7644 section 3.12; `status` is a JSON string.
    pub fn to_json(&self) -> Value {
        let mut body = json!({ "schemas": [urn::ERROR], "status": self.status.to_string(), "detail": self.detail });
        if let (Some(scim_type), Some(body)) = (self.scim_type, body.as_object_mut()) {
            body.insert("scimType".to_owned(), scim_type.as_str().into());
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_a_json_string() {
        let error = ScimError::new(404, "no such resource");
        let expected =
            r#"{"detail":"no such resource","schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404"}"#;
        assert_eq!(error.to_json().to_string(), expected);
    }
}
