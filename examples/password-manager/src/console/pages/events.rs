//! *Events*: what changed, who was told, and sending again.

use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use scim_events::{EndpointId, EndpointSettings, EndpointUrl, WebhookError};
use scim_http::store::Credential;
use serde::Deserialize;

use self::webhooks::{Hook, Standing};
use super::super::{
    fault::Fault,
    icon::Icon,
    layout::{self, Tab},
    parts,
    visit::{Nothing, Posted, Visit},
};
use crate::{app::App, domain::Event};

mod webhooks;

/// Most endpoints of an organisation.
const ENDPOINTS: usize = 5;

#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    note: Option<String>,
}

pub(crate) async fn page(State(app): State<App>, visit: Visit, Query(asked): Query<Asked>) -> Result<Markup, Fault> {
    let notice = match asked.note.as_deref() {
        Some("added") => parts::done("The endpoint was added. It gets all events from now on."),
        Some("off") => parts::done("The endpoint was switched off. Events for it are kept for sending again."),
        Some("on") => parts::done("The endpoint was switched on."),
        Some("removed") => parts::done("The endpoint was removed."),
        Some("resent") => parts::done("The events are on their way again."),
        _ => html! {},
    };
    show(&app, &visit, notice).await
}

#[derive(Deserialize)]
pub(crate) struct NewEndpoint {
    url: String,
}

pub(crate) async fn add(State(app): State<App>, posted: Posted<NewEndpoint>) -> Result<Response, Fault> {
    let Posted { visit, form } = posted;
    let webhooks = &app.events.webhooks;
    let added = async {
        let settings = EndpointSettings::new(EndpointUrl::parse(form.url.trim())?)?;
        if webhooks.endpoints(&visit.tenant()).await?.len() >= ENDPOINTS {
            return Ok(None);
        }
        webhooks.add(&visit.tenant(), settings).await.map(Some)
    };
    let reason = match added.await {
        Ok(Some(endpoint)) => {
            let secret = endpoint.settings.secrets.current().expose();
            app.reveals.put(&slot(&visit), secret.clone());
            return Ok(Redirect::to("/console/events?note=added").into_response());
        }
        Ok(None) => format!("There are {ENDPOINTS} already."),
        Err(WebhookError::Url(error)) => format!("The URL cannot be used: {error}."),
        Err(error) => return Err(error.into()),
    };
    let page = show(&app, &visit, parts::refused("No endpoint was added.", &reason)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

pub(crate) async fn act(
    State(app): State<App>,
    Path((id, action)): Path<(String, String)>,
    posted: Posted<Nothing>,
) -> Result<Redirect, Fault> {
    let (tenant, id, webhooks) = (posted.visit.tenant(), EndpointId::new(id), &app.events.webhooks);
    let note = match action.as_str() {
        "off" => webhooks.disable(&tenant, &id).await.map(|_| "off")?,
        "on" => webhooks.enable(&tenant, &id).await.map(|_| "on")?,
        "remove" => webhooks.remove(&tenant, &id).await.map(|()| "removed")?,
        "resend" => webhooks.resend(&tenant, &id, None).await.map(|_| "resent")?,
        _ => return Err(Fault::Missing),
    };
    Ok(Redirect::to(&format!("/console/events?note={note}")))
}

pub(crate) async fn resend(
    State(app): State<App>,
    Path((id, sequence)): Path<(String, u64)>,
    posted: Posted<Nothing>,
) -> Result<Response, Fault> {
    let visit = posted.visit;
    let (tenant, id, webhooks) = (visit.tenant(), EndpointId::new(id), &app.events.webhooks);
    match webhooks.resend(&tenant, &id, Some(&[sequence])).await {
        Err(WebhookError::NotKept(_)) => {
            let reason = "It arrived too long ago: only what arrived lately is kept.";
            let page = show(&app, &visit, parts::refused("The event was not sent again.", reason)).await?;
            Ok((StatusCode::CONFLICT, page).into_response())
        }
        Err(error) => Err(error.into()),
        Ok(_) => Ok(Redirect::to("/console/events?note=resent").into_response()),
    }
}

async fn show(app: &App, visit: &Visit, notice: Markup) -> Result<Markup, Fault> {
    let slug = &visit.organisation.slug;
    app.events.catch_up(slug).await;
    let events = app.events.latest(slug, 100).await?;
    let names = app
        .members
        .names(slug, events.iter().map(|event| event.id.as_str()))
        .await?;
    let before = events.last().map_or(0, |oldest| oldest.sequence.saturating_sub(1));
    let hooks = webhooks::hooks(&app.events.webhooks, &visit.tenant(), before).await?;
    let credentials = app.credentials.list(&visit.tenant()).await?;
    let secret = app.reveals.take(&slot(visit));
    let content = html! {
        (parts::head("Events", "Each change of a member or group, in order. They name what changed, and carry no values.", html! {}))
        (notice)
        (webhooks::card(visit, &hooks, secret.as_deref()))
        section.card aria-label="Events" {
            @if events.is_empty() {
                (parts::empty(Icon::Events, "No events yet", "They appear with the first change that your identity provider makes.", html! {}))
            } @else {
                div.table {
                    table.lines {
                        thead { tr { th { "Time" } th { "Event" } th { "About" } th { "Changed" } th { "By" } th { "Delivery" } } }
                        tbody { @for event in &events { (row(visit, event, names.get(&event.id), &hooks, &credentials)) } }
                    }
                }
            }
        }
    };
    Ok(layout::page(visit, Tab::Events, content))
}

fn row(visit: &Visit, event: &Event, name: Option<&String>, hooks: &[Hook], credentials: &[Credential]) -> Markup {
    html! {
        tr {
            td.soft.nowrap data-label="Time" { (parts::ago(event.at)) }
            td data-label="Event" { code { (event.name) } }
            td data-label="About" { @if let Some(name) = name { (name) } @else { code.faint { (event.id) } } }
            td.small.soft.blank[event.changed.is_empty()] data-label="Changed" { (event.changed) }
            td.small.soft data-label="By" { (by(&event.actor, credentials)) }
            td data-label="Delivery" { (delivery(visit, event, hooks)) }
        }
    }
}

/// Who did it: a person in the console, or a credential.
fn by(actor: &str, credentials: &[Credential]) -> Markup {
    let credential = credentials.iter().find(|credential| credential.id.as_str() == actor);
    html! {
        @match (actor.strip_prefix("console:"), credential) {
            (Some(person), _) => (person),
            (_, Some(credential)) => span title=(credential.id) { (credential.name) },
            (None, None) => (actor),
        }
    }
}

fn delivery(visit: &Visit, event: &Event, hooks: &[Hook]) -> Markup {
    let standings = hooks
        .iter()
        .filter_map(|hook| Some((hook, *hook.standings.get(&event.sequence)?)));
    let standings: Vec<(&Hook, Standing)> = standings.collect();
    html! {
        @if standings.is_empty() { span.faint { "Recorded" } }
        div.badges {
            @for (hook, standing) in standings {
                @match standing {
                    Standing::Delivered(status) => {
                        span.badge.good { "Delivered, " (status) }
                        @if hook.kept.contains(&event.sequence) { (again(visit, hook, event)) }
                    },
                    Standing::Waiting => span.badge.warn.dot { "Waiting" },
                    Standing::Failed => {
                        span.badge.bad.dot { "Not delivered" }
                        (again(visit, hook, event))
                    },
                }
            }
        }
    }
}

fn again(visit: &Visit, hook: &Hook, event: &Event) -> Markup {
    html! {
        form method="post" action={ "/console/events/webhooks/" (hook.endpoint.id.as_str()) "/resend/" (event.sequence) } {
            (parts::csrf(visit))
            button.quiet.small type="submit" { "Send again" }
        }
    }
}

/// Where a signing secret waits for its one page.
fn slot(visit: &Visit) -> String {
    format!("{} webhook", visit.session.hash)
}
