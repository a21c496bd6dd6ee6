//! Filters through the public interface: what is read, what is refused and where, and that every
//! tree is written in a form that reads back as the same tree.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod faults;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod round_trip;

use std::{collections::HashSet, thread};

use proptest::prelude::*;
use scim_core::{
    attr::{AttrPath, PatchPath},
    filter::{CompareOp, Comparison, Filter, FilterErrorKind as Kind, FilterLimits, Literal, ValuePath},
    span::Span,
};
use serde::Deserialize;
use serde_json::Number;

/// Reads `text`, and checks that what it prints as reads back as the same tree.
#[track_caller]
fn verified(text: &str) -> Filter {
    let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{}", error.render(text)));
    let printed = filter.to_string();
    assert_eq!(
        Filter::parse(&printed).as_ref(),
        Ok(&filter),
        "{text} was printed as {printed}"
    );
    filter
}

fn path(text: &str) -> AttrPath {
    AttrPath::parse(text).unwrap()
}

fn present(text: &str) -> Filter {
    Filter::Present(path(text))
}

fn compare(text: &str, op: CompareOp, value: Literal) -> Filter {
    Filter::Compare(Comparison::new(path(text), op, value))
}

fn equal(text: &str, value: &str) -> Filter {
    compare(text, CompareOp::Equal, Literal::String(value.into()))
}

fn values(text: &str, filter: Filter) -> Filter {
    Filter::Values(ValuePath::new(path(text), filter))
}

/// What is wrong with `text`, and where.
#[track_caller]
fn refused(text: &str) -> (Kind, (u32, u32)) {
    refused_with(text, &FilterLimits::default())
}

#[track_caller]
fn refused_with(text: &str, limits: &FilterLimits) -> (Kind, (u32, u32)) {
    let error = match Filter::parse_with(text, limits) {
        Ok(filter) => panic!("{text:?} was read as {filter:?}"),
        Err(error) => error,
    };
    let message = error.to_string();
    assert!(!message.contains('\n') && message.len() < 160, "{message}");
    let hostile: Vec<char> = text.chars().collect();
    for piece in hostile.windows(12) {
        assert!(
            !message.contains(&piece.iter().collect::<String>()),
            "{message:?} repeats {text:?}"
        );
    }
    assert!(error.render(text).starts_with(&message));
    (*error.kind(), (error.span().start, error.span().end))
}
