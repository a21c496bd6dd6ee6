//! *Groups*: the teams, and the vaults that they open.

use axum::{
    extract::{Path, Query, State},
    response::Redirect,
};
use maud::{Markup, html};
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
    domain::{LISTED, Team, Vault},
};

#[derive(Deserialize)]
pub(crate) struct Asked {
    note: Option<String>,
}

pub(crate) async fn page(State(app): State<App>, visit: Visit, Query(asked): Query<Asked>) -> Result<Markup, Fault> {
    let slug = &visit.organisation.slug;
    let teams = app.teams.list(slug).await?;
    let all = app.teams.count(slug).await?;
    let vaults = app.vaults.list(slug).await?;
    let note = match asked.note.as_deref() {
        Some("shared") => parts::done("The vault was shared: everybody in the group can open it now."),
        Some("taken") => parts::done("The vault is no longer shared with the group."),
        _ => html! {},
    };
    let content = html! {
        (parts::head("Groups", "Groups of your identity provider. Share vaults with them here: membership is kept up by provisioning.", html! {}))
        (note)
        @if !visit.organisation.groups {
            (parts::warning("Groups are not provisioned.", "They are switched off in the settings of user provisioning."))
        }
        section.card aria-label="Groups" {
            @if teams.is_empty() {
                (parts::empty(
                    Icon::Groups,
                    "No groups yet",
                    "Push a group from your identity provider, and it appears here with its members.",
                    html! { div.actions { a.button href="/console/provisioning#guide" { "Set-up guide" } } },
                ))
            } @else {
                div.table {
                    table {
                        thead { tr { th { "Group" } th { "Members" } th { "Vaults" } th { "Changed" } } }
                        tbody { @for team in &teams { (row(&visit, team, &vaults)) } }
                    }
                }
                @if all > LISTED { div.body { p.hint { "The first " (LISTED) " of " (all) " groups, by name." } } }
            }
        }
        section.card aria-labelledby="vaults" {
            header { h2 #vaults { "Vaults" } p { "What there is to share. Their contents never leave the vault: provisioning does not see them." } }
            div.body { div.badges { @for vault in &vaults { span.badge { (Icon::Key) (vault.name) " · " (parts::count(vault.items, "item", "items")) } } } }
        }
    };
    Ok(layout::page(&visit, Tab::Groups, content))
}

#[derive(Deserialize)]
pub(crate) struct Share {
    vault: String,
}

pub(crate) async fn share(
    State(app): State<App>,
    Path(team): Path<i64>,
    posted: Posted<Share>,
) -> Result<Redirect, Fault> {
    let vault = posted.form.vault.parse().map_err(|_| Fault::Form)?;
    app.vaults.share(&posted.visit.organisation.slug, vault, team).await?;
    Ok(Redirect::to("/console/groups?note=shared"))
}

pub(crate) async fn take_back(
    State(app): State<App>,
    Path((team, vault)): Path<(i64, i64)>,
    posted: Posted<Nothing>,
) -> Result<Redirect, Fault> {
    app.vaults
        .take_back(&posted.visit.organisation.slug, vault, team)
        .await?;
    Ok(Redirect::to("/console/groups?note=taken"))
}

fn row(visit: &Visit, team: &Team, vaults: &[Vault]) -> Markup {
    let free = vaults
        .iter()
        .filter(|vault| !team.vaults.iter().any(|(key, _)| *key == vault.key));
    let free: Vec<&Vault> = free.collect();
    let more = team.members - i64::try_from(team.named.len()).unwrap_or(0);
    html! {
        tr {
            td { div.person { p { (team.name) small { (parts::count(team.members, "member", "members")) } } } }
            td data-label="Members" {
                div.stack {
                    @for name in &team.named { span title=(name) { (parts::avatar(name, true)) span.visually-hidden { (name) } } }
                    @if more > 0 { span.more { "+" (more) } }
                    @if team.named.is_empty() { span.faint { "Nobody" } }
                }
            }
            td data-label="Vaults" {
                div.badges {
                    @for (key, name) in &team.vaults {
                        span.chip {
                            (name)
                            form method="post" action={ "/console/groups/" (team.key) "/vaults/" (key) "/take-back" } {
                                (parts::csrf(visit))
                                button type="submit" aria-label={ "Take " (name) " back from " (team.name) } { "×" }
                            }
                        }
                    }
                    @if !free.is_empty() {
                        form.inline method="post" action={ "/console/groups/" (team.key) "/vaults" } {
                            (parts::csrf(visit))
                            label.visually-hidden for={ "vault-" (team.key) } { "A vault for " (team.name) }
                            select id={ "vault-" (team.key) } name="vault" { @for vault in free { option value=(vault.key) { (vault.name) } } }
                            button.small type="submit" { "Share" }
                        }
                    }
                }
            }
            td.soft data-label="Changed" { (parts::ago(team.changed)) }
        }
    }
}
