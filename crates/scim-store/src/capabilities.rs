//! What a store can do beyond the contract.

/// What a store can do; advertised to clients, and read by the tests of stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// A write is done whole or not at all, whatever happens: also where the process ends or the future is dropped half-way,
    /// and where deleting a member changes its groups. Without it a deletion may end half-way, and is completed by repeating
    /// it.
    pub atomic: bool,
    /// [`batch`](crate::ScimStore::batch) is one transaction, and a draft's own identifier is used: circular references in
    /// Bulk can be made. Without it they are answered by 409.
    pub batch: bool,
    /// Pages by cursor (RFC 9865).
    pub cursors: bool,
    /// Filters on any attribute; without it some are refused as unsupported.
    pub filter: bool,
    /// Some attributes can be filtered and ordered by, and others are refused by their names: filters and orders are advertised
    /// then, where [`filter`](Self::filter) and [`sort`](Self::sort) are not set.
    pub partial: bool,
    /// Order by any attribute.
    pub sort: bool,
    /// Versions count up from 1. Without it they only differ where contents do.
    pub versions: bool,
}

impl Capabilities {
    /// Everything.
    pub const ALL: Self = Self {
        atomic: true,
        batch: true,
        cursors: true,
        filter: true,
        partial: false,
        sort: true,
        versions: true,
    };

    /// Everything, with a change.
    #[must_use]
    pub fn all_but(change: impl FnOnce(&mut Self)) -> Self {
        let mut capabilities = Self::ALL;
        change(&mut capabilities);
        capabilities
    }

    /// Whether there is anything to filter by.
    pub fn filters(self) -> bool {
        self.filter || self.partial
    }

    /// Whether there is anything to order by.
    pub fn sorts(self) -> bool {
        self.sort || self.partial
    }
}
