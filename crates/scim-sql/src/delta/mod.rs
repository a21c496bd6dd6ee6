//! What one write does to rows, worked out before anything is done.

mod content;
mod keys;
mod record;
mod statements;

use std::{collections::HashSet, hash::Hash};

use scim_core::{ResourceId, TenantId, Version, schema::ResourceType};
use scim_store::Scope;

use crate::prepared::millis;

pub(crate) use content::{Claim, Content, Indexed, Listed, is_user_name};
pub(crate) use record::{Record, external_id, kind_of};
#[cfg(feature = "postgres")]
pub(crate) use statements::Step;
pub(crate) use statements::{Effects, count_step};

/// The rows that one write puts, changes and takes away; a plain value.
///
/// [`Delta::steps`] writes it as statements, one after the other; a session may do better.
#[derive(Debug, Clone)]
pub(crate) struct Delta {
    pub(crate) tenant: TenantId,
    /// The type of the resource that is written.
    pub(crate) kind: String,
    /// The resource that is written.
    pub(crate) id: ResourceId,
    /// The time of the write, in milliseconds since 1970.
    pub(crate) now: i64,
    /// What happens to the resource itself.
    pub(crate) row: RowChange,
    /// Resources that do not change but in their members: the version moves forward, the time not backwards.
    pub(crate) touched: Vec<ResourceId>,
    /// What must be unique and is so no longer.
    pub(crate) released: Vec<Claim>,
    /// What must be unique from now on.
    pub(crate) claimed: Vec<Claim>,
    /// Values of lists that are looked up no longer.
    pub(crate) unlisted: Vec<Listed>,
    /// Values of lists that are looked up from now on.
    pub(crate) listed: Vec<Listed>,
    /// Who ceases to be a member of the resource, where neither is deleted.
    pub(crate) left: Vec<ResourceId>,
    /// Who becomes a member of it, in order.
    pub(crate) joined: Option<Joined>,
    /// By how much the number of resources changes.
    pub(crate) count: Option<Count>,
    /// What becomes of its seat; one that is put was taken from the pool before.
    pub(crate) seat: SeatRow,
    /// What is told of it, in order.
    pub(crate) records: Vec<Record>,
}

/// What happens to a row of a resource.
#[derive(Debug, Clone)]
pub(crate) enum RowChange {
    None,
    Insert(Box<Image>),
    /// Everything but the head's identity is replaced; the row must still have the version that was read. What was read of
    /// the columns that have indexes is not written again where it stays, as that would write the indexes again.
    Update {
        image: Box<Image>,
        was: Version,
        before: Option<Indexed>,
    },
    /// The row goes, and with it its members and memberships.
    Delete,
}

/// What happens to the row of a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SeatRow {
    /// It goes, if there is one, and the seat back to the pool.
    Drop,
    Keep,
    Put,
}

/// What is written to the row of a resource.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) version: Version,
    pub(crate) created: i64,
    pub(crate) modified: i64,
    pub(crate) content: Content,
}

/// New members of a group, which get the places from `first` on.
#[derive(Debug, Clone)]
pub(crate) struct Joined {
    pub(crate) first: i64,
    pub(crate) members: Vec<ResourceId>,
}

/// A change of the number of resources of a type.
#[derive(Debug, Clone)]
pub(crate) struct Count {
    pub(crate) kind: String,
    /// The stretch of places that the resource is in; `None` is that of the row which the same write inserts.
    pub(crate) stretch: Option<i64>,
    pub(crate) shard: i64,
    pub(crate) change: i64,
}

/// Resources are counted in stretches of `1 << STRETCH` places, so that a page deep in a list is found by adding the numbers
/// before it, and no more rows than a stretch has are skipped one by one.
pub(crate) const STRETCH: u32 = 16;

impl Delta {
    /// A write of a resource that does nothing yet.
    pub(crate) fn new(scope: &Scope, kind: &ResourceType, id: &ResourceId) -> Self {
        Self {
            tenant: scope.tenant().clone(),
            kind: kind.name().to_owned(),
            id: id.clone(),
            now: millis(&scope.now),
            row: RowChange::None,
            touched: Vec::new(),
            released: Vec::new(),
            claimed: Vec::new(),
            unlisted: Vec::new(),
            listed: Vec::new(),
            left: Vec::new(),
            joined: None,
            count: None,
            seat: SeatRow::Keep,
            records: Vec::new(),
        }
    }

    /// Notes what its attributes need beside the row, from what they needed before.
    pub(crate) fn index(&mut self, before: (Vec<Claim>, Vec<Listed>), after: (&[Claim], &[Listed])) {
        (self.released, self.claimed) = differences(before.0, after.0);
        (self.unlisted, self.listed) = differences(before.1, after.1);
    }
}

/// What is only in the first list, and what only in the second.
fn differences<T: Clone + Eq + Hash>(before: Vec<T>, after: &[T]) -> (Vec<T>, Vec<T>) {
    let (old, new): (HashSet<&T>, HashSet<&T>) = (before.iter().collect(), after.iter().collect());
    let added = after.iter().filter(|item| !old.contains(item)).cloned().collect();
    let gone = before.iter().filter(|item| !new.contains(item)).cloned().collect();
    (gone, added)
}
