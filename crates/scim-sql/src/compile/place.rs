//! Where an attribute stands, by the map of its type.

use scim_core::schema::{Attribute, Locator};
use serde_json::Value;

use super::{
    Compiler, Written,
    leaf::{Json, Leaf},
    unsupported,
};
use crate::map::{Column, Form, LinkMap, Lookup, Rows, Source};

/// What a locator names.
#[derive(Debug)]
pub(super) enum Place<'a> {
    /// At most one value.
    One(Leaf<'a>),
    /// A single complex attribute as a whole.
    Whole(Context<'a>),
    /// Values of a list, or a sub-attribute of each.
    List(List<'a>),
}

/// What attributes are looked for in.
#[derive(Debug, Clone)]
pub(super) enum Context<'a> {
    /// An element that is a row of another table; the path of its attribute.
    Child(&'a std::collections::HashMap<String, Column>, String),
    /// Columns of the row whose paths start so.
    Columns(String),
    /// An object in a document.
    Json(Json),
    /// A row of a relation.
    Link(&'a LinkMap, Relation),
    /// The row.
    Row,
}

/// The values of a multi-valued attribute.
#[derive(Debug, Clone)]
pub(super) enum List<'a> {
    Child(&'a Rows, &'a std::collections::HashMap<String, Column>, String),
    Json(Json),
    Link(&'a LinkMap, Relation),
}

impl<'a> List<'a> {
    /// The rows that the values are, unless they stand in a document.
    pub(super) fn rows(&self) -> Option<&'a Rows> {
        match self {
            Self::Child(rows, ..) => Some(rows),
            Self::Json(_) => None,
            Self::Link(link, _) => Some(&link.rows),
        }
    }

    /// What conditions on one value look at.
    pub(super) fn element(&self) -> Context<'a> {
        match self {
            Self::Child(_, subs, path) => Context::Child(subs, path.clone()),
            Self::Json(json) => Context::Json(json.clone()),
            Self::Link(link, relation) => Context::Link(link, *relation),
        }
    }

    /// What follows the rows in FROM for conditions that look further than they do.
    pub(super) fn join(&self, is_wanted: bool) -> &'a str {
        match self {
            Self::Link(link, _) if is_wanted => &link.join,
            _ => "",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Members,
    Memberships,
}

impl<'a> Compiler<'a> {
    /// Where a locator of the resource ends.
    pub(super) fn place(&self, locator: &Locator) -> Written<Place<'a>> {
        let attribute = &locator.attribute;
        let path = match &locator.extension {
            None => attribute.name.clone(),
            Some(extension) => format!("{}:{}", extension.id, attribute.name),
        };
        if locator.extension.is_none()
            && let Some(place) = self.own_place(attribute, locator.sub.as_deref())?
        {
            return Ok(place);
        }
        let engine = self.out.engine();
        match self.map.sources.get(&path) {
            Some(Source::Child { rows, subs }) => return Ok(Place::List(List::Child(rows, subs, path))),
            Some(Source::Column(column)) => return Ok(Place::One(Leaf::of_column(column, attribute))),
            Some(Source::Indexed { .. }) | None => {}
        }
        let json = || {
            let document = self
                .map
                .document
                .as_deref()
                .ok_or_else(|| unsupported(locator.to_string()))?;
            let json = Json::new(document);
            Ok::<_, scim_store::StoreError>(match &locator.extension {
                None => json,
                Some(extension) => json.at(&extension.id),
            })
        };
        if attribute.multi_valued {
            return Ok(Place::List(List::Json(json()?.at(&attribute.name))));
        }
        match &locator.sub {
            Some(sub) => self.sub(&path, sub).map(Place::One),
            None if attribute.is_complex() => {
                let start = format!("{path}.");
                let in_columns = self.map.sources.keys().any(|path| path.starts_with(&start));
                Ok(Place::Whole(if in_columns {
                    Context::Columns(path)
                } else {
                    Context::Json(json()?.at(&attribute.name))
                }))
            }
            None => Ok(Place::One(
                Leaf::of_json(&json()?, attribute, engine).with_lookup(self.lookup(&path)),
            )),
        }
    }

    /// An attribute of an element or of a single complex attribute.
    pub(super) fn within(&self, context: &Context<'a>, attribute: &Attribute) -> Written<Place<'a>> {
        let name = attribute.name.as_str();
        let engine = self.out.engine();
        Ok(Place::One(match context {
            Context::Row => return Err(unsupported(name)),
            Context::Child(subs, path) => {
                let column = subs.get(name).ok_or_else(|| unsupported(format!("{path}.{name}")))?;
                Leaf::of_column(column, attribute)
            }
            Context::Columns(path) => self.sub(path, attribute)?,
            Context::Json(json) if attribute.multi_valued => return Ok(Place::List(List::Json(json.clone().at(name)))),
            Context::Json(json) => Leaf::of_json(json, attribute, engine),
            Context::Link(link, relation) => match (name, relation) {
                ("value", _) => Leaf::of_column(&link.other, attribute),
                ("display", _) => Leaf::of_column(&link.display, attribute),
                ("type", Relation::Memberships) => Leaf::Fixed("direct".into()),
                ("type", Relation::Members) => {
                    let kinds = link.kinds.iter().map(|kind| (kind.clone(), kind.as_str().into()));
                    let column = Column::new(link.kind.clone(), Form::Coded(kinds.collect()));
                    Leaf::of_column(&column, attribute)
                }
                _ => Leaf::Fixed(Value::Null),
            },
        }))
    }

    /// The index on the values of a path.
    pub(super) fn lookup(&self, path: &str) -> Option<(&'a Lookup, usize)> {
        match self.map.sources.get(path) {
            Some(Source::Indexed { lookup, longest }) => Some((lookup, *longest)),
            _ => None,
        }
    }

    /// What every type has, and relations.
    fn own_place(&self, attribute: &Attribute, sub: Option<&Attribute>) -> Written<Option<Place<'a>>> {
        let is =
            |relation: Option<&std::sync::Arc<Attribute>>| relation.is_some_and(|other| other.name == attribute.name);
        let linked = |link: &'a Option<LinkMap>, relation| {
            let link = link.as_ref().ok_or_else(|| unsupported(attribute.name.as_str()))?;
            Ok(Some(Place::List(List::Link(link, relation))))
        };
        match (attribute.name.as_str(), sub.map(|sub| sub.name.as_str())) {
            ("id", None) => {
                let leaf = Leaf::of_column(&self.map.id, attribute);
                Ok(Some(Place::One(leaf)))
            }
            ("meta", Some("resourceType")) => Ok(Some(Place::One(Leaf::Fixed(self.kind.name().into())))),
            ("meta", Some("location")) => Ok(Some(Place::One(Leaf::Fixed(Value::Null)))),
            ("meta", None) => Ok(Some(Place::Whole(Context::Columns("meta".to_owned())))),
            _ if is(self.kind.members()) => linked(&self.map.members, Relation::Members),
            _ if is(self.kind.memberships()) => linked(&self.map.memberships, Relation::Memberships),
            _ => Ok(None),
        }
    }

    /// A sub-attribute of a single complex attribute of the row.
    fn sub(&self, path: &str, sub: &Attribute) -> Written<Leaf<'a>> {
        let engine = self.out.engine();
        let whole = format!("{path}.{}", sub.name);
        if let Some(Source::Column(column)) = self.map.sources.get(&whole) {
            return Ok(Leaf::of_column(column, sub));
        }
        if path == "meta" {
            match sub.name.as_str() {
                "resourceType" => return Ok(Leaf::Fixed(self.kind.name().into())),
                "location" => return Ok(Leaf::Fixed(Value::Null)),
                _ => {}
            }
        }
        let document = self
            .map
            .document
            .as_deref()
            .ok_or_else(|| unsupported(whole.as_str()))?;
        let mut json = Json::new(document);
        // The path of an extension's attribute is its URN, a colon and a name.
        json = match path.rsplit_once(':') {
            Some((urn, name)) => json.at(urn).at(name),
            None => json.at(path),
        };
        Ok(Leaf::of_json(&json, sub, engine).with_lookup(self.lookup(&whole)))
    }
}
