//! How filters are written: in the form that [`Filter::parse`] reads back as the same tree.

use std::fmt::{Display, Formatter, Result, Write as _};

use super::{CompareOp, Comparison, Filter, Literal, ValuePath};

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::And(parts) => join(parts, " and ", |part| matches!(part, Self::And(_) | Self::Or(_)), f),
            Self::Compare(comparison) => comparison.fmt(f),
            Self::Not(filter) => write!(f, "not ({filter})"),
            Self::Or(parts) => join(parts, " or ", |part| matches!(part, Self::Or(_)), f),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Values(values) => values.fmt(f),
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} {} {}", self.path, self.op, self.value)
    }
}

impl Display for ValuePath {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}[{}]", self.path, self.filter)
    }
}

impl Display for CompareOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(self.as_str())
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Null => f.write_str("null"),
            Self::Number(number) => number.fmt(f),
            Self::String(text) => quote(text, f),
        }
    }
}

fn join(parts: &[Filter], word: &str, needs_parentheses: fn(&Filter) -> bool, f: &mut Formatter<'_>) -> Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(word)?;
        }
        match needs_parentheses(part) {
            true => write!(f, "({part})")?,
            false => part.fmt(f)?,
        }
    }
    Ok(())
}

fn quote(text: &str, f: &mut Formatter<'_>) -> Result {
    f.write_char('"')?;
    for piece in text.split_inclusive(|c: char| matches!(c, '"' | '\\') || c < ' ') {
        let mut chars = piece.chars();
        match chars.next_back() {
            Some(c @ ('"' | '\\')) => write!(f, "{}\\{c}", chars.as_str())?,
            Some(c) if c < ' ' => write!(f, "{}\\u{:04x}", chars.as_str(), u32::from(c))?,
            _ => f.write_str(piece)?,
        }
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped() {
        let literal = Literal::String("a\"b\\c\nd\u{7f}é\u{1f600}".into());
        assert_eq!(literal.to_string(), "\"a\\\"b\\\\c\\u000ad\u{7f}é\u{1f600}\"");
        assert_eq!(Literal::String("".into()).to_string(), "\"\"");
    }

    #[test]
    fn parentheses_stand_only_where_they_are_needed() {
        for text in [
            "a pr and b pr or c pr and d pr",
            "(a pr or b pr) and c pr",
            "a pr and (b pr and c pr)",
            "a pr or (b pr or c pr)",
            "not (a pr or b pr) and not (not (c pr))",
        ] {
            assert_eq!(Filter::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(
            Filter::parse("((a pr) and ((b pr)))").unwrap().to_string(),
            "a pr and b pr"
        );
    }
}
