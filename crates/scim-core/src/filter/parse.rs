//! The grammar of filters and of PATCH paths (RFC 7644 figures 1 and 7).
//!
//! Every construct is recognised by its first token and then committed to, so nothing is read twice
//! but a run of blanks, and the time is linear. The grammar recurses only at `(` and `[`, which are
//! charged against the limits first.

use std::cell::Cell;

use nom::{
    Err, IResult, Parser,
    branch::alt,
    bytes::complete::{tag, tag_no_case, take_till, take_while, take_while1},
    character::complete::char,
    combinator::{eof, opt, peek, value, verify},
    error::{ErrorKind, ParseError},
    sequence::{delimited, preceded, terminated},
};

use super::{
    CompareOp, Comparison, Filter, FilterError, FilterErrorKind as Kind, FilterLimits, Literal, ValuePath,
    literal::{self, Text},
};
use crate::{
    attr::{AttrPath, PatchPath, PathError, PathErrorKind},
    span::{Span, offset},
};

/// Reads a whole filter.
pub(super) fn filter(text: &str, limits: &FilterLimits) -> Result<Filter, FilterError> {
    let terms = Cell::new(0);
    let grammar = Grammar::new(text, limits, &terms);
    let fault = |kind, span| FilterError::new(kind, span, text);
    if offset(text.len()) > limits.max_bytes {
        return Err(fault(Kind::TooLong { max: limits.max_bytes }, grammar.excess()));
    }
    if text.bytes().all(|byte| byte == b' ') {
        return Err(fault(Kind::Empty, Span::new(0, offset(text.len()))));
    }
    match terminated(|input| grammar.filter(input), end).parse_complete(text.as_bytes()) {
        Ok((_, filter)) => Ok(filter),
        Err(failure) => Err(Fail::from(failure).locate(text, fault)),
    }
}

/// Reads the path of a PATCH operation.
pub(crate) fn patch_path(text: &str, limits: &FilterLimits) -> Result<PatchPath, PathError> {
    let terms = Cell::new(0);
    let grammar = Grammar::new(text, limits, &terms);
    let fault = |kind, span| PathError::new(kind, span, text);
    if offset(text.len()) > limits.max_bytes {
        return Err(fault(
            PathErrorKind::TooLong { max: limits.max_bytes },
            grammar.excess(),
        ));
    }
    let (word, bracket) = text.split_at(
        text.find(|c: char| u8::try_from(c).is_ok_and(is_end))
            .unwrap_or(text.len()),
    );
    if word.is_empty() && !bracket.is_empty() {
        return Err(fault(PathErrorKind::InvalidName, Span::new(0, 0)));
    }
    let path = AttrPath::parse(word)?;
    let (rest, path) = if bracket.starts_with('[') {
        let within =
            |fail: Err<Fail>| Fail::from(fail).locate(text, |kind, span| fault(PathErrorKind::Filter(kind), span));
        let (rest, filter) = grammar.brackets(bracket.as_bytes()).map_err(within)?;
        let values = ValuePath::new(path, filter);
        let bad_name =
            |fail: Err<Fail>| Fail::from(fail).locate(text, |_, span| fault(PathErrorKind::InvalidName, span));
        let (rest, sub) = opt(preceded(char('.'), |input| grammar.sub(input)))
            .parse_complete(rest)
            .map_err(bad_name)?;
        (rest, PatchPath::Values { values, sub })
    } else {
        (bracket.as_bytes(), PatchPath::Attr(path))
    };
    match rest {
        [] => Ok(path),
        _ => Err(Fail::unexpected(rest).locate(text, |_, span| fault(PathErrorKind::UnexpectedText, span))),
    }
}

type Step<'a, T> = IResult<&'a [u8], T, Fail>;

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
    fn here(kind: Kind, input: &[u8]) -> Err<Self> {
        let continuation = input
            .iter()
            .skip(1)
            .take_while(|byte| **byte & 0b1100_0000 == 0b1000_0000);
        Self::at(kind, input, input.len().min(1 + continuation.count()))
    }

    /// A failure at the next word of `input`, whatever it holds.
    fn unexpected(input: &[u8]) -> Self {
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

    fn locate<E>(self, text: &str, fault: impl FnOnce(Kind, Span) -> E) -> E {
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

/// The rules that need the text, the limits or what stands around them.
#[derive(Clone, Copy)]
struct Grammar<'a, 'l> {
    text: &'a str,
    limits: &'l FilterLimits,
    terms: &'l Cell<u32>,
    depth: u32,
    in_brackets: bool,
}

impl<'a, 'l> Grammar<'a, 'l> {
    const fn new(text: &'a str, limits: &'l FilterLimits, terms: &'l Cell<u32>) -> Self {
        Self {
            text,
            limits,
            terms,
            depth: 0,
            in_brackets: false,
        }
    }

    /// `FILTER`. Both levels of precedence are one loop, so that only brackets recurse.
    fn filter(&self, mut input: &'a [u8]) -> Step<'a, Filter> {
        let (mut all, mut any) = (Vec::new(), Vec::new());
        loop {
            let (rest, term) = self.term(input)?;
            match opt(junction).parse_complete(rest)? {
                (rest, Some(Junction::And)) => {
                    all.push(term);
                    input = rest;
                }
                (rest, Some(Junction::Or)) => {
                    any.push(joined(all, term, Filter::And));
                    all = Vec::new();
                    input = rest;
                }
                (rest, None) => return Ok((rest, joined(any, joined(all, term, Filter::And), Filter::Or))),
            }
        }
    }

    /// A group, its negation, an `attrExp` or a `valuePath`.
    fn term(&self, input: &'a [u8]) -> Step<'a, Filter> {
        let (input, _) = blanks(input)?;
        match opt(negation).parse_complete(input)? {
            (rest, Some(_)) => self
                .group(rest)
                .map(|(rest, filter)| (rest, Filter::Not(Box::new(filter)))),
            (rest, None) if rest.starts_with(b"(") => self.group(rest),
            (rest, None) => self.expression(rest),
        }
    }

    /// `"(" FILTER ")"`
    fn group(&self, input: &'a [u8]) -> Step<'a, Filter> {
        let (body, _) = char('(')(input)?;
        let (rest, filter) = self.deeper(input)?.filter(body)?;
        let (rest, _) = close(')', Kind::UnclosedParenthesis, input, rest)?;
        Ok((rest, filter))
    }

    /// `attrExp` or `valuePath`
    fn expression(&self, input: &'a [u8]) -> Step<'a, Filter> {
        let (rest, path) = self.path(input)?;
        match rest {
            [b'[', ..] if self.in_brackets => Err(Fail::at(Kind::NestedValuePath, input, input.len() - rest.len() + 1)),
            [b'[', ..] => self.values(path, rest),
            _ => self.test(path, rest),
        }
    }

    /// What follows the path of a `valuePath`. The form of Entra ID, which names a sub-attribute
    /// after the bracket, is one more condition on the same value.
    fn values(&self, path: AttrPath, input: &'a [u8]) -> Step<'a, Filter> {
        let (rest, mut filter) = self.brackets(input)?;
        let (rest, test) = opt(preceded(char('.'), |input| {
            let (rest, sub) = self.sub(input)?;
            self.charge(input, sub.text().len())?;
            self.test(sub, rest)
        }))
        .parse_complete(rest)?;
        if let Some(test) = test {
            filter = match filter {
                Filter::And(mut parts) => {
                    parts.push(test);
                    Filter::And(parts)
                }
                filter => Filter::And(vec![filter, test]),
            };
        }
        Ok((rest, Filter::Values(ValuePath::new(path, filter))))
    }

    /// `"[" valFilter "]"`
    fn brackets(&self, input: &'a [u8]) -> Step<'a, Filter> {
        let (body, _) = char('[')(input)?;
        let inner = Self {
            in_brackets: true,
            ..self.deeper(input)?
        };
        let (rest, filter) = inner.filter(body)?;
        let (rest, _) = close(']', Kind::UnclosedBracket, input, rest)?;
        Ok((rest, filter))
    }

    /// What follows the path of an `attrExp`: `SP "pr"` or `SP compareOp SP compValue`.
    fn test(&self, path: AttrPath, input: &'a [u8]) -> Step<'a, Filter> {
        let (input, _) = due_blanks(Kind::ExpectedOperator, input)?;
        let (rest, name) = word(input)?;
        let op = match Operator::of(name) {
            Some(Operator::Compare(op)) => op,
            Some(Operator::Present) => return Ok((rest, Filter::Present(path))),
            None if name.is_empty() => return Err(Fail::here(Kind::ExpectedOperator, input)),
            None if path.text().eq_ignore_ascii_case("not") => {
                return Err(Fail::at(Kind::ExpectedParenthesis, input, name.len()));
            }
            None => return Err(Fail::at(Kind::UnknownOperator, input, name.len())),
        };
        let (input, _) = due_blanks(Kind::ExpectedValue, rest)?;
        let (rest, value) = self.literal(&path, input)?;
        Ok((
            rest,
            Filter::Compare(Comparison::at(path, op, value, self.span(input, rest))),
        ))
    }

    /// `compValue`
    fn literal(&self, path: &AttrPath, input: &'a [u8]) -> Step<'a, Literal> {
        if let [b'"', body @ ..] = input {
            let (rest, text) = literal::string(input, body)?;
            let text = match text {
                Text::Plain(plain) => self.slice(body, plain.len()).into(),
                Text::Decoded(text) => text.into_boxed_str(),
            };
            return Ok((rest, Literal::String(text)));
        }
        let (rest, word) = word(input)?;
        let value = match word {
            [] => return Err(Fail::here(Kind::ExpectedValue, input)),
            b"false" => Literal::Bool(false),
            b"null" => Literal::Null,
            b"true" => Literal::Bool(true),
            [b'-' | b'0'..=b'9', ..] => match literal::number(self.slice(input, word.len())) {
                Ok(number) => Literal::Number(number),
                Err(kind) => return Err(Fail::at(kind, input, word.len())),
            },
            [first, ..]
                if self.limits.bare_resource_type
                    && path.text().eq_ignore_ascii_case("meta.resourceType")
                    && first.is_ascii_alphabetic()
                    && word.iter().all(u8::is_ascii_alphanumeric) =>
            {
                Literal::String(self.slice(input, word.len()).into())
            }
            _ => return Err(Fail::at(Kind::ExpectedValue, input, word.len())),
        };
        Ok((rest, value))
    }

    /// `attrPath`, charged as one term.
    fn path(&self, input: &'a [u8]) -> Step<'a, AttrPath> {
        let (rest, word) = word(input)?;
        if word.is_empty() {
            return Err(Fail::here(Kind::ExpectedAttribute, input));
        }
        if !rest.starts_with(b"[") {
            self.charge(input, word.len())?;
        }
        match AttrPath::at(self.slice(input, word.len()), self.span(input, rest)) {
            Some(path) => Ok((rest, path)),
            None => Err(Fail::at(Kind::InvalidAttribute, input, word.len())),
        }
    }

    /// The name of a sub-attribute, whose dot is taken.
    fn sub(&self, input: &'a [u8]) -> Step<'a, AttrPath> {
        let (rest, word) = word(input)?;
        match AttrPath::name_at(self.slice(input, word.len()), self.span(input, rest)) {
            Some(path) => Ok((rest, path)),
            None => Err(Fail::at(Kind::InvalidAttribute, input, word.len())),
        }
    }

    /// The grammar within one more `(` or `[`, which `input` starts with.
    fn deeper(&self, input: &[u8]) -> Result<Self, Err<Fail>> {
        let max = self.limits.max_depth.min(FilterLimits::DEPTH_CEILING);
        match self.depth < max {
            true => Ok(Self {
                depth: self.depth + 1,
                ..*self
            }),
            false => Err(Fail::at(Kind::TooDeep { max }, input, 1)),
        }
    }

    /// Counts a term, whose path has `length` bytes.
    fn charge(&self, input: &[u8], length: usize) -> Result<(), Err<Fail>> {
        let max = self.limits.max_terms;
        if self.terms.get() >= max {
            return Err(Fail::at(Kind::TooManyTerms { max }, input, length));
        }
        self.terms.set(self.terms.get() + 1);
        Ok(())
    }

    /// From the start of `from` to the start of `to`, both of which end with the text.
    fn span(&self, from: &[u8], to: &[u8]) -> Span {
        Span::new(offset(self.text.len() - from.len()), offset(self.text.len() - to.len()))
    }

    /// The next `length` bytes of `input` as text. It is cut beside ASCII characters only.
    fn slice(&self, input: &[u8], length: usize) -> &'a str {
        let start = self.text.len() - input.len();
        self.text.get(start..start + length).unwrap_or_default()
    }

    /// What goes beyond the greatest length.
    fn excess(&self) -> Span {
        Span::new(self.limits.max_bytes, offset(self.text.len()))
    }
}

enum Operator {
    Compare(CompareOp),
    Present,
}

impl Operator {
    const fn of(word: &[u8]) -> Option<Self> {
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

#[derive(Clone, Copy)]
enum Junction {
    And,
    Or,
}

/// `SP ("and" / "or")`, if `SP` or the end follows.
fn junction(input: &[u8]) -> Step<'_, Junction> {
    let word = alt((
        value(Junction::And, tag_no_case("and")),
        value(Junction::Or, tag_no_case("or")),
    ));
    delimited(take_while1(is_blank), word, peek(alt((tag(" "), eof)))).parse_complete(input)
}

/// `not`, if `(` follows: else it is a name.
fn negation(input: &[u8]) -> Step<'_, &[u8]> {
    terminated(tag_no_case("not"), (blanks, peek(char('(')))).parse_complete(input)
}

/// `last` alone, or after `parts`.
fn joined(mut parts: Vec<Filter>, last: Filter, join: fn(Vec<Filter>) -> Filter) -> Filter {
    if parts.is_empty() {
        return last;
    }
    parts.push(last);
    join(parts)
}

/// The character that closes what `opening` starts with.
fn close<'a>(closing: char, unclosed: Kind, opening: &'a [u8], input: &'a [u8]) -> Step<'a, ()> {
    let (input, _) = blanks(input)?;
    match char::<_, Fail>(closing)(input) {
        Ok((rest, _)) => Ok((rest, ())),
        Err(_) if input.is_empty() => Err(Fail::at(unclosed, opening, 1)),
        Err(_) => Err(Err::Failure(Fail::unexpected(input))),
    }
}

/// The end of the text.
fn end(input: &[u8]) -> Step<'_, ()> {
    let (input, _) = blanks(input)?;
    match input {
        [] => Ok((input, ())),
        _ => Err(Err::Failure(Fail::unexpected(input))),
    }
}

/// `SP`, without which `kind` is wrong.
fn due_blanks(kind: Kind, input: &[u8]) -> Step<'_, &[u8]> {
    verify(blanks, |blanks: &[u8]| !blanks.is_empty())
        .parse_complete(input)
        .map_err(|_: Err<Fail>| Fail::here(kind, input))
}

fn blanks(input: &[u8]) -> Step<'_, &[u8]> {
    take_while(is_blank)(input)
}

/// Everything up to a character that cannot be part of a name, operator, number or keyword.
fn word(input: &[u8]) -> Step<'_, &[u8]> {
    take_till(is_end)(input)
}

const fn is_blank(byte: u8) -> bool {
    byte == b' '
}

const fn is_end(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'"' | b'(' | b')' | b'[' | b']')
}
