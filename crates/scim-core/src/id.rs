//! Identifiers, each a type of its own so that none is taken for another.

use std::{fmt, sync::Arc};

use crate::resource::write_number;

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    };
}

identifier! {
    /// The `id` of a resource (RFC 7643 section 3.1): given by the store, opaque, compared with case.
    ///
    /// It is no `externalId` and no user name, and the types do not convert into each other:
    ///
    /// ```compile_fail
    /// let external = scim_core::ExternalId::new("1");
    /// let id: scim_core::ResourceId = external;
    /// ```
    ResourceId
}

identifier! {
    /// The `externalId` of a resource (RFC 7643 section 3.1): given by the client, never an identifier of the host.
    ExternalId
}

identifier! {
    /// The tenant (organisation) that a request belongs to; it comes from the credentials only.
    TenantId
}

/// The version of a resource; as an ETag it is weak: `W/"7"` (RFC 7644 section 3.14).
///
/// A store moves it forward with each change of content; it does not come from a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u64);

impl Version {
    /// The version of a resource that was just created.
    pub const FIRST: Self = Self(1);

    /// A version that a store kept as a number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number to keep.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The version after this.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// The ETag, such as `W/"7"`.
    pub fn etag(self) -> String {
        let mut etag = Vec::with_capacity(24);
        etag.extend_from_slice(b"W/\"");
        write_number(self.0, &mut etag);
        etag.push(b'"');
        String::from_utf8(etag).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_are_weak_and_quoted() {
        assert_eq!(Version::FIRST.next().etag(), "W/\"2\"");
        assert_eq!(Version::new(u64::MAX).etag(), "W/\"18446744073709551615\"");
    }
}
