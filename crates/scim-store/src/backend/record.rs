//! What a back end keeps of a user or a group.

use chrono::{DateTime, Utc};
use scim_core::{ResourceId, resource::MemberEffect};

/// A user or a group as a back end keeps it: its struct, and what SCIM tells of it besides (RFC 7643 section 3.1).
///
/// What is to be written comes as a record that is ready to be kept. A host that keeps it whole, with its revision, has
/// versions that count. One that has columns of its own makes its records by [`Record::from_row`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record<V> {
    /// The identifier; no user and no group of the tenant has the same one. What the struct says of it does not count.
    pub id: ResourceId,
    /// The user or the group.
    pub value: V,
    /// When it was created.
    pub created: DateTime<Utc>,
    /// When it changed last.
    pub modified: DateTime<Utc>,
    /// A number that grows with each change, also with those that the host makes itself. Without one, versions are made from
    /// the content.
    pub revision: Option<u64>,
}

/// A change of a record, for a back end to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordChange<'a, V> {
    /// The record as it was read.
    pub was: &'a Record<V>,
    /// What is to stand in its place, with the time of the change, and the next revision where revisions are kept.
    pub new: Record<V>,
    /// What became of the members of a group, told apart for a host that keeps them as rows. Of a user there is nothing.
    pub members: MemberEffect,
}

/// A part of the records of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordPage<V> {
    /// How many records there are in all.
    pub total: usize,
    /// Those that were asked for.
    pub records: Vec<Record<V>>,
}

impl<V> Record<V> {
    /// What is created now, with its first revision.
    pub fn new(id: ResourceId, value: V, now: DateTime<Utc>) -> Self {
        Self {
            revision: Some(1),
            ..Self::from_row(id, value, now, now)
        }
    }

    /// A row of the host, without a revision.
    pub fn from_row(id: ResourceId, value: V, created: DateTime<Utc>, modified: DateTime<Utc>) -> Self {
        Self {
            id,
            value,
            created,
            modified,
            revision: None,
        }
    }

    /// With the number of its revision.
    #[must_use]
    pub fn with_revision(mut self, revision: u64) -> Self {
        self.revision = Some(revision);
        self
    }

    /// The record after a change at `now`: the next revision, if revisions are kept, and never an earlier time.
    #[must_use]
    pub fn changed(&self, value: V, now: DateTime<Utc>) -> Self {
        Self {
            id: self.id.clone(),
            value,
            created: self.created,
            modified: self.modified.max(now),
            revision: self.revision.map(|revision| revision.wrapping_add(1)),
        }
    }
}

impl<'a, V> RecordChange<'a, V> {
    /// The change of a record to a value, at `now`.
    pub fn new(was: &'a Record<V>, value: V, now: DateTime<Utc>) -> Self {
        Self {
            was,
            new: was.changed(value, now),
            members: MemberEffect::default(),
        }
    }

    /// With what became of members.
    #[must_use]
    pub fn with_members(mut self, members: MemberEffect) -> Self {
        self.members = members;
        self
    }
}

impl<V> RecordPage<V> {
    /// A part of so many records.
    pub fn new(total: usize, records: Vec<Record<V>>) -> Self {
        Self { total, records }
    }
}
