//! From axum to the service and back, with a line in the provisioning log for each request.

use std::time::Instant;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Response, header::LOCATION, request::Parts},
    routing::any,
};
use scim_axum::Endpoint;
use scim_http::{
    Cause, ScimService,
    core::{Note, Notes},
};
use serde_json::Value;
use tower_service::Service as _;

use super::door::Caller;
use crate::{
    domain::{Entry, Events, History, Members},
    log, secret,
};

/// The header that names a request, in the provisioning log and in events.
const REQUEST_ID: &str = "x-request-id";

/// The endpoint, and where it keeps what it was asked.
#[derive(Clone)]
struct Logged {
    events: Events,
    history: History,
    members: Members,
    scim: Endpoint,
}

/// Everything below `/scim` goes to the service, so that unknown paths are answered as SCIM asks for too.
pub(crate) fn router(service: ScimService, events: Events, history: History, members: Members) -> Router {
    Router::new().route("/scim/{*rest}", any(answer)).with_state(Logged {
        events,
        history,
        members,
        scim: Endpoint::new(service),
    })
}

async fn answer(State(mut endpoint): State<Logged>, request: Request) -> Response<Body> {
    let started = Instant::now();
    let (mut head, body) = request.into_parts();
    let request_id = secret::random().unwrap_or_default();
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        head.headers.insert(REQUEST_ID, value);
    }
    let (target, caller) = (Target::of(&head), Caller::default());
    head.extensions.insert(caller.clone());
    let Ok(response) = endpoint.scim.call(Request::from_parts(head, body)).await;
    let micros = i64::try_from(started.elapsed().as_micros()).unwrap_or(i64::MAX);
    let entry = entry(&target, &response, request_id, micros);
    endpoint.keep(&target, &caller, &entry).await;
    response.map(Body::new)
}

impl Logged {
    /// Writes a line into the organisation's log, or counts a request that was not the organisation's.
    async fn keep(&self, target: &Target, caller: &Caller, entry: &Entry) {
        let organisation = &target.organisation;
        let is_sync = entry.status < 300 && entry.method != "GET" && entry.route.starts_with("/Users");
        let kept = async {
            if !caller.is_of(organisation) {
                return self.history.count(organisation, entry).await;
            }
            self.history.record(organisation, entry).await?;
            match &entry.resource {
                Some(id) if is_sync => self.members.synced(organisation, id).await,
                _ => Ok(()),
            }
        };
        if let Err(error) = kept.await {
            tracing::error!(%error, "the provisioning log cannot be written");
        }
        if entry.status < 300 && entry.method != "GET" {
            self.events.wake(organisation);
        }
    }
}

/// What is kept of a request; the program's own log is told as well.
fn entry(target: &Target, response: &Response<scim_http::Body>, request_id: String, micros: i64) -> Entry {
    let status = response.status().as_u16();
    let (method, route, organisation) = (&*target.method, &*target.route, &*target.organisation);
    tracing::info!(method, organisation, route, status, micros, request_id, "provisioning");
    if let Some(cause) = response.extensions().get::<Cause>() {
        log::failed_inside(&request_id, cause.0.as_ref());
    }
    Entry {
        method: target.method.clone(),
        route: target.route.clone(),
        status,
        micros,
        resource: target.resource.clone().or_else(|| created(response)),
        tolerated: tolerated(response),
        problem: problem(response),
        request_id,
        ..Entry::default()
    }
}

/// Whom a request was for, as far as its path says.
struct Target {
    method: String,
    organisation: String,
    route: String,
    resource: Option<String>,
}

impl Target {
    fn of(head: &Parts) -> Self {
        let mut segments = head.uri.path().split('/').filter(|segment| !segment.is_empty());
        let organisation = match (segments.next(), segments.next(), segments.next()) {
            (Some("scim"), Some(organisation), Some("v2")) => organisation,
            _ => "",
        };
        let (kind, id) = (segments.next(), segments.next());
        let route = match (kind, id) {
            (Some("Users"), Some(".search")) => "/Users/.search",
            (Some("Groups"), Some(".search")) => "/Groups/.search",
            (Some("Users"), Some(_)) => "/Users/{id}",
            (Some("Groups"), Some(_)) => "/Groups/{id}",
            (Some("Users"), None) => "/Users",
            (Some("Groups"), None) => "/Groups",
            (Some("Bulk"), _) => "/Bulk",
            (Some("Me"), _) => "/Me",
            (Some(".search"), _) => "/.search",
            (Some("ResourceTypes"), _) => "/ResourceTypes",
            (Some("Schemas"), _) => "/Schemas",
            (Some("ServiceProviderConfig"), _) => "/ServiceProviderConfig",
            _ => "elsewhere",
        };
        let id = id.filter(|id| route.ends_with("{id}") && is_plain(id));
        Self {
            method: head.method.as_str().chars().take(10).collect(),
            organisation: organisation.chars().take(64).collect(),
            route: route.to_owned(),
            resource: id.map(str::to_owned),
        }
    }
}

/// An identifier of ours; whatever else is sent in its place is nothing for a log.
fn is_plain(id: &str) -> bool {
    id.len() <= 24 && id.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The identifier of a resource that was made.
fn created(response: &Response<scim_http::Body>) -> Option<String> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let id = location.rsplit('/').next().filter(|id| is_plain(id));
    id.map(str::to_owned)
}

/// What was tolerated: kinds of leniency and names of attributes, no values.
fn tolerated(response: &Response<scim_http::Body>) -> Option<String> {
    let notes = response.extensions().get::<Notes>().filter(|notes| !notes.is_empty())?;
    let lines = notes.as_slice().iter().map(|note| match note {
        Note::BareValue(name) => format!("bare value for {name}"),
        Note::BooleanText(name) => format!("text for the Boolean {name}"),
        Note::Schemas => "schemas missing or incomplete".to_owned(),
        Note::UnknownMembers(1) => "1 unknown member left out".to_owned(),
        Note::UnknownMembers(count) => format!("{count} unknown members left out"),
        Note::UnknownAttribute(name) => format!("unknown attribute {name} left out"),
        _ => "another leniency".to_owned(),
    });
    Some(lines.collect::<Vec<_>>().join("\n"))
}

/// What the client was told was wrong.
fn problem(response: &Response<scim_http::Body>) -> Option<String> {
    if response.status().as_u16() < 400 {
        return None;
    }
    let error: Value = serde_json::from_slice(response.body().as_bytes()?).ok()?;
    let detail = error.get("detail")?.as_str()?;
    Some(detail.chars().take(300).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(path: &str) -> Target {
        Target::of(&Request::get(path).body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_line_of_the_log_holds_nothing_of_a_query() {
        let target = target("/scim/acme/v2/Users?filter=userName%20eq%20%22ada%22");
        assert_eq!(
            (&*target.organisation, &*target.route, target.resource),
            ("acme", "/Users", None)
        );
    }

    #[test]
    fn only_identifiers_are_taken_for_identifiers() {
        assert_eq!(target("/scim/acme/v2/Users/m17").resource.as_deref(), Some("m17"));
        assert_eq!(target("/scim/acme/v2/Users/ada@example.com").resource, None);
        assert_eq!(target("/scim/acme/v2/Secrets/m17").route, "elsewhere");
    }
}
