//! *User provisioning*: the connection to the identity provider, its credentials and its settings.

use axum::{
    extract::{Path, Query, State},
    response::Redirect,
};
use chrono::Utc;
use maud::{Markup, html};
use scim_http::{
    Mint,
    store::{CredentialId, SeatPolicy},
};
use serde::Deserialize;

use super::super::{
    fault::Fault,
    guide,
    icon::Icon,
    layout::{self, Tab},
    parts,
    visit::{Nothing, Posted, Visit},
};
use crate::{
    app::App,
    domain::{Lifetime, Overlap, Provider, Which, policy, policy_key},
};

mod credentials;

#[derive(Deserialize)]
pub(crate) struct Asked {
    guide: Option<String>,
    note: Option<String>,
}

pub(crate) async fn page(State(app): State<App>, visit: Visit, Query(asked): Query<Asked>) -> Result<Markup, Fault> {
    let organisation = &visit.organisation;
    let slug = &organisation.slug;
    let (_, active, provisioned) = app.members.counts(slug).await?;
    let teams = app.teams.count(slug).await?;
    let latest = app.history.list(slug, Which::Done, 1).await?;
    let credentials = app.credentials.list(&visit.tenant()).await?;
    let token = app.reveals.take(&visit.session.hash);
    let now = Utc::now();
    let provider = asked
        .guide
        .as_deref()
        .and_then(Provider::from_key)
        .unwrap_or(organisation.provider);
    let tenant_url = app.tenant_url(slug);
    let content = html! {
        (parts::head(
            "User provisioning",
            "Your identity provider creates, updates and suspends members here, by SCIM 2.0.",
            pause_button(&visit),
        ))
        (note(asked.note.as_deref()))
        (credentials::warning(&credentials, now))
        @if organisation.paused {
            (parts::warning("Provisioning is paused.", "Your identity provider is told to try again later; nothing is lost."))
        }
        @if let Some(token) = &token {
            section.card.reveal aria-labelledby="reveal" {
                header { h2 #reveal { "Copy this secret token now" } p { "It is shown this once; we keep only a digest of it." } }
                div.body { (parts::copy("secret-token", token)) }
            }
        }
        dl.figures {
            div { dt { "Status" } dd { (status(organisation.paused, !latest.is_empty())) } }
            div { dt { "Provisioned members" } dd { (provisioned) } }
            div { dt { "Groups" } dd { (teams) } }
            div { dt { "Active members" } dd { (active) } }
        }
        section.card aria-labelledby="connection" {
            header { h2 #connection { "Connection" } }
            div.body {
                dl.values {
                    dt { "Tenant URL" } dd { (parts::copy("tenant-url", &tenant_url)) }
                    dt { "Last successful request" }
                    dd { @if let Some(entry) = latest.first() { (parts::ago(entry.at)) } @else { span.soft { "None yet" } } }
                }
            }
        }
        (credentials::card(&visit, &credentials, now))
        section.card aria-labelledby="guide" {
            header { h2 #guide { "Set-up guide" } p { "The exact values to paste, by the names that your identity provider has for them." } }
            nav.tabs aria-label="Identity providers" {
                @for other in Provider::ALL {
                    a href={ "?guide=" (other.key()) "#guide" } aria-current=[(other == provider).then_some("true")] { (other.short()) }
                }
            }
            div.body { (guide::guide(provider, &tenant_url, token.as_deref())) }
        }
        (settings_card(&visit))
    };
    Ok(layout::page(&visit, Tab::Provisioning, content))
}

#[derive(Deserialize)]
pub(crate) struct Settings {
    provider: String,
    groups: Option<String>,
    seats: String,
}

pub(crate) async fn settings(State(app): State<App>, posted: Posted<Settings>) -> Result<Redirect, Fault> {
    let Posted { visit, form } = posted;
    let provider = Provider::from_key(&form.provider).ok_or(Fault::Form)?;
    let seats = policy(&form.seats).ok_or(Fault::Form)?;
    let groups = form.groups.is_some();
    app.organisations
        .set(&visit.organisation.slug, provider, groups, seats)
        .await?;
    Ok(Redirect::to("/console/provisioning?note=saved"))
}

pub(crate) async fn pause(State(app): State<App>, posted: Posted<Nothing>) -> Result<Redirect, Fault> {
    let organisation = &posted.visit.organisation;
    app.organisations
        .pause(&organisation.slug, !organisation.paused)
        .await?;
    let note = if organisation.paused { "resumed" } else { "paused" };
    Ok(Redirect::to(&format!("/console/provisioning?note={note}")))
}

#[derive(Deserialize)]
pub(crate) struct NewCredential {
    name: String,
    expires: String,
}

pub(crate) async fn create(State(app): State<App>, posted: Posted<NewCredential>) -> Result<Redirect, Fault> {
    let Posted { visit, form } = posted;
    let name: String = form.name.trim().chars().take(60).collect();
    let name = if name.is_empty() {
        visit.organisation.provider.label()
    } else {
        &name
    };
    let expires: Lifetime = form.expires.parse().map_err(|_| Fault::Form)?;
    let mint = Mint::new(name, expires.expiry(Utc::now()));
    let minted = app.credentials.mint(&visit.tenant(), mint).await?;
    app.reveals.put(&visit.session.hash, minted.token.expose().to_owned());
    Ok(Redirect::to("/console/provisioning?note=created"))
}

#[derive(Deserialize)]
pub(crate) struct Rotation {
    expires: String,
    overlap: String,
}

pub(crate) async fn rotate(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted<Rotation>,
) -> Result<Redirect, Fault> {
    let Posted { visit, form } = posted;
    let expires: Lifetime = form.expires.parse().map_err(|_| Fault::Form)?;
    let overlap: Overlap = form.overlap.parse().map_err(|_| Fault::Form)?;
    let id = CredentialId::new(id);
    let expiry = expires.expiry(Utc::now());
    let minted = app
        .credentials
        .rotate(&visit.tenant(), &id, expiry, overlap.time())
        .await?;
    app.reveals.put(&visit.session.hash, minted.token.expose().to_owned());
    let note = if overlap.is_none() { "rotated" } else { "overlaps" };
    Ok(Redirect::to(&format!("/console/provisioning?note={note}")))
}

pub(crate) async fn revoke(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Redirect, Fault> {
    app.credentials
        .revoke(&posted.visit.tenant(), &CredentialId::new(id))
        .await?;
    Ok(Redirect::to("/console/provisioning?note=revoked"))
}

fn note(note: Option<&str>) -> Markup {
    let text = match note {
        Some("created") => "The credential was created.",
        Some("overlaps") => "The credential was rotated. The old token lives on beside the new one until it ends.",
        Some("paused") => "Provisioning is paused from now on.",
        Some("resumed") => "Provisioning goes on.",
        Some("revoked") => "The credential was revoked. Its token opens nothing any more.",
        Some("rotated") => "The credential was rotated. The old token opens nothing any more.",
        Some("saved") => "The settings were saved. They hold from the next request on.",
        _ => return html! {},
    };
    parts::done(text)
}

fn status(is_paused: bool, is_connected: bool) -> Markup {
    html! {
        @if is_paused { span.badge.warn.dot { "Paused" } }
        @else if is_connected { span.badge.good.dot { "Connected" } }
        @else { span.badge.dot { "Not connected" } }
    }
}

fn pause_button(visit: &Visit) -> Markup {
    html! {
        form method="post" action="/console/provisioning/pause" {
            (parts::csrf(visit))
            button type="submit" { @if visit.organisation.paused { "Resume provisioning" } @else { "Pause provisioning" } }
        }
    }
}

fn settings_card(visit: &Visit) -> Markup {
    let organisation = &visit.organisation;
    let policies = [
        (
            SeatPolicy::Never,
            "Assign licences by hand",
            "Provisioned members do not take licences.",
        ),
        (
            SeatPolicy::WhenAvailable,
            "Assign a licence where one is free",
            "Members are provisioned either way; those beyond the licences wait for one.",
        ),
        (
            SeatPolicy::Require,
            "Only with a licence",
            "Without a free licence the identity provider gets an error, and shows it.",
        ),
    ];
    html! {
        section.card aria-labelledby="settings" {
            header { h2 #settings { "Settings" } }
            form.body method="post" action="/console/provisioning/settings" {
                (parts::csrf(visit))
                div.field {
                    label for="provider" { "Identity provider" }
                    select #provider name="provider" {
                        @for provider in Provider::ALL {
                            option value=(provider.key()) selected[provider == organisation.provider] { (provider.name()) }
                        }
                    }
                    small { "Decides which of its peculiarities are accepted, and the label that provisioned members carry." }
                }
                label.choice {
                    input type="checkbox" name="groups" value="on" checked[organisation.groups];
                    span { strong { "Provision groups" } small { "Groups become teams that vaults can be shared with. Switched off, the provider is told that there are none to manage." } }
                }
                fieldset {
                    legend { "Licences" }
                    @for (policy, name, text) in policies {
                        label.choice {
                            input type="radio" name="seats" value=(policy_key(policy)) checked[policy == organisation.seat_policy];
                            span { strong { (name) } small { (text) } }
                        }
                    }
                }
                div.actions { button.main type="submit" { (Icon::Check) "Save settings" } }
            }
        }
    }
}
