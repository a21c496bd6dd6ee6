//! Faults of a client's input, found by the pure core.

use std::borrow::Cow;

use crate::{ScimError, ScimType};

/// A fault of what a client sent: a keyword of RFC 7644 Table 9 and a detail that says what to do.
///
/// The detail names attributes of the schema and positions, never values that were sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct InputError {
    scim_type: ScimType,
    detail: Cow<'static, str>,
}

impl InputError {
    /// A fault with its keyword.
    pub fn new(scim_type: ScimType, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            scim_type,
            detail: detail.into(),
        }
    }

    /// 400 `invalidFilter`.
    pub fn filter(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ScimType::InvalidFilter, detail)
    }

    /// 400 `invalidPath`.
    pub fn path(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ScimType::InvalidPath, detail)
    }

    /// 400 `mutability`.
    pub fn mutability(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ScimType::Mutability, detail)
    }

    /// 400 `noTarget`.
    pub fn no_target(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ScimType::NoTarget, detail)
    }

    /// 400 `invalidSyntax`.
    pub fn syntax(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ScimType::InvalidSyntax, detail)
    }

    /// 400 `invalidValue`.
    pub fn value(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ScimType::InvalidValue, detail)
    }

    /// The keyword.
    pub const fn scim_type(&self) -> ScimType {
        self.scim_type
    }

    /// The text for the client.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl From<InputError> for ScimError {
    fn from(error: InputError) -> Self {
        Self::of(error.scim_type, error.detail)
    }
}
