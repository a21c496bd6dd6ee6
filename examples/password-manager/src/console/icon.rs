//! Line icons, drawn in the colour of the text.

use maud::{Markup, PreEscaped, html};

#[derive(Debug, Clone, Copy)]
pub(super) enum Icon {
    Alert,
    Check,
    Events,
    Groups,
    Key,
    Licences,
    Log,
    Shield,
    Sync,
    Users,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Alert => {
                "M12 8v5m0 3.2v.1M10.3 4.2 2.8 17.4A2 2 0 0 0 4.5 20.4h15a2 2 0 0 0 1.7-3L13.7 4.2a2 2 0 0 0-3.4 0Z"
            }
            Self::Check => "M20 6.5 9.5 17 4 11.5",
            Self::Events => "M13 3 5 13.5h6L10.5 21 19 10.5h-6L13 3Z",
            Self::Groups => {
                "M4 7.5A2.5 2.5 0 0 1 6.5 5h3l2 2.5h6A2.5 2.5 0 0 1 20 10v6.5a2.5 2.5 0 0 1-2.5 2.5h-11A2.5 2.5 0 0 1 4 16.5Z"
            }
            Self::Key => "M8 19.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9Zm3.2-7.7L19.5 3.5m-4 4 3 3",
            Self::Licences => "M3.5 7.5h17v3a1.7 1.7 0 0 0 0 3.4v3h-17v-3a1.7 1.7 0 0 0 0-3.4v-3ZM14 7.5v9.4",
            Self::Log => "M8 6h12M8 12h12M8 18h12M4 6h.1M4 12h.1M4 18h.1",
            Self::Shield => "M12 3.5 19 6v5.5c0 4.3-2.9 7.6-7 9-4.1-1.4-7-4.7-7-9V6l7-2.5Zm-3 8.3 2.2 2.2 4-4.3",
            Self::Sync => {
                "M4.5 12a7.5 7.5 0 0 1 12.9-5.2L20 9.5M20 4.5v5h-5M19.5 12a7.5 7.5 0 0 1-12.9 5.2L4 14.5m0 5v-5h5"
            }
            Self::Users => {
                "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Zm-6 8.5c.4-3.4 2.9-5.5 6-5.5s5.6 2.1 6 5.5M15.5 4.9a3.5 3.5 0 0 1 0 6.3M17.5 14.9c2 .8 3.2 2.6 3.5 5.1"
            }
        }
    }
}

impl maud::Render for Icon {
    fn render(&self) -> Markup {
        html! {
            svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round"
                stroke-linejoin="round" aria-hidden="true" { path d=(PreEscaped(self.path())) {} }
        }
    }
}
