//! What a request may cost: one struct that is enforced and advertised (decision D34).

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{document::document, filter::FilterLimits};

/// Limits of a service, enforced by every layer and shown in `ServiceProviderConfig` from this one place.
///
/// Sizes are in bytes. The numbers of [`Limits::default`] follow what large services publish.
///
/// By serde they are the fields that differ from the default; a field that is not known is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Longest request body. Default 1 MiB.
    pub body: usize,
    /// Longest request body for types that have members. Default 16 MiB.
    pub members_body: usize,
    /// Longest bulk request. Default 1 MiB.
    pub bulk_body: usize,
    /// Most operations in a bulk request; 0 switches bulk off. Default 1,000.
    pub bulk_operations: usize,
    /// How long a cursor lives, in seconds. Default 3,600.
    pub cursor_seconds: u32,
    /// Resources in a page where no `count` is sent. Default 100.
    pub default_page: usize,
    /// Longest `externalId`. Default 1,024.
    pub external_id: usize,
    /// Deepest nesting of a filter. Default 32.
    pub filter_depth: usize,
    /// Longest filter in a URL, and twice that in a body. Default 8 KiB.
    pub filter_bytes: usize,
    /// Most comparisons in a filter. Default 256.
    pub filter_terms: usize,
    /// Deepest nesting of a JSON body. Default 64.
    pub json_depth: usize,
    /// Most resources that a query without an index may look through before `tooMany`. Default: no limit.
    pub look_through: Option<usize>,
    /// Most members of a group in one request. Default 100,000.
    pub members: usize,
    /// Most operations in a PATCH. Default 1,000.
    pub patch_operations: usize,
    /// Largest page. Default 200.
    pub max_page: usize,
    /// Longest text. Default 64 KiB.
    pub string: usize,
    /// Longest `userName`. Default 256.
    pub user_name: usize,
    /// Most values of one attribute. Default 10,000.
    pub values: usize,
}

impl Limits {
    /// The limits with a change.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Limits {
    /// The limits of filters and paths, as their parser takes them.
    pub fn filter(&self) -> FilterLimits {
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        FilterLimits::default()
            .with_max_bytes(small(self.filter_bytes))
            .with_max_depth(small(self.filter_depth))
            .with_max_terms(small(self.filter_terms))
    }
}

document!(Document of Limits in {} {
    body: usize,
    members_body: usize,
    bulk_body: usize,
    bulk_operations: usize,
    cursor_seconds: u32,
    default_page: usize,
    external_id: usize,
    filter_depth: usize,
    filter_bytes: usize,
    filter_terms: usize,
    json_depth: usize,
    look_through: Option<usize>,
    members: usize,
    patch_operations: usize,
    max_page: usize,
    string: usize,
    user_name: usize,
    values: usize,
});

impl Serialize for Limits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Document::between(&Self::default(), self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Limits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Document::read(deserializer)?.onto(Self::default()))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1 << 20,
            members_body: 16 << 20,
            bulk_body: 1 << 20,
            bulk_operations: 1000,
            cursor_seconds: 3600,
            default_page: 100,
            external_id: 1024,
            filter_depth: 32,
            filter_bytes: 8 << 10,
            filter_terms: 256,
            json_depth: 64,
            look_through: None,
            members: 100_000,
            patch_operations: 1000,
            max_page: 200,
            string: 64 << 10,
            user_name: 256,
            values: 10_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn as_a_document_they_are_what_differs_from_the_default() {
        assert_eq!(to_value(Limits::default()).unwrap(), json!({}));
        let own = Limits::default().with(|limits| {
            limits.max_page = 50;
            limits.look_through = Some(10_000);
        });
        let document = to_value(&own).unwrap();
        assert_eq!(document, json!({ "max_page": 50, "look_through": 10_000 }));
        assert_eq!(from_value::<Limits>(document).unwrap(), own);
        assert!(from_value::<Limits>(json!({ "max_pages": 50 })).is_err());
    }
}
