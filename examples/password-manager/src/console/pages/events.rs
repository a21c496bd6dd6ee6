//! *Events*: what changed, for whoever listens.

use axum::extract::State;
use maud::{Markup, html};

use super::super::{
    fault::Fault,
    icon::Icon,
    layout::{self, Tab},
    parts,
    visit::Visit,
};
use crate::{app::App, domain::Event};

pub(crate) async fn page(State(app): State<App>, visit: Visit) -> Result<Markup, Fault> {
    let slug = &visit.organisation.slug;
    let events = app.events.latest(slug, 100).await?;
    let names = app
        .members
        .names(slug, events.iter().map(|event| event.id.as_str()))
        .await?;
    let content = html! {
        (parts::head("Events", "Each change of a member or group, once, in order. They name what changed, and carry no values.", html! {}))
        section.card aria-label="Events" {
            @if events.is_empty() {
                (parts::empty(Icon::Events, "No events yet", "They appear with the first change that your identity provider makes.", html! {}))
            } @else {
                div.table {
                    table {
                        thead { tr { th { "Time" } th { "Event" } th { "About" } th { "Changed" } th { "By" } } }
                        tbody { @for event in &events { (row(event, names.get(&event.id))) } }
                    }
                }
            }
        }
    };
    Ok(layout::page(&visit, Tab::Events, content))
}

fn row(event: &Event, name: Option<&String>) -> Markup {
    html! {
        tr {
            td.soft.nowrap data-label="Time" { (parts::ago(event.at)) }
            td data-label="Event" { code { (event.name) } }
            td data-label="About" { @if let Some(name) = name { (name) } @else { code.faint { (event.id) } } }
            td.small.soft.blank[event.changed.is_empty()] data-label="Changed" { (event.changed.join(", ")) }
            td.small.soft data-label="By" { (event.actor) }
        }
    }
}
