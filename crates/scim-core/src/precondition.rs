//! ETags and conditional requests (RFC 7644 section 3.14, RFC 9110 section 13.1).

use crate::Version;

/// A list of entity tags, or `*`. Tags that are no version of ours match nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 9110 section 13.1 has these two forms")]
pub enum EntityTags {
    /// `*`: whatever exists.
    Any,
    /// Any of these; ETags here are weak and compare weakly.
    List(Vec<Version>),
}

impl EntityTags {
    /// Reads the value of `If-Match` or `If-None-Match`. Weak marks and quotes may be missing, as some clients send them.
    pub fn parse(text: &str) -> Self {
        if text.trim() == "*" {
            return Self::Any;
        }
        Self::List(text.split(',').filter_map(version).collect())
    }

    /// Whether the version is one of them.
    pub fn contains(&self, version: Version) -> bool {
        match self {
            Self::Any => true,
            Self::List(list) => list.contains(&version),
        }
    }
}

fn version(tag: &str) -> Option<Version> {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").or_else(|| tag.strip_prefix("w/")).unwrap_or(tag);
    let tag = tag
        .strip_prefix('"')
        .and_then(|tag| tag.strip_suffix('"'))
        .unwrap_or(tag);
    // Only the spelling that was handed out is a match: no signs, no leading zeros.
    let number: u64 = tag.parse().ok()?;
    (number.to_string() == tag).then(|| Version::new(number))
}

/// What must hold of the current version for a request to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Precondition {
    /// One of these must be the version.
    pub if_match: Option<EntityTags>,
    /// None of these may be the version.
    pub if_none_match: Option<EntityTags>,
}

impl Precondition {
    /// A precondition from the two headers.
    pub fn new(if_match: Option<EntityTags>, if_none_match: Option<EntityTags>) -> Self {
        Self {
            if_match,
            if_none_match,
        }
    }

    /// Whether a write may go on; if not, the answer is 412.
    pub fn allows_write(&self, version: Version) -> bool {
        self.if_match.as_ref().is_none_or(|tags| tags.contains(version))
            && self.if_none_match.as_ref().is_none_or(|tags| !tags.contains(version))
    }

    /// Whether a read has news; if not, the answer is 304.
    pub fn is_modified(&self, version: Version) -> bool {
        self.if_none_match.as_ref().is_none_or(|tags| !tags.contains(version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_compare_weakly_and_in_lists() {
        for text in ["W/\"7\"", "\"7\"", "7", "W/\"3\", W/\"7\"", "*"] {
            assert!(EntityTags::parse(text).contains(Version::new(7)), "{text}");
        }
        for text in ["W/\"8\"", "", "W/\"07\"", "\"+7\"", "W/\"7", "nonsense"] {
            assert!(!EntityTags::parse(text).contains(Version::new(7)), "{text}");
        }
    }
}
