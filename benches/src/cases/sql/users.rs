//! P8: reads and writes of one user among few or many, and pages of them.

use std::sync::Arc;

use serde_json::Value;

use super::{
    ask::Ask,
    fill::user_id,
    lane::{Case, Lane, Who, group_id},
};
use crate::{Failure, floor, report, workload};

const GOAL: f64 = 1.5;
const PAGE_GOAL: f64 = 2.0;
/// How much longer a page far behind may take.
const DEEP: f64 = 1.2;
/// Users of a page.
const PAGE: usize = 100;
/// How often plain OFFSET is measured, at places all over.
const OFFSETS: usize = 9;

/// A label and the request.
type Row<'a> = (&'static str, &'a dyn Fn(Who, usize) -> Ask);

pub(crate) fn run(lane: &Lane) -> Result<(), Failure> {
    reads(lane)?;
    lists(lane)?;
    writes(lane)
}

/// How many members the groups have that are looked for by them.
pub(crate) fn group(users: usize) -> usize {
    users / 2 + 1
}

fn reads(lane: &Lane) -> Result<(), Failure> {
    let users = lane.users;
    // Each number once until all had their turn, in no order.
    let any = |who: Who, turn: usize| (turn * 7_919 + who as usize * 331) % users;
    let get = |who: Who, turn: usize| Ask::Get(user_id(any(who, turn)));
    let user_name = |who: Who, turn: usize| Ask::UserName(workload::user_name(any(who, turn)));
    let email = |who: Who, turn: usize| Ask::Email(format!("u{}@home.example.net", any(who, turn)));
    let total = |_: Who, _: usize| Ask::Total;
    let rows: [Row<'_>; 4] = [
        ("GET user", &get),
        ("filter userName eq", &user_name),
        ("filter emails.value eq", &email),
        ("total of all", &total),
    ];
    for (label, ask) in rows {
        plain(lane, label, ask, GOAL)?;
    }
    let size = group(users);
    let groups_of = |who: Who, turn: usize| Ask::GroupsOf(user_id(any(who, turn) % size));
    let (text, group) = (lane.answer(&groups_of(Who::Ours, 0))?, group_id(size, Who::Ours));
    if !text.contains(&group) {
        return Err(format!("the group {group} is not found: {text}").into());
    }
    plain(lane, "filter members.value eq", &groups_of, GOAL)?;
    Ok(())
}

fn lists(lane: &Lane) -> Result<(), Failure> {
    let users = lane.users;
    let mut figures = Vec::new();
    let mut last = None;
    for (label, cursor, after) in cursors(lane)? {
        let page = |_: Who, _: usize| Ask::Page {
            cursor: cursor.clone(),
            after,
            groups: false,
        };
        figures.push(plain(lane, &format!("cursor, {label}"), &page, PAGE_GOAL)?);
        last = Some((cursor, after));
    }
    if let [first, .., last] = figures.as_slice() {
        let label = format!("{}, cursor, first to last", lane.label);
        report::growth("P8", &label, *first, *last, Some(DEEP));
    }
    if let Some((cursor, after)) = last {
        let page = |_: Who, _: usize| Ask::Page {
            cursor: cursor.clone(),
            after,
            groups: true,
        };
        plain(lane, "cursor with groups, end", &page, PAGE_GOAL)?;
    }
    let start = |who: Who, turn: usize| 1 + (turn * 7_919 + who as usize * 331) % users.saturating_sub(PAGE);
    let index = |who: Who, turn: usize| Ask::Index(start(who, turn));
    plain(lane, "startIndex, anywhere", &index, PAGE_GOAL)?;
    let (mut plains, mut ours) = (Vec::new(), Vec::new());
    for turn in 0..OFFSETS {
        let start = users * (2 * turn + 1) / (2 * OFFSETS);
        plains.push(lane.offset(start)?);
        ours.push(lane.once(Ask::Index(start))?);
    }
    let mean = |list: &[f64]| list.iter().sum::<f64>() / list.len() as f64;
    let goal = (users >= 1_000_000 && lane.label == "postgres").then_some(0.05);
    report::store(
        "P8",
        &format!("{}, startIndex to plain OFFSET", lane.label),
        mean(&ours),
        mean(&plains),
        None,
        goal,
    );
    Ok(())
}

fn writes(lane: &Lane) -> Result<(), Failure> {
    let users = lane.users;
    // Both sides and the floor without a thread have a third each, since what is changed already is no change.
    let third = users / 3;
    let active = |who: Who, turn: usize| {
        let number = who as usize * third + turn * 7_919 % third;
        let was_active = (number % 10 != 3) == (turn / third).is_multiple_of(2);
        Ask::Active(user_id(number), !was_active)
    };
    plain(lane, "PATCH active", &active, GOAL)?;
    // Lanes on one file make users of other numbers.
    let first = usize::try_from(floor::now()).unwrap_or_default() % 10_000_000_000;
    let post = |who: Who, turn: usize| {
        let number = first + turn + (who as usize + 1) * 100_000_000_000;
        Ask::Post(Arc::new(lane.new_user(number)))
    };
    plain(lane, "POST user", &post, GOAL)?;
    Ok(())
}

fn plain(lane: &Lane, label: &str, ask: &dyn Fn(Who, usize) -> Ask, goal: f64) -> Result<f64, Failure> {
    lane.measure(&Case {
        id: "P8",
        label: label.to_owned(),
        goal: Some(goal),
        trips: None,
        ask,
        before: None,
        after: None,
        is_quiet: false,
    })
}

/// Where pages start: at the first user, in the middle and near the end, with the place before it.
fn cursors(lane: &Lane) -> Result<Vec<(&'static str, String, i64)>, Failure> {
    let pages = lane.users / PAGE;
    let mut found = vec![("start", String::new(), 0)];
    let mut cursor = String::new();
    for page in 1..pages {
        let text = lane.answer(&Ask::Page {
            cursor,
            after: 0,
            groups: false,
        })?;
        let answer: Value = serde_json::from_str(&text)?;
        cursor = answer
            .get("nextCursor")
            .and_then(Value::as_str)
            .ok_or("no next cursor")?
            .to_owned();
        let label = match page {
            page if page == pages / 2 => "middle",
            page if page == pages - 2 => "end",
            _ => continue,
        };
        let name = workload::user_name(page * PAGE - 1);
        let place = format!("SELECT place FROM {{s}}scim_resource WHERE kind = 'User' AND user_name = '{name}'");
        found.push((label, cursor.clone(), lane.number(&place)?));
    }
    Ok(found)
}
