//! What a schema says of one attribute (RFC 7643 section 2.2 and 7).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The data type of an attribute (RFC 7643 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::exhaustive_enums, reason = "RFC 7643 section 2.3 closes the list")]
pub enum AttributeType {
    /// Base64 text (section 2.3.6).
    Binary,
    /// `true` or `false` (section 2.3.2).
    Boolean,
    /// A set of sub-attributes (section 2.3.8).
    Complex,
    /// An xsd:dateTime (section 2.3.5).
    DateTime,
    /// A real number (section 2.3.3).
    Decimal,
    /// A whole number (section 2.3.4).
    Integer,
    /// A URI, absolute or relative to the base URL (section 2.3.7).
    Reference,
    /// Unicode text (section 2.3.1).
    String,
}

/// Who may change an attribute, and when (RFC 7643 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::exhaustive_enums, reason = "RFC 7643 section 7 closes the list")]
pub enum Mutability {
    /// Set once, at creation or while still unassigned.
    Immutable,
    /// Set by the service provider only.
    ReadOnly,
    /// Read and changed at any time.
    #[default]
    ReadWrite,
    /// Changed at any time, never read.
    WriteOnly,
}

/// When an attribute stands in an answer (RFC 7643 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::exhaustive_enums, reason = "RFC 7643 section 7 closes the list")]
pub enum Returned {
    /// In every answer, whatever was asked for.
    Always,
    /// Unless it was left out.
    #[default]
    Default,
    /// In no answer at all.
    Never,
    /// Only where it was asked for.
    Request,
}

/// How far a value must be unique (RFC 7643 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::exhaustive_enums, reason = "RFC 7643 section 7 closes the list")]
pub enum Uniqueness {
    /// Everywhere.
    Global,
    /// Not at all.
    #[default]
    None,
    /// Among the resources of one type in one tenant.
    Server,
}

/// One attribute of a schema, or one sub-attribute of a complex attribute.
///
/// Serialises to and from the form of RFC 7643 section 7; made by hand with [`Attribute::builder`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Attribute {
    /// The name, in its canonical spelling.
    pub name: String,
    /// The data type.
    #[serde(rename = "type")]
    pub kind: AttributeType,
    /// Whether it holds a list of values.
    #[serde(default)]
    pub multi_valued: bool,
    /// What it is, for people.
    #[serde(default)]
    pub description: String,
    /// Whether a resource (or the complex value around it) must have it.
    #[serde(default)]
    pub required: bool,
    /// Suggested values, such as `work` and `home`; others are accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub canonical_values: Vec<String>,
    /// Whether text compares with case.
    #[serde(default)]
    pub case_exact: bool,
    /// Who may change it.
    #[serde(default)]
    pub mutability: Mutability,
    /// When it is in an answer.
    #[serde(default)]
    pub returned: Returned,
    /// How far it must be unique.
    #[serde(default)]
    pub uniqueness: Uniqueness,
    /// For references: the resource types, `uri` or `external`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference_types: Vec<String>,
    /// For complex attributes: what they are made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sub_attributes: Vec<Arc<Self>>,
    /// Whether a filter by it in a URL is refused with 403 `sensitive` (RFC 7644 section 7.5.2); not in the document.
    #[serde(skip)]
    pub sensitive: bool,
}

impl Attribute {
    /// The sub-attribute of this name, compared without case.
    pub fn sub(&self, name: &str) -> Option<&Arc<Self>> {
        self.sub_attributes
            .iter()
            .find(|sub| sub.name.eq_ignore_ascii_case(name))
    }

    /// Whether it is a complex attribute.
    pub fn is_complex(&self) -> bool {
        self.kind == AttributeType::Complex
    }

    /// Whether a stored resource may carry it at all in what clients read.
    pub fn is_readable(&self) -> bool {
        self.returned != Returned::Never && self.mutability != Mutability::WriteOnly
    }
}
