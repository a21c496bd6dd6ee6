//! What becomes of a page that cannot be shown.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use scim_http::{CredentialError, store::StoreError};

use super::layout;
use crate::{db::DbError, domain::Refusal, secret::NoRandomness};

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("the form is too old, or was not ours")]
    Csrf,
    #[error("nobody is signed in")]
    SignedOut,
    #[error("there is no such thing")]
    Missing,
    #[error("the form cannot be read")]
    Form,
    #[error(transparent)]
    Inside(Box<dyn std::error::Error + Send + Sync>),
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let (status, title, text) = match self {
            Self::SignedOut => return Redirect::to("/sign-in").into_response(),
            Self::Csrf => (
                StatusCode::FORBIDDEN,
                "That did not work",
                "This form is too old, or was not sent by this console. Go back, load the page again and repeat what you did.",
            ),
            Self::Missing => (
                StatusCode::NOT_FOUND,
                "Nothing here",
                "This page does not exist, or not any more.",
            ),
            Self::Form => (
                StatusCode::BAD_REQUEST,
                "That did not work",
                "The form cannot be read. Nothing has changed; go back and look at what you filled in.",
            ),
            Self::Inside(error) => {
                tracing::error!(%error, "a page failed");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "That did not work",
                    "Something went wrong on our side, and what you did may be done in part. Go back, load the page again and look before you repeat it.",
                )
            }
        };
        (status, layout::plain(title, text)).into_response()
    }
}

impl From<DbError> for Fault {
    fn from(error: DbError) -> Self {
        Self::Inside(Box::new(error))
    }
}

impl From<NoRandomness> for Fault {
    fn from(error: NoRandomness) -> Self {
        Self::Inside(Box::new(error))
    }
}

impl From<CredentialError> for Fault {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::NotFound => Self::Missing,
            error => Self::Inside(Box::new(error)),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Missing => Self::Missing,
            Refusal::Db(error) => error.into(),
            refusal => Self::Inside(Box::new(refusal)),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::Missing,
            error => Self::Inside(Box::new(error)),
        }
    }
}

impl From<scim_events::WebhookError> for Fault {
    fn from(error: scim_events::WebhookError) -> Self {
        match error {
            scim_events::WebhookError::Store(StoreError::NotFound) => Self::Missing,
            error => Self::Inside(Box::new(error)),
        }
    }
}
