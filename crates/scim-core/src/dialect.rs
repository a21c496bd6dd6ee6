//! Where clients differ from the RFCs: each leniency by name, with presets per identity provider.

mod document;

use serde::{Deserialize, Serialize};

/// What a tenant's clients may send beyond the RFCs.
///
/// [`Dialect::rfc`] is strict, [`Dialect::default`] is the union of what real clients need and does not conflict. What is
/// not a field here holds in every dialect.
///
/// By serde it is the name of its preset and the fields that differ from it; a field that is not known is an error.
///
/// ```
/// use scim_core::Dialect;
///
/// let dialect = Dialect::default().with(|d| d.unique_group_names = false);
/// assert!(dialect.boolean_strings && !Dialect::rfc().boolean_strings);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dialect {
    /// The preset it was made from.
    pub name: &'static str,
    /// `"True"` and `"false"` are Booleans where the schema wants one, in bodies and in filters (Entra ID).
    pub boolean_strings: bool,
    /// `""` and `{"value": ""}` clear an attribute (Entra ID's `manager`).
    pub empty_clears: bool,
    /// A bare string stands for a complex attribute's `value` (Entra ID's `manager`).
    pub bare_values: bool,
    /// `meta.resourceType eq User` is read without its quotes (RFC 7644 section 3.4.2.1's own example).
    pub bare_resource_type: bool,
    /// A name without URN that stands in exactly one extension resolves (Entra ID's `manager eq`).
    pub extension_shorthand: bool,
    /// Keys of a PATCH value without path may be dotted paths and URN paths (Entra ID with `aadOptscim062020`).
    pub path_keys: bool,
    /// What `add` does where its value filter matches nothing.
    pub add_without_match: NoMatch,
    /// What `replace` does where its value filter matches nothing.
    pub replace_without_match: NoMatch,
    /// `remove` with a `value` removes the listed values only (Entra ID, JumpCloud, authentik, Salesforce).
    pub remove_by_value: bool,
    /// Whether `schemas` may be missing, or name schemas that are not known.
    pub unknown_schemas: Unknown,
    /// What becomes of attributes that are in no schema.
    pub unknown_attributes: Unknown,
    /// What becomes of members that do not exist.
    pub unknown_members: Unknown,
    /// Two groups of one name conflict, unless their externalIds differ (Entra ID's validator).
    pub unique_group_names: bool,
    /// Attributes besides `userName` whose values must be unique, as paths: `emails.value`.
    pub unique: Vec<String>,
    /// Attributes that a PUT leaves alone where it does not name them.
    pub kept_by_put: Vec<String>,
    /// What a PATCH answers.
    pub patch_answer: PatchAnswer,
    /// A group with more members than this answers a PATCH with 204, unless `attributes` was asked for.
    pub large_group: usize,
}

/// What an operation does where its value filter matches nothing (RFC 7644 section 3.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "there is no third way")]
pub enum NoMatch {
    /// Makes the element from the filter's `eq` terms; other filters are `noTarget`.
    Create,
    /// 400 `noTarget`.
    NoTarget,
}

/// What becomes of something that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "there is no third way")]
pub enum Unknown {
    /// Left out, and noted.
    Ignore,
    /// 400.
    Reject,
}

/// What a PATCH answers (RFC 7644 section 3.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "the RFC names two answers")]
pub enum PatchAnswer {
    /// 204, unless `attributes` was asked for.
    NoContent,
    /// 200 with the resource.
    Resource,
}

impl Dialect {
    /// The RFCs and nothing else.
    pub fn rfc() -> Self {
        Self {
            name: "rfc",
            boolean_strings: false,
            empty_clears: false,
            bare_values: false,
            bare_resource_type: false,
            extension_shorthand: false,
            path_keys: false,
            add_without_match: NoMatch::NoTarget,
            replace_without_match: NoMatch::NoTarget,
            remove_by_value: false,
            unknown_schemas: Unknown::Reject,
            unknown_attributes: Unknown::Ignore,
            unknown_members: Unknown::Reject,
            unique_group_names: false,
            unique: Vec::new(),
            kept_by_put: vec!["active".to_owned(), "password".to_owned()],
            patch_answer: PatchAnswer::Resource,
            large_group: 1000,
        }
    }

    /// Okta: catalogue apps, the wizard's apps and pushed groups. Value filters that match nothing are errors: Okta sends none.
    pub fn okta() -> Self {
        Self {
            name: "okta",
            add_without_match: NoMatch::NoTarget,
            replace_without_match: NoMatch::NoTarget,
            ..Self::default()
        }
    }

    /// Microsoft Entra ID, with and without `aadOptscim062020`. It needs everything that [`Dialect::default`] has.
    pub fn entra() -> Self {
        Self {
            name: "entra",
            ..Self::default()
        }
    }

    /// OneLogin: templates written by an administrator, so anything may come.
    pub fn onelogin() -> Self {
        Self {
            name: "onelogin",
            ..Self::default()
        }
    }

    /// JumpCloud, which sends nulls and empty lists, and removes members by value.
    pub fn jumpcloud() -> Self {
        Self {
            name: "jumpcloud",
            ..Self::default()
        }
    }

    /// Ping Identity: PingFederate and PingOne; filters name `emails` without a sub-attribute.
    pub fn ping() -> Self {
        Self {
            name: "ping",
            ..Self::default()
        }
    }

    /// The preset of this name, one of [`Dialect::NAMES`].
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "rfc" => Self::rfc(),
            "default" => Self::default(),
            "okta" => Self::okta(),
            "entra" => Self::entra(),
            "onelogin" => Self::onelogin(),
            "jumpcloud" => Self::jumpcloud(),
            "ping" => Self::ping(),
            _ => return None,
        })
    }

    /// The names of the presets.
    pub const NAMES: [&'static str; 7] = ["rfc", "default", "okta", "entra", "onelogin", "jumpcloud", "ping"];

    /// The dialect with a change.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            name: "default",
            boolean_strings: true,
            empty_clears: true,
            bare_values: true,
            bare_resource_type: true,
            extension_shorthand: true,
            path_keys: true,
            add_without_match: NoMatch::Create,
            replace_without_match: NoMatch::Create,
            remove_by_value: true,
            unknown_schemas: Unknown::Ignore,
            unknown_members: Unknown::Ignore,
            unique_group_names: true,
            ..Self::rfc()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_found_by_their_names() {
        for name in Dialect::NAMES {
            assert_eq!(Dialect::named(name).unwrap().name, name);
        }
        assert_eq!(Dialect::named("nobody"), None);
    }
}
