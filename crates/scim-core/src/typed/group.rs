//! The core Group.

use serde::{Deserialize, Serialize};

use crate::{
    typed::{Reference, TypedResource},
    urn,
};

/// A Group (RFC 7643 section 4.2).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Group {
    /// The identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The client's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Its members; a relation, not kept with the group.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Reference>,
}

impl Group {
    /// A group by its name.
    pub fn new(display_name: impl Into<String>) -> Self {
        Self {
            display_name: Some(display_name.into()),
            ..Self::default()
        }
    }
}

impl TypedResource for Group {
    const SCHEMA: &'static str = urn::GROUP;
}
