//! The record of changes of one tenant: a ring that forgets the oldest.

use std::collections::VecDeque;

use crate::Change;

pub(super) struct Feed {
    ring: VecDeque<Change>,
    capacity: usize,
    last: u64,
}

impl Feed {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            ring: VecDeque::new(),
            capacity,
            last: 0,
        }
    }

    /// Records a change under the next number.
    pub(super) fn push(&mut self, mut change: Change) {
        self.last += 1;
        change.sequence = self.last;
        while self.ring.len() >= self.capacity.max(1) {
            self.ring.pop_front();
        }
        if self.capacity > 0 {
            self.ring.push_back(change);
        }
    }

    /// The changes behind a number, oldest first.
    pub(super) fn after(&self, sequence: u64, limit: usize) -> Vec<Change> {
        let first = self.ring.partition_point(|change| change.sequence <= sequence);
        self.ring.iter().skip(first).take(limit).cloned().collect()
    }

    /// Forgets the changes up to a number.
    pub(super) fn forget(&mut self, through: u64) {
        let kept = self.ring.partition_point(|change| change.sequence <= through);
        self.ring.drain(..kept);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Change> {
        self.ring.iter()
    }
}
