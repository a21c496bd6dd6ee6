//! Schemas and resource types by code.

use std::sync::Arc;

use crate::schema::{
    Attribute, AttributeType, Extension, Mutability, ResourceType, Returned, Schema, SchemaError, Uniqueness,
};

/// Builds an [`Attribute`].
#[derive(Debug, Clone)]
#[must_use]
pub struct AttributeBuilder {
    attribute: Attribute,
}

impl Attribute {
    /// An attribute of any type.
    pub fn builder(name: &str, kind: AttributeType) -> AttributeBuilder {
        AttributeBuilder {
            attribute: Self {
                name: name.to_owned(),
                kind,
                multi_valued: false,
                description: String::new(),
                required: false,
                canonical_values: Vec::new(),
                case_exact: matches!(kind, AttributeType::Binary | AttributeType::Reference),
                mutability: Mutability::default(),
                returned: Returned::default(),
                uniqueness: Uniqueness::default(),
                reference_types: Vec::new(),
                sub_attributes: Vec::new(),
                sensitive: false,
            },
        }
    }

    /// A Boolean attribute.
    pub fn boolean(name: &str) -> AttributeBuilder {
        Self::builder(name, AttributeType::Boolean)
    }

    /// A complex attribute; give it sub-attributes with [`AttributeBuilder::sub_attribute`].
    pub fn complex(name: &str) -> AttributeBuilder {
        Self::builder(name, AttributeType::Complex)
    }

    /// An attribute that holds a point in time.
    pub fn date_time(name: &str) -> AttributeBuilder {
        Self::builder(name, AttributeType::DateTime)
    }

    /// An attribute that holds a real number.
    pub fn decimal(name: &str) -> AttributeBuilder {
        Self::builder(name, AttributeType::Decimal)
    }

    /// An attribute that holds a whole number.
    pub fn integer(name: &str) -> AttributeBuilder {
        Self::builder(name, AttributeType::Integer)
    }

    /// An attribute that refers to resources of the named types, `uri` or `external`.
    pub fn reference(name: &str, types: &[&str]) -> AttributeBuilder {
        let mut builder = Self::builder(name, AttributeType::Reference);
        builder.attribute.reference_types = types.iter().map(|name| (*name).to_owned()).collect();
        builder
    }

    /// A text attribute.
    pub fn string(name: &str) -> AttributeBuilder {
        Self::builder(name, AttributeType::String)
    }
}

impl AttributeBuilder {
    /// Suggested values.
    pub fn canonical_values(mut self, values: &[&str]) -> Self {
        self.attribute.canonical_values = values.iter().map(|value| (*value).to_owned()).collect();
        self
    }

    /// Text compares with case.
    pub fn case_exact(mut self) -> Self {
        self.attribute.case_exact = true;
        self
    }

    /// What the attribute is, for people.
    pub fn description(mut self, text: &str) -> Self {
        text.clone_into(&mut self.attribute.description);
        self
    }

    /// A list of values.
    pub fn multi_valued(mut self) -> Self {
        self.attribute.multi_valued = true;
        self
    }

    /// Who may change it.
    pub fn mutability(mut self, mutability: Mutability) -> Self {
        self.attribute.mutability = mutability;
        self
    }

    /// A resource must have it.
    pub fn required(mut self) -> Self {
        self.attribute.required = true;
        self
    }

    /// When it is in an answer.
    pub fn returned(mut self, returned: Returned) -> Self {
        self.attribute.returned = returned;
        self
    }

    /// A filter by it in a URL is refused with 403 `sensitive` (RFC 7644 section 7.5.2).
    pub fn sensitive(mut self) -> Self {
        self.attribute.sensitive = true;
        self
    }

    /// Adds a sub-attribute.
    pub fn sub_attribute(mut self, sub: Self) -> Self {
        self.attribute.sub_attributes.push(Arc::new(sub.attribute));
        self
    }

    /// Unique among the resources of its type in a tenant.
    pub fn unique(mut self) -> Self {
        self.attribute.uniqueness = Uniqueness::Server;
        self
    }
}

/// Builds a [`Schema`].
#[derive(Debug, Clone)]
#[must_use]
pub struct SchemaBuilder {
    schema: Schema,
}

impl SchemaBuilder {
    pub(crate) fn new(urn: &str, name: &str) -> Self {
        let schema = Schema {
            id: urn.to_owned(),
            name: name.to_owned(),
            description: String::new(),
            attributes: Vec::new(),
        };
        Self { schema }
    }

    /// Starts from a schema that exists, to narrow or widen it.
    pub fn from_schema(schema: &Schema) -> Self {
        Self { schema: schema.clone() }
    }

    /// Adds an attribute, or puts it in the place of the one of the same name.
    pub fn attribute(mut self, attribute: AttributeBuilder) -> Self {
        let attribute = Arc::new(attribute.attribute);
        let attributes = &mut self.schema.attributes;
        match attributes
            .iter_mut()
            .find(|other| other.name.eq_ignore_ascii_case(&attribute.name))
        {
            Some(place) => *place = attribute,
            None => attributes.push(attribute),
        }
        self
    }

    /// What the schema is, for people.
    pub fn description(mut self, text: &str) -> Self {
        text.clone_into(&mut self.schema.description);
        self
    }

    /// Marks an attribute as sensitive: a filter by it in a URL is refused (RFC 7644 section 7.5.2).
    pub fn sensitive(mut self, name: &str) -> Self {
        for attribute in &mut self.schema.attributes {
            if attribute.name.eq_ignore_ascii_case(name) {
                Arc::make_mut(attribute).sensitive = true;
            }
        }
        self
    }

    /// Leaves an attribute out.
    pub fn without(mut self, name: &str) -> Self {
        self.schema
            .attributes
            .retain(|attribute| !attribute.name.eq_ignore_ascii_case(name));
        self
    }

    /// The schema, checked.
    ///
    /// # Errors
    ///
    /// Any [`SchemaError`] but `Document` and `Endpoint`.
    pub fn build(self) -> Result<Arc<Schema>, SchemaError> {
        self.schema.check()?;
        Ok(Arc::new(self.schema))
    }
}

/// Builds a [`ResourceType`].
#[derive(Debug, Clone)]
#[must_use]
pub struct ResourceTypeBuilder {
    pub(crate) name: String,
    pub(crate) endpoint: String,
    pub(crate) description: String,
    pub(crate) schema: Arc<Schema>,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) members: Option<String>,
    pub(crate) memberships: Option<String>,
}

impl ResourceTypeBuilder {
    pub(crate) fn new(name: &str, endpoint: &str, schema: Arc<Schema>) -> Self {
        Self {
            name: name.to_owned(),
            endpoint: endpoint.to_owned(),
            description: String::new(),
            schema,
            extensions: Vec::new(),
            members: None,
            memberships: None,
        }
    }

    /// What the type is, for people.
    pub fn description(mut self, text: &str) -> Self {
        text.clone_into(&mut self.description);
        self
    }

    /// Adds an extension that a resource may have.
    pub fn extension(mut self, schema: Arc<Schema>) -> Self {
        self.extensions.push(Extension {
            schema,
            required: false,
        });
        self
    }

    /// Adds an extension that every resource must have.
    pub fn required_extension(mut self, schema: Arc<Schema>) -> Self {
        self.extensions.push(Extension { schema, required: true });
        self
    }

    /// Names the attribute that lists members, as `Group.members`: stores keep it as rows, not as part of the resource.
    pub fn members(mut self, attribute: &str) -> Self {
        self.members = Some(attribute.to_owned());
        self
    }

    /// Names the readOnly attribute that lists what a resource is a member of, as `User.groups`.
    pub fn memberships(mut self, attribute: &str) -> Self {
        self.memberships = Some(attribute.to_owned());
        self
    }

    /// The resource type, checked.
    ///
    /// # Errors
    ///
    /// [`SchemaError::Endpoint`], or [`SchemaError::Name`] where a relation is not an attribute of the schema.
    pub fn build(self) -> Result<Arc<ResourceType>, SchemaError> {
        ResourceType::from_builder(self).map(Arc::new)
    }
}
