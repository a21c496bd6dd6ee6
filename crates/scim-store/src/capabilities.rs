//! What a store can do beyond the contract.

/// What a store can do; advertised to clients, and read by the tests of stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// [`batch`](crate::ScimStore::batch) is one transaction, and a draft's own identifier is used: circular references in
    /// Bulk can be made. Without it they are answered by 409.
    pub batch: bool,
    /// Pages by cursor (RFC 9865).
    pub cursors: bool,
    /// Filters on any attribute; without it some are refused as unsupported.
    pub filter: bool,
    /// Order by any attribute.
    pub sort: bool,
}

impl Capabilities {
    /// Everything.
    pub const ALL: Self = Self {
        batch: true,
        cursors: true,
        filter: true,
        sort: true,
    };

    /// Everything, with a change.
    #[must_use]
    pub fn all_but(change: impl FnOnce(&mut Self)) -> Self {
        let mut capabilities = Self::ALL;
        change(&mut capabilities);
        capabilities
    }
}
