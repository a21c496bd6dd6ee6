//! [`Fail`]: what the rules of the grammar answer when a text does not follow them.

use nom::{
    Err, IResult,
    error::{ErrorKind, ParseError},
};

use super::FilterErrorKind as Kind;
use crate::span::{Span, offset};

/// What a rule makes of the rest of the text.
pub(super) type Step<'a, T> = IResult<&'a [u8], T, Fail>;

/// What is wrong, and where, counted from the end of the text because that is what the rest of an
/// input tells.
#[derive(Debug)]
pub(super) struct Fail {
    kind: Kind,
    remaining: usize,
    length: usize,
}

impl Fail {
    /// A failure at the next `length` bytes of `input`, which rules out any other reading.
    pub(super) const fn at(kind: Kind, input: &[u8], length: usize) -> Err<Self> {
        Err::Failure(Self {
            kind,
            remaining: input.len(),
            length,
        })
    }

    /// A failure at the next character of `input`.
    pub(super) fn here(kind: Kind, input: &[u8]) -> Err<Self> {
        let continuation = input
            .iter()
            .skip(1)
            .take_while(|byte| **byte & 0b1100_0000 == 0b1000_0000);
        Self::at(kind, input, input.len().min(1 + continuation.count()))
    }

    /// A failure at the next word of `input`, whatever it holds.
    pub(super) fn unexpected(input: &[u8]) -> Self {
        let length = input
            .iter()
            .skip(1)
            .position(|byte| *byte == b' ')
            .map_or(input.len(), |at| at + 1);
        Self {
            kind: Kind::UnexpectedText,
            remaining: input.len(),
            length,
        }
    }

    pub(super) fn locate<E>(self, text: &str, fault: impl FnOnce(Kind, Span) -> E) -> E {
        let start = text.len().saturating_sub(self.remaining);
        fault(self.kind, Span::new(offset(start), offset(start + self.length)))
    }
}

impl<'a> ParseError<&'a [u8]> for Fail {
    fn from_error_kind(input: &'a [u8], _: ErrorKind) -> Self {
        Self {
            kind: Kind::UnexpectedText,
            remaining: input.len(),
            length: 0,
        }
    }

    fn append(_: &'a [u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

impl From<Err<Self>> for Fail {
    fn from(error: Err<Self>) -> Self {
        match error {
            Err::Error(fail) | Err::Failure(fail) => fail,
            // Only streaming parsers ask for more.
            Err::Incomplete(_) => Self {
                kind: Kind::UnexpectedText,
                remaining: 0,
                length: 0,
            },
        }
    }
}
