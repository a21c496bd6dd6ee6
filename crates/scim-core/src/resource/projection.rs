//! `attributes` and `excludedAttributes` (RFC 7644 section 3.9).

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    InputError,
    attr::AttrPath,
    schema::{Attribute, ResourceType, Returned, Schema},
};

/// Which attributes an answer carries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    clippy::exhaustive_enums,
    reason = "RFC 7644 section 3.9 makes the two parameters exclude each other"
)]
pub enum Projection {
    /// What the schema returns by default.
    #[default]
    Default,
    /// All but these, as far as the schema lets them go.
    Except(Vec<Selection>),
    /// These, and what is always returned.
    Only(Vec<Selection>),
}

/// One attribute that a client named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    path: AttrPath,
}

impl Projection {
    /// Reads the two parameters, each a list of names; names of no schema select nothing.
    ///
    /// # Errors
    ///
    /// `invalidValue` where both are given, or where a name is none.
    pub fn parse<'a>(
        attributes: Option<impl IntoIterator<Item = &'a str>>,
        excluded: Option<impl IntoIterator<Item = &'a str>>,
    ) -> Result<Self, InputError> {
        match (
            attributes.map(selections).transpose()?,
            excluded.map(selections).transpose()?,
        ) {
            (Some(_), Some(_)) => Err(InputError::value(
                "`attributes` and `excludedAttributes` exclude each other",
            )),
            (Some(only), None) if !only.is_empty() => Ok(Self::Only(only)),
            (None, Some(except)) if !except.is_empty() => Ok(Self::Except(except)),
            _ => Ok(Self::Default),
        }
    }

    /// Whether the answer carries a core attribute, or a part of it.
    pub fn wants(&self, kind: &ResourceType, attribute: &Arc<Attribute>) -> bool {
        self.wants_at(kind, None, attribute)
    }

    /// Keeps of a resource's attributes what the answer carries.
    pub(crate) fn apply(&self, kind: &ResourceType, mut attributes: Map<String, Value>) -> Map<String, Value> {
        let mut kept = Map::new();
        for attribute in kind.attributes() {
            if let Some(value) = attributes.remove(&attribute.name)
                && let Some(value) = self.keep(kind, None, attribute, value)
            {
                kept.insert(attribute.name.clone(), value);
            }
        }
        for extension in kind.extensions() {
            let schema = &extension.schema;
            let Some(Value::Object(mut values)) = attributes.remove(&schema.id) else {
                continue;
            };
            let mut kept_values = Map::new();
            for attribute in &schema.attributes {
                if let Some(value) = values.remove(&attribute.name)
                    && let Some(value) = self.keep(kind, Some(schema), attribute, value)
                {
                    kept_values.insert(attribute.name.clone(), value);
                }
            }
            if !kept_values.is_empty() {
                kept.insert(schema.id.clone(), Value::Object(kept_values));
            }
        }
        kept
    }

    /// Whether nothing is left out of the kept bytes: relations do not stand in them.
    pub(crate) fn keeps_bytes(&self, kind: &ResourceType) -> bool {
        match self {
            Self::Default => true,
            Self::Except(list) => list.iter().all(|s| {
                let is_named =
                    |attribute: &Arc<Attribute>| kind.is_relation(attribute) && s.names(kind, None, attribute);
                s.path.sub().is_none() && kind.attributes().iter().any(is_named)
            }),
            Self::Only(_) => false,
        }
    }

    fn wants_at(&self, kind: &ResourceType, extension: Option<&Schema>, attribute: &Attribute) -> bool {
        let named = |list: &[Selection], whole: bool| {
            let urn = extension.map_or(&kind.schema().id, |extension| &extension.id);
            list.iter().any(|s| {
                s.path.text().eq_ignore_ascii_case(urn)
                    || s.names(kind, extension, attribute) && (!whole || s.path.sub().is_none())
            })
        };
        match (attribute.returned, self) {
            (Returned::Never, _) => false,
            (Returned::Always, _) => true,
            (Returned::Default, Self::Default) => true,
            (Returned::Default, Self::Except(list)) => !named(list, true),
            (Returned::Default | Returned::Request, Self::Only(list)) => named(list, false),
            (Returned::Request, _) => false,
        }
    }

    fn keep(
        &self,
        kind: &ResourceType,
        extension: Option<&Schema>,
        attribute: &Attribute,
        value: Value,
    ) -> Option<Value> {
        if !self.wants_at(kind, extension, attribute) {
            return None;
        }
        if !attribute.is_complex() {
            return Some(value);
        }
        match value {
            Value::Array(list) => {
                let kept: Vec<Value> = list
                    .into_iter()
                    .filter_map(|value| self.keep_subs(kind, extension, attribute, value))
                    .collect();
                (!kept.is_empty()).then_some(Value::Array(kept))
            }
            one => self.keep_subs(kind, extension, attribute, one),
        }
    }

    fn keep_subs(
        &self,
        kind: &ResourceType,
        extension: Option<&Schema>,
        attribute: &Attribute,
        value: Value,
    ) -> Option<Value> {
        let Value::Object(subs) = value else { return Some(value) };
        let kept: Map<String, Value> = subs
            .into_iter()
            .filter(|(name, _)| {
                attribute
                    .sub(name)
                    .is_some_and(|sub| self.wants_sub(kind, extension, attribute, sub))
            })
            .collect();
        (!kept.is_empty()).then_some(Value::Object(kept))
    }

    fn wants_sub(
        &self,
        kind: &ResourceType,
        extension: Option<&Schema>,
        attribute: &Attribute,
        sub: &Attribute,
    ) -> bool {
        let names = |s: &&Selection| s.names(kind, extension, attribute);
        let this = |s: &Selection| s.path.sub().is_some_and(|name| name.eq_ignore_ascii_case(&sub.name));
        match (sub.returned, self) {
            (Returned::Never, _) => false,
            (Returned::Always, _) | (Returned::Default, Self::Default) => true,
            (Returned::Default, Self::Except(list)) => !list.iter().filter(names).any(this),
            (Returned::Default, Self::Only(list)) => {
                // The whole attribute was asked for, this sub-attribute of it, or the whole extension.
                let mut named = list.iter().filter(names).peekable();
                named.peek().is_none() || named.any(|s| s.path.sub().is_none() || this(s))
            }
            (Returned::Request, Self::Only(list)) => list.iter().filter(names).any(this),
            (Returned::Request, _) => false,
        }
    }
}

impl Selection {
    fn names(&self, kind: &ResourceType, extension: Option<&Schema>, attribute: &Attribute) -> bool {
        let same_schema = match (self.path.uri(), extension) {
            (Some(uri), Some(extension)) => uri.eq_ignore_ascii_case(&extension.id),
            (Some(uri), None) => uri.eq_ignore_ascii_case(&kind.schema().id),
            (None, None) => true,
            (None, Some(_)) => kind.attribute(self.path.name()).is_none(),
        };
        same_schema && self.path.name().eq_ignore_ascii_case(&attribute.name)
    }
}

fn selections<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Vec<Selection>, InputError> {
    names
        .into_iter()
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| match AttrPath::parse(name) {
            Ok(path) => Ok(Selection { path }),
            Err(_) => Err(InputError::value(
                "`attributes` and `excludedAttributes` must be lists of attribute names",
            )),
        })
        .collect()
}
