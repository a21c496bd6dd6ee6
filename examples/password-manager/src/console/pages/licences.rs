//! *Licences*: how many were bought, who has one, and who waits.

use axum::{
    extract::{Path, Query, State},
    response::Redirect,
};
use maud::{Markup, html};
use scim_http::store::SeatPolicy;
use serde::Deserialize;

use super::super::{
    fault::Fault,
    icon::Icon,
    layout::{self, Tab},
    parts,
    visit::{Nothing, Posted, Visit},
};
use crate::{
    app::App,
    domain::{PAGE, user_id},
};

/// Most licences that can be bought here.
const MOST: u32 = 100_000;

#[derive(Deserialize)]
pub(crate) struct Asked {
    note: Option<String>,
}

pub(crate) async fn page(State(app): State<App>, visit: Visit, Query(asked): Query<Asked>) -> Result<Markup, Fault> {
    let slug = &visit.organisation.slug;
    let count = app.licences.count(slug).await?;
    let mut waiting = app.members.waiting(slug).await?;
    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = waiting.len() > most;
    waiting.truncate(most);
    let waiting_count = format!("{}{}", waiting.len(), if has_more { "+" } else { "" });
    let free = count.free();
    let policy = match visit.organisation.seat_policy {
        SeatPolicy::Never => "Licences are assigned by hand; provisioning takes none.",
        SeatPolicy::Require => {
            "Each active member has a licence. Without a free one, provisioning is refused and your identity provider shows why."
        }
        SeatPolicy::WhenAvailable => "Members take a licence where one is free; those beyond wait for one.",
    };
    let content = html! {
        (parts::head("Licences", policy, html! { div.actions { a.button href="/console/provisioning#settings" { "Change the policy" } } }))
        (note(asked.note.as_deref()))
        @if free == 0 && !waiting.is_empty() {
            (parts::warning("All licences are taken.", &format!("{waiting_count} {} for one.", if waiting.len() == 1 { "member waits" } else { "members wait" })))
        }
        dl.figures {
            div { dt { "Bought" } dd { (count.bought) } }
            div { dt { "In use" } dd { (count.used) } }
            div { dt { "Free" } dd { (free) } }
            div { dt { "Waiting" } dd { (waiting_count) } }
        }
        section.card aria-labelledby="use" {
            header { h2 #use { "Your plan: " (visit.organisation.plan) } }
            div.body {
                div.field {
                    label for="meter" { (count.used) " of " (count.bought) " licences in use" }
                    progress #meter .full[free == 0] max=(count.bought.max(1)) value=(count.used) { (count.used) " of " (count.bought) }
                }
                form.row method="post" action="/console/licences" {
                    (parts::csrf(&visit))
                    div.field {
                        label for="bought" { "Licences bought" }
                        input #bought type="number" name="bought" min="0" max=(MOST) value=(count.bought) required aria-describedby="fewer";
                    }
                    button.main type="submit" { "Change" }
                }
                p.hint #fewer { "Fewer than are in use take none away: nobody loses a licence by it." }
            }
        }
        section.card aria-labelledby="waiting" {
            header { h2 #waiting { "Waiting for a licence" } }
            @if waiting.is_empty() {
                (parts::empty(Icon::Licences, "Nobody waits", "Every active member has a licence.", html! {}))
            } @else {
                div.table {
                    table {
                        thead { tr { th { "Name" } th { "Last sync" } th { span.visually-hidden { "Actions" } } } }
                        tbody {
                            @for member in &waiting {
                                tr {
                                    td { div.person { (parts::avatar(&member.name, false)) p { (member.name) small { (member.user_name) } } } }
                                    td.soft data-label="Last sync" { @if let Some(at) = member.synced { (parts::ago(at)) } @else { span.faint { "Never" } } }
                                    td.end {
                                        @if free > 0 {
                                            div.actions {
                                                form method="post" action={ "/console/licences/" (member.key) "/give" } {
                                                    (parts::csrf(&visit))
                                                    button.small type="submit" { "Give a licence" }
                                                }
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                @if has_more { div.body { p.hint { "More members wait. These are the " (most) " who came first." } } }
            }
        }
    };
    Ok(layout::page(&visit, Tab::Licences, content))
}

#[derive(Deserialize)]
pub(crate) struct Bought {
    bought: String,
}

pub(crate) async fn buy(State(app): State<App>, posted: Posted<Bought>) -> Result<Redirect, Fault> {
    let bought: u32 = posted.form.bought.parse().map_err(|_| Fault::Form)?;
    app.licences
        .buy(&posted.visit.organisation.slug, bought.min(MOST))
        .await?;
    Ok(Redirect::to("/console/licences?note=changed"))
}

pub(crate) async fn give(
    State(app): State<App>,
    Path(key): Path<i64>,
    posted: Posted<Nothing>,
) -> Result<Redirect, Fault> {
    let visit = posted.visit;
    let given = app
        .licences
        .give(&visit.actor(), &visit.organisation.slug, &user_id(key))
        .await?;
    let note = if given { "given" } else { "none" };
    Ok(Redirect::to(&format!("/console/licences?note={note}")))
}

pub(crate) async fn take_back(
    State(app): State<App>,
    Path(key): Path<i64>,
    posted: Posted<Nothing>,
) -> Result<Redirect, Fault> {
    let visit = posted.visit;
    app.licences
        .take_back(&visit.actor(), &visit.organisation.slug, &user_id(key))
        .await?;
    Ok(Redirect::to("/console/licences?note=taken"))
}

fn note(note: Option<&str>) -> Markup {
    match note {
        Some("changed") => parts::done("The number of licences was changed."),
        Some("given") => parts::done("The licence was given."),
        Some("taken") => {
            parts::done("The licence was taken back. The member can still sign in, and waits for another.")
        }
        Some("none") => parts::refused("No licence was given.", "None is free, or the member is suspended."),
        _ => html! {},
    }
}
