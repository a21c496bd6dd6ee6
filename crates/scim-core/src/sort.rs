//! Sorting (RFC 7644 section 3.4.2.3, N33).

use std::{cmp::Ordering, sync::Arc};

use chrono::{DateTime, Utc};
use serde_json::{Number, Value};

use crate::{
    Dialect, InputError,
    attr::AttrPath,
    datetime,
    filter::{compare, text_mode},
    resource::{Resource, is_empty},
    schema::{AttributeType, Located, Locator, ResourceType},
    sortable,
};

/// What a resource is sorted by: its value in comparable form.
///
/// No value is after every value when ascending.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a store that sorts by itself must see every form"
)]
pub enum SortKey {
    /// A Boolean; false first.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text, folded unless the attribute is case-exact.
    Text(String),
    /// A point in time.
    Time(DateTime<Utc>),
    /// No value.
    None,
}

impl SortKey {
    /// Resolves `sortBy`; a multi-valued complex attribute sorts by its `value`.
    ///
    /// # Errors
    ///
    /// `invalidPath` where it is no attribute that can be read and compared.
    pub fn locate(path: &AttrPath, kind: &ResourceType, dialect: &Dialect) -> Result<Locator, InputError> {
        let refuse = || InputError::path("`sortBy` names no attribute that can be sorted by");
        let Some(Located::Attribute(mut locator)) = kind.locate(path, dialect.extension_shorthand) else {
            return Err(refuse());
        };
        if !locator.attribute.is_readable() || !locator.leaf().is_readable() {
            return Err(refuse());
        }
        if locator.sub.is_none() && locator.attribute.is_complex() {
            locator.sub = Some(Arc::clone(locator.attribute.sub("value").ok_or_else(refuse)?));
        }
        Ok(locator)
    }

    /// Resolves `sortBy` for one type of a search across types: one that does not have the attribute has no value there
    /// (RFC 7644 section 3.4.2.1).
    ///
    /// # Errors
    ///
    /// `invalidPath` where the type has the attribute but never returns it (decision D15).
    pub fn locate_across(
        path: &AttrPath,
        kind: &ResourceType,
        dialect: &Dialect,
    ) -> Result<Option<Locator>, InputError> {
        let is_hidden = |locator: &Locator| !locator.attribute.is_readable() || !locator.leaf().is_readable();
        match (
            Self::locate(path, kind, dialect),
            kind.locate(path, dialect.extension_shorthand),
        ) {
            (Ok(locator), _) => Ok(Some(locator)),
            (Err(error), Some(Located::Attribute(locator))) if is_hidden(&locator) => Err(error),
            (Err(_), _) => Ok(None),
        }
    }

    /// The key of a resource: of the primary value if there is one, else of the first (RFC 7644 section 3.4.2.3).
    pub fn of(resource: &Resource, locator: &Locator) -> Self {
        let value = match resource.value(locator) {
            Some(Value::Array(list)) => {
                let primary = list
                    .iter()
                    .find(|element| element.get("primary") == Some(&Value::Bool(true)));
                primary.or_else(|| list.first())
            }
            one => one,
        };
        let leaf = locator.leaf();
        let value = match (&locator.sub, value) {
            (Some(sub), Some(value)) => value.get(&sub.name),
            (_, value) => value,
        };
        match value {
            Some(value) if is_empty(value) => Self::None,
            Some(Value::Bool(value)) => Self::Bool(*value),
            Some(Value::Number(value)) => Self::Number(value.clone()),
            Some(Value::String(text)) if leaf.kind == AttributeType::DateTime => {
                datetime::parse(text).map_or(Self::None, Self::Time)
            }
            Some(Value::String(text)) => Self::Text(compare::prepare(text, text_mode(leaf)).into_owned()),
            _ => Self::None,
        }
    }

    /// A tag and a text from which [`SortKey::decode`] makes the key again, for positions in a sorted list.
    pub fn encode(&self) -> (&'static str, String) {
        match self {
            Self::Bool(value) => ("b", value.to_string()),
            Self::Number(value) => ("n", value.to_string()),
            Self::Text(text) => ("s", text.clone()),
            Self::Time(time) => ("t", format!("{} {}", time.timestamp(), time.timestamp_subsec_nanos())),
            Self::None => ("-", String::new()),
        }
    }

    /// The key of an encoded form; `None` where it is none.
    pub fn decode(tag: &str, text: &str) -> Option<Self> {
        Some(match tag {
            "b" => Self::Bool(text == "true"),
            "n" => Self::Number(serde_json::from_str(text).ok()?),
            "s" => Self::Text(text.to_owned()),
            "t" => {
                let (seconds, nanos) = text.split_once(' ')?;
                Self::Time(DateTime::from_timestamp(seconds.parse().ok()?, nanos.parse().ok()?)?)
            }
            "-" => Self::None,
            _ => return None,
        })
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Bool(_) => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
            Self::Time(_) => 3,
            Self::None => 4,
        }
    }
}

impl Eq for SortKey {}

impl PartialOrd for SortKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SortKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(one), Self::Bool(two)) => one.cmp(two),
            (Self::Number(one), Self::Number(two)) => sortable::compare(one, two),
            (Self::Text(one), Self::Text(two)) => one.cmp(two),
            (Self::Time(one), Self::Time(two)) => one.cmp(two),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}
