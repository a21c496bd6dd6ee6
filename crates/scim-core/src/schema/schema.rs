//! A schema document (RFC 7643 section 7).

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use crate::{
    schema::{Attribute, AttributeType, SchemaBuilder},
    urn,
};

/// A schema: a URN and the attributes that it defines.
///
/// ```
/// use scim_core::schema::{Attribute, Schema};
///
/// let schema = Schema::builder("urn:example:params:scim:schemas:extension:vault:2.0:User", "Vault")
///     .attribute(Attribute::string("region").required())
///     .attribute(Attribute::integer("quota"))
///     .build()?;
/// assert_eq!(schema.attribute("REGION").map(|a| a.name.as_str()), Some("region"));
/// # Ok::<(), scim_core::schema::SchemaError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Schema {
    /// The URN.
    pub id: String,
    /// The name, for people.
    #[serde(default)]
    pub name: String,
    /// What it is, for people.
    #[serde(default)]
    pub description: String,
    /// The attributes, in the order of the document.
    pub attributes: Vec<Arc<Attribute>>,
}

/// Why a schema or a resource type cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The document is not JSON of the form of RFC 7643 section 7.
    #[error("schema document is not of the form of RFC 7643 section 7")]
    Document(#[from] serde_json::Error),
    /// Two attributes share a name.
    #[error("attribute `{0}` is defined twice")]
    Duplicate(String),
    /// An endpoint does not start with `/`, or holds another.
    #[error("endpoint `{0}` must be one path segment that starts with a slash")]
    Endpoint(String),
    /// A name breaks RFC 7643 section 2.1.
    #[error("`{0}` is no attribute name: a letter, then letters, digits, `-` or `_`")]
    Name(String),
    /// A complex attribute within a complex attribute (RFC 7643 section 2.3.8), or one without sub-attributes.
    #[error("attribute `{0}` nests complex values, or is complex without sub-attributes")]
    Nested(String),
    /// A schema's identifier is not a URN.
    #[error("`{0}` is no schema URN")]
    Urn(String),
}

impl Schema {
    /// A schema of one's own, by code.
    pub fn builder(urn: &str, name: &str) -> SchemaBuilder {
        SchemaBuilder::new(urn, name)
    }

    /// A schema from its document.
    ///
    /// # Errors
    ///
    /// Any [`SchemaError`] but `Endpoint`.
    pub fn from_json(document: &str) -> Result<Self, SchemaError> {
        let schema: Self = serde_json::from_str(document)?;
        schema.check()?;
        Ok(schema)
    }

    /// The core User (RFC 7643 section 4.1).
    pub fn user() -> Arc<Self> {
        Arc::clone(&USER)
    }

    /// The core Group (RFC 7643 section 4.2); `displayName` is required (erratum 5368).
    pub fn group() -> Arc<Self> {
        Arc::clone(&GROUP)
    }

    /// The enterprise extension of User (RFC 7643 section 4.3).
    pub fn enterprise_user() -> Arc<Self> {
        Arc::clone(&ENTERPRISE_USER)
    }

    /// The schema of the service provider's configuration (RFC 7643 section 5, RFC 9865 section 4).
    pub fn service_provider_config() -> Arc<Self> {
        Arc::clone(&SERVICE_PROVIDER_CONFIG)
    }

    /// The schema of resource types (RFC 7643 section 6).
    pub fn resource_type() -> Arc<Self> {
        Arc::clone(&RESOURCE_TYPE)
    }

    /// The schema of schemas (RFC 7643 section 7).
    pub fn of_schemas() -> Arc<Self> {
        Arc::clone(&SCHEMA)
    }

    /// The attribute of this name, compared without case.
    pub fn attribute(&self, name: &str) -> Option<&Arc<Attribute>> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn check(&self) -> Result<(), SchemaError> {
        let is_urn = self.id.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) && self.id.len() > 4;
        if !is_urn || self.id.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(SchemaError::Urn(self.id.clone()));
        }
        check_names(&self.attributes)?;
        for attribute in &self.attributes {
            let nested = attribute
                .sub_attributes
                .iter()
                .any(|sub| sub.is_complex() && self.id != urn::SCHEMA);
            let hollow = (attribute.kind == AttributeType::Complex) == attribute.sub_attributes.is_empty();
            if nested || hollow {
                return Err(SchemaError::Nested(attribute.name.clone()));
            }
            check_names(&attribute.sub_attributes)?;
        }
        Ok(())
    }
}

fn check_names(attributes: &[Arc<Attribute>]) -> Result<(), SchemaError> {
    for (index, attribute) in attributes.iter().enumerate() {
        let name = &attribute.name;
        let mut letters = name.strip_prefix('$').unwrap_or(name).chars();
        let starts = letters.next().is_some_and(|c| c.is_ascii_alphabetic());
        if !starts || !letters.all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            return Err(SchemaError::Name(name.clone()));
        }
        if attributes
            .iter()
            .take(index)
            .any(|other| other.name.eq_ignore_ascii_case(name))
        {
            return Err(SchemaError::Duplicate(name.clone()));
        }
    }
    Ok(())
}

static USER: LazyLock<Arc<Schema>> = LazyLock::new(|| builtin(include_str!("builtin/user.json")));
static GROUP: LazyLock<Arc<Schema>> = LazyLock::new(|| builtin(include_str!("builtin/group.json")));
static ENTERPRISE_USER: LazyLock<Arc<Schema>> = LazyLock::new(|| builtin(include_str!("builtin/enterprise_user.json")));
static SERVICE_PROVIDER_CONFIG: LazyLock<Arc<Schema>> =
    LazyLock::new(|| builtin(include_str!("builtin/service_provider_config.json")));
static RESOURCE_TYPE: LazyLock<Arc<Schema>> = LazyLock::new(|| builtin(include_str!("builtin/resource_type.json")));
static SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| builtin(include_str!("builtin/schema.json")));

#[expect(
    clippy::expect_used,
    reason = "the documents are compiled in; a test parses each of them"
)]
fn builtin(document: &str) -> Arc<Schema> {
    Arc::new(Schema::from_json(document).expect("a built-in schema document is well-formed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_documents_are_well_formed() {
        for (schema, urn, attributes) in [
            (Schema::user(), urn::USER, 21),
            (Schema::group(), urn::GROUP, 2),
            (Schema::enterprise_user(), urn::ENTERPRISE_USER, 6),
            (Schema::service_provider_config(), urn::SERVICE_PROVIDER_CONFIG, 9),
            (Schema::resource_type(), urn::RESOURCE_TYPE, 6),
            (Schema::of_schemas(), urn::SCHEMA, 4),
        ] {
            assert_eq!(schema.id, urn);
            assert_eq!(schema.attributes.len(), attributes, "{urn}");
        }
    }

    #[test]
    fn bad_documents_are_refused() {
        let document = |id: &str, attributes: &str| format!(r#"{{"id":"{id}","attributes":[{attributes}]}}"#);
        let refused = |text: &str| Schema::from_json(text).unwrap_err().to_string();
        assert!(refused("{}").contains("not of the form"));
        assert!(refused(&document("x", "")).contains("no schema URN"));
        assert!(refused(&document("urn:x", r#"{"name":"a b","type":"string"}"#)).contains("no attribute name"));
        assert!(refused(&document("urn:x", r#"{"name":"a","type":"complex"}"#)).contains("nests complex"));
        let twice = r#"{"name":"a","type":"string"},{"name":"A","type":"string"}"#;
        assert!(refused(&document("urn:x", twice)).contains("twice"));
    }
}
