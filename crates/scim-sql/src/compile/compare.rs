//! Comparisons of one value.

use std::sync::Arc;

use scim_core::filter::{CompareOp, Operand, Predicate, Test};
use serde_json::{Map, Value};

use super::{Compiler, Written, leaf::Leaf, unsupported};
use crate::prepared::millis;

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

    /// A column has one of these codes.
    pub(super) fn among(&mut self, sql: &str, codes: &[&str], positive: bool) -> Written {
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
