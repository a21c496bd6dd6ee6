//! The credentials of the organisation, without their secrets.

use chrono::Utc;
use maud::{Markup, html};
use scim_http::{
    Expiry,
    store::{Access, Credential},
};

use super::super::super::{icon::Icon, parts, visit::Visit};

/// Live credentials first, and what can be done to them.
pub(super) fn card(visit: &Visit, credentials: &[Credential]) -> Markup {
    let now = Utc::now();
    let mut sorted: Vec<&Credential> = credentials.iter().rev().collect();
    sorted.sort_by_key(|credential| !credential.is_live(now));
    html! {
        section.card aria-labelledby="credentials" {
            header {
                h2 #credentials { "Credentials" }
                (new(visit))
                p { "Each is a secret token for your identity provider. Rotate one without interruption: the old token can live on for a while." }
            }
            @if sorted.is_empty() {
                (parts::empty(Icon::Key, "No credentials yet", "Create one, and paste its token into your identity provider.", html! {}))
            } @else {
                div.table {
                    table {
                        thead { tr { th { "Name" } th { "Token" } th { "Status" } th { "Created" } th { "Last used" } th { span.visually-hidden { "Actions" } } } }
                        tbody { @for credential in sorted.iter().take(20) { (row(visit, credential)) } }
                    }
                }
            }
        }
    }
}

fn row(visit: &Visit, credential: &Credential) -> Markup {
    let now = Utc::now();
    let is_live = credential.is_live(now);
    html! {
        tr {
            td { strong { (credential.name) } @if credential.access == Access::Read { " " span.badge { "read only" } } }
            td data-label="Token" { code.faint { "…" (credential.id) "…" } }
            td data-label="Status" { (status(credential, is_live)) }
            td data-label="Created" { (parts::ago(credential.created)) }
            td data-label="Last used" { @if let Some(at) = credential.last_used { (parts::ago(at)) } @else { span.faint { "Never" } } }
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

fn status(credential: &Credential, is_live: bool) -> Markup {
    html! {
        @if !is_live {
            span.badge { @if credential.revoked { "Revoked" } @else { "Over" } }
        } @else if let Some(end) = credential.ends {
            span.badge.warn.dot { "Until " (end.format("%-d %b, %H:%M UTC")) }
        } @else {
            span.badge.good.dot { "Live" }
            @if let Expiry::At(end) = credential.expiry { " " span.faint { "until " (parts::date(end)) } }
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
                div.field {
                    label for="days" { "Lifetime" }
                    select #days name="days" {
                        option value="365" { "One year" }
                        option value="90" { "90 days" }
                        option value="never" { "Until it is revoked" }
                    }
                }
                button.main type="submit" { "Create" }
            }
        }
    }
}

fn rotate(visit: &Visit, credential: &Credential) -> Markup {
    html! {
        details.ask {
            summary.summary-button { "Rotate" }
            form.panel method="post" action={ "/console/provisioning/credentials/" (credential.id) "/rotate" } {
                (parts::csrf(visit))
                p { "A new token takes the place of this one." }
                div.field {
                    label for={ "minutes-" (credential.id) } { "The old token lives on for" }
                    select id={ "minutes-" (credential.id) } name="minutes" {
                        option value="60" { "One hour" }
                        option value="1440" { "One day" }
                        option value="0" { "No time: it ends at once" }
                    }
                }
                button.main type="submit" { "Rotate now" }
            }
        }
    }
}

fn revoke(visit: &Visit, credential: &Credential) -> Markup {
    html! {
        details.ask {
            summary.summary-button.danger { "Revoke" }
            form.panel method="post" action={ "/console/provisioning/credentials/" (credential.id) "/revoke" } {
                (parts::csrf(visit))
                p { "Whoever uses this token is refused from the next request on." }
                button.danger type="submit" { "Revoke now" }
            }
        }
    }
}
