//! From a predicate to the rows that an index finds for it.

use std::collections::HashSet;

use scim_core::{
    filter::{CompareOp, Operand, Predicate, Test, TextMode},
    schema::{Locator, ResourceType},
};

use super::{
    row::{Row, RowId},
    state::{Shelf, State},
};

/// Where the rows that can match stand. The rows of a lookup may be of other types as well.
pub(super) enum Lookup<'a> {
    DisplayName(&'a Shelf, &'a str),
    ExternalId(&'a Shelf, &'a str),
    /// What these resources are direct members of.
    GroupsOf(Vec<RowId>),
    /// The direct members of these resources.
    MembersOf(Vec<RowId>),
    Rows(Vec<RowId>),
    Union(Vec<Self>),
    Unique(&'a Shelf, String, &'a str),
}

/// Finds lookups for the resources of one type.
#[derive(Clone, Copy)]
pub(super) struct Finder<'a> {
    pub(super) state: &'a State,
    pub(super) shelf: &'a Shelf,
    pub(super) kind: &'a ResourceType,
}

impl<'a> Finder<'a> {
    /// The lookup for a predicate, and whether what it finds matches for sure: an equality by an index that compares as
    /// the predicate does needs no look at the row. `None` where all rows have to be looked at.
    pub(super) fn find(self, predicate: &'a Predicate) -> Option<(Lookup<'a>, bool)> {
        match predicate {
            Predicate::Compare(test) => self.test(&test.locator, test).map(|lookup| (lookup, true)),
            Predicate::Values(locator, inner) => {
                let Predicate::Compare(test) = inner.as_ref() else {
                    return self.within(locator, inner).map(|lookup| (lookup, false));
                };
                self.element(locator, test).map(|lookup| (lookup, true))
            }
            Predicate::Always(false) => Some((Lookup::Rows(Vec::new()), true)),
            Predicate::All(list) => {
                let found = list.iter().filter_map(|inner| self.find(inner));
                let (lookup, is_exact) = found.min_by_key(|(lookup, _)| lookup.size(self.state))?;
                Some((lookup, is_exact && list.len() == 1))
            }
            Predicate::Any(list) => {
                let found: Option<Vec<_>> = list.iter().map(|inner| self.find(inner)).collect();
                let (lookups, exact): (Vec<_>, Vec<bool>) = found?.into_iter().unzip();
                Some((Lookup::Union(lookups), exact.into_iter().all(|is_exact| is_exact)))
            }
            Predicate::Always(true) | Predicate::Not(_) | Predicate::Present(_) => None,
        }
    }

    /// A lookup for several conditions on one element: any of them narrows the rows.
    fn within(self, locator: &'a Locator, inner: &'a Predicate) -> Option<Lookup<'a>> {
        let Predicate::All(list) = inner else { return None };
        let tests = list.iter().filter_map(|inner| match inner {
            Predicate::Compare(test) => self.element(locator, test),
            _ => None,
        });
        tests.min_by_key(|lookup| lookup.size(self.state))
    }

    /// `attribute[sub eq "x"]` asks what `attribute.sub eq "x"` does.
    fn element(self, locator: &Locator, test: &'a Test) -> Option<Lookup<'a>> {
        let mut locator = locator.clone();
        if locator.attribute.is_complex() {
            locator.sub = Some(std::sync::Arc::clone(&test.locator.attribute));
        }
        self.test(&locator, test)
    }

    fn test(self, locator: &Locator, test: &'a Test) -> Option<Lookup<'a>> {
        let (CompareOp::Equal, Operand::Text(text, mode)) = (test.op, &test.operand) else {
            return None;
        };
        let (attribute, mode) = (&locator.attribute, *mode);
        if locator.extension.is_none() {
            let is_relation = |relation: Option<&std::sync::Arc<scim_core::schema::Attribute>>| {
                relation.is_some_and(|relation| relation.name == attribute.name)
            };
            match (attribute.name.as_str(), &locator.sub) {
                ("id", None) if mode == TextMode::Exact => {
                    return Some(Lookup::Rows(self.state.find(text).into_iter().collect()));
                }
                ("externalId", None) if mode == TextMode::Exact => return Some(Lookup::ExternalId(self.shelf, text)),
                ("displayName", None) if mode == TextMode::Folded => {
                    return Some(Lookup::DisplayName(self.shelf, text));
                }
                (_, Some(sub)) if is_relation(self.kind.members()) => {
                    return (sub.name == "value").then(|| Lookup::GroupsOf(self.state.find_like(text, mode)));
                }
                (_, Some(sub)) if is_relation(self.kind.memberships()) => {
                    return (sub.name == "value").then(|| Lookup::MembersOf(self.state.find_like(text, mode)));
                }
                _ => {}
            }
        }
        if !self.shelf.covers(locator) {
            return None;
        }
        Some(Lookup::Unique(self.shelf, locator.to_string(), text))
    }
}

impl Lookup<'_> {
    /// How many rows it finds, at most.
    pub(super) fn size(&self, state: &State) -> usize {
        let rows =
            |list: &[RowId], size: fn(&Row) -> usize| list.iter().filter_map(|at| state.row(*at)).map(size).sum();
        match self {
            Self::DisplayName(shelf, key) => shelf.display_names.count(key),
            Self::ExternalId(shelf, key) => shelf.external_ids.count(key),
            Self::GroupsOf(list) => rows(list, |row| row.groups.len()),
            Self::MembersOf(list) => rows(list, |row| row.members.as_ref().map_or(0, |members| members.len())),
            Self::Rows(list) => list.len(),
            Self::Union(list) => list.iter().map(|lookup| lookup.size(state)).sum(),
            Self::Unique(shelf, attribute, key) => shelf.unique(attribute).map_or(0, |unique| unique.count(key)),
        }
    }

    /// The rows, each once.
    pub(super) fn rows(&self, state: &State) -> Vec<RowId> {
        let mut found = Vec::new();
        self.collect(state, &mut found);
        if matches!(self, Self::Union(_) | Self::GroupsOf(_) | Self::MembersOf(_)) {
            let mut seen = HashSet::with_capacity(found.len());
            found.retain(|at| seen.insert(*at));
        }
        found
    }

    fn collect(&self, state: &State, found: &mut Vec<RowId>) {
        match self {
            Self::DisplayName(shelf, key) => found.extend(shelf.display_names.get(key)),
            Self::ExternalId(shelf, key) => found.extend(shelf.external_ids.get(key)),
            Self::GroupsOf(list) => {
                let rows = list.iter().filter_map(|at| state.row(*at));
                found.extend(rows.flat_map(|row| row.groups.iter().copied()));
            }
            Self::MembersOf(list) => {
                let rows = list.iter().filter_map(|at| state.row(*at));
                let members = rows.filter_map(|row| row.members.as_ref());
                found.extend(members.flat_map(|members| members.iter()));
            }
            Self::Rows(list) => found.extend(list),
            Self::Union(list) => {
                for lookup in list {
                    lookup.collect(state, found);
                }
            }
            Self::Unique(shelf, attribute, key) => {
                found.extend(shelf.unique(attribute).into_iter().flat_map(|unique| unique.get(key)));
            }
        }
    }
}
