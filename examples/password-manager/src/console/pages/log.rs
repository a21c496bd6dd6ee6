//! *Provisioning log*: what the identity provider asked, and what it was answered.

use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;

use super::super::{
    fault::Fault,
    icon::Icon,
    layout::{self, Tab},
    parts,
    visit::Visit,
};
use crate::{
    app::App,
    domain::{Entry, Which},
};

const TABS: [(Which, &str, &str); 3] = [
    (Which::All, "", "All"),
    (Which::Changes, "?only=changes", "Changes"),
    (Which::Problems, "?only=problems", "Problems"),
];

/// Lines of the page.
const LINES: i64 = 100;

#[derive(Deserialize)]
pub(crate) struct Asked {
    only: Option<String>,
}

pub(crate) async fn page(State(app): State<App>, visit: Visit, Query(asked): Query<Asked>) -> Result<Markup, Fault> {
    let slug = &visit.organisation.slug;
    let which = match asked.only.as_deref() {
        Some("changes") => Which::Changes,
        Some("problems") => Which::Problems,
        _ => Which::All,
    };
    let entries = app.history.list(slug, which, LINES).await?;
    let names = app
        .members
        .names(slug, entries.iter().filter_map(|entry| entry.resource.as_deref()))
        .await?;
    let content = html! {
        (parts::head(
            "Provisioning log",
            "The last requests of your identity provider. Values are not kept: only what was asked, about whom, and how it ended.",
            html! {},
        ))
        section.card aria-label="Requests" {
            nav.tabs aria-label="Which requests" {
                @for (other, query, name) in TABS {
                    a href={ "/console/log" (query) } aria-current=[(other == which).then_some("true")] { (name) }
                }
            }
            @if entries.is_empty() {
                @if which == Which::Problems {
                    (parts::empty(Icon::Check, "No problems", "Everything that was asked could be done.", html! {}))
                } @else {
                    (parts::empty(
                        Icon::Log,
                        "No requests yet",
                        "As soon as your identity provider tests the connection, you see it here.",
                        html! { div.actions { a.button href="/console/provisioning#guide" { "Set-up guide" } } },
                    ))
                }
            } @else {
                div.table {
                    table.lines {
                        thead { tr { th { "Time" } th { "Request" } th { "Answer" } th { "About" } th { "Remarks" } th.number { "Took" } } }
                        tbody { @for entry in &entries { (row(entry, entry.resource.as_ref().and_then(|id| names.get(id)))) } }
                    }
                }
            }
        }
    };
    Ok(layout::page(&visit, Tab::Log, content))
}

fn row(entry: &Entry, name: Option<&String>) -> Markup {
    html! {
        tr {
            td.soft.nowrap data-label="Time" { (parts::ago(entry.at)) }
            td.request data-label="Request" { span { span.method { (entry.method) } code { (entry.route) } } }
            td data-label="Answer" { (status(entry)) }
            td.blank[entry.resource.is_none()] data-label="About" {
                @match (name, &entry.resource) {
                    (Some(name), _) => { (name) },
                    (None, Some(id)) => { code.faint { (id) } },
                    (None, None) => {},
                }
            }
            td.small.blank[entry.problem.is_none() && entry.tolerated.is_none()] data-label="Remarks" {
                div {
                    @if let Some(problem) = &entry.problem { p.problem { (problem) } }
                    @if let Some(tolerated) = &entry.tolerated {
                        @for line in tolerated.lines() { p.soft { "Tolerated: " (line) } }
                    }
                }
            }
            td.number.soft data-label="Took" { (took(entry.micros)) }
        }
    }
}

fn status(entry: &Entry) -> Markup {
    let class = match entry.status {
        ..400 => "badge good",
        404 | 409 => "badge",
        400..500 => "badge warn",
        _ => "badge bad",
    };
    html! {
        span class=(class) { (entry.status) }
        @if entry.times > 1 { " " span.faint { "× " (entry.times) } }
    }
}

fn took(micros: i64) -> String {
    match micros {
        ..10_000 => format!("{}.{} ms", micros / 1000, micros % 1000 / 100),
        _ => format!("{} ms", micros / 1000),
    }
}
