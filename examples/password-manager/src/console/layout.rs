//! The frame around every page.

use maud::{DOCTYPE, Markup, html};

use super::{icon::Icon, parts, visit::Visit};

/// The pages that the navigation names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Events,
    Groups,
    Licences,
    Log,
    Provisioning,
    Users,
}

const TABS: [(Tab, &str, &str, Icon); 6] = [
    (
        Tab::Provisioning,
        "/console/provisioning",
        "User provisioning",
        Icon::Sync,
    ),
    (Tab::Users, "/console/users", "Users", Icon::Users),
    (Tab::Groups, "/console/groups", "Groups", Icon::Groups),
    (Tab::Licences, "/console/licences", "Licences", Icon::Licences),
    (Tab::Events, "/console/events", "Events", Icon::Events),
    (Tab::Log, "/console/log", "Provisioning log", Icon::Log),
];

/// A page of the console for somebody who is signed in.
pub(super) fn page(visit: &Visit, tab: Tab, content: Markup) -> Markup {
    let title = TABS
        .iter()
        .find(|(other, ..)| *other == tab)
        .map_or("", |(_, _, name, _)| name);
    let session = &visit.session;
    document(
        &format!("{title} · {}", visit.organisation.name),
        html! {
            a.skip href="#content" { "Skip to the content" }
            div.frame {
                div.side { div.inner {
                    (brand("/console", &visit.organisation.name))
                    nav aria-label="Console" {
                        ul.nav {
                            @for (other, path, name, icon) in TABS {
                                li { a href=(path) aria-current=[(other == tab).then_some("page")] { (icon) (name) } }
                            }
                        }
                    }
                    div.who {
                        (parts::avatar(&session.name, false))
                        p { (session.name) span { (session.user_name) } }
                        form method="post" action="/sign-out" {
                            (parts::csrf(visit))
                            button.quiet.small type="submit" { "Sign out" }
                        }
                    }
                } }
                main #content tabindex="-1" { (content) }
            }
        },
    )
}

/// A page for somebody who is not, or not yet, signed in.
pub(super) fn door(title: &str, content: Markup) -> Markup {
    let body = html! {
        main.door { div.card { div.body { (brand("/", "Admin console")) (content) } } }
    };
    document(title, body)
}

/// A page with a sentence.
pub(super) fn plain(title: &str, text: &str) -> Markup {
    let content = html! {
        div.head { div { h1 { (title) } p { (text) } } }
        a.button href="/console" { "Back to the console" }
    };
    door(title, content)
}

fn brand(to: &str, below: &str) -> Markup {
    html! {
        a.brand href=(to) {
            img src="/assets/icon.svg" width="30" height="30" alt="";
            span { "Latchkey" small { (below) } }
        }
    }
}

fn document(title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) " · Latchkey" }
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/console.css";
                script src="/assets/console.js" defer {}
            }
            body { (body) }
        }
    }
}
