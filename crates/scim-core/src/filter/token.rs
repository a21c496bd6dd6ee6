//! The words and marks of the grammar.

use nom::{
    Err, Parser,
    branch::alt,
    bytes::complete::{tag, tag_no_case, take_till, take_while, take_while1},
    character::complete::char,
    combinator::{eof, peek, value, verify},
    sequence::{delimited, terminated},
};

use super::{
    CompareOp, FilterErrorKind as Kind,
    fail::{Fail, Step},
};

/// What a word after an attribute says.
pub(super) enum Operator {
    Compare(CompareOp),
    Present,
}

impl Operator {
    pub(super) const fn of(word: &[u8]) -> Option<Self> {
        let [a, b] = word else { return None };
        Some(Self::Compare(match &[a.to_ascii_lowercase(), b.to_ascii_lowercase()] {
            b"co" => CompareOp::Contains,
            b"eq" => CompareOp::Equal,
            b"ew" => CompareOp::EndsWith,
            b"ge" => CompareOp::GreaterOrEqual,
            b"gt" => CompareOp::GreaterThan,
            b"le" => CompareOp::LessOrEqual,
            b"lt" => CompareOp::LessThan,
            b"ne" => CompareOp::NotEqual,
            b"pr" => return Some(Self::Present),
            b"sw" => CompareOp::StartsWith,
            _ => return None,
        }))
    }
}

/// What a word after a term says.
#[derive(Clone, Copy)]
pub(super) enum Junction {
    And,
    Or,
}

/// `SP ("and" / "or")`, if `SP` or the end follows.
pub(super) fn junction(input: &[u8]) -> Step<'_, Junction> {
    let word = alt((
        value(Junction::And, tag_no_case("and")),
        value(Junction::Or, tag_no_case("or")),
    ));
    delimited(take_while1(is_blank), word, peek(alt((tag(" "), eof)))).parse_complete(input)
}

/// `not`, if `(` follows: else it is a name.
pub(super) fn negation(input: &[u8]) -> Step<'_, &[u8]> {
    terminated(tag_no_case("not"), (blanks, peek(char('(')))).parse_complete(input)
}

/// The character that closes what `opening` starts with.
pub(super) fn close<'a>(closing: char, unclosed: Kind, opening: &'a [u8], input: &'a [u8]) -> Step<'a, ()> {
    let (input, _) = blanks(input)?;
    match char::<_, Fail>(closing)(input) {
        Ok((rest, _)) => Ok((rest, ())),
        Err(_) if input.is_empty() => Err(Fail::at(unclosed, opening, 1)),
        Err(_) => Err(Err::Failure(Fail::unexpected(input))),
    }
}

/// The end of the text.
pub(super) fn end(input: &[u8]) -> Step<'_, ()> {
    let (input, _) = blanks(input)?;
    match input {
        [] => Ok((input, ())),
        _ => Err(Err::Failure(Fail::unexpected(input))),
    }
}

/// `SP`, without which `kind` is wrong.
pub(super) fn due_blanks(kind: Kind, input: &[u8]) -> Step<'_, &[u8]> {
    verify(blanks, |blanks: &[u8]| !blanks.is_empty())
        .parse_complete(input)
        .map_err(|_: Err<Fail>| Fail::here(kind, input))
}

pub(super) fn blanks(input: &[u8]) -> Step<'_, &[u8]> {
    take_while(is_blank)(input)
}

/// Everything up to a character that cannot be part of a name, operator, number or keyword.
pub(super) fn word(input: &[u8]) -> Step<'_, &[u8]> {
    take_till(is_end)(input)
}

const fn is_blank(byte: u8) -> bool {
    byte == b' '
}

pub(super) const fn is_end(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'"' | b'(' | b')' | b'[' | b']')
}
