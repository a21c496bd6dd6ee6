//! [`PathError`]: why a text is not a path.

use std::{error, fmt};

use crate::{filter::FilterErrorKind, span::Span};

/// A text that is not an attribute path or a PATCH path.
///
/// The message names a position and what was expected, never a piece of the text: it may be sent to
/// the client as the `detail` of an error with the `scimType` `invalidPath`. [`PathError::render`]
/// shows the text as well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PathError {
    kind: PathErrorKind,
    span: Span,
    column: u32,
}

impl PathError {
    pub(crate) fn new(kind: PathErrorKind, span: Span, text: &str) -> Self {
        Self {
            kind,
            span,
            column: span.column(text),
        }
    }

    /// What is wrong.
    pub const fn kind(&self) -> &PathErrorKind {
        &self.kind
    }

    /// Where it is wrong, in bytes of the text that was parsed.
    pub const fn span(&self) -> Span {
        self.span
    }

    /// The message, then `text`, the text that was parsed, with carets below the fault. For
    /// developers: `text` may come from an attacker and hold secrets.
    pub fn render(&self, text: &str) -> String {
        format!("{self}\n{}", self.span.carets(text))
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            PathErrorKind::Empty => f.write_str("empty attribute path"),
            PathErrorKind::Filter(kind) => kind.describe(self.column, f),
            PathErrorKind::InvalidName => write!(
                f,
                "invalid attribute path at character {}: expected a letter, then letters, digits, `-` or `_`, with at \
                 most one sub-attribute after a `.`",
                self.column
            ),
            PathErrorKind::InvalidUri => write!(f, "invalid schema URI at character {}", self.column),
            PathErrorKind::TooLong { max } => write!(f, "attribute path is longer than {max} bytes"),
            PathErrorKind::UnexpectedText => {
                write!(
                    f,
                    "unexpected text at character {}: expected the end of the path",
                    self.column
                )
            }
        }
    }
}

impl error::Error for PathError {}

/// What is wrong with a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PathErrorKind {
    /// There is no path at all.
    Empty,
    /// The filter between `[` and `]` is wrong.
    Filter(FilterErrorKind),
    /// A name is empty or holds a character that names do not have, or there are three names in a row.
    InvalidName,
    /// What stands before the last `:` cannot be the URI of a schema.
    InvalidUri,
    /// The text is longer than the limit.
    TooLong {
        /// The limit, in bytes.
        max: u32,
    },
    /// Something follows the path.
    UnexpectedText,
}
