//! The members of one group, in the order in which they came.

use std::collections::{BTreeMap, HashMap};

use super::row::RowId;

/// An ordered set of rows; adding, removing and looking for one does not touch the others.
#[derive(Default)]
pub(super) struct Links {
    next: u64,
    order: BTreeMap<u64, RowId>,
    numbers: HashMap<RowId, u64>,
}

impl Links {
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    pub(super) fn contains(&self, row: RowId) -> bool {
        self.numbers.contains_key(&row)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = RowId> {
        self.order.values().copied()
    }

    /// Adds a row at the end; whether it was not there before.
    pub(super) fn insert(&mut self, row: RowId) -> bool {
        if self.contains(row) {
            return false;
        }
        self.numbers.insert(row, self.next);
        self.order.insert(self.next, row);
        self.next += 1;
        true
    }

    /// Takes a row out; whether it was there.
    pub(super) fn remove(&mut self, row: RowId) -> bool {
        let number = self.numbers.remove(&row);
        number.is_some_and(|number| self.order.remove(&number).is_some())
    }
}
