//! P3: one member of a group that has few or many, through the whole handler, answered by 204.

use std::cell::{Cell, RefCell};

use http::Method;
use scim_core::dialect::PatchAnswer;
use scim_http::ScimService;
use serde_json::{Value, json};

use crate::{
    Failure,
    floor::group::Group,
    measure::{Times, between, consume, side_by_side},
    report,
    service::{create, load, request, send, service},
    workload,
};

const SIZES: [usize; 4] = [10, 1_000, 10_000, 100_000];
/// Users who are in no group at first.
const POOL: usize = 8_192;
const GOAL: f64 = 10.0;
const GROWTH: f64 = 1.5;

/// A label, the body for a user, and whether the user is no member before.
type Row = (&'static str, fn(&str) -> String, bool);

const ROWS: [Row; 3] = [
    ("add a member", add, true),
    ("remove by filter", remove, false),
    ("remove by value", remove_listed, false),
];

pub(crate) fn run() -> Result<(), Failure> {
    let most = SIZES.iter().max().copied().unwrap_or_default();
    let service = service(PatchAnswer::NoContent)?;
    let ids = load(&service, most + POOL)?;
    let (members, pool) = ids.split_at_checked(most).ok_or("too few users")?;
    let mut firsts: [Option<Times>; 3] = [None; 3];
    let mut lasts = firsts;
    let mut renames = Vec::new();
    for size in SIZES {
        let listed: Vec<Value> = members.iter().take(size).map(|id| json!({ "value": id })).collect();
        let schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
        let group = json!({ "schemas": schemas, "displayName": format!("Group {size}"), "members": listed });
        let group = create(&service, "Groups", &group)?;
        let floor = RefCell::new(Group::new(members.iter().take(size).cloned()));
        for (((label, body, is_add), first), last) in ROWS.into_iter().zip(&mut firsts).zip(&mut lasts) {
            let times = compare(&service, &group, &floor, pool, body, is_add)?;
            report::times("P3", &format!("{label}, {size} members"), times, Some(GOAL));
            first.get_or_insert(times);
            *last = Some(times);
        }
        renames.push(rename(&service, &group));
    }
    for (((label, ..), first), last) in ROWS.into_iter().zip(firsts).zip(lasts) {
        if let (Some(first), Some(last)) = (first, last) {
            report::growth(
                "P3",
                &format!("{label}, 10 to {most}"),
                first.ours,
                last.ours,
                Some(GROWTH),
            );
        }
    }
    if let (Some(first), Some(last)) = (renames.first(), renames.last()) {
        report::growth(
            "P3",
            &format!("rename a group, 10 to {most}"),
            *first,
            *last,
            Some(GROWTH),
        );
    }
    Ok(())
}

/// One operation on members. Each sample runs through the same users; before and after it, untimed, they are put in or
/// taken out.
fn compare(
    service: &ScimService,
    group: &str,
    floor: &RefCell<Group>,
    pool: &[String],
    body: fn(&str) -> String,
    is_add: bool,
) -> Result<Times, Failure> {
    let path = format!("Groups/{group}");
    let ours = |body: String| send(service, request(Method::PATCH, &path, body));
    let floors = |body: String| floor.borrow_mut().patch(body.as_bytes());
    let first = pool.first().ok_or("no users")?;
    let status = ours(body(first)).status();
    if status != 204 || !floors(body(first)) {
        return Err(format!("PATCH of members: {status}").into());
    }
    ours(remove(first));
    let id = |at: &Cell<usize>| pool.get(at.replace(at.get() + 1) % POOL).map_or("", String::as_str);
    let (at, floor_at) = (Cell::new(0), Cell::new(0));
    let users = |runs: usize| pool.iter().take(runs);
    let times = side_by_side(
        &mut between(
            |runs| {
                at.set(0);
                users(if is_add { 0 } else { runs }).for_each(|id| drop(ours(add(id))));
            },
            || request(Method::PATCH, &path, body(id(&at))),
            |request| send(service, request),
            |runs| users(if is_add { runs } else { 0 }).for_each(|id| drop(ours(remove(id)))),
        ),
        &mut between(
            |runs| {
                floor_at.set(0);
                users(if is_add { 0 } else { runs }).for_each(|id| assert!(floors(add(id))));
            },
            || body(id(&floor_at)),
            floors,
            |runs| users(if is_add { runs } else { 0 }).for_each(|id| assert!(floors(remove(id)))),
        ),
    );
    Ok(times)
}

fn rename(service: &ScimService, group: &str) -> f64 {
    let path = format!("Groups/{group}");
    let mut turn = 0;
    let mut make = || {
        turn += 1;
        let body = patch(json!({ "op": "replace", "path": "displayName", "value": format!("{group} {turn}") }));
        request(Method::PATCH, &path, body)
    };
    let mut other = || ();
    side_by_side(
        &mut consume(&mut make, |request| send(service, request)),
        &mut consume(&mut other, |()| ()),
    )
    .ours
}

fn add(id: &str) -> String {
    patch(json!({ "op": "add", "path": "members", "value": [{ "value": id }] }))
}

fn remove(id: &str) -> String {
    patch(json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") }))
}

fn remove_listed(id: &str) -> String {
    patch(json!({ "op": "remove", "path": "members", "value": [{ "value": id }] }))
}

fn patch(operation: Value) -> String {
    json!({ "schemas": [workload::PATCH_OP], "Operations": [operation] }).to_string()
}
