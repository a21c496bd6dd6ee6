//! Names of events, and the choice among them.

use std::{fmt, sync::Arc};

use scim_store::{Change, ChangeKind};

/// The type of an event: a resource type and what became of the resource, parted by full stops.
///
/// | type | when |
/// | --- | --- |
/// | `user.created` | the resource was created |
/// | `user.updated` | attributes changed |
/// | `user.activated`, `user.deactivated` | `active` changed, perhaps with other attributes |
/// | `user.deleted` | it was deleted |
/// | `group.members.changed` | the members of a group changed, and nothing else of it |
///
/// It begins with the name of the resource type in lower case with `_` between words: `group`, `enterprise_device`. Each
/// change is one event; a change of members together with other attributes is `group.updated`, with `members` among the
/// changed paths.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventType(Arc<str>);

/// Which types of events are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventFilter(Option<Vec<EventType>>);

impl EventType {
    /// A type that was kept as text.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The type of the event that a change makes.
    pub fn of(change: &Change) -> Self {
        let what = match change.kind {
            ChangeKind::Activated => "activated",
            ChangeKind::Created => "created",
            ChangeKind::Deactivated => "deactivated",
            ChangeKind::Deleted => "deleted",
            _ if is_of_members(&change.changed) => "members.changed",
            _ => "updated",
        };
        let mut name = word(&change.resource_type);
        name.push('.');
        name.push_str(what);
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is another type or stands below it: `group.members.changed` stands below `group.members` and `group`.
    pub fn is_within(&self, other: &str) -> bool {
        let rest = self.0.strip_prefix(other);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl EventFilter {
    /// All types, those of later releases too.
    pub fn all() -> Self {
        Self(None)
    }

    /// These types, each with all that stands below it: `user` is all that happens to users.
    pub fn only<'a>(types: impl IntoIterator<Item = &'a str>) -> Self {
        Self(Some(types.into_iter().map(EventType::new).collect()))
    }

    /// Whether a type is wanted.
    pub fn wants(&self, event_type: &EventType) -> bool {
        let types = self.0.as_ref();
        types.is_none_or(|types| types.iter().any(|wanted| event_type.is_within(wanted.as_str())))
    }

    /// The types that were named; `None` for all.
    pub fn types(&self) -> Option<&[EventType]> {
        self.0.as_deref()
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_of_members(changed: &[String]) -> bool {
    let is_member = |path: &String| {
        path.split('.')
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("members"))
    };
    !changed.is_empty() && changed.iter().all(is_member)
}

/// A name as one word of a type: letters, digits and `_`, in lower case.
fn word(name: &str) -> String {
    let mut word = String::with_capacity(name.len() + 16);
    let mut was_lower = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && was_lower {
            word.push('_');
        }
        was_lower = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        word.push(if letter.is_ascii_alphanumeric() {
            letter.to_ascii_lowercase()
        } else {
            '_'
        });
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_that_the_specification_allows() {
        for (name, expected) in [
            ("User", "user"),
            ("EnterpriseDevice", "enterprise_device"),
            ("a.b-c é", "a_b_c__"),
            ("SIMCard2Slot", "simcard2_slot"),
        ] {
            assert_eq!(word(name), expected);
        }
    }

    #[test]
    fn a_filter_takes_whole_words_only() {
        let filter = EventFilter::only(["user", "group.members"]);
        for (name, is_wanted) in [
            ("user.created", true),
            ("users.created", false),
            ("group.members.changed", true),
            ("group.created", false),
        ] {
            assert_eq!(filter.wants(&EventType::new(name)), is_wanted, "{name}");
        }
        assert!(EventFilter::all().wants(&EventType::new("x.y")));
        assert!(!EventFilter::only([]).wants(&EventType::new("user.created")));
    }

    #[test]
    fn only_changes_of_nothing_but_members_are_called_so() {
        let paths = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        assert!(is_of_members(&paths(&["members"])));
        assert!(is_of_members(&paths(&["Members.value"])));
        assert!(!is_of_members(&paths(&["members", "displayName"])));
        assert!(!is_of_members(&paths(&[])));
    }
}
