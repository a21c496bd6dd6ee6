//! A resource type: a schema, its extensions and where they are served (RFC 7643 section 6).

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, LazyLock},
};

use crate::{
    attr::AttrPath,
    schema::{Attribute, Mutability, ResourceTypeBuilder, Returned, Schema, SchemaError, Uniqueness},
};

/// A resource type, compiled so that names resolve without search through documents.
///
/// ```
/// use scim_core::schema::{Attribute, ResourceType, Schema};
///
/// let schema = Schema::builder("urn:example:params:scim:schemas:core:2.0:Device", "Device")
///     .attribute(Attribute::string("serialNumber").required().unique())
///     .build()?;
/// let device = ResourceType::builder("Device", "/Devices", schema).build()?;
/// assert_eq!(device.endpoint(), "/Devices");
/// # Ok::<(), scim_core::schema::SchemaError>(())
/// ```
#[derive(Debug)]
pub struct ResourceType {
    name: String,
    endpoint: String,
    description: String,
    schema: Arc<Schema>,
    extensions: Vec<Extension>,
    /// The common attributes and those of the schema, in the order of answers.
    attributes: Vec<Arc<Attribute>>,
    members: Option<Arc<Attribute>>,
    memberships: Option<Arc<Attribute>>,
}

/// An extension of a resource type (RFC 7643 section 3.3).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Extension {
    /// The schema.
    pub schema: Arc<Schema>,
    /// Whether each resource of the type must have it.
    pub required: bool,
}

/// Where a value stands in a resource: perhaps in an extension, an attribute, perhaps a sub-attribute of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Locator {
    /// The extension, or `None` for the core.
    pub extension: Option<Arc<Schema>>,
    /// The attribute.
    pub attribute: Arc<Attribute>,
    /// The sub-attribute.
    pub sub: Option<Arc<Attribute>>,
}

/// What a path names in a resource type.
#[derive(Debug, Clone)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a path names an attribute or a whole extension, nothing else"
)]
pub enum Located {
    /// An attribute or a sub-attribute.
    Attribute(Locator),
    /// A whole extension, by its URN alone.
    Extension(Arc<Schema>),
}

impl ResourceType {
    /// A resource type of one's own; `endpoint` is one path segment such as `/Devices`.
    pub fn builder(name: &str, endpoint: &str, schema: Arc<Schema>) -> ResourceTypeBuilder {
        ResourceTypeBuilder::new(name, endpoint, schema)
    }

    /// The User of RFC 7643 with the enterprise extension, at `/Users`.
    pub fn user() -> Arc<Self> {
        Arc::clone(&USER)
    }

    /// The Group of RFC 7643, at `/Groups`.
    pub fn group() -> Arc<Self> {
        Arc::clone(&GROUP)
    }

    pub(crate) fn from_builder(builder: ResourceTypeBuilder) -> Result<Self, SchemaError> {
        let ResourceTypeBuilder {
            name,
            endpoint,
            description,
            schema,
            extensions,
            members,
            memberships,
        } = builder;
        let segment = endpoint.strip_prefix('/').unwrap_or_default();
        if segment.is_empty()
            || !segment
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        {
            return Err(SchemaError::Endpoint(endpoint));
        }
        let relation = |name: Option<String>| match name {
            None => Ok(None),
            Some(name) => match schema.attribute(&name) {
                Some(attribute) if attribute.sub("value").is_some() => Ok(Some(Arc::clone(attribute))),
                _ => Err(SchemaError::Name(name)),
            },
        };
        let (members, memberships) = (relation(members)?, relation(memberships)?);
        let mut attributes: Vec<Arc<Attribute>> = COMMON.iter().map(Arc::clone).collect();
        let at = attributes.len().saturating_sub(1); // meta stays last
        attributes.splice(at..at, schema.attributes.iter().map(Arc::clone));
        Ok(Self {
            name,
            endpoint,
            description,
            schema,
            extensions,
            attributes,
            members,
            memberships,
        })
    }

    /// The name, such as `User`; also `meta.resourceType`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The endpoint below the base URL, such as `/Users`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What it is, for people.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The core schema.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The extensions.
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// The common attributes (RFC 7643 section 3.1) and those of the core schema, in the order of answers.
    pub fn attributes(&self) -> &[Arc<Attribute>] {
        &self.attributes
    }

    /// The attribute that lists members, kept by stores as rows.
    pub fn members(&self) -> Option<&Arc<Attribute>> {
        self.members.as_ref()
    }

    /// The readOnly attribute that lists memberships, made by stores from the rows of members.
    pub fn memberships(&self) -> Option<&Arc<Attribute>> {
        self.memberships.as_ref()
    }

    /// Whether the attribute is the list of members or of memberships: no part of a stored resource.
    pub fn is_relation(&self, attribute: &Arc<Attribute>) -> bool {
        let same = |relation: &Option<Arc<Attribute>>| relation.as_ref().is_some_and(|r| Arc::ptr_eq(r, attribute));
        same(&self.members) || same(&self.memberships)
    }

    /// The core attribute of this name, compared without case.
    pub fn attribute(&self, name: &str) -> Option<&Arc<Attribute>> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    /// The extension of this URN, compared without case.
    pub fn extension(&self, urn: &str) -> Option<&Extension> {
        self.extensions
            .iter()
            .find(|extension| extension.schema.id.eq_ignore_ascii_case(urn))
    }

    /// Resolves a path. A name without URN that stands in exactly one extension resolves where `shorthand` is set (D3).
    pub fn locate(&self, path: &AttrPath, shorthand: bool) -> Option<Located> {
        let Some(uri) = path.uri() else {
            if let Some(attribute) = self.attribute(path.name()) {
                return Locator::new(None, attribute, path.sub()).map(Located::Attribute);
            }
            if !shorthand {
                return None;
            }
            let mut found = self.extensions.iter().filter_map(|extension| {
                let attribute = extension.schema.attribute(path.name())?;
                Locator::new(Some(&extension.schema), attribute, path.sub())
            });
            return match (found.next(), found.next()) {
                (Some(only), None) => Some(Located::Attribute(only)),
                _ => None,
            };
        };
        if let Some(extension) = self.extension(path.text()) {
            return Some(Located::Extension(Arc::clone(&extension.schema)));
        }
        if uri.eq_ignore_ascii_case(&self.schema.id) {
            return Locator::new(None, self.attribute(path.name())?, path.sub()).map(Located::Attribute);
        }
        let extension = self.extension(uri)?;
        let attribute = extension.schema.attribute(path.name())?;
        Locator::new(Some(&extension.schema), attribute, path.sub()).map(Located::Attribute)
    }
}

impl Locator {
    pub(crate) fn new(extension: Option<&Arc<Schema>>, attribute: &Arc<Attribute>, sub: Option<&str>) -> Option<Self> {
        let sub = match sub {
            None => None,
            Some(name) => Some(Arc::clone(attribute.sub(name)?)),
        };
        Some(Self {
            extension: extension.map(Arc::clone),
            attribute: Arc::clone(attribute),
            sub,
        })
    }

    /// The attribute at the end: the sub-attribute if there is one.
    pub fn leaf(&self) -> &Arc<Attribute> {
        self.sub.as_ref().unwrap_or(&self.attribute)
    }
}

impl Locator {
    /// Its text, as it is displayed; that of a plain attribute is its name.
    pub(crate) fn path(&self) -> Cow<'_, str> {
        match (&self.extension, &self.sub) {
            (None, None) => Cow::Borrowed(&self.attribute.name),
            _ => Cow::Owned(self.to_string()),
        }
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(extension) = &self.extension {
            write!(f, "{}:", extension.id)?;
        }
        f.write_str(&self.attribute.name)?;
        match &self.sub {
            Some(sub) => write!(f, ".{}", sub.name),
            None => Ok(()),
        }
    }
}

/// RFC 7643 section 3.1; `schemas` first and `meta` last, as in the RFC's examples.
static COMMON: LazyLock<Vec<Arc<Attribute>>> = LazyLock::new(|| {
    let read_only = Mutability::ReadOnly;
    let attributes = [
        Attribute::reference("schemas", &["uri"])
            .multi_valued()
            .required()
            .returned(Returned::Always),
        Attribute::string("id")
            .case_exact()
            .mutability(read_only)
            .required()
            .returned(Returned::Always)
            .unique(),
        Attribute::string("externalId").case_exact(),
        Attribute::complex("meta")
            .mutability(read_only)
            .sub_attribute(Attribute::string("resourceType").case_exact().mutability(read_only))
            .sub_attribute(Attribute::date_time("created").mutability(read_only))
            .sub_attribute(Attribute::date_time("lastModified").mutability(read_only))
            .sub_attribute(Attribute::reference("location", &["uri"]).mutability(read_only))
            .sub_attribute(Attribute::string("version").case_exact().mutability(read_only)),
    ];
    let schema = Schema {
        id: "urn:common".into(),
        name: String::new(),
        description: String::new(),
        attributes: vec![],
    };
    let mut builder = crate::schema::SchemaBuilder::from_schema(&schema);
    for attribute in attributes {
        builder = builder.attribute(attribute);
    }
    builder
        .build()
        .map(|schema| schema.attributes.clone())
        .unwrap_or_default()
});

#[expect(
    clippy::expect_used,
    reason = "built from documents that are compiled in; a test builds each of them"
)]
static USER: LazyLock<Arc<ResourceType>> = LazyLock::new(|| {
    ResourceType::builder("User", "/Users", Schema::user())
        .description("User Account")
        .extension(Schema::enterprise_user())
        .memberships("groups")
        .build()
        .expect("the built-in User is well-formed")
});

#[expect(
    clippy::expect_used,
    reason = "built from documents that are compiled in; a test builds each of them"
)]
static GROUP: LazyLock<Arc<ResourceType>> = LazyLock::new(|| {
    ResourceType::builder("Group", "/Groups", Schema::group())
        .description("Group")
        .members("members")
        .build()
        .expect("the built-in Group is well-formed")
});

impl Attribute {
    /// Whether resources of a type may stand in a list of members: its `$ref` says which, or nothing and so any.
    pub fn may_refer_to(&self, kind: &ResourceType) -> bool {
        let types = self
            .sub("$ref")
            .map_or(&[][..], |reference| reference.reference_types.as_slice());
        types.is_empty() || types.iter().any(|name| name == kind.name() || name == "uri")
    }

    /// Whether values of the attribute must be unique within its type and tenant.
    pub fn is_unique(&self) -> bool {
        self.uniqueness != Uniqueness::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locate(path: &str, shorthand: bool) -> Option<String> {
        ResourceType::user()
            .locate(&AttrPath::parse(path).unwrap(), shorthand)
            .map(|located| match located {
                Located::Attribute(locator) => locator.to_string(),
                Located::Extension(schema) => schema.id.clone(),
            })
    }

    #[test]
    fn paths_resolve_without_case_and_by_urn() {
        assert_eq!(locate("USERNAME", false).as_deref(), Some("userName"));
        assert_eq!(locate("name.GIVENNAME", false).as_deref(), Some("name.givenName"));
        assert_eq!(
            locate("urn:ietf:params:scim:schemas:core:2.0:user:username", false).as_deref(),
            Some("userName")
        );
        let manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value";
        assert_eq!(locate(manager, false).as_deref(), Some(manager));
        let extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        assert_eq!(locate(extension, false).as_deref(), Some(extension));
    }

    #[test]
    fn extension_attributes_resolve_by_name_only_as_shorthand() {
        assert_eq!(locate("employeeNumber", false), None);
        assert!(locate("employeeNumber", true).unwrap().ends_with("User:employeeNumber"));
        assert_eq!(locate("nothing", true), None);
        assert_eq!(locate("userName.first", true), None);
    }

    #[test]
    fn answers_begin_with_schemas_and_end_with_meta() {
        for kind in [ResourceType::user(), ResourceType::group()] {
            assert_eq!(kind.attributes().first().unwrap().name, "schemas");
            assert_eq!(kind.attributes().last().unwrap().name, "meta");
        }
    }
}
