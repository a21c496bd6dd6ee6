//! Pieces that several pages are made of.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::{icon::Icon, visit::Visit};

/// The token that shows that a form is ours.
pub(super) fn csrf(visit: &Visit) -> Markup {
    html! { input type="hidden" name="csrf" value=(visit.session.csrf); }
}

/// Title, sentence and buttons of a page.
pub(super) fn head(title: &str, text: &str, actions: Markup) -> Markup {
    html! {
        header.head {
            div { h1 { (title) } p { (text) } }
            (actions)
        }
    }
}

/// Something that was done.
pub(super) fn done(text: &str) -> Markup {
    html! { div.notice role="status" { (Icon::Check) p { (text) } } }
}

/// Something that was refused, and why.
pub(super) fn refused(title: &str, reason: &str) -> Markup {
    html! { div.notice.bad role="alert" { (Icon::Alert) p { strong { (title) } " " (reason) } } }
}

/// Something to look at.
pub(super) fn warning(title: &str, text: &str) -> Markup {
    html! { div.notice.warn role="status" { (Icon::Alert) p { strong { (title) } " " (text) } } }
}

/// What stands where there is nothing yet.
pub(super) fn empty(icon: Icon, title: &str, text: &str, actions: Markup) -> Markup {
    html! { div.empty { (icon) strong { (title) } p { (text) } (actions) } }
}

/// A value to be copied; the identifier is unique on the page.
pub(super) fn copy(id: &str, value: &str) -> Markup {
    html! {
        div.copy {
            code id=(id) { (value) }
            button.quiet.small type="button" data-copy=(id) hidden { "Copy" }
        }
    }
}

/// The first letters of a name.
pub(super) fn avatar(name: &str, is_small: bool) -> Markup {
    let letters = name
        .split_whitespace()
        .filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let letters: String = letters.take(2).flat_map(char::to_uppercase).collect();
    let sum = name
        .bytes()
        .fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let tone = match sum % 4 {
        0 => "avatar",
        1 => "avatar b",
        2 => "avatar c",
        _ => "avatar d",
    };
    html! { span class={ (tone) @if is_small { " small" } } aria-hidden="true" { (letters) } }
}

/// A point in time, as far from now as it is.
pub(super) fn ago(at: DateTime<Utc>) -> Markup {
    let seconds = (Utc::now() - at).num_seconds().max(0);
    let text = match seconds {
        0..=44 => "just now".to_owned(),
        45..=3_599 => format!("{} min ago", (seconds / 60).max(1)),
        3_600..=86_399 => format!("{} h ago", seconds / 3_600),
        86_400..=2_591_999 => format!("{} d ago", seconds / 86_400),
        _ => at.format("%-d %b %Y").to_string(),
    };
    html! { time datetime=(at.to_rfc3339()) title=(at.format("%-d %b %Y, %H:%M:%S UTC")) { (text) } }
}

/// The day of a point in time to come.
pub(super) fn date(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339()) title=(at.format("%-d %b %Y, %H:%M:%S UTC")) { (at.format("%-d %b %Y")) } }
}

/// A number and what it counts.
pub(super) fn count(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_people_is_escaped() {
        let shown = refused("No.", "<script>alert(1)</script>").into_string();
        assert!(!shown.contains("<script>"), "{shown}");
    }

    #[test]
    fn a_name_has_up_to_two_letters() {
        assert!(avatar("Ada King Lovelace", false).into_string().contains(">AK<"));
        assert!(avatar("ölaf", true).into_string().contains(">Ö<"));
        assert!(avatar("", false).into_string().contains("><"));
    }
}
