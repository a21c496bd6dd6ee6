//! P2: evaluating a filter over 10,000 parsed users. The floors look at the same trees.

use scim_core::{
    Dialect,
    filter::{Filter, FilterScope, Predicate},
    resource::Resource,
    schema::ResourceType,
};
use serde_json::{Map, Value};

use crate::{
    Failure,
    floor::evaluate,
    measure::{Times, repeat, side_by_side},
    report, workload,
};

const GOAL: f64 = 1.2;
const USERS: usize = 10_000;

pub(crate) fn run() -> Result<(), Failure> {
    let users: Vec<Resource> = (0..USERS)
        .filter_map(|number| match workload::shown_user(number) {
            Value::Object(user) => Some(Resource::from_canonical(user)),
            _ => None,
        })
        .collect();
    let kind = ResourceType::user();
    let dialect = Dialect::default();
    let scope = FilterScope {
        kind: &kind,
        dialect: &dialect,
        base: "https://example.com/v2",
        across_types: false,
        in_url: true,
    };
    for filter in workload::eval_filters()? {
        let predicate = Predicate::resolve(&Filter::parse(&filter.text)?, &scope)?;
        let floor: fn(&Map<String, Value>) -> bool = match filter.id.as_str() {
            "eq_user" => evaluate::eq_user,
            "and_pr" => evaluate::and_pr,
            "co_sub" => evaluate::co_sub,
            "vpath" => evaluate::value_path,
            "date_gt" => evaluate::date_gt,
            other => return Err(format!("no floor for {other}").into()),
        };
        let ours = || users.iter().filter(|user| predicate.matches(user)).count();
        let by_hand = || users.iter().filter(|user| floor(user.attributes())).count();
        if ours() != by_hand() {
            return Err(format!("{}: {} matches, the floor has {}", filter.id, ours(), by_hand()).into());
        }
        let all = side_by_side(&mut repeat(ours), &mut repeat(by_hand));
        let each = Times {
            ours: all.ours / USERS as f64,
            floor: all.floor / USERS as f64,
        };
        report::times("P2", &format!("evaluate {}", filter.id), each, Some(GOAL));
    }
    Ok(())
}
