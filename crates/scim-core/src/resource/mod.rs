//! Resources: checked on the way in, canonical inside, projected on the way out.

mod decode;
mod diff;
mod encode;
mod keys;
mod members;
mod projection;
mod stored;
mod write;

use std::sync::Arc;

use serde_json::{Map, Value};

pub use decode::{Decoded, Password};
pub(crate) use decode::{ValueDecoder, boolean_text, is_empty, is_password};
pub use diff::{changed_paths, given_paths};
pub(crate) use encode::write_segment;
pub use encode::{Encoder, ListHead};
pub(crate) use keys::is_user_name;
pub use keys::{Keys, UniqueKey, lookup_key};
pub(crate) use members::member_refs;
pub use members::{Member, MemberEffect, MemberRef, MemberStep, Membership};
pub use projection::{Projection, Selection};
pub use stored::{Found, Head, Members, Stored};
pub(crate) use write::write_number;

use crate::schema::{Locator, ResourceType};

/// The attributes of a resource in canonical form: names as in the schema, no nulls, no empty lists.
///
/// Relations (`members`, `groups`) and `meta` are not part of it, unless it was put together for a filter to look at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Resource {
    attributes: Map<String, Value>,
}

impl Resource {
    /// Takes attributes that are canonical already, as a store of one's own may have made them from columns.
    ///
    /// Names must be those of the schema; extension attributes stand in an object under the extension's URN.
    pub fn from_canonical(attributes: Map<String, Value>) -> Self {
        Self { attributes }
    }

    /// The attributes.
    pub fn attributes(&self) -> &Map<String, Value> {
        &self.attributes
    }

    /// The attributes, to be changed with care: see [`Resource::from_canonical`].
    pub fn attributes_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.attributes
    }

    /// The attributes, taken out.
    pub fn into_attributes(self) -> Map<String, Value> {
        self.attributes
    }

    /// The value of a core attribute.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.get(name)
    }

    /// The text of a core attribute.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).and_then(Value::as_str)
    }

    /// The value of the whole attribute that a locator names, whatever sub-attribute it goes on to.
    pub fn value(&self, locator: &Locator) -> Option<&Value> {
        let map = match &locator.extension {
            None => &self.attributes,
            Some(extension) => self.attributes.get(&extension.id)?.as_object()?,
        };
        map.get(&locator.attribute.name)
    }

    /// Every value at a locator: elements of lists one by one, sub-attributes of each.
    pub fn values<'a>(&'a self, locator: &'a Locator) -> impl Iterator<Item = &'a Value> {
        let elements = match self.value(locator) {
            None => [].as_slice(),
            Some(Value::Array(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        elements.iter().filter_map(|element| match &locator.sub {
            None => Some(element),
            Some(sub) => element.as_object()?.get(&sub.name),
        })
    }

    /// Whether the user is active: absent counts as active (decision D55).
    pub fn is_active(&self) -> bool {
        self.attributes.get("active").and_then(Value::as_bool) != Some(false)
    }

    /// Sets an attribute of an extension, for what a store says of a resource by itself; whether that changed anything. A type
    /// without the attribute is left as it is.
    pub fn set_in_extension(&mut self, kind: &ResourceType, urn: &str, name: &str, value: Value) -> bool {
        let Some(extension) = kind.extension(urn) else {
            return false;
        };
        let Some(attribute) = extension.schema.attribute(name) else {
            return false;
        };
        let values = self.attributes.entry(extension.schema.id.clone());
        let Value::Object(values) = values.or_insert_with(|| Value::Object(Map::new())) else {
            return false;
        };
        let before = values.insert(attribute.name.clone(), value);
        let is_new = before.as_ref() != values.get(&attribute.name);
        self.settle_schemas(kind);
        is_new
    }

    /// Sets `schemas` to the core schema and the extensions that have values.
    pub(crate) fn settle_schemas(&mut self, kind: &ResourceType) {
        let mut schemas = vec![Value::from(kind.schema().id.as_str())];
        for extension in kind.extensions() {
            if self.attributes.contains_key(&extension.schema.id) {
                schemas.push(extension.schema.id.as_str().into());
            }
        }
        self.attributes.insert("schemas".to_owned(), Value::Array(schemas));
    }

    /// Refuses a resource that lacks what its type requires (RFC 7643 section 2.2).
    pub(crate) fn check_required(&self, kind: &Arc<ResourceType>) -> Result<(), crate::InputError> {
        let missing = |name: &str| crate::InputError::value(format!("`{name}` is required"));
        // An empty value is not "present" to a filter, so it does not make a required attribute present either.
        let has = |values: &Map<String, Value>, name: &str| values.get(name).is_some_and(|value| !is_empty(value));
        for attribute in kind.schema().attributes.iter().filter(|attribute| attribute.required) {
            if !kind.is_relation(attribute) && !has(&self.attributes, &attribute.name) {
                return Err(missing(&attribute.name));
            }
        }
        for extension in kind.extensions() {
            let Some(values) = self.attributes.get(&extension.schema.id).and_then(Value::as_object) else {
                if extension.required {
                    return Err(missing(&extension.schema.id));
                }
                continue;
            };
            for attribute in extension
                .schema
                .attributes
                .iter()
                .filter(|attribute| attribute.required)
            {
                if !has(values, &attribute.name) {
                    return Err(missing(&attribute.name));
                }
            }
        }
        Ok(())
    }
}
