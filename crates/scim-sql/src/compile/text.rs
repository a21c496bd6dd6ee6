//! Comparisons of one value as text.

use scim_core::{
    filter::{CompareOp, Operand, Test, TextMode},
    schema::AttributeType,
    sortable,
};

use super::{Compiler, Written, leaf::Text, unsupported};
use crate::{
    Engine,
    map::{Lookup, Native},
};

impl<'a> Compiler<'a> {
    pub(super) fn text(&mut self, text: &Text<'a>, test: &Test, positive: bool) -> Written {
        let attribute = test.locator.leaf();
        let operand = match (&test.operand, attribute.kind) {
            (Operand::Bool(value), AttributeType::Boolean) => value.to_string(),
            (Operand::Number(value), AttributeType::Decimal | AttributeType::Integer) => sortable::number(value),
            (Operand::Time(value), AttributeType::DateTime) => sortable::time(value),
            (Operand::Text(value, mode), AttributeType::String | AttributeType::Reference | AttributeType::Binary) => {
                if *mode == text.mode {
                    value.to_string()
                } else if let (Some(raw), TextMode::Exact) = (&text.raw, mode) {
                    return self.compare_text(raw, test.op, value, positive);
                } else {
                    return Err(unsupported(test.locator.to_string()));
                }
            }
            _ => {
                self.truth(test.op == CompareOp::NotEqual);
                return Ok(());
            }
        };
        let is_partial = matches!(
            test.op,
            CompareOp::Contains | CompareOp::EndsWith | CompareOp::StartsWith
        );
        if is_partial && !matches!(test.operand, Operand::Text(..)) {
            self.truth(false);
            return Ok(());
        }
        if test.op == CompareOp::Equal
            && let Some((Lookup::Column(column), longest)) = text.lookup
            && operand.len() <= longest
        {
            return self.compare_text(column, test.op, &operand, positive);
        }
        if let (Some((column, native, prefix)), CompareOp::Equal | CompareOp::NotEqual) = (&text.native, test.op) {
            let value = operand.strip_prefix(prefix.as_str());
            return self.native(column, *native, test.op, value, positive);
        }
        if test.op == CompareOp::StartsWith && text.has_order() && !operand.is_empty() && !operand.contains('\0') {
            return self.range(&text.sql, &operand, positive);
        }
        self.compare_text(&text.sql, test.op, &operand, positive)
    }

    fn compare_text(&mut self, sql: &str, op: CompareOp, operand: &str, positive: bool) -> Written {
        use CompareOp::{
            Contains, EndsWith, Equal, GreaterOrEqual, GreaterThan, LessOrEqual, LessThan, NotEqual, StartsWith,
        };
        let engine = self.out.engine();
        // No stored text holds a NUL and no text with one can be bound everywhere: a text is below such an operand where
        // it is not above what stands before the NUL.
        let (operand, op) = match operand.split_once('\0') {
            None => (operand, op),
            Some((before, _)) => match op {
                GreaterThan | GreaterOrEqual => (before, GreaterThan),
                LessThan | LessOrEqual => (before, LessOrEqual),
                Equal | Contains | EndsWith | StartsWith | NotEqual => {
                    self.truth(op == NotEqual);
                    return Ok(());
                }
            },
        };
        if operand.is_empty() && matches!(op, Contains | EndsWith | StartsWith) {
            self.template(sql);
            self.out.push(" IS NOT NULL");
            return Ok(());
        }
        let never_null = op == NotEqual;
        self.settled(positive || never_null, |this| {
            let sign = match op {
                Equal => " = ",
                NotEqual => " IS DISTINCT FROM ",
                GreaterThan => " > ",
                GreaterOrEqual => " >= ",
                LessThan => " < ",
                LessOrEqual => " <= ",
                Contains => {
                    this.out
                        .push(if engine == Engine::Sqlite { "instr(" } else { "strpos(" });
                    this.template(sql);
                    this.out.push(", ").bind(operand).push(") > 0");
                    return Ok(());
                }
                StartsWith if engine == Engine::Postgres => {
                    this.out.push("starts_with(");
                    this.template(sql);
                    this.out.push(", ").bind(operand).push(")");
                    return Ok(());
                }
                StartsWith | EndsWith => {
                    let number = this.out.keep(operand);
                    let (open, close) = match (engine, op) {
                        (Engine::Postgres, _) => ("right(", "length("),
                        (Engine::Sqlite, StartsWith) => ("substr(", "1, length("),
                        (Engine::Sqlite, _) => ("substr(", "-length("),
                    };
                    this.out.push(open);
                    this.template(sql);
                    this.out
                        .push(", ")
                        .push(close)
                        .again(number)
                        .push(")) = ")
                        .again(number);
                    return Ok(());
                }
            };
            this.template(sql);
            if !matches!(op, Equal | NotEqual) {
                this.out.push(engine.binary());
            }
            this.out.push(sign).bind(operand);
            Ok(())
        })
    }

    /// Texts that start with the operand, as a range of an index.
    fn range(&mut self, sql: &str, start: &str, positive: bool) -> Written {
        let binary = self.out.engine().binary();
        self.settled(positive, |this| {
            this.out.push("(");
            this.template(sql);
            this.out.push(binary).push(" >= ").bind(start);
            if let Some(end) = after_all(start) {
                this.out.push(" AND ");
                this.template(sql);
                this.out.push(binary).push(" < ").bind(end);
            }
            this.out.push(")");
            Ok(())
        })
    }

    /// Equality with a column whose text is made of it: text that it never makes equals none.
    fn native(
        &mut self,
        column: &str,
        native: Native,
        op: CompareOp,
        operand: Option<&str>,
        positive: bool,
    ) -> Written {
        let is_equal = op == CompareOp::Equal;
        let number = |text: &str| text.parse::<i64>().ok().filter(|number| number.to_string() == text);
        let is_possible = |text: &&str| match native {
            Native::Numeral => number(text).is_some(),
            Native::Text => !text.contains('\0'),
            Native::Uuid => is_uuid(text),
        };
        let Some(operand) = operand.filter(is_possible) else {
            self.truth(!is_equal);
            return Ok(());
        };
        self.settled(positive || !is_equal, |this| {
            this.template(column);
            this.out.push(if is_equal { " = " } else { " IS DISTINCT FROM " });
            match (native, number(operand)) {
                (Native::Numeral, Some(number)) => this.out.bind(number),
                (Native::Uuid, _) if this.out.engine() == Engine::Postgres => {
                    this.out.push("CAST(").bind(operand).push(" AS UUID)")
                }
                _ => this.out.bind(operand),
            };
            Ok(())
        })
    }
}

/// The least text above all that start so; `None` where there is none.
fn after_all(start: &str) -> Option<String> {
    let mut chars: Vec<char> = start.chars().collect();
    while let Some(last) = chars.pop() {
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            last => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

/// Whether a text is a UUID as engines write it: lower-case hexadecimal digits in groups of 8, 4, 4, 4 and 12.
pub(crate) fn is_uuid(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => is_digit(byte),
        })
}
