//! *Users*: the members, where they come from, and what may be done to them by hand.

use std::collections::HashSet;

use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
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
    domain::{Invitation, Member, PAGE, Refusal, Role},
    encode::encode,
};

#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    page: i64,
    note: Option<String>,
}

pub(crate) async fn page(State(app): State<App>, visit: Visit, Query(asked): Query<Asked>) -> Result<Markup, Fault> {
    show(&app, &visit, &asked, html! {}).await
}

#[derive(Deserialize)]
pub(crate) struct Invited {
    email: String,
    name: String,
    role: String,
}

pub(crate) async fn invite(State(app): State<App>, posted: Posted<Invited>) -> Result<Response, Fault> {
    let Posted { visit, form } = posted;
    let role = Role::from_key(&form.role)
        .filter(|role| *role != Role::Owner)
        .ok_or(Fault::Form)?;
    let (email, name) = (form.email.trim(), form.name.trim());
    if !email.contains('@') || email.len() > 200 || name.is_empty() || name.len() > 200 {
        return Err(Fault::Form);
    }
    let invitation = Invitation {
        organisation: &visit.organisation.slug,
        user_name: email,
        name,
        role,
    };
    match app.members.invite(&visit.actor(), &invitation).await {
        Ok(id) => {
            if visit.organisation.seat_policy != SeatPolicy::Never {
                app.licences.give(&visit.actor(), &visit.organisation.slug, &id).await?;
            }
            Ok(Redirect::to("/console/users?note=invited").into_response())
        }
        Err(refusal) => refuse(&app, &visit, "Nobody was invited.", refusal).await,
    }
}

pub(crate) async fn remove(
    State(app): State<App>,
    Path(key): Path<i64>,
    posted: Posted<Nothing>,
) -> Result<Response, Fault> {
    let visit = posted.visit;
    match app.members.remove(&visit.actor(), &visit.organisation, key).await {
        Ok(_) => Ok(Redirect::to("/console/users?note=removed").into_response()),
        Err(refusal) => refuse(&app, &visit, "Nobody was removed.", refusal).await,
    }
}

pub(crate) async fn hand_over(
    State(app): State<App>,
    Path(key): Path<i64>,
    posted: Posted<Nothing>,
) -> Result<Redirect, Fault> {
    let visit = posted.visit;
    app.members
        .hand_over(&visit.actor(), &visit.organisation.slug, key)
        .await?;
    Ok(Redirect::to("/console/users?note=handed"))
}

#[derive(Deserialize)]
pub(crate) struct NewRole {
    role: String,
}

pub(crate) async fn role(
    State(app): State<App>,
    Path(key): Path<i64>,
    posted: Posted<NewRole>,
) -> Result<Redirect, Fault> {
    let Posted { visit, form } = posted;
    let role = Role::from_key(&form.role)
        .filter(|role| *role != Role::Owner)
        .ok_or(Fault::Form)?;
    app.members
        .set_role(&visit.actor(), &visit.organisation, key, role)
        .await?;
    Ok(Redirect::to("/console/users?note=role"))
}

async fn refuse(app: &App, visit: &Visit, title: &str, refusal: Refusal) -> Result<Response, Fault> {
    if let Refusal::Db(error) = refusal {
        return Err(error.into());
    }
    let notice = parts::refused(title, &refusal.to_string());
    let page = show(app, visit, &Asked::default(), notice).await?;
    Ok((StatusCode::CONFLICT, page).into_response())
}

async fn show(app: &App, visit: &Visit, asked: &Asked, notice: Markup) -> Result<Markup, Fault> {
    let slug = &visit.organisation.slug;
    let mut members = app.members.list(slug, &asked.q, asked.page).await?;
    let size = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = members.len() > size;
    members.truncate(size);
    let (all, active, _) = app.members.counts(slug).await?;
    let licensed = app.licences.holders(slug).await?;
    let text = format!("{}, {active} of them active.", parts::count(all, "member", "members"));
    let content = html! {
        (parts::head("Users", &text, search(&asked.q)))
        (note(asked.note.as_deref()))
        (notice)
        section.card aria-label="Members" {
            header { h2 { "Members" } (invitation(visit)) }
            @if members.is_empty() {
                (parts::empty(Icon::Users, "Nobody found", "No member has a name like that.", html! { div.actions { a.button href="/console/users" { "Show everybody" } } }))
            } @else {
                div.table {
                    table {
                        thead { tr { th { "Name" } th { "Source" } th { "Role" } th { "Licence" } th { "Status" } th { "Access" } th { "Last sync" } th { span.visually-hidden { "Actions" } } } }
                        tbody { @for member in &members { (row(visit, member, &licensed)) } }
                    }
                }
                @if asked.page > 0 || has_more { (pager(asked, has_more)) }
            }
        }
    };
    Ok(layout::page(visit, Tab::Users, content))
}

fn row(visit: &Visit, member: &Member, licensed: &HashSet<String>) -> Markup {
    let label = visit.organisation.provider.label();
    let is_licensed = licensed.contains(member.id().as_str());
    html! {
        tr id={ "member-" (member.key) } {
            td {
                div.person {
                    (parts::avatar(&member.name, false))
                    p { (member.name) small { (member.user_name) } @if let Some(work) = member.work() { small { (work) } } }
                }
            }
            td data-label="Source" {
                @if member.is_provisioned { span.badge.accent { (Icon::Sync) (label) } } @else { span.badge { "Invited" } }
            }
            td data-label="Role" { (role_of(member)) }
            td data-label="Licence" {
                @if !member.is_active { span.faint { "–" } }
                @else if is_licensed { span.badge.good { (Icon::Check) "Licensed" } }
                @else { span.badge.warn { "Waiting" } }
            }
            td data-label="Status" {
                @if member.is_active { span.badge.good.dot { "Active" } } @else { span.badge.dot { "Suspended" } }
            }
            td.soft.access data-label="Access" { div { span { (parts::count(member.teams, "group", "groups")) } " " span { (parts::count(member.vaults, "vault", "vaults")) } } }
            td.soft data-label="Last sync" { @if let Some(at) = member.synced { (parts::ago(at)) } @else { span.faint { "Never" } } }
            td.end.corner { @if member.role != Role::Owner { (manage(visit, member, is_licensed)) } }
        }
    }
}

fn role_of(member: &Member) -> Markup {
    html! {
        @match member.role {
            Role::Owner => span.badges {
                "Owner"
                span.badge.info title="Provisioning cannot delete, suspend or rename an owner" { (Icon::Shield) "Protected" }
            },
            Role::Admin => "Admin",
            Role::Member => "Member",
        }
    }
}

/// What can be done by hand, behind a button.
fn manage(visit: &Visit, member: &Member, is_licensed: bool) -> Markup {
    let choices = [(Role::Member, "Member"), (Role::Admin, "Admin")];
    html! {
        details.ask.menu {
            summary.summary-button aria-label={ "Manage " (member.name) } { "Manage" }
            div.panel {
                form method="post" action={ "/console/users/" (member.key) "/role" } {
                    (parts::csrf(visit))
                    div.field {
                        label for={ "role-" (member.key) } { "Role" }
                        div.inline {
                            select id={ "role-" (member.key) } name="role" {
                                @for (role, name) in choices { option value=(role.key()) selected[role == member.role] { (name) } }
                            }
                            button.small type="submit" { "Set" }
                        }
                    }
                }
                @if !member.is_provisioned {
                    form method="post" action={ "/console/users/" (member.key) "/hand-over" } {
                        (parts::csrf(visit))
                        button.small.wide.hand-over type="submit" title="From then on your identity provider may change and suspend the account" { "Hand over to provisioning" }
                    }
                }
                @if is_licensed {
                    form method="post" action={ "/console/licences/" (member.key) "/take-back" } {
                        (parts::csrf(visit))
                        button.small.wide type="submit" { "Take the licence back" }
                    }
                }
                form method="post" action={ "/console/users/" (member.key) "/remove" } {
                    (parts::csrf(visit))
                    button.danger.small.wide type="submit" aria-label={ "Remove " (member.name) } { "Remove" }
                }
            }
        }
    }
}

fn search(text: &str) -> Markup {
    html! {
        form.row role="search" method="get" action="/console/users" {
            div.field { label.visually-hidden for="q" { "Search members" } input #q type="search" name="q" value=(text) placeholder="Name or e-mail"; }
            button type="submit" { "Search" }
        }
    }
}

fn invitation(visit: &Visit) -> Markup {
    html! {
        details.ask {
            summary.summary-button.main { "Invite by hand" }
            form.panel method="post" action="/console/users" {
                (parts::csrf(visit))
                p { "For people whom your identity provider does not know, such as an auditor." }
                div.field { label for="invite-name" { "Name" } input #invite-name name="name" required maxlength="200"; }
                div.field { label for="invite-email" { "E-mail" } input #invite-email type="email" name="email" required maxlength="200"; }
                div.field {
                    label for="invite-role" { "Role" }
                    select #invite-role name="role" { option value="member" { "Member" } option value="admin" { "Admin" } }
                }
                button.main type="submit" { "Invite" }
            }
        }
    }
}

fn pager(asked: &Asked, has_more: bool) -> Markup {
    let to = |page: i64| format!("?q={}&page={page}", encode(asked.q.trim()));
    html! {
        nav.pager aria-label="Pages" {
            @if asked.page > 0 { a.button href=(to(asked.page - 1)) { "Previous" } } @else { span {} }
            @if has_more { a.button href=(to(asked.page.saturating_add(1))) { "Next" } }
        }
    }
}

fn note(note: Option<&str>) -> Markup {
    let text = match note {
        Some("handed") => "The account was handed over. Your identity provider may change it from now on.",
        Some("invited") => "The member was invited.",
        Some("removed") => "The member was removed.",
        Some("role") => "The role was changed.",
        _ => return html! {},
    };
    parts::done(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_goes_along_from_page_to_page() {
        let asked = Asked {
            q: "a&b ü".to_owned(),
            page: 1,
            note: None,
        };
        let pager = pager(&asked, true).into_string();
        for page in [0, 2] {
            assert!(
                pager.contains(&format!("?q=a%26b%20%C3%BC&amp;page={page}\"")),
                "{pager}"
            );
        }
    }
}
