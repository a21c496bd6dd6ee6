//! The endpoints that events are posted to, and how far they got.

use std::collections::{HashMap, HashSet};

use maud::{Markup, html};
use scim_events::{Attempt, AttemptOutcome, DeliveryState, Endpoint, EndpointState, WebhookError, Webhooks};
use scim_http::core::TenantId;

use super::super::super::{parts, visit::Visit};

/// Deliveries and attempts that are looked at.
const LOOK: usize = 500;

/// Where one event stands at one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Delivered(u16),
    /// It is not tried any more.
    Failed,
    Waiting,
}

/// An endpoint, and where events stand at it by their numbers.
pub(super) struct Hook {
    pub(super) endpoint: Endpoint,
    pub(super) standings: HashMap<u64, Standing>,
    /// What has arrived and can be sent again.
    pub(super) kept: HashSet<u64>,
    pub(super) failed: usize,
    last: Option<Attempt>,
}

/// The endpoints of an organisation, with how events behind a number stand.
pub(super) async fn hooks(webhooks: &Webhooks, tenant: &TenantId, after: u64) -> Result<Vec<Hook>, WebhookError> {
    let mut hooks = Vec::new();
    for endpoint in webhooks.endpoints(tenant).await? {
        let mut standings = HashMap::new();
        let attempts = webhooks.attempts(tenant, &endpoint.id, LOOK).await?;
        for attempt in &attempts {
            if let AttemptOutcome::Answered(status @ 200..300) = attempt.outcome {
                // The latest comes first.
                let standing = standings.entry(attempt.sequence);
                standing.or_insert(Standing::Delivered(status));
            }
        }
        let mut failed = 0;
        for (state, standing) in [
            (DeliveryState::Waiting, Standing::Waiting),
            (DeliveryState::Dead, Standing::Failed),
        ] {
            let deliveries = webhooks.deliveries(tenant, &endpoint.id, state, 0, LOOK).await?;
            if standing == Standing::Failed {
                failed = deliveries.len();
            }
            standings.extend(deliveries.iter().map(|delivery| (delivery.sequence, standing)));
        }
        let arrived = DeliveryState::Delivered;
        let arrived = webhooks.deliveries(tenant, &endpoint.id, arrived, after, LOOK).await?;
        let last = attempts.into_iter().max_by_key(|attempt| attempt.at);
        hooks.push(Hook {
            endpoint,
            standings,
            kept: arrived.iter().map(|delivery| delivery.sequence).collect(),
            failed,
            last,
        });
    }
    Ok(hooks)
}

pub(super) fn card(visit: &Visit, hooks: &[Hook], secret: Option<&str>) -> Markup {
    html! {
        section.card aria-labelledby="webhooks" {
            header {
                h2 #webhooks { "Webhooks" }
                (new(visit))
                p { "Events are posted as signed requests (Standard Webhooks), in order for each member and group, and again until they are taken." }
            }
            div.body {
                @if let Some(secret) = secret {
                    div.notice { div.field.grow { strong { "Copy the signing secret now. It is shown this once." } (parts::copy("signing-secret", secret)) } }
                }
                @if hooks.is_empty() { p.soft { "Nobody listens yet. Events are kept here all the same." } }
                @for hook in hooks { (row(visit, hook)) }
            }
        }
    }
}

fn row(visit: &Visit, hook: &Hook) -> Markup {
    let id = hook.endpoint.id.as_str();
    let is_on = hook.endpoint.state == EndpointState::On;
    html! {
        div.hook {
            div.field {
                code { (hook.endpoint.settings.url.as_uri()) }
                div.badges {
                    (state(hook))
                    @if let Some(attempt) = &hook.last { span.faint.small { "Last try " (parts::ago(attempt.at)) ", " (attempt.latency.as_millis()) " ms" @if !attempt.outcome.is_success() { ": " (attempt.outcome) } } }
                }
            }
            div.actions {
                @if hook.failed > 0 { (form(visit, id, "resend", "Send all again")) }
                (form(visit, id, if is_on { "off" } else { "on" }, if is_on { "Switch off" } else { "Switch on" }))
                (form(visit, id, "remove", "Remove"))
            }
        }
    }
}

fn state(hook: &Hook) -> Markup {
    html! {
        @match hook.endpoint.state {
            EndpointState::On if hook.endpoint.health.failures > 0 => span.badge.warn.dot { "Retrying" },
            EndpointState::On => span.badge.good.dot { "On" },
            EndpointState::Off => span.badge.dot { "Off" },
            _ => span.badge.bad.dot { "Failing" },
        }
        @if hook.failed > 0 { span.badge.bad { (hook.failed) " not delivered" } }
    }
}

fn form(visit: &Visit, id: &str, action: &str, name: &str) -> Markup {
    html! {
        form method="post" action={ "/console/events/webhooks/" (id) "/" (action) } {
            (parts::csrf(visit))
            button.small type="submit" { (name) }
        }
    }
}

fn new(visit: &Visit) -> Markup {
    html! {
        details.ask {
            summary.summary-button.main { "Add an endpoint" }
            form.panel method="post" action="/console/events/webhooks" {
                (parts::csrf(visit))
                div.field {
                    label for="url" { "URL" }
                    input #url type="url" name="url" required placeholder="https://example.com/hooks";
                    small { "HTTPS, and no address of a private network." }
                }
                button.main type="submit" { "Add" }
            }
        }
    }
}
