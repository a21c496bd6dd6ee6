//! JSON literals exactly as in RFC 8259, read from the middle of a filter.

use nom::{
    Parser,
    branch::alt,
    bytes::complete::{tag, take, take_till, take_while1},
    character::complete::{char, one_of},
    combinator::{all_consuming, opt, recognize},
};
use serde_json::Number;

use super::{
    FilterErrorKind,
    fail::{Fail, Step},
};

/// The value of a string, borrowed where it has no escapes.
pub(super) enum Text<'a> {
    Plain(&'a [u8]),
    Decoded(String),
}

/// Reads a string whose opening quote is taken, with its closing quote. `opening` starts at the
/// opening quote.
pub(super) fn string<'a>(opening: &'a [u8], input: &'a [u8]) -> Step<'a, Text<'a>> {
    let (rest, plain) = take_till(is_special)(input)?;
    match rest {
        [b'"', rest @ ..] => Ok((rest, Text::Plain(plain))),
        _ => decoded(opening, input),
    }
}

/// Reads a word that begins like a number.
pub(super) fn number(word: &str) -> Result<Number, FilterErrorKind> {
    let shape: Step<'_, bool> = all_consuming(json_number).parse_complete(word.as_bytes());
    let Ok((_, is_whole)) = shape else {
        return Err(FilterErrorKind::InvalidNumber);
    };
    // The parser of request bodies reads this too, so that equal texts are equal numbers.
    let number: Number = word.parse().map_err(|_| FilterErrorKind::NumberOutOfRange)?;
    // It takes a whole number that does not fit into 64 bits for the nearest float, and -0 for -0.0.
    match is_whole && number.is_f64() && word != "-0" {
        true => Err(FilterErrorKind::NumberOutOfRange),
        false => Ok(number),
    }
}

/// `number` of RFC 8259 section 6: true if it has neither fraction nor exponent.
fn json_number(input: &[u8]) -> Step<'_, bool> {
    let digits = || take_while1(|byte: u8| byte.is_ascii_digit());
    let whole = (opt(char('-')), alt((tag(&b"0"[..]), digits())));
    let fraction = opt(recognize((char('.'), digits())));
    let exponent = opt(recognize((one_of("eE"), opt(one_of("+-")), digits())));
    (whole, fraction, exponent)
        .map(|(_, fraction, exponent)| fraction.is_none() && exponent.is_none())
        .parse_complete(input)
}

fn decoded<'a>(opening: &'a [u8], mut input: &'a [u8]) -> Step<'a, Text<'a>> {
    let mut text = String::new();
    loop {
        let (rest, plain) = take_till(is_special)(input)?;
        // The text was UTF-8 as a whole and is cut at ASCII characters only, so this is never lossy.
        text.push_str(&String::from_utf8_lossy(plain));
        match rest {
            [b'"', rest @ ..] => return Ok((rest, Text::Decoded(text))),
            [b'\\', ..] => {
                let (rest, c) = escape(rest)?;
                text.push(c);
                input = rest;
            }
            [] => return Err(Fail::at(FilterErrorKind::UnclosedString, opening, 1)),
            _ => return Err(Fail::at(FilterErrorKind::InvalidString, rest, 1)),
        }
    }
}

/// One escaped character, from its backslash on.
fn escape(input: &[u8]) -> Step<'_, char> {
    let fail = |length| Fail::at(FilterErrorKind::InvalidString, input, length);
    let (rest, c) = match input {
        [_, c @ (b'"' | b'\\' | b'/'), rest @ ..] => (rest, char::from(*c)),
        [_, b'b', rest @ ..] => (rest, '\u{8}'),
        [_, b'f', rest @ ..] => (rest, '\u{c}'),
        [_, b'n', rest @ ..] => (rest, '\n'),
        [_, b'r', rest @ ..] => (rest, '\r'),
        [_, b't', rest @ ..] => (rest, '\t'),
        _ => {
            let shown = input.iter().take(2).take_while(|byte| byte.is_ascii()).count();
            let (rest, first) = unit(input).map_err(|_| fail(shown))?;
            match (first, unit(rest)) {
                // A character beyond the basic plane is written as two surrogates (RFC 8259 section 7).
                (0xd800..=0xdbff, Ok((rest, second @ 0xdc00..=0xdfff))) => (
                    rest,
                    char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or_else(|| fail(12))?,
                ),
                _ => (rest, char::from_u32(first).ok_or_else(|| fail(6))?),
            }
        }
    };
    Ok((rest, c))
}

/// `\u` and four hexadecimal digits.
fn unit(input: &[u8]) -> Step<'_, u32> {
    let (rest, (_, digits)) = (tag(&b"\\u"[..]), take(4_usize)).parse_complete(input)?;
    let value = digits
        .iter()
        .try_fold(0, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?));
    value
        .map(|value| (rest, value))
        .ok_or_else(|| Fail::at(FilterErrorKind::InvalidString, input, 6))
}

/// What ends a run of plain characters in a string: quote, backslash, control characters.
const fn is_special(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}
