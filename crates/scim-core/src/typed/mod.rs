//! Plain structs as views of resources, for hosts that would rather not walk trees.
//!
//! A view holds what its struct names; the [`Resource`] behind it stays the whole truth. A host with extensions of its own
//! wraps [`User`] in a struct with `#[serde(flatten)]` and one field per URN, and implements [`TypedResource`] for it.

mod enterprise;
mod group;
mod user;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

pub use enterprise::{EnterpriseUser, Manager};
pub use group::Group;
pub use user::{Address, Name, User};

use crate::{resource::Resource, schema::ResourceType};

/// A struct that resources of one core schema can be seen as.
pub trait TypedResource: Serialize + DeserializeOwned {
    /// The URN of the core schema, as in `schemas`.
    const SCHEMA: &'static str;
}

/// Why a resource cannot be seen as a struct, or a struct not be made a resource.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// A value has not the form that the struct asks for. The cause names the form, and may repeat the value.
    #[error("a value has not the form that the view asks for")]
    Form(#[from] serde_json::Error),
    /// The resource or the type is of another schema.
    #[error("the resource is not of the schema `{0}`")]
    Schema(&'static str),
}

/// A value of `emails`, `phoneNumbers`, `ims`, `photos`, `entitlements`, `roles` or `x509Certificates` (RFC 7643 section
/// 2.4).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MultiValue {
    /// The value itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The value as people read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// What it is for, such as `work`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Whether it is the preferred one; at most one of a list is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<bool>,
}

/// A resource that another refers to: a value of `User.groups` or `Group.members`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Reference {
    /// The identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The URL.
    #[serde(rename = "$ref", default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// Of members the resource type, of groups `direct` or `indirect`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

impl MultiValue {
    /// A value.
    pub fn new(value: impl Into<String>) -> Self {
        Self {
            value: Some(value.into()),
            ..Self::default()
        }
    }

    /// What it is for, such as `work`.
    #[must_use]
    pub fn of_kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// As the preferred one.
    #[must_use]
    pub fn primary(mut self) -> Self {
        self.primary = Some(true);
        self
    }
}

impl Resource {
    /// The resource as a struct.
    ///
    /// ```
    /// use scim_core::{Dialect, Limits, resource::Decoded, schema::ResourceType, typed::User};
    ///
    /// let body = serde_json::json!({
    ///     "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    ///     "userName": "bjensen",
    ///     "emails": [{ "value": "bjensen@example.com", "primary": true }],
    /// });
    /// let decoded = Decoded::decode(&ResourceType::user(), body, &Dialect::rfc(), &Limits::default())?;
    /// let user: User = decoded.resource.view()?;
    /// assert_eq!(user.user_name.as_deref(), Some("bjensen"));
    /// assert_eq!(user.primary_email(), Some("bjensen@example.com"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ViewError::Schema`] where `schemas` does not list the struct's schema, [`ViewError::Form`] where an attribute is
    /// not what the struct says, as under a schema of one's own it may be.
    pub fn view<T: TypedResource>(&self) -> Result<T, ViewError> {
        let is_listed = self
            .get("schemas")
            .and_then(Value::as_array)
            .is_some_and(|urns| urns.iter().any(|urn| is_urn(urn, T::SCHEMA)));
        if !is_listed {
            return Err(ViewError::Schema(T::SCHEMA));
        }
        Ok(T::deserialize(self.attributes())?)
    }

    /// A canonical resource from a struct, for hosts that keep rows of their own.
    ///
    /// `id` and readOnly attributes are taken as they are; relations (`groups`, `members`), `meta` and what the type does
    /// not know are left out, as are values that are empty. Values are not checked against limits or required attributes.
    ///
    /// ```
    /// use scim_core::{resource::Resource, schema::ResourceType, typed::User};
    ///
    /// let mut user = User::new("bjensen");
    /// user.active = Some(true);
    /// let resource = Resource::from_view(&ResourceType::user(), &user)?;
    /// assert_eq!(resource.text("userName"), Some("bjensen"));
    /// # Ok::<(), scim_core::typed::ViewError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ViewError::Schema`] where the type is of another schema, [`ViewError::Form`] where the struct is no JSON object.
    pub fn from_view<T: TypedResource>(kind: &ResourceType, view: &T) -> Result<Self, ViewError> {
        if !kind.schema().id.eq_ignore_ascii_case(T::SCHEMA) {
            return Err(ViewError::Schema(T::SCHEMA));
        }
        let values: Map<String, Value> = serde_json::from_value(serde_json::to_value(view)?)?;
        let mut attributes = Map::new();
        for (name, value) in values {
            let is_kept = kind.extension(&name).is_some()
                || kind
                    .attribute(&name)
                    .is_some_and(|attribute| !kind.is_relation(attribute) && attribute.name != "meta");
            if is_kept && let Some(value) = without_empty(value) {
                attributes.insert(name, value);
            }
        }
        let mut resource = Self::from_canonical(attributes);
        resource.settle_schemas(kind);
        Ok(resource)
    }
}

fn is_urn(value: &Value, urn: &str) -> bool {
    value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(urn))
}

/// A value without nulls, empty lists and empty objects. As deep as the struct that it was made from.
fn without_empty(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(list) => {
            let list: Vec<Value> = list.into_iter().filter_map(without_empty).collect();
            (!list.is_empty()).then_some(Value::Array(list))
        }
        Value::Object(map) => {
            let map: Map<String, Value> = map
                .into_iter()
                .filter_map(|(name, value)| Some((name, without_empty(value)?)))
                .collect();
            (!map.is_empty()).then_some(Value::Object(map))
        }
        simple => Some(simple),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::urn;

    fn resource(attributes: Value) -> Resource {
        Resource::from_canonical(serde_json::from_value(attributes).unwrap())
    }

    #[test]
    fn what_is_empty_is_left_out() {
        let mut user = User::new("a");
        user.name = Some(Name::default());
        user.emails = vec![MultiValue::default()];
        user.enterprise = Some(EnterpriseUser {
            manager: Some(Manager::default()),
            ..EnterpriseUser::default()
        });
        let resource = Resource::from_view(&ResourceType::user(), &user).unwrap();
        assert_eq!(
            Value::Object(resource.into_attributes()),
            json!({ "schemas": [urn::USER], "userName": "a" })
        );
    }

    #[test]
    fn odd_data_is_an_error() {
        for odd in [
            json!({ "schemas": [urn::USER], "userName": 1 }),
            json!({ "schemas": [urn::USER], "emails": {} }),
            json!({ "schemas": [urn::USER], "name": "x" }),
            json!({ "schemas": [urn::GROUP], "userName": "x" }),
            json!({ "schemas": "x" }),
            json!({}),
        ] {
            assert!(resource(odd.clone()).view::<User>().is_err(), "{odd}");
        }
        assert!(Resource::from_view(&ResourceType::group(), &User::new("a")).is_err());
    }

    #[test]
    fn relations_are_seen_and_not_kept() {
        let seen = resource(json!({
            "schemas": [urn::GROUP], "displayName": "A", "members": [{ "value": "1", "$ref": "u", "type": "User" }],
        }));
        let group: Group = seen.view().unwrap();
        assert_eq!(group.members[0].value.as_deref(), Some("1"));
        assert_eq!(group.members[0].location.as_deref(), Some("u"));
        let kept = Resource::from_view(&ResourceType::group(), &group).unwrap();
        assert_eq!(kept.get("members"), None);
    }

    #[test]
    fn a_host_adds_an_extension_of_its_own() {
        const VAULT: &str = "urn:example:params:scim:schemas:extension:vault:2.0:User";
        #[derive(Serialize, Deserialize)]
        struct VaultUser {
            #[serde(flatten)]
            user: User,
            #[serde(rename = "urn:example:params:scim:schemas:extension:vault:2.0:User")]
            vault: Vault,
        }
        #[derive(Serialize, Deserialize)]
        struct Vault {
            region: String,
        }
        impl TypedResource for VaultUser {
            const SCHEMA: &'static str = urn::USER;
        }
        let schema = crate::schema::Schema::builder(VAULT, "Vault")
            .attribute(crate::schema::Attribute::string("region"))
            .build()
            .unwrap();
        let kind = ResourceType::builder("User", "/Users", crate::schema::Schema::user())
            .extension(schema)
            .build()
            .unwrap();
        let view = VaultUser {
            user: User::new("a"),
            vault: Vault { region: "eu".into() },
        };
        let resource = Resource::from_view(&kind, &view).unwrap();
        assert_eq!(resource.get("schemas"), Some(&json!([urn::USER, VAULT])));
        assert_eq!(resource.view::<VaultUser>().unwrap().vault.region, "eu");
    }
}
