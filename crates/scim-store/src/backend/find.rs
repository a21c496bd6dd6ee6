//! What a back end may look up by.

use scim_core::{
    filter::{CompareOp, Operand, Predicate, Test, TextMode},
    resource::UniqueKey,
    schema::Locator,
};

/// A value that a back end may have an index for: what identity providers search by, and what must be unique.
///
/// More records than match may be answered, since each is looked at again; fewer may not. Texts come prepared for comparison:
/// keep a column of values that were prepared in the same way, or compare by a rule that takes more to be equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookup<'a> {
    /// `displayName`, by [`fold`](scim_core::fold::fold).
    DisplayName(&'a str),
    /// Any value of `emails`, by [`fold`](scim_core::fold::fold).
    Email(&'a str),
    /// `externalId`, as it is.
    ExternalId(&'a str),
    /// The identifier of a direct member; to be compared without case.
    Member(&'a str),
    /// `userName`, by [`UserNameKey::map`](scim_core::username::UserNameKey::map).
    UserName(&'a str),
}

/// What a filter says of where its matches are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hint<'a> {
    By(Lookup<'a>),
    Id(&'a str),
    Nowhere,
}

impl<'a> Lookup<'a> {
    pub(super) fn of_key(key: &'a UniqueKey) -> Option<Self> {
        match key.attribute.as_str() {
            "displayName" => Some(Self::DisplayName(&key.key)),
            "emails" | "emails.value" => Some(Self::Email(&key.key)),
            "externalId" => Some(Self::ExternalId(&key.key)),
            "userName" => Some(Self::UserName(&key.key)),
            _ => None,
        }
    }
}

impl<'a> Hint<'a> {
    /// What narrows the matches of a predicate. Every resource that matches is found by it.
    pub(super) fn of(predicate: &'a Predicate) -> Option<Self> {
        match predicate {
            Predicate::All(list) => list.iter().find_map(Self::of),
            Predicate::Always(false) => Some(Self::Nowhere),
            Predicate::Compare(test) => {
                let sub = test.locator.sub.as_ref().map(|sub| sub.name.as_str());
                Self::of_test(&test.locator, sub, test)
            }
            Predicate::Values(locator, inner) => Self::of_element(locator, inner),
            Predicate::Always(true) | Predicate::Any(_) | Predicate::Not(_) | Predicate::Present(_) => None,
        }
    }

    fn of_element(locator: &Locator, inner: &'a Predicate) -> Option<Self> {
        match inner {
            Predicate::All(list) => list.iter().find_map(|inner| Self::of_element(locator, inner)),
            Predicate::Compare(test) => Self::of_test(locator, Some(&test.locator.attribute.name), test),
            _ => None,
        }
    }

    fn of_test(locator: &Locator, sub: Option<&str>, test: &'a Test) -> Option<Self> {
        let (CompareOp::Equal, Operand::Text(text, mode), None) = (test.op, &test.operand, &locator.extension) else {
            return None;
        };
        let by = match (locator.attribute.name.as_str(), sub, mode) {
            ("displayName", None, TextMode::Folded) => Lookup::DisplayName(text),
            ("emails", Some("value"), TextMode::Folded) => Lookup::Email(text),
            ("externalId", None, TextMode::Exact) => Lookup::ExternalId(text),
            ("id", None, TextMode::Exact) => return Some(Self::Id(text)),
            ("members", Some("value"), TextMode::Exact | TextMode::Folded) => Lookup::Member(text),
            ("userName", None, TextMode::UserName) => Lookup::UserName(text),
            _ => return None,
        };
        Some(Self::By(by))
    }
}

#[cfg(test)]
mod tests {
    use scim_core::{
        Dialect,
        filter::{Filter, FilterScope},
        schema::ResourceType,
    };

    use super::*;

    #[test]
    fn what_identity_providers_search_by_is_looked_up() {
        let (users, groups) = (ResourceType::user(), ResourceType::group());
        for (kind, filter, expected) in [
            (
                &users,
                "userName eq \"BJensen\"",
                Some(Hint::By(Lookup::UserName("bjensen"))),
            ),
            (
                &users,
                "active eq true and userName eq \"a\"",
                Some(Hint::By(Lookup::UserName("a"))),
            ),
            (&users, "externalId eq \"A\"", Some(Hint::By(Lookup::ExternalId("A")))),
            (&users, "emails.value eq \"A@B\"", Some(Hint::By(Lookup::Email("a@b")))),
            (&users, "emails eq \"A@B\"", Some(Hint::By(Lookup::Email("a@b")))),
            (
                &users,
                "emails[type eq \"work\" and value eq \"A@B\"]",
                Some(Hint::By(Lookup::Email("a@b"))),
            ),
            (&users, "id eq \"A\"", Some(Hint::Id("A"))),
            (&users, "members.value eq \"1\"", Some(Hint::Nowhere)),
            (
                &groups,
                "displayName eq \"Team\"",
                Some(Hint::By(Lookup::DisplayName("team"))),
            ),
            (&groups, "members[value eq \"1\"]", Some(Hint::By(Lookup::Member("1")))),
            (&users, "userName eq \"a\" or userName eq \"b\"", None),
            (&users, "not (userName eq \"a\")", None),
            (&users, "userName ne \"a\"", None),
            (&users, "emails.type eq \"work\"", None),
        ] {
            let scope = FilterScope {
                kind,
                dialect: &Dialect::default(),
                base: "",
                across_types: true,
                in_url: false,
            };
            let predicate = Predicate::resolve(&Filter::parse(filter).unwrap(), &scope).unwrap();
            assert_eq!(Hint::of(&predicate), expected, "{filter}");
        }
    }
}
