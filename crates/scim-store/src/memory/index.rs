//! Hash indexes from prepared text to rows.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use super::row::{Claim, RowId};

/// Which rows have a text.
#[derive(Default)]
pub(super) struct Index {
    map: HashMap<Arc<str>, Holders>,
}

enum Holders {
    One(RowId),
    Many(BTreeSet<RowId>),
}

impl Index {
    pub(super) fn insert(&mut self, key: &Arc<str>, row: RowId) {
        match self.map.get_mut(key) {
            None => {
                self.map.insert(Arc::clone(key), Holders::One(row));
            }
            Some(Holders::Many(rows)) => {
                rows.insert(row);
            }
            Some(one) => {
                if let Holders::One(other) = *one
                    && other != row
                {
                    *one = Holders::Many(BTreeSet::from([other, row]));
                }
            }
        }
    }

    pub(super) fn remove(&mut self, key: &str, row: RowId) {
        let is_empty = match self.map.get_mut(key) {
            Some(Holders::One(other)) => *other == row,
            Some(Holders::Many(rows)) => {
                rows.remove(&row);
                rows.is_empty()
            }
            None => false,
        };
        if is_empty {
            self.map.remove(key);
        }
    }

    /// The rows that have the text, in no order that means anything.
    pub(super) fn get<'a>(&'a self, key: &str) -> impl Iterator<Item = RowId> + use<'a> {
        let (one, many) = match self.map.get(key) {
            None => (None, None),
            Some(Holders::One(row)) => (Some(*row), None),
            Some(Holders::Many(rows)) => (None, Some(rows)),
        };
        one.into_iter().chain(many.into_iter().flatten().copied())
    }

    /// How many rows have the text.
    pub(super) fn count(&self, key: &str) -> usize {
        match self.map.get(key) {
            None => 0,
            Some(Holders::One(_)) => 1,
            Some(Holders::Many(rows)) => rows.len(),
        }
    }
}

/// The claims of rows on values of one attribute.
///
/// A claim with a qualifier conflicts with those of the same qualifier and with those without one; it is found by both
/// together, so that a thousand groups of one name and different qualifiers cost no more than one.
pub(super) struct UniqueIndex {
    pub(super) attribute: Arc<str>,
    /// Claims without a qualifier.
    open: Index,
    /// Claims with one, by the value alone.
    named: Index,
    /// Claims with one, by value and qualifier.
    qualified: Index,
}

impl UniqueIndex {
    pub(super) fn new(attribute: Arc<str>) -> Self {
        Self {
            attribute,
            open: Index::default(),
            named: Index::default(),
            qualified: Index::default(),
        }
    }

    pub(super) fn insert(&mut self, claim: &Claim, row: RowId) {
        match &claim.qualifier {
            None => self.open.insert(&claim.key, row),
            Some(qualifier) => {
                self.named.insert(&claim.key, row);
                self.qualified.insert(&Arc::from(joined(&claim.key, qualifier)), row);
            }
        }
    }

    pub(super) fn remove(&mut self, claim: &Claim, row: RowId) {
        match &claim.qualifier {
            None => self.open.remove(&claim.key, row),
            Some(qualifier) => {
                self.named.remove(&claim.key, row);
                self.qualified.remove(&joined(&claim.key, qualifier), row);
            }
        }
    }

    /// The rows whose claims conflict with this one.
    pub(super) fn rivals<'a>(&'a self, claim: &Claim) -> impl Iterator<Item = RowId> + use<'a> {
        let others = match &claim.qualifier {
            None => self.named.get(&claim.key),
            Some(qualifier) => self.qualified.get(&joined(&claim.key, qualifier)),
        };
        self.open.get(&claim.key).chain(others)
    }

    /// The rows that have the value.
    pub(super) fn get<'a>(&'a self, key: &str) -> impl Iterator<Item = RowId> + use<'a> {
        self.open.get(key).chain(self.named.get(key))
    }

    /// How many rows have the value.
    pub(super) fn count(&self, key: &str) -> usize {
        self.open.count(key) + self.named.count(key)
    }
}

/// Both texts in one, such that no other two make the same.
fn joined(key: &str, qualifier: &str) -> String {
    format!("{}:{key}{qualifier}", key.len())
}
