//! [`FilterLimits`]: how much of a filter is read.

/// What a filter may cost, and which form beyond the grammar is taken.
///
/// The limits are checked while a filter is read, before anything is built from what exceeds them.
/// Reading takes time in proportion to the length of the text, and stack in proportion to its depth.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct FilterLimits {
    /// Whether the word after `meta.resourceType eq` may stand without quotes, as in an example of
    /// RFC 7644 section 3.4.2.1. Default: no, as the grammar has it.
    pub bare_resource_type: bool,
    /// The length of the text, in bytes. Default: 8,192.
    pub max_bytes: u32,
    /// How deeply `(` and `[` may nest. Default: 32; more than [`FilterLimits::DEPTH_CEILING`] is
    /// taken as that.
    pub max_depth: u32,
    /// The number of comparisons and tests for presence. Default: 256.
    pub max_terms: u32,
}

impl FilterLimits {
    /// The greatest `max_depth` there is. It keeps reading, printing, comparing and dropping a filter
    /// within 256 KiB of stack, even in a build without optimisation.
    pub const DEPTH_CEILING: u32 = 64;

    /// Takes or refuses a bare word after `meta.resourceType eq`.
    #[must_use]
    pub const fn with_bare_resource_type(mut self, bare_resource_type: bool) -> Self {
        self.bare_resource_type = bare_resource_type;
        self
    }

    /// Limits the length of the text, in bytes.
    #[must_use]
    pub const fn with_max_bytes(mut self, max_bytes: u32) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Limits how deeply `(` and `[` may nest.
    #[must_use]
    pub const fn with_max_depth(mut self, max_depth: u32) -> Self {
        self.max_depth = max_depth;
        self
    }

    /// Limits the number of comparisons and tests for presence.
    #[must_use]
    pub const fn with_max_terms(mut self, max_terms: u32) -> Self {
        self.max_terms = max_terms;
        self
    }
}

impl Default for FilterLimits {
    fn default() -> Self {
        Self {
            bare_resource_type: false,
            max_bytes: 8_192,
            max_depth: 32,
            max_terms: 256,
        }
    }
}
