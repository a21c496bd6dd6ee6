//! [`AttrPath`]: the name of an attribute, with its schema and sub-attribute if given.

use std::{
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{PathError, PathErrorKind};
use crate::span::{Span, index, offset};

/// The path of an attribute: `attrPath` of RFC 7644 section 3.4.2.2, as in `userName`,
/// `name.familyName` or `urn:ietf:params:scim:schemas:core:2.0:User:name.familyName`.
///
/// The last `:` divides the URI of the schema from the attribute, for the URIs hold dots and colons
/// themselves. Whether the attribute exists is for a schema to say; in particular the URN of a
/// schema alone is a path too, whose [`name`](Self::name) is the last part of the URN: compare
/// [`text`](Self::text) with the URNs that are known.
///
/// The spelling is kept, but paths compare and hash without regard to ASCII case (RFC 7643 section
/// 2.1, RFC 7644 section 3.10), and wherever in a text they stood.
///
/// ```
/// use scim_core::attr::AttrPath;
///
/// let path = AttrPath::parse("urn:ietf:params:scim:schemas:core:2.0:User:name.familyName")?;
/// assert_eq!(path.uri(), Some("urn:ietf:params:scim:schemas:core:2.0:User"));
/// assert_eq!(path.name(), "name");
/// assert_eq!(path.sub(), Some("familyName"));
/// # Ok::<(), scim_core::attr::PathError>(())
/// ```
#[derive(Clone)]
pub struct AttrPath {
    text: Box<str>,
    /// Where the name starts in `text`: 0, or after the colon that ends the URI.
    name: u32,
    /// Where the sub-attribute starts in `text`: 0 if there is none.
    sub: u32,
    span: Span,
}

impl AttrPath {
    /// Reads a path. Blanks around it are not part of it and are refused.
    ///
    /// # Errors
    ///
    /// If `text` does not have the form of `attrPath`. Names are those of RFC 7643 section 2.1, with
    /// `$` as a first character too, as `$ref` needs it.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        match Shape::of(text) {
            Ok(shape) => Ok(Self::shaped(text.into(), shape, Span::new(0, offset(text.len())))),
            Err((kind, span)) => Err(PathError::new(kind, span, text)),
        }
    }

    /// Puts a path together from its parts.
    ///
    /// # Errors
    ///
    /// If a part is not a URI or a name; the span of the error points into the path that they would
    /// have made.
    pub fn new(uri: Option<&str>, name: &str, sub: Option<&str>) -> Result<Self, PathError> {
        let mut text = String::with_capacity([uri, Some(name), sub].iter().flatten().map(|part| part.len() + 1).sum());
        if let Some(uri) = uri {
            text.push_str(uri);
            text.push(':');
        }
        let shape = Shape {
            name: offset(text.len()),
            sub: sub.map_or(0, |_| offset(text.len() + name.len() + 1)),
        };
        text.push_str(name);
        if let Some(sub) = sub {
            text.push('.');
            text.push_str(sub);
        }
        // A part may hold a divider itself: then the whole reads otherwise, and is refused.
        let found = Shape::of(&text).and_then(|found| match found == shape {
            true => Ok(found),
            false => Err((PathErrorKind::InvalidName, Span::new(shape.name, offset(text.len())))),
        });
        match found {
            Ok(shape) => {
                let span = Span::new(0, offset(text.len()));
                Ok(Self::shaped(text.into_boxed_str(), shape, span))
            }
            Err((kind, span)) => Err(PathError::new(kind, span, &text)),
        }
    }

    /// The URI of the schema, if the path has one.
    pub fn uri(&self) -> Option<&str> {
        self.text.get(..index(self.name).checked_sub(1)?)
    }

    /// The name of the attribute.
    pub fn name(&self) -> &str {
        let end = if self.sub == 0 {
            self.text.len()
        } else {
            index(self.sub) - 1
        };
        self.text.get(index(self.name)..end).unwrap_or_default()
    }

    /// The name of the sub-attribute, if the path has one.
    pub fn sub(&self) -> Option<&str> {
        if self.sub == 0 {
            None
        } else {
            self.text.get(index(self.sub)..)
        }
    }

    /// The whole path as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the path stood in the text that it was parsed from.
    pub const fn span(&self) -> Span {
        self.span
    }

    /// The path `word`, which stood at `span` of a longer text.
    pub(crate) fn at(word: &str, span: Span) -> Option<Self> {
        Shape::of(word).ok().map(|shape| Self::shaped(word.into(), shape, span))
    }

    /// The single name `word`, which stood at `span` of a longer text.
    pub(crate) fn name_at(word: &str, span: Span) -> Option<Self> {
        is_name(word).then(|| Self::shaped(word.into(), Shape { name: 0, sub: 0 }, span))
    }

    const fn shaped(text: Box<str>, shape: Shape, span: Span) -> Self {
        Self {
            text,
            name: shape.name,
            sub: shape.sub,
            span,
        }
    }
}

impl Eq for AttrPath {}

impl PartialEq for AttrPath {
    fn eq(&self, other: &Self) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }
}

impl Hash for AttrPath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.text.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
        state.write_u8(0xff);
    }
}

impl fmt::Debug for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AttrPath({:?} at {}..{})", self.text, self.span.start, self.span.end)
    }
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for AttrPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

impl Serialize for AttrPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for AttrPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = AttrPath;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the path of an attribute")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<AttrPath, E> {
                AttrPath::parse(text).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

/// Where the parts of a path start.
#[derive(Clone, Copy, Eq, PartialEq)]
struct Shape {
    name: u32,
    sub: u32,
}

impl Shape {
    fn of(text: &str) -> Result<Self, (PathErrorKind, Span)> {
        let all = Span::new(0, offset(text.len()));
        if is_name(text) && all.end < u32::MAX {
            return Ok(Self { name: 0, sub: 0 });
        }
        if text.is_empty() {
            return Err((PathErrorKind::Empty, all));
        }
        if all.end == u32::MAX {
            return Err((PathErrorKind::TooLong { max: u32::MAX - 1 }, all));
        }
        let (uri, names) = text
            .rsplit_once(':')
            .map_or((None, text), |(uri, names)| (Some(uri), names));
        if uri.is_some_and(|uri| !is_uri(uri)) {
            return Err((
                PathErrorKind::InvalidUri,
                Span::new(0, offset(text.len() - names.len() - 1)),
            ));
        }
        let name = offset(text.len() - names.len());
        let (sub, valid) = match names.split_once('.') {
            Some((first, second)) => (offset(text.len() - second.len()), is_name(first) && is_name(second)),
            None => (0, is_name(names)),
        };
        match valid {
            true => Ok(Self { name, sub }),
            false => Err((PathErrorKind::InvalidName, Span::new(name, all.end))),
        }
    }
}

/// `ATTRNAME` of RFC 7643 section 2.1. Its `nameChar` has `$`, which RFC 7644 lacks (erratum 8924);
/// it is needed as the first character of `$ref` and taken nowhere else.
pub(crate) fn is_name(text: &str) -> bool {
    match text.as_bytes() {
        [first, rest @ ..] => {
            (first.is_ascii_alphabetic() || *first == b'$')
                && rest
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        }
        [] => false,
    }
}

/// The characters of RFC 3986 and RFC 8141 but for those that end a word in a filter.
fn is_uri(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b':' | b'.' | b'-' | b'_' | b'~' | b'/' | b'%' | b'+' | b'=' | b'@' | b',' | b'*'
                )
        })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    fn parts(text: &str) -> (Option<String>, String, Option<String>) {
        let path = AttrPath::parse(text).unwrap();
        assert_eq!(path.text(), text);
        assert_eq!(path.to_string(), text);
        assert_eq!(path.span(), Span::new(0, offset(text.len())));
        assert_eq!(AttrPath::new(path.uri(), path.name(), path.sub()).unwrap(), path);
        (
            path.uri().map(str::to_owned),
            path.name().to_owned(),
            path.sub().map(str::to_owned),
        )
    }

    #[test]
    fn the_last_colon_ends_the_uri() {
        assert_eq!(parts("userName"), (None, "userName".into(), None));
        assert_eq!(
            parts("name.familyName"),
            (None, "name".into(), Some("familyName".into()))
        );
        assert_eq!(parts("members.$ref"), (None, "members".into(), Some("$ref".into())));
        assert_eq!(parts("$ref"), (None, "$ref".into(), None));
        assert_eq!(parts("my-attr_2"), (None, "my-attr_2".into(), None));
        assert_eq!(
            parts(&format!("{ENTERPRISE}:manager.value")),
            (Some(ENTERPRISE.into()), "manager".into(), Some("value".into()))
        );
        assert_eq!(
            parts(&format!("{USER}:userName")),
            (Some(USER.into()), "userName".into(), None)
        );
        assert_eq!(
            parts(USER),
            (
                Some("urn:ietf:params:scim:schemas:core:2.0".into()),
                "User".into(),
                None
            ),
            "the URN of a schema alone is divided like any path"
        );
    }

    #[test]
    fn refuses_what_is_no_path() {
        for (text, kind, span) in [
            ("", PathErrorKind::Empty, (0, 0)),
            (" userName", PathErrorKind::InvalidName, (0, 9)),
            ("userName ", PathErrorKind::InvalidName, (0, 9)),
            ("name..givenName", PathErrorKind::InvalidName, (0, 15)),
            ("name.givenName.x", PathErrorKind::InvalidName, (0, 16)),
            ("name.", PathErrorKind::InvalidName, (0, 5)),
            (".name", PathErrorKind::InvalidName, (0, 5)),
            ("/name/givenName", PathErrorKind::InvalidName, (0, 15)),
            ("emails[0].value", PathErrorKind::InvalidName, (0, 15)),
            ("__proto__.x", PathErrorKind::InvalidName, (0, 11)),
            ("1st", PathErrorKind::InvalidName, (0, 3)),
            ("na$me", PathErrorKind::InvalidName, (0, 5)),
            ("us\u{435}rName", PathErrorKind::InvalidName, (0, 9)),
            ("urn:example:", PathErrorKind::InvalidName, (12, 12)),
            ("urn:example:.x", PathErrorKind::InvalidName, (12, 14)),
            (":userName", PathErrorKind::InvalidUri, (0, 0)),
            ("urn:ex ample:userName", PathErrorKind::InvalidUri, (0, 12)),
            ("1rn:example:userName", PathErrorKind::InvalidUri, (0, 11)),
        ] {
            let error = AttrPath::parse(text).unwrap_err();
            assert_eq!(
                (*error.kind(), error.span()),
                (kind, Span::new(span.0, span.1)),
                "{text:?}"
            );
        }
    }

    #[test]
    fn parts_hold_no_dividers() {
        for (uri, name, sub) in [
            (None, "urn:example:name", None),
            (None, "name.givenName", None),
            (Some(USER), "name.givenName", None),
            (Some(USER), "a:b", None),
            (None, "name", Some("a.b")),
            (None, "name", Some("a:b")),
            (None, "", None),
            (None, "name", Some("")),
            (Some(""), "name", None),
        ] {
            assert!(AttrPath::new(uri, name, sub).is_err(), "{uri:?} {name:?} {sub:?}");
        }
    }

    #[test]
    fn case_does_not_tell_paths_apart() {
        let paths: HashSet<_> = ["userName", "USERNAME", "displayName"]
            .map(|text| AttrPath::parse(text).unwrap())
            .into();
        assert_eq!(paths.len(), 2);
        assert!(paths.contains(&AttrPath::at("username", Span::new(7, 15)).unwrap()));
        assert_eq!(
            AttrPath::parse(&USER.to_uppercase()).unwrap(),
            AttrPath::parse(USER).unwrap()
        );
    }

    #[test]
    fn is_a_string_in_json() {
        let path: AttrPath = serde_json::from_str(r#""name.familyName""#).unwrap();
        assert_eq!(serde_json::to_string(&path).unwrap(), r#""name.familyName""#);
        let error = serde_json::from_str::<AttrPath>(r#""drop table students""#)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("invalid attribute path at character 1"), "{error}");
    }

    #[test]
    fn errors_show_the_place_only_on_request() {
        let error = AttrPath::parse("urn:example:1st").unwrap_err();
        let message = "invalid attribute path at character 13: expected a letter, then letters, digits, `-` or `_`, \
                       with at most one sub-attribute after a `.`";
        assert_eq!(error.to_string(), message);
        assert_eq!(
            error.render("urn:example:1st"),
            format!("{message}\nurn:example:1st\n            ^^^")
        );
    }
}
