//! The credentials of the organisation, without their secrets.

use std::fmt::Display;

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use scim_http::{
    Expiry,
    store::{Access, Credential},
};

use super::super::super::{icon::Icon, parts, visit::Visit};
use crate::domain::{Lifetime, Overlap, days_left};

/// Live credentials first, and what can be done to them.
pub(super) fn card(visit: &Visit, credentials: &[Credential], now: DateTime<Utc>) -> Markup {
    let mut sorted: Vec<&Credential> = credentials.iter().rev().collect();
    sorted.sort_by_key(|credential| !credential.is_live(now));
    // Whatever opens something can be ended here; of what is over the latest are shown.
    let live = sorted.iter().filter(|credential| credential.is_live(now)).count();
    html! {
        section.card aria-labelledby="credentials" {
            header {
                h2 #credentials { "Credentials" }
                (new(visit))
                p { "Each is a secret token for your identity provider. Rotate one in time, and paste the new token there." }
            }
            @if sorted.is_empty() {
                (parts::empty(Icon::Key, "No credentials yet", "Create one, and paste its token into your identity provider.", html! {}))
            } @else {
                div.table {
                    table {
                        thead { tr { th { "Name" } th { "Status" } th { "Expires" } th { "Created" } th { "Last used" } th { span.visually-hidden { "Actions" } } } }
                        tbody { @for credential in sorted.iter().take(live.max(20)) { (row(visit, credential, now)) } }
                    }
                }
            }
        }
    }
}

/// What is to be done before a credential ends that nobody has rotated, for the one that ends first.
pub(super) fn warning(credentials: &[Credential], now: DateTime<Utc>) -> Markup {
    let ending = credentials
        .iter()
        .filter_map(|credential| Some((days_left(credential, now)?, credential)));
    html! {
        @if let Some((days, credential)) = ending.min_by_key(|(days, _)| *days) {
            (parts::warning(
                &format!("“{}” expires {}.", credential.name, within(days)),
                "Rotate it, and paste the new token into your identity provider: with an expired one, nothing is provisioned.",
            ))
        }
    }
}

fn row(visit: &Visit, credential: &Credential, now: DateTime<Utc>) -> Markup {
    let is_live = credential.is_live(now);
    html! {
        tr {
            td {
                div.person {
                    p { (credential.name) small { code { "…" (credential.id) "…" } } }
                    @if credential.access == Access::Read { span.badge { "Read only" } }
                }
            }
            td data-label="Status" { (status(credential, now)) }
            td.soft data-label="Expires" { (expiry(credential)) }
            td.soft data-label="Created" { (parts::ago(credential.created)) }
            td.soft data-label="Last used" { @if let Some(at) = credential.last_used { (parts::ago(at)) } @else { span.faint { "Never" } } }
            td.end {
                @if is_live {
                    div.actions {
                        @if credential.ends.is_none() { (rotate(visit, credential)) }
                        (revoke(visit, credential))
                    }
                }
            }
        }
    }
}

fn status(credential: &Credential, now: DateTime<Utc>) -> Markup {
    html! {
        @if credential.revoked { span.badge { "Revoked" } }
        @else if let Some(end) = credential.ends {
            @if credential.is_live(now) {
                div.badges { span.badge.warn.dot { "Replaced" } span.soft { "until " (end.format("%-d %b, %H:%M UTC")) } }
            }
            @else { span.badge { "Replaced" } }
        }
        @else if !credential.is_live(now) { span.badge.bad { "Expired" } }
        @else if let Some(days) = days_left(credential, now) { span.badge.warn.dot { "Expires " (within(days)) } }
        @else { span.badge.good.dot { "Live" } }
    }
}

fn expiry(credential: &Credential) -> Markup {
    html! {
        @match credential.expiry {
            Expiry::At(end) => (parts::date(end)),
            Expiry::Never => "Never",
        }
    }
}

fn new(visit: &Visit) -> Markup {
    html! {
        details.ask {
            summary.summary-button.main { "Create a credential" }
            form.panel method="post" action="/console/provisioning/credentials" {
                (parts::csrf(visit))
                div.field { label for="name" { "Name" } input #name name="name" maxlength="60" placeholder=(visit.organisation.provider.label()); }
                (choice("expires", "expires", "Expires", &Lifetime::CHOICES))
                button.main type="submit" { "Create" }
            }
        }
    }
}

fn rotate(visit: &Visit, credential: &Credential) -> Markup {
    let id = &credential.id;
    html! {
        details.ask {
            summary.summary-button aria-label={ "Rotate " (credential.name) } { "Rotate" }
            form.panel method="post" action={ "/console/provisioning/credentials/" (id) "/rotate" } {
                (parts::csrf(visit))
                p { "A new token takes the place of this one." }
                (choice(&format!("expires-{id}"), "expires", "The new token expires", &Lifetime::CHOICES))
                (choice(&format!("overlap-{id}"), "overlap", "The old token lives on", &Overlap::CHOICES))
                button.main type="submit" { "Rotate now" }
            }
        }
    }
}

fn revoke(visit: &Visit, credential: &Credential) -> Markup {
    html! {
        details.ask {
            summary.summary-button.danger aria-label={ "Revoke " (credential.name) } { "Revoke" }
            form.panel method="post" action={ "/console/provisioning/credentials/" (credential.id) "/revoke" } {
                (parts::csrf(visit))
                p { "Whoever uses this token is refused from the next request on." }
                button.danger type="submit" { "Revoke now" }
            }
        }
    }
}

fn choice<T: Default + Display + PartialEq>(id: &str, name: &str, label: &str, choices: &[(T, &str)]) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            select id=(id) name=(name) { @for (value, text) in choices { option value=(value) selected[*value == T::default()] { (text) } } }
        }
    }
}

fn within(days: i64) -> String {
    match days {
        ..=1 => "within a day".to_owned(),
        days => format!("in {days} days"),
    }
}
