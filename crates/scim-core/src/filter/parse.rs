//! The grammar of filters and of PATCH paths (RFC 7644 figures 1 and 7).
//!
//! Every construct is recognised by its first token and then committed to, so nothing is read twice
//! but a run of blanks, and the time is linear. The grammar recurses only at `(` and `[`, which are
//! charged against the limits first.

use std::cell::Cell;

use nom::{
    Err, Parser,
    character::complete::char,
    combinator::opt,
    sequence::{preceded, terminated},
};

use super::{
    Comparison, Filter, FilterError, FilterErrorKind as Kind, FilterLimits, Literal, ValuePath,
    fail::{Fail, Step},
    literal::{self, Text},
    token::{Junction, Operator, blanks, close, due_blanks, end, is_end, junction, negation, word},
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
        match input {
            [b'(', ..] => self.group(input),
            [b'n' | b'N', ..] => match opt(negation).parse_complete(input)? {
                (rest, Some(_)) => self
                    .group(rest)
                    .map(|(rest, filter)| (rest, Filter::Not(Box::new(filter)))),
                (rest, None) => self.expression(rest),
            },
            _ => self.expression(input),
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
                    && word
                        .iter()
                        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) =>
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

/// `last` alone, or after `parts`.
fn joined(mut parts: Vec<Filter>, last: Filter, join: fn(Vec<Filter>) -> Filter) -> Filter {
    if parts.is_empty() {
        return last;
    }
    parts.push(last);
    join(parts)
}
