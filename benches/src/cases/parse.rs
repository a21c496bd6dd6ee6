//! P1: reading filters. The floor is a recursive descent whose tree borrows from the text.

use std::hint::black_box;

use scim_core::filter::{Filter, FilterLimits};

use crate::{
    Failure,
    floor::filter::parse,
    measure::{Times, repeat, side_by_side},
    report, workload,
};

const GOAL: f64 = 4.5;
const GROWTH: f64 = 2.2;

pub(crate) fn run() -> Result<(), Failure> {
    let filters = workload::filters()?;
    let mut sum = Times { ours: 0.0, floor: 0.0 };
    let mut count = 0.0;
    for filter in &filters {
        let times = compare(&filter.text)?;
        if matches!(filter.group.as_str(), "rfc" | "idp") {
            sum = Times {
                ours: sum.ours + times.ours,
                floor: sum.floor + times.floor,
            };
            count += 1.0;
        } else {
            report::times("P1", &format!("parse {}", filter.id), times, Some(GOAL));
        }
    }
    let mean = Times {
        ours: sum.ours / count,
        floor: sum.floor / count,
    };
    report::times("P1", "parse, mean of RFC and IdP filters", mean, Some(GOAL));
    grow("terms", &[10, 20, 40, 80, 160], terms)?;
    grow("depth", &[8, 16, 32], depth)
}

fn compare(text: &str) -> Result<Times, Failure> {
    Filter::parse(text)?;
    parse(text).ok_or_else(|| format!("the floor does not read {text}"))?;
    Ok(side_by_side(
        &mut repeat(|| Filter::parse(black_box(text))),
        &mut repeat(|| parse(black_box(text))),
    ))
}

/// Twice the size may cost little more than twice the time.
fn grow(what: &str, sizes: &[usize], text: fn(usize) -> String) -> Result<(), Failure> {
    let limits = FilterLimits::default();
    for (small, large) in sizes.iter().zip(sizes.iter().skip(1)) {
        let (short, long) = (text(*small), text(*large));
        Filter::parse_with(&long, &limits)?;
        let times = side_by_side(
            &mut repeat(|| Filter::parse_with(black_box(&long), &limits)),
            &mut repeat(|| Filter::parse_with(black_box(&short), &limits)),
        );
        report::growth(
            "P1",
            &format!("parse, {what} {small} to {large}"),
            times.floor,
            times.ours,
            Some(GROWTH),
        );
    }
    Ok(())
}

fn terms(count: usize) -> String {
    let terms: Vec<String> = (0..count)
        .map(|n| format!("userName eq \"user{n:06}@example.com\""))
        .collect();
    terms.join(" or ")
}

fn depth(depth: usize) -> String {
    let mut text = "userName eq \"a\"".to_owned();
    for level in 0..depth {
        let junction = if level.is_multiple_of(2) { "or" } else { "and" };
        text = format!("({text} {junction} title pr)");
    }
    text
}
