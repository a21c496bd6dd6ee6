//! The tree of a filter.

use std::{
    hash::{Hash, Hasher},
    str::FromStr,
};

use serde_json::Number;

use super::{FilterError, FilterLimits, parse};
use crate::{attr::AttrPath, span::Span};

/// A filter as it was written (RFC 7644 section 3.4.2.2).
///
/// Names are not resolved. Filters compare without regard to where in a text their parts stood. What
/// [`Filter::parse`] makes is never deeper than its limits; a tree that is built by hand should not
/// be much deeper, since its methods recurse.
///
/// ```
/// use scim_core::filter::{CompareOp, Filter};
///
/// let filter = Filter::parse(r#"userType eq "Employee" and (title pr or emails co "example.com")"#)?;
/// let Filter::And(terms) = &filter else { panic!("no conjunction") };
/// let Filter::Compare(first) = &terms[0] else { panic!("no comparison") };
/// assert_eq!((first.path.name(), first.op), ("userType", CompareOp::Equal));
/// assert_eq!(filter.to_string(), r#"userType eq "Employee" and (title pr or emails co "example.com")"#);
/// # Ok::<(), scim_core::filter::FilterError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the grammar of RFC 7644 has these forms")]
pub enum Filter {
    /// All of two or more filters match.
    And(Vec<Self>),
    /// A value compares with a literal, as in `userName eq "bjensen"`.
    Compare(Comparison),
    /// The filter does not match.
    Not(Box<Self>),
    /// One of two or more filters matches.
    Or(Vec<Self>),
    /// The attribute has a value: `title pr`.
    Present(AttrPath),
    /// One value of a multi-valued attribute matches, as in `emails[type eq "work"]`.
    Values(ValuePath),
}

impl Filter {
    /// Reads a filter within the default limits.
    ///
    /// The grammar is that of RFC 7644 figure 1, in which `and` binds more tightly than `or`, with
    /// these readings:
    /// - Names, operators and URNs are taken in any case; JSON literals are exactly those of RFC 8259.
    /// - Where one blank is due, several are taken; blanks are taken beside `(`, `)`, `[` and `]` and
    ///   at both ends. Other white space is refused.
    /// - `not` may stand before `(` with or without a blank.
    /// - `emails[type eq "work"].value eq "x"`, which Entra ID sends, is read as
    ///   `emails[type eq "work" and value eq "x"]`.
    /// - There is no value filter within a value filter.
    ///
    /// # Errors
    ///
    /// If `text` is not a filter or goes beyond a limit.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Self::parse_with(text, &FilterLimits::default())
    }

    /// Reads a filter within the given limits.
    ///
    /// # Errors
    ///
    /// If `text` is not a filter or goes beyond a limit.
    pub fn parse_with(text: &str, limits: &FilterLimits) -> Result<Self, FilterError> {
        parse::filter(text, limits)
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

/// An attribute, an operator and a literal.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The attribute; within a [`ValuePath`], a sub-attribute of it.
    pub path: AttrPath,
    /// The operator.
    pub op: CompareOp,
    /// What the attribute is compared with.
    pub value: Literal,
    value_span: Span,
}

impl Comparison {
    /// The comparison of `path` with `value`.
    pub const fn new(path: AttrPath, op: CompareOp, value: Literal) -> Self {
        Self {
            path,
            op,
            value,
            value_span: Span::new(0, 0),
        }
    }

    /// Where the literal stood in the text; empty if the comparison was not parsed.
    pub const fn value_span(&self) -> Span {
        self.value_span
    }

    pub(super) const fn at(path: AttrPath, op: CompareOp, value: Literal, value_span: Span) -> Self {
        Self {
            path,
            op,
            value,
            value_span,
        }
    }
}

impl Eq for Comparison {}

impl PartialEq for Comparison {
    fn eq(&self, other: &Self) -> bool {
        self.op == other.op && self.path == other.path && self.value == other.value
    }
}

impl Hash for Comparison {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.path, self.op, &self.value).hash(state);
    }
}

/// A multi-valued attribute and a filter on its values: `emails[type eq "work"]`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct ValuePath {
    /// The attribute.
    pub path: AttrPath,
    /// What a value has to match; its paths name sub-attributes. It has no [`Filter::Values`] if it
    /// was parsed.
    pub filter: Box<Filter>,
}

impl ValuePath {
    /// The values of `path` that match `filter`.
    pub fn new(path: AttrPath, filter: Filter) -> Self {
        Self {
            path,
            filter: Box::new(filter),
        }
    }
}

/// A comparison operator (RFC 7644 table 3).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the grammar of RFC 7644 has these operators")]
pub enum CompareOp {
    /// `co`
    Contains,
    /// `ew`
    EndsWith,
    /// `eq`
    Equal,
    /// `ge`
    GreaterOrEqual,
    /// `gt`
    GreaterThan,
    /// `le`
    LessOrEqual,
    /// `lt`
    LessThan,
    /// `ne`
    NotEqual,
    /// `sw`
    StartsWith,
}

impl CompareOp {
    /// The operator as it is written in a filter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contains => "co",
            Self::EndsWith => "ew",
            Self::Equal => "eq",
            Self::GreaterOrEqual => "ge",
            Self::GreaterThan => "gt",
            Self::LessOrEqual => "le",
            Self::LessThan => "lt",
            Self::NotEqual => "ne",
            Self::StartsWith => "sw",
        }
    }
}

/// What an attribute is compared with: a JSON value without parts.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "JSON has these values without parts")]
pub enum Literal {
    /// `true` or `false`
    Bool(bool),
    /// `null`
    Null,
    /// A number. Whole numbers fit into 64 bits, others are the nearest of double precision.
    Number(Number),
    /// A string, with its escapes decoded.
    String(Box<str>),
}
