//! Who looks at a page, and forms that came from one.

use axum::{
    extract::{Form, FromRequest, FromRequestParts, Request},
    http::request::Parts,
};
use axum_extra::extract::CookieJar;
use serde::{Deserialize, de::DeserializeOwned};

use super::fault::Fault;
use crate::{
    app::App,
    domain::{Organisation, Session},
    secret,
};

/// The cookie that holds a session's token.
pub(super) const COOKIE: &str = "latchkey_session";

/// Somebody who is signed in, and the organisation that is shown.
pub(super) struct Visit {
    pub(super) session: Session,
    pub(super) organisation: Organisation,
}

/// A form of a page of ours, sent by somebody who is signed in.
pub(super) struct Posted<F> {
    pub(super) visit: Visit,
    pub(super) form: F,
}

/// A form without fields.
#[derive(Debug, Deserialize)]
pub(super) struct Nothing {}

#[derive(Deserialize)]
struct Signed<F> {
    csrf: String,
    #[serde(flatten)]
    form: F,
}

impl Visit {
    /// The tenant of SCIM.
    pub(super) fn tenant(&self) -> scim_http::core::TenantId {
        self.organisation.slug.as_str().into()
    }

    /// Who is named in the record of changes.
    pub(super) fn actor(&self) -> String {
        format!("console:{}", self.session.user_name)
    }
}

impl FromRequestParts<App> for Visit {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let cookies = CookieJar::from_headers(&parts.headers);
        let token = cookies.get(COOKIE).ok_or(Fault::SignedOut)?.value().to_owned();
        let session = app.access.session(&token).await?.ok_or(Fault::SignedOut)?;
        let organisation = app.organisations.get(&session.organisation).await?;
        Ok(Self {
            session,
            organisation: organisation.ok_or(Fault::SignedOut)?,
        })
    }
}

impl<F: DeserializeOwned + Send> FromRequest<App> for Posted<F> {
    type Rejection = Fault;

    async fn from_request(request: Request, app: &App) -> Result<Self, Fault> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, app).await?;
        let form = Form::<Signed<F>>::from_request(Request::from_parts(parts, body), app).await;
        let Form(Signed { csrf, form }) = form.map_err(|_| Fault::Form)?;
        match secret::is_same(&csrf, &visit.session.csrf) {
            true => Ok(Self { visit, form }),
            false => Err(Fault::Csrf),
        }
    }
}
