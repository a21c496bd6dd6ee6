//! The keys that a store enforces and looks up by (decisions D13, D14, D23).

use std::{borrow::Cow, collections::HashSet, sync::Arc};

use serde_json::Value;

use crate::{
    Dialect, InputError,
    attr::AttrPath,
    fold::fold,
    resource::Resource,
    schema::{Attribute, AttributeType, Located, Locator, ResourceType},
    username::UserNameKey,
};

/// A value that no other resource of the type in the tenant may have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct UniqueKey {
    /// The attribute, such as `userName` or `emails.value`.
    pub attribute: String,
    /// The prepared value; equal keys are equal values.
    pub key: String,
    /// For group names: keys conflict only where the qualifiers are equal or one has none (decision D23).
    pub qualifier: Option<Option<String>>,
}

impl UniqueKey {
    /// Whether two resources with these keys cannot both be.
    pub fn conflicts(&self, other: &Self) -> bool {
        self.attribute == other.attribute
            && self.key == other.key
            && match (&self.qualifier, &other.qualifier) {
                (Some(Some(one)), Some(Some(two))) => one == two,
                _ => true,
            }
    }
}

/// The prepared keys of one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Keys {
    /// The values that must be unique.
    pub unique: Vec<UniqueKey>,
    /// The folded display name, to look up by.
    pub display_name: Option<String>,
    /// The external identifier as sent, to look up by.
    pub external_id: Option<String>,
    /// The prepared user name, to look up by.
    pub user_name: Option<String>,
}

impl Keys {
    /// The keys of a resource.
    ///
    /// # Errors
    ///
    /// `invalidValue` where a user name is none by RFC 8265.
    pub fn of(resource: &Resource, kind: &ResourceType, dialect: &Dialect) -> Result<Self, InputError> {
        let mut keys = Self {
            display_name: resource.text("displayName").map(|text| fold(text).into_owned()),
            external_id: resource.text("externalId").map(str::to_owned),
            ..Self::default()
        };
        for attribute in &kind.schema().attributes {
            if !attribute.is_unique() {
                continue;
            }
            let locator = Locator {
                extension: None,
                attribute: Arc::clone(attribute),
                sub: None,
            };
            keys.add(resource, &locator)?;
            if is_user_name(attribute) {
                keys.user_name = keys.unique.last().map(|unique| unique.key.clone());
            }
        }
        for extension in kind.extensions() {
            for attribute in extension
                .schema
                .attributes
                .iter()
                .filter(|attribute| attribute.is_unique())
            {
                let extension = Some(Arc::clone(&extension.schema));
                keys.add(
                    resource,
                    &Locator {
                        extension,
                        attribute: Arc::clone(attribute),
                        sub: None,
                    },
                )?;
            }
        }
        for path in &dialect.unique {
            let Ok(path) = AttrPath::parse(path) else { continue };
            if let Some(Located::Attribute(locator)) = kind.locate(&path, true)
                && !locator.leaf().is_unique()
            {
                keys.add(resource, &locator)?;
            }
        }
        if dialect.unique_group_names
            && kind.members().is_some()
            && let Some(key) = keys.display_name.clone()
        {
            let qualifier = Some(keys.external_id.clone());
            keys.unique.push(UniqueKey {
                attribute: "displayName".to_owned(),
                key,
                qualifier,
            });
        }
        Ok(keys)
    }

    fn add(&mut self, resource: &Resource, locator: &Locator) -> Result<(), InputError> {
        let leaf = locator.leaf();
        let value_of = |value: &Value| match value {
            // A complex attribute is unique by its `value`.
            Value::Object(map) => map.get("value").and_then(Value::as_str).map(str::to_owned),
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        let attribute = locator.to_string();
        let mut seen = HashSet::new();
        for value in resource.values(locator).filter_map(value_of) {
            let key = if is_user_name(leaf) {
                UserNameKey::enforce(&value)
                    .map_err(|error| InputError::value(error.to_string()))?
                    .to_string()
            } else {
                lookup_key(leaf, &value).into_owned()
            };
            // A value that is there twice is one; the set keeps thousands of them from being compared with each other.
            if seen.insert(key.clone()) {
                self.unique.push(UniqueKey {
                    attribute: attribute.clone(),
                    key,
                    qualifier: None,
                });
            }
        }
        Ok(())
    }
}

pub(crate) fn is_user_name(attribute: &Attribute) -> bool {
    attribute.name == "userName" && attribute.is_unique()
}

/// Prepares a filter operand or a stored value for comparison by an attribute: equal keys are equal values (D13).
pub fn lookup_key<'a>(attribute: &Attribute, text: &'a str) -> Cow<'a, str> {
    if attribute.case_exact || !matches!(attribute.kind, AttributeType::String | AttributeType::Complex) {
        Cow::Borrowed(text)
    } else if is_user_name(attribute) {
        UserNameKey::map(text)
    } else {
        fold(text)
    }
}
