//! [`PatchPath`]: what a PATCH operation is about.

use std::{fmt, str::FromStr};

use super::{AttrPath, PathError};
use crate::filter::{FilterLimits, ValuePath, parse};

/// The `path` of a PATCH operation: `PATH = attrPath / valuePath [subAttr]` (RFC 7644 section
/// 3.5.2, figure 7).
///
/// ```
/// use scim_core::{attr::PatchPath, filter::FilterLimits};
///
/// let path = PatchPath::parse(r#"addresses[type eq "work"].streetAddress"#, &FilterLimits::default())?;
/// let PatchPath::Values { values, sub } = path else { panic!("no value path") };
/// assert_eq!(values.path.name(), "addresses");
/// assert_eq!(values.filter.to_string(), r#"type eq "work""#);
/// assert_eq!(sub.as_ref().map(|sub| sub.name()), Some("streetAddress"));
/// # Ok::<(), scim_core::attr::PathError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the grammar of RFC 7644 has these two forms")]
pub enum PatchPath {
    /// An attribute, as in `name.familyName`; the URN of a schema alone reads as one too.
    Attr(AttrPath),
    /// Some values of a multi-valued attribute, as in `emails[type eq "work"]`, or one sub-attribute
    /// of each of them, as in `emails[type eq "work"].value`.
    Values {
        /// The attribute, and the filter that its values have to match.
        values: ValuePath,
        /// The sub-attribute: a single name.
        sub: Option<AttrPath>,
    },
}

impl PatchPath {
    /// Reads a path. Blanks around it are refused.
    ///
    /// # Errors
    ///
    /// If `text` does not have the form of `PATH` or goes beyond a limit.
    pub fn parse(text: &str, limits: &FilterLimits) -> Result<Self, PathError> {
        parse::patch_path(text, limits)
    }

    /// The attribute, without filter and sub-attribute of a value path.
    pub const fn path(&self) -> &AttrPath {
        match self {
            Self::Attr(path) => path,
            Self::Values { values, .. } => &values.path,
        }
    }
}

impl fmt::Display for PatchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attr(path) => path.fmt(f),
            Self::Values { values, sub: None } => values.fmt(f),
            Self::Values { values, sub: Some(sub) } => write!(f, "{values}.{sub}"),
        }
    }
}

impl FromStr for PatchPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text, &FilterLimits::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{attr::PathErrorKind, filter::FilterErrorKind, span::Span};

    #[test]
    fn reads_the_forms_of_the_rfc() {
        // The examples of RFC 7644 section 3.5.2, and paths as identity providers send them.
        for text in [
            "members",
            "name.familyName",
            r#"addresses[type eq "work"]"#,
            r#"members[value eq "2819c223-7f76-453a-919d-413861904646"]"#,
            r#"members[value eq "2819c223-7f76-453a-919d-413861904646"].displayName"#,
            r#"emails[type eq "work" and value ew "example.com"]"#,
            r#"addresses[type eq "work" or type eq "home"].formatted"#,
            "emails[primary eq true].$ref",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
            r#"urn:ietf:params:scim:schemas:core:2.0:User:emails[type eq "work"].display"#,
        ] {
            let path: PatchPath = text.parse().unwrap();
            assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn refuses_everything_else() {
        for (text, kind, span) in [
            ("", PathErrorKind::Empty, (0, 0)),
            (" members", PathErrorKind::InvalidName, (0, 0)),
            ("members ", PathErrorKind::UnexpectedText, (7, 8)),
            ("name..givenName", PathErrorKind::InvalidName, (0, 15)),
            ("name.givenName.x", PathErrorKind::InvalidName, (0, 16)),
            ("/name/givenName", PathErrorKind::InvalidName, (0, 15)),
            ("__proto__.x", PathErrorKind::InvalidName, (0, 11)),
            ("urn:ex^:userName", PathErrorKind::InvalidUri, (0, 7)),
            ("title;DROP TABLE users", PathErrorKind::InvalidName, (0, 10)),
            ("title DROP", PathErrorKind::UnexpectedText, (5, 10)),
            ("title)", PathErrorKind::UnexpectedText, (5, 6)),
            (r#"[type eq "work"]"#, PathErrorKind::InvalidName, (0, 0)),
            (
                "emails[0].value",
                PathErrorKind::Filter(FilterErrorKind::InvalidAttribute),
                (7, 8),
            ),
            (
                "emails[]",
                PathErrorKind::Filter(FilterErrorKind::ExpectedAttribute),
                (7, 8),
            ),
            (
                r#"emails[type eq "work""#,
                PathErrorKind::Filter(FilterErrorKind::UnclosedBracket),
                (6, 7),
            ),
            (
                r#"emails[type regex "w"].value"#,
                PathErrorKind::Filter(FilterErrorKind::UnknownOperator),
                (12, 17),
            ),
            (r#"emails[type eq "work"]]"#, PathErrorKind::UnexpectedText, (22, 23)),
            (
                r#"emails[type eq "work"]value"#,
                PathErrorKind::UnexpectedText,
                (22, 27),
            ),
            (
                r#"emails[type eq "work"].value eq "x""#,
                PathErrorKind::UnexpectedText,
                (28, 31),
            ),
            (r#"emails[type eq "work"]."#, PathErrorKind::InvalidName, (23, 23)),
            (r#"emails[type eq "work"].a.b"#, PathErrorKind::InvalidName, (23, 26)),
            (r#"emails[type eq "work"].a:b"#, PathErrorKind::InvalidName, (23, 26)),
            (
                r#"emails[type eq "work"].value]"#,
                PathErrorKind::UnexpectedText,
                (28, 29),
            ),
        ] {
            let error = text.parse::<PatchPath>().unwrap_err();
            assert_eq!(
                (*error.kind(), error.span()),
                (kind, Span::new(span.0, span.1)),
                "{text:?}"
            );
        }
    }

    #[test]
    fn keeps_to_the_limits() {
        let limits = FilterLimits::default().with_max_bytes(20);
        let error = PatchPath::parse(r#"emails[type eq "work"]"#, &limits).unwrap_err();
        assert_eq!(*error.kind(), PathErrorKind::TooLong { max: 20 });
        assert_eq!(error.to_string(), "attribute path is longer than 20 bytes");

        let deep = format!("emails[{}type pr{}]", "(".repeat(600), ")".repeat(600));
        let error = deep.parse::<PatchPath>().unwrap_err();
        assert_eq!(
            *error.kind(),
            PathErrorKind::Filter(FilterErrorKind::TooDeep { max: 32 })
        );
    }
}
