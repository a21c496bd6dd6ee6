//! [`FilterError`]: why a text is not a filter.

use std::{error, fmt};

use crate::span::Span;

/// A text that is not a filter, or that goes beyond a limit.
///
/// The message names a position and what was expected, never a piece of the text: it may be sent to
/// the client as the `detail` of an error with the `scimType` `invalidFilter`.
/// [`FilterError::render`] shows the text as well.
///
/// ```
/// use scim_core::filter::Filter;
///
/// let text = r#"userName equals "bjensen""#;
/// let error = Filter::parse(text).unwrap_err();
/// assert_eq!(
///     error.render(text),
///     "unknown operator at character 10: expected eq, ne, co, sw, ew, gt, ge, lt, le or pr\n\
///      userName equals \"bjensen\"\n         ^^^^^^"
/// );
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FilterError {
    kind: FilterErrorKind,
    span: Span,
    column: u32,
}

impl FilterError {
    pub(super) fn new(kind: FilterErrorKind, span: Span, text: &str) -> Self {
        Self {
            kind,
            span,
            column: span.column(text),
        }
    }

    /// What is wrong.
    pub const fn kind(&self) -> &FilterErrorKind {
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

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.describe(self.column, f)
    }
}

impl error::Error for FilterError {}

/// What is wrong with a filter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FilterErrorKind {
    /// There is no filter at all.
    Empty,
    /// An attribute has to stand here.
    ExpectedAttribute,
    /// A blank and an operator have to follow the attribute.
    ExpectedOperator,
    /// `not` is not followed by `(`.
    ExpectedParenthesis,
    /// A blank and a JSON literal have to follow the operator. Words are not literals without quotes.
    ExpectedValue,
    /// The path of an attribute is malformed.
    InvalidAttribute,
    /// The number is not one of JSON.
    InvalidNumber,
    /// The string holds a control character, or an escape that JSON does not have or that is no
    /// character.
    InvalidString,
    /// A value filter stands within a value filter.
    NestedValuePath,
    /// The number is one of JSON, but a whole number does not fit into 64 bits or another is not
    /// finite in double precision.
    NumberOutOfRange,
    /// `(` and `[` nest too deeply.
    TooDeep {
        /// The limit.
        max: u32,
    },
    /// The text is too long.
    TooLong {
        /// The limit, in bytes.
        max: u32,
    },
    /// There are too many comparisons and tests for presence.
    TooManyTerms {
        /// The limit.
        max: u32,
    },
    /// `[` is not closed.
    UnclosedBracket,
    /// `(` is not closed.
    UnclosedParenthesis,
    /// `"` is not closed.
    UnclosedString,
    /// The filter, or a part in parentheses or brackets, should have ended or gone on with `and` or
    /// `or`.
    UnexpectedText,
    /// The word after the attribute is no operator.
    UnknownOperator,
}

impl FilterErrorKind {
    pub(crate) fn describe(self, column: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, hint) = match self {
            Self::Empty => return f.write_str("empty filter"),
            Self::TooLong { max } => return write!(f, "filter is longer than {max} bytes"),
            Self::TooDeep { max } => {
                return write!(f, "filter nests more than {max} levels deep at character {column}");
            }
            Self::TooManyTerms { max } => return write!(f, "filter has more than {max} terms at character {column}"),
            Self::ExpectedAttribute => ("expected an attribute", ""),
            Self::ExpectedOperator => ("expected a blank and an operator", ", such as eq or pr"),
            Self::ExpectedParenthesis => ("`not` without parentheses", ": expected `not (`"),
            Self::ExpectedValue => (
                "expected a blank and a value",
                ": a string in double quotes, a number, true, false or null",
            ),
            Self::InvalidAttribute => (
                "invalid attribute",
                ": expected a letter, then letters, digits, `-` or `_`, with at most one sub-attribute after a `.`",
            ),
            Self::InvalidNumber => ("invalid number", ""),
            Self::InvalidString => ("invalid character or escape in a string", ""),
            Self::NestedValuePath => ("value filter within a value filter", ""),
            Self::NumberOutOfRange => ("number out of range", ""),
            Self::UnclosedBracket => ("unclosed bracket", ""),
            Self::UnclosedParenthesis => ("unclosed parenthesis", ""),
            Self::UnclosedString => ("unclosed string", ""),
            Self::UnexpectedText => ("unexpected text", ": expected a blank and `and` or `or`, or the end"),
            Self::UnknownOperator => (
                "unknown operator",
                ": expected eq, ne, co, sw, ew, gt, ge, lt, le or pr",
            ),
        };
        write!(f, "{what} at character {column}{hint}")
    }
}
