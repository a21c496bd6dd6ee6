//! Comparison of one stored value with one prepared operand (RFC 7644 Table 3).

use std::{borrow::Cow, cmp::Ordering};

use serde_json::Value;

use crate::{
    datetime,
    filter::{CompareOp, Operand, TextMode},
    fold, sortable,
    username::UserNameKey,
};

/// Whether the comparison holds; a value that is null, empty or of another type than the operand is "no value".
pub(crate) fn holds(value: &Value, op: CompareOp, operand: &Operand) -> bool {
    match (operand, value) {
        (Operand::Null, value) => match op {
            CompareOp::Equal => crate::resource::is_empty(value),
            CompareOp::NotEqual => !crate::resource::is_empty(value),
            _ => false,
        },
        (Operand::Bool(operand), Value::Bool(value)) => ordered(value.cmp(operand), op),
        (Operand::Number(operand), Value::Number(value)) => ordered(sortable::compare(value, operand), op),
        (Operand::Text(operand, mode), Value::String(value)) => text(value, op, operand, *mode),
        (Operand::Time(operand), Value::String(value)) => match datetime::parse(value) {
            Some(value) => ordered(value.cmp(operand), op),
            None => op == CompareOp::NotEqual,
        },
        _ => op == CompareOp::NotEqual,
    }
}

fn ordered(ordering: Ordering, op: CompareOp) -> bool {
    match op {
        CompareOp::Equal => ordering.is_eq(),
        CompareOp::NotEqual => ordering.is_ne(),
        CompareOp::GreaterThan => ordering.is_gt(),
        CompareOp::GreaterOrEqual => ordering.is_ge(),
        CompareOp::LessThan => ordering.is_lt(),
        CompareOp::LessOrEqual => ordering.is_le(),
        CompareOp::Contains | CompareOp::EndsWith | CompareOp::StartsWith => false,
    }
}

fn text(value: &str, op: CompareOp, operand: &str, mode: TextMode) -> bool {
    match mode {
        TextMode::Exact => exact(value, op, operand),
        TextMode::Folded => folded(value, op, operand),
        // For ASCII the preparation of a user name is its folding.
        TextMode::UserName if value.is_ascii() => folded(value, op, operand),
        TextMode::UserName => exact(&UserNameKey::map(value), op, operand),
    }
}

fn exact(value: &str, op: CompareOp, operand: &str) -> bool {
    match op {
        CompareOp::Equal => value == operand,
        CompareOp::NotEqual => value != operand,
        CompareOp::Contains => value.contains(operand),
        CompareOp::EndsWith => value.ends_with(operand),
        CompareOp::StartsWith => value.starts_with(operand),
        _ => ordered(value.cmp(operand), op),
    }
}

fn folded(value: &str, op: CompareOp, operand: &str) -> bool {
    match op {
        CompareOp::Equal => fold::eq_folded(value, operand),
        CompareOp::NotEqual => !fold::eq_folded(value, operand),
        CompareOp::Contains => fold::contains_folded(value, operand),
        CompareOp::EndsWith => fold::ends_with_folded(value, operand),
        CompareOp::StartsWith => fold::starts_with_folded(value, operand),
        _ => ordered(fold::cmp_folded(value, operand), op),
    }
}

/// Text in the form that comparisons of this mode see.
pub(crate) fn prepare(text: &str, mode: TextMode) -> Cow<'_, str> {
    match mode {
        TextMode::Exact => Cow::Borrowed(text),
        TextMode::Folded => fold::fold(text),
        TextMode::UserName => UserNameKey::map(text),
    }
}
