//! Signing in by a one-time link, and out.

use axum::{
    extract::{Form, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::{
    CookieJar,
    cookie::{Cookie, SameSite},
};
use maud::{Markup, html};
use serde::Deserialize;

use super::super::{
    fault::Fault,
    layout, parts,
    visit::{COOKIE, Nothing, Posted},
};
use crate::app::App;

#[derive(Deserialize)]
pub(crate) struct Link {
    #[serde(default)]
    link: String,
}

/// A link is opened by a button, so that scanners of mail and chats do not use it up.
pub(crate) async fn page(Query(Link { link }): Query<Link>) -> Markup {
    if link.is_empty() {
        return layout::door("Sign in", by_command(None));
    }
    let content = html! {
        div.head { div { h1 { "Sign in" } p { "This link works once. You stay signed in for twelve hours." } } }
        form method="post" action="/sign-in" {
            input type="hidden" name="link" value=(link);
            button.main type="submit" { "Sign in to the console" }
        }
    };
    layout::door("Sign in", content)
}

pub(crate) async fn open(
    State(app): State<App>,
    cookies: CookieJar,
    Form(Link { link }): Form<Link>,
) -> Result<Response, Fault> {
    let opened = app.access.open(&link).await;
    let Some(token) = opened.map_err(|error| Fault::Inside(Box::new(error)))? else {
        let refused = parts::refused(
            "That link does not open anything.",
            "It was used before, or is too old.",
        );
        return Ok(layout::door("Sign in", by_command(Some(refused))).into_response());
    };
    let cookie = Cookie::build((COOKIE, token))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.public_url.starts_with("https:"));
    Ok((cookies.add(cookie), Redirect::to("/console/provisioning")).into_response())
}

pub(crate) async fn out(
    State(app): State<App>,
    cookies: CookieJar,
    posted: Posted<Nothing>,
) -> Result<impl IntoResponse, Fault> {
    app.access.end(&posted.visit.session).await?;
    Ok((
        cookies.remove(Cookie::build(COOKIE).path("/")),
        Redirect::to("/sign-in"),
    ))
}

fn by_command(refused: Option<Markup>) -> Markup {
    html! {
        @if let Some(refused) = refused { (refused) }
        div.head { div { h1 { "Sign in" } p { "The console is opened by a one-time link. The server prints one when it starts; a new one comes from this command, run beside it:" } } }
        (parts::copy("command", "password-manager sign-in"))
    }
}
