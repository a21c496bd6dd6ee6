//! The admin console: pages made on the server, signed-in sessions, no script that is needed.

mod assets;
mod fault;
mod guard;
mod guide;
mod icon;
mod layout;
mod pages;
mod parts;
mod reveals;
mod visit;

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    response::Redirect,
    routing::{get, post},
};

use self::fault::Fault;
use self::pages::{events, groups, licences, log, provisioning, sign_in, users};
pub(crate) use self::reveals::Reveals;
use crate::app::App;

/// The console's pages and what they post.
pub(crate) fn router(app: App) -> Router {
    let pages = Router::new()
        .route("/", get(|| async { Redirect::to("/console") }))
        .route("/console", get(|| async { Redirect::to("/console/provisioning") }))
        .route("/console/provisioning", get(provisioning::page))
        .route("/console/provisioning/settings", post(provisioning::settings))
        .route("/console/provisioning/pause", post(provisioning::pause))
        .route("/console/provisioning/credentials", post(provisioning::create))
        .route(
            "/console/provisioning/credentials/{id}/rotate",
            post(provisioning::rotate),
        )
        .route(
            "/console/provisioning/credentials/{id}/revoke",
            post(provisioning::revoke),
        )
        .route("/console/users", get(users::page).post(users::invite))
        .route("/console/users/{key}/remove", post(users::remove))
        .route("/console/users/{key}/hand-over", post(users::hand_over))
        .route("/console/users/{key}/role", post(users::role))
        .route("/console/groups", get(groups::page))
        .route("/console/groups/{team}/vaults", post(groups::share))
        .route(
            "/console/groups/{team}/vaults/{vault}/take-back",
            post(groups::take_back),
        )
        .route("/console/licences", get(licences::page).post(licences::buy))
        .route("/console/licences/{key}/give", post(licences::give))
        .route("/console/licences/{key}/take-back", post(licences::take_back))
        .route("/console/events", get(events::page))
        .route("/console/events/webhooks", post(events::add))
        .route("/console/events/webhooks/{id}/{action}", post(events::act))
        .route("/console/events/webhooks/{id}/resend/{sequence}", post(events::resend))
        .route("/console/log", get(log::page))
        .route("/sign-in", get(sign_in::page).post(sign_in::open))
        .route("/sign-out", post(sign_in::out))
        // What the address bar shows after a refused form is asked for again by GET.
        .method_not_allowed_fallback(|| async { Fault::Missing })
        .fallback(|| async { Fault::Missing })
        .layer(from_fn_with_state(guard::FORM_TIME, guard::form))
        .layer(from_fn_with_state(app.clone(), guard::same_origin))
        .layer(from_fn_with_state(app.clone(), guard::headers))
        .with_state(app);
    let assets = Router::new()
        .route("/assets/console.css", get(assets::style))
        .route("/assets/console.js", get(assets::script))
        .route("/assets/icon.svg", get(assets::icon))
        .layer(from_fn(guard::asset_headers));
    pages.merge(assets)
}
