//! Comparisons of one value, and whether there is one.

use std::sync::Arc;

use scim_core::{
    filter::{CompareOp, Operand, Predicate, Test},
    schema::{Attribute, AttributeType, Locator},
    sortable,
};
use serde_json::{Map, Value};

use super::{
    Compiler, Written,
    leaf::{Leaf, Native, Text},
    place::{Context, Place},
    unsupported,
};
use crate::{
    Engine,
    map::Lookup,
    prepared::{mark, millis},
};

impl<'a> Compiler<'a> {
    pub(super) fn compare(&mut self, leaf: &Leaf<'a>, test: &Test, positive: bool) -> Written {
        match (test.op, &test.operand) {
            (CompareOp::Equal, Operand::Null) => return self.absent_leaf(leaf),
            (CompareOp::NotEqual, Operand::Null) => return self.present_leaf(leaf, positive),
            (_, Operand::Null) => {
                self.truth(false);
                return Ok(());
            }
            _ => {}
        }
        match leaf {
            Leaf::Fixed(value) => {
                self.truth(holds(test, value));
                Ok(())
            }
            Leaf::Coded(sql, codes) => self.coded(sql, codes, test, positive),
            Leaf::Bool(sql) => self.truth_value(sql, test, positive),
            Leaf::Whole(sql) => self.whole(sql, test, positive),
            Leaf::Shown(_) => Err(unsupported(test.locator.to_string())),
            Leaf::Text(text) => self.text(text, test, positive),
        }
    }

    /// Whether what a place names has a value that is not empty.
    pub(super) fn present(&mut self, place: &Place<'a>, locator: &Locator, positive: bool) -> Written {
        match place {
            Place::One(leaf) => self.present_leaf(leaf, positive),
            Place::List(list) => self.present_in(list, locator),
            Place::Whole(object) => self.whole_present(object, &locator.attribute),
        }
    }

    /// Whether a complex value is not empty: never NULL.
    pub(super) fn whole_present(&mut self, object: &Context<'a>, attribute: &Attribute) -> Written {
        match object {
            Context::Json(json) => {
                let engine = self.out.engine();
                let (value, mark) = (json.value(engine), json.text(engine, &mark("")));
                self.out.push(&format!("({value} IS NOT NULL AND {mark} IS NULL)"));
                Ok(())
            }
            Context::Columns(path) if path == "meta" => {
                self.truth(true);
                Ok(())
            }
            Context::Link(..) => {
                self.truth(true);
                Ok(())
            }
            Context::Row => Err(unsupported(attribute.name.as_str())),
            Context::Child(..) | Context::Columns(_) => self.one_of(object, attribute, Self::present_leaf),
        }
    }

    /// Writes that a condition holds for one of the values that an object has columns for: never NULL.
    fn one_of(
        &mut self,
        object: &Context<'a>,
        attribute: &Attribute,
        condition: impl Fn(&mut Self, &Leaf<'a>, bool) -> Written,
    ) -> Written {
        self.out.push("(FALSE");
        for sub in attribute.sub_attributes.iter().filter(|sub| sub.is_readable()) {
            // What has no place is never there.
            if let Ok(Place::One(leaf)) = self.within(object, sub) {
                self.out.push(" OR ");
                condition(self, &leaf, false)?;
            }
        }
        self.out.push(")");
        Ok(())
    }

    /// Whether a single complex attribute is there at all, empty or not: never NULL.
    pub(super) fn is_there(&mut self, object: &Context<'a>, attribute: &Attribute) -> Written {
        match object {
            Context::Json(json) => {
                let value = json.value(self.out.engine());
                self.out.push(&value).push(" IS NOT NULL");
                Ok(())
            }
            Context::Columns(path) if path != "meta" => self.one_of(object, attribute, Self::has_leaf),
            _ => self.whole_present(object, attribute),
        }
    }

    /// Whether there is a value at all, empty or not.
    fn has_leaf(&mut self, leaf: &Leaf<'a>, positive: bool) -> Written {
        match leaf {
            Leaf::Fixed(value) => self.truth(!value.is_null()),
            Leaf::Coded(sql, codes) => {
                let codes: Vec<&str> = codes.iter().map(|(code, _)| code.as_str()).collect();
                return self.among(sql, &codes, positive);
            }
            Leaf::Bool(sql) | Leaf::Shown(sql) | Leaf::Whole(sql) => self.template(&format!("{sql} IS NOT NULL")),
            Leaf::Text(text) => {
                let sql = text.raw.as_ref().unwrap_or(&text.sql);
                let mark = text.mark.as_ref().map(|mark| format!(" OR {mark} IS NOT NULL"));
                self.template(&format!("({sql} IS NOT NULL{})", mark.unwrap_or_default()));
            }
        }
        Ok(())
    }

    pub(super) fn present_leaf(&mut self, leaf: &Leaf<'a>, positive: bool) -> Written {
        match leaf {
            Leaf::Fixed(value) => self.truth(!is_empty(value)),
            Leaf::Coded(sql, codes) => {
                let codes = codes.iter().filter(|(_, value)| !is_empty(value));
                let codes: Vec<&str> = codes.map(|(code, _)| code.as_str()).collect();
                return self.among(sql, &codes, positive);
            }
            Leaf::Bool(sql) | Leaf::Whole(sql) => {
                self.template(sql);
                self.out.push(" IS NOT NULL");
            }
            Leaf::Shown(sql) => self.template(&format!("COALESCE({sql}, '') <> ''")),
            Leaf::Text(Text { is_filled: true, .. }) => self.truth(true),
            Leaf::Text(text) => {
                let sql = text.raw.as_ref().unwrap_or(&text.sql);
                match &text.mark {
                    Some(mark) => {
                        let both = format!("(COALESCE({sql}, '') <> '' OR {mark} IS NOT NULL)");
                        self.template(&both);
                    }
                    None => self.template(&format!("COALESCE({sql}, '') <> ''")),
                }
            }
        }
        Ok(())
    }

    fn absent_leaf(&mut self, leaf: &Leaf<'a>) -> Written {
        self.out.push("NOT (");
        self.present_leaf(leaf, false)?;
        self.out.push(")");
        Ok(())
    }

    fn among(&mut self, sql: &str, codes: &[&str], positive: bool) -> Written {
        if codes.is_empty() {
            self.truth(false);
            return Ok(());
        }
        self.settled(positive, |this| {
            this.template(sql);
            this.out.push(" IN (").push(&codes.join(", ")).push(")");
            Ok(())
        })
    }

    /// Every code is compared here and now; what is no code is no value.
    fn coded(&mut self, sql: &str, codes: &[(String, Value)], test: &Test, positive: bool) -> Written {
        let (yes, no): (Vec<_>, Vec<_>) = codes.iter().partition(|(_, value)| holds(test, value));
        let texts = |list: Vec<&'_ (String, Value)>| -> Vec<String> {
            list.into_iter().map(|(code, _)| code.clone()).collect()
        };
        let (yes, no) = (texts(yes), texts(no));
        if holds(test, &Value::Null) {
            self.out.push("NOT (");
            self.among(sql, &no.iter().map(String::as_str).collect::<Vec<_>>(), false)?;
            self.out.push(")");
            return Ok(());
        }
        self.among(sql, &yes.iter().map(String::as_str).collect::<Vec<_>>(), positive)
    }

    fn truth_value(&mut self, sql: &str, test: &Test, positive: bool) -> Written {
        let Operand::Bool(_) = test.operand else {
            self.truth(test.op == CompareOp::NotEqual);
            return Ok(());
        };
        let matching: Vec<bool> = [false, true]
            .into_iter()
            .filter(|value| holds(test, &(*value).into()))
            .collect();
        let is_for_none = test.op == CompareOp::NotEqual;
        match (matching.as_slice(), is_for_none) {
            ([one], false) => self.settled(positive, |this| {
                this.template(sql);
                this.out.push(" = ").bind(*one);
                Ok(())
            }),
            ([one], true) => {
                self.template(sql);
                self.out.push(" IS DISTINCT FROM ").bind(!*one);
                Ok(())
            }
            ([], _) => {
                self.truth(false);
                Ok(())
            }
            _ => {
                self.template(sql);
                self.out.push(" IS NOT NULL");
                Ok(())
            }
        }
    }

    /// A column of whole numbers: only the whole number below an operand matters, and whether it is the operand.
    fn whole(&mut self, sql: &str, test: &Test, positive: bool) -> Written {
        use CompareOp::{
            Contains, EndsWith, Equal, GreaterOrEqual, GreaterThan, LessOrEqual, LessThan, NotEqual, StartsWith,
        };
        let (floor, is_exact) = match &test.operand {
            Operand::Number(number) => floor(number),
            Operand::Time(time) => {
                let nanos = time.timestamp_subsec_nanos();
                (
                    i128::from(millis(time)),
                    nanos < 1_000_000_000 && nanos % 1_000_000 == 0,
                )
            }
            _ => {
                self.truth(test.op == NotEqual);
                return Ok(());
            }
        };
        let sign = match test.op {
            Equal | NotEqual if !is_exact || i64::try_from(floor).is_err() => {
                self.truth(test.op == NotEqual);
                return Ok(());
            }
            Equal => "=",
            NotEqual => "IS DISTINCT FROM",
            GreaterThan => ">",
            GreaterOrEqual if is_exact => ">=",
            GreaterOrEqual => ">",
            LessThan if is_exact => "<",
            LessThan | LessOrEqual => "<=",
            Contains | EndsWith | StartsWith => {
                self.truth(false);
                return Ok(());
            }
        };
        let Ok(floor) = i64::try_from(floor) else {
            // Beyond every number of the column.
            if (floor > 0) == matches!(test.op, LessThan | LessOrEqual) {
                self.template(sql);
                self.out.push(" IS NOT NULL");
            } else {
                self.truth(false);
            }
            return Ok(());
        };
        self.settled(positive || test.op == NotEqual, |this| {
            this.template(sql);
            this.out.push(" ").push(sign).push(" ").bind(floor);
            Ok(())
        })
    }

    fn text(&mut self, text: &Text<'a>, test: &Test, positive: bool) -> Written {
        let attribute = test.locator.leaf();
        let operand = match (&test.operand, attribute.kind) {
            (Operand::Bool(value), AttributeType::Boolean) => value.to_string(),
            (Operand::Number(value), AttributeType::Decimal | AttributeType::Integer) => sortable::number(value),
            (Operand::Time(value), AttributeType::DateTime) => sortable::time(value),
            (Operand::Text(value, mode), AttributeType::String | AttributeType::Reference | AttributeType::Binary) => {
                if *mode == text.mode {
                    value.to_string()
                } else if let (Some(raw), scim_core::filter::TextMode::Exact) = (&text.raw, mode) {
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
        if let (Some((column, native)), CompareOp::Equal | CompareOp::NotEqual) = (&text.native, test.op) {
            return self.native(column, *native, test.op, &operand, positive);
        }
        if test.op == CompareOp::StartsWith && text.is_indexed && !operand.is_empty() && !operand.contains('\0') {
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
    fn native(&mut self, column: &str, native: Native, op: CompareOp, operand: &str, positive: bool) -> Written {
        let is_equal = op == CompareOp::Equal;
        let number = operand
            .parse::<i64>()
            .ok()
            .filter(|number| number.to_string() == operand);
        let is_possible = match native {
            Native::Numeral => number.is_some(),
            Native::Uuid => is_uuid(operand),
        };
        if !is_possible {
            self.truth(!is_equal);
            return Ok(());
        }
        self.settled(positive || !is_equal, |this| {
            this.template(column);
            this.out.push(if is_equal { " = " } else { " IS DISTINCT FROM " });
            match (native, number) {
                (Native::Numeral, Some(number)) => this.out.bind(number),
                _ if this.out.engine() == Engine::Postgres => this.out.push("CAST(").bind(operand).push(" AS UUID)"),
                _ => this.out.bind(operand),
            };
            Ok(())
        })
    }
}

/// Whether a comparison holds for a value, by the evaluator itself.
pub(super) fn holds(test: &Test, value: &Value) -> bool {
    let mut test = test.clone();
    let leaf = Arc::clone(test.locator.leaf());
    let element = Map::from_iter([(leaf.name.clone(), value.clone())]);
    test.locator.attribute = leaf;
    test.locator.extension = None;
    test.locator.sub = None;
    Predicate::Compare(test).matches_element(&Value::Object(element))
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

/// The greatest whole number that is not above a number, and whether it is the number.
fn floor(number: &serde_json::Number) -> (i128, bool) {
    if let Some(whole) = number.as_i128() {
        return (whole, true);
    }
    let double = number.as_f64().unwrap_or(0.0);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is beyond 128 bits is cut to them, beyond every column"
    )]
    let floor = double.floor() as i128;
    (floor, double.fract() == 0.0)
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

/// Lower-case hexadecimal digits in groups of 8, 4, 4, 4 and 12.
fn is_uuid(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => is_digit(byte),
        })
}
