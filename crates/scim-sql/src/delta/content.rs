//! What of a resource is kept in its row and beside it.

use std::collections::{HashMap, HashSet};

use scim_core::{
    Applied, InputError,
    attr::AttrPath,
    resource::{Keys, Resource, Stored, UniqueKey, lookup_key},
    schema::{Located, ResourceType},
};
use serde_json::Value;

use crate::{
    map::{self, LONGEST_LOOKED_UP},
    prepared::document,
};

/// Most bytes of a value that must be unique: rows of PostgreSQL's indexes end at 2,704.
const LONGEST_KEY: usize = 2000;

/// Lists whose values are looked up by index.
const LISTED: [&str; 1] = ["emails.value"];

/// The columns of a row that its attributes decide.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) indexed: Indexed,
    pub(crate) label: Option<String>,
    /// What must be unique, but for the user name; kept in the row as JSON and as rows of their own.
    pub(crate) claims: Vec<Claim>,
    /// Values of lists, kept as rows of their own.
    pub(crate) listed: Vec<Listed>,
    pub(crate) public: String,
    pub(crate) hidden: Option<String>,
    /// The document for searches; `None` where it stays what it is.
    pub(crate) search: Option<String>,
}

/// Those of them that have indexes.
#[derive(Debug, Clone)]
pub(crate) struct Indexed {
    pub(crate) user_name: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) active: Option<bool>,
}

/// A value that must be unique.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Claim {
    pub(crate) attribute: String,
    pub(crate) key: String,
    /// `None` for a value that is unique by itself; what parts equal ones (decision D23) else.
    pub(crate) qualifier: Option<Option<String>>,
}

/// A value of a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Listed {
    pub(crate) attribute: &'static str,
    pub(crate) value: String,
}

impl Content {
    /// The columns for the attributes of a resource.
    ///
    /// # Errors
    ///
    /// `invalidValue` for text that a database does not keep: with a NUL, or too long for an index.
    pub(crate) fn new(
        kind: &ResourceType,
        stored: &Stored,
        resource: &Resource,
        keys: &Keys,
    ) -> Result<Self, InputError> {
        let search = document(kind, resource, &|path| map::has_own_column(kind, path));
        Ok(Self {
            search: Some(search),
            ..Self::beside_search(kind, stored, resource, keys)?
        })
    }

    /// The columns for what an edit makes of a resource, which has a document already.
    ///
    /// # Errors
    ///
    /// Those of [`Content::new`].
    pub(crate) fn changed(kind: &ResourceType, stored: &Stored, applied: &Applied) -> Result<Self, InputError> {
        let Applied { before, after, .. } = applied;
        let is_elsewhere = |path: &String| path == "active" && map::has_own_column(kind, path);
        if applied.changed.iter().all(is_elsewhere) && before.get("schemas") == after.get("schemas") {
            return Self::beside_search(kind, stored, after, &applied.keys);
        }
        Self::new(kind, stored, after, &applied.keys)
    }

    fn beside_search(
        kind: &ResourceType,
        stored: &Stored,
        resource: &Resource,
        keys: &Keys,
    ) -> Result<Self, InputError> {
        check_texts(resource)?;
        check_keys(keys)?;
        let short = |text: &Option<String>| text.clone().filter(|text| text.len() <= LONGEST_LOOKED_UP);
        let label = resource.text("displayName").or_else(|| resource.text("userName"));
        Ok(Self {
            indexed: Indexed {
                user_name: keys.user_name.clone(),
                display_name: short(&keys.display_name),
                external_id: short(&keys.external_id),
                active: resource.get("active").and_then(Value::as_bool),
            },
            label: label.map(str::to_owned),
            claims: Claim::of(keys),
            listed: Listed::of(kind, resource),
            public: text(&stored.public),
            hidden: stored.hidden.as_ref().map(|hidden| text(hidden)),
            search: None,
        })
    }
}

impl Claim {
    /// The claims of keys, each row of them once.
    fn of(keys: &Keys) -> Vec<Self> {
        let mut claims: Vec<Self> = Vec::new();
        let mut places = HashMap::new();
        for unique in keys.unique.iter().filter(|unique| !is_user_name(keys, unique)) {
            let claim = Self {
                attribute: unique.attribute.clone(),
                key: unique.key.clone(),
                qualifier: unique.qualifier.clone(),
            };
            let row = (unique.attribute.as_str(), unique.key.as_str(), claim.qualifier());
            match places.get(&row).and_then(|place| claims.get_mut(*place)) {
                Some(same) => *same = claim,
                None => {
                    places.insert(row, claims.len());
                    claims.push(claim);
                }
            }
        }
        claims
    }

    /// The column: nothing for a value without a qualifier.
    pub(crate) fn qualifier(&self) -> String {
        match &self.qualifier {
            Some(Some(qualifier)) => format!("={qualifier}"),
            Some(None) | None => String::new(),
        }
    }

    /// Claims as a row keeps them; nothing for none.
    pub(crate) fn write(claims: &[Self]) -> Option<String> {
        let list = claims.iter().map(|claim| match &claim.qualifier {
            None => serde_json::json!([claim.attribute, claim.key]),
            Some(qualifier) => serde_json::json!([claim.attribute, claim.key, qualifier]),
        });
        (!claims.is_empty()).then(|| Value::Array(list.collect()).to_string())
    }

    /// Claims that a row kept.
    pub(crate) fn read(text: Option<&str>) -> Vec<Self> {
        let list: Vec<Vec<Option<String>>> = text
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let claims = list.into_iter().filter_map(|claim| {
            let mut fields = claim.into_iter();
            Some(Self {
                attribute: fields.next()??,
                key: fields.next()??,
                qualifier: fields.next(),
            })
        });
        claims.collect()
    }
}

impl Listed {
    /// The values of a resource that are looked up by index, each once.
    pub(crate) fn of(kind: &ResourceType, resource: &Resource) -> Vec<Self> {
        let mut listed = Vec::new();
        let mut seen = HashSet::new();
        for attribute in LISTED {
            let path = AttrPath::parse(attribute).ok();
            let Some(Located::Attribute(locator)) = path.and_then(|path| kind.locate(&path, false)) else {
                continue;
            };
            let texts = resource.values(&locator).filter_map(Value::as_str);
            for text in texts {
                let value = lookup_key(locator.leaf(), text).into_owned();
                if value.len() <= LONGEST_LOOKED_UP && seen.insert((attribute, value.clone())) {
                    listed.push(Self { attribute, value });
                }
            }
        }
        listed
    }
}

/// Whether a key is the one that has a column of its own.
pub(crate) fn is_user_name(keys: &Keys, unique: &UniqueKey) -> bool {
    unique.attribute == "userName" && keys.user_name.as_ref() == Some(&unique.key)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Refuses a NUL, which PostgreSQL has no text and no document for.
fn check_texts(resource: &Resource) -> Result<(), InputError> {
    let mut open: Vec<(&str, &Value)> = Vec::new();
    for (name, value) in resource.attributes() {
        match value {
            Value::Object(extension) if name.contains(':') => {
                open.extend(extension.iter().map(|(name, value)| (name.as_str(), value)));
            }
            value => open.push((name, value)),
        }
    }
    while let Some((name, value)) = open.pop() {
        match value {
            Value::String(text) if text.contains('\0') => {
                return Err(InputError::value(format!("a text of `{name}` holds a NUL")));
            }
            Value::Array(list) => open.extend(list.iter().map(|value| (name, value))),
            Value::Object(subs) => open.extend(subs.values().map(|value| (name, value))),
            _ => {}
        }
    }
    Ok(())
}

fn check_keys(keys: &Keys) -> Result<(), InputError> {
    for unique in &keys.unique {
        let qualifier = unique.qualifier.as_ref().and_then(Option::as_ref);
        let length = unique.key.len() + qualifier.map_or(0, String::len);
        if length > LONGEST_KEY {
            let name = &unique.attribute;
            return Err(InputError::value(match qualifier {
                Some(_) => format!("`{name}` and `externalId` together are longer than {LONGEST_KEY} bytes"),
                None => format!("`{name}` is longer than {LONGEST_KEY} bytes"),
            }));
        }
    }
    Ok(())
}
