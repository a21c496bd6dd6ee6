//! The order of creation of the rows of one type, with any position of it at hand.

use super::row::RowId;

/// Rows in the order of their sequence numbers. A removed row leaves a hole, so that no other row moves; a Fenwick tree
/// over the live ones finds the n-th of them in O(log n).
#[derive(Default)]
pub(super) struct Order {
    slots: Vec<Slot>,
    /// Element i counts the live slots of the range that ends at i, as Fenwick trees do.
    counts: Vec<u32>,
    live: usize,
}

struct Slot {
    sequence: u64,
    row: Option<RowId>,
}

/// Fewer holes than this are not worth a compaction.
const FEW_HOLES: usize = 64;

impl Order {
    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.live
    }

    /// Appends a row; sequence numbers must grow.
    pub(super) fn push(&mut self, sequence: u64, row: RowId) {
        self.slots.push(Slot {
            sequence,
            row: Some(row),
        });
        self.live += 1;
        let end = self.slots.len();
        let start = end - low_bit(end);
        let mut count = 1;
        let mut at = end - 1;
        while at > start {
            count += self.count(at);
            at -= low_bit(at);
        }
        self.counts.push(count);
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, sequence: u64) {
        let place = self.place_after(sequence.saturating_sub(1));
        let Some(slot) = self.slots.get_mut(place).filter(|slot| slot.sequence == sequence) else {
            return;
        };
        if slot.row.take().is_none() {
            return;
        }
        self.live -= 1;
        let mut at = place + 1;
        while let Some(count) = self.counts.get_mut(at - 1) {
            *count -= 1;
            at += low_bit(at);
        }
        let holes = self.slots.len() - self.live;
        if holes > FEW_HOLES && holes > self.live {
            self.compact();
        }
    }

    /// The rows from the `rank`-th on, counted from 0, each with its sequence number.
    pub(super) fn starting_at(&self, rank: usize) -> Rows<'_> {
        Rows {
            order: self,
            place: self.select(rank),
            rank,
        }
    }

    /// All rows.
    pub(super) fn iter(&self) -> Rows<'_> {
        self.starting_at(0)
    }

    /// How many rows have sequence numbers up to this one.
    pub(super) fn rank_after(&self, sequence: u64) -> usize {
        let mut at = self.place_after(sequence);
        let mut rank = 0;
        while at > 0 {
            rank += self.count(at) as usize;
            at -= low_bit(at);
        }
        rank
    }

    /// The first place, hole or not, behind a sequence number.
    fn place_after(&self, sequence: u64) -> usize {
        self.slots.partition_point(|slot| slot.sequence <= sequence)
    }

    /// The place of the `rank`-th live row; the end where there is none.
    fn select(&self, rank: usize) -> usize {
        if rank >= self.live {
            return self.slots.len();
        }
        let mut step = self.slots.len().checked_ilog2().map_or(0, |log| 1_usize << log);
        let (mut place, mut left) = (0, rank);
        while step > 0 {
            let next = place + step;
            if next <= self.slots.len() && self.count(next) as usize <= left {
                left -= self.count(next) as usize;
                place = next;
            }
            step >>= 1;
        }
        place
    }

    /// An element of the tree, counted from 1.
    fn count(&self, at: usize) -> u32 {
        self.counts.get(at - 1).copied().unwrap_or(0)
    }

    fn compact(&mut self) {
        let slots = std::mem::take(&mut self.slots);
        *self = Self::default();
        for slot in slots {
            if let Some(row) = slot.row {
                self.push(slot.sequence, row);
            }
        }
    }
}

fn low_bit(number: usize) -> usize {
    number & number.wrapping_neg()
}

/// Rows in order.
pub(super) struct Rows<'a> {
    order: &'a Order,
    place: usize,
    rank: usize,
}

impl Iterator for Rows<'_> {
    type Item = (u64, RowId);

    fn next(&mut self) -> Option<Self::Item> {
        let order = self.order;
        // A hole may be the first of many: ask the tree for the next row instead of walking on.
        if order.slots.get(self.place)?.row.is_none() {
            self.place = order.select(self.rank);
        }
        let slot = order.slots.get(self.place)?;
        self.place += 1;
        self.rank += 1;
        slot.row.map(|row| (slot.sequence, row))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(order: &Order, rank: usize) -> Vec<u64> {
        order.starting_at(rank).map(|(sequence, _)| sequence).collect()
    }

    proptest! {
        #[test]
        fn it_is_a_sorted_list(removed in proptest::collection::vec(1..300_u64, 0..400), pushed in 1..300_u64) {
            let mut order = Order::default();
            let mut naive: Vec<u64> = (1..=pushed).collect();
            for sequence in 1..=pushed {
                order.push(sequence, RowId::new(sequence as u32));
            }
            for sequence in removed {
                order.remove(sequence);
                naive.retain(|other| *other != sequence);
                if sequence % 7 == 0 {
                    let next = 1000 + naive.last().copied().unwrap_or(0);
                    order.push(next, RowId::new(1));
                    naive.push(next);
                }
            }
            prop_assert_eq!(order.len(), naive.len());
            for rank in 0..=naive.len() {
                prop_assert_eq!(rows(&order, rank), &naive[rank..]);
            }
            for sequence in 0..310 {
                prop_assert_eq!(order.rank_after(sequence), naive.iter().filter(|other| **other <= sequence).count());
            }
        }
    }

    #[test]
    fn holes_are_given_back() {
        let mut order = Order::default();
        for sequence in 1..=10_000 {
            order.push(sequence, RowId::new(0));
        }
        for sequence in 1..=9_990 {
            order.remove(sequence);
        }
        assert!(order.slots.len() < 200);
        assert_eq!(rows(&order, 0), (9_991..=10_000).collect::<Vec<u64>>());
    }
}
